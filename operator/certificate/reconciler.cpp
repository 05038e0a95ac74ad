#include "operator/certificate/reconciler.h"

#include <algorithm>
#include <utility>

#include <nlohmann/json.hpp>
#include <spdlog/spdlog.h>

#include "operator/certificate/run.h"

namespace certificate {

namespace {

std::string index_value(const issuer::IssuerKey& key) {
  return key.text();
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
    : options_(options),
      stores_(stores),
      client_(client),
      accounts_(accounts),
      data_plane_(data_plane),
      clock_(clock),
      events_(events),
      requests_(requests),
      metrics_(metrics),
      stop_(std::move(stop)),
      turns_(issuer::Turns::Limits::of(options_.workers)) {
  stores_.certificates.add_index(kBySecret, [](const api::Certificate& certificate) {
    const kube::ObjectKey secret{certificate.metadata.namespace_, certificate.spec.secret_name};
    return std::vector<std::string>{secret.text()};
  });
  stores_.certificates.add_index(kByIssuer, [](const api::Certificate& certificate) {
    const auto issuer =
        issuer::resolve(certificate.metadata.namespace_, certificate.spec.issuer_ref);
    return std::vector<std::string>{index_value(issuer)};
  });
  stores_.tls_secrets.add_index(kByCertificate, [](const kube::Secret& secret) {
    const std::string name = secret.metadata.annotation(api::kCertificateNameAnnotation);
    if (name.empty()) return std::vector<std::string>{};
    return std::vector<std::string>{kube::ObjectKey{secret.metadata.namespace_, name}.text()};
  });
}

Reconciler::~Reconciler() = default;

void Reconciler::wake_with(std::function<void(const kube::ObjectKey&)> enqueue) {
  enqueue_ = std::move(enqueue);
  turns_.wake_with(enqueue_);
  // Whoever shares a Secret waits for the older one to go.
  stores_.certificates.add_listener([this](const kube::ObjectChange<api::Certificate>& change) {
    if (change.after) return;
    const kube::ObjectKey secret{change.key.namespace_, change.before->spec.secret_name};
    wake_all(stores_.certificates.find(kBySecret, secret.text()));
  });
  stores_.tls_secrets.add_listener([this](const kube::ObjectChange<kube::Secret>& change) {
    wake_all(stores_.certificates.find(kBySecret, change.key.text()));
    if (change.after && !change.after->value(kNextPrivateKeyKey).empty() && enqueue_) {
      enqueue_({change.key.namespace_,
                change.after->metadata.annotation(api::kCertificateNameAnnotation)});
    }
  });
  const auto wake_users = [this](const issuer::IssuerKey& key) {
    wake_all(stores_.certificates.find(kByIssuer, index_value(key)));
  };
  accounts_.on_ready([this](const issuer::IssuerKey& key) { note_well(key); });
  for (const bool is_cluster : {false, true}) {
    auto& issuers = is_cluster ? stores_.cluster_issuers : stores_.issuers;
    issuers.add_listener([wake_users, is_cluster](const kube::ObjectChange<api::Issuer>& change) {
      if (is_ready_changed(change)) wake_users({is_cluster, change.key});
    });
  }
}

void Reconciler::note_unwell(const issuer::IssuerKey& issuer) {
  const std::lock_guard lock(mutex_);
  unwell_.insert(issuer);
}

void Reconciler::note_issued(const issuer::IssuerKey& issuer) {
  {
    const std::lock_guard lock(mutex_);
    if (unwell_.count(issuer) == 0) return;
  }
  note_well(issuer);
}

void Reconciler::note_well(const issuer::IssuerKey& issuer) {
  {
    const std::lock_guard lock(mutex_);
    // Older ones are of no use: no back-off is longer.
    std::erase_if(well_since_, [this](const auto& entry) {
      return entry.second + std::chrono::hours(7 * 24) < clock_.now();
    });
    well_since_[issuer] = clock_.now();
    unwell_.erase(issuer);
  }
  wake_all(stores_.certificates.find(kByIssuer, index_value(issuer)));
}

bool Reconciler::is_well_since(const issuer::IssuerKey& issuer, base::WallTime time) const {
  const std::lock_guard lock(mutex_);
  const auto found = well_since_.find(issuer);
  // Status has whole seconds.
  return found != well_since_.end() && found->second > time + std::chrono::seconds(1);
}

void Reconciler::wake_all(
    const std::vector<std::shared_ptr<const api::Certificate>>& certificates) const {
  if (!enqueue_) return;
  for (const auto& certificate : certificates) enqueue_(certificate->metadata.key());
}

void Reconciler::on_proxy_acknowledged() {
  if (!enqueue_) return;
  std::set<kube::ObjectKey> waiting;
  {
    const std::lock_guard lock(mutex_);
    waiting = waiting_for_proxies_;
  }
  for (const kube::ObjectKey& key : waiting) enqueue_(key);
}

void Reconciler::on_proxies_changed() {
  on_proxy_acknowledged();
  // There may be the first one that can be asked.
  if (!enqueue_) return;
  for (const auto& certificate : stores_.certificates.list()) {
    const kube::Condition* serving =
        kube::find_condition(certificate->status.conditions, api::kServing);
    if (serving && serving->status != kube::ConditionStatus::is_true &&
        serving->reason != "NotUsed") {
      enqueue_(certificate->metadata.key());
    }
  }
}

void Reconciler::on_use_changed(const kube::ObjectKey& secret) {
  wake_all(stores_.certificates.find(kBySecret, secret.text()));
}

void Reconciler::set_waiting(const kube::ObjectKey& key, bool is_waiting) {
  const std::lock_guard lock(mutex_);
  if (is_waiting) {
    waiting_for_proxies_.insert(key);
  } else {
    waiting_for_proxies_.erase(key);
  }
}

std::shared_ptr<Reconciler::Memory> Reconciler::memory_of(const kube::ObjectKey& key) {
  const std::lock_guard lock(mutex_);
  auto& memory = memories_[key];
  if (!memory) memory = std::make_shared<Memory>();
  return memory;
}

void Reconciler::forget(const kube::ObjectKey& key) {
  metrics_.forget(key);
  turns_.forget(key);
  const std::lock_guard lock(mutex_);
  memories_.erase(key);
  waiting_for_proxies_.erase(key);
}

// A Certificate that was deleted in the middle of an order leaves the order's key in its Secret.
base::Status Reconciler::remove_leftover_key(const kube::ObjectKey& certificate) {
  if (!stores_.certificates.has_synced()) return {};
  for (const auto& secret : stores_.tls_secrets.find(kByCertificate, certificate.text())) {
    if (secret->value(kNextPrivateKeyKey).empty()) continue;
    // A store may lag behind, and the key of a living order is not to be lost.
    const auto living = client_.get(api::Certificate::type(), certificate, stop_);
    if (living) return {};
    if (living.error().kind != base::ErrorKind::not_found) return base::failure(living.error());
    spdlog::info("Certificate {} is gone: removing the key of its order from Secret {}",
                 certificate.text(), secret->metadata.key().text());
    const nlohmann::json patch = {{"data", {{kNextPrivateKeyKey, nullptr}}}};
    const auto written = client_.patch(kube::Secret::type(), secret->metadata.key(), patch,
                                       secret->metadata.resource_version, stop_);
    if (!written && written.error().kind != base::ErrorKind::not_found) {
      return base::failure(written.error());
    }
  }
  return {};
}

base::Result<kube::Outcome> Reconciler::reconcile(const kube::ObjectKey& key) {
  const auto stored = stores_.certificates.get(key);
  if (!stored || stored->metadata.is_being_deleted) {
    forget(key);
    if (stored) return kube::Outcome::await_change();
    if (const base::Status removed = remove_leftover_key(key); !removed) {
      return base::failure(removed.error());
    }
    return kube::Outcome::await_change();
  }
  const kube::ObjectKey secret{key.namespace_, stored->spec.secret_name};
  if (options_.is_used && !options_.is_used(secret)) {
    return kube::Outcome::requeue(std::chrono::milliseconds(50));
  }
  const auto memory = memory_of(key);
  return Run(*this, *memory, memory->own_writes.freshest(*stored)).go();
}

}  // namespace certificate
