#pragma once

#include <algorithm>
#include <chrono>

#include "base/clock.h"

namespace proxy::upstream {

// What one worker remembers of an endpoint that does not connect, so that not every request waits
// for its connect timeout again. Pure: the caller brings the time. Its states:
//
//   well      nothing is known against it; requests come by its turn
//   marked    a connect failed; it is passed over while another endpoint is well
//   due       marked, and its pause is over: one probe may ask whether it is back
//   probed    that probe is under way
//
// A probe that fails makes the pause twice as long; one connect that succeeds makes it well.
class EndpointHealth {
 public:
  // The first pause is that of a Pod that restarts; the last is how long an endpoint that is back
  // may wait for its share, where Kubernetes itself looks every ten seconds by default.
  static constexpr std::chrono::milliseconds kPauseMin{1'000};
  static constexpr std::chrono::milliseconds kPauseMax{30'000};

  bool is_marked() const { return pause_.count() != 0; }
  bool wants_probe(base::SteadyTime now) const { return is_marked() && !probed_ && now >= due_; }

  void on_probe_begins() { probed_ = true; }
  // Its end without a result: it could not even begin, or nobody wants to know any more.
  void on_probe_dropped(base::SteadyTime now) {
    probed_ = false;
    due_ = now + pause_;
  }
  void on_probe_failed(base::SteadyTime now) {
    probed_ = false;
    mark(now);
  }
  // A request could not connect. Many may have begun to before the first of them failed: what they
  // say is known already, so only one in each pause counts.
  void on_connect_failed(base::SteadyTime now) {
    if (is_marked() && (probed_ || now < due_)) return;
    mark(now);
  }
  void on_connected() { *this = {}; }

 private:
  void mark(base::SteadyTime now) {
    pause_ = is_marked() ? std::min(pause_ * 2, kPauseMax) : kPauseMin;
    due_ = now + pause_;
  }

  std::chrono::milliseconds pause_{0};  // 0: well
  base::SteadyTime due_{};
  bool probed_ = false;
};

}  // namespace proxy::upstream
