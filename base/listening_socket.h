#pragma once

#include <cstdint>
#include <string>

#include "base/descriptor.h"
#include "base/result.h"

struct sockaddr_storage;

namespace base {

// A TCP socket that listens, non-blocking.
struct ListeningSocket {
  Descriptor descriptor;
  std::uint16_t port = 0;
};

// ip is a literal without brackets. "::" is every address of the host, of both families, and of
// IPv4 alone where the kernel has no IPv6. Port 0 picks a free one. invalid: it is no address, or
// cannot be listened on; the sentence names it and the cause.
Result<ListeningSocket> listen_on(const std::string& ip, std::uint16_t port);

// Who is at the other end of a socket. An IPv4 client of a socket of both families is an IPv4
// client.
struct Peer {
  std::string ip;      // text
  std::string origin;  // whom its connections are counted for: the IPv4 address, the /64 of an IPv6
                       // one, which a single host has for itself alone (RFC 7934 §6)
};
Peer peer_of(const sockaddr_storage& address);

}  // namespace base
