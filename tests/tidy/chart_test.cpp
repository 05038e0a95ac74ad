// What the chart repeats of the rest of the tree must be the same there. tests/chart looks at what
// the chart makes of its values; that needs helm, this does not.

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <map>
#include <regex>
#include <sstream>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace {

namespace fs = std::filesystem;
using testing::IsEmpty;
using testing::SizeIs;

fs::path top() {
  return GATEHOUSE_SOURCE_DIR;
}

std::string read_file(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  std::ostringstream text;
  text << in.rdbuf();
  return text.str();
}

std::map<std::string, std::string> yaml_files_of(const fs::path& folder) {
  std::map<std::string, std::string> files;
  for (const auto& entry : fs::directory_iterator(folder)) {
    if (entry.path().extension() != ".yaml") continue;
    files[entry.path().filename().string()] = read_file(entry.path());
  }
  return files;
}

std::string first_match(const std::string& text, const char* pattern) {
  std::smatch match;
  return std::regex_search(text, match, std::regex(pattern)) ? match[1].str() : std::string();
}

// A chart can only hold what lies within its folder. When this fails:
//   cp crds/*.yaml charts/gatehouse/files/crds/
TEST(Chart, HasTheDefinitionsAsTheyAreInCrds) {
  const auto source = yaml_files_of(top() / "crds");
  EXPECT_THAT(source, SizeIs(3));
  EXPECT_EQ(yaml_files_of(top() / "charts/gatehouse/files/crds"), source);
}

TEST(Chart, HasTheVersionOfTheProject) {
  const std::string version =
      first_match(read_file(top() / "CMakeLists.txt"), R"(project\(gatehouse VERSION ([0-9.]+))");
  const std::string chart = read_file(top() / "charts/gatehouse/Chart.yaml");
  ASSERT_FALSE(version.empty());
  EXPECT_EQ(first_match(chart, R"(\nversion: ([^\n]+))"), version);
  EXPECT_EQ(first_match(chart, "\nappVersion: \"([^\"\n]+)\""), version);
}

// A value that can be set has a line "# -- what it is for" above it; a map of such values needs
// none.
TEST(Chart, EachValueIsExplained) {
  std::istringstream page(read_file(top() / "charts/gatehouse/values.yaml"));
  const std::regex key(R"(^( *)([A-Za-z]+):(.*)$)");
  struct Map {
    std::size_t indent;
    bool is_explained;
  };
  std::vector<Map> around;
  std::vector<std::string> unexplained;
  bool is_explained = false;
  int values = 0;
  for (std::string line; std::getline(page, line);) {
    std::smatch match;
    if (line.find("# -- ") != std::string::npos) is_explained = true;
    if (line.empty()) is_explained = false;
    if (!std::regex_search(line, match, key)) continue;
    const std::size_t indent = match[1].length();
    while (!around.empty() && around.back().indent >= indent) around.pop_back();
    const bool is_within_explained =
        std::any_of(around.begin(), around.end(), [](const Map& map) { return map.is_explained; });
    if (match[3].length() == 0) {
      around.push_back({indent, is_explained});
    } else if (!is_explained && !is_within_explained) {
      unexplained.push_back(line);
    }
    if (match[3].length() != 0) ++values;
    is_explained = false;
  }
  EXPECT_THAT(unexplained, IsEmpty());
  EXPECT_GT(values, 60);
}

}  // namespace
