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
  for (const auto& [key, value] : to) {
    const auto before = from.find(key);
    const bool is_same =
        before != from.end() && (before->second == value || *before->second == *value);
    if (!is_same) change.set.emplace(key, *value);
  }
  for (const auto& [key, value] : from) {
    if (!to.contains(key)) change.removed.insert(key);
  }
  return change;
}

Delta::Change<std::string> change_between(const std::map<std::string, std::string>& from,
                                          const std::map<std::string, std::string>& to) {
  Delta::Change<std::string> change;
  for (const auto& [key, value] : to) {
    const auto before = from.find(key);
    if (before == from.end() || before->second != value) change.set.emplace(key, value);
  }
  for (const auto& [key, value] : from) {
    if (!to.contains(key)) change.removed.insert(key);
  }
  return change;
}

Delta::Change<std::string> certificate_change(const ProxyConfig::Section<Certificate>& from,
                                              const ProxyConfig::Section<Certificate>& to) {
  Delta::Change<std::string> change;
  for (const auto& [id, certificate] : to) {
    const auto before = from.find(id);
    const bool is_same =
        before != from.end() && (before->second == certificate || *before->second == *certificate);
    if (!is_same) change.set.emplace(id, hash_once(certificate));
  }
  for (const auto& [id, certificate] : from) {
    if (!to.contains(id)) change.removed.insert(id);
  }
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
    section[key] = is_same ? old->second : std::make_shared<const T>(value);
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
    section[id] = found->second;
  }
  return {};
}

}  // namespace

Delta difference(const ProxyConfig& from, const ProxyConfig& to) {
  Delta delta;
  delta.revision = revision_of(to);
  delta.clusters = change_between(from.clusters, to.clusters);
  delta.hosts = change_between(from.hosts, to.hosts);
  delta.certificates = certificate_change(from.certificates, to.certificates);
  delta.sni = change_between(from.sni, to.sni);
  delta.challenges = change_between(from.challenges, to.challenges);
  delta.guards = change_between(from.guards, to.guards);
  delta.shapes = change_between(from.shapes, to.shapes);
  return delta;
}

Delta full_state(const ProxyConfig& config) {
  Delta delta = difference(ProxyConfig(), config);
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

base::Result<ProxyConfig> apply(const ProxyConfig& from, const Delta& delta,
                                const CertificatesByHash& certificates) {
  ProxyConfig next = delta.full ? ProxyConfig() : from;
  apply_change(delta.clusters, from.clusters, next.clusters);
  apply_change(delta.hosts, from.hosts, next.hosts);
  apply_change(delta.challenges, from.challenges, next.challenges);
  apply_change(delta.guards, from.guards, next.guards);
  apply_change(delta.shapes, from.shapes, next.shapes);
  for (const std::string& name : delta.sni.removed) next.sni.erase(name);
  for (const auto& [name, id] : delta.sni.set) next.sni[name] = id;
  const auto filled = apply_certificates(delta.certificates, certificates, next.certificates);
  if (!filled) return base::failure(filled.error());

  const auto valid = validate(next);
  if (!valid) return base::failure(valid.error());
  const std::string revision = revision_of(next);
  if (revision != delta.revision) {
    return base::failure(base::ErrorKind::invalid, "the state after the change is revision " +
                                                       revision + ", not " + delta.revision +
                                                       " as announced");
  }
  return next;
}

}  // namespace proxy::config
