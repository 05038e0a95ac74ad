#include "proxy/control/control_flow.h"

#include <memory>
#include <string>
#include <utility>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "proxy/config/dialect.h"

namespace proxy::control {
namespace {

using config::Certificate;
using config::Cluster;
using config::ProxyConfig;
using std::chrono::milliseconds;
using std::chrono::seconds;
using ::testing::HasSubstr;

constexpr milliseconds kLong = seconds(30);

ProxyConfig state(const std::string& cluster) {
  ProxyConfig config;
  config.clusters[cluster] = std::make_shared<const Cluster>();
  return config;
}

ProxyConfig state_with_certificate(const std::string& content) {
  ProxyConfig config = state("a");
  config.certificates["ns/tls"] = std::make_shared<const Certificate>(Certificate{content, "key"});
  return config;
}

// What it says of its language, at the end of each poll.
std::string speaks() {
  std::string names = config::Dialect::own().text();
  for (std::size_t at = 0; (at = names.find(',', at)) != std::string::npos;) {
    names.replace(at, 1, "%2C");
  }
  return "&speaks=" + names;
}

template <class Step>
const Step& step(const ControlFlow& flow) {
  const auto* const found = std::get_if<Step>(&flow.next());
  if (found == nullptr) {
    ADD_FAILURE() << "the next step is another one, number " << flow.next().index();
    std::abort();
  }
  return *found;
}

base::Status answer(ControlFlow& flow, const config::Delta& delta) {
  return flow.on_polled(200, config::delta_to_json(delta), kLong, 1);
}

// A flow that has this state live.
ControlFlow following(const ProxyConfig& config) {
  ControlFlow flow;
  EXPECT_TRUE(answer(flow, config::full_state(config)));
  if (std::holds_alternative<ControlFlow::Fetch>(flow.next())) {
    config::CertificatesByHash all;
    for (const auto& [id, certificate] : config.certificates) {
      all.emplace(config::certificate_hash(*certificate), certificate);
    }
    EXPECT_TRUE(flow.on_fetched(200, config::certificates_to_json(all), 1));
  }
  (void)step<ControlFlow::Publish>(flow);
  flow.on_published({}, 1);
  return flow;
}

TEST(ControlFlow, AsksForEverythingFirst) {
  const ControlFlow flow;
  EXPECT_EQ(step<ControlFlow::Poll>(flow).path, "/v1/config?after=&wait=60s" + speaks());
}

TEST(ControlFlow, PublishesAStateAndAcknowledgesItByTheNextPoll) {
  const ProxyConfig config = state("a");
  ControlFlow flow;
  ASSERT_TRUE(answer(flow, config::full_state(config)));
  const auto snapshot = step<ControlFlow::Publish>(flow).snapshot;
  EXPECT_EQ(snapshot->revision, config::revision_of(config));
  EXPECT_EQ(flow.live(), nullptr);  // not before it is served
  flow.on_published({}, 1);
  EXPECT_EQ(flow.live(), snapshot);
  EXPECT_EQ(step<ControlFlow::Poll>(flow).path,
            "/v1/config?after=" + snapshot->revision + "&wait=60s" + speaks());
}

TEST(ControlFlow, AppliesAChangeToWhatIsLive) {
  const ProxyConfig first = state("a");
  ProxyConfig second = first;
  second.clusters["b"] = std::make_shared<const Cluster>();
  ControlFlow flow = following(first);
  ASSERT_TRUE(answer(flow, config::difference(first, second)));
  const auto snapshot = step<ControlFlow::Publish>(flow).snapshot;
  EXPECT_EQ(snapshot->config->clusters.size(), 2u);
  EXPECT_EQ(snapshot->config->clusters.at("a"), flow.live()->config->clusters.at("a"));
}

TEST(ControlFlow, NothingNewIsAskedAgain) {
  ControlFlow flow = following(state("a"));
  const std::string path = step<ControlFlow::Poll>(flow).path;
  ASSERT_TRUE(flow.on_polled(304, "", kLong, 1));
  EXPECT_EQ(step<ControlFlow::Poll>(flow).path, path);
}

TEST(ControlFlow, AServerThatDoesNotWaitIsNotAskedInALoop) {
  ControlFlow flow = following(state("a"));
  ASSERT_TRUE(flow.on_polled(304, "", milliseconds(10), 1));
  EXPECT_EQ(step<ControlFlow::Wait>(flow).delay, milliseconds(990));
  flow.on_waited();
  (void)step<ControlFlow::Poll>(flow);
  // Nor is one that sends the same state again and again.
  ASSERT_TRUE(flow.on_polled(200, config::delta_to_json(config::full_state(state("a"))),
                             milliseconds(0), 1));
  EXPECT_EQ(step<ControlFlow::Wait>(flow).delay, milliseconds(1000));
}

TEST(ControlFlow, FetchesOnlyTheCertificatesThatItLacks) {
  const ProxyConfig first = state_with_certificate("one");
  ControlFlow flow = following(first);
  // A full state again, as after a restart of the operator: nothing is fetched.
  ProxyConfig second = first;
  second.clusters["b"] = std::make_shared<const Cluster>();
  ASSERT_TRUE(answer(flow, config::full_state(second)));
  (void)step<ControlFlow::Publish>(flow);
  flow.on_published({}, 1);
  // A renewed one is.
  const ProxyConfig third = state_with_certificate("two");
  ASSERT_TRUE(answer(flow, config::difference(second, third)));
  const std::string hash = config::certificate_hash(*third.certificates.at("ns/tls"));
  EXPECT_EQ(step<ControlFlow::Fetch>(flow).body, config::hashes_to_json({hash}));
}

TEST(ControlFlow, FetchesManyCertificatesInParts) {
  ProxyConfig config;
  config::CertificatesByHash all;
  for (std::size_t i = 0; i < ControlFlow::kFetchMax + 1; ++i) {
    const auto certificate =
        std::make_shared<const Certificate>(Certificate{"chain " + std::to_string(i), "key"});
    config.certificates["c" + std::to_string(i)] = certificate;
    all.emplace(config::certificate_hash(*certificate), certificate);
  }
  ControlFlow flow;
  ASSERT_TRUE(answer(flow, config::full_state(config)));
  for (const std::size_t expected : {ControlFlow::kFetchMax, std::size_t{1}}) {
    const auto hashes = config::hashes_from_json(step<ControlFlow::Fetch>(flow).body);
    ASSERT_TRUE(hashes);
    ASSERT_EQ(hashes->size(), expected);
    config::CertificatesByHash part;
    for (const std::string& hash : *hashes) part.emplace(hash, all.at(hash));
    ASSERT_TRUE(flow.on_fetched(200, config::certificates_to_json(part), 1));
  }
  (void)step<ControlFlow::Publish>(flow);
}

TEST(ControlFlow, CertificatesThatAreGoneMeanAskingAgain) {
  ControlFlow flow;
  ASSERT_TRUE(answer(flow, config::full_state(state_with_certificate("one"))));
  EXPECT_FALSE(flow.on_fetched(200, config::certificates_to_json({}), 1));
  (void)step<ControlFlow::Wait>(flow);
  flow.on_waited();
  (void)step<ControlFlow::Poll>(flow);
}

TEST(ControlFlow, AChangeThatDoesNotFitMeansAskingForAFullState) {
  ControlFlow flow = following(state("a"));
  const auto wrong = config::difference(state("other"), state("b"));
  EXPECT_FALSE(answer(flow, wrong));
  (void)step<ControlFlow::Wait>(flow);
  flow.on_waited();
  EXPECT_EQ(step<ControlFlow::Poll>(flow).path, "/v1/config?after=&wait=60s" + speaks());
  EXPECT_NE(flow.live(), nullptr);
  ASSERT_TRUE(answer(flow, config::full_state(state("b"))));
  (void)step<ControlFlow::Publish>(flow);
}

TEST(ControlFlow, AStateThatCannotBeServedIsReportedAndTheOldOneStays) {
  ControlFlow flow = following(state("a"));
  const auto live = flow.live();
  const auto bad = config::difference(state("a"), state("b"));
  ASSERT_TRUE(answer(flow, bad));
  flow.on_published(base::failure(base::ErrorKind::invalid, "no key & more"), 1);
  EXPECT_EQ(flow.live(), live);
  (void)step<ControlFlow::Wait>(flow);
  flow.on_waited();
  EXPECT_EQ(step<ControlFlow::Poll>(flow).path, "/v1/config?after=" + live->revision +
                                                    "&wait=60s&rejected=" + bad.revision +
                                                    "&reason=no%20key%20%26%20more" + speaks());
  // The same state again is not tried again.
  ASSERT_TRUE(answer(flow, bad));
  (void)step<ControlFlow::Wait>(flow);
  flow.on_waited();
  // A better one is, and the rejection is over.
  ASSERT_TRUE(answer(flow, config::difference(state("a"), state("c"))));
  (void)step<ControlFlow::Publish>(flow);
  flow.on_published({}, 1);
  EXPECT_THAT(step<ControlFlow::Poll>(flow).path, Not(HasSubstr("rejected")));
}

TEST(ControlFlow, AFullStateThatIsInvalidIsReported) {
  config::Delta delta = config::full_state(state("a"));
  delta.sni.set["a.example"] = "absent";
  ControlFlow flow;
  EXPECT_FALSE(answer(flow, delta));
  flow.on_waited();
  EXPECT_THAT(step<ControlFlow::Poll>(flow).path, HasSubstr("&rejected=" + delta.revision));
}

TEST(ControlFlow, AStateOfANewerLanguageIsReported) {
  ControlFlow flow = following(state("a"));
  const auto live = flow.live();
  std::string newer = config::delta_to_json(config::difference(state("a"), state("b")));
  newer.insert(1, "\"inventedLater\": {}, \"guards\": [\"inventedLater\"],");
  for (int i = 0; i < 2; ++i) {
    EXPECT_EQ(flow.on_polled(200, newer, kLong, 1).has_value(), i == 1);  // said once
    EXPECT_EQ(flow.rejections(), 1u);  // the same again is no other
    EXPECT_EQ(flow.live(), live);
    (void)step<ControlFlow::Wait>(flow);
    flow.on_waited();
    const std::string path = step<ControlFlow::Poll>(flow).path;
    EXPECT_THAT(path, HasSubstr("after=" + live->revision));
    EXPECT_THAT(path, HasSubstr("&rejected=" + config::revision_of(state("b"))));
    EXPECT_THAT(path, HasSubstr("is%20guarded"));
  }
  EXPECT_FALSE(flow.on_polled(200, "not even JSON", kLong, 1));
  EXPECT_EQ(flow.rejections(), 1u);
}

TEST(ControlFlow, AStateOfANewerLanguageIsServedWithoutWhatTunes) {
  ControlFlow flow = following(state("a"));
  std::string newer = config::delta_to_json(config::difference(state("a"), state("b")));
  newer.insert(1, "\"inventedLater\": {},");
  ASSERT_TRUE(flow.on_polled(200, newer, kLong, 1));
  EXPECT_THAT(step<ControlFlow::Publish>(flow).skipped, ::testing::ElementsAre("[inventedLater]"));
}

// ---- States in doubt

ProxyConfig state_with_host(const std::string& cluster) {
  ProxyConfig config = state(cluster);
  config.hosts["shop.example"] = std::make_shared<const config::VirtualHost>();
  return config;
}

// A flow that has had `before` and then `now` live.
ControlFlow after_leaving(const ProxyConfig& before, const ProxyConfig& now) {
  ControlFlow flow = following(before);
  EXPECT_TRUE(answer(flow, config::difference(before, now)));
  flow.on_published({}, 1);
  EXPECT_EQ(flow.live()->revision, config::revision_of(now));
  return flow;
}

// Offers the state until the flow has no doubt any more. How long it was said in all, by an
// operator that keeps its answer for the wait or by one that answers at once.
seconds confirm(ControlFlow& flow, const config::Delta& offered, bool keeps_its_answer) {
  const std::string body = config::delta_to_json(offered);
  milliseconds said{0};
  milliseconds took{0};  // of the first answer nothing counts
  while (!flow.on_polled(200, body, took, 1)) {
    took = milliseconds(0);
    if (std::holds_alternative<ControlFlow::Wait>(flow.next())) {
      said += step<ControlFlow::Wait>(flow).delay;
      flow.on_waited();
    }
    const auto& poll = step<ControlFlow::Poll>(flow);
    EXPECT_TRUE(poll.is_by_new_connection);
    EXPECT_THAT(poll.path, HasSubstr("after=" + flow.live()->revision));
    EXPECT_THAT(poll.path, HasSubstr("&doubted=" + offered.revision));
    if (keeps_its_answer) took = seconds(std::stoi(poll.path.substr(poll.path.find("wait=") + 5)));
    said += took;
  }
  return std::chrono::duration_cast<seconds>(said);
}

TEST(ControlFlow, AReplicaThatHasNotSeenTheLiveStateDoesNotRollItBack) {
  ControlFlow flow = after_leaving(state("a"), state("b"));
  const auto live = flow.live();
  for (int i = 0; i < 3; ++i) {
    EXPECT_FALSE(answer(flow, config::full_state(state("a"))));
    (void)step<ControlFlow::Poll>(flow);
  }
  // Another replica knows the live state, and the doubt begins anew.
  ASSERT_TRUE(flow.on_polled(304, "", kLong, 1));
  EXPECT_FALSE(step<ControlFlow::Poll>(flow).is_by_new_connection);
  EXPECT_EQ(confirm(flow, config::full_state(state("a")), false), seconds(30));
  EXPECT_EQ(flow.live(), live);
}

TEST(ControlFlow, AStateThatWasLeftIsAppliedWhenEveryAnswerSaysItForHalfAMinute) {
  for (const bool keeps_its_answer : {false, true}) {
    ControlFlow flow = after_leaving(state("a"), state("b"));
    EXPECT_EQ(confirm(flow, config::full_state(state("a")), keeps_its_answer), seconds(30));
    EXPECT_EQ(step<ControlFlow::Publish>(flow).snapshot->revision, config::revision_of(state("a")));
    EXPECT_EQ(flow.rejections(), 0u);
  }
}

TEST(ControlFlow, ANewStateIsAppliedAtOnceAlsoWhileAnotherIsInDoubt) {
  ControlFlow flow = after_leaving(state("a"), state("b"));
  EXPECT_FALSE(answer(flow, config::full_state(state("a"))));
  ASSERT_TRUE(answer(flow, config::full_state(state("c"))));
  flow.on_published({}, 1);
  EXPECT_FALSE(step<ControlFlow::Poll>(flow).is_by_new_connection);
}

TEST(ControlFlow, AReplicaThatHasSeenTheLiveStateMayTakeItBackAtOnce) {
  ControlFlow flow = after_leaving(state("a"), state("b"));
  ASSERT_TRUE(answer(flow, config::difference(state("b"), state("a"))));
  (void)step<ControlFlow::Publish>(flow);
}

TEST(ControlFlow, FromSomeHostsToNoneNeedsASecondWord) {
  for (const bool is_full : {false, true}) {
    ControlFlow flow = following(state_with_host("a"));
    const auto none = is_full ? config::full_state(state("a"))
                              : config::difference(state_with_host("a"), state("a"));
    EXPECT_EQ(confirm(flow, none, is_full), seconds(30));
    EXPECT_TRUE(step<ControlFlow::Publish>(flow).snapshot->config->hosts.empty());
  }
  ControlFlow fresh;
  ASSERT_TRUE(answer(fresh, config::full_state(state("a"))));
  (void)step<ControlFlow::Publish>(fresh);  // from nothing to no hosts is no loss
}

// Certificates are ordered also while there is no Ingress, and each token is another state.
TEST(ControlFlow, ADoubtAboutHavingNoHostDoesNotBeginAnewWithEachChangeOfTheRest) {
  ControlFlow flow = following(state_with_host("a"));
  seconds said{0};
  std::size_t answers = 0;
  // An operator answers at once when the state is another one than that in doubt.
  const auto next_state = [&] { return state("token-" + std::to_string(answers++)); };
  while (!flow.on_polled(200, config::delta_to_json(config::full_state(next_state())),
                         milliseconds(0), 1)) {
    ASSERT_LE(answers, 10u);
    if (std::holds_alternative<ControlFlow::Wait>(flow.next())) {
      said += std::chrono::duration_cast<seconds>(step<ControlFlow::Wait>(flow).delay);
      flow.on_waited();
    }
  }
  EXPECT_EQ(said, seconds(30));
  EXPECT_TRUE(step<ControlFlow::Publish>(flow).snapshot->config->hosts.empty());
}

TEST(ControlFlow, AStateWithoutAHostThatCannotBeServedIsReportedAtOnce) {
  ControlFlow flow = following(state_with_host("a"));
  config::Delta broken = config::full_state(state("a"));
  broken.revision = std::string(64, '1');  // of another state
  EXPECT_FALSE(answer(flow, broken));
  EXPECT_EQ(flow.rejections(), 1u);
}

TEST(ControlFlow, ADoubtAboutHavingNoHostEndsWhenThereIsOneAgain) {
  ControlFlow flow = following(state_with_host("a"));
  EXPECT_FALSE(answer(flow, config::full_state(state("x"))));
  ASSERT_TRUE(answer(flow, config::full_state(state_with_host("b"))));
  flow.on_published({}, 1);
  EXPECT_EQ(confirm(flow, config::full_state(state("y")), false), seconds(30)) << "from the start";
}

TEST(ControlFlow, WhatIsLeftMayComeBackAtOnceFromTheReplicaThatGaveTheLiveState) {
  const auto by = [](ControlFlow& flow, const config::Delta& delta, const char* replica) {
    return flow.on_polled(200, config::delta_to_json(delta), kLong, 1, replica);
  };
  const auto following_b_of = [&](const char* replica) {
    ControlFlow flow = following(state("a"));
    EXPECT_TRUE(by(flow, config::difference(state("a"), state("b")), replica));
    flow.on_published({}, 1);
    return flow;
  };
  for (const bool is_full : {false, true}) {
    const auto back =
        is_full ? config::full_state(state("a")) : config::difference(state("b"), state("a"));
    ControlFlow same = following_b_of("one");
    EXPECT_TRUE(by(same, back, "one"));
    (void)step<ControlFlow::Publish>(same);

    ControlFlow other = following_b_of("one");
    EXPECT_FALSE(by(other, back, "two"));
    EXPECT_TRUE(step<ControlFlow::Poll>(other).is_by_new_connection);

    // One that has had nothing newer for half a minute is no straggler.
    ControlFlow known = following_b_of("one");
    EXPECT_TRUE(known.on_polled(304, "", seconds(60), 1, "two"));
    EXPECT_TRUE(by(known, back, "two"));

    ControlFlow hardly_known = following_b_of("one");
    EXPECT_TRUE(hardly_known.on_polled(304, "", seconds(2), 1, "two"));
    EXPECT_FALSE(by(hardly_known, back, "two"));
  }
}

TEST(ControlFlow, WhatComesNextIsToldTruly) {
  using Flow = ControlFlow;
  EXPECT_EQ(what_next(Flow::Wait{milliseconds(1'960)}), "trying again in 2.0 s");
  EXPECT_EQ(what_next(Flow::Wait{milliseconds(120)}), "trying again in 0.1 s");
  EXPECT_EQ(what_next(Flow::Wait{milliseconds(20)}), "asking again");
  EXPECT_EQ(what_next(Flow::Poll{"/", true}), "asking again by a new connection");
  EXPECT_EQ(what_next(Flow::Poll{"/", false}), "asking again");
}

TEST(ControlFlow, AStateThatNotEveryWorkerHasIsPublishedAgainAndNotAcknowledged) {
  ControlFlow flow = following(state("a"));
  const auto live = flow.live();
  ASSERT_TRUE(answer(flow, config::difference(state("a"), state("b"))));
  const auto snapshot = step<ControlFlow::Publish>(flow).snapshot;
  flow.on_published(base::failure(base::ErrorKind::unavailable, "a worker is slow"), 1);
  EXPECT_EQ(flow.live(), live);
  EXPECT_EQ(flow.rejections(), 0u);
  (void)step<ControlFlow::Wait>(flow);
  flow.on_waited();
  EXPECT_EQ(step<ControlFlow::Publish>(flow).snapshot, snapshot);
  flow.on_published({}, 1);
  EXPECT_EQ(flow.live(), snapshot);
  EXPECT_THAT(step<ControlFlow::Poll>(flow).path, HasSubstr("after=" + snapshot->revision));
}

TEST(ControlFlow, ARejectedStateIsCountedOnceHoweverOftenItIsOfferedBetweenOthers) {
  ControlFlow flow = following(state("a"));
  const auto bad = [](const char* cluster) {
    config::Delta delta = config::full_state(state(cluster));
    delta.sni.set["a.example"] = "absent";
    return delta;
  };
  EXPECT_FALSE(answer(flow, bad("b")));
  EXPECT_FALSE(answer(flow, bad("c")));
  for (int i = 0; i < 3; ++i) {
    ASSERT_TRUE(answer(flow, bad("b")));
    ASSERT_TRUE(answer(flow, bad("c")));
    flow.on_waited();
    EXPECT_THAT(step<ControlFlow::Poll>(flow).path, HasSubstr("&rejected=" + bad("c").revision));
    EXPECT_TRUE(flow.is_rejecting());
  }
  EXPECT_EQ(flow.rejections(), 2u);
}

TEST(ControlFlow, OtherContentUnderARejectedRevisionIsTried) {
  ControlFlow flow = following(state("a"));
  config::Delta broken = config::full_state(state("b"));
  broken.sni.set["a.example"] = "absent";
  EXPECT_FALSE(answer(flow, broken));
  flow.on_waited();
  ASSERT_TRUE(answer(flow, config::full_state(state("b"))));
  (void)step<ControlFlow::Publish>(flow);
}

TEST(ControlFlow, SaysItsNameInEveryPoll) {
  ControlFlow flow("edge-7 & more");
  EXPECT_EQ(step<ControlFlow::Poll>(flow).path,
            "/v1/config?after=&wait=60s&proxy=edge-7%20%26%20more" + speaks());
  ASSERT_TRUE(flow.on_polled(304, "", kLong, 1));
  EXPECT_THAT(step<ControlFlow::Poll>(flow).path, HasSubstr("&proxy=edge-7"));
}

TEST(ControlFlow, FailuresWaitLongerEachTimeUpToALimit) {
  ControlFlow flow = following(state("a"));
  const base::Error down{base::ErrorKind::unavailable, "connection refused"};
  milliseconds last{0};
  for (int i = 0; i < 20; ++i) {
    flow.on_failed(down, 1);
    const milliseconds delay = step<ControlFlow::Wait>(flow).delay;
    EXPECT_GE(delay, last);
    last = delay;
    flow.on_waited();
  }
  EXPECT_EQ(last, ControlFlow::kLongestDelay);
  EXPECT_NE(flow.live(), nullptr);
  // The first answer makes it impatient again.
  ASSERT_TRUE(flow.on_polled(304, "", kLong, 1));
  flow.on_failed(down, 1);
  EXPECT_EQ(step<ControlFlow::Wait>(flow).delay, ControlFlow::kFirstDelay);
}

TEST(ControlFlow, ProxiesDoNotComeBackTogether) {
  ControlFlow flow;
  const base::Error down{base::ErrorKind::unavailable, "connection refused"};
  flow.on_failed(down, 0);
  EXPECT_EQ(step<ControlFlow::Wait>(flow).delay, ControlFlow::kFirstDelay / 2);
}

TEST(ControlFlow, RetryAfterIsHonouredWithinReason) {
  ControlFlow flow;
  flow.on_failed({base::ErrorKind::rate_limited, "slow down", seconds(60)}, 1);
  EXPECT_EQ(step<ControlFlow::Wait>(flow).delay, seconds(60));
  flow.on_failed({base::ErrorKind::rate_limited, "slow down", seconds(86'400)}, 1);
  EXPECT_EQ(step<ControlFlow::Wait>(flow).delay, seconds(120));
}

TEST(ControlFlow, EachWrongAnswerIsASentenceAndARetry) {
  struct {
    int status;
    std::string body, says;
  } cases[] = {
      {401, "", "does not accept this proxy's token"},
      {403, "", "does not accept this proxy's token"},
      {500, "", "HTTP 500"},
      {404, "", "HTTP 404"},
      {200, "<html>", "reading the operator's configuration"},
  };
  for (const auto& c : cases) {
    ControlFlow flow;
    const auto polled = flow.on_polled(c.status, c.body, kLong, 1);
    ASSERT_FALSE(polled);
    EXPECT_THAT(polled.error().message, HasSubstr(c.says));
    (void)step<ControlFlow::Wait>(flow);
  }
}

// ---- A state that a process before this one had live

ControlFlow beginning_with(const ProxyConfig& config) {
  ControlFlow flow;
  flow.begin_with(make_snapshot(config), config::ValidConfig().changed_to(config).value());
  return flow;
}

TEST(ControlFlow, BeginsWithWhatIsLiveAndAsksWhatHasChangedSince) {
  const ProxyConfig first = state_with_certificate("one");
  ProxyConfig second = first;
  second.clusters["b"] = std::make_shared<const Cluster>();
  ControlFlow flow = beginning_with(first);
  EXPECT_EQ(step<ControlFlow::Poll>(flow).path,
            "/v1/config?after=" + config::revision_of(first) + "&wait=60s" + speaks());
  ASSERT_TRUE(answer(flow, config::difference(first, second)));
  EXPECT_EQ(step<ControlFlow::Publish>(flow).snapshot->config->clusters.size(), 2u);
}

TEST(ControlFlow, AFullStateAfterABeginningAsksForNoKeyThatIsThere) {
  const ProxyConfig first = state_with_certificate("one");
  ProxyConfig second = first;
  second.clusters["b"] = std::make_shared<const Cluster>();
  ControlFlow flow = beginning_with(first);
  ASSERT_TRUE(answer(flow, config::full_state(second)));
  EXPECT_EQ(step<ControlFlow::Publish>(flow).snapshot->config->certificates.size(), 1u);
}

TEST(ControlFlow, ABeginningIsNotGivenUpForAStateWithoutAnyHost) {
  ProxyConfig first = state("a");
  first.hosts["shop.test"] = std::make_shared<const config::VirtualHost>();
  ControlFlow flow = beginning_with(first);
  EXPECT_FALSE(answer(flow, config::full_state(state("a"))));
  EXPECT_EQ(flow.live()->config->hosts.size(), 1u);
}

}  // namespace
}  // namespace proxy::control
