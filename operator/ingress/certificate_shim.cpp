#include "operator/ingress/certificate_shim.h"

#include <memory>
#include <type_traits>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>
#include <spdlog/spdlog.h>

#include "base/digest.h"
#include "kube/resources/ingress.h"
#include "operator/api/issuer.h"

namespace ingress {
namespace {

using kube::kStoreLagMax;
using kube::kTruce;

// Whoever changes it once has it put back at once; who insists is no person.
constexpr int kPutBackAtOnce = 2;
// What was written longer ago has nothing to do with what is written now.
constexpr auto kInARow = 2 * kTruce;

kube::ObjectReference reference_of(const kube::ObjectKey& key, const kube::OwnerReference& owner) {
  kube::ObjectReference ingress;
  ingress.api_version = owner.api_version;
  ingress.kind = owner.kind;
  ingress.namespace_ = key.namespace_;
  ingress.name = owner.name;
  ingress.uid = owner.uid;
  return ingress;
}

std::string digest_of(const nlohmann::json& certificate) {
  return base::sha256(certificate.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace));
}

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
    }
  }
  if (to_apply) return apply(key, *to_apply);
  if (to_remove) return remove(key, *to_remove);
  return forget(key).value_or(kube::Outcome::await_change());
}

// It is as it is wanted. Nothing: it is forgotten; what was put back is remembered for a while, for
// somebody may insist.
std::optional<kube::Outcome> CertificateShim::forget(const kube::ObjectKey& key) {
  const std::lock_guard lock(mutex_);
  const auto written = written_.find(key);
  if (written == written_.end()) return std::nullopt;
  const auto age = clock_.steady_now() - written->second.at;
  if (written->second.put_back > 0 && age < kInARow) {
    return kube::Outcome::requeue(std::chrono::ceil<std::chrono::milliseconds>(kInARow - age));
  }
  written_.erase(written);
  return std::nullopt;
}

std::optional<std::chrono::milliseconds> CertificateShim::wait_to_write(
    const kube::ObjectKey& key, const CertificatePlan::Apply& wanted) {
  using std::chrono::milliseconds;
  const auto stored = certificates_.get(key);
  // The plan is of an older view than the store: one that still asks for this goes by itself, and
  // should the object change again before that, it is seen then.
  if (stored && is_as_wanted(*stored, wanted)) return kStoreLagMax;
  const std::string digest = digest_of(certificate_to_apply(key, wanted));
  bool is_news = false;
  milliseconds truce{};
  {
    const std::lock_guard lock(mutex_);
    const auto found = written_.find(key);
    if (found == written_.end() || found->second.digest != digest) return std::nullopt;
    Written& written = found->second;
    const auto age = clock_.steady_now() - written.at;
    if (age < kStoreLagMax) return std::chrono::ceil<milliseconds>(kStoreLagMax - age);
    if (!stored) return std::nullopt;
    // The object is as our write left it and yet not as we want it: somebody else holds a field.
    if (stored->metadata.resource_version == written.resource_version) return kTruce;
    if (written.put_back < kPutBackAtOnce || age >= kTruce) return std::nullopt;
    is_news = !std::exchange(written.is_told, true);
    truce = std::chrono::ceil<milliseconds>(kTruce - age);
  }
  if (is_news) tell_contested(key, wanted.owner);
  return truce;
}

base::Result<kube::Outcome> CertificateShim::apply(const kube::ObjectKey& key,
                                                   const CertificatePlan::Apply& wanted) {
  if (const auto delay = wait_to_write(key, wanted)) return kube::Outcome::requeue(*delay);
  const bool was_there = certificates_.get(key) != nullptr;
  const nlohmann::json object = certificate_to_apply(key, wanted);
  auto stored = client_.apply(api::Certificate::type(), object, {api::kFieldManager, true}, stop_);
  if (!stored) {
    report(key, wanted.owner, stored.error());
    return base::failure(
        base::while_doing("writing Certificate " + key.text() + " for Ingress " + wanted.owner.name,
                          std::move(stored.error())));
  }
  spdlog::info("Certificate {} is asked for by Ingress {}", key.text(), wanted.owner.name);
  note_written(key, digest_of(object), was_there, kube::read_meta(*stored).resource_version);
  // To see whether it is settled: a plan that stays the same wakes nobody.
  return kube::Outcome::requeue(kStoreLagMax);
}

void CertificateShim::note_written(const kube::ObjectKey& key, std::string digest, bool was_there,
                                   std::string resource_version) {
  const base::SteadyTime now = clock_.steady_now();
  const std::lock_guard lock(mutex_);
  Written next{std::move(digest), std::move(resource_version), now, was_there ? 1 : 0, false};
  const auto before = written_.find(key);
  const bool goes_on = was_there && before != written_.end() &&
                       before->second.digest == next.digest && now - before->second.at < kInARow;
  if (goes_on) {
    next.put_back = before->second.put_back + 1;
    next.is_told = before->second.is_told;
  }
  written_.insert_or_assign(key, std::move(next));
}

base::Result<kube::Outcome> CertificateShim::remove(const kube::ObjectKey& key,
                                                    const CertificatePlan::Remove& wanted) {
  kube::Preconditions this_one;
  this_one.uid = wanted.uid;
  const auto removed = client_.delete_(api::Certificate::type(), key, this_one, stop_);
  if (!removed && removed.error().kind != base::ErrorKind::not_found) {
    return base::failure(base::while_doing("removing Certificate " + key.text(), removed.error()));
  }
  {
    const std::lock_guard lock(mutex_);
    written_.erase(key);
  }
  spdlog::info("Certificate {} is removed: its Ingress no longer names its Secret", key.text());
  return kube::Outcome::await_change();
}

void CertificateShim::tell_contested(const kube::ObjectKey& key,
                                     const kube::OwnerReference& owner) {
  const std::string note = "Certificate " + key.text() +
                           " is changed by another controller each time that it is written for "
                           "this Ingress; it is left so for ten minutes. See "
                           "metadata.managedFields for its name.";
  spdlog::warn("Ingress {}/{}: {}", key.namespace_, owner.name, note);
  events_.warning(reference_of(key, owner), "CertificateContested", "Ordering", note);
}

void CertificateShim::report(const kube::ObjectKey& key, const kube::OwnerReference& owner,
                             const base::Error& error) {
  if (error.kind != base::ErrorKind::invalid && error.kind != base::ErrorKind::denied) return;
  events_.warning(reference_of(key, owner), "CertificateNotOrdered", "Ordering",
                  "Certificate " + key.text() + " cannot be written: " + error.message);
}

}  // namespace ingress
