#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>

#include "proxy/config/model.h"

namespace proxy::upstream {

// Chooses among endpoints 0..count-1. One per cluster and worker. Workers begin at different
// places, so that together they do not all ask the same endpoint first.
class Balancer {
 public:
  static constexpr std::uint32_t kExcluded = UINT32_MAX;

  explicit Balancer(std::size_t start) : cursor_(start) {}

  // Whether the one picked has had its turn. A retry is no turn: were it one, then of two endpoints
  // the one that is gone would be the next again for every request.
  enum class Turn { moves, stays };

  // `load_of(i)` is the number of requests that endpoint i has under way here, or kExcluded.
  // Nothing when all are excluded. Of equal loads the next in turn wins.
  template <class LoadOf>
  std::optional<std::size_t> pick(config::Balancing balancing, Turn turn, std::size_t count,
                                  const LoadOf& load_of) {
    std::optional<std::size_t> best;
    std::uint32_t best_load = kExcluded;
    for (std::size_t step = 0; step < count; ++step) {
      const std::size_t i = (cursor_ + step) % count;
      const std::uint32_t load = load_of(i);
      if (load == kExcluded || load >= best_load) continue;
      best = i;
      best_load = load;
      if (balancing == config::Balancing::round_robin) break;
    }
    if (best && turn == Turn::moves) cursor_ = *best + 1;
    return best;
  }

 private:
  std::size_t cursor_;
};

}  // namespace proxy::upstream
