#pragma once

#include <string>
#include <string_view>

namespace acme {

// "https://ca.example:443": scheme, host in lower case, and port of an https URL (RFC 6454 §4).
// Empty when it is no such URL, or when what stands before the host or in the port could be read in
// two ways. Pure.
std::string origin_of(std::string_view url);

}  // namespace acme
