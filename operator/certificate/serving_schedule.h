#pragma once

#include <chrono>
#include <optional>
#include <string>

#include "base/clock.h"
#include "operator/certificate/data_plane.h"

// What is known of the certificate that proxies serve, and when they are asked for it. Pure: what
// was seen and times in, times and decisions out.
namespace certificate {

// What handshakes have shown of one Certificate.
struct ServingLooks {
  std::string serial;    // looked for last; empty: never
  std::string proxies;   // DataPlane::proxies() of that time, where not all of them served it
  ProxyAnswers answers;  // what they said
  int looks = 0;         // for this serial
  std::optional<base::SteadyTime> next_look;
  std::optional<base::SteadyTime> no_proxies_since;
  std::optional<base::SteadyTime> on_its_way_since;
};

struct ServingInput {
  std::string serial;   // in the Secret
  std::string proxies;  // DataPlane::proxies()
  Given given = Given::unknown;
};

enum class ServingStep {
  ask,             // the proxies, by handshakes
  say_known,       // what the last handshakes have shown still holds
  keep,            // what status says is believed for now
  say_no_proxies,  // nobody is there to serve it
  say_not_given    // the proxies' configuration does not have it, so none of them serves it
};

// Handshakes prove a new certificate, and now and then one that is served. Beside them it is known
// without: a proxy is ready when it lives by a configuration, and what that has is known here. So a
// proxy that comes or goes is no reason to ask or to write.
ServingStep next_serving_step(const ServingLooks& looks, const ServingInput& input,
                              base::SteadyTime now);

// What a look for this serial has shown, and when the next one is.
void note_answers(ServingLooks& looks, const ServingInput& input, ProxyAnswers answers,
                  base::SteadyTime now);

// Notes since when proxies are missing or behind. Before next_serving_step().
void note_waits(ServingLooks& looks, const ServingInput& input, base::SteadyTime now);

// How long after a look the next one comes: a sample of what was well; soon, and ever later, of
// what was not.
std::chrono::milliseconds until_next_look(const ProxyAnswers& answers, int looks);

// When next_serving_step() says something else without a change, but for looks.next_look.
std::optional<base::SteadyTime> end_of_wait(const ServingLooks& looks, base::SteadyTime now);

// After a restart the samples are spread. chance01 as acme::chance_of() has it.
std::chrono::milliseconds until_first_sample(double chance01);

}  // namespace certificate
