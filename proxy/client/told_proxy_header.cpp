#include "proxy/client/told_proxy_header.h"

#include <cstddef>
#include <string_view>

namespace proxy::client {
namespace {

config::IpAddress destination_of(const Introduction& about) {
  const bool is_ipv6 = about.source->is_ipv6;
  if (about.destination && about.destination->is_ipv6 == is_ipv6) return *about.destination;
  config::IpAddress unspecified;
  unspecified.is_ipv6 = is_ipv6;
  return unspecified;
}

std::string line_of(const Introduction& about) {
  if (!about.source) return "PROXY UNKNOWN\r\n";
  return std::string("PROXY ") + (about.source->is_ipv6 ? "TCP6 " : "TCP4 ") +
         about.source->text() + " " + destination_of(about).text() + " " +
         std::to_string(about.source_port) + " " + std::to_string(about.destination_port) + "\r\n";
}

void append_number(std::string& out, std::size_t number) {
  out += static_cast<char>(number >> 8 & 0xff);
  out += static_cast<char>(number & 0xff);
}

void append_address(std::string& out, const config::IpAddress& address) {
  const std::size_t size = address.is_ipv6 ? 16 : 4;
  for (std::size_t i = 0; i < size; ++i) out += static_cast<char>(address.bytes[i]);
}

std::string binary_of(const Introduction& about) {
  constexpr std::string_view kSignature("\r\n\r\n\0\r\nQUIT\n", 12);
  constexpr char kLocal = 0x20, kProxy = 0x21;                  // version 2 and the command
  constexpr char kUnspecified = 0, kTcp4 = 0x11, kTcp6 = 0x21;  // family and transport
  constexpr std::size_t kIpv4Bytes = 12, kIpv6Bytes = 36;       // two addresses, two ports
  std::string out(kSignature);
  if (!about.source) {
    out += kLocal;
    out += kUnspecified;
    append_number(out, 0);
    return out;
  }
  const bool is_ipv6 = about.source->is_ipv6;
  out += kProxy;
  out += is_ipv6 ? kTcp6 : kTcp4;
  append_number(out, is_ipv6 ? kIpv6Bytes : kIpv4Bytes);
  append_address(out, *about.source);
  append_address(out, destination_of(about));
  append_number(out, about.source_port);
  append_number(out, about.destination_port);
  return out;
}

}  // namespace

std::string told_proxy_header(config::ProxyProtocol version, const Introduction& about) {
  switch (version) {
    case config::ProxyProtocol::none:
      return {};
    case config::ProxyProtocol::v1:
      return line_of(about);
    case config::ProxyProtocol::v2:
      return binary_of(about);
  }
  return {};
}

}  // namespace proxy::client
