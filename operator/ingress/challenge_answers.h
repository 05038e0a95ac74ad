#pragma once

#include "operator/ingress/cluster_view.h"
#include "proxy/config/model.h"

namespace ingress {

// What the proxies answer to HTTP-01 for the orders under way of all Certificates. The tokens stand
// in the Certificates' status, so every operator replica publishes them, and a restart loses none.
proxy::config::ProxyConfig::Section<proxy::config::ChallengeAnswer> challenge_answers(
    const ClusterView& view);

}  // namespace ingress
