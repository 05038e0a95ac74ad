#pragma once

#include <cstddef>

#include "proxy/admin/counters.h"

namespace proxy::admin {

// One holder's part of a gauge of WorkerCounters::held: what is held for whom is told where it
// grows and shrinks, so that nobody has to be asked. The gauge's thread only.
class HeldBytes {
 public:
  explicit HeldBytes(Counter& gauge) : gauge_(gauge) {}
  ~HeldBytes() { set(0); }
  HeldBytes(const HeldBytes&) = delete;
  HeldBytes& operator=(const HeldBytes&) = delete;

  // It holds so much now.
  void set(std::size_t bytes) {
    if (bytes == held_) return;
    if (bytes > held_) {
      gauge_.add(bytes - held_);
    } else {
      gauge_.subtract(held_ - bytes);
    }
    held_ = bytes;
  }

 private:
  Counter& gauge_;
  std::size_t held_ = 0;
};

}  // namespace proxy::admin
