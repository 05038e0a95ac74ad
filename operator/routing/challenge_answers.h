#pragma once

#include <cstddef>
#include <string>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "kube/object.h"
#include "operator/api/certificate.h"
#include "operator/routing/host_owners.h"
#include "operator/routing/resources.h"
#include "proxy/config/model.h"

namespace routing {

// Of all of them, each for a token and a host. Far more than are open at once; what is beyond them
// is cut by namespace, so that nobody's orders take the answers of others. The document of all has
// room for so many (LoadBounds::all).
inline constexpr std::size_t kAnswersMax = 50'000;

// What the proxies answer to HTTP-01 for the orders under way of all Certificates, for hosts that
// their namespaces have a say about. The tokens stand
// in the Certificates' status, so every operator replica publishes them, and a restart loses none.
proxy::config::ProxyConfig::Section<proxy::config::ChallengeAnswer> challenge_answers(
    const Resources& resources, const HostOwners& owners, std::size_t answers_max = kAnswersMax);

// ---- What these are made of, for ChallengeTable.

struct OpenAnswer {
  std::string token;
  std::string host;
  std::string key_authorization;
};

// Those of a Certificate with an order, in its order, whoever owns the hosts.
std::vector<OpenAnswer> open_answers(const api::Certificate& certificate);

// Of two Certificates the older one has the lesser, and of one age the first by namespace and name.
using CertificateAge = std::pair<base::WallTime, kube::ObjectKey>;
CertificateAge age_of(const api::Certificate& certificate);

// To a host that has an answer for this token already nobody's other one is given. What is beyond
// the bound has a server that gives one token to a thousand hosts, and fails there.
void add(const OpenAnswer& open, proxy::config::ChallengeAnswer& answer);

}  // namespace routing
