#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/result.h"
#include "proxy/config/certificate_hashes.h"
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
//   A state in doubt: Poll again, each time by a new connection, which may reach another replica of
//   the operator. What every answer says for kDoubtWaits is applied. An operator has kept its
//   answer for the wait, so that it can say anything else at once; one of the first release answers
//   at once, and the flow waits. In doubt is
//     - a state that was live here before and left: a replica whose watch lags has it. Not when it
//       comes from the replica that gave the live state, or that has called it the present one for
//       as long as a doubt takes: that one has gone from the live state to the older one. Of an
//       operator of the first release, whose replicas do not say who they are, a change from the
//       live state is taken for the same.
//     - no host at all after some, whatever else is in the state: an operator that lost sight of
//       the cluster has it.
//   A state that not every worker has taken yet: Publish again. It is not live before that.
//   Any failure: Wait, longer each time, then Poll. The live state is never given up.
class ControlFlow {
 public:
  struct Poll {
    std::string path;  // "/v1/config?after=...&wait=60s&speaks=..."
    bool is_by_new_connection = false;
  };
  struct Fetch {
    std::string body;  // of POST /v1/certificates
  };
  struct Publish {
    std::shared_ptr<const Snapshot> snapshot;
    config::ValidConfig valid{};         // the snapshot's, by which the next change is checked
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

  static constexpr std::array<std::chrono::seconds, 5> kDoubtWaits{
      std::chrono::seconds(1), std::chrono::seconds(2), std::chrono::seconds(4),
      std::chrono::seconds(8), std::chrono::seconds(15)};
  // Of the states that were left, and of those that were rejected: as many are known again.
  static constexpr std::size_t kRemembered = 64;

  // `name`: what the proxy calls itself; empty: nothing.
  explicit ControlFlow(std::string_view name = {});

  // This state is live already; before the first poll. So the operator says what has changed since,
  // and a state without any host is in doubt. Which states were live before it, and which replica
  // gave it, is not known any more: an older one of a replica that lags is applied at once.
  void begin_with(std::shared_ptr<const Snapshot> live, config::ValidConfig valid);

  const Step& next() const { return next_; }

  // What came of the step. Each moves on to the next one. `jitter` is from 0 to 1. An error is for
  // the log: the flow has already decided what to do about it. `replica`: who answered, as it says
  // (config::kReplicaHeader); empty: it does not say.
  base::Status on_polled(int status, std::string_view body, std::chrono::milliseconds took,
                         double jitter, std::string_view replica = {});
  base::Status on_fetched(int status, std::string_view body, double jitter);
  void on_published(const base::Status& published, double jitter);
  void on_failed(const base::Error& error, double jitter);
  void on_waited();

  // Nothing before the first publication.
  const std::shared_ptr<const Snapshot>& live() const { return live_; }
  // How many states could not be served so far.
  std::uint64_t rejections() const { return rejections_; }
  // The newest state that we were given cannot be served.
  bool is_rejecting() const { return rejection_.has_value(); }

 private:
  struct Rejection {
    std::string revision;
    std::string reason;
  };
  struct Doubt {
    std::string revision;     // that was offered last
    bool is_of_no_host;       // then any other state without a host says the same
    std::size_t rounds = 0;   // of kDoubtWaits that are over
    bool is_resting = false;  // until this one is over
  };
  // The last kRemembered of them, oldest first.
  class Revisions {
   public:
    void add(std::string revision);
    bool contains(const std::string& revision) const;

   private:
    std::deque<std::string> revisions_;
  };

  bool is_live(const config::Delta& delta) const;
  base::Status take_delta(config::Delta delta, double jitter);
  base::Status build(double jitter);
  bool leaves_no_host(const config::Delta& delta) const;
  bool has_seen_live(const config::Delta& delta) const;
  bool is_confirmed(const std::string& revision, bool has_no_host);
  static base::Status in_doubt(const std::string& revision, const std::string& why);
  bool is_rejected_already(const std::string& revision, double jitter);
  void poll();
  void wait_after_failure(double jitter, std::chrono::milliseconds at_least = {});
  void reject(std::string revision, std::string reason, double jitter);

  Step next_ = Poll{};
  std::string name_;  // percent-encoded
  std::shared_ptr<const Snapshot> live_;
  config::ValidConfig live_valid_;           // of live_
  config::CertificateIndex held_;            // likewise
  std::optional<config::Delta> delta_;       // being completed
  config::CertificatesByHash certificates_;  // that it needs and that we hold
  std::optional<Rejection> rejection_;       // of the newest state that we were given
  std::string answer_;                       // tells the answer being taken from others
  std::string replica_;                      // that gave it
  std::string live_from_;                    // the replica whose word on the live state is newest
  std::chrono::milliseconds took_{0};        // the poll that brought it
  Revisions rejected_;  // with the answer that each came in: other content may be better
  Revisions counted_;   // rejected, and counted
  Revisions left_;      // were live
  std::optional<Doubt> doubt_;
  std::optional<Publish> unfinished_;  // not live in every worker yet
  bool wants_full_ = false;            // our state and the operator's differ
  int failures_ = 0;
  std::uint64_t rejections_ = 0;
};

// What the flow is about to do after a failure, for the log: "trying again in 2.0 s".
std::string what_next(const ControlFlow::Step& step);

}  // namespace proxy::control
