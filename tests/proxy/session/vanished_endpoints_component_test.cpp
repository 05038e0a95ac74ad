// Endpoints that are gone without a word, and are still in the configuration.
#include <array>
#include <atomic>
#include <memory>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include "tests/proxy/support/http2_backend.h"
#include "tests/proxy/support/http2_client.h"
#include "tests/proxy/support/http_client.h"
#include "tests/proxy/support/running_engine.h"
#include "tests/proxy/support/silent_ports.h"

namespace proxy::support {
namespace {

class VanishedEndpoints : public ::testing::Test {
 protected:
  static constexpr int kEndpoints = 3;

  VanishedEndpoints() {
    for (int i = 0; i < kEndpoints; ++i) {
      auto& endpoint = endpoints_[static_cast<std::size_t>(i)];
      endpoint = std::make_unique<Http2Backend>([this, i](const Http2Backend::Request& request) {
        int vanishing = i;
        if (vanishing_.compare_exchange_strong(vanishing, kNobody)) {
          endpoints_[static_cast<std::size_t>(i)]->drop_connections();
        }
        return Http2Backend::Reply{
            .head = {{":status", "200"}, {"content-type", "application/grpc"}},
            .body = "re: " + request.body,
            .trailer = {{"grpc-status", "0"}}};
      });
    }
  }
  std::uint16_t port(std::size_t endpoint) const { return endpoints_.at(endpoint)->port(); }

  void serve(const std::vector<std::uint16_t>& ports) {
    config::Cluster cluster;
    cluster.speaks_http2 = true;
    cluster.connect_timeout = std::chrono::milliseconds(100);
    config::ProxyConfig config = shop(ports, cluster);
    add_certificate(config, "shop.test", certificate_);
    ASSERT_TRUE(proxy_.publish(config));
  }
  std::unique_ptr<Http2Client> connect() {
    SocketStream stream = SocketStream::connect(proxy_.https());
    EXPECT_EQ(stream.start_tls({"shop.test", "h2"}), "");
    return std::make_unique<Http2Client>(std::move(stream));
  }
  static int call(Http2Client& client) {
    return client.request({{":method", "POST"},
                           {":scheme", "https"},
                           {":authority", "shop.test"},
                           {":path", "/pkg.Service/Method"},
                           {"content-type", "application/grpc"},
                           {"te", "trailers"}},
                          "hello");
  }
  // Of these, how many were answered by an endpoint.
  static int count_good(Http2Client& client, const std::vector<int>& streams) {
    int good = 0;
    for (const int stream : streams) {
      const Http2Client::Answer& answer = client.wait(stream);
      const auto status = answer.fields.find("grpc-status");
      if (answer.status == 200 && answer.body.starts_with("re: ") &&
          status != answer.fields.end() && status->second == "0") {
        ++good;
      }
    }
    return good;
  }

  static constexpr int kNobody = -1;
  // Which one ends all its connections, with the requests that are on them, when it has the next.
  std::atomic<int> vanishing_{kNobody};
  std::array<std::unique_ptr<Http2Backend>, kEndpoints> endpoints_;
  const config::Certificate certificate_ = issue({"shop.test"});
  RunningEngine proxy_;
};

// Their nodes are lost, or they have ended, and nobody has noticed yet.
TEST_F(VanishedEndpoints, FailNoRequestAndNoCallOfManyAtOnceWhereTheyTakeNoConnection) {
  const FullPort lost, another;
  const ClosedPort ended;
  serve({port(0), port(1)});

  std::atomic<bool> stop{false};
  std::atomic<int> good{0}, asked{0};
  std::vector<std::thread> clients;
  for (int i = 0; i < 3; ++i) {
    clients.emplace_back([&] {
      const auto client = connect();
      while (!stop) {
        std::vector<int> streams;
        for (int turn = 0; turn < 4; ++turn) {
          streams.push_back(call(*client));
          streams.push_back(client->get("/"));
        }
        good += count_good(*client, streams);
        asked += static_cast<int>(streams.size());
      }
    });
  }
  clients.emplace_back([&] {
    auto client = HttpClient::connect(proxy_.http());
    while (!stop) {
      good += client.get("/").status == 200 ? 1 : 0;
      ++asked;
    }
  });
  const std::vector<std::vector<std::uint16_t>> states = {
      {port(0), lost.port(), port(1)},
      {port(0), port(1)},
      {lost.port(), another.port(), port(0)},
      {ended.port(), port(1)},
      {ended.port(), another.port(), port(0), port(1)},
  };
  for (int round = 0; round < 2; ++round) {
    for (const auto& state : states) {
      serve(state);
      const int before = asked;
      EXPECT_TRUE(eventually([&] { return asked >= before + 50; }));
    }
  }
  stop = true;
  for (std::thread& client : clients) client.join();
  EXPECT_EQ(good.load(), asked.load());
  const std::string failures = "gatehouse_proxy_upstream_failures_total{reason=";
  EXPECT_GE(proxy_.metric(failures + "\"connect_timeout\"}"), 1);
  EXPECT_GE(proxy_.metric(failures + "\"connect_refused\"}"), 1);
}

// They are killed: what is on their connections is lost, and there was no GOAWAY. A call that was
// on one is none of these: it may have been done.
TEST_F(VanishedEndpoints, FailNoRequestThatMayBeSentTwiceWhereTheirConnectionsEnd) {
  constexpr int kAtOnce = 12;
  serve({port(0), port(1), port(2)});
  const auto client = connect();
  auto plain = HttpClient::connect(proxy_.http());
  const auto ask_at_once = [&] {
    std::vector<int> streams;
    for (int i = 0; i < kAtOnce; ++i) streams.push_back(client->get("/"));
    return count_good(*client, streams);
  };
  for (int round = 0; round < 4 * kEndpoints; ++round) {
    // So that each has a connection that was of use.
    ASSERT_EQ(ask_at_once(), kAtOnce) << round;
    vanishing_ = round % kEndpoints;
    EXPECT_EQ(ask_at_once(), kAtOnce) << round;
    EXPECT_EQ(vanishing_, kNobody) << round;
    // Whose connection is known to be gone may have a call again.
    std::vector<int> calls;
    for (int i = 0; i < kEndpoints; ++i) calls.push_back(call(*client));
    EXPECT_EQ(count_good(*client, calls), kEndpoints) << round;
    EXPECT_EQ(plain.get("/").status, 200) << round;
  }
}

}  // namespace
}  // namespace proxy::support
