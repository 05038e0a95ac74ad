#pragma once

#include <chrono>
#include <optional>
#include <string>

#include "base/clock.h"
#include "operator/certificate/data_plane.h"

// When the proxies are asked which certificate they serve. Pure: what was seen and times in, times
// out.
namespace certificate {

// What handshakes have shown of one Certificate.
struct ServingLooks {
  std::string serial;    // looked for last; empty: never
  std::string proxies;   // DataPlane::proxies() of that time
  ProxyAnswers answers;  // what they said
  int looks = 0;         // for this serial
  std::optional<base::SteadyTime> next_look;
};

// Whether the proxies are to be asked for this serial now. Once all that can be reached served it,
// only time is a reason: a proxy is ready when it lives by the configuration, which has the
// certificate.
bool is_look_due(const ServingLooks& looks, const std::string& serial, const std::string& proxies,
                 base::SteadyTime now);

// How long after a look the next one comes: a sample of what was well; soon, and ever later, of
// what was not.
std::chrono::milliseconds until_next_look(const ProxyAnswers& answers, int looks);

// After a restart the samples are spread. chance01 as acme::chance_of() has it.
std::chrono::milliseconds until_first_sample(double chance01);

}  // namespace certificate
