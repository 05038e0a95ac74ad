#pragma once

#include <string>
#include <string_view>

namespace ingress::annotations {

// What a snippet of nginx's configuration can be written as, as far as typed keys say it: header
// fields, redirects, fixed answers, paths that nobody may come to, and the like; sentences that
// name the keys and what has none, or say that nothing of it is needed. Empty: it has nothing that
// has a key, much that has none, or more text than is looked at.
std::string typed_keys_for(std::string_view snippet);

// Whether a snippet asks, in the very words of nginx's guides, for nothing but what is done here
// without it: WebSockets, HTTP/1.1 to backends, X-Forwarded-* with the values that a backend gets.
// Then nothing stands open, and nothing is missing, without it.
bool asks_for_what_is_done_anyway(std::string_view snippet);

// The same of an auth-snippet beside this auth-url: of what is said to who is asked.
bool asks_for_what_is_said_anyway(std::string_view auth_snippet, std::string_view auth_url);

}  // namespace ingress::annotations
