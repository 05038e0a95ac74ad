#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "proxy/config/model.h"

// Where requests go, and how whoever is there is asked: whoever says so. Values.
namespace routing {

// A port of a Service of the claimant's namespace.
struct ServiceBackend {
  std::string name;
  std::string port_name{};       // one of port_name and port_number
  std::int32_t port_number = 0;  // 0: by name
};

// A host on the outside, and the port at which it is asked for.
struct OutsideHost {
  std::string host;
  int port = 443;
};

struct Timeouts {
  std::chrono::seconds connect{5};
  std::chrono::seconds read{60};
  std::chrono::seconds send{60};
  bool operator==(const Timeouts&) const = default;
};

// How backends are spoken to.
struct BackendProtocol {
  // Nothing: as the Service's port says (appProtocol).
  std::optional<bool> tls{};
  bool http2 = false;
  std::string secret{};            // shown and verified by; see name_in(); empty: none
  std::string config_map{};        // verified by, likewise
  bool verify = false;             // by one of these
  std::string name{};              // that is verified; empty: the Service's own
  bool sends_name = false;         // by SNI
  std::uint64_t verify_depth = 1;  // intermediate certificates
  bool tls13_only = false;
  std::string ciphers{};  // of TLS 1.2, as OpenSSL names them; empty: its own list
  // Connections begin with a header that names the client.
  proxy::config::ProxyProtocol proxy_protocol = proxy::config::ProxyProtocol::none;
  bool operator==(const BackendProtocol&) const = default;

  // Something that plain HTTP could not keep.
  bool needs_tls() const {
    return verify || !secret.empty() || !config_map.empty() || tls13_only || !ciphers.empty();
  }
};

// How one endpoint of a Service is chosen.
struct EndpointChoice {
  bool is_sticky = false;
  bool prefers_least_requests = false;
  std::vector<proxy::config::HashPart> hash_by{};
  bool asks_the_service = false;  // by its own address, where it has one
  proxy::config::EndpointRules rules{};
};

// The name of an object that is written as "name" or "namespace/name"; nothing: it is of another
// namespace, whose content is not for this one.
std::optional<std::string> name_in(const std::string& namespace_, std::string_view written);

}  // namespace routing
