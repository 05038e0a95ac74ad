#pragma once

#include <cstddef>
#include <deque>
#include <list>
#include <map>
#include <optional>
#include <string>
#include <utility>

#include "proxy/config/network.h"

namespace proxy::policy {

// Who has an address: of IPv6 a subscriber has a network, and all of its addresses.
inline config::IpAddress subscriber_of(const config::IpAddress& address) {
  constexpr std::uint8_t kSubscriberBits = 64;
  return address.is_ipv6 ? address.first_bits(kSubscriberBits) : address;
}

// Whose turn it is among those who ask for something dear: each address in its turn, however much
// one asks for, and none of them has more than some under way. Bounded. Not thread-safe.
template <class Job>
class FairQueue {
 public:
  struct Limits {
    std::size_t waiting_max = 256;
    std::size_t waiting_of_one_max = 16;   // of one address
    std::size_t under_way_of_one_max = 1;  // likewise
  };

  explicit FairQueue(const Limits& limits) : limits_(limits) {}

  std::size_t waiting() const { return waiting_; }
  std::size_t known() const { return places_.size(); }

  // False: there is no room.
  bool push(const config::IpAddress& address, Job job) {
    if (waiting_ >= limits_.waiting_max) return false;
    const auto at = places_.try_emplace(subscriber_of(address)).first;
    Place& place = at->second;
    if (place.waiting.size() >= limits_.waiting_of_one_max) return false;
    place.waiting.push_back(std::move(job));
    ++waiting_;
    line_up(at);
    return true;
  }

  struct Taken {
    config::IpAddress key;  // for finish()
    Job job;
  };
  bool has_turn() const { return !line_.empty(); }
  // Nothing: nobody waits who may have another one under way.
  std::optional<Taken> take() {
    if (line_.empty()) return std::nullopt;
    const auto at = line_.front();
    line_.pop_front();
    Place& place = at->second;
    place.is_in_line = false;
    Taken taken{at->first, std::move(place.waiting.front())};
    place.waiting.pop_front();
    --waiting_;
    ++place.under_way;
    line_up(at);
    return taken;
  }
  void finish(const config::IpAddress& key) {
    const auto at = places_.find(key);
    if (at == places_.end()) return;
    Place& place = at->second;
    --place.under_way;
    line_up(at);
    if (place.under_way == 0 && place.waiting.empty()) places_.erase(at);
  }

 private:
  struct Place {
    std::deque<Job> waiting;
    std::size_t under_way = 0;
    bool is_in_line = false;
  };
  using Places = std::map<config::IpAddress, Place>;

  void line_up(typename Places::iterator at) {
    Place& place = at->second;
    if (place.is_in_line || place.waiting.empty() ||
        place.under_way >= limits_.under_way_of_one_max) {
      return;
    }
    place.is_in_line = true;
    line_.push_back(at);
  }

  const Limits limits_;
  Places places_;
  std::list<typename Places::iterator> line_;  // who may have the next turn
  std::size_t waiting_ = 0;
};

}  // namespace proxy::policy
