#pragma once

#include <algorithm>
#include <cstddef>

namespace proxy::session {

// Who may hold how many of the process' descriptors. Clients alone must not take them all: then no
// request would reach an endpoint, and no probe the admin server. Pure.
struct DescriptorBudget {
  std::size_t clients_max = 0;    // per worker
  std::size_t endpoints_max = 0;  // connections to endpoints, per worker
  std::size_t pipes_max = 0;      // per worker; each takes two

  // Of a limit on open files: a part stays for the admin server (64 connections), logs, files and
  // the control API; pipes have an eighth of the rest at most; and as each client's request may
  // need a connection to an endpoint, the two share what remains.
  static DescriptorBudget share(std::size_t limit, std::size_t workers, std::size_t clients_wanted,
                                std::size_t pipes_wanted) {
    const std::size_t reserved = std::min(limit / 4, kReservedMax) + kPerWorker * workers;
    const std::size_t each = (limit - std::min(limit, reserved)) / workers;
    DescriptorBudget budget;
    budget.pipes_max = std::min(pipes_wanted, each / 16);
    const std::size_t rest = each - 2 * budget.pipes_max;
    budget.clients_max = std::clamp<std::size_t>(rest / 2, 1, clients_wanted);
    budget.endpoints_max = std::max<std::size_t>(rest - std::min(rest, budget.clients_max), 1);
    return budget;
  }

  static constexpr std::size_t kReservedMax = 128;
  // A loop's own three, and two listeners.
  static constexpr std::size_t kPerWorker = 5;
};

}  // namespace proxy::session
