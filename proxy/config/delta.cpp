#include <memory>
#include <string>
#include <utility>

#include "proxy/config/certificate_hashes.h"
#include "proxy/config/wire.h"

namespace proxy::config {
namespace {

template <class T>
Delta::Change<T> change_between(const ProxyConfig::Section<T>& from,
                                const ProxyConfig::Section<T>& to) {
  Delta::Change<T> change;
  using Value = std::shared_ptr<const T>;
  ProxyConfig::Section<T>::visit_differences(
      from, to, [&](const std::string& key, const Value* before, const Value* after) {
        if (after == nullptr) {
          change.removed.insert(key);
        } else if (before == nullptr || !(**before == **after)) {
          change.set.emplace(key, **after);
        }
      });
  return change;
}

Delta::Change<std::string> change_between(const ProxyConfig::Names& from,
                                          const ProxyConfig::Names& to) {
  Delta::Change<std::string> change;
  ProxyConfig::Names::visit_differences(
      from, to, [&](const std::string& key, const std::string*, const std::string* after) {
        if (after == nullptr) {
          change.removed.insert(key);
        } else {
          change.set.emplace(key, *after);
        }
      });
  return change;
}

Delta::Change<std::string> certificate_change(const ProxyConfig::Section<Certificate>& from,
                                              const ProxyConfig::Section<Certificate>& to) {
  Delta::Change<std::string> change;
  using Value = std::shared_ptr<const Certificate>;
  ProxyConfig::Section<Certificate>::visit_differences(
      from, to, [&](const std::string& id, const Value* before, const Value* after) {
        if (after == nullptr) {
          change.removed.insert(id);
        } else if (before == nullptr || !(**before == **after)) {
          change.set.emplace(id, hash_once(*after));
        }
      });
  return change;
}

// An entry that did not change keeps its address, also in a full state: that is how everybody after
// us sees that it is the same.
template <class T>
void apply_change(const Delta::Change<T>& change, const ProxyConfig::Section<T>& before,
                  ProxyConfig::Section<T>& section) {
  for (const std::string& key : change.removed) section.erase(key);
  for (const auto& [key, value] : change.set) {
    const auto old = before.find(key);
    const bool is_same = old != before.end() && *old->second == value;
    section.insert_or_assign(key, is_same ? old->second : std::make_shared<const T>(value));
  }
}

base::Status apply_certificates(const Delta::Change<std::string>& change,
                                const CertificatesByHash& certificates,
                                ProxyConfig::Section<Certificate>& section) {
  for (const std::string& id : change.removed) section.erase(id);
  for (const auto& [id, hash] : change.set) {
    const auto found = certificates.find(hash);
    if (found == certificates.end() || found->second == nullptr) {
      return base::failure(base::ErrorKind::invalid,
                           "certificates[" + id + "]: the content for its hash is missing");
    }
    section.insert_or_assign(id, found->second);
  }
  return {};
}

// Not yet known to be valid.
base::Result<ProxyConfig> changed(const ProxyConfig& from, const Delta& delta,
                                  const CertificatesByHash& certificates) {
  ProxyConfig next = delta.full ? ProxyConfig() : from;
  apply_change(delta.clusters, from.clusters, next.clusters);
  apply_change(delta.hosts, from.hosts, next.hosts);
  apply_change(delta.challenges, from.challenges, next.challenges);
  apply_change(delta.guards, from.guards, next.guards);
  apply_change(delta.shapes, from.shapes, next.shapes);
  apply_change(delta.arrivals, from.arrivals, next.arrivals);
  for (const std::string& name : delta.sni.removed) next.sni.erase(name);
  for (const auto& [name, id] : delta.sni.set) next.sni.insert_or_assign(name, id);
  const auto filled = apply_certificates(delta.certificates, certificates, next.certificates);
  if (!filled) return base::failure(filled.error());
  return next;
}

base::Result<ValidConfig> checked(const ValidConfig& known, ProxyConfig next,
                                  const std::string& revision) {
  auto valid = known.changed_to(std::move(next));
  if (!valid || is_revision_of(valid->config(), revision)) return valid;
  return base::failure(base::ErrorKind::invalid,
                       "the state after the change is revision " + revision_of(valid->config()) +
                           ", or " + revision_of(valid->config(), Revisions::of_tree) +
                           " as a tree, not " + revision + " as announced");
}

}  // namespace

Delta difference(const ProxyConfig& from, const ProxyConfig& to, Revisions kind) {
  Delta delta;
  delta.revision = revision_of(to, kind);
  delta.clusters = change_between(from.clusters, to.clusters);
  delta.hosts = change_between(from.hosts, to.hosts);
  delta.certificates = certificate_change(from.certificates, to.certificates);
  delta.sni = change_between(from.sni, to.sni);
  delta.challenges = change_between(from.challenges, to.challenges);
  delta.guards = change_between(from.guards, to.guards);
  delta.shapes = change_between(from.shapes, to.shapes);
  delta.arrivals = change_between(from.arrivals, to.arrivals);
  return delta;
}

Delta full_state(const ProxyConfig& config, Revisions kind) {
  Delta delta = difference(ProxyConfig(), config, kind);
  delta.full = true;
  return delta;
}

std::vector<std::string> missing_certificates(const Delta& delta, const CertificatesByHash& held) {
  std::set<std::string> missing;
  for (const auto& [id, hash] : delta.certificates.set) {
    if (!held.contains(hash)) missing.insert(hash);
  }
  return {missing.begin(), missing.end()};
}

base::Result<ValidConfig> apply(const ValidConfig& from, const Delta& delta,
                                const CertificatesByHash& certificates) {
  auto next = changed(from.config(), delta, certificates);
  if (!next) return base::failure(next.error());
  return checked(from, std::move(*next), delta.revision);
}

base::Result<ProxyConfig> apply(const ProxyConfig& from, const Delta& delta,
                                const CertificatesByHash& certificates) {
  auto next = changed(from, delta, certificates);
  if (!next) return next;
  const auto valid = checked(ValidConfig(), *next, delta.revision);
  if (!valid) return base::failure(valid.error());
  return next;
}

}  // namespace proxy::config
