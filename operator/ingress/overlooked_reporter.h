#pragma once

#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <string>

#include "base/clock.h"
#include "kube/event_recorder.h"
#include "kube/reconciler.h"
#include "kube/resources/ingress.h"
#include "kube/store.h"
#include "operator/ingress/namespace_pace.h"
#include "operator/ingress/overlooked.h"

namespace ingress {

// Says at an Ingress, once, what has stood for half a minute and nobody else says; nothing is ever
// written on the Ingress itself. The leader's work. It remembers those Ingresses alone that there
// is something to say of, and each namespace has a pace.
class OverlookedReporter final : public kube::Reconciler {
 public:
  // An Ingress is often applied before its class, and an address takes a moment.
  static constexpr std::chrono::seconds kPatience{30};

  struct Look {
    // What there is to say; nothing: all is well, or somebody else's.
    std::function<std::optional<Remark>(const kube::Ingress&)> remark;
    // Whether this release is the one to say it, of two that see the same Ingress.
    std::function<bool(const Remark&)> is_ours_to_say;
  };

  // Everything referred to must outlive it. The clock decides about patience.
  OverlookedReporter(kube::Store<kube::Ingress>& ingresses, Look look, kube::EventSink& events,
                     const base::Clock& clock)
      : ingresses_(ingresses), look_(std::move(look)), events_(events), clock_(clock) {}

  base::Result<kube::Outcome> reconcile(const kube::ObjectKey& key) override;

  std::size_t size() const;  // what it remembers

 private:
  struct Standing {
    std::string uid;
    std::string reason;
    std::string about;
    base::SteadyTime since;
    std::optional<base::SteadyTime> turn{};
    bool is_told = false;
  };

  // When to come again; nothing: at a change.
  std::optional<std::chrono::milliseconds> tell(const kube::Ingress& ingress, const Remark& remark,
                                                Standing& standing, base::SteadyTime now);

  kube::Store<kube::Ingress>& ingresses_;
  const Look look_;
  kube::EventSink& events_;
  const base::Clock& clock_;
  mutable std::mutex mutex_;
  std::map<kube::ObjectKey, Standing> standing_;
  NamespacePace pace_;
};

}  // namespace ingress
