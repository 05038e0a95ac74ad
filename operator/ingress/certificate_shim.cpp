#include "operator/ingress/certificate_shim.h"

#include <memory>
#include <type_traits>
#include <vector>

#include <nlohmann/json.hpp>
#include <spdlog/spdlog.h>

#include "kube/resources/ingress.h"
#include "operator/api/issuer.h"

namespace ingress {
namespace {

// Longer than a watch event takes; after it a store that still disagrees is right.
constexpr auto kStoreLagMax = std::chrono::seconds(5);

}  // namespace

nlohmann::json certificate_to_apply(const kube::ObjectKey& key,
                                    const CertificatePlan::Apply& wanted) {
  const kube::OwnerReference& owner = wanted.owner;
  return {{"metadata",
           {{"namespace", key.namespace_},
            {"name", key.name},
            {"ownerReferences",
             {{{"apiVersion", owner.api_version},
               {"kind", owner.kind},
               {"name", owner.name},
               {"uid", owner.uid},
               {"controller", true},
               // Nothing of ours stands in the way of an Ingress's deletion.
               {"blockOwnerDeletion", false}}}}}},
          {"spec", api::spec_to_json(wanted.spec)}};
}

CertificateShim::CertificateShim(kube::Store<api::Certificate>& certificates, kube::Client& client,
                                 kube::EventSink& events, const base::Clock& clock,
                                 std::stop_token stop)
    : certificates_(certificates),
      client_(client),
      events_(events),
      clock_(clock),
      stop_(std::move(stop)) {}

void CertificateShim::follow(const Findings& findings) {
  std::vector<kube::ObjectKey> news;
  const auto take_over = [&](auto& known, const auto& next) {
    std::remove_reference_t<decltype(known)>::visit_differences(
        known, next, [&](const std::string& key, const auto* before, const auto* after) {
          if (after == nullptr) return;
          if (before == nullptr || !(**before == **after)) news.push_back(key_of(key));
        });
    known = next;
  };
  {
    const std::lock_guard lock(mutex_);
    take_over(to_apply_, findings.apply);
    take_over(to_remove_, findings.remove);
  }
  for (const kube::ObjectKey& key : news) enqueue_(key);
}

base::Result<kube::Outcome> CertificateShim::reconcile(const kube::ObjectKey& key) {
  std::shared_ptr<const CertificatePlan::Apply> to_apply;
  std::shared_ptr<const CertificatePlan::Remove> to_remove;
  {
    const std::lock_guard lock(mutex_);
    if (const auto found = to_apply_.find(key.text()); found != to_apply_.end()) {
      to_apply = found->second;
    } else if (const auto gone = to_remove_.find(key.text()); gone != to_remove_.end()) {
      to_remove = gone->second;
    } else {
      written_.erase(key);
    }
  }
  if (to_apply) return apply(key, *to_apply);
  if (to_remove) return remove(key, *to_remove);
  return kube::Outcome::await_change();
}

std::optional<std::chrono::milliseconds> CertificateShim::wait_for_store(
    const kube::ObjectKey& key, const CertificatePlan::Apply& wanted) {
  const auto stored = certificates_.get(key);
  // The plan is of an older view than the store: one that still asks for this goes by itself, and
  // should the object change again before that, it is seen then.
  if (stored && is_as_wanted(*stored, wanted)) return kStoreLagMax;
  const std::lock_guard lock(mutex_);
  const auto written = written_.find(key);
  if (written == written_.end() || written->second.apply != wanted) return std::nullopt;
  const auto age = clock_.steady_now() - written->second.at;
  if (age < kStoreLagMax) {
    return std::chrono::ceil<std::chrono::milliseconds>(kStoreLagMax - age);
  }
  if (stored && stored->metadata.resource_version == written->second.resource_version) {
    // The object is as our write left it and yet not as we want it: somebody else holds a field.
    return std::chrono::minutes(10);
  }
  return std::nullopt;
}

base::Result<kube::Outcome> CertificateShim::apply(const kube::ObjectKey& key,
                                                   const CertificatePlan::Apply& wanted) {
  if (const auto delay = wait_for_store(key, wanted)) return kube::Outcome::requeue(*delay);
  auto stored = client_.apply(api::Certificate::type(), certificate_to_apply(key, wanted),
                              {api::kFieldManager, true}, stop_);
  if (!stored) {
    report(key, wanted.owner, stored.error());
    return base::failure(
        base::while_doing("writing Certificate " + key.text() + " for Ingress " + wanted.owner.name,
                          std::move(stored.error())));
  }
  spdlog::info("Certificate {} is asked for by Ingress {}", key.text(), wanted.owner.name);
  const std::lock_guard lock(mutex_);
  written_[key] = {wanted, kube::read_meta(*stored).resource_version, clock_.steady_now()};
  // To see whether it is settled: a plan that stays the same wakes nobody.
  return kube::Outcome::requeue(kStoreLagMax);
}

base::Result<kube::Outcome> CertificateShim::remove(const kube::ObjectKey& key,
                                                    const CertificatePlan::Remove& wanted) {
  kube::Preconditions this_one;
  this_one.uid = wanted.uid;
  const auto removed = client_.delete_(api::Certificate::type(), key, this_one, stop_);
  if (!removed && removed.error().kind != base::ErrorKind::not_found) {
    return base::failure(base::while_doing("removing Certificate " + key.text(), removed.error()));
  }
  spdlog::info("Certificate {} is removed: its Ingress no longer names its Secret", key.text());
  return kube::Outcome::await_change();
}

void CertificateShim::report(const kube::ObjectKey& key, const kube::OwnerReference& owner,
                             const base::Error& error) {
  if (error.kind != base::ErrorKind::invalid && error.kind != base::ErrorKind::denied) return;
  kube::ObjectReference ingress;
  ingress.api_version = owner.api_version;
  ingress.kind = owner.kind;
  ingress.namespace_ = key.namespace_;
  ingress.name = owner.name;
  ingress.uid = owner.uid;
  events_.warning(ingress, "CertificateNotOrdered", "Ordering",
                  "Certificate " + key.text() + " cannot be written: " + error.message);
}

}  // namespace ingress
