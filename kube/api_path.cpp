#include "kube/api_path.h"

#include <algorithm>

namespace kube {

namespace {

// Everything but the unreserved characters (RFC 3986 §2.3).
std::string percent_encode(std::string_view text) {
  static constexpr char kHex[] = "0123456789ABCDEF";
  std::string encoded;
  for (const char c : text) {
    const bool is_unreserved = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                               (c >= '0' && c <= '9') || c == '-' || c == '.' || c == '_' ||
                               c == '~';
    if (is_unreserved) {
      encoded += c;
      continue;
    }
    const auto byte = static_cast<unsigned char>(c);
    encoded.append({'%', kHex[byte >> 4], kHex[byte & 15]});
  }
  return encoded;
}

// The API server's own rule for a name as a path segment. An HTTP client resolves "..", so a name
// that a user wrote could otherwise reach another object.
bool is_segment(const std::string& name) {
  return !name.empty() && name != "." && name != ".." &&
         name.find_first_of("/%") == std::string::npos;
}

}  // namespace

std::string collection_path(const ResourceType& type, const std::string& namespace_) {
  std::string path =
      type.group.empty() ? "/api/" + type.version : "/apis/" + type.group + "/" + type.version;
  if (type.namespaced && !namespace_.empty()) {
    path += "/namespaces/" + percent_encode(namespace_);
  }
  return path + "/" + type.plural;
}

base::Result<std::string> object_path(const ResourceType& type, const ObjectKey& key,
                                      std::string_view subresource) {
  if (!is_segment(key.name) || (type.namespaced && !is_segment(key.namespace_))) {
    return base::failure(base::ErrorKind::invalid, "\"" + key.text() + "\" does not name " +
                                                       (type.namespaced ? "a namespaced " : "a ") +
                                                       type.kind);
  }
  std::string path = collection_path(type, key.namespace_) + "/" + percent_encode(key.name);
  if (!subresource.empty()) path.append("/").append(subresource);
  return path;
}

Query& Query::add(std::string_view name, std::string_view value) {
  if (value.empty()) return *this;
  text_.append(text_.empty() ? "?" : "&").append(name).append("=").append(percent_encode(value));
  return *this;
}

}  // namespace kube
