#include "operator/certificate/issuance.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include <spdlog/spdlog.h>

#include "acme/order_check.h"
#include "acme/renewal_info.h"
#include "operator/certificate/order_schedule.h"
#include "operator/certificate/pace.h"

namespace certificate {

namespace {

using std::chrono::seconds;

}  // namespace

Issuance::Issuance(Context& context, Memory& memory, Record& record, IssuerAccess& issuer,
                   Permission& permission, ServingWatch& serving, RenewalInfoWatch& renewal_info)
    : context_(context),
      memory_(memory),
      record_(record),
      issuer_(issuer),
      permission_(permission),
      serving_(serving),
      renewal_info_(renewal_info) {}

// ---- From the wish to a recorded order

// Placed a moment ago and not recorded, because a request in between failed: the same goes on.
bool Issuance::has_begun() {
  if (memory_.order &&
      (memory_.order->account_url != account().session.account_url || !is_still_wanted())) {
    forget();
  }
  return memory_.begun_at.has_value();
}

std::optional<End> Issuance::begin(const Verdict& verdict) {
  const bool is_told = is_told_already(verdict);
  // As status has it. The answer to the write may lack it: an older definition knows no such field.
  const base::WallTime begun_at = std::chrono::floor<seconds>(now());
  show_begun(certificate(), verdict, begun_at);
  if (!is_told) {
    const base::Status written = record_.write_status();
    if (!written) return Record::after_write(written, kube::Outcome::await_change());
  }
  memory_.past = Memory::Past::spent;
  memory_.begun_at = begun_at;
  context_.order_history.note_begun(account().session.account_url, certificate(), begun_at);
  return std::nullopt;
}

// The one order that needs no write of its own: the object tells of it (that it is there, when it
// is to be renewed, that somebody asked for it), nobody else can have placed it, and an operator
// that comes after a crash will count it as placed, for it finds the same status.
bool Issuance::is_told_already(const Verdict& verdict) const {
  return memory_.past == Memory::Past::at_rest && has_order_in_doubt(status()) &&
         (verdict.reason == kRenewing || verdict.reason == kManuallyTriggered ||
          status().revision == 0);
}

std::optional<End> Issuance::place(const Verdict& verdict) {
  verdict_ = verdict;
  const auto& begun = status().begun_orders;
  if (memory_.begun_at && (begun.empty() || begun.back() != *memory_.begun_at)) {
    show_begun(certificate(), verdict, *memory_.begun_at);
  }
  if (!memory_.order) {
    acme::NewOrder wanted{record_.identifiers(), replaced_id(), account().profile};
    auto answer =
        issuer_.asked(account().client->new_order(account().session, wanted, context_.stop));
    // RFC 9773 §5: a predecessor that the server does not accept is no reason to fail.
    if (!answer && !wanted.replaces.empty() && acme::replaces_was_refused(answer.error())) {
      wanted.replaces.clear();
      answer = issuer_.asked(account().client->new_order(account().session, wanted, context_.stop));
    }
    if (!answer) {
      record_.status().order.reset();  // that of an earlier attempt says nothing of this one
      const acme::ErrorClass what = answer.error().error_class;
      if (what == acme::ErrorClass::protocol || what == acme::ErrorClass::malformed) {
        issuer_.report_doubtful();
      }
      return set_back(answer.error());
    }
    // As from a cache in between: what it leads to is issued already, and nothing would be new.
    if (answer->value.url == status().last_order_url) {
      return fail({acme::ErrorClass::protocol, "the server answered with the order " +
                                                   answer->value.url +
                                                   " again, whose certificate is issued already"});
    }
    memory_.order = Memory::Order{};
    order().changed_at = steady_now();
    order().account_url = account().session.account_url;
    order().order = std::move(answer->value);
    order().was_born_expired = order().order.expires && *order().order.expires <= now();
  }
  if (auto end = fetch_authorizations()) return end;
  return record_order();
}

// A server that refuses the account says so in several ways. The account itself is read, so that
// the issuer and its Certificates tell the cause, and nobody looks for it at the names.
std::optional<End> Issuance::look_at_account(const acme::AcmeError& refusal) {
  const bool is_suspect =
      refusal.problem && (refusal.error_class == acme::ErrorClass::unauthorized ||
                          refusal.error_class == acme::ErrorClass::malformed);
  if (!is_suspect) return std::nullopt;
  const auto read = issuer_.asked(account().client->get_account(account().session, context_.stop));
  // A server that is busy, or is none of ACME just now, says nothing about the account.
  const bool is_lost =
      read ? read->value.status != acme::AccountStatus::valid : loses_order(read.error());
  if (!is_lost) return std::nullopt;
  spdlog::warn("{}: {}; its account {} is no good", record_.name(), refusal.error.message,
               account().session.account_url);
  issuer_.report_lost();
  return End(kube::Outcome::requeue(seconds(5)));  // woken when the issuer has looked at it
}

// The certID of the certificate that this order is to follow (RFC 9773 §5).
std::string Issuance::replaced_id() const {
  const auto& secret = memory_.secret.present;
  if (!account().session.directory.has_renewal_info() || !secret) return {};
  const SecretContent content = read_content(*secret);
  const api::CertificateSpec& spec = record_.certificate().spec;
  if (!content.leaf || content.issuer_name != spec.issuer_ref.name) return {};
  // Another server knows nothing of it.
  if (!content.server.empty() && content.server != account().client->directory_url()) return {};
  return acme::certificate_id(*content.leaf).value_or("");
}

std::optional<End> Issuance::fetch_authorizations() {
  if (order().order.status != acme::OrderStatus::pending) return std::nullopt;
  for (const std::string& url : order().order.authorization_urls) {
    std::vector<acme::Authorization>& known = order().authorizations;
    const bool is_known =
        std::any_of(known.begin(), known.end(), [&](const auto& one) { return one.url == url; });
    if (is_known) continue;
    if (issuer_.has_had_its_time()) return End(kube::Outcome::requeue(Delay(1)));
    auto answer =
        issuer_.asked(account().client->get_authorization(account().session, url, context_.stop));
    if (!answer) return set_back(answer.error());
    known.push_back(with_first_challenge(std::move(answer->value)));
  }
  // Before anything of them is published.
  if (const base::Status ours = acme::check_authorizations(order().order, order().authorizations);
      !ours) {
    return fail({acme::ErrorClass::protocol, ours.error().message});
  }
  return std::nullopt;
}

// A server that names another challenge each time would else be followed for ever, and the proxies
// answer the first.
acme::Authorization Issuance::with_first_challenge(acme::Authorization authorization) {
  const auto seen = acme::http_challenge(authorization);
  if (!seen) return authorization;
  const auto [first, is_new] = order().challenges.try_emplace(authorization.url, *seen);
  if (is_new) return authorization;
  for (acme::Challenge& challenge : authorization.challenges) {
    if (challenge.url != seen->challenge_url || challenge.token != seen->token) continue;
    challenge.url = first->second.challenge_url;
    challenge.token = first->second.token;
  }
  return authorization;
}

// From here on a restart finds the order again, and the proxies can learn the tokens.
std::optional<End> Issuance::record_order() {
  const bool is_retry = status().failed_issuance_attempts > 0;
  show_order(certificate(), *verdict_, order().order, order().authorizations, account().session.key,
             order().account_url, now());
  if (const base::Status written = record_.write_status(); !written) {
    return Record::after_write(written, kube::Outcome::await_change());
  }
  spdlog::info("{}: order {} placed: {}", record_.name(), order().order.url, verdict_->message);
  if (!is_retry) {
    context_.events.normal(kube::reference_to(api::Certificate::type(), certificate().metadata),
                           "Issuing", "Issuing", "issuing a certificate: " + verdict_->message);
  }
  memory_.setbacks = 0;
  memory_.begun_at.reset();
  return go_on();
}

// ---- Going on with a recorded order

std::optional<End> Issuance::go_on() {
  if (auto end = permission_.of_hosts(std::nullopt)) return end;
  if (auto end = permission_.of_issuer(std::nullopt)) return end;
  if (status().order->account_url != account().session.account_url) {
    return drop("it belongs to another account");
  }
  if (is_renewal_requested_anew()) return drop("a new renewal is requested");
  if (auto end = permission_.of_back_off()) return end;
  if (auto end = permission_.of_turn(issuer::Turns::Purpose::step)) return end;
  if (!memory_.secret.is_known) {
    if (const base::Status read = record_.read_secret(); !read) return base::failure(read.error());
  }
  const auto& secret = memory_.secret.present;
  if (secret && secret->type_name != kube::kTlsSecretType) {
    return drop("its Secret is now of another type");
  }
  std::optional<SecretContent> content;
  if (secret) content = read_content(*secret);
  if (content && is_stored(*content)) return conclude(*content);
  verdict_ = record_.judge(content ? &*content : nullptr);
  if (auto end = recall_order()) return end;
  if (!is_still_wanted()) return drop("spec wants other names");
  return take_steps();
}

// The way out of an order that is stuck.
bool Issuance::is_renewal_requested_anew() const {
  if (!record_.is_renewal_requested()) return false;
  const std::string request =
      record_.certificate().metadata.annotation(api::kRenewRequestedAnnotation);
  if (request == status().order->renewal_request) return false;
  return may_give_up_for_a_wish(status().order->placed_at, now());
}

bool Issuance::is_stored(const SecretContent& content) const {
  return content.order_url == status().order->url && content.leaf && content.key &&
         content.pair_problem.empty();
}

// After a restart: the server knows how far it got.
std::optional<End> Issuance::recall_order() {
  const std::string& url = status().order->url;
  if (memory_.order && memory_.order->order.url == url) return fetch_authorizations();
  auto answer = issuer_.asked(account().client->get_order(account().session, url, context_.stop));
  if (!answer) return set_back(answer.error());
  memory_.order = Memory::Order{};
  order().changed_at = steady_now();
  order().account_url = status().order->account_url;
  order().order = std::move(answer->value);
  const auto& [expires, placed_at] = std::pair(status().order->expires, status().order->placed_at);
  order().was_born_expired = expires && placed_at && *expires <= *placed_at;
  order().retry_after = answer->retry_after;
  return fetch_authorizations();
}

bool Issuance::is_still_wanted() const {
  return acme::are_same_names(memory_.order->order.identifiers, record_.identifiers());
}

void Issuance::forget() {
  memory_.order.reset();
  memory_.begun_at.reset();
  memory_.secret.present.reset();
  memory_.secret.is_known = false;
  memory_.wait.since.reset();
  memory_.wait.looks = 0;
  memory_.stored_at.reset();
  context_.proxy_waiters.remove(record_.key());
}

std::nullopt_t Issuance::drop(const std::string& why) {
  dropped_url_ = status().order->url;
  spdlog::info("{}: order {} is dropped: {}", record_.name(), dropped_url_, why);
  forget();
  record_.status().order.reset();
  return std::nullopt;
}

}  // namespace certificate
