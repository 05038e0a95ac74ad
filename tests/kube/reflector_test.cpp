#include "kube/reflector.h"

#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "tests/fakes/clock.h"
#include "tests/fakes/transport.h"

using nlohmann::json;
using testing::ElementsAre;

namespace {

const std::string kThings = "https://k8s.test/apis/example.test/v1/things";

std::string watch_url(const std::string& version, int seconds = 290) {
  return kThings + "?watch=true&allowWatchBookmarks=true&resourceVersion=" + version +
         "&timeoutSeconds=" + std::to_string(seconds);
}

std::string page(const std::string& names, const std::string& version,
                 const std::string& continue_token = "") {
  json items = json::array();
  for (const char name : names) {
    items.push_back({{"metadata", {{"name", std::string(1, name)}, {"resourceVersion", "1"}}}});
  }
  return json{{"metadata", {{"resourceVersion", version}, {"continue", continue_token}}},
              {"items", items}}
      .dump();
}

std::string event(const std::string& type, const std::string& name, const std::string& version) {
  return json{{"type", type},
              {"object", {{"metadata", {{"name", name}, {"resourceVersion", version}}}}}}
             .dump() +
         "\n";
}

// Writes down what the loop tells it.
class Notes final : public kube::ReflectorLoop::Sink {
 public:
  void add_to_listing(const json& object) override { note("list", object); }
  void drop_listing() override { notes.push_back("drop"); }
  void finish_listing() override { notes.push_back("finish"); }
  void put(const json& object) override { note("put", object); }
  void erase(const kube::ObjectKey& key) override { notes.push_back("erase " + key.name); }

  std::vector<std::string> notes;

 private:
  void note(const std::string& what, const json& object) {
    notes.push_back(what + " " + object["metadata"]["name"].get<std::string>());
  }
};

class ReflectorLoopTest : public testing::Test {
 protected:
  kube::ReflectorOptions options() {
    kube::ReflectorOptions made;
    made.random = [] { return 0.0; };
    made.pause = [this](std::chrono::milliseconds delay, const std::stop_token&) {
      pauses_.push_back(delay.count());
      return pauses_.size() < pauses_max_;
    };
    return made;
  }
  base::Status step() { return loop_.step({}); }

  fakes::FakeClock clock_;
  std::shared_ptr<fakes::FakeTransport> transport_ = std::make_shared<fakes::FakeTransport>();
  kube::Client client_{transport_, "https://k8s.test", kube::fixed_token(""), clock_};
  std::vector<long> pauses_;
  std::size_t pauses_max_ = 1000;
  Notes sink_;
  kube::ReflectorLoop loop_{
      client_, {"example.test", "v1", "Thing", "things", false}, options(), sink_};
};

TEST_F(ReflectorLoopTest, ListsEveryPageAndThenWatchesFromThere) {
  transport_->expect("GET", kThings + "?limit=500").answer(200, page("ab", "10", "c1"));
  transport_->expect("GET", kThings + "?limit=500&continue=c1").answer(200, page("c", "10"));
  transport_->expect("GET", watch_url("10"))
      .stream({event("ADDED", "d", "11"), event("MODIFIED", "a", "12"), event("DELETED", "b", "13"),
               event("BOOKMARK", "", "20")});
  transport_->expect("GET", watch_url("20")).stream({event("ADDED", "e", "21")});
  for (int i = 0; i < 4; ++i) EXPECT_TRUE(step());
  EXPECT_THAT(sink_.notes, ElementsAre("list a", "list b", "list c", "finish", "put d", "put a",
                                       "erase b", "put e"));
  EXPECT_TRUE(pauses_.empty());
}

TEST_F(ReflectorLoopTest, ABrokenWatchResumesAfterItsLastEvent) {
  transport_->expect("GET", kThings + "?limit=500").answer(200, page("", "10"));
  transport_->expect("GET", watch_url("10"))
      .stream({event("ADDED", "a", "11")})
      .then_fail({base::ErrorKind::unavailable, "connection reset"});
  transport_->expect("GET", watch_url("11")).stream({event("ADDED", "b", "12")});
  EXPECT_TRUE(step());
  EXPECT_FALSE(step());
  EXPECT_TRUE(step());
  EXPECT_THAT(sink_.notes, ElementsAre("finish", "put a", "put b"));
}

TEST_F(ReflectorLoopTest, AnExpiredVersionMeansListingAgain) {
  transport_->expect("GET", kThings + "?limit=500").answer(200, page("a", "10"));
  transport_->expect("GET", watch_url("10")).stream({"{}"}, 410);
  transport_->expect("GET", kThings + "?limit=500").answer(200, page("b", "50"));
  transport_->expect("GET", watch_url("50")).stream({event("BOOKMARK", "", "51")});
  EXPECT_TRUE(step());
  EXPECT_FALSE(step());
  EXPECT_TRUE(step());
  EXPECT_TRUE(step());
  EXPECT_THAT(sink_.notes, ElementsAre("list a", "finish", "list b", "finish"));
}

TEST_F(ReflectorLoopTest, AnExpiredPageDropsTheListingSoFar) {
  transport_->expect("GET", kThings + "?limit=500").answer(200, page("a", "10", "c1"));
  transport_->expect("GET", kThings + "?limit=500&continue=c1").answer(410, "{}");
  transport_->expect("GET", kThings + "?limit=500").answer(200, page("b", "11"));
  EXPECT_TRUE(step());
  EXPECT_FALSE(step());
  EXPECT_TRUE(step());
  EXPECT_THAT(sink_.notes, ElementsAre("list a", "drop", "list b", "finish"));
}

TEST_F(ReflectorLoopTest, BackOffDoublesUntilSomethingSucceedsAndObeysRetryAfter) {
  const std::string list_url = kThings + "?limit=500";
  transport_->expect("GET", list_url).answer(503);
  transport_->expect("GET", list_url).fail({base::ErrorKind::unavailable, "no route"});
  transport_->expect("GET", list_url).answer(429, "", {{"retry-after", "9"}});
  transport_->expect("GET", list_url).answer(200, page("", "10"));
  transport_->expect("GET", watch_url("10")).stream({"{}"}, 500);
  pauses_max_ = 4;
  loop_.run({});
  EXPECT_THAT(pauses_, ElementsAre(800, 1600, 9000, 800));
}

// An API server that was away and is back knows no old versions: that it says so ends the back-off.
TEST_F(ReflectorLoopTest, AnAnswerThatTheVersionIsTooOldEndsTheBackOff) {
  transport_->expect("GET", kThings + "?limit=500").answer(200, page("", "10"));
  for (int i = 0; i < 6; ++i) {
    transport_->expect("GET", watch_url("10")).fail({base::ErrorKind::unavailable, "refused"});
  }
  transport_->expect("GET", watch_url("10")).stream({"{}"}, 410);
  pauses_max_ = 7;
  loop_.run({});
  EXPECT_THAT(pauses_, ElementsAre(800, 1600, 3200, 6400, 10000, 10000, 800));
}

TEST_F(ReflectorLoopTest, AWatchThatEndsAtOnceIsNotAskedInATightCircle) {
  transport_->expect("GET", kThings + "?limit=500").answer(200, page("", "10"));
  transport_->expect("GET", watch_url("10")).stream({});
  EXPECT_TRUE(step());
  EXPECT_TRUE(step());
  EXPECT_THAT(pauses_, ElementsAre(800));
}

TEST_F(ReflectorLoopTest, AsksForATimeoutBetweenOneAndTwoByChance) {
  kube::ReflectorOptions with_chance = options();
  with_chance.random = [] { return 0.5; };
  kube::ReflectorLoop loop(client_, {"example.test", "v1", "Thing", "things", false}, with_chance,
                           sink_);
  transport_->expect("GET", kThings + "?limit=500").answer(200, page("", "10"));
  transport_->expect("GET", watch_url("10", 435))
      .with([](const base::HttpRequest& request) {
        return request.timeout == std::chrono::seconds(440);
      })
      .stream({event("BOOKMARK", "", "11")});
  EXPECT_TRUE(loop.step({}));
  EXPECT_TRUE(loop.step({}));
}

}  // namespace
