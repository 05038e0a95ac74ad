#pragma once

#include <optional>
#include <stop_token>
#include <string>

#include "base/clock.h"

namespace control {

// Who asks, or why it is not told.
struct Verdict {
  int status = 401;   // 200: may ask; 401: no valid token; 403: not its place; 503: cannot be told
  std::string proxy;  // with 200: the Pod's name, or the account's when the token names no Pod
  std::string problem;  // else: a sentence
  bool is_allowed() const { return status == 200; }
};

// Decides by its bearer token whether a caller is one of our proxies. Thread-safe.
class Authenticator {
 public:
  virtual ~Authenticator() = default;
  // What needs no question: it was decided a moment ago, or the token itself says that it is not
  // for us. Never blocks. Nothing: ask check().
  virtual std::optional<Verdict> remembered(const std::string& token) = 0;
  virtual Verdict check(const std::string& token, std::stop_token stop) = 0;  // may block
  // Asks again about a caller that was let in and goes on asking, before its verdict ends; so it
  // never waits for check(). About one at a time, and from several threads if need be. May block.
  // Returns when to come again: now, if there may be another.
  virtual base::SteadyTime renew_one(std::stop_token stop) = 0;
};

}  // namespace control
