#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "proxy/config/network.h"

namespace proxy::client {

// The PROXY protocol's header, by which a balancer that passes bytes on says who its client is,
// before the client's first byte: https://www.haproxy.org/download/2.9/doc/proxy-protocol.txt,
// version 1 (a line) and 2 (binary). Pure; takes all bytes so far at each call.
struct ProxyHeader {
  enum class Outcome {
    needs_more,  // so far it is the beginning of one
    complete,
    failed,
  };

  // Of version 2, with its TLVs; HAProxy sends some hundred bytes of a client's certificate, and
  // nginx takes as much as this.
  static constexpr std::size_t kBytesMax = 4096;

  Outcome outcome = Outcome::needs_more;
  std::size_t bytes = 0;       // of the header, when complete
  std::string_view problem{};  // when failed: a token for metrics
  // Nothing: the balancer itself speaks (LOCAL, UNKNOWN), or it has no IP address for its client.
  std::optional<config::IpAddress> source{};
  std::uint16_t source_port = 0;
};

ProxyHeader read_proxy_header(std::string_view bytes);

}  // namespace proxy::client
