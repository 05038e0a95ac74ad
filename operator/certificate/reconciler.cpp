#include "operator/certificate/reconciler.h"

#include <algorithm>
#include <utility>

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
      stop_(std::move(stop)) {
  stores_.certificates.add_index(kBySecret, [](const api::Certificate& certificate) {
    const kube::ObjectKey secret{certificate.metadata.namespace_, certificate.spec.secret_name};
    return std::vector<std::string>{secret.text()};
  });
  stores_.certificates.add_index(kByIssuer, [](const api::Certificate& certificate) {
    const auto issuer =
        issuer::resolve(certificate.metadata.namespace_, certificate.spec.issuer_ref);
    return std::vector<std::string>{index_value(issuer)};
  });
}

Reconciler::~Reconciler() = default;

void Reconciler::wake_with(std::function<void(const kube::ObjectKey&)> enqueue) {
  enqueue_ = std::move(enqueue);
  // Whoever shares a Secret waits for the older one to go.
  stores_.certificates.add_listener([this](const kube::ObjectChange<api::Certificate>& change) {
    if (change.after) return;
    const kube::ObjectKey secret{change.key.namespace_, change.before->spec.secret_name};
    wake_all(stores_.certificates.find(kBySecret, secret.text()));
  });
  stores_.tls_secrets.add_listener([this](const kube::ObjectChange<kube::Secret>& change) {
    wake_all(stores_.certificates.find(kBySecret, change.key.text()));
  });
  const auto wake_users = [this](const issuer::IssuerKey& key) {
    wake_all(stores_.certificates.find(kByIssuer, index_value(key)));
  };
  accounts_.on_ready(wake_users);
  for (const bool is_cluster : {false, true}) {
    auto& issuers = is_cluster ? stores_.cluster_issuers : stores_.issuers;
    issuers.add_listener([wake_users, is_cluster](const kube::ObjectChange<api::Issuer>& change) {
      if (is_ready_changed(change)) wake_users({is_cluster, change.key});
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
  std::set<kube::ObjectKey> waiting;
  {
    const std::lock_guard lock(mutex_);
    waiting = waiting_for_proxies_;
  }
  for (const kube::ObjectKey& key : waiting) enqueue_(key);
}

void Reconciler::on_proxies_changed() {
  wake_all(stores_.certificates.list());
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
  const std::lock_guard lock(mutex_);
  memories_.erase(key);
  waiting_for_proxies_.erase(key);
}

base::Result<kube::Outcome> Reconciler::reconcile(const kube::ObjectKey& key) {
  const auto stored = stores_.certificates.get(key);
  if (!stored || stored->metadata.is_being_deleted) {
    forget(key);
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
