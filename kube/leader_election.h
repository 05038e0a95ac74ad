#pragma once

#include <chrono>
#include <condition_variable>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>
#include <thread>
#include <utility>
#include <variant>

#include "base/clock.h"
#include "base/result.h"
#include "kube/client.h"
#include "kube/object.h"
#include "kube/pause.h"
#include "kube/resources/lease.h"

namespace kube {

struct LeaderElectionOptions {
  ObjectKey lease{};
  std::string identity{};  // unique to this process: the Pod's name and its uid
  std::map<std::string, std::string> labels{};  // of the Lease, so that others find it
  std::chrono::milliseconds lease_duration{15000};
  std::chrono::milliseconds renew_deadline{10000};
  std::chrono::milliseconds retry_period{2000};
};

// invalid unless lease_duration > renew_deadline > 1.2 * retry_period, whole seconds of lease, and
// names are there: otherwise two processes could lead at once.
base::Status check(const LeaderElectionOptions& options);

// Decides what a candidate writes, from the Lease that it read and the time on its own clock. No
// I/O, no threads. By client-go's rules: another's lease is expired when it has not changed for
// lease_duration by our own clock since we saw its last change; the times in it, written by another
// clock, are never judged.
class LeaderRules {
 public:
  explicit LeaderRules(LeaderElectionOptions options) : options_(std::move(options)) {}

  struct Create {
    Lease lease;
  };
  struct Update {
    Lease lease;  // with the resourceVersion that it was read at
  };
  struct Stand {  // somebody else holds it
    std::string holder;
  };
  using Step = std::variant<Create, Update, Stand>;

  // seen: the Lease as it is now, nothing when there is none.
  Step next(const std::optional<Lease>& seen, base::SteadyTime now, base::WallTime wall);
  // The renewal of a lease that we hold, without reading it first; only while holds().
  Update renew(base::WallTime wall) const;
  // The lease given up, so that the next candidate need not wait.
  Update release(base::WallTime wall) const;

  // What the server stored for our Create or Update, which was sent at that time.
  void on_written(const Lease& lease, base::SteadyTime sent_at);
  bool says(const base::TextMap& annotations) const { return annotations_ == annotations; }
  // What the Lease is to say of its holder from now on.
  void annotate(base::TextMap annotations) { annotations_ = std::move(annotations); }
  // True while our last successful write is younger than renew_deadline.
  bool holds(base::SteadyTime now) const;
  const std::optional<Lease>& observed() const { return observed_; }

 private:
  bool is_ours() const;
  void describe(Lease& lease) const;

  LeaderElectionOptions options_;
  base::TextMap annotations_;
  std::optional<Lease> observed_;
  base::SteadyTime changed_at_{};  // when observed_ last changed, by our clock
  std::optional<base::SteadyTime> renewed_at_;
};

// Takes part in the election on a thread of its own, from start(). Leadership is lost for good: the
// callback says so once, and the process should end (its work may be half done elsewhere already).
class LeaderElector {
 public:
  struct Surroundings {
    std::string refusal{};        // a sentence: why this process must not lead; empty: it may
    base::TextMap annotations{};  // what its Lease says to the others
  };
  struct Callbacks {
    std::function<void()> on_elected;  // both on the elector's thread; short
    std::function<void()> on_lost;     // not called when stop() came first
    // What stands around the Lease, though it is free: others with Leases of their own may do the
    // same work. Asked before the Lease is taken and once more when it is, so that of two who
    // begin at one time at least one sees the other; who does gives way and tries again. An error
    // counts as "not known": it is asked again later. No function: nobody can be in the way.
    std::function<base::Result<Surroundings>(const std::stop_token&)> look_around = {};
    std::function<void(const std::string& refusal)> on_refused = {};  // each that is new
  };

  // options must have passed check(). client and clock must outlive it. The client should be one
  // of its own whose timeout is at most half of renew_deadline: a renewal that hangs must leave
  // time for another.
  LeaderElector(Client& client, const base::Clock& clock, LeaderElectionOptions options,
                Callbacks callbacks, Pause pause = real_pause(), Random random = real_random());
  LeaderElector(const LeaderElector&) = delete;
  LeaderElector& operator=(const LeaderElector&) = delete;
  ~LeaderElector();  // stops

  void start();
  // Ends, and gives the lease up if held. Stop the work that needs leadership first.
  void stop();

  // Cheap; also false as soon as the renewal is overdue, before on_lost.
  bool is_leader() const;
  // False when stop came first.
  bool wait_until_leader(const std::stop_token& stop) const;
  std::string holder() const;  // as last seen; empty: nobody

 private:
  void run(const std::stop_token& stop);
  bool holds() const;
  void set_leading(bool leading);
  bool try_to_hold(const std::stop_token& stop);
  bool try_to_lead(const std::stop_token& stop);
  base::Result<Surroundings> look_around(const std::stop_token& stop);
  base::Status renew(const std::stop_token& stop);
  base::Status read_and_take(const std::stop_token& stop);
  base::Status write(const LeaderRules::Step& step, const std::stop_token& stop);
  void release();
  base::Status read_and_release();

  Client& client_;
  const base::Clock& clock_;
  const LeaderElectionOptions options_;
  const Callbacks callbacks_;
  const Pause pause_;
  const Random random_;

  mutable std::mutex mutex_;  // guards rules_ and leading_
  mutable std::condition_variable_any changed_;
  LeaderRules rules_;
  bool leading_ = false;
  std::string refusal_;  // the last reason; its thread's alone
  std::jthread thread_;
};

}  // namespace kube
