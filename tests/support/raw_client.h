#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include "base/descriptor.h"

namespace support {

// A TCP client of 127.0.0.1 that says what no well-behaved one would.
class RawClient {
 public:
  explicit RawClient(std::uint16_t port) : RawClient() { connect(port); }
  RawClient() : fd_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {}

  bool connect(std::uint16_t port) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return ::connect(fd_.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
  }
  bool send(std::string_view bytes) {
    return ::send(fd_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL) ==
           static_cast<ssize_t>(bytes.size());
  }
  // What comes until the other side closes or resets.
  std::string read_all() {
    std::string all;
    char piece[4096];
    for (ssize_t got = 0; (got = ::recv(fd_.get(), piece, sizeof piece, 0)) > 0;) {
      all.append(piece, static_cast<std::size_t>(got));
    }
    return all;
  }
  // The next so many bytes, or what came before the end.
  std::string read(std::size_t bytes) {
    std::string all(bytes, '\0');
    const ssize_t got = ::recv(fd_.get(), all.data(), all.size(), MSG_WAITALL);
    all.resize(got > 0 ? static_cast<std::size_t>(got) : 0);
    return all;
  }
  // The other side has closed, or said something.
  bool has_news() const {
    char byte = 0;
    return ::recv(fd_.get(), &byte, 1, MSG_PEEK | MSG_DONTWAIT) >= 0;
  }
  void close() { fd_.reset(); }

 private:
  base::Descriptor fd_;
};

}  // namespace support
