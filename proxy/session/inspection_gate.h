#pragma once

#include <cstdint>
#include <memory>
#include <string_view>
#include <unordered_map>

#include "proxy/net/loop.h"
#include "proxy/session/inspectors.h"

namespace proxy::session {

// One worker's way to Inspectors. The worker's thread only; must outlive the pool's threads.
class InspectionGate {
 public:
  // A request that waits. Leaves before it is destroyed.
  class Waiter {
   public:
    virtual ~Waiter() = default;
    virtual void on_inspected(policy::Inspection inspection) = 0;

   private:
    friend class InspectionGate;
    std::uint64_t place_ = 0;  // 0: it does not wait
    std::shared_ptr<InspectionTask> task_;
  };

  InspectionGate(net::Loop& loop, Inspectors& inspectors) : loop_(loop), inspectors_(inspectors) {}

  // Is it inspected: the waiter is told in a later turn, unless it leaves before that. False: there
  // is no room.
  bool ask(std::string_view address, std::shared_ptr<InspectionTask> task, Waiter& waiter);
  // Does nothing for one that does not wait. True: nobody had begun, so the task is the caller's.
  bool leave(Waiter& waiter);
  static bool is_waiting(const Waiter& waiter) { return waiter.place_ != 0; }
  std::size_t waiting() const { return waiting_.size(); }

 private:
  void on_done(std::uint64_t place, policy::Inspection inspection);

  net::Loop& loop_;
  Inspectors& inspectors_;
  std::unordered_map<std::uint64_t, Waiter*> waiting_;  // bounded by the pool's queue
  std::uint64_t last_place_ = 0;
};

}  // namespace proxy::session
