#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "proxy/config/model.h"
#include "proxy/config/network.h"

namespace proxy::client {

// Who a connection is from, and what it came to.
struct Introduction {
  // Nothing: nobody's, as a connection that the proxy makes for itself.
  std::optional<config::IpAddress> source{};
  std::uint16_t source_port = 0;  // 0: not known, as behind a proxy that tells of addresses alone
  std::optional<config::IpAddress> destination{};
  std::uint16_t destination_port = 0;
};

// The PROXY protocol's header (proxy-protocol.txt, §2) that tells an endpoint of it; see
// proxy_header.h for the one that is read. Where the addresses are of two families, the source is
// told as it is, and the destination as the unspecified address of that family: nobody decides by
// it, and a source in another form might be on no list.
std::string told_proxy_header(config::ProxyProtocol version, const Introduction& about);

}  // namespace proxy::client
