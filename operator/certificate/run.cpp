#include "operator/certificate/run.h"

#include <algorithm>
#include <utility>

#include <nlohmann/json.hpp>
#include <spdlog/spdlog.h>

#include "kube/resources/ingress.h"
#include "operator/certificate/pace.h"
#include "operator/certificate/secret_writer.h"
#include "operator/issuer/attempt_text.h"

namespace certificate {

namespace {

using std::chrono::seconds;

// An issuer that is just being registered is not worth a word in status.
constexpr seconds kIssuerGrace{3};
// A place in the line is told after this long, and looked after without being called.
constexpr seconds kLineUnsaid{3};
constexpr seconds kLineLookAgain{30};
constexpr seconds kTimeOfATurn{10};
// As ingress status has it: how long what another controller wrote is left alone.
constexpr std::chrono::minutes kTruce{10};

}  // namespace

Reconciler::Run::Run(Reconciler& owner, Memory& memory, api::Certificate certificate)
    : owner_(owner),
      memory_(memory),
      certificate_(std::move(certificate)),
      written_(certificate_.status),
      began_(owner.clock_.steady_now()) {}

std::vector<acme::Identifier> Reconciler::Run::identifiers() const {
  std::vector<acme::Identifier> result;
  for (std::string& name : certificate_.dns_names()) result.push_back({"dns", std::move(name)});
  for (std::string& name : certificate_.ip_addresses()) result.push_back({"ip", std::move(name)});
  return result;
}

base::Result<kube::Outcome> Reconciler::Run::go() {
  if (!certificate_.problem.empty()) {
    // The definition let it pass and we cannot read it: its author is told where they look.
    const Verdict verdict{"InvalidSpec", certificate_.problem};
    certificate_.status.observed_generation = certificate_.metadata.generation;
    return block(verdict.reason, verdict.message, verdict);
  }
  if (const auto claimant = older_claimant()) {
    const Verdict verdict{"SecretConflict", "Secret " + secret_key().text() + " belongs to " +
                                                claimant->display_name() +
                                                ", which is older; use another secretName"};
    return block(verdict.reason, verdict.message, verdict);
  }
  if (steady_now() < memory_.next_try) {
    return kube::Outcome::requeue(std::chrono::ceil<Delay>(memory_.next_try - steady_now()));
  }
  if (has_order_under_way(certificate_.status)) return continue_order();
  return decide();
}

// Two owners of one Secret would order against each other for ever: the older one has it.
std::shared_ptr<const api::Certificate> Reconciler::Run::older_claimant() const {
  const auto is_older = [](const kube::ObjectMeta& left, const kube::ObjectMeta& right) {
    return std::pair(left.creation_timestamp, left.key()) <
           std::pair(right.creation_timestamp, right.key());
  };
  for (const auto& other : owner_.stores_.certificates.find(kBySecret, secret_key().text())) {
    if (other->metadata.is_being_deleted) continue;
    if (is_older(other->metadata, certificate_.metadata)) return other;
  }
  return nullptr;
}

std::optional<Verdict> Reconciler::Run::judge(const SecretContent* content) const {
  const auto account = owner_.accounts_.find(issuer_key());
  return needs_reissue(
      {certificate_, content, now(), account ? account->client->directory_url() : std::string()});
}

base::Result<kube::Outcome> Reconciler::Run::decide() {
  const auto secret = owner_.stores_.tls_secrets.get(secret_key());
  if (!secret) return start(*judge(nullptr));
  const SecretContent content = read_content(*secret);
  if (const auto verdict = judge(&content)) return start(*verdict);
  const std::string& order = certificate_.status.last_order_url;
  if (!order.empty() && content.order_url == order) memory_.kept = secret;
  return keep(*secret, content);
}

// The store's view is old after our own write: the API server says whether it is still to be done.
std::optional<base::Result<kube::Outcome>> Reconciler::Run::renew_metadata(bool is_edited) {
  if (const base::Status read = read_secret(); !read) return End(base::failure(read.error()));
  if (!memory_.secret || memory_.secret->type_name != kube::kTlsSecretType) return std::nullopt;
  if (!is_edited && has_wanted_metadata(certificate_, *memory_.secret, metadata_options())) {
    return std::nullopt;
  }
  const base::Status written =
      write_secret(secret_with_new_metadata(certificate_, *memory_.secret, metadata_options()));
  if (!written) return End(base::failure(written.error()));
  return std::nullopt;
}

// Nothing is wanted: say what there is, and when to look again.
base::Result<kube::Outcome> Reconciler::Run::keep(const kube::Secret& secret,
                                                  const SecretContent& content) {
  const base::CertificateInfo& leaf = *content.leaf;
  // A change of spec may have taken something out of secretTemplate: an apply without it removes
  // it.
  const bool is_kept_by_us =
      secret.metadata.annotation(api::kCertificateNameAnnotation) == certificate_.metadata.name;
  const bool is_edited =
      is_kept_by_us && certificate_.status.observed_generation != certificate_.metadata.generation;
  if (!is_foreign(content) &&
      (is_edited || !has_wanted_metadata(certificate_, secret, metadata_options()))) {
    if (const auto end = renew_metadata(is_edited)) return *end;
  }
  forget_order();
  memory_.without_issuer_since.reset();
  show_ready(certificate_, leaf, now());
  show_view(certificate_, content);
  look_at_renewal_info(leaf);
  look_at_serving(leaf);
  return finish_write(write_status(), kube::Outcome::requeue(until_next_look(leaf)));
}

// ---- A Secret that others write, too

// What was issued is known and still wanted: it is written again, and costs no order. Once in a
// while, that is: two controllers that both insist would else write for ever.
std::optional<base::Result<kube::Outcome>> Reconciler::Run::put_back() {
  if (!memory_.kept) return std::nullopt;
  const SecretContent issued = read_content(*memory_.kept);
  if (judge(&issued)) return std::nullopt;
  if (const base::Status read = read_secret(); !read) return End(base::failure(read.error()));
  std::optional<Verdict> verdict;
  if (memory_.secret) {
    if (memory_.secret->type_name != kube::kTlsSecretType) return std::nullopt;
    const SecretContent present = read_content(*memory_.secret);
    verdict = judge(&present);
    if (!verdict) return keep(kube::Secret(*memory_.secret), present);
  } else {
    verdict = judge(nullptr);
    // To delete the Secret is how people ask for a new key. They get one, at the pace of orders.
    if (!paced_until(certificate_.status, now(), chance())) return std::nullopt;
  }
  if (steady_now() < memory_.truce_until) {
    return leave_to_others(*verdict, std::chrono::ceil<Delay>(memory_.truce_until - steady_now()));
  }
  return write_again();
}

base::Result<kube::Outcome> Reconciler::Run::write_again() {
  const bool is_deleted = !memory_.secret;
  const std::string writers = memory_.secret_writers;
  kube::Secret wanted = *memory_.kept;
  wanted.metadata.resource_version = is_deleted ? "" : memory_.secret->metadata.resource_version;
  const base::Status written =
      write_secret(secret_with_new_metadata(certificate_, wanted, metadata_options()));
  if (!written) return set_back(written.error());
  memory_.truce_until = steady_now() + kTruce;
  warn(kSecretContested,
       "Secret " + secret_key().text() + " was " +
           (is_deleted ? std::string("deleted again")
                       : "changed by " + (writers.empty() ? "somebody" : writers)) +
           "; what was issued into it, serial " + certificate_.status.serial_number +
           ", is written again and no new one is ordered");
  const SecretContent content = read_content(*memory_.secret);
  return keep(kube::Secret(*memory_.secret), content);
}

base::Result<kube::Outcome> Reconciler::Run::leave_to_others(const Verdict& verdict,
                                                             Delay look_again) {
  const std::string& writers = memory_.secret_writers;
  return block(kSecretContested,
               verdict.message + "; " + (writers.empty() ? "somebody else" : writers) +
                   " writes it, too, and it is left so for now; remedy: let one program alone keep "
                   "this Secret, or use another secretName",
               verdict, look_again);
}

base::Result<kube::Outcome> Reconciler::Run::start(const Verdict& verdict) {
  if (auto end = put_back()) return *std::move(end);
  if (auto obstacle = find_obstacle(verdict)) return *std::move(obstacle);
  // Only what the API server itself says now may cost an order; a store may lag behind.
  const auto object =
      owner_.client_.get(api::Certificate::type(), certificate_.metadata.key(), owner_.stop_);
  if (!object) {
    if (object.error().kind == base::ErrorKind::not_found) return kube::Outcome::await_change();
    return base::failure(object.error());
  }
  auto fresh = api::Certificate::from_json(*object);
  if (!fresh) return base::failure(fresh.error());  // the change is on its way to us
  if (fresh->metadata.resource_version != certificate_.metadata.resource_version) {
    memory_.own_writes.add(certificate_.metadata.resource_version, *fresh);
    certificate_ = *std::move(fresh);
    written_ = certificate_.status;
    if (certificate_.metadata.is_being_deleted) return kube::Outcome::await_change();
    const bool is_dropped =
        certificate_.status.order && certificate_.status.order->url == dropped_order_url_;
    if (has_order_under_way(certificate_.status) && !is_dropped) return continue_order();
    if (is_dropped) certificate_.status.order.reset();
    if (auto obstacle = find_obstacle(verdict)) return *std::move(obstacle);
  }
  if (const base::Status read = read_secret(); !read) return base::failure(read.error());
  if (!memory_.secret) return begin(*judge(nullptr));
  if (memory_.secret->type_name != kube::kTlsSecretType) {
    return block("SecretTypeConflict",
                 "Secret " + secret_key().text() + " is of type " + memory_.secret->type_name +
                     " and is left alone; delete it, or use another secretName",
                 verdict, std::chrono::minutes(1));  // only TLS Secrets are watched
  }
  const SecretContent content = read_content(*memory_.secret);
  const auto confirmed = judge(&content);
  if (!confirmed) return keep(kube::Secret(*memory_.secret), content);
  // Not in our memory any more, and good enough: until its renewal nothing is gained by a new one.
  if (confirmed->reason == kSecretContested && confirmed->is_usable_meanwhile &&
      !is_renewal_requested() && certificate_.status.renewal_time &&
      now() < *certificate_.status.renewal_time) {
    return leave_to_others(*confirmed,
                           std::chrono::ceil<Delay>(*certificate_.status.renewal_time - now()));
  }
  if (is_foreign(content)) {
    return block("SecretNotOurs",
                 confirmed->message + "; Secret " + secret_key().text() +
                     " holds a certificate of \"" + content.leaf->issuer +
                     "\" that nobody gave into our keeping, so it is left alone; remedy: use "
                     "another secretName, delete the Secret, or annotate it with " +
                     api::kCertificateNameAnnotation + "=" + certificate_.metadata.name,
                 confirmed);
  }
  return begin(*confirmed);
}

// An order, unless it is one of too many within a day.
base::Result<kube::Outcome> Reconciler::Run::begin(const Verdict& verdict) {
  const auto until = paced_until(certificate_.status, now(), chance());
  if (!until) return place_order(verdict);
  const kube::Condition* before = kube::find_condition(written_.conditions, api::kIssuing);
  const bool is_new = !before || before->reason != kIssuedTooOften;
  show_held_back(certificate_, *until, verdict, now());
  const base::Status written = write_status();
  if (written && is_new) {
    warn(kIssuedTooOften,
         kube::find_condition(certificate_.status.conditions, api::kIssuing)->message);
  }
  return finish_write(written, kube::Outcome::requeue(std::chrono::ceil<Delay>(*until - now())));
}

// What stands between the wish and an order.
std::optional<base::Result<kube::Outcome>> Reconciler::Run::find_obstacle(const Verdict& verdict) {
  if (const base::Status names = acme::check_identifiers(identifiers()); !names) {
    return block("InvalidNames", names.error().message, verdict);
  }
  if (auto obstacle = find_issuer_obstacle(verdict)) return obstacle;
  if (const auto until = attempt_time()) {
    return End(kube::Outcome::requeue(std::chrono::ceil<Delay>(*until - now())));
  }
  return take_turn();
}

std::optional<base::Result<kube::Outcome>> Reconciler::Run::find_issuer_obstacle(
    const std::optional<Verdict>& verdict) {
  const issuer::IssuerKey key = issuer_key();
  account_ = owner_.accounts_.find(key);
  if (account_) {
    memory_.without_issuer_since.reset();
    return std::nullopt;
  }
  if (!memory_.without_issuer_since) memory_.without_issuer_since = steady_now();
  const auto waited = steady_now() - *memory_.without_issuer_since;
  if (waited < kIssuerGrace) {
    return End(kube::Outcome::requeue(std::chrono::ceil<Delay>(kIssuerGrace - waited)));
  }
  const auto issuer =
      (key.is_cluster_issuer ? owner_.stores_.cluster_issuers : owner_.stores_.issuers)
          .get(key.key);
  if (!issuer) return block("IssuerNotFound", key.text() + " does not exist", verdict);
  const kube::Condition* ready = kube::find_condition(issuer->conditions, "Ready");
  // Without the time of its next attempt, or each of them would be a write to every Certificate.
  const std::string why = ready && ready->status == kube::ConditionStatus::is_false
                              ? issuer::what_failed(ready->message)
                              : "its account is not registered yet";
  return block("IssuerNotReady", key.text() + " is not ready: " + why, verdict);
}

// A back-off that came from a server that did not answer ends when it does.
std::optional<base::WallTime> Reconciler::Run::attempt_time() const {
  const auto until = wait_until(certificate_, now(), account_->session.account_url);
  const api::CertificateStatus& status = certificate_.status;
  if (!until || !status.last_failure_time) return until;
  const bool is_of_the_server =
      status.last_failure_class == acme::name_of(acme::ErrorClass::network);
  if (is_of_the_server && owner_.is_well_since(issuer_key(), *status.last_failure_time)) {
    return std::nullopt;
  }
  return until;
}

// One issuer's server that hangs is not to hold every worker.
std::optional<base::Result<kube::Outcome>> Reconciler::Run::take_turn() {
  if (turn_) return std::nullopt;
  const std::string issuer = issuer_key().text();
  if (auto turn = owner_.turns_.take(issuer, certificate_.metadata.key())) {
    turn_.emplace(*std::move(turn));
    memory_.in_line_since.reset();
    return std::nullopt;
  }
  if (!memory_.in_line_since) memory_.in_line_since = steady_now();
  const auto waited = steady_now() - *memory_.in_line_since;
  if (waited < kLineUnsaid) return End(kube::Outcome::requeue(kLineUnsaid));
  // Without a number: it would be a write of every certificate in the line for each that leaves it.
  show_waiting(certificate_,
               owner_.turns_.is_silent(issuer)
                   ? issuer +
                         ": its server did not answer, so it is asked for one certificate at "
                         "a time"
                   : issuer + ": its server is busy with other certificates",
               now());
  return finish_write(write_status(), kube::Outcome::requeue(kLineLookAgain));
}

void Reconciler::Run::note_failure(const acme::AcmeError& error) {
  const bool is_unheard = error.error_class == acme::ErrorClass::network &&
                          error.error.kind == base::ErrorKind::unavailable;
  if (is_unheard) {
    turn_->note_silence();
  } else if (error.problem) {
    turn_->note_answer();
  }
}

// Status remembers what we issued, also where somebody took our annotations from the Secret.
bool Reconciler::Run::is_foreign(const SecretContent& content) const {
  const api::CertificateStatus& status = certificate_.status;
  const bool is_issued_by_us = status.revision > 0 && content.leaf &&
                               content.leaf->fingerprint_sha256 == status.fingerprint_sha256;
  return content.is_foreign() && !is_issued_by_us;
}

bool Reconciler::Run::is_renewal_requested() const {
  const std::string request = certificate_.metadata.annotation(api::kRenewRequestedAnnotation);
  return !request.empty() && request != certificate_.status.last_renewal_request;
}

// A server that is slow with each of a hundred answers gives way to others in between.
bool Reconciler::Run::has_had_its_time() const {
  return steady_now() - began_ > kTimeOfATurn;
}

base::Result<kube::Outcome> Reconciler::Run::block(const std::string& reason,
                                                   const std::string& message,
                                                   const std::optional<Verdict>& verdict,
                                                   std::optional<Delay> look_again) {
  const kube::Condition* before = kube::find_condition(written_.conditions, api::kIssuing);
  const bool is_new = !before || before->reason != reason;
  show_blocked(certificate_, reason, message, verdict, now());
  const base::Status written = write_status();
  if (written && is_new) warn(reason, message);
  // The change that removes the obstacle wakes us, save where somebody says when to look.
  return finish_write(
      written, look_again ? kube::Outcome::requeue(*look_again) : kube::Outcome::await_change());
}

void Reconciler::Run::warn(const std::string& reason, const std::string& message) {
  spdlog::warn("{}: {}", name(), message);
  owner_.events_.warning(kube::reference_to(api::Certificate::type(), certificate_.metadata),
                         reason, "Issuing", message);
  // Whoever wrote the Ingress looks there.
  for (const kube::OwnerReference& owner : certificate_.metadata.owner_references) {
    if (owner.kind != kube::Ingress::type().kind) continue;
    kube::ObjectMeta ingress;
    ingress.name = owner.name;
    ingress.namespace_ = certificate_.metadata.namespace_;
    ingress.uid = owner.uid;
    owner_.events_.warning(kube::reference_to(kube::Ingress::type(), ingress),
                           "CertificateNotIssued", "Issuing",
                           name() + ": " + reason + ": " + message);
  }
}

}  // namespace certificate
