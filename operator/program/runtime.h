#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <stop_token>
#include <string>
#include <thread>
#include <vector>

#include <prometheus/registry.h>

#include "base/clock.h"
#include "base/result.h"
#include "kube/config.h"
#include "operator/program/options.h"

namespace program {

// The operator, put together: what the flags say becomes stores, reflectors, controllers and
// endpoints. Every replica compiles the cluster, serves the proxies and keeps the certificate that
// it does so with; the leader also talks to ACME servers and writes to the cluster.
class Runtime {
 public:
  // Listens on all ports. invalid: one sentence about the flag, file or port that cannot be used.
  // on_lost is called once, from another thread, when this replica led and leads no longer.
  static base::Result<std::unique_ptr<Runtime>> start(const Options& options,
                                                      const kube::Config& config,
                                                      const base::Clock& clock,
                                                      std::function<void()> on_lost);
  virtual ~Runtime() = default;  // stops what runs, and gives up the lease
};

}  // namespace program
