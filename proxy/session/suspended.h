#pragma once

#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "proxy/admin/held_bytes.h"
#include "proxy/admin/held_text.h"
#include "proxy/policy/auth_cache.h"
#include "proxy/policy/basic_auth.h"
#include "proxy/policy/external_auth.h"
#include "proxy/session/auth_places.h"
#include "proxy/session/client.h"
#include "proxy/session/exchange.h"
#include "proxy/session/inspection_gate.h"
#include "proxy/session/password_gate.h"
#include "proxy/session/side_request.h"

namespace proxy::session {

// What there is of a request while a guard is finding out: the buffer that it was read into is used
// by others meanwhile.
struct Exchange::Suspended final : PasswordGate::Waiter,
                                   SideRequest::Waiter,
                                   InspectionGate::Waiter {
  Suspended(Exchange& owner, admin::Counter& gauge)
      : exchange(owner), head_bytes(gauge), body(gauge) {}
  // It may be destroyed by that.
  void on_password_checked(PasswordGate::Outcome outcome) override {
    exchange.on_password_checked(outcome);
  }

  // The same.
  void on_answer_head(const http::ResponseHead& answer) override {
    exchange.on_auth_answered(policy::read_auth_answer(answer, *asked));
  }
  void on_no_answer(SideRequest::Trouble trouble) override {
    policy::AuthAnswer nothing;
    nothing.failure = reason_of(trouble);
    exchange.on_auth_answered(std::move(nothing));
  }
  // For the access log, where the reasons of a backend's own failures stand, too.
  static std::string_view reason_of(SideRequest::Trouble trouble);

  // The same.
  void on_inspected(policy::Inspection inspection) override {
    exchange.on_inspected(std::move(inspection));
  }

  Exchange& exchange;
  Client client;
  std::string head;  // what the views of request_ and client point to
  admin::HeldBytes head_bytes;
  admin::HeldText body;
  policy::CredentialsDigest digest{};  // that is being compared
  std::optional<policy::CredentialsDigest> wrong{};
  unsigned comparisons = 0;
  std::optional<AuthPlaces::Place> auth_place{};  // that has room for the next one
  std::unique_ptr<SideRequest> auth_request{};
  policy::AuthAnswers::Asked asked{};                    // by that
  std::optional<policy::AuthCache::Digest> cached_as{};  // its answer; nothing: it is not kept
  unsigned questions = 0;
  policy::Inspections::Settings firewall{};        // by which it is inspected
  bool body_is_stream = false;                     // and is not waited for
  bool awaits_body = false;                        // before it can be inspected
  std::shared_ptr<InspectionTask> task{};          // that is under way; the body is in it
  std::optional<policy::Inspection> conclusion{};  // without that
  policy::Inspections inspections{};
  unsigned inspected = 0;
};

}  // namespace proxy::session
