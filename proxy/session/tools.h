#pragma once

#include "proxy/admin/counters.h"
#include "proxy/net/loop.h"
#include "proxy/session/buffers.h"
#include "proxy/session/options.h"

namespace proxy::session {

// What everybody works with who serves clients on one worker. All of it outlives whoever has it.
// That worker's thread only.
struct Tools {
  net::Loop& loop;
  admin::WorkerCounters& counters;
  Buffers& buffers;
  const Options& options;

  // For a handler that has spent its TurnBudget: it is resumed in the next turn.
  void resume_soon(net::EventHandler& handler) const {
    counters.turns_spent.add();
    loop.resume_soon(handler);
  }
};

}  // namespace proxy::session
