#include "operator/ingress/status_publisher.h"

#include <algorithm>
#include <set>
#include <utility>

#include <nlohmann/json.hpp>
#include <spdlog/spdlog.h>

#include "base/ip_text.h"
#include "operator/api/issuer.h"

namespace ingress {
namespace {

using kube::kStoreLagMax;
using kube::kTruce;

Addresses sorted(Addresses addresses) {
  std::sort(addresses.begin(), addresses.end());
  addresses.erase(std::unique(addresses.begin(), addresses.end()), addresses.end());
  return addresses;
}

kube::LoadBalancerAddress address_of(const std::string& text) {
  return base::ip_bytes_from_text(text) ? kube::LoadBalancerAddress{text, ""}
                                        : kube::LoadBalancerAddress{"", text};
}

std::string text_of(const Addresses& addresses) {
  std::string text;
  for (const auto& address : addresses) {
    text += (text.empty() ? "" : ", ") + (address.ip.empty() ? address.hostname : address.ip);
  }
  return text.empty() ? "no address" : text;
}

}  // namespace

Addresses read_addresses(const std::vector<std::string>& texts) {
  Addresses addresses;
  for (const std::string& text : texts) addresses.push_back(address_of(text));
  return sorted(std::move(addresses));
}

Addresses addresses_of(const kube::Service& service) {
  Addresses addresses;
  if (service.type_name == "LoadBalancer") {
    addresses = service.load_balancer;
  } else if (service.type_name == "ExternalName") {
    addresses.push_back({"", service.external_name});
  }
  for (const std::string& address : service.external_ips) addresses.push_back({address, ""});
  return sorted(std::move(addresses));
}

StatusPublisher::StatusPublisher(kube::Store<kube::Ingress>& ingresses, kube::Client& client,
                                 kube::EventSink& events, const base::Clock& clock,
                                 std::stop_token stop)
    : ingresses_(ingresses),
      client_(client),
      events_(events),
      clock_(clock),
      stop_(std::move(stop)) {}

void StatusPublisher::follow(const Findings& findings, std::optional<Addresses> addresses) {
  std::vector<kube::ObjectKey> differing;
  {
    const std::lock_guard lock(mutex_);
    forget_old_writes();
    const bool have_changed = wanted_ != addresses;
    if (have_changed) enqueued_.clear();
    wanted_ = std::move(addresses);
    if (have_changed) note_differing({}, findings.summaries, differing);
    note_differing(ours_, findings.summaries, differing);
    ours_ = findings.summaries;
  }
  for (const kube::ObjectKey& key : differing) enqueue_(key);
}

// What was written longer ago than a truce lasts is as if it had not been.
void StatusPublisher::forget_old_writes() {
  const base::SteadyTime now = clock_.steady_now();
  if (now - forgotten_at_ < kTruce) return;
  forgotten_at_ = now;
  std::erase_if(written_, [now](const auto& entry) { return now - entry.second.at >= kTruce; });
}

std::size_t StatusPublisher::remembered() const {
  const std::lock_guard lock(mutex_);
  std::set<kube::ObjectKey> ingresses;
  for (const auto& [key, written] : written_) ingresses.insert(key);
  for (const auto& [key, version] : enqueued_) ingresses.insert(key);
  return ingresses.size();
}

void StatusPublisher::note_differing(const Findings::ByKey<Summary>& from,
                                     const Findings::ByKey<Summary>& to,
                                     std::vector<kube::ObjectKey>& differing) {
  Findings::ByKey<Summary>::visit_differences(
      from, to, [&](const std::string& name, const auto*, const auto* summary) {
        if (summary == nullptr) {
          written_.erase(key_of(name));
          enqueued_.erase(key_of(name));
          return;
        }
        const kube::Ingress& ingress = *(*summary)->ingress;
        const kube::ObjectKey key = ingress.metadata.key();
        if (!(*summary)->has_room) {
          // A retry meanwhile writes nothing and is the last, so room enqueues it anew.
          enqueued_.erase(key);
          return;
        }
        if (!wanted_) return;
        if (sorted(ingress.load_balancer) == *wanted_) {
          enqueued_.erase(key);
          return;
        }
        const std::string& version = ingress.metadata.resource_version;
        if (std::exchange(enqueued_[key], version) != version) differing.push_back(key);
      });
}

base::Result<kube::Outcome> StatusPublisher::reconcile(const kube::ObjectKey& key) {
  const auto ingress = ingresses_.get(key);
  std::optional<Addresses> wanted;
  {
    const std::lock_guard lock(mutex_);
    const auto ours = ours_.find(key.text());
    const bool is_ours = ingress && ours != ours_.end() && ours->second->has_room &&
                         ours->second->ingress->metadata.uid == ingress->metadata.uid;
    if (is_ours && !ingress->metadata.is_being_deleted) wanted = wanted_;
  }
  if (!wanted || sorted(ingress->load_balancer) == *wanted) return kube::Outcome::await_change();
  if (const auto outcome = settle_with_earlier_write(*ingress, *wanted)) return *outcome;

  const nlohmann::json status = {
      {"metadata", {{"namespace", key.namespace_}, {"name", key.name}}},
      {"status", {{"loadBalancer", {{"ingress", kube::load_balancer_to_json(*wanted)}}}}}};
  const auto stored =
      client_.apply_status(kube::Ingress::type(), status, {api::kFieldManager, true}, stop_);
  if (!stored) {
    if (stored.error().kind == base::ErrorKind::not_found) return kube::Outcome::await_change();
    return base::failure(
        base::while_doing("publishing the addresses of Ingress " + key.text(), stored.error()));
  }
  const std::lock_guard lock(mutex_);
  written_[key] = {ingress->metadata.uid,
                   *wanted,
                   ingress->metadata.resource_version,
                   kube::read_meta(*stored).resource_version,
                   false,
                   clock_.steady_now()};
  return kube::Outcome::await_change();
}

// The status is not what we want. If we have written just that before, either the store lags behind
// our write, or somebody else has written over it: then it is told, and not fought.
std::optional<kube::Outcome> StatusPublisher::settle_with_earlier_write(
    const kube::Ingress& ingress, const Addresses& wanted) {
  const kube::ObjectKey key = ingress.metadata.key();
  bool is_news = false;
  {
    const std::lock_guard lock(mutex_);
    const auto found = written_.find(key);
    if (found == written_.end() || found->second.uid != ingress.metadata.uid ||
        found->second.addresses != wanted) {
      return std::nullopt;
    }
    Written& written = found->second;
    const auto age = clock_.steady_now() - written.at;
    const bool store_lags = ingress.metadata.resource_version == written.before;
    if (store_lags && age < kStoreLagMax) {
      return kube::Outcome::requeue(
          std::chrono::ceil<std::chrono::milliseconds>(kStoreLagMax - age));
    }
    if (age >= kTruce) return std::nullopt;
    is_news = !std::exchange(written.is_contested, true);
  }
  if (is_news) {
    const std::string note = "Another controller has changed status.loadBalancer from " +
                             text_of(wanted) + " to " + text_of(ingress.load_balancer) +
                             "; it is left so. See metadata.managedFields for its name.";
    spdlog::warn("Ingress {}: {}", key.text(), note);
    events_.warning(kube::reference_to(kube::Ingress::type(), ingress.metadata), "StatusContested",
                    "Publishing", note);
  }
  return kube::Outcome::requeue(kTruce);
}

}  // namespace ingress
