#pragma once

#include <string>

namespace weather {

// What many at once cost, as Markdown: 300 Certificates at once, 60 proxies that come and go under
// them, and one change among 10,000 Ingresses. Times are of this machine and prove nothing.
std::string figures();

}  // namespace weather
