#pragma once

#include <cstddef>
#include <list>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "operator/control/history.h"
#include "proxy/config/dialect.h"
#include "proxy/config/model.h"
#include "proxy/config/wire.h"

namespace control {

// The state that proxies should have, in an edition for each dialect that a proxy speaks: while a
// release is rolled out there are two. Each has revisions and a memory of its own. Not thread-safe.
class Editions {
 public:
  // More than two releases meet when somebody's rollout stands still; beyond this many the dialect
  // that was asked for longest ago is forgotten, and who speaks it gets a full state next.
  static constexpr std::size_t kEditionsMax = 4;
  // After as many states for which nobody asked a dialect is forgotten, too: the rollout is over.
  static constexpr unsigned kUnaskedMax = 64;

  // False when this is the state that there is already.
  bool publish(std::shared_ptr<const proxy::config::ProxyConfig> config);

  // Of the state as this program's own dialect says it; empty before the first.
  const std::string& revision() const { return own_.revision(); }
  // As a proxy that speaks `dialect` gets it.
  const std::string& revision_for(const proxy::config::Dialect& dialect);

  // As History has them.
  std::shared_ptr<const std::string> answer(const proxy::config::Dialect& dialect,
                                            const std::string& after, const std::string& rejected);
  // Of all editions: a hash names one content.
  proxy::config::CertificatesByHash find_certificates(const std::vector<std::string>& hashes) const;

 private:
  struct Edition {
    explicit Edition(proxy::config::Dialect one)
        : dialect(std::move(one)), history(History::kRememberedMax, dialect.revisions()) {}
    proxy::config::Dialect dialect;
    History history;
    unsigned unasked = 0;  // states since it was asked for
  };

  History& of(const proxy::config::Dialect& dialect);

  std::shared_ptr<const proxy::config::ProxyConfig> config_;
  History own_{History::kRememberedMax, proxy::config::Dialect::own().revisions()};
  std::list<Edition> others_;  // the one asked for last comes first
};

}  // namespace control
