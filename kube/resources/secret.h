#pragma once

#include <map>
#include <memory>
#include <string>
#include <utility>

#include <nlohmann/json_fwd.hpp>

#include "base/result.h"
#include "kube/object.h"

namespace kube {

inline constexpr const char* kTlsSecretType = "kubernetes.io/tls";
// For ReflectorOptions::field_selector: only TLS Secrets leave the API server.
inline constexpr const char* kTlsSecretSelector = "type=kubernetes.io/tls";

// Bytes that do not change, held once by all who hold them.
class SharedText {
 public:
  SharedText() = default;
  SharedText(std::string text) : text_(std::make_shared<const std::string>(std::move(text))) {}
  SharedText(const char* text) : SharedText(std::string(text)) {}
  explicit SharedText(std::shared_ptr<const std::string> text) : text_(std::move(text)) {}

  const std::string& text() const {
    static const std::string none;
    return text_ ? *text_ : none;
  }
  // Whether both are one text, at one place.
  bool is_same(const std::string& text) const { return text_.get() == &text; }
  bool operator==(const SharedText& other) const { return text() == other.text(); }

 private:
  std::shared_ptr<const std::string> text_;
};

// core/v1 Secret. Values never appear in an error message or a log line.
struct Secret {
  ObjectMeta metadata;
  std::string type_name;                   // kTlsSecretType, Opaque, ...
  std::map<std::string, SharedText> data;  // decoded bytes

  // A missing key reads as empty.
  const std::string& value(const std::string& key) const;

  static const ResourceType& type();
  // invalid too: a value that is not base64, or more than 1 MiB in all (the API server's own
  // limit).
  static base::Result<Secret> from_json(const nlohmann::json& object);
  // The same without what nobody reads of one that is for TLS: keystores, mostly.
  static base::Result<Secret> tls_from_json(const nlohmann::json& object);
};

}  // namespace kube
