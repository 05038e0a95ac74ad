#include "acme/order_flow.h"

#include <algorithm>

#include "acme/order_check.h"
#include "base/ip_text.h"

namespace acme {
namespace {

using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

const Challenge* find_http_challenge(const Authorization& authorization) {
  const auto found = std::find_if(authorization.challenges.begin(), authorization.challenges.end(),
                                  [](const Challenge& c) { return c.type == "http-01"; });
  return found == authorization.challenges.end() ? nullptr : &*found;
}

std::string offered_types(const Authorization& authorization) {
  std::string types;
  for (const Challenge& challenge : authorization.challenges) {
    types += (types.empty() ? "" : ", ") + challenge.type;
  }
  return types.empty() ? "none" : types;
}

Fail fail_with(std::string reason, const std::optional<Problem>& problem) {
  if (!problem) return Fail{std::move(reason), ErrorClass::other, std::nullopt};
  return Fail{std::move(reason) + ": " + problem->text(), classify(*problem), problem};
}

// §7.1.6: an authorization that left "pending" for anything but "valid" never comes back.
Fail lost_authorization(const Authorization& authorization) {
  const std::string& name = authorization.identifier.value;
  if (authorization.status != AuthorizationStatus::invalid) {
    return Fail{"the authorization of " + name + " is " +
                std::string(name_of(authorization.status)) + "; a new order is needed"};
  }
  const Challenge* challenge = find_http_challenge(authorization);
  return fail_with("the server could not validate " + name,
                   challenge == nullptr ? std::nullopt : challenge->error);
}

Fail no_http_challenge(const Authorization& authorization) {
  const std::string name = (authorization.is_wildcard ? "*." : "") + authorization.identifier.value;
  return Fail{"the server offers no http-01 challenge for " + name +
                  " (offered: " + offered_types(authorization) +
                  "); use names or an issuer that can be validated over HTTP",
              ErrorClass::rejected_identifier};
}

std::optional<Fail> find_lost(const std::vector<Authorization>& authorizations) {
  for (const Authorization& authorization : authorizations) {
    if (authorization.status == AuthorizationStatus::valid) continue;
    if (authorization.status != AuthorizationStatus::pending) {
      return lost_authorization(authorization);
    }
    const Challenge* challenge = find_http_challenge(authorization);
    if (challenge == nullptr) return no_http_challenge(authorization);
    if (challenge->status == ChallengeStatus::invalid) return lost_authorization(authorization);
  }
  return std::nullopt;
}

// A failed authorization names its host, which the order's own error often does not.
Fail lost_order(const Order& order, const std::vector<Authorization>& authorizations) {
  for (const Authorization& authorization : authorizations) {
    if (authorization.status == AuthorizationStatus::pending) continue;
    if (authorization.status == AuthorizationStatus::valid) continue;
    Fail lost = lost_authorization(authorization);
    if (lost.problem || !order.error) return lost;
  }
  if (order.error) return fail_with("the server refused the order", order.error);
  return Fail{"the order is invalid and the server gives no reason; a new order is needed"};
}

Wait wait_for(std::string what_for, const Progress& progress) {
  return Wait{poll_delay(progress.polls, progress.retry_after), std::move(what_for)};
}

Step prove_names(const std::vector<Authorization>& authorizations, const Progress& progress) {
  Publish publish;
  std::optional<HttpChallenge> to_answer;
  std::string under_way;
  for (const Authorization& authorization : authorizations) {
    if (authorization.status == AuthorizationStatus::valid) continue;  // reused, or just proven
    const HttpChallenge challenge = *http_challenge(authorization);
    const bool is_waiting =
        find_http_challenge(authorization)->status != ChallengeStatus::pending ||
        progress.is_answered(challenge);
    if (is_waiting) {
      under_way += (under_way.empty() ? "" : ", ") + challenge.identifier.value;
    } else if (!progress.is_published(challenge)) {
      publish.challenges.push_back(challenge);
    } else if (!to_answer) {
      to_answer = challenge;
    }
  }
  if (!publish.challenges.empty()) return publish;
  if (to_answer) return AnswerChallenge{*to_answer};
  if (!under_way.empty()) return wait_for("the server to validate " + under_way, progress);
  return wait_for("the server to make the order ready", progress);
}

// Let's Encrypt's, and most others'; the server's own refusal would cost an order each time.
constexpr std::size_t kNamesMax = 100;

base::Status reject(const Identifier& identifier, const std::string& why) {
  return base::failure(base::ErrorKind::invalid, "\"" + identifier.value + "\" " + why);
}

// RFC 1035 §2.3.4: a label has 63 octets at most.
bool has_long_label(std::string_view name) {
  constexpr std::size_t kLabelBytesMax = 63;
  std::size_t length = 0;
  for (const char c : name) {
    length = c == '.' ? 0 : length + 1;
    if (length > kLabelBytesMax) return true;
  }
  return false;
}

bool is_host_name(std::string_view name) {
  const auto is_allowed = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '.' || c == '_';
  };
  return !name.empty() && name.size() <= 253 && name.front() != '.' && name.back() != '.' &&
         name.find("..") == std::string_view::npos &&
         std::all_of(name.begin(), name.end(), is_allowed);
}

}  // namespace

bool is_step_back(OrderStatus from, OrderStatus to) {
  const auto place_of = [](OrderStatus status) {
    switch (status) {
      case OrderStatus::pending:
        return 0;
      case OrderStatus::ready:
        return 1;
      case OrderStatus::processing:
        return 2;
      case OrderStatus::valid:
      case OrderStatus::invalid:
        break;
    }
    return 3;
  };
  return place_of(to) < place_of(from);
}

std::optional<HttpChallenge> http_challenge(const Authorization& authorization) {
  const Challenge* challenge = find_http_challenge(authorization);
  if (challenge == nullptr) return std::nullopt;
  return HttpChallenge{authorization.identifier, authorization.url, challenge->url,
                       challenge->token};
}

Step next_step(const Order& order, const std::vector<Authorization>& authorizations,
               const Progress& progress) {
  switch (order.status) {
    case OrderStatus::invalid:
      return lost_order(order, authorizations);
    case OrderStatus::valid:
      return Download{order.certificate_url};
    case OrderStatus::processing:
      return wait_for("the server to issue the certificate", progress);
    case OrderStatus::ready:  // also at once, when all authorizations are reused
      return Finalize{};
    case OrderStatus::pending:
      break;
  }
  if (const base::Status ours = check_authorizations(order, authorizations); !ours) {
    return Fail{ours.error().message, ErrorClass::protocol};
  }
  if (auto lost = find_lost(authorizations)) return *lost;
  return prove_names(authorizations, progress);
}

base::Status check_identifiers(const std::vector<Identifier>& identifiers) {
  if (identifiers.empty()) {
    return base::failure(base::ErrorKind::invalid,
                         "no names are given; a certificate needs at least one");
  }
  if (identifiers.size() > kNamesMax) {
    return base::failure(base::ErrorKind::invalid,
                         std::to_string(identifiers.size()) +
                             " names are given, and a certificate has at most " +
                             std::to_string(kNamesMax) + "; share them out among several");
  }
  for (const Identifier& identifier : identifiers) {
    const bool is_address = base::ip_bytes_from_text(identifier.value).has_value();
    if (identifier.type == "ip" && is_address) continue;
    if (identifier.type == "ip") return reject(identifier, "is not an IP address");
    if (identifier.type != "dns") {
      return reject(identifier, "has the type \"" + identifier.type +
                                    "\"; only DNS names and IP addresses can be proven");
    }
    if (is_address) {
      return reject(identifier, "is an IP address, and those are listed apart from host names");
    }
    if (identifier.value.find('*') != std::string::npos) {
      // RFC 8555 §8.3 proves one host; only a DNS record speaks for all below a domain.
      return reject(identifier,
                    "is a wildcard, which HTTP-01 cannot prove; list the host names one by one, or "
                    "bring a certificate for it in a Secret");
    }
    if (has_long_label(identifier.value)) {
      return reject(
          identifier,
          "has a part between its dots of more than 63 characters, which no DNS name has");
    }
    if (identifier.value.ends_with('.')) {
      return reject(identifier, "ends with a dot; names of certificates have none there");
    }
    if (!is_host_name(identifier.value)) {
      return reject(identifier,
                    "is not a host name; international names must be given in their xn-- form");
    }
  }
  return {};
}

namespace {

// Some five minutes of the quick ones: what takes longer has a person or a queue behind it.
constexpr int kQuickPolls = 64;
constexpr seconds kQuickMax{5};
constexpr seconds kSlow{30};

milliseconds scheduled_delay(int polls) {
  if (polls >= kQuickPolls) return kSlow;
  const int doublings = std::clamp(polls, 0, 7);
  return std::min<milliseconds>(milliseconds(50) * (1 << doublings), kQuickMax);
}

}  // namespace

milliseconds poll_delay(int polls, std::optional<seconds> retry_after) {
  const milliseconds scheduled = scheduled_delay(polls);
  if (!retry_after) return scheduled;
  return std::max(scheduled, std::clamp<milliseconds>(*retry_after, seconds(1), minutes(5)));
}

}  // namespace acme
