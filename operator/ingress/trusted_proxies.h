#pragma once

#include <map>
#include <string>
#include <vector>

#include "proxy/config/model.h"
#include "proxy/config/network.h"

namespace ingress {

using Networks = std::vector<proxy::config::Network>;  // sorted, unique

// Whom the classes of one release trust to say who their client is (EdgeParameters,
// trustedProxies), by their names. One that says nothing is not among them; an empty list trusts
// nobody.
using TrustedByClass = std::map<std::string, Networks>;

// The addresses that all of them trust. A release's proxies have one list, which holds before
// anybody has named a host, and by it a class: whoever is believed for one class alone could say
// anything to the guards of the others. In as few networks as can be, however they are written. At
// most kTrustedProxiesMax; beyond that nobody is trusted.
Networks trusted_by_all(const TrustedByClass& classes);

// Whether `all` has not everybody who is in `said`, however the networks of either are written.
bool is_narrowed(const Networks& said, const Networks& all);

// What the proxies are told of that, and whether a connection of one of those may begin with a
// PROXY header.
proxy::config::ProxyConfig::Section<proxy::config::Arrivals> arrivals_of(
    const TrustedByClass& classes, bool takes_proxy_headers);

}  // namespace ingress
