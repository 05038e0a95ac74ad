#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace fakes::api_server {

// Standard base64 with padding, as Secret.data has it.
std::string to_base64(std::string_view bytes);
std::optional<std::string> from_base64(std::string_view text);

}  // namespace fakes::api_server
