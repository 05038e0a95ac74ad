#include <condition_variable>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "kube/leader_election.h"
#include "tests/fakes/clock.h"

using namespace std::chrono_literals;
using nlohmann::json;

namespace {

const std::string kLeases =
    "https://k8s.test/apis/coordination.k8s.io/v1/namespaces/gatehouse-system/leases";

// One Lease behind an API server that keeps resourceVersions, and can be cut off.
class LeaseServer final : public base::HttpTransport {
 public:
  base::Result<base::HttpResponse> send(const base::HttpRequest& request,
                                        std::stop_token) override {
    const std::lock_guard lock(mutex_);
    if (is_cut_off) return base::failure(base::ErrorKind::unavailable, "no route to host");
    if (request.method == "GET" && request.url == kLeases + "/leader") {
      return lease_.is_null() ? answer(404, {}) : answer(200, lease_);
    }
    if (request.method == "POST" && request.url == kLeases) {
      if (!lease_.is_null()) return answer(409, {{"reason", "AlreadyExists"}});
      return store(json::parse(request.body));
    }
    if (request.method == "PUT" && request.url == kLeases + "/leader") {
      json wanted = json::parse(request.body);
      if (lease_.is_null()) return answer(404, {});
      if (wanted["metadata"]["resourceVersion"] != lease_["metadata"]["resourceVersion"]) {
        return answer(409, {{"reason", "Conflict"}});
      }
      return store(std::move(wanted));
    }
    ADD_FAILURE() << "unexpected " << request.method << " " << request.url;
    return answer(405, {});
  }
  base::Result<base::HttpResponse> stream(const base::HttpRequest&, const OnHead&, const OnChunk&,
                                          std::stop_token) override {
    ADD_FAILURE() << "nobody watches here";
    return base::failure(base::ErrorKind::protocol, "no watch");
  }

  std::string holder() {
    const std::lock_guard lock(mutex_);
    return lease_.is_null() ? "no lease" : lease_["spec"]["holderIdentity"].get<std::string>();
  }
  // Somebody else writes the Lease.
  void set_holder(const std::string& holder) {
    const std::lock_guard lock(mutex_);
    lease_["spec"]["holderIdentity"] = holder;
    lease_["metadata"]["resourceVersion"] = std::to_string(++version_);
  }
  void touch() {
    const std::lock_guard lock(mutex_);
    lease_["metadata"]["labels"]["touched"] = "yes";
    lease_["metadata"]["resourceVersion"] = std::to_string(++version_);
  }

  std::atomic<bool> is_cut_off = false;

 private:
  base::Result<base::HttpResponse> store(json lease) {
    lease_ = std::move(lease);
    lease_["metadata"]["resourceVersion"] = std::to_string(++version_);
    return answer(200, lease_);
  }
  static base::HttpResponse answer(int status, const json& body) {
    return {status, {}, body.is_null() ? "{}" : body.dump()};
  }

  std::mutex mutex_;
  json lease_;
  int version_ = 0;
};

// An elector whose pauses end when the test says so, so that each step of it can be awaited.
class Candidate {
 public:
  using LookAround = std::function<base::Result<kube::LeaderElector::Surroundings>()>;

  Candidate(std::shared_ptr<LeaseServer> server, const base::Clock& clock, std::string identity,
            LookAround look_around = {})
      : client_(std::move(server), "https://k8s.test", kube::fixed_token(""), clock),
        elector_(
            client_, clock,
            {.lease = {"gatehouse-system", "leader"}, .identity = std::move(identity)},
            {[this] { ++elected; }, [this] { ++lost; }, followed(std::move(look_around)),
             [this](const std::string& why) { refusals.push_back(why); }},
            [this](std::chrono::milliseconds, const std::stop_token& stop) { return pause(stop); },
            [] { return 0.5; }) {}
  ~Candidate() { elector_.stop(); }

  void start() {
    elector_.start();
    await_pause();
  }
  // One more round; returns when it is over.
  void step() {
    {
      const std::lock_guard lock(mutex_);
      is_paused_ = false;
    }
    changed_.notify_all();
    await_pause();
  }
  // The last round: the elector ends after it.
  void last_step() {
    {
      const std::lock_guard lock(mutex_);
      is_paused_ = false;
    }
    changed_.notify_all();
  }
  kube::LeaderElector& elector() { return elector_; }

  std::vector<std::string> refusals;
  std::atomic<int> elected = 0;
  std::atomic<int> lost = 0;

 private:
  static std::function<base::Result<kube::LeaderElector::Surroundings>(const std::stop_token&)>
  followed(LookAround look_around) {
    if (!look_around) return {};
    return [look_around](const std::stop_token&) { return look_around(); };
  }
  bool pause(const std::stop_token& stop) {
    std::unique_lock lock(mutex_);
    is_paused_ = true;
    changed_.notify_all();
    changed_.wait(lock, stop, [this] { return !is_paused_; });
    return !stop.stop_requested();
  }
  void await_pause() {
    std::unique_lock lock(mutex_);
    EXPECT_TRUE(changed_.wait_for(lock, 30s, [this] { return is_paused_; }));
  }

  std::mutex mutex_;
  std::condition_variable_any changed_;
  bool is_paused_ = false;
  kube::Client client_;
  kube::LeaderElector elector_;
};

class LeaderElectorTest : public testing::Test {
 protected:
  void advance(std::chrono::milliseconds by) { clock_.advance(by); }

  fakes::FakeClock clock_;
  std::shared_ptr<LeaseServer> server_ = std::make_shared<LeaseServer>();
};

TEST_F(LeaderElectorTest, TheFirstLeadsAndTheSecondFollowsWhenItStops) {
  Candidate one(server_, clock_, "one");
  Candidate two(server_, clock_, "two");
  one.start();
  EXPECT_TRUE(one.elector().is_leader());
  EXPECT_TRUE(one.elector().wait_until_leader({}));
  two.start();
  EXPECT_FALSE(two.elector().is_leader());
  EXPECT_EQ(two.elector().holder(), "one");
  one.elector().stop();
  EXPECT_EQ(server_->holder(), "") << "given up, so that two need not wait";
  EXPECT_FALSE(one.elector().is_leader());
  two.step();
  EXPECT_TRUE(two.elector().is_leader());
  EXPECT_EQ(server_->holder(), "two");
  EXPECT_EQ(one.lost, 0) << "a clean stop is not a loss";
}

// As when the stop comes while a renewal is on its way: it is written, and its answer is not read.
TEST_F(LeaderElectorTest, ALeaseIsGivenUpThoughItWasWrittenSinceWeReadIt) {
  Candidate one(server_, clock_, "one");
  one.start();
  server_->touch();
  one.elector().stop();
  EXPECT_EQ(server_->holder(), "");
}

TEST_F(LeaderElectorTest, ALeaseThatAnotherTookIsNotGivenUpForIt) {
  Candidate one(server_, clock_, "one");
  one.start();
  server_->set_holder("two");
  one.elector().stop();
  EXPECT_EQ(server_->holder(), "two");
}

using Surroundings = kube::LeaderElector::Surroundings;

TEST_F(LeaderElectorTest, WhoIsRefusedByItsSurroundingsTakesNoLeaseAndSaysSoOnce) {
  std::atomic<bool> is_rival_there = true;
  Candidate one(server_, clock_, "one", [&]() -> base::Result<Surroundings> {
    return Surroundings{is_rival_there ? "somebody else leads" : "", {}};
  });
  one.start();
  one.step();
  EXPECT_EQ(server_->holder(), "no lease");
  EXPECT_EQ(one.elected, 0);
  EXPECT_THAT(one.refusals, testing::ElementsAre("somebody else leads"));
  is_rival_there = false;
  one.step();
  EXPECT_EQ(one.elected, 1);
  EXPECT_EQ(server_->holder(), "one");
}

TEST_F(LeaderElectorTest, ARivalThatIsSeenOnlyAfterTheLeaseWasTakenMakesItGivenUp) {
  std::atomic<int> looks = 0;
  Candidate one(server_, clock_, "one", [&]() -> base::Result<Surroundings> {
    return Surroundings{++looks == 2 ? "somebody else leads" : "", {}};
  });
  one.start();
  EXPECT_EQ(one.elected, 0);
  EXPECT_EQ(server_->holder(), "");
  one.step();
  EXPECT_EQ(one.elected, 1);
}

TEST_F(LeaderElectorTest, WhoCannotLookAroundDoesNotLead) {
  std::atomic<bool> can_look = false;
  Candidate one(server_, clock_, "one", [&]() -> base::Result<Surroundings> {
    if (!can_look) return base::failure(base::ErrorKind::unavailable, "no route");
    return Surroundings{};
  });
  one.start();
  EXPECT_EQ(one.elected, 0);
  can_look = true;
  one.step();
  EXPECT_EQ(one.elected, 1);
}

TEST_F(LeaderElectorTest, ALeaderDoesNotLookAroundAnyMore) {
  std::atomic<int> looks = 0;
  Candidate one(server_, clock_, "one", [&]() -> base::Result<Surroundings> {
    ++looks;
    return Surroundings{};
  });
  one.start();
  for (int i = 0; i < 5; ++i) {
    advance(2s);
    one.step();
  }
  EXPECT_EQ(looks, 2);
}

TEST_F(LeaderElectorTest, RenewalKeepsTheOtherOut) {
  Candidate one(server_, clock_, "one");
  Candidate two(server_, clock_, "two");
  one.start();
  two.start();
  for (int i = 0; i < 20; ++i) {
    advance(2s);
    one.step();
    two.step();
    EXPECT_TRUE(one.elector().is_leader());
    EXPECT_FALSE(two.elector().is_leader());
  }
  EXPECT_EQ(one.elected, 1);
}

TEST_F(LeaderElectorTest, ALeaderThatIsCutOffEndsBeforeAnotherBegins) {
  Candidate one(server_, clock_, "one");
  Candidate two(server_, clock_, "two");
  one.start();
  two.start();
  server_->is_cut_off = true;
  advance(9999ms);
  one.step();
  EXPECT_TRUE(one.elector().is_leader());
  advance(1ms);
  EXPECT_FALSE(one.elector().is_leader()) << "even before its next round";
  one.last_step();
  server_->is_cut_off = false;
  two.step();
  EXPECT_FALSE(two.elector().is_leader()) << "the lease has not expired yet";
  advance(5s);
  two.step();
  EXPECT_TRUE(two.elector().is_leader());
  one.elector().stop();
  EXPECT_EQ(one.lost, 1);
  EXPECT_EQ(server_->holder(), "two") << "a lost lease is not given up";
}

TEST_F(LeaderElectorTest, AWriteOfSomebodyElseThatLeavesUsTheHolderIsNoLoss) {
  Candidate one(server_, clock_, "one");
  one.start();
  server_->touch();
  advance(2s);
  one.step();
  EXPECT_TRUE(one.elector().is_leader());
  EXPECT_EQ(one.lost, 0);
}

TEST_F(LeaderElectorTest, ALeaseThatAnotherTookIsLostAtOnce) {
  Candidate one(server_, clock_, "one");
  one.start();
  server_->set_holder("usurper");
  advance(2s);
  one.last_step();
  const auto limit = std::chrono::steady_clock::now() + 30s;
  while (one.lost == 0 && std::chrono::steady_clock::now() < limit) std::this_thread::yield();
  EXPECT_EQ(one.lost, 1);
  EXPECT_FALSE(one.elector().is_leader());
  EXPECT_EQ(one.elector().holder(), "usurper");
}

TEST_F(LeaderElectorTest, ACandidateSurvivesAnAbsentServer) {
  server_->is_cut_off = true;
  Candidate one(server_, clock_, "one");
  one.start();
  EXPECT_FALSE(one.elector().is_leader());
  server_->is_cut_off = false;
  advance(3s);
  one.step();
  EXPECT_TRUE(one.elector().is_leader());
}

}  // namespace
