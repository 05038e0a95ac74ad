#include <atomic>
#include <csignal>
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "tests/integration/operator/one_issuance.h"

// Goal: SIGKILL at any moment of an issuance costs nothing but time. Method: the real operator is
// killed after each of its writes, before it hears of it, and at instants spread over the whole
// issuance; each time it is started again, and what there is in the end is counted.
namespace {

using fakes::api_server::Write;
using integration::AtTheServer;
using integration::has_condition;
using integration::ingress_yaml;
using integration::wait_until;
using std::chrono::milliseconds;
using std::chrono::seconds;
using std::chrono::steady_clock;

class KilledOperator : public integration::OneIssuance {
 protected:
  KilledOperator() {
    cluster_.start_operator();
    cluster_.start_proxies(1);
    cluster_.start_pebble();
  }
};

TEST_F(KilledOperator, AfterAnyWriteEndsInOneCertificateAndOneMatchingPair) {
  cluster_.prepare_issuer();
  int kills = 0;
  for (bool was_killed = true; was_killed; ++kills) {
    const std::string name = "w" + std::to_string(kills + 1);
    const std::string host = name + ".example.test";
    const AtTheServer before = at_the_server();
    std::atomic<int> writes = 0;
    std::atomic<bool> is_of_certificate = false;
    std::string killed_at;  // written before the process is seen dead
    const int pid = cluster_.operator_process().pid();
    cluster_.api().on_write([&](const Write& write) {
      if (write.manager == "test" || ++writes != kills + 1) return;
      is_of_certificate = write.resource.starts_with("certificates") || write.resource == "secrets";
      killed_at = write.verb + " " + write.resource + "/" + write.name;
      ::kill(pid, SIGKILL);
    });
    cluster_.apply(ingress_yaml(name, host));
    ASSERT_TRUE(wait_until(seconds(30), [&] {
      return !cluster_.operator_process().is_running() ||
             (is_told_to_be_served(name) && cluster_.events("default").size() >= 2);
    })) << cluster_.logs();
    // The last Events come a moment after the last word in status.
    was_killed =
        wait_until(milliseconds(300), [&] { return !cluster_.operator_process().is_running(); });
    cluster_.api().on_write({});
    SCOPED_TRACE(was_killed ? "killed after write " + std::to_string(kills + 1) + ": " + killed_at
                            : "not killed");
    if (was_killed) cluster_.start_operator();
    // A write beside the issuance (an Event, the Ingress' status) may be done just when the order
    // has been placed and is not recorded yet; then that order is never answered, and expires.
    expect_one_issuance(name, host, before, !was_killed || is_of_certificate ? 1 : 2);
    if (HasFatalFailure()) return;
  }
  EXPECT_EQ(at_the_server().accounts, 1);
  EXPECT_GE(kills, 6) << "the writes of an issuance";
  RecordProperty("kills", kills);
}

TEST_F(KilledOperator, AtAnyInstantEndsInOneCertificateAndOneMatchingPair) {
  cluster_.prepare_issuer();
  constexpr int kInstants = 8;
  const auto issue = [&](const std::string& name) {
    const auto begin = steady_clock::now();
    cluster_.apply(ingress_yaml(name, name + ".example.test"));
    return begin;
  };
  const auto begin = issue("whole");
  ASSERT_TRUE(wait_until(seconds(30), [&] { return is_told_to_be_served("whole"); }))
      << cluster_.logs();
  const auto whole = steady_clock::now() - begin;
  for (int i = 1; i <= kInstants; ++i) {
    const std::string name = "i" + std::to_string(i);
    SCOPED_TRACE("killed at " + std::to_string(i) + "/" + std::to_string(kInstants + 1) + " of " +
                 std::to_string(std::chrono::duration_cast<milliseconds>(whole).count()) + " ms");
    const AtTheServer before = at_the_server();
    std::this_thread::sleep_until(issue(name) + whole * i / (kInstants + 1));
    cluster_.kill_operator();
    cluster_.start_operator();
    expect_one_issuance(name, name + ".example.test", before, 2);
    if (HasFatalFailure()) return;
  }
}

// The steps at the ACME server, each a moment of its own: the request has been heard, its answer
// may never be.
TEST_F(KilledOperator, AtAnyRequestToTheAcmeServerEndsInOneCertificateAndOneMatchingPair) {
  cluster_.prepare_issuer();
  for (const char* request :
       {"/order-plz", "/authZ/", "/chalZ/", "/my-order/", "/finalize-order/", "/certZ/"}) {
    SCOPED_TRACE(std::string("killed at ") + request);
    const std::string name =
        std::string("r") + std::to_string(std::hash<std::string>()(request) % 100000);
    const AtTheServer before = at_the_server();
    const std::size_t seen = cluster_.pebble().output().size();
    cluster_.apply(ingress_yaml(name, name + ".example.test"));
    const std::string line = std::string("POST ") + request;
    EXPECT_TRUE(wait_until(seconds(30), [&] {
      const std::string log = cluster_.pebble().output();
      return log.find(line, seen) != std::string::npos || is_told_to_be_served(name);
    }));
    EXPECT_FALSE(is_told_to_be_served(name)) << "the moment was missed";
    cluster_.kill_operator();
    cluster_.start_operator();
    expect_one_issuance(name, name + ".example.test", before, 2);
    if (HasFatalFailure()) return;
  }
}

TEST_F(KilledOperator, WhileItRegistersHasOneAccountInTheEnd) {
  int kills = 0;
  for (; kills < 4; ++kills) {
    std::atomic<bool> is_killed = false;
    const int pid = cluster_.operator_process().pid();
    cluster_.api().on_write([&](const Write& write) {
      if (write.manager != "test" && !is_killed.exchange(true)) ::kill(pid, SIGKILL);
    });
    if (kills == 0) cluster_.apply_issuer();
    ASSERT_TRUE(wait_until(seconds(30), [&] {
      const char* issuer = "/apis/gatehouse.dev/v1alpha1/clusterissuers/letsencrypt";
      return is_killed || has_condition(cluster_.get(issuer), "Ready");
    })) << cluster_.logs();
    cluster_.api().on_write({});
    if (!is_killed) break;
    ASSERT_TRUE(wait_until(seconds(30), [&] { return !cluster_.operator_process().is_running(); }));
    cluster_.start_operator();
  }
  EXPECT_GE(kills, 2) << "the key's Secret, the status";
  cluster_.prepare_issuer();
  EXPECT_EQ(at_the_server().accounts, 1);
}

}  // namespace
