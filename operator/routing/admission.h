#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>

#include "operator/routing/claimant_key.h"
#include "operator/routing/load.h"
#include "operator/routing/rank.h"

namespace routing {

// Why there is no room for a claimant.
struct NoRoom {
  enum class Of { claimant, namespace_, all };
  Of of = Of::claimant;
  Load::Kind kind = Load::hosts;  // of which there is too much
  bool operator==(const NoRoom&) const = default;
};

// Which claimants find room in the configuration. Within a namespace the older one goes first; a
// smaller one behind one that does not fit may. Between namespaces nobody goes first: where all
// ask for more than there is, those with the most are cut to one share. So who stays small always
// has room, whatever others do. What it decides depends on what it knows, and not on how it came
// about. Costs what has changed, as long as there is room for all. Not thread-safe.
class Admission {
 public:
  explicit Admission(const LoadBounds& bounds) : bounds_(bounds), share_(bounds.namespace_) {}
  Admission(Admission&&) = default;
  Admission& operator=(Admission&&) = default;

  void put(const Rank& rank, const Load& load);
  void erase(const ClaimantKey& claimant);
  // Forgets all of them, and what was decided.
  void clear();

  // Whose lot has changed since it was last asked.
  std::set<ClaimantKey> decide();
  // As it was last decided. Nothing: there is room.
  std::optional<NoRoom> find(const ClaimantKey& claimant) const;

 private:
  using WithoutRoom = std::map<ClaimantKey, NoRoom>;
  using Loads = std::map<Rank, Load>;
  struct Namespace {
    Loads loads;
    Load sum;
    WithoutRoom without_room;
  };

  // Where a claimant stands in its namespace's loads.
  struct ByClaimant {
    using is_transparent = void;
    static const ClaimantKey& key(const ClaimantKey& one) { return one; }
    static const ClaimantKey& key(Loads::const_iterator place) {
      return place->first.claimant.kind_and_key();
    }
    template <class One, class Other>
    bool operator()(const One& one, const Other& other) const {
      return key(one) < key(other);
    }
  };

  Load wanted(const Namespace& of) const;
  Load share() const;
  WithoutRoom without_room(const Namespace& of) const;

  LoadBounds bounds_;
  std::set<Loads::const_iterator, ByClaimant> places_;
  std::map<std::string, Namespace> namespaces_;
  std::set<std::string> changed_;  // namespaces, since it last decided
  Load wanted_;                    // by all namespaces, each up to what one may have
  Load share_;                     // of a namespace, as it was last decided
};

}  // namespace routing
