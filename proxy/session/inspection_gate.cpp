#include "proxy/session/inspection_gate.h"

#include <utility>

namespace proxy::session {

bool InspectionGate::ask(std::string_view address, std::shared_ptr<InspectionTask> task,
                         Waiter& waiter) {
  const auto who = config::IpAddress::parse(address);
  if (!who) return false;
  const std::uint64_t place = ++last_place_;
  task->done = [this, place](policy::Inspection inspection) {
    loop_.post([this, place, inspection = std::move(inspection)] { on_done(place, inspection); });
  };
  if (!inspectors_.ask(*who, task)) return false;
  waiter.place_ = place;
  waiter.task_ = std::move(task);
  waiting_.emplace(place, &waiter);
  return true;
}

bool InspectionGate::leave(Waiter& waiter) {
  if (waiter.place_ == 0) return false;
  waiting_.erase(std::exchange(waiter.place_, 0));
  const auto task = std::exchange(waiter.task_, nullptr);
  if (!task->give_up()) return false;
  task->forget_message();
  return true;
}

void InspectionGate::on_done(std::uint64_t place, policy::Inspection inspection) {
  const auto at = waiting_.find(place);
  if (at == waiting_.end()) return;
  Waiter& waiter = *at->second;
  waiting_.erase(at);
  waiter.place_ = 0;
  waiter.task_.reset();
  waiter.on_inspected(std::move(inspection));
}

}  // namespace proxy::session
