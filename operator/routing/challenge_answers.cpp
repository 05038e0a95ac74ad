#include "operator/routing/challenge_answers.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "base/ip_text.h"
#include "operator/routing/equal_share.h"
#include "operator/routing/host_name.h"
#include "proxy/config/limits.h"

namespace routing {
namespace {

// RFC 8555 §8.3: a token is base64url without padding; anything else is no ACME server's.
bool is_base64url(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '_';
  });
}

// §8.1: token, ".", thumbprint.
bool is_answer(const std::string& token, std::string_view key_authorization) {
  return is_base64url(token) && token.size() <= proxy::config::kTokenBytesMax &&
         key_authorization.size() <= proxy::config::kKeyAuthorizationBytesMax &&
         key_authorization.substr(0, token.size() + 1) == token + "." &&
         is_base64url(key_authorization.substr(token.size() + 1));
}

// A valid authorization keeps its answer until its order is done: a second look of a CA's other
// vantage point may still be on the way. A failed one never comes back (§7.1.6).
bool is_open(const api::AuthorizationStatus& authorization) {
  return authorization.state == "pending" || authorization.state == "processing" ||
         authorization.state == "valid";
}

// The Host that the validation request carries: a name, or an address (RFC 8738 §4).
std::optional<std::string> asked_host(const std::string& identifier) {
  if (const auto bytes = base::ip_bytes_from_text(identifier)) {
    return base::ip_text_from_bytes(*bytes);
  }
  auto host = config_host(identifier);
  return host && !host->empty() ? host : std::nullopt;
}

// Oldest first: of two answers for one host and token the one that was there first stays, and a
// proxy that knows of one host for a token only (of an earlier release) has the first one's.
std::vector<const api::Certificate*> with_orders(const Resources& resources) {
  std::vector<const api::Certificate*> found;
  for (const auto& certificate : resources.certificates) {
    if (certificate->status.order) found.push_back(certificate.get());
  }
  std::sort(found.begin(), found.end(),
            [](const auto* left, const auto* right) { return age_of(*left) < age_of(*right); });
  return found;
}

// How many answers each may give.
std::map<std::string, std::uint64_t> room_by_namespace(
    const std::vector<const api::Certificate*>& certificates, std::size_t answers_max) {
  std::map<std::string, std::uint64_t> wanted;
  for (const api::Certificate* certificate : certificates) {
    wanted[certificate->metadata.namespace_] += certificate->status.order->authorizations.size();
  }
  std::vector<std::uint64_t> all;
  all.reserve(wanted.size());
  for (const auto& [name, count] : wanted) all.push_back(count);
  const auto share = equal_share(std::move(all), answers_max);
  for (auto& [name, count] : wanted) count = std::min(count, share.value_or(count));
  return wanted;
}

}  // namespace

std::vector<OpenAnswer> open_answers(const api::Certificate& certificate) {
  std::vector<OpenAnswer> open;
  // Status is written by whoever may write it: an answer is given for names of spec alone.
  const std::vector<std::string> names = certificate.all_names();
  for (const api::AuthorizationStatus& authorization : certificate.status.order->authorizations) {
    if (!is_open(authorization) ||
        !is_answer(authorization.token, authorization.key_authorization)) {
      continue;
    }
    auto host = asked_host(authorization.identifier);
    if (!host || std::find(names.begin(), names.end(), *host) == names.end()) continue;
    open.push_back({authorization.token, std::move(*host), authorization.key_authorization});
  }
  return open;
}

CertificateAge age_of(const api::Certificate& certificate) {
  return {certificate.metadata.creation_timestamp, certificate.metadata.key()};
}

void add(const OpenAnswer& open, proxy::config::ChallengeAnswer& answer) {
  if (answer.host.empty()) {
    answer.host = open.host;
    answer.key_authorization = open.key_authorization;
    return;
  }
  if (answer.find(open.host) != nullptr) return;
  auto& others = answer.others;
  if (others.size() == proxy::config::kOtherAnswersMax) return;
  const auto at = std::lower_bound(
      others.begin(), others.end(), open.host,
      [](const auto& other, const std::string& wanted) { return other.host < wanted; });
  others.insert(at, {open.host, open.key_authorization});
}

proxy::config::ProxyConfig::Section<proxy::config::ChallengeAnswer> challenge_answers(
    const Resources& resources, const HostOwners& owners, std::size_t answers_max) {
  std::map<std::string, proxy::config::ChallengeAnswer> answers;
  const std::vector<const api::Certificate*> certificates = with_orders(resources);
  std::map<std::string, std::uint64_t> left = room_by_namespace(certificates, answers_max);
  for (const api::Certificate* certificate : certificates) {
    const std::string& namespace_ = certificate->metadata.namespace_;
    std::uint64_t& room = left.at(namespace_);
    for (const OpenAnswer& open : open_answers(*certificate)) {
      if (room == 0 || !owners.admits(open.host, namespace_)) continue;
      --room;
      add(open, answers[open.token]);
    }
  }
  proxy::config::ProxyConfig::Section<proxy::config::ChallengeAnswer> shared;
  for (auto& [token, answer] : answers) {
    shared.emplace(token,
                   std::make_shared<const proxy::config::ChallengeAnswer>(std::move(answer)));
  }
  return shared;
}

}  // namespace routing
