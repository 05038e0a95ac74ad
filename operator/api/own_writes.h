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
    if (written_ && superseded_.count(stored.metadata.resource_version) != 0) return *written_;
    forget();
    return stored;
  }

  void add(const std::string& replaced_version, T written) {
    superseded_.insert(replaced_version);
    written_ = std::move(written);
  }

  // Somebody else wrote too: only the API server knows.
  void forget() {
    written_.reset();
    superseded_.clear();
  }

 private:
  base::Rare<T> written_;
  std::set<std::string> superseded_;
};

}  // namespace api
