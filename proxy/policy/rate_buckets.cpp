#include "proxy/policy/rate_buckets.h"

#include <algorithm>
#include <atomic>
#include <bit>
#include <cassert>
#include <limits>

namespace proxy::policy {
namespace {

using Word = std::atomic_ref<std::uint64_t>;

constexpr std::uint64_t kSpanBits = 6;
constexpr std::uint64_t kSpanMask = (1u << kSpanBits) - 1;
// Somebody is writing this place. No key has its span.
constexpr std::uint64_t kBusy = std::numeric_limits<std::uint64_t>::max();
// Each time that a place was taken away while it was being taken, another thread has gone on.
constexpr int kTries = 16;

Word key_of(std::uint64_t* place) {
  return Word(place[0]);
}
Word full_at(std::uint64_t* place) {
  return Word(place[1]);
}

// How empty the bucket of a key is, comparable between limits: in 65536ths, to within a factor of
// two, of all that it can hold.
std::uint64_t emptiness(std::uint64_t key, std::uint64_t full_at, std::uint64_t now) {
  constexpr unsigned kScale = 16;
  if (full_at <= now) return 0;
  const auto span_bits = static_cast<unsigned>(key & kSpanMask);
  const std::uint64_t debt = full_at - now;
  const std::uint64_t scaled =
      span_bits > kScale ? debt >> (span_bits - kScale) : debt << (kScale - span_bits);
  return std::max<std::uint64_t>(scaled, 1);
}

// The bucket may have become another client's between the look at its key and this: then one of its
// tokens is taken in the place of ours, once.
std::uint64_t take_from(Word full_at, const RateBuckets::Rate& rate, std::uint64_t now) {
  std::uint64_t at = full_at.load(std::memory_order_relaxed);
  while (true) {
    const std::uint64_t from = std::max(at, now);
    if (from - now > rate.slack) return from - now - rate.slack;
    if (full_at.compare_exchange_weak(at, from + rate.interval, std::memory_order_relaxed)) {
      return 0;
    }
  }
}

}  // namespace

RateBuckets::Key::Key(std::uint64_t hash, std::uint64_t span)
    : value_((hash & ~kSpanMask) | static_cast<std::uint64_t>(std::bit_width(
                                       std::clamp<std::uint64_t>(span, 1, kLongest)))) {}

RateBuckets::RateBuckets(std::size_t places)
    : sets_(places / kWays),
      shift_(64u - static_cast<unsigned>(std::countr_zero(sets_))),
      words_(2 * places) {
  assert(std::has_single_bit(places) && places >= kWays);
}

std::uint64_t* RateBuckets::set_of(Key key) {
  const std::size_t set = shift_ == 64 ? 0 : static_cast<std::size_t>(key.value_ >> shift_);
  return words_.at(2 * kWays * set);
}

std::uint64_t RateBuckets::take(Key key, const Rate& rate, std::uint64_t now) {
  const Rate bounded{std::clamp<std::uint64_t>(rate.interval, 1, kLongest),
                     std::min(rate.slack, kLongest)};
  std::uint64_t* const set = set_of(key);
  for (int i = 0; i < kTries; ++i) {
    std::uint64_t* fullest = nullptr;
    std::uint64_t key_there = 0;
    std::uint64_t least = std::numeric_limits<std::uint64_t>::max();
    for (std::uint64_t* place = set; place != set + 2 * kWays; place += 2) {
      const std::uint64_t found = key_of(place).load(std::memory_order_acquire);
      if (found == key.value_) return take_from(full_at(place), bounded, now);
      if (found == kBusy) continue;
      const std::uint64_t empty =
          emptiness(found, full_at(place).load(std::memory_order_relaxed), now);
      if (empty >= least) continue;
      fullest = place;
      key_there = found;
      least = empty;
    }
    if (fullest == nullptr) continue;
    if (!key_of(fullest).compare_exchange_strong(key_there, kBusy, std::memory_order_relaxed)) {
      continue;
    }
    full_at(fullest).store(now + bounded.interval, std::memory_order_relaxed);
    key_of(fullest).store(key.value_, std::memory_order_release);
    return 0;
  }
  return bounded.interval;  // it could not be counted, so it does not pass
}

void RateBuckets::give_back(Key key, const Rate& rate) {
  std::uint64_t* const set = set_of(key);
  for (std::uint64_t* place = set; place != set + 2 * kWays; place += 2) {
    if (key_of(place).load(std::memory_order_acquire) != key.value_) continue;
    Word at = full_at(place);
    std::uint64_t before = at.load(std::memory_order_relaxed);
    while (!at.compare_exchange_weak(before, before - std::min(before, rate.interval),
                                     std::memory_order_relaxed)) {
    }
    return;
  }
}

std::size_t RateBuckets::in_use(std::uint64_t now) {
  std::size_t count = 0;
  for (std::size_t i = 0; i < sets_ * kWays; ++i) {
    std::uint64_t* const place = words_.at(2 * i);
    if (key_of(place).load() != 0 && full_at(place).load() > now) ++count;
  }
  return count;
}

}  // namespace proxy::policy
