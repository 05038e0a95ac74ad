#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string_view>
#include <unordered_map>

#include "proxy/config/network.h"

namespace proxy::session {

// Of the bodies whose length nobody announced, how many may go on to one cluster's endpoints from
// one worker before much of them has come. Their clients may wait for an answer to what they sent
// so far, which they get so; but they may as well send a byte now and then, and each holds a
// connection to an endpoint, which has few.
//
// A client may have as many of them as it leaves to others, and its first one while there is any:
// alone it may have half. A client is an IPv4 address, or the /64 of an IPv6 one. One worker's
// thread only.
class SlowBodies {
 public:
  // What an endpoint that answers one request for each of its threads can spare.
  static constexpr std::size_t kOfOneCluster = 8;
  static constexpr std::size_t kOfALoneClient = kOfOneCluster / 2;

  // What one request has of that: given back when it is destroyed, at the latest.
  class Place {
   public:
    Place() = default;
    ~Place() { leave(); }
    Place(const Place&) = delete;
    Place& operator=(const Place&) = delete;

    // `cluster`: upstream::Cluster::id_hash(). False: there is none for this client.
    bool take(SlowBodies& bodies, std::uint64_t cluster, std::string_view client_address);
    void leave() {
      if (bodies_ != nullptr) give_back();
    }

   private:
    void give_back();

    SlowBodies* bodies_ = nullptr;
    std::uint64_t cluster_ = 0;
    config::IpAddress client_{};
  };

 private:
  struct OfCluster {
    std::size_t taken = 0;
    std::map<config::IpAddress, std::size_t> of_client{};
  };

  // Those that have some alone: no more entries than there are places taken.
  std::unordered_map<std::uint64_t, OfCluster> clusters_;
};

}  // namespace proxy::session
