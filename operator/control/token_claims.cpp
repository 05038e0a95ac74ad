#include "operator/control/token_claims.h"

#include <algorithm>
#include <chrono>
#include <cstdint>

#include <nlohmann/json.hpp>

#include "base/base64url.h"

namespace control {
namespace {

using nlohmann::json;

// Of seconds since 1970, so that time_point cannot overflow: the year 9999.
constexpr double kLastSecond = 253'402'300'799;

// A part of the token: base64url of a JSON object.
std::optional<json> read_part(std::string_view part) {
  const auto text = base::base64url_decode(part);
  if (!text) return std::nullopt;
  json object = json::parse(*text, nullptr, /*allow_exceptions=*/false);
  if (!object.is_object()) return std::nullopt;
  return object;
}

std::string text_of(const json& object, const char* name) {
  const auto found = object.find(name);
  return found != object.end() && found->is_string() ? found->get<std::string>() : std::string();
}

// RFC 7519 §4.1.3: one, or a list of them.
std::vector<std::string> audiences_of(const json& payload) {
  const auto found = payload.find("aud");
  if (found == payload.end()) return {};
  if (found->is_string()) return {found->get<std::string>()};
  std::vector<std::string> audiences;
  if (!found->is_array()) return {};
  for (const json& one : *found) {
    if (one.is_string()) audiences.push_back(one.get<std::string>());
  }
  return audiences;
}

}  // namespace

bool looks_like_jwt(std::string_view token) {
  return std::count(token.begin(), token.end(), '.') == 2;
}

std::optional<TokenClaims> read_token_claims(std::string_view token) {
  if (!looks_like_jwt(token)) return std::nullopt;
  const std::size_t first = token.find('.');
  const std::size_t second = token.find('.', first + 1);
  if (second + 1 == token.size()) return std::nullopt;  // RFC 7519 §6: it is not signed
  if (!base::base64url_decode(token.substr(second + 1))) return std::nullopt;
  const auto header = read_part(token.substr(0, first));
  const auto payload = read_part(token.substr(first + 1, second - first - 1));
  if (!header || !payload) return std::nullopt;
  const std::string algorithm = text_of(*header, "alg");
  if (algorithm.empty() || algorithm == "none") return std::nullopt;
  const auto expires = payload->find("exp");
  if (expires == payload->end() || !expires->is_number()) return std::nullopt;
  const double seconds = expires->get<double>();
  if (!(seconds >= 0 && seconds <= kLastSecond)) return std::nullopt;
  TokenClaims claims;
  claims.issuer = text_of(*payload, "iss");
  claims.subject = text_of(*payload, "sub");
  claims.audiences = audiences_of(*payload);
  claims.expires = base::WallTime(std::chrono::seconds(static_cast<std::int64_t>(seconds)));
  if (claims.issuer.empty() || claims.subject.empty()) return std::nullopt;
  return claims;
}

}  // namespace control
