// docs/annotations.md against the table that it is about.
#include <algorithm>
#include <cstddef>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <map>
#include <regex>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "operator/ingress/annotations/catalogue.h"
#include "operator/ingress/annotations/descriptions.h"
#include "operator/ingress/annotations/other_controllers.h"

namespace ingress::annotations {
namespace {

using Sections = std::map<std::string, std::set<std::string>>;

// What stands between backticks, by the heading above it ("Honoured", "Refused", ...).
Sections read_page() {
  std::ifstream page(std::string(GATEHOUSE_GOLDEN_DIR) + "/../../docs/annotations.md");
  static const std::regex code("`([^`]+)`");
  Sections sections;
  std::string heading;
  for (std::string line; std::getline(page, line);) {
    if (line.starts_with("## ")) heading = line.substr(3, line.find_first_of(":,") - 3);
    for (std::sregex_iterator it(line.begin(), line.end(), code), end; it != end; ++it) {
      sections[heading].insert((*it)[1]);
    }
  }
  return sections;
}

// What stands on the page between "<!-- NAME -->" and "<!-- end -->" is made of the tables.
// UPDATE_GOLDEN=1 writes it, and the difference is for a reviewer to read.
std::string in_code(const std::vector<std::string_view>& keys) {
  std::string text;
  for (const std::string_view key : keys) {
    text += text.empty() ? "" : ", ";
    text.append("`").append(key).append("`");
  }
  return text;
}

// At blanks, into lines of a width that is read well.
std::string in_lines(std::string text) {
  constexpr std::size_t kWidth = 110;
  for (std::size_t begin = 0; text.size() - begin > kWidth;) {
    const std::size_t at = text.rfind(' ', begin + kWidth);
    if (at == std::string::npos || at <= begin) break;
    text[at] = '\n';
    begin = at + 1;
  }
  return text + "\n";
}

std::vector<std::string_view> keys_of(const Description& description) {
  std::vector<std::string_view> keys;
  std::string_view rest = description.keys;
  while (!rest.empty()) {
    const std::size_t end = std::min(rest.find(", "), rest.size());
    keys.push_back(rest.substr(0, end));
    rest.remove_prefix(std::min(end + 2, rest.size()));
  }
  return keys;
}

std::string honoured_table(std::span<const Description> rows) {
  std::string table = "| key | values | what it does |\n|---|---|---|\n";
  for (const Description& row : rows) {
    table.append("| ").append(in_code(keys_of(row))).append(" | ").append(row.values);
    table.append(" | ").append(row.effect).append(row.effect.empty() ? "|\n" : " |\n");
  }
  return table;
}

// Names by what they have in common, in the order of the first of each.
using Rows = std::vector<std::pair<std::string_view, std::vector<std::string_view>>>;

void add_to_row(std::string_view row, std::string_view name, Rows& rows) {
  auto found =
      std::find_if(rows.begin(), rows.end(), [&](const auto& one) { return one.first == row; });
  if (found == rows.end()) found = rows.insert(rows.end(), {row, {}});
  found->second.push_back(name);
}

std::string refused_table() {
  Rows rows;
  for (const CatalogueEntry& entry : catalogue()) {
    if (entry.treatment == Treatment::guards) add_to_row(entry.remedy, entry.key, rows);
  }
  std::string table = "| keys | what the Event says |\n|---|---|\n";
  for (const auto& [remedy, keys] : rows) {
    table.append("| ").append(in_code(keys)).append(" | ").append(remedy).append(" |\n");
  }
  return table;
}

std::string ignored_list() {
  std::vector<std::string_view> keys;
  for (const CatalogueEntry& entry : catalogue()) {
    if (entry.treatment == Treatment::tunes) keys.push_back(entry.key);
  }
  return in_lines(in_code(keys));
}

std::string table_of_others(Treatment treatment) {
  Rows rows;
  for (const OtherEntry& entry : other_controllers()) {
    if (entry.treatment == treatment) add_to_row(controller_of(entry.name), entry.name, rows);
  }
  std::string table = "| controller | annotations |\n|---|---|\n";
  for (const auto& [controller, names] : rows) {
    table.append("| ").append(controller).append(" | ").append(in_code(names)).append(" |\n");
  }
  return table;
}

std::string list_of_prefixes() {
  std::vector<std::string_view> prefixes;
  for (const OtherController& one : known_prefixes()) prefixes.push_back(one.prefix);
  return in_lines(in_code(prefixes));
}

TEST(AnnotationsPage, IsWrittenFromTheTablesThatTheOperatorUses) {
  const std::string path = std::string(GATEHOUSE_GOLDEN_DIR) + "/../../docs/annotations.md";
  std::ifstream file(path);
  const std::string page(std::istreambuf_iterator<char>(file), {});
  std::string made = page;
  const std::pair<std::string, std::string> parts[] = {
      {"honoured", honoured_table(descriptions())},
      {"certificates", honoured_table(certificate_descriptions())},
      {"refused", refused_table()},
      {"ignored", ignored_list()},
      {"refused of others", table_of_others(Treatment::guards)},
      {"prefixes", list_of_prefixes()},
      {"ignored of others", table_of_others(Treatment::tunes)},
  };
  for (const auto& [name, text] : parts) {
    const std::string begin = "<!-- " + name + " -->\n";
    const std::size_t at = made.find(begin);
    ASSERT_NE(at, std::string::npos) << name;
    const std::size_t from = at + begin.size();
    const std::size_t end = made.find("<!-- end -->", from);
    ASSERT_NE(end, std::string::npos) << name;
    made.replace(from, end - from, text);
  }
  if (std::getenv("UPDATE_GOLDEN") != nullptr && made != page) std::ofstream(path) << made;
  EXPECT_EQ(made, page);
}

TEST(AnnotationsPage, EachKeyThatIsHonouredIsDescribedOnceAndNoOtherIs) {
  std::map<std::string_view, int> described;
  for (const auto& rows : {descriptions(), certificate_descriptions()}) {
    for (const Description& row : rows) {
      for (const std::string_view key : keys_of(row)) ++described[key];
      EXPECT_NE(row.values, "") << row.keys;
    }
  }
  for (const CatalogueEntry& entry : catalogue()) {
    EXPECT_EQ(described[entry.key], entry.treatment == Treatment::honoured ? 1 : 0) << entry.key;
    described.erase(entry.key);
  }
  for (const auto& [key, times] : described) ADD_FAILURE() << key << " is in no catalogue";
}

TEST(AnnotationsPage, EachAnnotationOfAnotherControllerIsOfOneThatHasAName) {
  for (const OtherEntry& entry : other_controllers()) {
    EXPECT_NE(controller_of(entry.name), "") << entry.name;
  }
}

TEST(AnnotationsPage, ListsEachKeyOfTheCatalogueUnderWhatIsDoneAboutIt) {
  const std::map<Treatment, std::string> headings = {{Treatment::honoured, "Honoured"},
                                                     {Treatment::guards, "Refused"},
                                                     {Treatment::tunes, "Ignored"}};
  const Sections page = read_page();
  for (const auto& [treatment, heading] : headings) {
    ASSERT_EQ(page.count(heading), 1u) << heading;
    for (const CatalogueEntry& entry : catalogue()) {
      EXPECT_EQ(page.at(heading).count(std::string(entry.key)),
                entry.treatment == treatment ? 1u : 0u)
          << entry.key << " under " << heading;
    }
  }
}

TEST(AnnotationsPage, ListsEachAnnotationOfOtherControllersThatIsKnown) {
  const Sections page = read_page();
  for (const OtherEntry& entry : other_controllers()) {
    const bool guards = entry.treatment == Treatment::guards;
    EXPECT_EQ(page.at(guards ? "Refused of other controllers" : "Ignored of other controllers")
                  .count(std::string(entry.name)),
              1u)
        << entry.name;
  }
}

TEST(AnnotationsPage, RefusesAndIgnoresNothingThatTheCatalogueDoesNotHave) {
  std::set<std::string> known;
  for (const CatalogueEntry& entry : catalogue()) known.insert(std::string(entry.key));
  const Sections page = read_page();
  const std::regex key("[a-z0-9]+(-[a-z0-9]+)+");
  // cert-manager's, which certificate_settings.cpp knows.
  const std::set<std::string> others = {"alt-names", "email-sans", "ip-sans", "literal-subject",
                                        "uri-sans"};
  for (const std::string heading : {"Refused", "Ignored"}) {
    for (const std::string& word : page.at(heading)) {
      if (!std::regex_match(word, key) || others.count(word) != 0) continue;
      EXPECT_EQ(known.count(word), 1u) << word << " under " << heading;
    }
  }
}

// What an annotation does is shown on the wire, by the operator's compiler and a running proxy.
TEST(Catalogue, HasNoHonouredKeyWhoseEffectOnRequestsNoTestShows) {
  std::string tests;
  for (const char* const name : {"served_requests", "served_keys"}) {
    std::ifstream file(std::string(GATEHOUSE_GOLDEN_DIR) + "/../operator/ingress/" + name +
                       "_component_test.cpp");
    ASSERT_TRUE(file) << name;
    tests.append(std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>());
  }
  // They say what is ordered, not what is done to a request: certificate_plan_test.cpp.
  const std::set<std::string_view> of_certificates = {
      "cluster-issuer",   "common-name",
      "issuer",           "issuer-group",
      "issuer-kind",      "private-key-algorithm",
      "private-key-size", "private-key-rotation-policy",
      "renew-before",     "renew-before-percentage",
      "secret-template"};
  // Nothing on loopback takes connections and bytes slowly enough: upstream_timeouts tests of the
  // proxy show it.
  const std::set<std::string_view> of_slow_networks = {"proxy-send-timeout"};
  for (const CatalogueEntry& entry : catalogue()) {
    if (entry.treatment != Treatment::honoured || of_certificates.count(entry.key) != 0) continue;
    if (of_slow_networks.count(entry.key) != 0) continue;
    const std::string key(entry.key);
    const bool is_shown = tests.find("\"" + key + "\"") != std::string::npos ||
                          tests.find("gatehouse.dev/" + key + "\"") != std::string::npos;
    EXPECT_TRUE(is_shown) << key;
  }
}

}  // namespace
}  // namespace ingress::annotations
