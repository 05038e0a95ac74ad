#pragma once

#include <mutex>
#include <set>

#include "kube/object.h"

namespace certificate {

// The Certificates that wait for something that proxies do: to be looked at when one of them has
// taken over a newer configuration. Thread-safe.
class ProxyWaiters {
 public:
  void add(const kube::ObjectKey& certificate) {
    const std::lock_guard lock(mutex_);
    waiting_.insert(certificate);
  }
  void remove(const kube::ObjectKey& certificate) {
    const std::lock_guard lock(mutex_);
    waiting_.erase(certificate);
  }
  std::set<kube::ObjectKey> all() const {
    const std::lock_guard lock(mutex_);
    return waiting_;
  }

 private:
  mutable std::mutex mutex_;
  std::set<kube::ObjectKey> waiting_;
};

}  // namespace certificate
