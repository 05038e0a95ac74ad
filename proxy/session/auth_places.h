#pragma once

#include <cstddef>
#include <map>
#include <optional>
#include <string_view>
#include <unordered_map>
#include <utility>

#include "proxy/config/network.h"
#include "proxy/upstream/cluster.h"

namespace proxy::session {

// How many questions of one worker are under way: each holds its request and a connection. What
// finds no room is refused, and whoever asks closes. One worker's thread only.
class AuthPlaces {
 public:
  // Of one auth server: a slow one takes nothing from the others.
  static constexpr std::size_t kOfOneServerMax = 512;
  // Of one client address, IPv6 by /64, as for passwords: as many as a browser asks for at once
  // over HTTP/2.
  static constexpr std::size_t kOfOneClientMax = 128;
  // What requests that wait for one server hold, heads and bodies: a quarter of what there is for
  // all that waits (Options::gathered_bytes_max).
  static constexpr std::size_t kBytesOfOneServerMax = 4u << 20;

  // Given back when it is destroyed.
  class Place {
   public:
    Place(AuthPlaces& places, const upstream::Cluster* server, const config::IpAddress& client)
        : places_(&places), server_(server), client_(client) {}
    Place(Place&& other) noexcept
        : places_(std::exchange(other.places_, nullptr)),
          server_(other.server_),
          client_(other.client_),
          held_(other.held_) {}
    Place& operator=(Place&&) = delete;
    ~Place() {
      if (places_ != nullptr) places_->leave(*this);
    }
    // Its request holds this much now. False: all that wait for this server hold too much.
    bool hold(std::size_t bytes);

   private:
    friend class AuthPlaces;
    AuthPlaces* places_;
    const upstream::Cluster* server_;
    config::IpAddress client_;
    std::size_t held_ = 0;
  };

  // Nothing: there is no room. The cluster must outlive the place.
  std::optional<Place> enter(const upstream::Cluster& server, std::string_view client_address);

 private:
  struct OfServer {
    std::size_t count = 0;
    std::size_t bytes = 0;
  };

  void leave(const Place& place);

  std::unordered_map<const upstream::Cluster*, OfServer> of_server_;
  std::map<config::IpAddress, std::size_t> of_client_;
};

}  // namespace proxy::session
