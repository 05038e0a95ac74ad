#include "operator/program/stores.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <memory>
#include <regex>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/fakes/clock.h"
#include "tests/fakes/transport.h"

using program::Stores;
using testing::Contains;
using testing::IsEmpty;
using testing::Not;
using testing::SizeIs;

namespace {

// What a release for these namespaces (none: all) would keep; nothing is asked for.
class StoresTest : public testing::Test {
 protected:
  std::unique_ptr<Stores> stores_of(const Stores::Namespaces& watched) {
    const auto nobody = [](const kube::ObjectKey&) { return false; };
    return std::make_unique<Stores>(client_, watched, Stores::Namespaces{"gatehouse-system"},
                                    Stores::Named{nobody, nobody}, nullptr);
  }
  static std::vector<std::string> plurals(const Stores& stores) {
    std::vector<std::string> found;
    for (const kube::ResourceType& type : stores.cache.kinds()) found.push_back(type.plural);
    return found;
  }

  const fakes::FakeClock clock_;
  kube::Client client_{std::make_shared<fakes::FakeTransport>(), "https://k8s.test",
                       kube::fixed_token(""), clock_};
};

TEST_F(StoresTest, EachKindIsWaitedForButNamespacesAndParameters) {
  EXPECT_EQ(stores_of({})->cache.awaited(),
            "Ingresses, IngressClasses, Services, EndpointSlices, Secrets, Certificates, Issuers, "
            "ClusterIssuers");
}

TEST_F(StoresTest, AReleaseForSomeNamespacesReadsNoClusterIssuers) {
  EXPECT_THAT(plurals(*stores_of({})), Contains("clusterissuers"));
  const auto some = plurals(*stores_of({"shop"}));
  EXPECT_THAT(some, Not(Contains("clusterissuers")));
  EXPECT_THAT(some, Contains("issuers"));
}

// ---- The rights of the chart

std::set<std::string> words_of(const std::string& list) {
  std::set<std::string> words;
  const std::regex word("[^, \"]+");
  for (std::sregex_iterator it(list.begin(), list.end(), word), end; it != end; ++it) {
    words.insert(it->str());
  }
  return words;
}

// Of rules that name no objects: who may do all of `verbs` with all of a kind, "group/plural".
std::set<std::string> kinds_with_right_to(const std::set<std::string>& verbs) {
  std::ifstream in(std::filesystem::path(GATEHOUSE_SOURCE_DIR) /
                   "charts/gatehouse/templates/permissions.yaml");
  std::ostringstream text;
  text << in.rdbuf();
  const std::string chart = text.str();
  const std::regex rule(
      R"(apiGroups: \[([^\]]*)\]\s+resources: \[([^\]]*)\]\s+verbs: \[([^\]]*)\])");
  std::set<std::string> kinds;
  for (std::sregex_iterator it(chart.begin(), chart.end(), rule), end; it != end; ++it) {
    const auto given = words_of((*it)[3]);
    if (!std::includes(given.begin(), given.end(), verbs.begin(), verbs.end())) continue;
    const auto groups = words_of((*it)[1]);
    for (const std::string& plural : words_of((*it)[2])) {
      kinds.insert((groups.empty() ? "" : *groups.begin()) + "/" + plural);
    }
  }
  return kinds;
}

TEST_F(StoresTest, TheChartGivesTheRightToListAndWatchEachKind) {
  const auto allowed = kinds_with_right_to({"list", "watch"});
  std::vector<std::string> forbidden;
  const auto kinds = stores_of({})->cache.kinds();
  for (const kube::ResourceType& type : kinds) {
    if (allowed.count(type.group + "/" + type.plural) == 0) forbidden.push_back(type.plural);
  }
  EXPECT_THAT(forbidden, IsEmpty());
  EXPECT_THAT(kinds, SizeIs(testing::Ge(10u)));
}

}  // namespace
