#pragma once

#include <chrono>
#include <cstddef>
#include <deque>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/clock.h"
#include "kube/object.h"

namespace issuer {

// How many orders the Certificates of one issuer have under way, so that what was begun first is
// finished first: if thousands that are wanted at once had an order each, all would be late.
//   - so many that move: one that has stood still for a while waits for somebody's answer or for
//     its next attempt, and is not to hold up those that could go on;
//   - so many in all, and so many of one namespace: one tenant's orders that never end are not to
//     stop those of the others;
//   - whoever is not admitted stands in its issuer's line, one for each namespace. Places go round
//     the namespaces, and in each to the first in line; who is called has its place at once.
// No clock and no threads of its own. Thread-safe; wake is called without a lock held.
class OrderBudget {
 public:
  using Wake = std::function<void(const kube::ObjectKey&)>;

  struct Limits {
    // An order takes a few seconds, most of them a wait for others; an issuer has at most a few
    // turns at a time. More would make none of them faster.
    std::size_t moving = 64;
    // Let's Encrypt lets one account have 300 authorizations pending.
    std::size_t all = 300;
    std::size_t of_a_namespace = 150;
  };
  // Longer than a healthy server takes between two changes of an order.
  static constexpr std::chrono::seconds kMovesWithin{30};

  explicit OrderBudget(Limits limits) : limits_(limits) {}
  OrderBudget(const OrderBudget&) = delete;
  OrderBudget& operator=(const OrderBudget&) = delete;

  // Set once, before anything runs.
  void wake_with(Wake wake) { wake_ = std::move(wake); }

  // Whether this Certificate may have an order; else it stands in line.
  bool admit(const std::string& issuer, const kube::ObjectKey& certificate, base::SteadyTime now);
  // It has one, whoever let it, and it moved last at moved_at.
  void hold(const std::string& issuer, const kube::ObjectKey& certificate,
            base::SteadyTime moved_at);
  // It has none and wants none; nor does it stand in any line.
  void release(const kube::ObjectKey& certificate, base::SteadyTime now);

 private:
  struct Place {
    std::map<kube::ObjectKey, base::SteadyTime> moved_at;      // of those with an order, or called
    std::map<std::string, std::deque<kube::ObjectKey>> lines;  // by namespace; none is empty
    std::set<kube::ObjectKey> in_line;
    std::string last_called;  // the namespace

    bool is_empty() const { return moved_at.empty() && in_line.empty(); }
    void stand(const kube::ObjectKey& certificate);
    void leave_line(const kube::ObjectKey& certificate);
  };

  bool has_room(const Place& place, base::SteadyTime now) const;
  bool has_room_for(const Place& place, const std::string& namespace_) const;
  std::optional<kube::ObjectKey> next_in_line(const Place& place) const;
  std::vector<kube::ObjectKey> call(Place& place, base::SteadyTime now) const;
  void leave(const kube::ObjectKey& certificate, base::SteadyTime now,
             std::vector<kube::ObjectKey>& called);
  void wake(const std::vector<kube::ObjectKey>& called) const;

  const Limits limits_;
  Wake wake_;
  mutable std::mutex mutex_;
  std::map<std::string, Place> places_;             // by issuer
  std::map<kube::ObjectKey, std::string> issuers_;  // of those that are in a place
};

}  // namespace issuer
