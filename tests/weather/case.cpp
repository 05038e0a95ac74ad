#include "tests/weather/case.h"

#include <exception>

namespace weather {

namespace {

constexpr std::chrono::minutes kLong{60};

void compare(const char* what, int cost, int limit, std::vector<std::string>& flaws) {
  if (cost <= limit) return;
  flaws.push_back(std::to_string(cost) + " " + what + " where " + std::to_string(limit) +
                  " are the limit");
}

}  // namespace

Outcome run(const Case& one) {
  Outcome outcome;
  outcome.name = one.name;
  outcome.limits = one.limits;
  try {
    Scene scene(one.acme);
    scene.start_counting();
    one.begin(scene);
    const auto until = scene.clock().steady_now() + kLong;
    for (int i = 0; scene.clock().steady_now() < until; ++i) {
      if (one.meanwhile) one.meanwhile(scene, i);
      scene.world().run_for(one.meanwhile ? one.step : std::chrono::seconds(kLong));
    }
    outcome.cost = {scene.orders(), scene.requests(), scene.writes()};
    for (const std::string& name : scene.certificates()) {
      outcome.described += outcome.described.empty() ? "" : " / ";
      outcome.described += scene.described(name);
    }
    for (const std::string& broken : scene.ca().violations()) {
      outcome.flaws.push_back("a rule of ACME was broken: " + broken);
      break;
    }
  } catch (const std::exception& error) {
    outcome.flaws.push_back(error.what());
  }
  compare("orders", outcome.cost.orders, one.limits.orders, outcome.flaws);
  compare("requests", outcome.cost.requests, one.limits.requests, outcome.flaws);
  compare("writes", outcome.cost.writes, one.limits.writes, outcome.flaws);
  return outcome;
}

}  // namespace weather
