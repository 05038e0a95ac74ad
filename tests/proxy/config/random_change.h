#pragma once

#include <random>
#include <string>

#include "proxy/config/model.h"

namespace proxy::config {

template <class Section>
void erase_one(Section& section, std::mt19937& random) {
  if (section.empty()) return;
  auto one = section.begin();
  for (auto steps = random() % section.size(); steps > 0; --steps) ++one;
  const std::string key = one->first;
  section.erase(key);
}

// Takes entries over from another state, and takes some away, whoever refers to them: what comes of
// it shares the rest, and need not be valid.
inline ProxyConfig changed_at_random(ProxyConfig config, const ProxyConfig& other,
                                     std::mt19937& random) {
  const auto take_over = [&](auto& section, const auto& others) {
    for (const auto& [key, value] : others) {
      if (random() % 4 == 0) section.insert_or_assign(key, value);
    }
    if (random() % 6 == 0) erase_one(section, random);
  };
  take_over(config.clusters, other.clusters);
  take_over(config.hosts, other.hosts);
  take_over(config.certificates, other.certificates);
  take_over(config.challenges, other.challenges);
  take_over(config.guards, other.guards);
  take_over(config.shapes, other.shapes);
  take_over(config.arrivals, other.arrivals);
  take_over(config.sni, other.sni);
  return config;
}

}  // namespace proxy::config
