#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <list>
#include <map>
#include <optional>
#include <string>

#include "base/clock.h"

namespace control {

// Whose token the API server is asked about next: the rules, without threads. An origin is where a
// caller comes from, as far as that can be told from its address (base::Peer): a node's Pods may
// share one, and then its addresses take turns as the origins do.
//
// Origins from which a proxy of ours was admitted lately go first: the others use up nothing of
// theirs. Among each other the origins take turns, and both kinds go at a pace, so that made-up
// tokens are no load on the API server and nobody's flood holds up another's first call for longer
// than one turn. Where all places are taken, whoever has most of them makes room for whoever has
// least: a flood from a few addresses keeps nobody else out.
class ReviewQueue {
 public:
  using Ticket = std::uint64_t;

  struct Limits {
    std::size_t waiting_max = 256;    // of those we know, and of the strangers
    std::size_t per_origin_max = 16;  // of them; a new proxy asks three things at once
    std::size_t known_max = 4096;
    std::chrono::seconds known_for{180};  // three polls missed
    // Of each kind, for the API server's sake. When an operator starts all proxies are strangers.
    double burst = 100;
    double per_second = 20;
  };

  struct Caller {
    std::string origin;
    std::string address;
  };
  struct Added {
    bool has_place = false;
    std::optional<Ticket> made_room;  // it has no place any more
  };

  explicit ReviewQueue(Limits limits) : limits_(limits), proxies_(limits), strangers_(limits) {}

  Added add(Ticket ticket, const Caller& caller, base::SteadyTime now);
  // It is settled otherwise.
  void drop(Ticket ticket);
  // A proxy of ours was admitted from there.
  void note_known(const std::string& origin, base::SteadyTime now);

  // Who is next, and off the queue. Nothing: nobody is before next_at().
  std::optional<Ticket> take(base::SteadyTime now);
  // SteadyTime::max(): when somebody is added.
  base::SteadyTime next_at(base::SteadyTime now) const;

 private:
  // Who waits, origin by origin and address by address; whose turn it is comes first.
  class Lane {
   public:
    explicit Lane(const Limits& limits) : limits_(limits), budget_(limits.burst) {}
    Added add(Ticket ticket, const Caller& caller);
    void drop(Ticket ticket);
    std::optional<Ticket> take(base::SteadyTime now);
    base::SteadyTime next_at(base::SteadyTime now) const;

   private:
    struct Address {
      std::string text;
      std::list<Ticket> tickets;
      std::size_t size() const { return tickets.size(); }
    };
    struct Origin {
      std::string name;
      std::list<Address> addresses;
      std::size_t tickets = 0;
      std::size_t size() const { return tickets; }
    };

    std::optional<Ticket> make_room(const Caller& caller);
    Ticket take_newest(std::list<Origin>::iterator origin);
    double budget_at(base::SteadyTime now) const;

    const Limits limits_;
    std::list<Origin> origins_;
    std::size_t size_ = 0;
    double budget_;
    base::SteadyTime budget_since_{};
  };

  const Limits limits_;
  Lane proxies_;
  Lane strangers_;
  std::map<std::string, base::SteadyTime> known_;  // until when
};

}  // namespace control
