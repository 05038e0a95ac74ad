#pragma once

#include <cstddef>
#include <deque>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "proxy/config/certificate_hashes.h"
#include "proxy/config/model.h"
#include "proxy/config/wire.h"

namespace control {

// The state that proxies should have, and the way there from the last ones. It keeps the steps
// between states, not the states, so that remembering costs what has changed; so does a state that
// shares the rest with the one before it. Not thread-safe.
class History {
 public:
  explicit History(std::size_t remembered_max = kRememberedMax,
                   proxy::config::Revisions kind = proxy::config::Revisions::of_list)
      : remembered_max_(remembered_max), kind_(kind) {}

  static constexpr std::size_t kRememberedMax = 64;  // states, of some hundred bytes each

  // False when this is the state that there is already.
  bool publish(std::shared_ptr<const proxy::config::ProxyConfig> config);

  // Of the state that there is; empty before the first.
  const std::string& revision() const { return revision_; }

  // The delta as JSON for a proxy in whom `after` is live and who has refused `rejected` (both may
  // be empty): from a revision that is remembered what changed since, else the full state. Null
  // when there is nothing to send: no state yet, the state is live there, or it was refused.
  std::shared_ptr<const std::string> answer(const std::string& after, const std::string& rejected);

  // Those of these certificates that the present state has, or that a remembered step brought in or
  // took out: a proxy asks a moment after it has read a delta.
  proxy::config::CertificatesByHash find_certificates(const std::vector<std::string>& hashes) const;

 private:
  struct Step {
    std::string from;  // the revision before it
    proxy::config::Delta delta;
    proxy::config::CertificatesByHash certificates;  // old and new ones of the ids that changed
  };

  proxy::config::Delta since(const std::string& after) const;

  const std::size_t remembered_max_;
  const proxy::config::Revisions kind_;
  std::shared_ptr<const proxy::config::ProxyConfig> config_;
  std::string revision_;
  proxy::config::CertificateIndex certificates_;  // of config_
  std::deque<Step> steps_;                        // oldest first; the last leads to revision_
  std::map<std::string, std::shared_ptr<const std::string>> answers_;  // by `after`, made once
};

// What two steps do, one after the other.
proxy::config::Delta joined(proxy::config::Delta first, const proxy::config::Delta& second);

}  // namespace control
