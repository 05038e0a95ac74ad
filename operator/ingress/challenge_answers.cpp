#include "operator/ingress/challenge_answers.h"

#include <algorithm>

#include "operator/ingress/host_name.h"

namespace ingress {
namespace {

constexpr std::size_t kTokenMax = 512;

// RFC 8555 §8.3: a token is base64url without padding. Anything else is no ACME server's.
bool is_token(const std::string& token) {
  return !token.empty() && token.size() <= kTokenMax &&
         std::all_of(token.begin(), token.end(), [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                  c == '-' || c == '_';
         });
}

// A valid authorization keeps its answer until its order is done: a second look of a CA's other
// vantage point may still be on the way. A failed one never comes back (§7.1.6).
bool is_wanted(const api::AuthorizationStatus& authorization) {
  return (authorization.state == "pending" || authorization.state == "processing" ||
          authorization.state == "valid") &&
         is_token(authorization.token) && !authorization.key_authorization.empty();
}

}  // namespace

proxy::config::ProxyConfig::Section<proxy::config::ChallengeAnswer> challenge_answers(
    const ClusterView& view) {
  proxy::config::ProxyConfig::Section<proxy::config::ChallengeAnswer> answers;
  for (const auto& certificate : view.certificates) {
    if (!certificate->status.order) continue;
    for (const api::AuthorizationStatus& authorization :
         certificate->status.order->authorizations) {
      if (!is_wanted(authorization)) continue;
      const auto host = config_host(authorization.identifier);
      if (!host || host->empty()) continue;
      answers.try_emplace(
          authorization.token,
          std::make_shared<const proxy::config::ChallengeAnswer>(
              proxy::config::ChallengeAnswer{*host, authorization.key_authorization}));
    }
  }
  return answers;
}

}  // namespace ingress
