#include "operator/ingress/annotations/upstream_hash.h"

#include <algorithm>
#include <array>
#include <optional>

#include "operator/ingress/annotations/values.h"
#include "proxy/config/limits.h"

namespace ingress::annotations {
namespace {

using proxy::config::HashPart;
using proxy::config::HashSource;

// Of the whole value, which becomes a part of a cluster's id.
constexpr std::size_t kHashBytesMax = 200;

bool is_name_character(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

std::optional<HashPart> part_of(std::string_view variable) {
  std::string name(variable);
  std::transform(name.begin(), name.end(), name.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  });
  if (name == "request_uri") return HashPart{HashSource::request_uri};
  if (name == "remote_addr" || name == "binary_remote_addr") {
    return HashPart{HashSource::client_address};
  }
  if (name == "host") return HashPart{HashSource::host};
  constexpr std::array<std::pair<std::string_view, HashSource>, 3> kNamed = {
      {{"http_", HashSource::field},
       {"cookie_", HashSource::cookie},
       {"arg_", HashSource::argument}}};
  for (const auto& [prefix, source] : kNamed) {
    if (name.starts_with(prefix) && name.size() > prefix.size()) {
      return HashPart{source, name.substr(prefix.size())};
    }
  }
  return std::nullopt;
}

// What stands between variables is the same for all requests, and changes nothing.
std::optional<std::vector<HashPart>> read_parts(std::string_view text) {
  std::vector<HashPart> parts;
  for (std::size_t at = text.find('$'); at != std::string_view::npos; at = text.find('$', at)) {
    const bool is_braced = text.substr(at + 1, 1) == "{";
    const std::size_t begin = at + (is_braced ? 2 : 1);
    std::size_t end = begin;
    while (end < text.size() && is_name_character(text[end])) ++end;
    if (is_braced && text.substr(end, 1) != "}") return std::nullopt;
    auto part = part_of(text.substr(begin, end - begin));
    if (!part) return std::nullopt;
    parts.push_back(std::move(*part));
    at = end;
  }
  if (parts.empty() || parts.size() > proxy::config::kHashPartsMax) return std::nullopt;
  return parts;
}

}  // namespace

std::vector<HashPart> read_upstream_hash_by(const AnnotationMap& annotations, Issues& issues) {
  const auto found = find(annotations, "upstream-hash-by");
  if (!found) return {};
  if (found->value.size() <= kHashBytesMax) {
    if (auto parts = read_parts(found->value)) return std::move(*parts);
  }
  issues.push_back(bad_value(*found,
                             "of the variables $request_uri, $remote_addr, $binary_remote_addr, "
                             "$host, $http_NAME, $cookie_NAME and $arg_NAME",
                             Issue::Effect::tunes));
  return {};
}

}  // namespace ingress::annotations
