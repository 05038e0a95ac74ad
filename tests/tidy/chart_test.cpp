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
  EXPECT_THAT(source, SizeIs(4));
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

// What a user types must name the images that `make images` makes.
TEST(Version, IsTheSameOnEveryPageThatNamesAnImage) {
  const std::string version =
      first_match(read_file(top() / "CMakeLists.txt"), R"(project\(gatehouse VERSION ([0-9.]+))");
  std::vector<fs::path> pages = {top() / "README.md"};
  for (const auto& entry : fs::directory_iterator(top() / "docs")) pages.push_back(entry.path());
  const std::regex image(R"(gatehouse-(?:operator|proxy):([0-9]+\.[0-9]+\.[0-9]+))");
  int named = 0;
  for (const auto& page : pages) {
    if (page.extension() != ".md") continue;
    const std::string text = read_file(page);
    for (std::sregex_iterator it(text.begin(), text.end(), image), end; it != end; ++it, ++named) {
      EXPECT_EQ((*it)[1], version) << page;
    }
  }
  EXPECT_GT(named, 0);
}

// Nothing is released before the changelog says what it is.
TEST(Version, IsTheNewestOfTheChangelog) {
  const std::string changelog = read_file(top() / "CHANGELOG.md");
  EXPECT_NE(changelog.find("\n## [Unreleased]\n"), std::string::npos);
  const std::string newest = first_match(changelog, R"(\n## \[([0-9.]+)\])");
  if (newest.empty()) return;  // nothing has been released yet
  EXPECT_EQ(newest, first_match(read_file(top() / "CMakeLists.txt"),
                                R"(project\(gatehouse VERSION ([0-9.]+))"));
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

// ---- docs/permissions.md tells of the operator's rights what templates/permissions.yaml gives.

std::string list_of(const std::string& rule, const std::string& name) {
  return first_match(rule, (name + R"(: \[([^\]]*)\])").c_str());
}

// "a, b" as "`a`, `b`".
std::string as_code(const std::string& list) {
  return '`' + std::regex_replace(list, std::regex(", "), "`, `") + '`';
}

// The first cells of a rule's line in the table: "| core | `secrets` | get, list |".
std::string line_for(const std::string& rule, bool has_column_of_names) {
  const std::string group = list_of(rule, "apiGroups");
  std::string line = "| " + (group == "\"\"" ? "core" : as_code(group)) + " | " +
                     as_code(list_of(rule, "resources")) + " | ";
  if (has_column_of_names) {
    std::string names = list_of(rule, "resourceNames");
    if (names.find("caConfigMap") != std::string::npos) names = "gatehouse-control-ca";
    if (names == "{{ $name }}") names = "gatehouse-operator";
    line += (names.empty() ? "any" : as_code(names)) + " | ";
  }
  return line + list_of(rule, "verbs") + " | ";
}

TEST(Chart, GivesTheOperatorTheRightsThatThePageOfPermissionsLists) {
  const std::string chart = read_file(top() / "charts/gatehouse/templates/permissions.yaml");
  const std::string page = read_file(top() / "docs/permissions.md");
  const auto role = chart.find("\nkind: Role\n");
  ASSERT_NE(role, std::string::npos);
  std::vector<std::string> missing;
  std::size_t rules = 0;
  const std::string start = "- apiGroups:";
  for (auto at = chart.find(start); at != std::string::npos; ++rules) {
    const auto next = chart.find(start, at + 1);
    const std::string line = line_for(chart.substr(at, next - at), at > role);
    if (page.find('\n' + line) == std::string::npos) missing.push_back(line);
    at = next;
  }
  EXPECT_THAT(missing, IsEmpty());
  std::size_t listed = 0;
  std::istringstream lines(page);
  for (std::string line; std::getline(lines, line);) {
    if (line.rfind("| core", 0) == 0 || line.rfind("| `", 0) == 0) ++listed;
  }
  EXPECT_EQ(listed, rules);
}

// ---- The pages that the end-to-end suite runs: its blocks are marked "sh e2e", and the files that
// it writes "yaml NAME". An unmarked block would be a command that nobody tries.

TEST(Chart, EachCommandOfThePagesForNewcomersIsRunByTheSuite) {
  for (const std::string name : {"install.md", "first-certificate.md"}) {
    std::istringstream page(read_file(top() / "docs" / name));
    int blocks = 0;
    bool is_inside = false;
    for (std::string line; std::getline(page, line);) {
      if (line.rfind("```", 0) != 0) continue;
      is_inside = !is_inside;
      if (!is_inside) continue;
      ++blocks;
      EXPECT_TRUE(line == "```sh e2e" ||
                  std::regex_match(line, std::regex(R"(```yaml [a-z]+\.yaml)")))
          << name << ": " << line;
    }
    EXPECT_FALSE(is_inside) << name;
    EXPECT_GT(blocks, 5) << name;
  }
}

}  // namespace
