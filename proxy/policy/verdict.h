#pragma once

#include <chrono>
#include <string_view>

#include "proxy/reason/words.h"

namespace proxy::config {
struct Redirection;
}  // namespace proxy::config

namespace proxy::policy {

class ExternalAuth;
struct AuthAnswer;

// What a guard says of a request. Its default is the answer of a guard that could not decide.
struct Verdict {
  int status = 503;                                   // 0: it may pass
  std::string_view reason = reason::guard_undecided;  // static text, for the access log
  std::string_view challenge{};         // of a 401: WWW-Authenticate; lives as long as the guards
  std::chrono::seconds retry_after{0};  // more than 0: it may pass after so long
  std::string_view body{};              // static text, in place of one made of status and reason
  // In place of the status; lives as long as the guards. nullptr: none.
  const config::Redirection* redirect = nullptr;
  bool ends_connection = false;  // on which it could never pass
  // It is another service's word; both live as long as what was asked with.
  const ExternalAuth* external = nullptr;
  const AuthAnswer* answer = nullptr;

  bool passes() const { return status == 0; }
};

inline constexpr Verdict kPasses{0, ""};

}  // namespace proxy::policy
