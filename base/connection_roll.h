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
//
// The roll only says who would leave: its owner reads from that connection once more before it ends
// it, for what it asks for may have come since its standing was set.
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

  bool has_place_for(const std::string& origin) const;
  // Whose place a newcomer of this origin takes while there is none for it. Nothing: it is turned
  // away.
  std::optional<Id> leaver_for(const std::string& origin) const;
  // Who leaves when the process has no descriptor for a newcomer. Nothing: all are busy.
  std::optional<Id> leaver() const;

  // There must be a place.
  void admit(Id id, const std::string& origin);
  void set_standing(Id id, Standing standing);
  void leave(Id id);

  bool is_busy(Id id) const;
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

  bool is_full(const std::string& origin) const;
  void count(Id id, const Entry& entry, bool is_added);

  const Limits limits_;
  std::map<Id, Entry> entries_;
  std::map<std::string, Origin> origins_;
  std::set<std::pair<std::size_t, std::string>> by_strangers_;  // origins that have some
  std::set<Id> idle_;
};

}  // namespace base
