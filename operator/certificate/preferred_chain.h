#pragma once

#include <string>
#include <string_view>

namespace certificate {

// Whether the last certificate of the chain was issued by a CA of this common name. Pure.
bool ends_at(std::string_view chain_pem, const std::string& common_name);

}  // namespace certificate
