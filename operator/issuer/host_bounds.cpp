#include "operator/issuer/host_bounds.h"

#include <algorithm>
#include <string_view>

#include "base/ip_text.h"

namespace issuer {
namespace {

constexpr std::string_view kNamespace = "{namespace}";
constexpr std::string_view kBelow = "*.";

std::string with_namespace(std::string pattern, std::string_view namespace_) {
  for (auto at = pattern.find(kNamespace); at != std::string::npos;
       at = pattern.find(kNamespace, at + namespace_.size())) {
    pattern.replace(at, kNamespace.size(), namespace_);
  }
  return pattern;
}

std::string normal(std::string name) {
  if (name.ends_with('.') && name != kBelow) name.pop_back();
  std::transform(name.begin(), name.end(), name.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  });
  return name;
}

bool matches(std::string_view pattern, std::string_view name) {
  if (pattern == "*" || pattern == name) return true;
  if (!pattern.starts_with(kBelow)) return false;
  const std::string_view below = pattern.substr(1);  // ".example.com"
  return name.size() > below.size() && name.ends_with(below);
}

bool is_pattern(const std::string& text) {
  if (text == "*") return true;
  std::string rest = with_namespace(text, "n");
  if (rest.starts_with(kBelow)) rest.erase(0, kBelow.size());
  char before = '.';
  for (const char c : rest + ".") {
    const bool is_inner = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
    if (!is_inner && c != '.') return false;
    if (c == '.' && before == '.') return false;
    before = c;
  }
  return true;
}

}  // namespace

base::Result<HostBounds> HostBounds::read(const std::vector<std::string>& patterns) {
  HostBounds bounds;
  for (const std::string& written : patterns) {
    const std::string pattern = normal(written);
    if (!is_pattern(pattern)) {
      return base::failure(base::ErrorKind::invalid,
                           "\"" + written +
                               "\" is not a host, \"*.\" and a domain, or \"*\"; \"{namespace}\" "
                               "may stand in it");
    }
    bounds.patterns_.push_back(pattern);
  }
  return bounds;
}

bool HostBounds::covers(const std::string& name, const std::string& namespace_) const {
  if (patterns_.empty()) return true;
  const std::string wanted = normal(name);
  const bool is_address = base::ip_bytes_from_text(wanted).has_value();
  return std::any_of(patterns_.begin(), patterns_.end(), [&](const std::string& pattern) {
    if (is_address) return pattern == "*";
    return matches(with_namespace(pattern, namespace_), wanted);
  });
}

std::string HostBounds::why_not(const std::vector<std::string>& names,
                                const std::string& namespace_) const {
  for (const std::string& name : names) {
    if (covers(name, namespace_)) continue;
    std::string allowed;
    for (const std::string& pattern : patterns_) {
      allowed += (allowed.empty() ? "" : ", ") + with_namespace(pattern, namespace_);
    }
    return "Issuers of namespace " + namespace_ + " may be used for " + allowed +
           " only, not for " + name +
           "; remedy: use a ClusterIssuer, or ask whoever runs the operator (--issuer-hosts)";
  }
  return {};
}

}  // namespace issuer
