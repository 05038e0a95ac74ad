#pragma once

#include <optional>
#include <string>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "base/clock.h"
#include "base/http_server.h"
#include "base/result.h"
#include "kube/object.h"
#include "kube/resources/config_map.h"
#include "kube/resources/secret.h"

// What is kept of the control API's own certificate: a Secret with the leaf and the CA that signed
// it, and a ConfigMap with the certificates that a proxy trusts. Pure.
namespace control {

// PEM, by the key of the Secret; an absent key is empty. As it stands, nothing is checked.
struct OwnCertificateContent {
  std::string leaf;         // tls.crt
  std::string leaf_key;     // tls.key
  std::string ca;           // ca.crt, which signs
  std::string ca_key;       // ca.key
  std::string next_ca;      // next-ca.crt: proxies learn of it before it signs
  std::string next_ca_key;  // next-ca.key
  std::string previous_ca;  // previous-ca.crt: it signs no more, a replica may yet serve its leaf
  bool operator==(const OwnCertificateContent&) const = default;
};

OwnCertificateContent read_own_certificate(const kube::Secret& secret);

// A new Secret with this content.
nlohmann::json own_certificate_secret(const kube::ObjectKey& key,
                                      const OwnCertificateContent& content);
// The merge patch that makes a Secret have this content; keys of others stay.
nlohmann::json own_certificate_patch(const OwnCertificateContent& content);

// The certificates to trust: the CA, the next and the previous one, in this order.
std::string bundle_of(const OwnCertificateContent& content);

// The bundle as the ConfigMap has it.
struct PublishedBundle {
  std::string pem;
  std::optional<base::WallTime> since;  // when this text was put there; nothing: nobody said
};

inline constexpr const char* kBundleKey = "ca.crt";
inline constexpr const char* kBundleSinceAnnotation = "gatehouse.dev/bundle-since";

PublishedBundle read_published_bundle(const kube::ConfigMap& map);
// The ConfigMap as server-side apply wants it.
nlohmann::json bundle_config_map(const kube::ObjectKey& key, const std::string& pem,
                                 base::WallTime since);

}  // namespace control
