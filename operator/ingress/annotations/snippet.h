#pragma once

#include <string>
#include <string_view>

namespace ingress::annotations {

// What a snippet of nginx's configuration can be written as, when it is nothing but what typed keys
// say: header fields, redirects, fixed answers, paths that nobody may come to, and the like; a
// sentence that names the keys, or says that nothing of it is needed. Empty: there is more in it,
// what has no key, or more text than is looked at.
std::string typed_keys_for(std::string_view snippet);

}  // namespace ingress::annotations
