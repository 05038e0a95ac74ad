#pragma once

#include <chrono>
#include <cstddef>
#include <deque>
#include <functional>
#include <limits>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "kube/object.h"

namespace issuer {

// Who may talk to an issuer's server now, so that one server that hangs does not hold every worker.
//   - one issuer has at most so many turns at a time;
//   - one whose server gave no answer last has one turn at a time, until it answers;
//   - all of those together have half of the workers at most;
//   - all Issuers of one namespace have together as many turns as one issuer, and all Issuers of
//     all namespaces leave some to ClusterIssuers, where these share the workers: a tenant may make
//     as many as it likes, at servers that are slow and yet answer;
//   - whoever gets no turn stands in its issuer's line and is called in order, those that have
//     begun before those that have not; who asks again from the line while nobody has a turn gets
//     one, so that those who never come hold up nobody.
// No clock and no threads of its own. Thread-safe; wake is called without a lock held, from the
// thread that gives a turn back.
class Turns {
 public:
  using Wake = std::function<void(const kube::ObjectKey&)>;

  // Whoever stands in a line looks again after so long, also when nobody calls.
  static constexpr std::chrono::seconds kLookAgain{30};

  struct Limits {
    std::size_t per_issuer = 2;
    std::size_t silent = 2;  // turns of all issuers whose server does not answer
    // Turns of all Issuers, which are in namespaces.
    std::size_t of_namespaces = std::numeric_limits<std::size_t>::max();

    // Half of the workers for one, half for all that hang, and three quarters for Issuers.
    static Limits of(int workers);
    // The same where issuers of the other kind have workers of their own: none are left to them.
    static Limits of_one_kind(int workers);
  };

  explicit Turns(Limits limits) : limits_(limits) {}
  Turns(const Turns&) = delete;
  Turns& operator=(const Turns&) = delete;

  // Set once, before anything runs.
  void wake_with(Wake wake) { wake_ = std::move(wake); }

  // The right to send requests to one issuer's server; given back when it goes.
  class Turn {
   public:
    Turn(Turn&& other) noexcept;
    Turn& operator=(Turn&&) = delete;
    ~Turn();

    void note_answer() { heard_ = Heard::answer; }
    void note_silence() { heard_ = Heard::silence; }

   private:
    friend class Turns;
    enum class Heard { nothing, answer, silence };
    Turn(Turns& turns, std::string issuer) : turns_(&turns), issuer_(std::move(issuer)) {}

    Turns* turns_;
    std::string issuer_;
    Heard heard_ = Heard::nothing;
  };

  // What a turn is for: a step of something that has begun, or to begin.
  enum class Purpose { step, beginning };
  // Nothing: not now; the key stands in the line of this issuer and is woken.
  std::optional<Turn> take(const std::string& issuer, const kube::ObjectKey& key,
                           Purpose purpose = Purpose::step);
  // The same without standing in line.
  std::optional<Turn> try_take(const std::string& issuer);
  bool is_silent(const std::string& issuer) const;
  // It does not stand in any line any more.
  void forget(const kube::ObjectKey& key);
  // The issuer is gone: what was noted of its server says nothing of a later one of its name. Who
  // stands in its line is not called; whoever deletes an issuer wakes those who ask it.
  void forget_issuer(const std::string& issuer);
  std::size_t remembered() const;  // issuers

 private:
  struct Place {
    std::size_t in_use = 0;
    bool is_silent = false;
    // The issuer was deleted while turns were out, and nobody has asked since.
    bool is_gone = false;
    std::deque<kube::ObjectKey> steps;  // the line, and those who stand behind it
    std::deque<kube::ObjectKey> beginnings;

    std::deque<kube::ObjectKey>& line_for(Purpose purpose) {
      return purpose == Purpose::step ? steps : beginnings;
    }
    bool has_line() const { return !steps.empty() || !beginnings.empty(); }
    // Nobody is to be called before this key.
    bool is_first(const kube::ObjectKey& key, Purpose purpose);
    void leave(const kube::ObjectKey& key);
  };

  // Who was called just now and has yet to come, of those who share turns.
  struct Called {
    std::size_t silent = 0;
    std::size_t of_all_namespaces = 0;
    std::map<std::string, std::size_t> of_namespaces{};
  };

  bool is_free(const std::string& issuer, const Place& place, const Called& called) const;
  bool has_room_in_namespace(const std::string& issuer, const Called& called) const;
  Turn give(const std::string& issuer, Place& place);
  void leave_namespace(const std::string& issuer);
  void give_back(const std::string& issuer, Turn::Heard heard);
  std::vector<kube::ObjectKey> call_next(const std::string& after);

  const Limits limits_;
  Wake wake_;
  mutable std::mutex mutex_;
  std::map<std::string, Place> places_;
  std::set<kube::ObjectKey> called_;  // from the head of a line, and not come yet
  std::size_t silent_in_use_ = 0;
  std::map<std::string, std::size_t> in_use_of_namespaces_;  // "Issuer shop"; none is 0
  std::size_t in_use_of_all_namespaces_ = 0;
};

}  // namespace issuer
