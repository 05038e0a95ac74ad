#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "operator/check/command.h"
#include "tests/fakes/clock.h"

// Manifests as popular charts and guides make them, and what would become of each: a line for an
// Ingress in tests/golden/manifests/verdicts.txt. UPDATE_GOLDEN=1 writes it, and the difference is
// for a reviewer to read: it is what people who move here get.
namespace check {
namespace {

namespace fs = std::filesystem;

std::string read_file(const fs::path& path) {
  std::ifstream file(path);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

// "grafana.yaml  monitoring/grafana  served", with the reasons of what differs.
std::string verdicts_on(const fs::path& manifest) {
  const fakes::FakeClock clock;
  std::istringstream in;
  std::ostringstream out, err;
  const std::string path = manifest.string();
  const char* argv[] = {"check", "-o", "json", "-f", path.c_str()};
  EXPECT_NE(run(5, argv, in, out, err, clock), 2) << out.str() << err.str();
  std::string lines;
  const nlohmann::json whole = nlohmann::json::parse(out.str());
  for (const nlohmann::json& report : whole.at("ingresses")) {
    std::set<std::string> reasons;
    for (const nlohmann::json& finding : report.at("findings"))
      reasons.insert(finding.at("reason"));
    lines += manifest.filename().string() + "  " + report.at("namespace").get<std::string>() + "/" +
             report.at("name").get<std::string>() + "  " + report.at("verdict").get<std::string>();
    for (const std::string& reason : reasons) lines += "  " + reason;
    lines += "\n";
  }
  EXPECT_NE(lines, "") << manifest;
  return lines;
}

TEST(CheckCorpus, EveryManifestHasItsVerdict) {
  const fs::path folder = fs::path(GATEHOUSE_GOLDEN_DIR) / "manifests";
  std::vector<fs::path> manifests;
  for (const auto& entry : fs::directory_iterator(folder)) {
    if (entry.path().extension() == ".yaml") manifests.push_back(entry.path());
  }
  ASSERT_GE(manifests.size(), 40u);
  std::sort(manifests.begin(), manifests.end());
  std::string verdicts;
  for (const fs::path& manifest : manifests) verdicts += verdicts_on(manifest);
  if (std::getenv("UPDATE_GOLDEN") != nullptr) std::ofstream(folder / "verdicts.txt") << verdicts;
  EXPECT_EQ(verdicts, read_file(folder / "verdicts.txt"));
}

}  // namespace
}  // namespace check
