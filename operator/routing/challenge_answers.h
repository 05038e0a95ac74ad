#pragma once

#include "operator/routing/host_owners.h"
#include "operator/routing/resources.h"
#include "proxy/config/model.h"

namespace routing {

// What the proxies answer to HTTP-01 for the orders under way of all Certificates, for hosts that
// their namespaces have a say about. The tokens stand
// in the Certificates' status, so every operator replica publishes them, and a restart loses none.
proxy::config::ProxyConfig::Section<proxy::config::ChallengeAnswer> challenge_answers(
    const Resources& resources, const HostOwners& owners);

}  // namespace routing
