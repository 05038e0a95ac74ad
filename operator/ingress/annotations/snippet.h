#pragma once

#include <string>
#include <string_view>

namespace ingress::annotations {

// What a snippet of nginx's configuration can be written as, when it is nothing but header fields,
// redirects and address lists: a sentence that names the keys. Empty: there is more in it, or what
// has no key.
std::string typed_keys_for(std::string_view snippet);

}  // namespace ingress::annotations
