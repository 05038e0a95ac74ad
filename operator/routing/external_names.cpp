#include "operator/routing/external_names.h"

#include <algorithm>

#include "proxy/config/limits.h"

namespace routing {

bool may_be_external(const proxy::config::IpAddress& address,
                     const std::optional<proxy::config::IpAddress>& api_server) {
  using proxy::config::Network;
  static const std::vector<Network> kRefused = [] {
    std::vector<Network> networks;
    for (const char* const text : {
             "0.0.0.0/8",           // RFC 1122 §3.2.1.3: this host
             "127.0.0.0/8",         // loopback
             "169.254.0.0/16",      // link-local, and 169.254.169.254
             "192.0.0.192/32",      // Oracle Cloud's metadata
             "100.100.100.200/32",  // Alibaba Cloud's
             "168.63.129.16/32",    // Azure's host agent
             "224.0.0.0/4",         // multicast
             "240.0.0.0/4",         // reserved, and broadcast
             "::/96",               // unspecified, loopback, and IPv4 in an old spelling
             "64:ff9b::/96",        // RFC 6052: IPv4 behind a translator, any of the above, too
             "64:ff9b:1::/48",      // RFC 8215: likewise
             "2002::/16",           // RFC 3056: likewise
             "fd00:ec2::254/128",   // Amazon's metadata
             "fd20:ce::254/128",    // Google Cloud's
             "fe80::/10",           // link-local
             "ff00::/8",            // multicast
         }) {
      networks.push_back(*Network::parse(text));
    }
    return networks;
  }();
  if (api_server && address == *api_server) return false;
  return std::none_of(kRefused.begin(), kRefused.end(),
                      [&](const Network& network) { return network.contains(address); });
}

bool is_external_name(std::string_view name) {
  if (name.ends_with('.')) name.remove_suffix(1);
  return !name.empty() && name.size() <= proxy::config::kHostBytesMax &&
         std::all_of(name.begin(), name.end(), [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                  c == '-' || c == '.' || c == '_';
         });
}

std::optional<std::string> external_name_of(const kube::Service& service) {
  if (service.type_name != "ExternalName" || !is_external_name(service.external_name)) {
    return std::nullopt;
  }
  std::string name = service.external_name;
  if (name.back() == '.') name.pop_back();
  for (char& c : name) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  return name;
}

}  // namespace routing
