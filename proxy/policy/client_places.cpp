#include "proxy/policy/client_places.h"

#include <array>
#include <atomic>
#include <bit>
#include <cassert>
#include <cstring>
#include <limits>

#include "proxy/policy/fair_queue.h"

namespace proxy::policy {
namespace {

using Word = std::atomic_ref<std::uint64_t>;

// Somebody is writing this place. No client has it as its key.
constexpr std::uint64_t kBusy = std::numeric_limits<std::uint64_t>::max();
// Each time that a place was taken away while it was being taken, another thread has gone on.
constexpr int kTries = 16;
constexpr unsigned kSecondsBits = 32;

Word key_of(std::uint64_t* place) {
  return Word(place[0]);
}
Word stay_of(std::uint64_t* place) {
  return Word(place[1]);
}

std::uint64_t stay_at(std::uint32_t endpoint, std::uint64_t now) {
  return (std::uint64_t{endpoint} << kSecondsBits) | static_cast<std::uint32_t>(now);
}
std::uint32_t endpoint_of(std::uint64_t stay) {
  return static_cast<std::uint32_t>(stay >> kSecondsBits);
}
// Clocks of threads differ by a little: who was there just now was not silent.
std::uint64_t silent_for(std::uint64_t stay, std::uint64_t now) {
  const std::uint64_t last = static_cast<std::uint32_t>(stay);
  return now > last ? now - last : 0;
}

// Gives the client of this key another endpoint. False: the place has become another client's.
bool put_again(std::uint64_t* place, std::uint64_t key, std::uint64_t wanted) {
  std::uint64_t stay = stay_of(place).load(std::memory_order_acquire);
  if (key_of(place).load(std::memory_order_relaxed) != key) return false;
  // Should it become another client's from here on, that one writes first.
  stay_of(place).compare_exchange_strong(stay, wanted, std::memory_order_relaxed);
  return true;
}

}  // namespace

ClientPlaces::ClientPlaces(std::size_t places)
    : sets_(places / kWays),
      shift_(64u - static_cast<unsigned>(std::countr_zero(sets_))),
      words_(2 * places) {
  assert(std::has_single_bit(places) && places >= kWays);
}

ClientPlaces::Key ClientPlaces::key_of(std::uint64_t cluster,
                                       const config::IpAddress& client) const {
  const config::IpAddress who = subscriber_of(client);
  std::array<char, sizeof cluster + sizeof who.bytes + 1> bytes{};
  std::memcpy(bytes.data(), &cluster, sizeof cluster);
  std::memcpy(bytes.data() + sizeof cluster, who.bytes.data(), sizeof who.bytes);
  bytes.back() = who.is_ipv6 ? 1 : 0;
  const std::uint64_t hash = hash_.of({bytes.data(), bytes.size()}) | 1;  // not 0
  return Key(hash == kBusy ? hash - 2 : hash);
}

std::uint64_t* ClientPlaces::set_of(Key key) {
  const std::size_t set = shift_ == 64 ? 0 : static_cast<std::size_t>(key.value_ >> shift_);
  return words_.at(2 * kWays * set);
}

std::optional<std::uint32_t> ClientPlaces::find(Key key, std::uint64_t stay_seconds,
                                                std::uint64_t now) {
  std::uint64_t* const set = set_of(key);
  for (std::uint64_t* place = set; place != set + 2 * kWays; place += 2) {
    if (policy::key_of(place).load(std::memory_order_acquire) != key.value_) continue;
    const std::uint64_t stay = stay_of(place).load(std::memory_order_acquire);
    // It may have become another client's meanwhile, which put() says before it writes.
    if (policy::key_of(place).load(std::memory_order_relaxed) != key.value_) return std::nullopt;
    const std::uint64_t silent = silent_for(stay, now);
    if (silent > stay_seconds) return std::nullopt;
    // Whoever has changed it has been here later, or is another client.
    if (silent > 0) {
      std::uint64_t seen = stay;
      stay_of(place).compare_exchange_strong(seen, stay_at(endpoint_of(stay), now),
                                             std::memory_order_relaxed);
    }
    return endpoint_of(stay);
  }
  return std::nullopt;
}

void ClientPlaces::put(Key key, std::uint32_t endpoint, std::uint64_t now) {
  std::uint64_t* const set = set_of(key);
  for (int i = 0; i < kTries; ++i) {
    std::uint64_t* oldest = nullptr;
    std::uint64_t key_there = 0;
    std::uint64_t longest = 0;
    for (std::uint64_t* place = set; place != set + 2 * kWays; place += 2) {
      const std::uint64_t found = policy::key_of(place).load(std::memory_order_acquire);
      if (found == key.value_) {
        if (put_again(place, key.value_, stay_at(endpoint, now))) return;
        oldest = nullptr;  // the set is looked at again
        break;
      }
      if (found == kBusy) continue;
      const std::uint64_t silent =
          found == 0 ? std::numeric_limits<std::uint64_t>::max()
                     : silent_for(stay_of(place).load(std::memory_order_relaxed), now);
      if (oldest != nullptr && silent <= longest) continue;
      oldest = place;
      key_there = found;
      longest = silent;
    }
    if (oldest == nullptr) continue;
    if (!policy::key_of(oldest).compare_exchange_strong(key_there, kBusy,
                                                        std::memory_order_relaxed)) {
      continue;
    }
    stay_of(oldest).store(stay_at(endpoint, now), std::memory_order_release);
    policy::key_of(oldest).store(key.value_, std::memory_order_release);
    return;
  }
}

}  // namespace proxy::policy
