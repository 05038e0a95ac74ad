#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "operator/routing/admission.h"
#include "operator/routing/intent_compiler.h"
#include "operator/routing/load.h"
#include "operator/routing/rank.h"
#include "operator/routing/room.h"

namespace routing {

// What a claimant would have had for which there is no room.
struct Absent {
  std::vector<std::string> hosts{};  // in ProxyConfig's spelling
  bool guards = false;               // something on them
};

// Who has read claimants of a kind, in one compilation.
class IntentSource {
 public:
  virtual ~IntentSource() = default;
  // Adds the intent of one of them; places are given by who has read them.
  virtual void add(std::size_t place) = 0;
  // There is no room for one of them, which is told.
  virtual Absent leave_out(std::size_t place, const NoRoom& why) = 0;
};

// A claimant that was read, before anything is made of it.
struct ReadClaimant {
  Rank rank;
  Load load;  // that it asks for at most
  IntentSource* source = nullptr;
  std::size_t place = 0;
};

// Adds all of a compilation that find room, in the order in which they have their say, whoever has
// read them. What those guard that find none stays closed. decided: see find_room().
Room add_by_age(std::vector<ReadClaimant> claimants, const LoadBounds& bounds,
                const std::optional<WithoutRoom>& decided, IntentCompiler& compiler);

}  // namespace routing
