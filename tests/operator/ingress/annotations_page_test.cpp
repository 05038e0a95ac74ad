// docs/annotations.md against the table that it is about.
#include <fstream>
#include <iterator>
#include <map>
#include <regex>
#include <set>
#include <string>
#include <string_view>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "operator/ingress/annotations/catalogue.h"
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
