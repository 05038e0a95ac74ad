#include <algorithm>
#include <utility>
#include <variant>

#include <spdlog/spdlog.h>

#include "acme/order_check.h"
#include "acme/renewal_info.h"
#include "base/time_text.h"
#include "operator/certificate/pace.h"
#include "operator/certificate/run.h"

namespace certificate {

namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

// A wait shorter than this is not worth a word in status, and none is said more often.
constexpr seconds kWaitUnsaid{3};
constexpr seconds kWordsApart{10};
constexpr milliseconds kLookFirst{20};
constexpr milliseconds kLookMax{2000};
constexpr int kStepsMax = 1000;  // far more than 100 names take
constexpr int kSilentSetbacksMax = 2;
// An order that does not move for so long is given up; Let's Encrypt validates within seconds, and
// a CA with people behind it within minutes. Half-way the challenges are answered once more, should
// the server have lost the answer.
constexpr std::chrono::minutes kStandstillMax{60};
constexpr std::chrono::minutes kAnswerAgainAfter{30};
// A new wish to renew gives up an order that has had this long.
constexpr std::chrono::minutes kOrderOld{1};

bool is_quick_to_pass(acme::ErrorClass error_class) {
  switch (error_class) {
    case acme::ErrorClass::network:
    case acme::ErrorClass::server_internal:
    case acme::ErrorClass::bad_nonce:
    case acme::ErrorClass::order_not_ready:
      return true;
    default:
      return false;
  }
}

}  // namespace

namespace {

// Let's Encrypt's words for its limits of one set of names, or of one name; others name them in
// subproblems (RFC 8555 §6.7.1). What says nothing of names is about the account.
bool is_about_names(const acme::AcmeError& error) {
  if (!error.problem) return false;
  if (!error.problem->subproblems.empty()) return true;
  const std::string& detail = error.problem->detail;
  return detail.find("exact set of") != std::string::npos ||
         detail.find("registered domain") != std::string::npos ||
         detail.find("already issued for") != std::string::npos ||
         detail.find("failed authorizations") != std::string::npos;
}

}  // namespace

bool loses_order(const acme::AcmeError& error) {
  return error.problem && !is_quick_to_pass(error.error_class) &&
         error.error_class != acme::ErrorClass::rate_limited;
}

// ---- From the wish to a recorded order

base::Result<kube::Outcome> Reconciler::Run::place_order(const Verdict& verdict) {
  verdict_ = verdict;
  // Placed a moment ago and not recorded, because a request in between failed: the same goes on.
  if (memory_.order &&
      (memory_.order->account_url != account_->session.account_url || !is_order_still_wanted())) {
    forget_order();
  }
  if (!memory_.order) {
    acme::NewOrder wanted{identifiers(), replaced_id(), account_->profile};
    auto answer = asked(account_->client->new_order(account_->session, wanted, owner_.stop_));
    // RFC 9773 §5: a predecessor that the server does not accept is no reason to fail.
    if (!answer && !wanted.replaces.empty() && acme::replaces_was_refused(answer.error())) {
      wanted.replaces.clear();
      answer = asked(account_->client->new_order(account_->session, wanted, owner_.stop_));
    }
    if (!answer) {
      if (auto end = look_at_account(answer.error())) return *std::move(end);
      certificate_.status.order.reset();  // that of an earlier attempt says nothing of this one
      return set_back(answer.error());
    }
    memory_.order.emplace();
    order().changed_at = steady_now();
    order().account_url = account_->session.account_url;
    order().order = std::move(answer->value);
  }
  if (auto end = fetch_authorizations()) return *std::move(end);
  return record_order();
}

// A server that refuses the account says so in several ways. The account itself is read, so that
// the issuer and its Certificates tell the cause, and nobody looks for it at the names.
std::optional<base::Result<kube::Outcome>> Reconciler::Run::look_at_account(
    const acme::AcmeError& refusal) {
  const bool is_suspect =
      refusal.problem && (refusal.error_class == acme::ErrorClass::unauthorized ||
                          refusal.error_class == acme::ErrorClass::malformed);
  if (!is_suspect) return std::nullopt;
  const auto account = asked(account_->client->get_account(account_->session, owner_.stop_));
  // A server that is busy, or is none of ACME just now, says nothing about the account.
  const bool is_lost =
      account ? account->value.status != acme::AccountStatus::valid : loses_order(account.error());
  if (!is_lost) return std::nullopt;
  spdlog::warn("{}: {}; its account {} is no good", name(), refusal.error.message,
               account_->session.account_url);
  owner_.accounts_.report_lost(issuer_key(), account_->session.account_url);
  return End(kube::Outcome::requeue(seconds(5)));  // woken when the issuer has looked at it
}

// The certID of the certificate that this order is to follow (RFC 9773 §5).
std::string Reconciler::Run::replaced_id() const {
  if (!account_->session.directory.has_renewal_info() || !memory_.secret) return {};
  const SecretContent content = read_content(*memory_.secret);
  if (!content.leaf || content.issuer_name != certificate_.spec.issuer_ref.name) return {};
  return acme::certificate_id(*content.leaf).value_or("");
}

std::optional<base::Result<kube::Outcome>> Reconciler::Run::fetch_authorizations() {
  if (order().order.status != acme::OrderStatus::pending) return std::nullopt;
  for (const std::string& url : order().order.authorization_urls) {
    std::vector<acme::Authorization>& known = order().authorizations;
    const bool is_known =
        std::any_of(known.begin(), known.end(), [&](const auto& one) { return one.url == url; });
    if (is_known) continue;
    if (has_had_its_time()) return End(kube::Outcome::requeue(Delay(1)));
    auto answer = asked(account_->client->get_authorization(account_->session, url, owner_.stop_));
    if (!answer) return set_back(answer.error());
    known.push_back(std::move(answer->value));
  }
  // Before anything of them is published.
  if (const base::Status ours = acme::check_authorizations(order().order, order().authorizations);
      !ours) {
    return fail({acme::ErrorClass::protocol, ours.error().message});
  }
  return std::nullopt;
}

// From here on a restart finds the order again, and the proxies can learn the tokens.
base::Result<kube::Outcome> Reconciler::Run::record_order() {
  const bool is_retry = certificate_.status.failed_issuance_attempts > 0;
  show_order(certificate_, *verdict_, order().order, order().authorizations, account_->session.key,
             order().account_url, now());
  if (const base::Status written = write_status(); !written) {
    return finish_write(written, kube::Outcome::await_change());
  }
  spdlog::info("{}: order {} placed: {}", name(), order().order.url, verdict_->message);
  if (!is_retry) {
    owner_.events_.normal(kube::reference_to(api::Certificate::type(), certificate_.metadata),
                          "Issuing", "Issuing", "issuing a certificate: " + verdict_->message);
  }
  memory_.setbacks = 0;
  return continue_order();
}

// ---- Going on with a recorded order

base::Result<kube::Outcome> Reconciler::Run::continue_order() {
  if (auto obstacle = find_issuer_obstacle(std::nullopt)) return *std::move(obstacle);
  if (certificate_.status.order->account_url != account_->session.account_url) {
    return drop_order("it belongs to another account");
  }
  if (is_renewal_requested_anew()) return drop_order("a new renewal is requested");
  if (const auto until = attempt_time()) {
    return kube::Outcome::requeue(std::chrono::ceil<Delay>(*until - now()));
  }
  if (auto wait = take_turn()) return *std::move(wait);
  if (!memory_.is_secret_known) {
    if (const base::Status read = read_secret(); !read) return base::failure(read.error());
  }
  if (memory_.secret && memory_.secret->type_name != kube::kTlsSecretType) {
    return drop_order("its Secret is now of another type");
  }
  std::optional<SecretContent> content;
  if (memory_.secret) content = read_content(*memory_.secret);
  if (content && is_stored(*content)) return conclude(*content);
  verdict_ = judge(content ? &*content : nullptr);
  if (auto end = recall_order()) return *std::move(end);
  if (!is_order_still_wanted()) return drop_order("spec wants other names");
  return take_steps();
}

// The way out of an order that is stuck.
bool Reconciler::Run::is_renewal_requested_anew() const {
  const api::CertificateStatus& status = certificate_.status;
  if (!is_renewal_requested()) return false;
  const std::string request = certificate_.metadata.annotation(api::kRenewRequestedAnnotation);
  if (request == status.order->renewal_request) return false;
  return !status.order->placed_at || now() - *status.order->placed_at >= kOrderOld;
}

bool Reconciler::Run::is_stored(const SecretContent& content) const {
  return content.order_url == certificate_.status.order->url && content.leaf &&
         content.private_key && content.pair_problem.empty();
}

// After a restart: the server knows how far it got.
std::optional<base::Result<kube::Outcome>> Reconciler::Run::recall_order() {
  const std::string& url = certificate_.status.order->url;
  if (memory_.order && memory_.order->order.url == url) return fetch_authorizations();
  auto answer = asked(account_->client->get_order(account_->session, url, owner_.stop_));
  if (!answer) return set_back(answer.error());
  memory_.order.emplace();
  order().changed_at = steady_now();
  order().account_url = certificate_.status.order->account_url;
  order().order = std::move(answer->value);
  order().retry_after = answer->retry_after;
  return fetch_authorizations();
}

bool Reconciler::Run::is_order_still_wanted() const {
  return acme::are_same_names(memory_.order->order.identifiers, identifiers());
}

void Reconciler::Run::forget_order() {
  memory_.order.reset();
  memory_.secret.reset();
  memory_.is_secret_known = false;
  memory_.waiting_since.reset();
  memory_.stored_at.reset();
  memory_.looks = 0;
  wait_for_proxies_no_more();
}

base::Result<kube::Outcome> Reconciler::Run::drop_order(const std::string& why) {
  dropped_order_url_ = certificate_.status.order->url;
  spdlog::info("{}: order {} is dropped: {}", name(), dropped_order_url_, why);
  forget_order();
  certificate_.status.order.reset();
  return decide();
}

base::Result<kube::Outcome> Reconciler::Run::take_steps() {
  for (int steps = 0; steps < kStepsMax; ++steps) {
    if (has_had_its_time()) return kube::Outcome::requeue(Delay(1));
    if (auto end = refresh_order()) return *std::move(end);
    acme::Progress progress;
    progress.is_published = [this](const acme::HttpChallenge& challenge) {
      return order().published.count(challenge.challenge_url) != 0;
    };
    progress.is_answered = [this](const acme::HttpChallenge& challenge) {
      return order().answered.count(challenge.challenge_url) != 0;
    };
    progress.polls = order().polls;
    progress.retry_after = order().retry_after;
    const acme::Step step = acme::next_step(order().order, order().authorizations, progress);
    if (auto end = std::visit([this](const auto& one) { return take(one); }, step)) {
      return *std::move(end);
    }
  }
  return fail({acme::ErrorClass::protocol, "the server leads the order in circles"});
}

// Asks for the order again, and for its authorizations where they can tell more.
std::optional<base::Result<kube::Outcome>> Reconciler::Run::refresh_order() {
  Memory::OrderMemory& memory = order();
  if (!memory.is_stale) return std::nullopt;
  if (steady_now() < memory.next_poll) {
    return End(kube::Outcome::requeue(std::chrono::ceil<Delay>(memory.next_poll - steady_now())));
  }
  if (auto end = read_order()) return end;
  if (memory.order.status == acme::OrderStatus::invalid) {
    read_reasons();
    return std::nullopt;
  }
  // Mostly the order alone tells enough. Every other time we look closer, for a failure that it
  // does not show yet.
  if (memory.order.status != acme::OrderStatus::pending || memory.polls % 2 == 0) {
    return fetch_authorizations();
  }
  std::vector<acme::Authorization>& all = memory.authorizations;
  const auto is_valid = [](const acme::Authorization& authorization) {
    return authorization.status == acme::AuthorizationStatus::valid;
  };
  all.erase(std::stable_partition(all.begin(), all.end(), is_valid), all.end());
  if (auto end = fetch_authorizations()) return end;
  if (std::all_of(all.begin(), all.end(), is_valid)) return read_order();
  return std::nullopt;
}

std::optional<base::Result<kube::Outcome>> Reconciler::Run::read_order() {
  Memory::OrderMemory& memory = order();
  auto answer =
      asked(account_->client->get_order(account_->session, memory.order.url, owner_.stop_));
  if (!answer) return set_back(answer.error());
  if (answer->value.status != memory.order.status) {
    memory.polls = 0;
    memory.changed_at = steady_now();
    memory_.setbacks = 0;
  }
  adopt(std::move(answer->value));
  memory.retry_after = answer->retry_after;
  memory.is_stale = false;
  return std::nullopt;
}

// What an order is for, and where its parts are, was checked when it was first seen and stays.
void Reconciler::Run::adopt(acme::Order newer) {
  acme::Order& known = order().order;
  newer.identifiers = std::move(known.identifiers);
  newer.authorization_urls = std::move(known.authorization_urls);
  newer.finalize_url = std::move(known.finalize_url);
  known = std::move(newer);
}

// The order is lost in any case; what can be learnt of the reason is learnt.
void Reconciler::Run::read_reasons() {
  order().authorizations.clear();
  for (const std::string& url : order().order.authorization_urls) {
    if (has_had_its_time()) return;
    auto answer = asked(account_->client->get_authorization(account_->session, url, owner_.stop_));
    if (answer) order().authorizations.push_back(std::move(answer->value));
  }
}

// ---- The end of an order

base::Result<kube::Outcome> Reconciler::Run::conclude(const SecretContent& content) {
  const base::CertificateInfo& leaf = *content.leaf;
  if (!memory_.stored_at) memory_.stored_at = steady_now();
  memory_.next_serving_look = steady_now();
  show_issued(certificate_, leaf, now());
  show_view(certificate_, content);
  look_at_serving(leaf);
  const bool is_worth_a_wait = memory_.serving.ready > 0 && !memory_.serving.is_all_heard();
  if (is_worth_a_wait && steady_now() - *memory_.stored_at < owner_.options_.serving_wait) {
    owner_.set_waiting(certificate_.metadata.key(), true);
    const int doublings = std::min(memory_.looks++, 5);
    return kube::Outcome::requeue(std::min(kLookFirst * (1 << doublings), milliseconds(500)));
  }
  look_at_renewal_info(leaf);
  if (const base::Status written = write_status(); !written) {
    return finish_write(written, kube::Outcome::await_change());
  }
  // The quick looks of the wait are over; from here on it is the pace of a served certificate.
  memory_.serving_looks = 1;
  if (memory_.next_serving_look && !memory_.serving.is_all_heard()) {
    memory_.next_serving_look = steady_now() + seconds(1);
  }
  if (memory_.secret) memory_.kept = std::make_shared<const kube::Secret>(*memory_.secret);
  forget_order();
  owner_.note_issued(issuer_key());
  owner_.metrics_.count_issued();
  spdlog::info("{}: issued serial {}, valid until {}", name(), leaf.serial,
               base::to_rfc3339(leaf.not_after));
  owner_.events_.normal(
      kube::reference_to(api::Certificate::type(), certificate_.metadata), "Issued", "Issuing",
      "issued a certificate into Secret " + secret_key().text() + ", serial " + leaf.serial);
  return kube::Outcome::requeue(until_next_look(leaf));
}

// An order ends, whatever the server does: at its `expires` (RFC 8555 §7.1.3), or after an hour in
// which nothing moved.
std::optional<base::Result<kube::Outcome>> Reconciler::Run::end_the_wait(
    const std::string& what_for) {
  Memory::OrderMemory& memory = order();
  if (memory.order.expires && now() >= *memory.order.expires) {
    return fail({acme::ErrorClass::other, "the order expired at " +
                                              base::to_rfc3339(*memory.order.expires) +
                                              " while we waited for " + what_for});
  }
  const auto still = steady_now() - memory.changed_at;
  if (still >= kStandstillMax) {
    return fail({acme::ErrorClass::other, "the order is given up: for an hour we waited for " +
                                              what_for + " and nothing changed"});
  }
  return std::nullopt;
}

bool Reconciler::Run::is_to_be_answered_again() const {
  const Memory::OrderMemory& memory = *memory_.order;
  return memory.order.status == acme::OrderStatus::pending && !memory.is_answered_again &&
         steady_now() - memory.changed_at >= kAnswerAgainAfter;
}

void Reconciler::Run::note_waiting(const std::string& what_for) {
  if (!memory_.waiting_since) memory_.waiting_since = steady_now();
  if (steady_now() - *memory_.waiting_since < kWaitUnsaid) return;
  if (steady_now() < memory_.next_word) return;
  memory_.next_word = steady_now() + kWordsApart;
  show_waiting(certificate_, what_for, now());
}

base::Result<kube::Outcome> Reconciler::Run::wait_for_proxies(const std::string& what_for) {
  owner_.set_waiting(certificate_.metadata.key(), true);
  note_waiting(what_for);
  const int doublings = std::min(memory_.looks++, 7);
  return finish_write(write_status(),
                      kube::Outcome::requeue(std::min(kLookFirst * (1 << doublings), kLookMax)));
}

// ---- What went wrong

base::Result<kube::Outcome> Reconciler::Run::set_back(const acme::AcmeError& error) {
  if (error.error.kind == base::ErrorKind::cancelled) return base::failure(error.error);
  if (error.error_class == acme::ErrorClass::account_does_not_exist) {
    spdlog::warn("{}: {}", name(), error.error.message);
    owner_.accounts_.report_lost(issuer_key(), account_->session.account_url);
    return kube::Outcome::requeue(seconds(60));  // woken when the issuer has made it good
  }
  // Whatever was lost on the way, the server knows how far it got.
  if (memory_.order) {
    order().is_stale = true;
    order().next_poll = steady_now();
  }
  const bool is_lost = loses_order(error);
  const bool is_soon = !error.error.retry_after || *error.error.retry_after <= seconds(2);
  if (!is_lost && is_quick_to_pass(error.error_class) && is_soon &&
      certificate_.status.failed_issuance_attempts == 0 && memory_.setbacks < kSilentSetbacksMax) {
    const milliseconds delay = std::max<milliseconds>(milliseconds(250) * (1 << memory_.setbacks++),
                                                      error.error.retry_after.value_or(seconds(0)));
    spdlog::info("{}: {}; trying again in {} ms", name(), error.error.message, delay.count());
    memory_.next_try = steady_now() + delay;
    return kube::Outcome::requeue(delay);
  }
  return fail({error.error_class, error.error.message, error.error.retry_after,
               is_lost || !has_order_under_way(certificate_.status), account_->session.account_url,
               is_about_names(error)});
}

// The API server refused the Secret. A refusal that only a person can undo belongs into status; for
// the rest the controller's back-off is enough.
base::Result<kube::Outcome> Reconciler::Run::set_back(const base::Error& error) {
  const bool needs_a_person =
      error.kind == base::ErrorKind::invalid || error.kind == base::ErrorKind::denied;
  if (!needs_a_person) return base::failure(error);
  return fail({acme::ErrorClass::other, error.message, std::nullopt, false});
}

base::Result<kube::Outcome> Reconciler::Run::fail(const Failure& failure) {
  const bool is_new = written_.failed_issuance_attempts == 0 ||
                      written_.last_failure_class != acme::name_of(failure.error_class);
  show_failure(certificate_, failure, verdict_, now());
  if (failure.is_order_lost) forget_order();
  if (failure.error_class == acme::ErrorClass::network) owner_.note_unwell(issuer_key());
  const base::Status written = write_status();
  if (!written) return finish_write(written, kube::Outcome::await_change());
  memory_.setbacks = 0;
  owner_.metrics_.count_failed();
  const kube::Condition* issuing =
      kube::find_condition(certificate_.status.conditions, api::kIssuing);
  if (is_new) {
    warn("Failed", issuing->message);
  } else {
    spdlog::warn("{}: {}", name(), issuing->message);
  }
  return kube::Outcome::requeue(
      std::chrono::ceil<Delay>(*certificate_.status.next_attempt_time - now()));
}

}  // namespace certificate
