#include "proxy/session/auth_places.h"

#include "proxy/policy/fair_queue.h"

namespace proxy::session {

std::optional<AuthPlaces::Place> AuthPlaces::enter(const upstream::Cluster& server,
                                                   std::string_view client_address) {
  const auto address = config::IpAddress::parse(client_address);
  if (!address) return std::nullopt;
  const config::IpAddress client = policy::subscriber_of(*address);
  const auto of_server = of_server_.find(&server);
  const auto of_client = of_client_.find(client);
  const bool is_full =
      (of_server != of_server_.end() && of_server->second.count >= kOfOneServerMax) ||
      (of_client != of_client_.end() && of_client->second >= kOfOneClientMax);
  if (is_full) return std::nullopt;
  ++of_server_[&server].count;
  ++of_client_[client];
  return std::optional<Place>(std::in_place, *this, &server, client);
}

bool AuthPlaces::Place::hold(std::size_t bytes) {
  OfServer& all = places_->of_server_.find(server_)->second;
  all.bytes = all.bytes - held_ + bytes;
  held_ = bytes;
  return all.bytes <= kBytesOfOneServerMax;
}

void AuthPlaces::leave(const Place& place) {
  const auto of_server = of_server_.find(place.server_);
  of_server->second.bytes -= place.held_;
  if (--of_server->second.count == 0) of_server_.erase(of_server);
  const auto of_client = of_client_.find(place.client_);
  if (--of_client->second == 0) of_client_.erase(of_client);
}

}  // namespace proxy::session
