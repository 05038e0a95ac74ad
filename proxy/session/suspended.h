#pragma once

#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "proxy/admin/held_bytes.h"
#include "proxy/policy/basic_auth.h"
#include "proxy/policy/external_auth.h"
#include "proxy/session/auth_request.h"
#include "proxy/session/client.h"
#include "proxy/session/exchange.h"
#include "proxy/session/held_text.h"
#include "proxy/session/password_gate.h"

namespace proxy::session {

// What there is of a request while a guard is finding out: the buffer that it was read into is used
// by others meanwhile.
struct Exchange::Suspended final : PasswordGate::Waiter, AuthRequest::Waiter {
  Suspended(Exchange& owner, admin::Counter& gauge)
      : exchange(owner), head_bytes(gauge), body(gauge) {}
  // It may be destroyed by that.
  void on_password_checked(PasswordGate::Outcome outcome) override {
    exchange.on_password_checked(outcome);
  }

  // The same.
  void on_auth_answered(policy::AuthAnswer answer) override {
    exchange.on_auth_answered(std::move(answer));
  }

  Exchange& exchange;
  Client client;
  std::string head;  // what the views of request_ and client point to
  admin::HeldBytes head_bytes;
  HeldText body;
  policy::CredentialsDigest digest{};  // that is being compared
  std::optional<policy::CredentialsDigest> wrong{};
  unsigned comparisons = 0;
  std::unique_ptr<AuthRequest> auth_request{};
  policy::AuthAnswers::Asked asked{};  // by that
  policy::AuthAnswers answers{};
  unsigned questions = 0;
};

}  // namespace proxy::session
