#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "acme/client.h"
#include "acme/order_flow.h"
#include "acme/renewal_time.h"
#include "kube/resources/secret.h"
#include "operator/api/own_writes.h"
#include "operator/certificate/reconciler.h"
#include "operator/certificate/reissue_policy.h"
#include "operator/certificate/secret_content.h"
#include "operator/certificate/secret_writer.h"
#include "operator/certificate/status_report.h"

namespace certificate {

// What is kept of one Certificate between two reconciles. It saves requests and keeps the pace; all
// of it may be lost at any time, for status and Secret alone decide what is done.
struct Reconciler::Memory {
  api::OwnWrites<api::Certificate> own_writes;

  // ---- Of the order under way.
  struct OrderMemory {
    std::string account_url;
    acme::Order order;
    std::vector<acme::Authorization> authorizations;  // as far as fetched
    std::set<std::string> published;                  // challenge URLs that every proxy answers
    std::set<std::string> answered;                   // challenge URLs
    std::set<std::string> doubted;  // challenge URLs whose answer was refused once
    bool is_stale = false;          // to be asked for again before the next step
    int polls = 0;                  // without a change
    std::optional<std::chrono::seconds> retry_after;
    base::SteadyTime next_poll{};           // not earlier
    std::optional<base::PrivateKey> key{};  // as it waits in the Secret, should that be deleted
    base::SteadyTime changed_at{};          // when the order was seen to move last
    bool is_answered_again = false;         // the challenges, after a long silence
  };
  std::optional<OrderMemory> order;
  std::optional<kube::Secret> secret;        // as last read or written by us
  bool is_secret_known = false;              // secret says what there is, also that there is none
  std::string secret_writers;                // who else wrote it, when it was read last
  std::shared_ptr<const kube::Secret> kept;  // with the pair that was issued, as it is to be
  base::SteadyTime truce_until{};            // what others put into the Secret is left until then
  std::optional<base::SteadyTime> waiting_since;
  base::SteadyTime next_word{};               // of what is waited for, in status: not earlier
  std::optional<base::SteadyTime> stored_at;  // the new pair is in the Secret
  int looks = 0;                              // at the proxies, while waiting for them
  int setbacks = 0;                           // in a row that were not worth a write
  base::SteadyTime next_try{};

  std::optional<base::SteadyTime> in_line_since;  // for a turn at the issuer's server

  // ---- Of an issuer that is not there or not ready.
  std::optional<base::SteadyTime> without_issuer_since;

  // ---- Of the certificate that is served.
  std::string serving_seen;     // serial of the last look
  std::string serving_proxies;  // who was asked
  ProxyAnswers serving;         // the answers
  int serving_looks = 0;
  std::optional<base::SteadyTime> next_serving_look;
  std::string renewal_info_of;  // the serial that the rest is about
  std::optional<api::RenewalInfoStatus> renewal_info;
  std::optional<base::SteadyTime> next_renewal_info;
};

// The server has refused this order for good; other errors say only that now is not the time.
bool loses_order(const acme::AcmeError& error);

// One reconcile of one Certificate. The members that return an Outcome end it.
class Reconciler::Run {
 public:
  Run(Reconciler& owner, Memory& memory, api::Certificate certificate);

  base::Result<kube::Outcome> go();

 private:
  using End = base::Result<kube::Outcome>;
  using Delay = std::chrono::milliseconds;

  // ---- run.cpp: whether there is anything to do
  End decide();
  End keep(const kube::Secret& secret, const SecretContent& content);
  std::optional<End> put_back();
  End write_again();
  End leave_to_others(const Verdict& verdict, Delay look_again);
  End begin(const Verdict& verdict);
  std::optional<End> renew_metadata(bool is_edited);
  End start(const Verdict& verdict);
  std::optional<End> find_obstacle(const Verdict& verdict);
  std::optional<End> find_issuer_obstacle(const std::optional<Verdict>& verdict);
  std::optional<End> take_turn();
  // Of each request to the ACME server: counted, and noted for whoever has the next turn.
  template <class T>
  acme::AcmeResult<T> asked(acme::AcmeResult<T> result) {
    if (turn_ && result) turn_->note_answer();
    if (turn_ && !result) note_failure(result.error());
    return owner_.requests_.count(std::move(result));
  }
  void note_failure(const acme::AcmeError& error);
  std::optional<base::WallTime> attempt_time() const;
  bool is_foreign(const SecretContent& content) const;
  bool is_renewal_requested() const;
  bool has_had_its_time() const;
  End block(const std::string& reason, const std::string& message,
            const std::optional<Verdict>& verdict, std::optional<Delay> look_again = std::nullopt);
  void warn(const std::string& reason, const std::string& message);
  std::shared_ptr<const api::Certificate> older_claimant() const;
  std::optional<Verdict> judge(const SecretContent* content) const;

  // ---- run_serving.cpp: what is served, and what the CA says about renewal
  void look_at_serving(const base::CertificateInfo& leaf);
  void look_at_renewal_info(const base::CertificateInfo& leaf);
  void fetch_renewal_info(const base::CertificateInfo& leaf);
  Delay until_next_look(const base::CertificateInfo& leaf) const;

  // ---- run_order.cpp: one order, from newOrder to its end; run_steps.cpp: its steps
  End place_order(const Verdict& verdict);
  std::optional<End> look_at_account(const acme::AcmeError& refusal);
  std::optional<End> fetch_authorizations();
  End record_order();
  End continue_order();
  std::optional<End> recall_order();
  bool is_order_still_wanted() const;
  End drop_order(const std::string& why);
  std::optional<End> refresh_order();
  std::optional<End> read_order();
  void adopt(acme::Order newer);
  void read_reasons();
  End take_steps();
  std::optional<End> take(const acme::Publish& step);
  void tell_of_proxies(const acme::HttpChallenge& challenge, const ProxyAnswers& answers);
  std::optional<End> take(const acme::AnswerChallenge& step);
  std::optional<End> take(const acme::Finalize& step);
  std::optional<End> take(const acme::Download& step);
  std::optional<End> take(const acme::Wait& step);
  std::optional<End> take(const acme::Fail& step);
  std::optional<End> ensure_next_key();
  std::optional<base::PrivateKey> stored_next_key() const;
  std::optional<base::PrivateKey> next_key() const;
  base::KeySpec wanted_key() const;
  acme::AcmeResult<std::string> download_chain(const std::string& url);
  End conclude(const SecretContent& content);
  bool is_stored(const SecretContent& content) const;
  bool is_renewal_requested_anew() const;
  void forget_order();
  std::string replaced_id() const;
  End wait_for_proxies(const std::string& what_for);
  void note_waiting(const std::string& what_for);
  std::optional<End> end_the_wait(const std::string& what_for);
  bool is_to_be_answered_again() const;

  // ---- What went wrong
  End set_back(const acme::AcmeError& error);
  End set_back(const base::Error& error);
  End fail(const Failure& failure);

  // ---- run_writes.cpp
  base::Status write_status();
  base::Status read_secret();
  base::Status write_secret(const nlohmann::json& object);
  End finish_write(base::Status status, End end);

  const base::Clock& clock() const { return owner_.clock_; }
  base::SteadyTime steady_now() const { return owner_.clock_.steady_now(); }
  base::WallTime now() const { return owner_.clock_.now(); }
  double chance() const { return acme::chance_of(certificate_.metadata.uid); }
  std::string name() const { return certificate_.display_name(); }
  kube::ObjectKey secret_key() const {
    return {certificate_.metadata.namespace_, certificate_.spec.secret_name};
  }
  issuer::IssuerKey issuer_key() const {
    return issuer::resolve(certificate_.metadata.namespace_, certificate_.spec.issuer_ref);
  }
  std::vector<acme::Identifier> identifiers() const;
  Memory::OrderMemory& order() { return *memory_.order; }
  SecretMetadataOptions metadata_options() const {
    return {owner_.options_.secret_owner_reference};
  }
  void wait_for_proxies_no_more() { owner_.set_waiting(certificate_.metadata.key(), false); }

  Reconciler& owner_;
  Memory& memory_;
  api::Certificate certificate_;             // status as it is to be
  api::CertificateStatus written_;           // status as it is
  issuer::Accounts::Pointer account_;        // set once an order is concerned
  std::optional<issuer::Turns::Turn> turn_;  // to send requests to its server
  base::SteadyTime began_;
  std::optional<Verdict> verdict_;  // why there is an order
  std::string dropped_order_url_;   // not to be gone on with
};

}  // namespace certificate
