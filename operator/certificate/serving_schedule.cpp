#include "operator/certificate/serving_schedule.h"

#include <algorithm>

namespace certificate {

namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

constexpr hours kSample{12};
constexpr seconds kFirst{1};
constexpr minutes kLast{5};

}  // namespace

bool is_look_due(const ServingLooks& looks, const std::string& serial, const std::string& proxies,
                 base::SteadyTime now) {
  const bool is_the_same = looks.serial == serial;
  // Others may be asked now than those that did not serve it.
  const bool are_others = is_the_same && !looks.answers.is_all_heard() && looks.proxies != proxies;
  // A wait without anything seen is the one after a restart.
  const bool may_wait = (is_the_same || looks.serial.empty()) && !are_others;
  return !may_wait || !looks.next_look || now >= *looks.next_look;
}

milliseconds until_next_look(const ProxyAnswers& answers, int looks) {
  if (answers.is_all_heard()) return kSample;
  return std::min<milliseconds>(kFirst * (1 << std::clamp(looks - 1, 0, 9)), kLast);
}

milliseconds until_first_sample(double chance01) {
  return std::chrono::duration_cast<milliseconds>(chance01 * kSample);
}

}  // namespace certificate
