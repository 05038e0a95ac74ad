#include <csignal>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "tests/integration/operator/installation.h"

// Goal: two releases in a cluster never do the same work, and several may share one on purpose.
// Method: real operators in namespaces of their own, each with its Lease. What may take long here
// is a look at the other's Lease each few seconds.
namespace {

using integration::Installation;
using integration::Replica;
using integration::wait_until;
using nlohmann::json;
using std::chrono::seconds;

class SecondRelease : public testing::Test {
 protected:
  SecondRelease() : first_(cluster_.start_replica()) {
    cluster_.apply("apiVersion: v1\nkind: Namespace\nmetadata: {name: second}\n");
    EXPECT_TRUE(says(first_, "leading as")) << cluster_.logs();
  }

  bool says(const Replica& replica, const std::string& words) const {
    return wait_until(seconds(30),
                      [&] { return replica.process->output().find(words) != std::string::npos; });
  }
  bool has_event(const std::string& namespace_, const std::string& reason) {
    for (const json& event : cluster_.events(namespace_)) {
      if (event.value("reason", "") == reason) return true;
    }
    return false;
  }

  Installation cluster_;
  Replica first_;
};

TEST_F(SecondRelease, ForTheSameClassDoesNotLeadAndSaysSoUntilTheFirstIsGone) {
  const Replica second = cluster_.start_release("second", {});
  EXPECT_TRUE(says(second, "does not lead: ")) << cluster_.logs();
  EXPECT_TRUE(wait_until(seconds(30), [&] { return has_event("second", "AnotherReleaseLeads"); }));
  EXPECT_TRUE(wait_until(seconds(30), [&] { return second.readiness().starts_with("200"); }))
      << "it serves proxies of its own";
  EXPECT_EQ(second.process->output().find("leading as"), std::string::npos);
  ::kill(first_.process->pid(), SIGTERM);
  EXPECT_EQ(first_.process->wait_for_exit(seconds(25)), 0);
  EXPECT_TRUE(says(second, "leading as")) << cluster_.logs();
}

TEST_F(SecondRelease, OfAnotherClassLeadsBesideTheFirstAndLeavesObjectsWithoutAClassToIt) {
  const Replica second = cluster_.start_release("second", {"--ingress-class=internal"});
  EXPECT_TRUE(says(second, "leading as")) << cluster_.logs();
  EXPECT_TRUE(says(second, "are left to another operator")) << cluster_.logs();
  EXPECT_TRUE(first_.process->is_running());
}

}  // namespace
