#pragma once

#include <map>
#include <string>
#include <utility>

#include <nlohmann/json_fwd.hpp>

#include "base/pem_text.h"
#include "base/result.h"
#include "kube/object.h"

namespace kube {

inline constexpr const char* kTlsSecretType = "kubernetes.io/tls";
// For ReflectorOptions::field_selector: only TLS Secrets leave the API server.
inline constexpr const char* kTlsSecretSelector = "type=kubernetes.io/tls";

// Bytes that do not change, held once by all who hold them. PEM may be held in less room
// (base::PemText::small()); what is read of it is always what it was.
class SharedText {
 public:
  SharedText() = default;
  SharedText(std::string text) : text_(std::move(text)) {}
  SharedText(const char* text) : text_(text) {}
  explicit SharedText(base::PemText text) : text_(std::move(text)) {}

  std::string text() const { return text_.text(); }
  const base::PemText& pem() const { return text_; }
  bool operator==(const SharedText& other) const { return text_ == other.text_; }

 private:
  base::PemText text_;
};

// core/v1 Secret. Values never appear in an error message or a log line.
struct Secret {
  ObjectMeta metadata;
  std::string type_name;                   // kTlsSecretType, Opaque, ...
  std::map<std::string, SharedText> data;  // decoded bytes

  // A missing key reads as empty.
  std::string value(const std::string& key) const;

  static const ResourceType& type();
  // invalid too: a value that is not base64, or more than 1 MiB in all (the API server's own
  // limit).
  static base::Result<Secret> from_json(const nlohmann::json& object);
  // The same without what nobody reads of one that is for TLS, keystores mostly, and in little
  // room: there are thousands.
  static base::Result<Secret> tls_from_json(const nlohmann::json& object);
};

}  // namespace kube
