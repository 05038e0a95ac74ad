#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "proxy/config/model.h"

namespace proxy::upstream {

// Chooses among endpoints 0..count-1. One per cluster and worker. Workers begin at different
// places, so that together they do not all ask the same endpoint first.
//
// The least loaded of few is looked for among all of them. Of many, the next in turn and one that
// is drawn are compared (M. Mitzenmacher, "The Power of Two Choices in Randomized Load Balancing"):
// what a request costs does not grow with their number, and workers that know nothing of each other
// do not all choose the same one. That one of the two is the next in turn keeps quiet clusters
// even, and has each endpoint looked at once a round. Pure.
class Balancer {
 public:
  static constexpr std::uint32_t kExcluded = UINT32_MAX;
  // More than that are many.
  static constexpr std::size_t kComparedMax = 16;

  explicit Balancer(std::size_t start) : cursor_(start), drawn_(start) {}

  // Whether the one picked has had its turn. A retry is no turn: were it one, then of two endpoints
  // the one that is gone would be the next again for every request.
  enum class Turn { moves, stays };

  // `load_of(i)` is the number of requests that endpoint i has under way here, or kExcluded; it is
  // asked once at most for each. Nothing when all are excluded. Of equal loads the next in turn
  // wins.
  template <class LoadOf>
  std::optional<std::size_t> pick(config::Balancing balancing, Turn turn, std::size_t count,
                                  const LoadOf& load_of) {
    if (balancing == config::Balancing::least_requests && count > kComparedMax) {
      return pick_of_two(turn, count, load_of);
    }
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
  // Where most are excluded, all are looked at.
  static constexpr std::size_t kDrawsMax = 8;

  template <class LoadOf>
  std::optional<std::size_t> pick_of_two(Turn turn, std::size_t count, const LoadOf& load_of) {
    std::array<std::size_t, kDrawsMax> seen{};
    std::size_t seen_count = 0;
    const auto was_seen = [&](std::size_t i) {
      const auto all = std::span(seen).first(seen_count);
      return std::find(all.begin(), all.end(), i) != all.end();
    };
    std::optional<std::size_t> best;
    std::uint32_t best_load = kExcluded;
    std::size_t compared = 0;
    const std::size_t in_turn = cursor_ % count;
    for (std::size_t draw = 0; draw < kDrawsMax && compared < 2; ++draw) {
      const std::size_t i = draw == 0 ? in_turn : this->draw(count);
      if (was_seen(i)) continue;
      seen[seen_count++] = i;
      const std::uint32_t load = load_of(i);
      if (load == kExcluded) continue;
      ++compared;
      if (load >= best_load) continue;
      best = i;
      best_load = load;
    }
    for (std::size_t step = 0; step < count && !best; ++step) {
      const std::size_t i = (in_turn + step) % count;
      if (!was_seen(i) && load_of(i) != kExcluded) best = i;
    }
    if (best && turn == Turn::moves) cursor_ = in_turn + 1;
    return best;
  }

  // splitmix64, by S. Vigna: nobody gains by foreseeing it.
  std::size_t draw(std::size_t count) {
    drawn_ += 0x9e3779b97f4a7c15;
    std::uint64_t mixed = drawn_;
    mixed = (mixed ^ (mixed >> 30)) * 0xbf58476d1ce4e5b9;
    mixed = (mixed ^ (mixed >> 27)) * 0x94d049bb133111eb;
    return static_cast<std::size_t>((mixed ^ (mixed >> 31)) % count);
  }

  std::size_t cursor_;
  std::uint64_t drawn_;
};

}  // namespace proxy::upstream
