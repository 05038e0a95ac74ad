#pragma once

#include <optional>
#include <string>

#include "acme/client.h"
#include "acme/order_flow.h"
#include "base/key.h"
#include "operator/certificate/context.h"
#include "operator/certificate/issuer_access.h"
#include "operator/certificate/memory.h"
#include "operator/certificate/permission.h"
#include "operator/certificate/record.h"
#include "operator/certificate/reissue_policy.h"
#include "operator/certificate/renewal_info_watch.h"
#include "operator/certificate/secret_content.h"
#include "operator/certificate/serving_watch.h"
#include "operator/certificate/status_report.h"

namespace certificate {

// One order of one Certificate, from newOrder to the Secret: place, steps, conclude, or drop.
//
// What it is about stands in status, so a restart between any two requests goes on with the same
// order. How it waits is order_schedule.h's to say, what comes next acme/order_flow.h's.
class Issuance {
 public:
  Issuance(Context& context, Memory& memory, Record& record, IssuerAccess& issuer,
           Permission& permission, ServingWatch& serving, RenewalInfoWatch& renewal_info);

  // An order is begun and in status; place() goes on with it, and needs no permission again.
  bool has_begun();
  // Has the beginning in status before anything is sent: however often an operator is killed, what
  // it may have cost the CA is known. Ends the reconcile only when it could not be written.
  std::optional<End> begin(const Verdict& verdict);

  // Both end the reconcile, or return nothing: the order is dropped, and whether another is wanted
  // is to be decided afresh.
  // place() needs a turn at the issuer, and the Secret as the API server has it in memory.
  std::optional<End> place(const Verdict& verdict);
  std::optional<End> go_on();

  // Of the order that this reconcile dropped; empty: none. Not to be gone on with.
  const std::string& dropped_url() const { return dropped_url_; }
  // There is none any more.
  void forget();
  // When a certificate that is issued is to be looked at again.
  Delay until_next_look(const base::CertificateInfo& leaf) const;

  // The API server refused the Secret. A refusal that only a person can undo belongs into status;
  // for the rest the controller's back-off is enough.
  End set_back(const base::Error& error);

 private:
  // ---- issuance.cpp: from the wish to a recorded order
  bool is_told_already(const Verdict& verdict) const;
  std::optional<End> look_at_account(const acme::AcmeError& refusal);
  std::string replaced_id() const;
  std::optional<End> fetch_authorizations();
  acme::Authorization with_first_challenge(acme::Authorization authorization);
  std::optional<End> record_order();

  // going on with a recorded one
  bool is_renewal_requested_anew() const;
  bool is_stored(const SecretContent& content) const;
  std::optional<End> recall_order();
  bool is_still_wanted() const;
  std::nullopt_t drop(const std::string& why);

  // ---- issuance_steps.cpp: nothing returned: on to the next
  End take_steps();
  std::optional<End> refresh_order();
  std::optional<End> read_order();
  void adopt(acme::Order newer);
  void read_reasons();
  std::optional<End> take(const acme::Publish& step);
  std::optional<End> take(const acme::AnswerChallenge& step);
  std::optional<End> take(const acme::Finalize& step);
  std::optional<End> take(const acme::Download& step);
  std::optional<End> take(const acme::Wait& step);
  std::optional<End> take(const acme::Fail& step);
  std::optional<base::PrivateKey> next_key() const;
  std::optional<base::PrivateKey> stored_next_key() const;
  std::optional<End> ensure_next_key();
  base::KeySpec wanted_key() const;
  acme::AcmeResult<std::string> download_chain(const std::string& url);

  // ---- issuance_end.cpp: waiting, setbacks, the end
  End conclude(const SecretContent& content);
  End wait_for_proxies(const std::string& what_for);
  void note_waiting(const std::string& what_for);
  End set_back(const acme::AcmeError& error);
  End fail(Failure failure);

  Memory::Order& order() { return *memory_.order; }
  base::WallTime now() const { return context_.now(); }
  base::SteadyTime steady_now() const { return context_.steady_now(); }
  const issuer::Account& account() const { return issuer_.account(); }
  api::Certificate& certificate() { return record_.certificate(); }
  const api::CertificateStatus& status() const { return record_.status(); }

  Context& context_;
  Memory& memory_;
  Record& record_;
  IssuerAccess& issuer_;
  Permission& permission_;
  ServingWatch& serving_;
  RenewalInfoWatch& renewal_info_;
  std::optional<Verdict> verdict_;  // why there is an order
  std::string dropped_url_;
};

}  // namespace certificate
