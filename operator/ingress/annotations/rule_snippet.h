#pragma once

#include <string>
#include <string_view>

namespace ingress::annotations {

// What a snippet of ModSecurity's configuration can be written as, when it says nothing but which
// rules count and what becomes of attacks: a remedy that names the typed keys. Empty: it says more,
// or is longer than is looked at.
std::string typed_keys_for_rules(std::string_view snippet);

}  // namespace ingress::annotations
