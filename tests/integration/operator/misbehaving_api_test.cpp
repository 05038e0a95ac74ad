#include <thread>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "tests/integration/operator/one_issuance.h"

// An API server that drops, forgets, refuses and contradicts while a certificate is being issued:
// it costs time, never a second order, and in the end the state is the wanted one.
namespace {

using fakes::api_server::Misbehaviour;
using integration::AtTheServer;
using integration::ingress_yaml;
using std::chrono::milliseconds;

class MisbehavingApi : public integration::OneIssuance {
 protected:
  MisbehavingApi() {
    cluster_.start_operator();
    cluster_.start_proxies(1);
    cluster_.start_pebble();
    cluster_.prepare_issuer();
    before_ = at_the_server();
  }
  ~MisbehavingApi() override { cluster_.api().misbehaviour().clear(); }

  Misbehaviour& faults() { return cluster_.api().misbehaviour(); }

  // Ingresses "www" of www.example.test, and disturbs its issuance all along.
  void issue_while(const std::function<void()>& disturb) {
    cluster_.apply(ingress_yaml("www", "www.example.test"));
    // Longer than an issuance takes; what comes later may take its back-off in peace.
    const auto end = std::chrono::steady_clock::now() + milliseconds(1200);
    while (std::chrono::steady_clock::now() < end) {
      disturb();
      std::this_thread::sleep_for(milliseconds(20));
    }
    expect_one();
  }

  void expect_one() { expect_one_issuance("www", "www.example.test", before_, 1); }

  AtTheServer before_;
};

TEST_F(MisbehavingApi, DroppedWatches) {
  int drops = 0;
  issue_while([&] { faults().drop_watches(++drops % 2 == 0); });
  EXPECT_GE(drops, 2);
}

TEST_F(MisbehavingApi, VersionsThatAreTooOld) {
  int rounds = 0;
  issue_while([&] {
    faults().expire_by_status(++rounds % 2 == 0);
    cluster_.api().compact();
    faults().drop_watches();
  });
}

TEST_F(MisbehavingApi, ErrorsForAWhile) {
  cluster_.apply(ingress_yaml("www", "www.example.test"));
  for (const int status : {500, 503, 429}) {
    Misbehaviour::Rule rule;
    rule.status = status;
    rule.times = 1'000'000;
    faults().add(rule);
    faults().drop_watches();
    std::this_thread::sleep_for(milliseconds(300));
    faults().clear();
    std::this_thread::sleep_for(milliseconds(100));
  }
  expect_one();
}

TEST_F(MisbehavingApi, ConflictsAndLostAnswersOfEveryWrite) {
  for (const char* path : {"/certificates", "/secrets", "/ingresses", "/events"}) {
    for (const char* method : {"POST", "PUT", "PATCH"}) {
      Misbehaviour::Rule conflict;
      conflict.method = method;
      conflict.path_contains = path;
      conflict.status = 409;
      conflict.times = 2;
      Misbehaviour::Rule lost;
      lost.method = method;
      lost.path_contains = path;
      lost.status = 0;
      lost.hang_up_after = true;
      faults().add(conflict);
      faults().add(lost);
    }
  }
  // The rules hold for this test's own requests as well: they eat those of Ingresses.
  while (!cluster_.api().apply_yaml(ingress_yaml("www", "www.example.test"))) {
  }
  expect_one();
}

// Somebody else keeps writing to the Certificate, so that every version is old when it is used.
TEST_F(MisbehavingApi, AnotherWriterOfTheSameObject) {
  int writes = 0;
  issue_while([&] {
    const std::string body = R"({"metadata": {"annotations": {"example.test/count": ")" +
                             std::to_string(writes) + R"("}}})";
    const auto written = cluster_.api().request(
        "PATCH",
        "/apis/gatehouse.dev/v1alpha1/namespaces/default/certificates/www-tls?fieldManager=test",
        body, "application/merge-patch+json");
    if (written) ++writes;
  });
  EXPECT_GE(writes, 3);
}

}  // namespace
