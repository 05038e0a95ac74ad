#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/http.h"

namespace acme {

// The https targets of all Link header fields with this relation (RFC 8288 §3), such as "alternate"
// chains (RFC 8555 §7.4.2). Several links in one field are understood; what is not a link is
// skipped.
std::vector<std::string> linked_urls(const base::HttpHeaders& headers, std::string_view relation);

}  // namespace acme
