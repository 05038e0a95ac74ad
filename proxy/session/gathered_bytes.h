#pragma once

#include <cstddef>

#include "proxy/admin/counters.h"

namespace proxy::session {

// What one request has in the worker's account of gathered bodies, which is also the bound on all
// of them: it goes down when the request lets go of its bytes, whatever way it ends.
class GatheredBytes {
 public:
  explicit GatheredBytes(admin::Counter& account) : account_(account) {}
  ~GatheredBytes() { clear(); }
  GatheredBytes(const GatheredBytes&) = delete;
  GatheredBytes& operator=(const GatheredBytes&) = delete;

  // The request holds this much now. False: all together hold more than `max`.
  bool hold(std::size_t bytes, std::size_t max) {
    account_.add(bytes);
    account_.subtract(held_);
    held_ = bytes;
    return account_.get() <= max;
  }
  void clear() {
    account_.subtract(held_);
    held_ = 0;
  }

 private:
  admin::Counter& account_;
  std::size_t held_ = 0;
};

}  // namespace proxy::session
