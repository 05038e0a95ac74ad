#include <fstream>
#include <iostream>
#include <sstream>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>
#include <gtest/gtest.h>
#include <spdlog/spdlog.h>

#include "tests/weather/case.h"
#include "tests/weather/figures.h"
#include "tests/weather/table.h"

// Every faulty situation that we know of, an hour of each on a clock that jumps, against the real
// reconcilers: prints what it cost the ACME server and the API, and what people are told. The exit
// status is 1 when one of them costs more than the pace allows.
namespace {

std::string read_file(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  std::ostringstream text;
  text << in.rdbuf();
  return text.str();
}

// What the fakes hold against us outside of a test of googletest's.
int complaints_of_fakes() {
  return testing::UnitTest::GetInstance()->ad_hoc_test_result().total_part_count();
}

weather::Outcome run_and_listen(const weather::Case& one) {
  const int before = complaints_of_fakes();
  weather::Outcome outcome = weather::run(one);
  if (complaints_of_fakes() != before) outcome.flaws.push_back("a fake complained, see above");
  return outcome;
}

int report(const std::vector<weather::Outcome>& outcomes, const std::string& page) {
  int flawed = 0;
  for (const weather::Outcome& outcome : outcomes) {
    for (const std::string& flaw : outcome.flaws) {
      std::cerr << "weather: " << outcome.name << ": " << flaw << "\n";
    }
    flawed += outcome.is_good() ? 0 : 1;
  }
  if (!page.empty()) {
    for (const std::string& name : weather::missing_in(read_file(page), outcomes)) {
      std::cerr << "weather: " << page << " does not list: " << name << "\n";
      ++flawed;
    }
  }
  return flawed == 0 ? 0 : 1;
}

}  // namespace

int main(int argc, char** argv) {
  testing::InitGoogleTest(&argc, argv);
  CLI::App app("Runs every faulty situation of certificates for a simulated hour.");
  std::string only;
  std::string page;
  bool is_writing = false;
  bool are_figures_wanted = false;
  bool is_verbose = false;
  app.add_option("--only", only, "cases whose name contains this");
  app.add_option("--page", page, "the page of the documentation that lists the cases");
  app.add_flag("--write", is_writing, "writes the table into the page");
  app.add_flag("--figures", are_figures_wanted, "prints what many at once cost, and nothing else");
  app.add_flag("--verbose", is_verbose, "shows the operator's log");
  CLI11_PARSE(app, argc, argv);
  spdlog::set_level(is_verbose ? spdlog::level::info : spdlog::level::off);

  if (are_figures_wanted) {
    std::cout << weather::figures();
    return 0;
  }
  std::vector<weather::Outcome> outcomes;
  for (const weather::Case& one : weather::all_cases()) {
    if (one.name.find(only) != std::string::npos) outcomes.push_back(run_and_listen(one));
  }
  const std::string table = weather::table_of(outcomes);
  std::cout << table;
  if (is_writing) {
    const std::string text = weather::page_with(read_file(page), table);
    std::ofstream(page, std::ios::binary) << text;
  }
  return report(outcomes, page);
}
