#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>

#include <nlohmann/json_fwd.hpp>

#include "base/clock.h"
#include "kube/client.h"
#include "kube/event_recorder.h"
#include "kube/reconciler.h"
#include "kube/store.h"
#include "operator/api/certificate.h"
#include "operator/ingress/certificate_plan.h"
#include "operator/ingress/findings.h"

namespace ingress {

// Carries out a CertificatePlan, one Certificate at a time; the leader's work. Its keys are those
// of Certificates.
class CertificateShim final : public kube::Reconciler {
 public:
  // Everything referred to must outlive it.
  CertificateShim(kube::Store<api::Certificate>& certificates, kube::Client& client,
                  kube::EventSink& events, const base::Clock& clock, std::stop_token stop);

  // How to ask for a reconcile. Call before the first plan.
  void wake_with(std::function<void(const kube::ObjectKey&)> enqueue) {
    enqueue_ = std::move(enqueue);
  }

  // Replaces the plan that is among the findings, and enqueues what is new in it. Any thread.
  void follow(const Findings& findings);

  base::Result<kube::Outcome> reconcile(const kube::ObjectKey& key) override;

 private:
  // What we wrote and what came of it: the plan is made from a store that lags behind our writes,
  // and another writer may hold on to a field, or put its own back each time, so the same is not
  // written again and again.
  struct Written {
    std::string digest;  // of what was written: to be told from another wish, and no more
    std::string resource_version;
    base::SteadyTime at;
    int put_back = 0;      // times in a row that it was written over what was there
    bool is_told = false;  // that somebody else insists
  };

  base::Result<kube::Outcome> apply(const kube::ObjectKey& key,
                                    const CertificatePlan::Apply& wanted);
  base::Result<kube::Outcome> remove(const kube::ObjectKey& key,
                                     const CertificatePlan::Remove& wanted);
  std::optional<std::chrono::milliseconds> wait_to_write(const kube::ObjectKey& key,
                                                         const CertificatePlan::Apply& wanted);
  std::optional<kube::Outcome> forget(const kube::ObjectKey& key);
  void note_written(const kube::ObjectKey& key, std::string digest, bool was_there,
                    std::string resource_version);
  void tell_contested(const kube::ObjectKey& key, const kube::OwnerReference& owner);
  void report(const kube::ObjectKey& key, const kube::OwnerReference& owner,
              const base::Error& error);

  kube::Store<api::Certificate>& certificates_;
  kube::Client& client_;
  kube::EventSink& events_;
  const base::Clock& clock_;
  const std::stop_token stop_;
  std::function<void(const kube::ObjectKey&)> enqueue_;
  std::mutex mutex_;
  Findings::ByKey<CertificatePlan::Apply> to_apply_;
  Findings::ByKey<CertificatePlan::Remove> to_remove_;
  std::map<kube::ObjectKey, Written> written_;
};

// The object to apply (server-side).
nlohmann::json certificate_to_apply(const kube::ObjectKey& key,
                                    const CertificatePlan::Apply& wanted);

}  // namespace ingress
