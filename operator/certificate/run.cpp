#include "operator/certificate/run.h"

#include <algorithm>
#include <utility>

#include <nlohmann/json.hpp>
#include <spdlog/spdlog.h>

#include "operator/certificate/secret_writer.h"
#include "operator/issuer/attempt_text.h"

namespace certificate {

namespace {

using std::chrono::seconds;

// An issuer that is just being registered is not worth a word in status.
constexpr seconds kIssuerGrace{3};

}  // namespace

Reconciler::Run::Run(Reconciler& owner, Memory& memory, api::Certificate certificate)
    : owner_(owner),
      memory_(memory),
      certificate_(std::move(certificate)),
      written_(certificate_.status) {}

std::vector<acme::Identifier> Reconciler::Run::identifiers() const {
  std::vector<acme::Identifier> result;
  for (std::string& name : certificate_.dns_names()) result.push_back({"dns", std::move(name)});
  for (std::string& name : certificate_.ip_addresses()) result.push_back({"ip", std::move(name)});
  return result;
}

base::Result<kube::Outcome> Reconciler::Run::go() {
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
  return needs_reissue({certificate_, content, now()});
}

base::Result<kube::Outcome> Reconciler::Run::decide() {
  const auto secret = owner_.stores_.tls_secrets.get(secret_key());
  if (!secret) return start(*judge(nullptr));
  const SecretContent content = read_content(*secret);
  if (const auto verdict = judge(&content)) return start(*verdict);
  return keep(*secret, content);
}

// The store's view is old after our own write: the API server says whether it is still to be done.
std::optional<base::Result<kube::Outcome>> Reconciler::Run::renew_metadata() {
  if (const base::Status read = read_secret(); !read) return End(base::failure(read.error()));
  if (!memory_.secret || memory_.secret->type_name != kube::kTlsSecretType) return std::nullopt;
  if (has_wanted_metadata(certificate_, *memory_.secret, metadata_options())) return std::nullopt;
  const base::Status written =
      write_secret(secret_with_new_metadata(certificate_, *memory_.secret, metadata_options()));
  if (!written) return End(base::failure(written.error()));
  return std::nullopt;
}

// Nothing is wanted: say what there is, and when to look again.
base::Result<kube::Outcome> Reconciler::Run::keep(const kube::Secret& secret,
                                                  const SecretContent& content) {
  const base::CertificateInfo& leaf = *content.leaf;
  if (!has_wanted_metadata(certificate_, secret, metadata_options())) {
    if (const auto end = renew_metadata()) return *end;
  }
  forget_order();
  memory_.without_issuer_since.reset();
  show_ready(certificate_, leaf, now());
  look_at_renewal_info(leaf);
  look_at_serving(leaf);
  return finish_write(write_status(), kube::Outcome::requeue(until_next_look(leaf)));
}

base::Result<kube::Outcome> Reconciler::Run::start(const Verdict& verdict) {
  if (auto obstacle = find_obstacle(verdict)) return *std::move(obstacle);
  // Only what the API server itself says now may cost an order; a store may lag behind.
  auto fresh = owner_.client_.get<api::Certificate>(certificate_.metadata.key(), owner_.stop_);
  if (!fresh) {
    if (fresh.error().kind == base::ErrorKind::not_found) return kube::Outcome::await_change();
    return base::failure(fresh.error());
  }
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
  if (!memory_.secret) return place_order(*judge(nullptr));
  if (memory_.secret->type_name != kube::kTlsSecretType) {
    return block("SecretTypeConflict",
                 "Secret " + secret_key().text() + " is of type " + memory_.secret->type_name +
                     " and is left alone; delete it, or use another secretName",
                 verdict);
  }
  const SecretContent content = read_content(*memory_.secret);
  const auto confirmed = judge(&content);
  if (confirmed) return place_order(*confirmed);
  return keep(kube::Secret(*memory_.secret), content);
}

// What stands between the wish and an order.
std::optional<base::Result<kube::Outcome>> Reconciler::Run::find_obstacle(const Verdict& verdict) {
  if (const base::Status names = acme::check_identifiers(identifiers()); !names) {
    return block("InvalidNames", names.error().message, verdict);
  }
  if (auto obstacle = find_issuer_obstacle(verdict)) return obstacle;
  if (const auto until = wait_until(certificate_, now())) {
    return End(kube::Outcome::requeue(std::chrono::ceil<Delay>(*until - now())));
  }
  return std::nullopt;
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

base::Result<kube::Outcome> Reconciler::Run::block(const std::string& reason,
                                                   const std::string& message,
                                                   const std::optional<Verdict>& verdict) {
  const kube::Condition* before = kube::find_condition(written_.conditions, api::kIssuing);
  const bool is_new = !before || before->reason != reason;
  show_blocked(certificate_, reason, message, verdict, now());
  const base::Status written = write_status();
  if (written && is_new) {
    spdlog::warn("{} is not issued: {}", name(), message);
    owner_.events_.warning(kube::reference_to(api::Certificate::type(), certificate_.metadata),
                           reason, "Issuing", message);
  }
  // The change that removes the obstacle wakes us, save for a Secret of another type.
  return finish_write(written, reason == "SecretTypeConflict"
                                   ? kube::Outcome::requeue(std::chrono::minutes(1))
                                   : kube::Outcome::await_change());
}

}  // namespace certificate
