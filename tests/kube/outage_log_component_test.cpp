#include <atomic>
#include <thread>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "kube/outage_log.h"
#include "kube/reflector.h"
#include "kube/resources/service.h"
#include "tests/fakes/clock.h"
#include "tests/support/captured_log.h"

using testing::HasSubstr;

namespace {

// An API server that is there, or not.
class Server final : public base::HttpTransport {
 public:
  base::Result<base::HttpResponse> send(const base::HttpRequest&, std::stop_token) override {
    ++requests;
    if (is_down) return base::failure(base::ErrorKind::unavailable, "connection refused");
    return base::HttpResponse{200, {}, R"({"metadata": {"resourceVersion": "1"}, "items": []})"};
  }
  base::Result<base::HttpResponse> stream(const base::HttpRequest& request, const OnHead& on_head,
                                          const OnChunk&, std::stop_token stop) override {
    auto answer = send(request, stop);
    if (!answer) return answer;
    on_head({200, {}, ""});
    return base::failure(base::ErrorKind::unavailable, "connection reset");
  }

  std::atomic<bool> is_down{true};
  std::atomic<int> requests{0};
};

class Outage : public testing::Test {
 protected:
  static std::size_t count(const std::string& text, const std::string& part) {
    std::size_t found = 0;
    for (std::size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) {
      ++found;
    }
    return found;
  }

  Server* server_ = new Server;
  std::shared_ptr<kube::OutageLog> transport_ = std::make_shared<kube::OutageLog>(
      std::shared_ptr<base::HttpTransport>(server_), "https://k8s.test");
};

TEST_F(Outage, IsToldOnceAndSoIsItsEnd) {
  const support::CapturedLog log;
  for (int i = 0; i < 3; ++i) {
    const auto answer = transport_->send({}, {});
    ASSERT_FALSE(answer);
    EXPECT_TRUE(kube::is_outage(answer.error()));
  }
  EXPECT_EQ(log.text(),
            "the API server at https://k8s.test cannot be reached: connection refused; what was "
            "read last stays in use, and we are trying again until it answers\n");
  server_->is_down = false;
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(transport_->send({}, {}));
  EXPECT_EQ(count(log.text(), "\n"), 2u);
  EXPECT_THAT(log.text(), HasSubstr("the API server at https://k8s.test answers again\n"));
}

TEST_F(Outage, AStreamThatBreaksOffIsNone) {
  const support::CapturedLog log;
  server_->is_down = false;
  const auto ended = transport_->stream(
      {}, [](const base::HttpResponse&) { return true; }, [](std::string_view) { return true; },
      {});
  ASSERT_FALSE(ended);
  EXPECT_TRUE(kube::is_outage(ended.error()));  // the next request says whether it is one
  EXPECT_EQ(log.text(), "");
}

TEST_F(Outage, OfEightReflectorsIsOneSentence) {
  const support::CapturedLog log;
  const fakes::FakeClock clock;
  kube::Client client(transport_, "https://k8s.test", kube::fixed_token(""), clock);
  {
    kube::ReflectorOptions options;
    options.pause = [](std::chrono::milliseconds, const std::stop_token& stop) {
      std::this_thread::yield();
      return !stop.stop_requested();
    };
    std::vector<std::unique_ptr<kube::Store<kube::Service>>> stores;
    std::vector<std::unique_ptr<kube::Reflector<kube::Service>>> reflectors;
    for (int i = 0; i < 8; ++i) {
      stores.push_back(std::make_unique<kube::Store<kube::Service>>());
      reflectors.push_back(
          std::make_unique<kube::Reflector<kube::Service>>(client, *stores.back(), options));
      reflectors.back()->start();
    }
    while (server_->requests < 100) std::this_thread::yield();
    server_->is_down = false;
    while (server_->requests < 200) std::this_thread::yield();
  }
  EXPECT_EQ(count(log.text(), "cannot be reached"), 1u) << log.text();
  EXPECT_EQ(count(log.text(), "answers again"), 1u) << log.text();
  EXPECT_EQ(count(log.text(), "\n"), 2u) << log.text();
}

}  // namespace
