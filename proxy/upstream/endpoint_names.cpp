#include "proxy/upstream/endpoint_names.h"

#include <algorithm>
#include <numeric>

#include "base/hkdf.h"
#include "base/ip_text.h"

namespace proxy::upstream {
namespace {

constexpr std::string_view kHexDigits = "0123456789abcdef";

// 128 bits: nobody finds another endpoint's by trying.
std::string name_of(const config::Endpoint& endpoint, std::string_view key) {
  const std::string place = base::host_and_port(endpoint.address, endpoint.port);
  const std::string hash =
      base::hkdf_sha256(key, "gatehouse sticky endpoint", place, EndpointNames::kBytes / 2);
  std::string name;
  for (const char c : hash) {
    const auto byte = static_cast<unsigned char>(c);
    name += kHexDigits[byte >> 4];
    name += kHexDigits[byte & 15];
  }
  return name;
}

}  // namespace

EndpointNames::EndpointNames(const std::string& key, const std::vector<config::Endpoint>& endpoints,
                             const EndpointNames& before)
    : key_(key) {
  if (key_.empty()) return;
  endpoints_ = endpoints;
  names_.reserve(endpoints_.size());
  // Both lists are sorted.
  std::size_t old = 0;
  for (const config::Endpoint& endpoint : endpoints_) {
    while (old < before.endpoints_.size() && before.endpoints_[old] < endpoint) ++old;
    const bool is_known =
        key_ == before.key_ && old < before.endpoints_.size() && before.endpoints_[old] == endpoint;
    names_.push_back(is_known ? before.names_[old] : name_of(endpoint, key_));
  }
  by_name_.resize(names_.size());
  std::iota(by_name_.begin(), by_name_.end(), std::size_t{0});
  std::sort(by_name_.begin(), by_name_.end(),
            [&](std::size_t a, std::size_t b) { return names_[a] < names_[b]; });
}

std::optional<std::size_t> EndpointNames::find(std::string_view name) const {
  if (name.size() != kBytes) return std::nullopt;
  const auto at =
      std::lower_bound(by_name_.begin(), by_name_.end(), name,
                       [&](std::size_t i, std::string_view wanted) { return names_[i] < wanted; });
  if (at == by_name_.end() || names_[*at] != name) return std::nullopt;
  return *at;
}

}  // namespace proxy::upstream
