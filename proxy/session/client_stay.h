#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "proxy/policy/client_places.h"
#include "proxy/upstream/cluster.h"

namespace proxy::session {

// A client of a cluster that remembers whom each one had (config::Cluster::client_stay_seconds).
struct ClientStay {
  policy::ClientPlaces::Key key;
  // Whose requests are one client's: what an endpoint is chosen by where none is known.
  std::string network;
  // That it had, and that is still there; nullptr: it is to be told by note_stay().
  std::shared_ptr<upstream::Endpoint> endpoint;
};

// Nothing: the cluster remembers nobody, or the address is none.
std::optional<ClientStay> find_stay(const upstream::Cluster& cluster, std::string_view address,
                                    policy::ClientPlaces& places, base::SteadyTime now);

// This one served it.
void note_stay(policy::ClientPlaces::Key key, const upstream::Endpoint& endpoint,
               policy::ClientPlaces& places, base::SteadyTime now);

}  // namespace proxy::session
