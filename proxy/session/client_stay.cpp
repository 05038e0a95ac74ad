#include "proxy/session/client_stay.h"

#include <chrono>

#include "proxy/policy/fair_queue.h"

namespace proxy::session {
namespace {

std::uint64_t seconds_of(base::SteadyTime time) {
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(time.time_since_epoch());
  return static_cast<std::uint64_t>(seconds.count());
}

}  // namespace

std::optional<ClientStay> find_stay(const upstream::Cluster& cluster, std::string_view address,
                                    policy::ClientPlaces& places, base::SteadyTime now) {
  const std::uint64_t stay_seconds = cluster.config().client_stay_seconds;
  if (stay_seconds == 0) return std::nullopt;
  const auto client = config::IpAddress::parse(address);
  if (!client) return std::nullopt;
  ClientStay stay{places.key_of(cluster.id_hash(), *client), policy::subscriber_of(*client).text(),
                  nullptr};
  if (const auto number = places.find(stay.key, stay_seconds, seconds_of(now))) {
    stay.endpoint = cluster.find_place(*number);
  }
  return stay;
}

void note_stay(policy::ClientPlaces::Key key, const upstream::Endpoint& endpoint,
               policy::ClientPlaces& places, base::SteadyTime now) {
  places.put(key, endpoint.place_number(), seconds_of(now));
}

}  // namespace proxy::session
