#include "operator/certificate/serving_schedule.h"

#include <algorithm>
#include <utility>

namespace certificate {

namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

constexpr hours kSample{12};
constexpr seconds kFirst{1};
constexpr minutes kLast{5};
// A single proxy that is replaced is away for some seconds; that is not worth a write of every
// Certificate.
constexpr seconds kNoProxiesUnsaid{10};

bool is_over(const std::optional<base::SteadyTime>& since, seconds wait, base::SteadyTime now) {
  return since && now - *since >= wait;
}

}  // namespace

namespace {

bool is_look_due(const ServingLooks& looks, const ServingInput& input, base::SteadyTime now) {
  const bool is_the_same = looks.serial == input.serial;
  // Others may be asked now than those that did not serve it.
  const bool are_others =
      is_the_same && !looks.answers.is_all_heard() && looks.proxies != input.proxies;
  // A wait without anything seen is the one after a restart.
  const bool may_wait = (is_the_same || looks.serial.empty()) && !are_others;
  return !may_wait || !looks.next_look || now >= *looks.next_look;
}

}  // namespace

void note_answers(ServingLooks& looks, const ServingInput& input, ProxyAnswers answers,
                  base::SteadyTime now) {
  looks.looks = looks.serial == input.serial ? looks.looks + 1 : 1;
  looks.serial = input.serial;
  // There may be fifty proxies, and ten thousand Certificates to be kept of.
  looks.proxies = answers.is_all_heard() ? std::string() : input.proxies;
  looks.answers = std::move(answers);
  looks.next_look = now + until_next_look(looks.answers, looks.looks);
}

void note_waits(ServingLooks& looks, const ServingInput& input, base::SteadyTime now) {
  const auto note = [now](std::optional<base::SteadyTime>& since, bool is_so) {
    if (!is_so) {
      since.reset();
    } else if (!since) {
      since = now;
    }
  };
  note(looks.no_proxies_since, input.proxies.empty());
  note(looks.on_its_way_since, input.given == Given::on_its_way);
}

ServingStep next_serving_step(const ServingLooks& looks, const ServingInput& input,
                              base::SteadyTime now) {
  if (input.proxies.empty()) {
    return is_over(looks.no_proxies_since, kNoProxiesUnsaid, now) ? ServingStep::say_no_proxies
                                                                  : ServingStep::keep;
  }
  if (input.given == Given::no) return ServingStep::say_not_given;
  if (!is_look_due(looks, input, now)) {
    return looks.serial == input.serial ? ServingStep::say_known : ServingStep::keep;
  }
  const bool may_ask =
      input.given != Given::on_its_way || is_over(looks.on_its_way_since, kTakeOverMax, now);
  return may_ask ? ServingStep::ask : ServingStep::keep;
}

std::optional<base::SteadyTime> end_of_wait(const ServingLooks& looks, base::SteadyTime now) {
  std::optional<base::SteadyTime> end;
  const auto consider = [&](const std::optional<base::SteadyTime>& since, seconds wait) {
    if (since && *since + wait > now && (!end || *since + wait < *end)) end = *since + wait;
  };
  consider(looks.no_proxies_since, kNoProxiesUnsaid);
  consider(looks.on_its_way_since, kTakeOverMax);
  return end;
}

milliseconds until_next_look(const ProxyAnswers& answers, int looks) {
  if (answers.is_all_heard()) return kSample;
  return std::min<milliseconds>(kFirst * (1 << std::clamp(looks - 1, 0, 9)), kLast);
}

milliseconds until_first_sample(double chance01) {
  return std::chrono::duration_cast<milliseconds>(chance01 * kSample);
}

}  // namespace certificate
