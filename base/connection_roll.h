#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>

namespace base {

// Who is connected to a server, and who makes room for whom: the rules, without sockets or a clock.
// One thread.
//
// An origin (Peer::origin) has per_origin_max places of connections_max. Who finds no place takes
// that of a stranger: the oldest of its own origin when that is full, else the oldest of the origin
// with the most strangers, so that nobody with many addresses less than places can keep others out.
// Without strangers a known one that asks for nothing leaves. Nobody leaves in the middle of a
// request; if all are, the newcomer is turned away.
class ConnectionRoll {
 public:
  struct Limits {
    std::size_t connections_max = 1024;
    std::size_t per_origin_max = 256;
  };
  enum class Standing : std::uint8_t {
    stranger,  // was never given what it asked for; so is everybody who has just come
    idle,      // was, and asks for nothing now
    busy,      // a request of it is under way
  };
  using Id = std::uint64_t;  // grows with every connection

  explicit ConnectionRoll(Limits limits) : limits_(limits) {}

  struct Admission {
    bool is_admitted = false;
    std::optional<Id> leaves{};  // is off the roll already
  };
  Admission admit(Id id, const std::string& origin);
  void set_standing(Id id, Standing standing);
  void leave(Id id);
  // Off the roll with it: the process has no descriptor for a newcomer. Nothing: all are busy.
  std::optional<Id> make_room();

  std::size_t size() const { return entries_.size(); }

 private:
  struct Origin {
    std::size_t connections = 0;
    std::set<Id> strangers;
    std::set<Id> idle;
  };
  struct Entry {
    std::string origin;
    Standing standing = Standing::stranger;
  };

  void count(Id id, const Entry& entry, bool is_added);
  std::optional<Id> take_off(std::optional<Id> id);

  const Limits limits_;
  std::map<Id, Entry> entries_;
  std::map<std::string, Origin> origins_;
  std::set<std::pair<std::size_t, std::string>> by_strangers_;  // origins that have some
  std::set<Id> idle_;
};

}  // namespace base
