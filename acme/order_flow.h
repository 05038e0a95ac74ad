#pragma once

#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "acme/problem.h"
#include "acme/resources.h"
#include "base/result.h"

// What to do next for an order. Pure: resources in, one step out. Each step is at most one request,
// so a restart at any point resumes from what the server and the cluster already say.
namespace acme {

// The HTTP-01 challenge of one authorization, as a value to keep, publish and answer.
struct HttpChallenge {
  Identifier identifier;
  std::string authorization_url;
  std::string challenge_url;
  std::string token;
  auto operator<=>(const HttpChallenge&) const = default;
};

// Make these answers reachable; all that are missing at once, so that one write is enough.
struct Publish {
  std::vector<HttpChallenge> challenges;
};
// Tell the server to look (RFC 8555 §7.5.1).
struct AnswerChallenge {
  HttpChallenge challenge;
};
struct Finalize {};  // send the CSR (§7.4)
struct Download {
  std::string certificate_url;
};
// Ask for the order and its pending authorizations again after this delay.
struct Wait {
  std::chrono::milliseconds delay;
  std::string what_for;  // "the server validates shop.example"
};
// This order is lost: only a new one can help (§7.1.6).
struct Fail {
  std::string reason;  // a full sentence with the server's own words
  ErrorClass error_class = ErrorClass::other;
  std::optional<Problem> problem{};
};
using Step = std::variant<Publish, AnswerChallenge, Finalize, Download, Wait, Fail>;

// What the caller knows beside the resources.
struct Progress {
  // True once the token can be fetched from outside. Answering earlier burns the authorization: a
  // failed challenge cannot be tried again (§7.1.6), only a new order can.
  std::function<bool(const HttpChallenge&)> is_published;
  // True once the server accepted the answer; it may leave the challenge "pending" for a while.
  std::function<bool(const HttpChallenge&)> is_answered;
  int polls = 0;  // how often the order was asked for without any change
  std::optional<std::chrono::seconds> retry_after{};  // of the newest answer
};

// authorizations: all of the order's, as they are now; needed while it is pending, and once it is
// invalid, to say which name failed. One that check_authorizations() refuses ends the order: a
// server that has its way with the names could have us prove somebody else's.
Step next_step(const Order& order, const std::vector<Authorization>& authorizations,
               const Progress& progress);

// The HTTP-01 challenge of an authorization; nothing when none is offered.
// RFC 8555 §7.1.6: an order moves forward only. One that seems to have gone back was read from a
// server that does not know yet.
bool is_step_back(OrderStatus from, OrderStatus to);

std::optional<HttpChallenge> http_challenge(const Authorization& authorization);

// Whether HTTP-01 can prove these names at all, before an order is spent on them. The sentence says
// which name, why, and what to do: a wildcard needs DNS-01 (§8.3).
base::Status check_identifiers(const std::vector<Identifier>& identifiers);

// 50 ms, doubling up to 5 s, and after some five minutes 30 s. Retry-After, held to 1 s .. 5 min
// (minimum from RFC 8555 §7.5.1's advice not to poll hard), makes it only ever longer.
std::chrono::milliseconds poll_delay(int polls, std::optional<std::chrono::seconds> retry_after);

}  // namespace acme
