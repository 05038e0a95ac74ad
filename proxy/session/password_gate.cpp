#include "proxy/session/password_gate.h"

#include <string>
#include <utility>

namespace proxy::session {

bool PasswordGate::ask(std::string_view address, const policy::PasswordQuestion& question,
                       Waiter& waiter) {
  if (waiting_ >= kWaitersMax) return false;
  const auto who = config::IpAddress::parse(address);
  if (!who) return false;
  const config::IpAddress subscriber = policy::subscriber_of(*who);
  const auto of_one = waiting_of_.find(subscriber);
  if (of_one != waiting_of_.end() && of_one->second >= kWaitersOfOneMax) return false;
  const auto [at, is_new] = under_way_.try_emplace(question.digest);
  if (is_new) {
    UnderWay& one = at->second;
    one.is_wanted = std::make_shared<std::atomic<bool>>(true);
    one.is_user = question.is_user;
    const auto tell = [this, digest = question.digest](Outcome outcome) {
      loop_.post([this, digest, outcome] { on_done(digest, outcome); });
    };
    if (!checks_.ask(*who, {std::string(question.password), *question.hash, one.is_wanted, tell})) {
      under_way_.erase(at);
      return false;
    }
  }
  waiter.digest_ = question.digest;
  waiter.subscriber_ = subscriber;
  at->second.waiters.push_back(waiter);
  ++waiting_of_[subscriber];
  ++waiting_;
  return true;
}

void PasswordGate::leave(Waiter& waiter) {
  using Waiters = net::Queue<Waiter, WaitForPassword>;
  if (!Waiters::is_waiting(waiter)) return;
  Waiters::leave(waiter);
  forget(waiter);
  const auto at = under_way_.find(waiter.digest_);
  if (!at->second.waiters.empty()) return;
  at->second.is_wanted->store(false, std::memory_order_relaxed);
  under_way_.erase(at);
}

void PasswordGate::forget(const Waiter& waiter) {
  const auto of_one = waiting_of_.find(waiter.subscriber_);
  if (--of_one->second == 0) waiting_of_.erase(of_one);
  --waiting_;
}

// Whoever is told may end others that wait, who leave, and begin others, who ask: so it is looked
// up anew for each.
void PasswordGate::on_done(const policy::CredentialsDigest& digest, Outcome outcome) {
  const auto first = under_way_.find(digest);
  if (first == under_way_.end()) return;
  if (outcome == Outcome::right && !first->second.is_user) outcome = Outcome::wrong;
  if (outcome == Outcome::right) remembered_.remember(digest, loop_.now());
  for (auto at = first; at != under_way_.end(); at = under_way_.find(digest)) {
    Waiter* const waiter = at->second.waiters.take_front();
    forget(*waiter);
    if (at->second.waiters.empty()) under_way_.erase(at);
    waiter->on_password_checked(outcome);
  }
}

}  // namespace proxy::session
