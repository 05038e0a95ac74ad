#pragma once

#include <cstddef>
#include <cstdint>
#include <utility>

#include "proxy/policy/zeroed_words.h"

namespace proxy::policy {

// How many requests of each client are under way, for all workers together, in a table of fixed
// size and without a lock. A place is taken while there is one: nobody is forgotten, and who finds
// no place is not let in. There are places for far more clients than can be connected at a time.
//
// Any number of threads.
class InFlight {
 public:
  static constexpr std::size_t kWays = 32;
  // 4 MiB when all of them are used. With 200,000 clients at a time one set in a million is full.
  static constexpr std::size_t kPlaces = std::size_t{1} << 19;
  // What a place can count.
  static constexpr std::uint64_t kCountMax = (std::uint64_t{1} << 20) - 1;

  // One request that is counted, for as long as this lives: not longer than the table.
  class [[nodiscard]] Place {
   public:
    Place() = default;
    ~Place() { leave(); }
    Place(Place&& other) noexcept : word_(std::exchange(other.word_, nullptr)) {}
    Place& operator=(Place&& other) noexcept {
      if (this != &other) {
        leave();
        word_ = std::exchange(other.word_, nullptr);
      }
      return *this;
    }

    explicit operator bool() const { return word_ != nullptr; }
    void leave();

   private:
    friend class InFlight;
    explicit Place(std::uint64_t* word) : word_(word) {}
    std::uint64_t* word_ = nullptr;
  };

  // `places` is a power of 2, and at least kWays.
  explicit InFlight(std::size_t places = kPlaces);

  // A place for one more request of the client with this hash, unless it has `max` already. None:
  // there is none.
  Place enter(std::uint64_t hash, std::uint64_t max);

  // Of all clients; for tests, it looks at all places.
  std::uint64_t count();

 private:
  std::size_t sets_;
  unsigned shift_;
  ZeroedWords words_;  // each: who, and how many; free where it is none
};

}  // namespace proxy::policy
