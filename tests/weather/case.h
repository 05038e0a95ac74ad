#pragma once

#include <chrono>
#include <functional>
#include <string>
#include <vector>

#include "tests/fakes/acme_server/acme_server.h"
#include "tests/weather/scene.h"

namespace weather {

// What an hour may cost.
struct Limits {
  int orders = 0;
  int requests = 0;
  int writes = 0;
};

// Another order within an hour comes at once, and then as after the first and the second failure:
// after 1 and 10 minutes (decision 0042); after failures likewise.
inline constexpr Limits kPace{4, 200, 40};
// What no answer came to is tried again after 2 s, doubling: eleven times within an hour, each with
// two retries of no consequence at first.
inline constexpr Limits kPaceOfSilence{14, 200, 40};
// An order that waits is asked for each 5 s at most, and its authorizations every other time; after
// five minutes each 30 s.
inline constexpr Limits kPaceOfAWait{4, 350, 60};

struct Case {
  std::string name;
  std::function<void(Scene&)> begin;
  // What goes on meanwhile, each `step`: the how manieth, from 0.
  std::function<void(Scene&, int)> meanwhile{};
  std::chrono::seconds step{10};
  Limits limits = kPace;
  fakes::AcmeServer::Options acme{};
};

// Every faulty situation that we know of.
std::vector<Case> all_cases();
void add_odd_cases(std::vector<Case>& cases);  // of these, the rarer ones

struct Outcome {
  std::string name;
  Limits cost;
  Limits limits;
  std::string described;
  std::vector<std::string> flaws;  // why it is no good; empty: it is

  bool is_good() const { return flaws.empty(); }
};

// An hour of it on a clock that stands still while anything is done.
Outcome run(const Case& one);

}  // namespace weather
