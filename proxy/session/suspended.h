#pragma once

#include <cstddef>
#include <optional>
#include <string>

#include "proxy/admin/held_bytes.h"
#include "proxy/policy/basic_auth.h"
#include "proxy/session/client.h"
#include "proxy/session/exchange.h"
#include "proxy/session/held_text.h"
#include "proxy/session/password_gate.h"

namespace proxy::session {

// What there is of a request while a guard is finding out: the buffer that it was read into is used
// by others meanwhile.
struct Exchange::Suspended final : PasswordGate::Waiter {
  Suspended(Exchange& owner, admin::Counter& gauge)
      : exchange(owner), head_bytes(gauge), body(gauge) {}
  // It may be destroyed by that.
  void on_password_checked(PasswordGate::Outcome outcome) override {
    exchange.on_password_checked(outcome);
  }

  Exchange& exchange;
  Client client;
  std::string head;  // what the views of request_ and client point to
  admin::HeldBytes head_bytes;
  HeldText body;
  policy::CredentialsDigest digest{};  // that is being compared
  std::optional<policy::CredentialsDigest> wrong{};
  unsigned comparisons = 0;
};

}  // namespace proxy::session
