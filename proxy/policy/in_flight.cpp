#include "proxy/policy/in_flight.h"

#include <algorithm>
#include <atomic>
#include <bit>
#include <cassert>

namespace proxy::policy {
namespace {

using Word = std::atomic_ref<std::uint64_t>;

constexpr std::uint64_t kCountMask = InFlight::kCountMax;

// Each time that a word changed between the look at it and the step, another thread has gone on.
constexpr int kTries = 64;

}  // namespace

InFlight::InFlight(std::size_t places)
    : sets_(places / kWays),
      shift_(64u - static_cast<unsigned>(std::countr_zero(sets_))),
      words_(places) {
  assert(std::has_single_bit(places) && places >= kWays);
}

void InFlight::Place::leave() {
  if (word_ == nullptr) return;
  // What was done for the request is done before somebody else has its place.
  [[maybe_unused]] const std::uint64_t before =
      Word(*std::exchange(word_, nullptr)).fetch_sub(1, std::memory_order_acq_rel);
  assert((before & kCountMask) != 0);
}

InFlight::Place InFlight::enter(std::uint64_t hash, std::uint64_t max) {
  max = std::min(max, kCountMax);
  // The set is chosen by the first bits, which are in the tag, too.
  const std::uint64_t tag = hash & ~kCountMask;
  std::uint64_t* const set =
      words_.at(kWays * (shift_ == 64 ? 0 : static_cast<std::size_t>(hash >> shift_)));
  for (int i = 0; i < kTries; ++i) {
    std::uint64_t* own = nullptr;
    std::uint64_t* free = nullptr;
    std::uint64_t own_word = 0;
    std::uint64_t free_word = 0;
    // Two threads that begin a client's first requests at one time may have taken a place each.
    std::uint64_t sum = 0;
    for (std::uint64_t* place = set; place != set + kWays; ++place) {
      const std::uint64_t word = Word(*place).load(std::memory_order_acquire);
      const std::uint64_t count = word & kCountMask;
      if (count == 0) {
        if (free == nullptr) {
          free = place;
          free_word = word;
        }
      } else if ((word & ~kCountMask) == tag) {
        sum += count;
        own = place;
        own_word = word;
      }
    }
    if (sum >= max) return Place();
    std::uint64_t* const place = own != nullptr ? own : free;
    if (place == nullptr) return Place();
    std::uint64_t expected = own != nullptr ? own_word : free_word;
    const std::uint64_t next = own != nullptr ? own_word + 1 : tag | 1;
    if (Word(*place).compare_exchange_strong(expected, next, std::memory_order_acq_rel)) {
      return Place(place);
    }
  }
  return Place();
}

std::uint64_t InFlight::count() {
  std::uint64_t sum = 0;
  for (std::size_t i = 0; i < sets_ * kWays; ++i) {
    sum += Word(*words_.at(i)).load() & kCountMask;
  }
  return sum;
}

}  // namespace proxy::policy
