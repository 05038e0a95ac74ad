#pragma once

#include <atomic>
#include <cstddef>
#include <map>
#include <memory>
#include <string_view>
#include <unordered_map>

#include "proxy/net/loop.h"
#include "proxy/net/queue.h"
#include "proxy/policy/remembered_passwords.h"
#include "proxy/session/password_checks.h"

namespace proxy::session {

// Of the queues of who waits for one hash.
struct WaitForPassword;

// One worker's way to PasswordChecks: requests that show the same credentials wait for one hash,
// and who was right is remembered for a while. The worker's thread only; must outlive the pool's
// threads.
class PasswordGate {
 public:
  using Outcome = PasswordChecks::Outcome;

  // A request that waits. Leaves before it is destroyed.
  class Waiter : public net::QueuePlace<WaitForPassword> {
   public:
    virtual ~Waiter() = default;
    virtual void on_password_checked(Outcome outcome) = 0;

   private:
    friend class PasswordGate;
    policy::CredentialsDigest digest_{};
    config::IpAddress subscriber_{};
  };

  // Requests that wait, of one worker: each holds its head and some of its body.
  static constexpr std::size_t kWaitersMax = 1024;
  // Of one client address, IPv6 by /64: as many as a browser asks for at once over HTTP/2.
  static constexpr std::size_t kWaitersOfOneMax = 128;

  PasswordGate(net::Loop& loop, PasswordChecks& checks) : loop_(loop), checks_(checks) {}

  const policy::RememberedPasswords& remembered() const { return remembered_; }

  // Has it found out: the waiter is told in a later turn, unless it leaves before that. False:
  // there is no room.
  bool ask(std::string_view address, const policy::PasswordQuestion& question, Waiter& waiter);
  // Does nothing for one that does not wait.
  void leave(Waiter& waiter);
  std::size_t waiting() const { return waiting_; }

 private:
  struct UnderWay {
    net::Queue<Waiter, WaitForPassword> waiters;
    std::shared_ptr<std::atomic<bool>> is_wanted;
    bool is_user = false;
  };

  void forget(const Waiter& waiter);
  void on_done(const policy::CredentialsDigest& digest, Outcome outcome);

  net::Loop& loop_;
  PasswordChecks& checks_;
  policy::RememberedPasswords remembered_;
  std::unordered_map<policy::CredentialsDigest, UnderWay, policy::RememberedPasswords::DigestHash>
      under_way_;
  std::map<config::IpAddress, std::size_t> waiting_of_;
  std::size_t waiting_ = 0;
};

}  // namespace proxy::session
