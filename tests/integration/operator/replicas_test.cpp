#include <atomic>
#include <csignal>
#include <fstream>
#include <iterator>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "base/curl_transport.h"
#include "proxy/config/dialect.h"
#include "tests/integration/operator/one_issuance.h"

// Goal: two replicas are one operator, whatever becomes of one of them. Method: real operators that
// elect a leader and make the control API's certificate themselves, as the chart runs them. What
// takes long here is the product's own patience: a Lease is good for 15 s.
namespace {

using fakes::api_server::Misbehaviour;
using fakes::api_server::Write;
using integration::AtTheServer;
using integration::has_condition;
using integration::ingress_yaml;
using integration::Replica;
using integration::wait_until;
using nlohmann::json;
using std::chrono::seconds;
using testing::HasSubstr;
using testing::Not;

constexpr const char* kLease =
    "/apis/coordination.k8s.io/v1/namespaces/gatehouse-system/leases/gatehouse-operator";
constexpr auto kLeaseDuration = seconds(15);

std::string get_plain(const std::string& url) {
  base::HttpRequest request;
  request.url = url;
  const auto answer = base::make_curl_transport({})->send(request, {});
  return answer ? answer->body : answer.error().message;
}

class Replicas : public integration::OneIssuance {
 protected:
  Replicas() {
    replicas_.reserve(4);  // tests keep references
    replicas_.push_back(cluster_.start_replica());
    replicas_.push_back(cluster_.start_replica());
    EXPECT_TRUE(cluster_.mount_control_ca()) << cluster_.logs();
    EXPECT_TRUE(wait_until(seconds(30), [&] { return leader() && are_ready(); }))
        << cluster_.logs();
  }
  ~Replicas() override { cluster_.api().misbehaviour().clear(); }

  bool are_ready() const {
    for (const Replica& replica : replicas_) {
      if (!replica.process->is_running()) continue;
      if (!replica.readiness().starts_with("200")) return false;
    }
    return true;
  }
  // Who the Lease says leads, if it is one of those that run.
  Replica* leader() {
    const json lease = cluster_.get(kLease);
    if (lease.is_null()) return nullptr;
    const std::string holder = lease.value("/spec/holderIdentity"_json_pointer, "");
    for (Replica& replica : replicas_) {
      if (holder.empty() || !replica.process->is_running()) continue;
      if (replica.process->output().find("leading as " + holder) != std::string::npos) {
        return &replica;
      }
    }
    return nullptr;
  }
  Replica& standby() { return leader() == &replicas_[0] ? replicas_[1] : replicas_[0]; }

  // The revision that it serves to the proxies; empty when it does not.
  std::string revision_of(const Replica& replica) {
    base::CurlOptions options;
    options.ca_pem = read("ca.pem");
    base::HttpRequest request;
    // As this release's proxies ask: a revision is the hash of what who asks is told.
    request.url = replica.url(
        "control", "/v1/config?after=&wait=1s&speaks=" + proxy::config::Dialect::own().text());
    request.headers.emplace("authorization", "Bearer " + read("token"));
    const auto answer = base::make_curl_transport(options)->send(request, {});
    if (!answer || answer->status != 200) return {};
    return json::parse(answer->body).value("revision", "");
  }
  std::string read(const std::string& name) {
    std::ifstream file(cluster_.path(name));
    return {std::istreambuf_iterator<char>(file), {}};
  }
  std::string proxy_log() { return read("proxy-1.log"); }

  std::vector<Replica> replicas_;
};

TEST_F(Replicas, ALeaderThatDiesInAnIssuanceIsFollowedByTheOther) {
  ASSERT_NE(leader(), nullptr);
  Replica& dying = *leader();
  Replica& heir = standby();
  cluster_.let_proxies_follow(heir);
  cluster_.start_proxies(1);
  cluster_.start_pebble();
  cluster_.prepare_issuer();
  const AtTheServer before = at_the_server();
  // Its first word in status is the order that it has placed.
  std::atomic<bool> is_killed = false;
  const int pid = dying.process->pid();
  cluster_.api().on_write([&](const Write& write) {
    if (write.resource != "certificates.gatehouse.dev/status" || is_killed.exchange(true)) return;
    ::kill(pid, SIGKILL);
  });
  cluster_.apply(ingress_yaml("www", "www.example.test"));
  ASSERT_TRUE(wait_until(seconds(30), [&] { return !dying.process->is_running(); }))
      << cluster_.logs();
  cluster_.api().on_write({});
  EXPECT_FALSE(certificate("www")["status"]["order"].is_null());

  EXPECT_TRUE(wait_until(kLeaseDuration + seconds(10), [&] { return leader() == &heir; }))
      << cluster_.logs();
  expect_one_issuance("www", "www.example.test", before, 1);
}

TEST_F(Replicas, ALeaderThatIsStoppedHandsOverAtOnceAndItsProxiesMissNothing) {
  ASSERT_NE(leader(), nullptr);
  Replica& stopped = *leader();
  Replica& other = standby();
  cluster_.let_proxies_follow(stopped);
  cluster_.start_proxies(1);
  cluster_.start_pebble();
  cluster_.prepare_issuer();
  const AtTheServer before = at_the_server();
  cluster_.apply(ingress_yaml("www", "www.example.test"));
  expect_one_issuance("www", "www.example.test", before, 1);
  EXPECT_TRUE(wait_until(seconds(30), [&] {
    const std::string revision = revision_of(stopped);
    return !revision.empty() && revision == revision_of(other) &&
           proxy_log().find(revision.substr(0, 12) + " is live") != std::string::npos;
  })) << "what is served is a function of the cluster";

  const std::string proxy_log_before = proxy_log();
  ::kill(stopped.process->pid(), SIGTERM);
  EXPECT_EQ(stopped.process->wait_for_exit(seconds(25)), 0) << cluster_.logs();
  const std::string holder = cluster_.get(kLease).value("/spec/holderIdentity"_json_pointer, "");
  EXPECT_EQ(stopped.process->output().find("leading as " + (holder.empty() ? "nobody" : holder)),
            std::string::npos)
      << "nobody has to wait for the Lease to end";
  EXPECT_TRUE(wait_until(kLeaseDuration + seconds(10), [&] { return leader() == &other; }))
      << cluster_.logs();

  // The proxy finds another replica under the same address, as behind a Service.
  replicas_.push_back(cluster_.start_replica(stopped.ports["control"]));
  const Replica& successor = replicas_.back();
  EXPECT_TRUE(wait_until(seconds(30), [&] {
    const auto answer = cluster_.fetch(0, "https://www.example.test/");
    EXPECT_TRUE(answer && answer->status == 200) << "nothing is dropped meanwhile";
    return get_plain(successor.url("metrics", "/metrics")).find("gatehouse_control_proxies 1") !=
           std::string::npos;
  })) << cluster_.logs();
  EXPECT_THAT(get_plain(successor.url("metrics", "/metrics")),
              Not(HasSubstr("gatehouse_control_requests_total{answer=\"certificates\"}")))
      << "no key is sent again";
  EXPECT_THAT(proxy_log().substr(proxy_log_before.size()), Not(HasSubstr("is live")))
      << "the proxy had all of it already";

  // And it hears of what is new.
  cluster_.apply(ingress_yaml("more", "more.example.test", false));
  EXPECT_TRUE(wait_until(seconds(30), [&] {
    const auto answer = cluster_.fetch_plain(0, "http://more.example.test/");
    return answer && answer->status != 404;
  })) << cluster_.logs();
}

TEST_F(Replicas, WithoutTheApiServerTheLeaderEndsOnceAndThenWaits) {
  ASSERT_NE(leader(), nullptr);
  Replica& losing = *leader();
  Replica& other = standby();
  const std::string revision = revision_of(other);
  Misbehaviour::Rule unreachable;
  unreachable.times = 1'000'000;
  unreachable.status = 0;
  unreachable.hang_up = true;
  cluster_.api().misbehaviour().add(unreachable);
  cluster_.api().misbehaviour().drop_watches();

  // Within the Lease: the other could not have it sooner.
  EXPECT_EQ(losing.process->wait_for_exit(kLeaseDuration), 1) << cluster_.logs();
  EXPECT_THAT(losing.process->output(), HasSubstr("leadership is lost"));
  // As the kubelet would.
  replicas_.push_back(cluster_.start_replica());
  Replica& again = replicas_.back();
  EXPECT_TRUE(wait_until(seconds(30), [&] {
    return again.process->output().find("trying again") != std::string::npos &&
           again.readiness().starts_with("503");
  })) << cluster_.logs();
  EXPECT_TRUE(again.process->is_running());
  EXPECT_TRUE(other.process->is_running()) << "who does not lead has nothing to lose";
  EXPECT_TRUE(other.readiness().starts_with("200")) << other.readiness();

  cluster_.api().misbehaviour().clear();
  EXPECT_TRUE(wait_until(seconds(30), [&] { return leader() != nullptr && are_ready(); }))
      << cluster_.logs();
  for (const Replica* replica : {&other, &again}) {
    EXPECT_TRUE(wait_until(seconds(30), [&] { return revision_of(*replica) == revision; }))
        << cluster_.logs();
  }
}

// terminationGracePeriodSeconds is 30; what is asked of the API server then has to be given up.
TEST_F(Replicas, ALeaderStopsInTimeThoughTheApiServerAnswersNothing) {
  ASSERT_NE(leader(), nullptr);
  Replica& stopped = *leader();
  cluster_.api().misbehaviour().pause_for(seconds(60));
  ::kill(stopped.process->pid(), SIGTERM);
  EXPECT_EQ(stopped.process->wait_for_exit(seconds(20)), 0) << cluster_.logs();
  cluster_.api().misbehaviour().pause_for(seconds(0));
}

TEST_F(Replicas, ANewCaReachesReplicasAndProxiesWithoutARestart) {
  cluster_.start_proxies(1);
  const char* secret = "/api/v1/namespaces/gatehouse-system/secrets/gatehouse-control-tls";
  ASSERT_TRUE(cluster_.api().request("DELETE", secret));
  ASSERT_TRUE(cluster_.mount_control_ca()) << cluster_.logs();
  for (const Replica& replica : replicas_) {
    EXPECT_TRUE(wait_until(seconds(30), [&] { return !revision_of(replica).empty(); }))
        << cluster_.logs();
  }
  cluster_.apply(
      "apiVersion: networking.k8s.io/v1\nkind: IngressClass\n"
      "metadata: {name: gatehouse}\nspec: {controller: gatehouse.dev/ingress-controller}\n");
  cluster_.apply(ingress_yaml("www", "www.example.test", false));
  EXPECT_TRUE(wait_until(seconds(30), [&] {
    const auto answer = cluster_.fetch_plain(0, "http://www.example.test/");
    return answer && answer->status != 404;
  })) << cluster_.logs();
}

}  // namespace
