#pragma once

#include <chrono>
#include <optional>

#include "base/result.h"
#include "kube/object.h"

namespace kube {

// Longer than a watch event takes: a store that disagrees with a write of ours after it is right.
inline constexpr std::chrono::seconds kStoreLagMax{5};
// How long what another controller has written over ours is left alone, so that two of them do not
// write in a circle.
inline constexpr std::chrono::minutes kTruce{10};

// How a successful reconcile ends. Failures are Errors; the controller decides their back-off.
struct Outcome {
  std::optional<std::chrono::milliseconds> requeue_after{};

  static Outcome await_change() { return {}; }
  static Outcome requeue(std::chrono::milliseconds delay) { return {delay}; }
};

// Makes the world match one object's spec, from the current state alone: it is not told what
// changed, may run twice for one change, and never sleeps or polls. Long work is several short
// reconciles with requeue() between them. Called from several threads, but never twice at once for
// one key. An object that is gone is an ordinary case: its key still comes.
class Reconciler {
 public:
  virtual ~Reconciler() = default;
  virtual base::Result<Outcome> reconcile(const ObjectKey& key) = 0;
};

}  // namespace kube
