#include "operator/certificate/reconciler.h"

#include <algorithm>
#include <utility>

#include <nlohmann/json.hpp>
#include <spdlog/spdlog.h>

#include "operator/certificate/memory.h"
#include "operator/certificate/permission.h"
#include "operator/certificate/run.h"

namespace certificate {

namespace {

std::string index_value(const issuer::IssuerKey& key) {
  return key.text();
}

bool is_not_used(const kube::Condition& serving) {
  return serving.reason == "NotUsed";
}

std::vector<std::string> waits_of(const api::Certificate& certificate) {
  const auto& conditions = certificate.status.conditions;
  const kube::Condition* issuing = kube::find_condition(conditions, api::kIssuing);
  const kube::Condition* serving = kube::find_condition(conditions, api::kServing);
  std::vector<std::string> waits;
  if (certificate.status.order || (issuing && issuing->reason == kHostNotOwned)) {
    waits.emplace_back(kOnOwners);
  }
  if (serving && !is_not_used(*serving) && serving->status != kube::ConditionStatus::is_true) {
    waits.emplace_back(kOnProxies);
  }
  return waits;
}

bool is_ready_changed(const kube::ObjectChange<api::Issuer>& change) {
  if (!change.before || !change.after) return true;
  const kube::Condition* before = kube::find_condition(change.before->conditions, "Ready");
  const kube::Condition* after = kube::find_condition(change.after->conditions, "Ready");
  if (!before || !after) return before != after;
  return before->status != after->status || before->message != after->message;
}

}  // namespace

Reconciler::Reconciler(ReconcilerOptions options, Stores stores, kube::Client& client,
                       issuer::Accounts& accounts, DataPlane& data_plane, const base::Clock& clock,
                       kube::EventSink& events, issuer::RequestCounts& requests, Metrics& metrics,
                       std::stop_token stop)
    : context_{options,
               stores,
               client,
               accounts,
               data_plane,
               clock,
               events,
               requests,
               metrics,
               std::move(stop),
               issuer::Turns(issuer::Turns::Limits::of(options.workers)),
               issuer::OrderBudget(options.orders_of_an_issuer),
               IssuerHealth(clock)} {
  context_.stores.certificates.add_index(kBySecret, [](const api::Certificate& certificate) {
    const kube::ObjectKey secret{certificate.metadata.namespace_, certificate.spec.secret_name};
    return std::vector<std::string>{secret.text()};
  });
  context_.stores.certificates.add_index(kByIssuer, [](const api::Certificate& certificate) {
    const auto issuer =
        issuer::resolve(certificate.metadata.namespace_, certificate.spec.issuer_ref);
    return std::vector<std::string>{index_value(issuer)};
  });
  context_.stores.certificates.add_index(kByNames, [](const api::Certificate& certificate) {
    return std::vector<std::string>{names_digest(certificate)};
  });
  context_.stores.certificates.add_index(kByWait, waits_of);
  context_.stores.tls_secrets.add_index(kByCertificate, [](const kube::Secret& secret) {
    const std::string name = secret.metadata.annotation(api::kCertificateNameAnnotation);
    if (name.empty()) return std::vector<std::string>{};
    return std::vector<std::string>{kube::ObjectKey{secret.metadata.namespace_, name}.text()};
  });
}

Reconciler::~Reconciler() = default;

void Reconciler::wake_with(std::function<void(const kube::ObjectKey&)> enqueue) {
  enqueue_ = std::move(enqueue);
  context_.stores.certificates.add_sync_listener([this] { note_what_is_there(); });
  context_.turns.wake_with(enqueue_);
  context_.orders.wake_with(enqueue_);
  // Whoever shares a Secret waits for the older one to go.
  context_.stores.certificates.add_listener(
      [this](const kube::ObjectChange<api::Certificate>& change) {
        const bool is_same = change.before && change.after &&
                             change.before->metadata.uid == change.after->metadata.uid;
        if (change.before && !is_same) note_gone(change.before->metadata.uid);
        if (change.after) return;
        const kube::ObjectKey secret{change.key.namespace_, change.before->spec.secret_name};
        wake_all(context_.stores.certificates.find(kBySecret, secret.text()));
      });
  context_.stores.tls_secrets.add_listener([this](const kube::ObjectChange<kube::Secret>& change) {
    wake_all(context_.stores.certificates.find(kBySecret, change.key.text()));
    if (change.after && !change.after->value(kNextPrivateKeyKey).empty() && enqueue_) {
      enqueue_({change.key.namespace_,
                change.after->metadata.annotation(api::kCertificateNameAnnotation)});
    }
  });
  const auto wake_users = [this](const issuer::IssuerKey& key) {
    wake_all(context_.stores.certificates.find(kByIssuer, index_value(key)));
  };
  context_.issuer_health.on_well(wake_users);
  context_.accounts.on_ready(
      [this](const issuer::IssuerKey& key) { context_.issuer_health.note_well(key); });
  for (const bool is_cluster : {false, true}) {
    auto& issuers = is_cluster ? context_.stores.cluster_issuers : context_.stores.issuers;
    issuers.add_listener(
        [this, wake_users, is_cluster](const kube::ObjectChange<api::Issuer>& change) {
          const issuer::IssuerKey issuer{is_cluster, change.key};
          if (!change.after) {
            context_.turns.forget_issuer(issuer.text());
            context_.issuer_health.forget(issuer);
          }
          if (is_ready_changed(change)) wake_users(issuer);
        });
  }
}

void Reconciler::wake_all(
    const std::vector<std::shared_ptr<const api::Certificate>>& certificates) const {
  if (!enqueue_) return;
  for (const auto& certificate : certificates) enqueue_(certificate->metadata.key());
}

void Reconciler::on_proxy_acknowledged() {
  if (!enqueue_) return;
  for (const kube::ObjectKey& key : context_.proxy_waiters.all()) enqueue_(key);
}

void Reconciler::on_proxies_changed() {
  on_proxy_acknowledged();
  if (!enqueue_) return;
  const bool has_proxies = !context_.data_plane.proxies().empty();
  bool have_all_gone = false;
  {
    const std::lock_guard lock(mutex_);
    have_all_gone = std::exchange(has_proxies_, has_proxies) && !has_proxies;
  }
  // Where there are some, there may be the first one that can be asked.
  if (!have_all_gone) return wake_all(context_.stores.certificates.find(kByWait, kOnProxies));
  for (const auto& certificate : context_.stores.certificates.list()) {
    const kube::Condition* serving =
        kube::find_condition(certificate->status.conditions, api::kServing);
    if (!serving || is_not_used(*serving)) continue;
    if (serving->status == kube::ConditionStatus::is_true) enqueue_(certificate->metadata.key());
  }
}

void Reconciler::on_given_changed(const std::string& secret) {
  wake_all(context_.stores.certificates.find(kBySecret, secret));
}

void Reconciler::on_owners_changed() {
  wake_all(context_.stores.certificates.find(kByWait, kOnOwners));
}

void Reconciler::on_use_changed(const kube::ObjectKey& secret) {
  wake_all(context_.stores.certificates.find(kBySecret, secret.text()));
}

void Reconciler::on_uses_known() {
  wake_all(context_.stores.certificates.list());
}

void Reconciler::begin_to_lead() {
  {
    const std::lock_guard lock(mutex_);
    is_leading_ = true;
  }
  if (context_.stores.certificates.has_synced()) note_what_is_there();
}

void Reconciler::note_what_is_there() {
  std::set<std::string> there;
  for (const auto& certificate : context_.stores.certificates.list()) {
    if (certificate->status.revision == 0) there.insert(certificate->metadata.uid);
  }
  const std::lock_guard lock(mutex_);
  if (is_leading_ && !begun_by_others_) begun_by_others_ = std::move(there);
}

void Reconciler::note_gone(const std::string& uid) {
  const std::lock_guard lock(mutex_);
  if (begun_by_others_) begun_by_others_->erase(uid);
}

std::shared_ptr<Memory> Reconciler::memory_of(const api::Certificate& certificate) {
  const std::lock_guard lock(mutex_);
  auto& memory = memories_[certificate.metadata.key()];
  if (memory) return memory;
  memory = std::make_shared<Memory>();
  // Once: when this memory is forgotten, and made again, an order may have been begun meanwhile.
  const bool has_come = begun_by_others_ && certificate.status.revision == 0 &&
                        begun_by_others_->insert(certificate.metadata.uid).second;
  if (has_come) memory->past = Memory::Past::at_rest;
  return memory;
}

void Reconciler::forget(const kube::ObjectKey& key) {
  context_.metrics.forget(key);
  context_.turns.forget(key);
  context_.orders.release(key, context_.steady_now());
  context_.proxy_waiters.remove(key);
  context_.data_plane.forget(key);
  const std::lock_guard lock(mutex_);
  memories_.erase(key);
}

// A Certificate that was deleted in the middle of an order leaves the order's key in its Secret.
base::Status Reconciler::remove_leftover_key(const kube::ObjectKey& certificate) {
  if (!context_.stores.certificates.has_synced()) return {};
  for (const auto& secret : context_.stores.tls_secrets.find(kByCertificate, certificate.text())) {
    if (secret->value(kNextPrivateKeyKey).empty()) continue;
    // A store may lag behind, and the key of a living order is not to be lost.
    const auto living = context_.client.get(api::Certificate::type(), certificate, context_.stop);
    if (living) return {};
    if (living.error().kind != base::ErrorKind::not_found) return base::failure(living.error());
    spdlog::info("Certificate {} is gone: removing the key of its order from Secret {}",
                 certificate.text(), secret->metadata.key().text());
    const nlohmann::json patch = {{"data", {{kNextPrivateKeyKey, nullptr}}}};
    const auto written = context_.client.patch(kube::Secret::type(), secret->metadata.key(), patch,
                                               secret->metadata.resource_version, context_.stop);
    if (!written && written.error().kind != base::ErrorKind::not_found) {
      return base::failure(written.error());
    }
  }
  return {};
}

base::Result<kube::Outcome> Reconciler::reconcile(const kube::ObjectKey& key) {
  const auto stored = context_.stores.certificates.get(key);
  if (!stored || stored->metadata.is_being_deleted) {
    forget(key);
    if (stored) return kube::Outcome::await_change();
    if (const base::Status removed = remove_leftover_key(key); !removed) {
      return base::failure(removed.error());
    }
    return kube::Outcome::await_change();
  }
  if (context_.options.is_ours && !context_.options.is_ours(stored->spec.ingress_class)) {
    forget(key);
    return kube::Outcome::await_change();
  }
  const kube::ObjectKey secret{key.namespace_, stored->spec.secret_name};
  // Until then nobody knows whether proxies are to serve it; on_uses_known() brings it back.
  if (context_.options.is_used && !context_.options.is_used(secret)) {
    return kube::Outcome::await_change();
  }
  const auto memory = memory_of(*stored);
  return Run(context_, *memory, memory->own_writes.freshest(*stored)).go();
}

}  // namespace certificate
