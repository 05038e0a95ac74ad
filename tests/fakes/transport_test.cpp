#include "tests/fakes/transport.h"

#include <memory>

#include <gtest/gtest-spi.h>
#include <gtest/gtest.h>

#include "tests/fakes/clock.h"

namespace fakes {
namespace {

base::HttpRequest request(std::string method, std::string url, std::string body = "") {
  base::HttpRequest made;
  made.method = std::move(method);
  made.url = std::move(url);
  made.body = std::move(body);
  return made;
}

TEST(FakeTransport, AnswersWhatWasWritten) {
  FakeTransport transport;
  transport.expect("POST", "https://ca.test/a").with_body("{}").answer(201, "made", {{"x", "1"}});
  transport.expect("GET", "https://ca.test/b").fail({base::ErrorKind::unavailable, "down"});
  const auto first = transport.send(request("POST", "https://ca.test/a", "{}"), {});
  ASSERT_TRUE(first);
  EXPECT_EQ(first->status, 201);
  EXPECT_EQ(first->header("x"), "1");
  const auto second = transport.send(request("GET", "https://ca.test/b"), {});
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().message, "down");
  EXPECT_EQ(transport.requests().size(), 2u);
}

TEST(FakeTransport, AnUnexpectedRequestFailsTheTest) {
  FakeTransport transport;
  EXPECT_NONFATAL_FAILURE((void)transport.send(request("GET", "https://a.test/"), {}),
                          "unexpected request: GET https://a.test/");
  transport.expect("GET", "https://a.test/");
  EXPECT_NONFATAL_FAILURE((void)transport.send(request("PUT", "https://a.test/"), {}),
                          "unexpected request: PUT https://a.test/");
  (void)transport.send(request("GET", "https://a.test/"), {});
}

TEST(FakeTransport, ABodyThatIsNotAsExpectedFailsTheTest) {
  FakeTransport transport;
  transport.expect("PUT", "https://a.test/").with_body([](const std::string& body) {
    return body == "right";
  });
  EXPECT_NONFATAL_FAILURE((void)transport.send(request("PUT", "https://a.test/", "wrong"), {}),
                          "is not as expected");
}

TEST(FakeTransport, ARequestThatNeverCameFailsTheTest) {
  auto transport = std::make_unique<FakeTransport>();
  transport->expect("GET", "https://a.test/never");
  EXPECT_NONFATAL_FAILURE(transport.reset(),
                          "expected request never came: GET https://a.test/never");
}

TEST(FakeTransport, StreamsPiecesAndThenEndsAsTold) {
  FakeTransport transport;
  transport.expect("GET", "https://a.test/watch")
      .stream({"one", "two"})
      .then_fail({base::ErrorKind::unavailable, "cut"});
  std::string body;
  const auto response = transport.stream(
      request("GET", "https://a.test/watch"), [](const auto& head) { return head.status == 200; },
      [&](std::string_view piece) {
        body += piece;
        return true;
      },
      {});
  EXPECT_EQ(body, "onetwo");
  ASSERT_FALSE(response);
  EXPECT_EQ(response.error().message, "cut");
}

TEST(FakeTransport, AStoppedCallerAsksNothing) {
  FakeTransport transport;
  std::stop_source stop;
  stop.request_stop();
  const auto response = transport.send(request("GET", "https://a.test/"), stop.get_token());
  ASSERT_FALSE(response);
  EXPECT_EQ(response.error().kind, base::ErrorKind::cancelled);
}

TEST(FakeClock, MovesOnlyWhenTold) {
  FakeClock clock;
  const auto wall = clock.now();
  const auto steady = clock.steady_now();
  EXPECT_EQ(clock.now(), wall);
  clock.advance(std::chrono::seconds(90));
  EXPECT_EQ(clock.now() - wall, std::chrono::seconds(90));
  EXPECT_EQ(clock.steady_now() - steady, std::chrono::seconds(90));
  clock.set_wall(wall);
  EXPECT_EQ(clock.now(), wall);
  EXPECT_EQ(clock.steady_now() - steady, std::chrono::seconds(90));
}

}  // namespace
}  // namespace fakes
