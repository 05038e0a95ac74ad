#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/result.h"
#include "proxy/config/wire.h"
#include "proxy/control/snapshot.h"

namespace proxy::control {

// Decides what a proxy does next about its configuration. No I/O, no time, no threads: the client
// takes the step and reports what came of it; tests drive it with plain calls.
//
//   Poll -> delta -> (Fetch missing certificates)* -> Publish -> Poll with the new revision
//        \-> 304: Poll again
//   A delta that does not fit our state: Poll for a full one.
//   A state that cannot be served: Poll with `rejected`, not more often than failures are retried.
//   Any failure: Wait, longer each time, then Poll. The live state is never given up.
class ControlFlow {
 public:
  struct Poll {
    std::string path;  // "/v1/config?after=...&wait=60s&speaks=..."
  };
  struct Fetch {
    std::string body;  // of POST /v1/certificates
  };
  struct Publish {
    std::shared_ptr<const Snapshot> snapshot;
    std::vector<std::string> skipped{};  // places of what we do not know and serve without
  };
  struct Wait {
    std::chrono::milliseconds delay;
  };
  using Step = std::variant<Poll, Fetch, Publish, Wait>;

  static constexpr std::chrono::seconds kPollWait{60};
  static constexpr std::size_t kFetchMax = 500;  // certificates in one answer: a few MB
  // A server that answers "nothing new" at once is not asked in a loop.
  static constexpr std::chrono::seconds kPollAtLeast{1};
  static constexpr std::chrono::milliseconds kFirstDelay{500};
  static constexpr std::chrono::milliseconds kLongestDelay{30'000};

  // `name`: what the proxy calls itself; empty: nothing.
  explicit ControlFlow(std::string_view name = {});

  const Step& next() const { return next_; }

  // What came of the step. Each moves on to the next one. `jitter` is from 0 to 1. An error is for
  // the log: the flow has already decided what to do about it.
  base::Status on_polled(int status, std::string_view body, std::chrono::milliseconds took,
                         double jitter);
  base::Status on_fetched(int status, std::string_view body, double jitter);
  void on_published(const base::Status& published, double jitter);
  void on_failed(const base::Error& error, double jitter);
  void on_waited();

  // Nothing before the first publication.
  const std::shared_ptr<const Snapshot>& live() const { return live_; }
  // How many states could not be served so far.
  std::uint64_t rejections() const { return rejections_; }

 private:
  struct Rejection {
    std::string revision;
    std::string reason;
  };

  base::Status take_delta(config::Delta delta, double jitter);
  base::Status build(double jitter);
  void poll();
  void wait_after_failure(double jitter, std::chrono::milliseconds at_least = {});
  void reject(std::string revision, std::string reason, double jitter);

  Step next_ = Poll{};
  std::string name_;  // percent-encoded
  std::shared_ptr<const Snapshot> live_;
  std::optional<config::Delta> delta_;       // being completed
  config::CertificatesByHash certificates_;  // that it needs and that we hold
  std::optional<Rejection> rejection_;       // of the newest state that we were given
  bool wants_full_ = false;                  // our state and the operator's differ
  int failures_ = 0;
  std::uint64_t rejections_ = 0;
};

}  // namespace proxy::control
