#pragma once

#include <optional>

#include "proxy/net/timer_wheel.h"
#include "proxy/policy/pace.h"
#include "proxy/session/exchange.h"

namespace proxy::session {

// A response that is not taken from its endpoint faster than its route lets it be sent: what is not
// read waits in the kernel, or beyond, so it costs no memory here.
struct Exchange::Paced final : net::TimerTarget {
  Paced(Exchange& owner, const config::Pace& config) : exchange(owner), settings(config) {}
  void on_timer(net::Timer&) override { exchange.on_pace_due(); }

  Exchange& exchange;
  const config::Pace settings;
  std::optional<policy::Pace> pace{};  // from the response's first bytes on
  net::Timer timer{*this};
};

}  // namespace proxy::session
