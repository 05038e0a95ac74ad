#include "base/listening_socket.h"

#include <cerrno>
#include <cstring>
#include <optional>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include "base/ip_text.h"

namespace base {
namespace {

constexpr int kBacklog = 512;  // the kernel caps it at net.core.somaxconn
constexpr std::size_t kSubnetBytes = 8;

struct Address {
  sockaddr_storage storage{};
  socklen_t size = 0;
};

std::optional<Address> address_of(const std::string& ip, std::uint16_t port) {
  const auto bytes = ip_bytes_from_text(ip);
  if (!bytes) return std::nullopt;
  Address address;
  if (bytes->size() == sizeof(in_addr)) {
    auto& v4 = reinterpret_cast<sockaddr_in&>(address.storage);
    v4.sin_family = AF_INET;
    v4.sin_port = htons(port);
    std::memcpy(&v4.sin_addr, bytes->data(), bytes->size());
    address.size = sizeof v4;
  } else {
    auto& v6 = reinterpret_cast<sockaddr_in6&>(address.storage);
    v6.sin6_family = AF_INET6;
    v6.sin6_port = htons(port);
    std::memcpy(&v6.sin6_addr, bytes->data(), bytes->size());
    address.size = sizeof v6;
  }
  return address;
}

void set_option(int fd, int level, int name, int value) {
  ::setsockopt(fd, level, name, &value, sizeof value);
}

std::uint16_t local_port(int fd) {
  sockaddr_storage storage{};
  socklen_t size = sizeof storage;
  ::getsockname(fd, reinterpret_cast<sockaddr*>(&storage), &size);
  return ntohs(storage.ss_family == AF_INET6
                   ? reinterpret_cast<const sockaddr_in6&>(storage).sin6_port
                   : reinterpret_cast<const sockaddr_in&>(storage).sin_port);
}

}  // namespace

Result<ListeningSocket> listen_on(const std::string& ip, std::uint16_t port) {
  const auto cannot = [&](const std::string& why) {
    return failure(ErrorKind::invalid, "cannot listen on " + host_and_port(ip, port) + ": " + why);
  };
  const auto address = address_of(ip, port);
  if (!address) return cannot("\"" + ip + "\" is not an IP address");
  ListeningSocket made;
  made.descriptor = Descriptor(
      ::socket(address->storage.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  const int fd = made.descriptor.get();
  if (fd < 0 && errno == EAFNOSUPPORT && ip == kEveryAddress) return listen_on("0.0.0.0", port);
  if (fd < 0) return cannot(std::strerror(errno));
  set_option(fd, SOL_SOCKET, SO_REUSEADDR, 1);
  // Accepted sockets inherit it.
  set_option(fd, IPPROTO_TCP, TCP_NODELAY, 1);
  // Whatever net.ipv6.bindv6only says here.
  if (address->storage.ss_family == AF_INET6) set_option(fd, IPPROTO_IPV6, IPV6_V6ONLY, 0);
  if (::bind(fd, reinterpret_cast<const sockaddr*>(&address->storage), address->size) != 0 ||
      ::listen(fd, kBacklog) != 0) {
    return cannot(std::strerror(errno));
  }
  made.port = local_port(fd);
  return made;
}

Peer peer_of(const sockaddr_storage& address) {
  std::string bytes;
  if (address.ss_family == AF_INET6) {
    const in6_addr& ip = reinterpret_cast<const sockaddr_in6&>(address).sin6_addr;
    bytes.assign(reinterpret_cast<const char*>(&ip), sizeof ip);
    if (IN6_IS_ADDR_V4MAPPED(&ip)) bytes.erase(0, sizeof ip - sizeof(in_addr));
  } else {
    const in_addr& ip = reinterpret_cast<const sockaddr_in&>(address).sin_addr;
    bytes.assign(reinterpret_cast<const char*>(&ip), sizeof ip);
  }
  return {ip_text_from_bytes(bytes).value_or(""), bytes.substr(0, kSubnetBytes)};
}

}  // namespace base
