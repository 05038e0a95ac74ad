#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace routing {

// A host of a claimant as a ProxyConfig names it: lower case, without a trailing dot; "" is every
// host. Nothing when it is neither a DNS name nor a wildcard of one whole left-most label: a bare
// "*", "*.*.example", an address.
std::optional<std::string> config_host(std::string_view host);

// The wildcard that would cover an exact host: "*.example" for "shop.example". Empty when there is
// none: for "", a wildcard, a name of one label.
std::string covering_wildcard(std::string_view host);

}  // namespace routing
