#pragma once

#include <algorithm>
#include <cstddef>

#include "base/clock.h"

namespace proxy::session {

// How much more one connection may do of something in this turn of its loop. A turn is known by its
// time, which the loop reads once for each (net::Loop::now()). Pure.
class TurnShare {
 public:
  explicit TurnShare(std::size_t bytes_max) : bytes_max_(bytes_max) {}

  std::size_t left(base::SteadyTime turn) const {
    return turn == turn_ ? bytes_max_ - std::min(spent_, bytes_max_) : bytes_max_;
  }
  void spend(base::SteadyTime turn, std::size_t bytes) {
    if (turn != turn_) spent_ = 0;
    turn_ = turn;
    spent_ += bytes;
  }

 private:
  std::size_t bytes_max_;
  std::size_t spent_ = 0;  // in `turn_`
  base::SteadyTime turn_{};
};

}  // namespace proxy::session
