#pragma once

#include <array>
#include <cstddef>
#include <string_view>

// The rules by which host names are compared, for all who do: the router, the table of
// certificates, and whoever asks whether a request belongs to its connection (421). Pure; any
// thread.
namespace proxy::http {

inline constexpr std::size_t kHostNameBytesMax = 255;  // RFC 1035 §2.3.4, with a trailing dot

// "shop.example" of "shop.example:8443", "[::1]" of "[::1]:443": what a URL for another port begins
// with. A view of `authority` (RFC 9110 §7.2).
std::string_view without_port(std::string_view authority);

// Nothing in it could end the host of a URL and begin something else. With a port or brackets or
// not.
bool is_host_text(std::string_view text);

// A host as it is looked up: in lower case, without one trailing dot (RFC 1034 §3.1). Empty where
// there is none, or one that is longer than any name. Small enough for a stack.
class HostName {
 public:
  // Of what a request names (Host, :authority, X-Forwarded-Host): without its port, and without the
  // brackets of an IPv6 address.
  static HostName of_authority(std::string_view authority);
  // Of what a ClientHello names (RFC 6066 §3): a name alone.
  static HostName of_server_name(std::string_view name) { return HostName(name); }

  // Lives as long as this.
  std::string_view view() const { return {text_.data(), size_}; }

 private:
  explicit HostName(std::string_view name);

  std::array<char, kHostNameBytesMax> text_;
  std::size_t size_ = 0;
};

// What "*." stands before in the only wildcard that `name` matches: "example" of "shop.example",
// since a wildcard stands for one whole label (RFC 6125 §6.4.3). Empty: none matches it.
std::string_view wildcard_domain(std::string_view name);

}  // namespace proxy::http
