#pragma once

#include <set>
#include <string>
#include <utility>

#include "base/rare.h"

namespace api {

// Reading our own writes: what we wrote to one object, until the store has caught up with it. A
// reflector may lag behind, and deciding again on a view that we know to be old places a second
// order. T has metadata.resource_version, which is compared for equality only. Not thread-safe.
template <class T>
class OwnWrites {
 public:
  // The store's object, or our own write while the store still shows one that it replaced.
  const T& freshest(const T& stored) {
    if (writes_ && writes_->superseded.count(stored.metadata.resource_version) != 0) {
      return writes_->newest;
    }
    forget();
    return stored;
  }

  void add(const std::string& replaced_version, T written) {
    if (!writes_) writes_.emplace();
    writes_->superseded.insert(replaced_version);
    writes_->newest = std::move(written);
  }

  // Somebody else wrote too: only the API server knows.
  void forget() { writes_.reset(); }

 private:
  struct Writes {
    std::set<std::string> superseded;  // versions
    T newest;
  };
  base::Rare<Writes> writes_;
};

}  // namespace api
