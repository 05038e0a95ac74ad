#include "kube/resources/secret.h"

#include <algorithm>
#include <array>

#include <nlohmann/json.hpp>

#include "base/base64url.h"
#include "kube/json_reader.h"

namespace kube {

namespace {

// The API server refuses more than 1 MiB of decoded data (core/v1 MaxSecretSize).
constexpr std::size_t kDataBytesMax = 1u << 20;

// The last one is the key of an order under way.
constexpr std::array kTlsSecretKeys = {"tls.crt", "tls.key", "ca.crt", "next-tls.key"};

void read_data(const JsonReader& reader, Secret& secret) {
  std::size_t bytes = 0;
  for (const auto& [key, encoded] : reader.text_map("data")) {
    auto decoded = base::base64_decode(encoded);
    if (!decoded) {
      reader.complain("data", "must hold base64 only, and " + key + " is not");
      return;
    }
    bytes += decoded->size();
    if (bytes > kDataBytesMax) {
      reader.complain("data", "must hold at most 1 MiB in all");
      return;
    }
    secret.data.emplace(key, std::move(*decoded));
  }
}

}  // namespace

std::string Secret::value(const std::string& key) const {
  const auto found = data.find(key);
  return found == data.end() ? std::string() : found->second.text();
}

const ResourceType& Secret::type() {
  static const ResourceType type{"", "v1", "Secret", "secrets", true};
  return type;
}

base::Result<Secret> Secret::tls_from_json(const nlohmann::json& object) {
  auto secret = from_json(object);
  if (!secret) return secret;
  std::erase_if(secret->data, [](const auto& entry) {
    const auto is_key = [&](const char* key) { return entry.first == key; };
    return std::none_of(kTlsSecretKeys.begin(), kTlsSecretKeys.end(), is_key);
  });
  for (auto& [key, held] : secret->data) held = SharedText(base::PemText::small(held.text()));
  return secret;
}

base::Result<Secret> Secret::from_json(const nlohmann::json& object) {
  return read_object<Secret>(type(), object, [](const JsonReader& reader, Secret& secret) {
    secret.type_name = reader.text("type");
    read_data(reader, secret);
  });
}

}  // namespace kube
