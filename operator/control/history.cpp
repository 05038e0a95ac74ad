#include "operator/control/history.h"

#include <algorithm>
#include <utility>

#include "proxy/config/certificate_hashes.h"

namespace control {
namespace {

using proxy::config::CertificatesByHash;
using proxy::config::Delta;
using proxy::config::ProxyConfig;

template <class T>
void join(Delta::Change<T>& first, const Delta::Change<T>& second) {
  for (const auto& [key, value] : second.set) {
    first.set.insert_or_assign(key, value);
    first.removed.erase(key);
  }
  for (const std::string& key : second.removed) {
    first.set.erase(key);
    first.removed.insert(key);
  }
}

void add_certificate(const ProxyConfig& config, const std::string& id, CertificatesByHash& found) {
  const auto certificate = config.certificates.find(id);
  if (certificate == config.certificates.end()) return;
  found.emplace(proxy::config::hash_once(certificate->second), certificate->second);
}

}  // namespace

Delta joined(Delta first, const Delta& second) {
  join(first.clusters, second.clusters);
  join(first.hosts, second.hosts);
  join(first.certificates, second.certificates);
  join(first.sni, second.sni);
  join(first.challenges, second.challenges);
  join(first.guards, second.guards);
  join(first.shapes, second.shapes);
  join(first.arrivals, second.arrivals);
  first.revision = second.revision;
  return first;
}

bool History::publish(std::shared_ptr<const ProxyConfig> config) {
  std::string revision = proxy::config::revision_of(*config, kind_);
  if (revision == revision_) return false;
  static const ProxyConfig kNothing;
  const ProxyConfig& before = config_ ? *config_ : kNothing;
  certificates_.follow(before.certificates, config->certificates);
  if (config_) {
    Delta delta = proxy::config::difference(before, *config, kind_);
    Step step{revision_, std::move(delta), {}};
    for (const auto& [id, hash] : step.delta.certificates.set) {
      add_certificate(*config_, id, step.certificates);
      add_certificate(*config, id, step.certificates);
    }
    for (const std::string& id : step.delta.certificates.removed) {
      add_certificate(*config_, id, step.certificates);
    }
    steps_.push_back(std::move(step));
    if (steps_.size() > remembered_max_) steps_.pop_front();
  }
  revision_ = std::move(revision);
  config_ = std::move(config);
  answers_.clear();
  return true;
}

std::shared_ptr<const std::string> History::answer(const std::string& after,
                                                   const std::string& rejected) {
  if (!config_ || after == revision_ || rejected == revision_) return nullptr;
  // The unknown ones share an answer, so that nobody fills the cache with revisions of his own.
  const bool is_known = std::any_of(steps_.begin(), steps_.end(),
                                    [&](const Step& step) { return step.from == after; });
  auto& answer = answers_[is_known ? after : std::string()];
  if (!answer) {
    const Delta delta = is_known ? since(after) : proxy::config::full_state(*config_, kind_);
    answer = std::make_shared<const std::string>(proxy::config::delta_to_json(delta));
  }
  return answer;
}

Delta History::since(const std::string& after) const {
  // The latest such step: a state may have come back.
  const auto latest = std::find_if(steps_.rbegin(), steps_.rend(),
                                   [&](const Step& step) { return step.from == after; });
  auto step = std::prev(latest.base());
  Delta delta = step->delta;
  for (++step; step != steps_.end(); ++step) delta = joined(std::move(delta), step->delta);
  return delta;
}

CertificatesByHash History::find_certificates(const std::vector<std::string>& hashes) const {
  CertificatesByHash found;
  for (const std::string& hash : hashes) {
    if (auto now = certificates_.find(hash)) {
      found.emplace(hash, std::move(now));
      continue;
    }
    for (const Step& step : steps_) {
      const auto then = step.certificates.find(hash);
      if (then != step.certificates.end()) found.insert(*then);
    }
  }
  return found;
}

}  // namespace control
