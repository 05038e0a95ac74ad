#pragma once

#include <map>
#include <string>

#include <nlohmann/json_fwd.hpp>

#include "base/result.h"
#include "kube/object.h"

namespace kube {

inline constexpr const char* kTlsSecretType = "kubernetes.io/tls";
// For ReflectorOptions::field_selector: only TLS Secrets leave the API server.
inline constexpr const char* kTlsSecretSelector = "type=kubernetes.io/tls";

// core/v1 Secret. Values never appear in an error message or a log line.
struct Secret {
  ObjectMeta metadata;
  std::string type_name;                    // kTlsSecretType, Opaque, ...
  std::map<std::string, std::string> data;  // decoded bytes

  // A missing key reads as empty.
  const std::string& value(const std::string& key) const;

  static const ResourceType& type();
  // invalid too: a value that is not base64, or more than 1 MiB in all (the API server's own
  // limit).
  static base::Result<Secret> from_json(const nlohmann::json& object);
};

}  // namespace kube
