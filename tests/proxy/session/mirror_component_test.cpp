// Copies of requests for somebody who is not waited for, as the client, the backend and he see it.
#include <string>

#include <gtest/gtest.h>

#include "tests/proxy/support/http_client.h"
#include "tests/proxy/support/running_engine.h"
#include "tests/proxy/support/scripted_backend.h"

namespace proxy::support {
namespace {

class Mirrored : public ::testing::Test {
 protected:
  static bool say_size(SocketStream& stream, const SeenRequest& request) {
    return stream.send(ScriptedBackend::ok(std::to_string(request.body.size())));
  }

  void serve_with_mirror_at(std::uint16_t port) {
    config::ProxyConfig config = shop({backend.port()});
    config::Cluster mirror;
    mirror.endpoints = {{"127.0.0.1", port}};
    config.clusters["mirror"] = std::make_shared<const config::Cluster>(mirror);
    config::VirtualHost host = *config.hosts.at("shop.test");
    host.routes.at(0).policies.change().mirror =
        config::Mirror{.cluster = "mirror", .host = "mirror.test", .target = "$request_uri"};
    config.hosts["shop.test"] = std::make_shared<const config::VirtualHost>(host);
    ASSERT_TRUE(proxy.publish(config));
  }
  std::string post(const std::string& body) {
    auto client = HttpClient::connect(proxy.http());
    client.send("POST /a HTTP/1.1\r\nHost: shop.test\r\nContent-Length: " +
                std::to_string(body.size()) + "\r\n\r\n" + body);
    const HttpAnswer answer = client.read_answer();
    return answer.status == 200 ? answer.body : std::to_string(answer.status);
  }
  void expect_left_out() {
    EXPECT_EQ(proxy.metric("gatehouse_proxy_upstream_failures_total{reason=\"mirror_left_out\"}"),
              1);
  }

  ScriptedBackend backend{say_size};
  RunningEngine proxy;
};

TEST_F(Mirrored, ARequestIsAnsweredWhateverBecomesOfItsCopy) {
  serve_with_mirror_at(1);  // where nobody listens
  for (int i = 0; i < 5; ++i) EXPECT_EQ(post("body"), "4");
  ScriptedBackend rude([](SocketStream& stream, const SeenRequest&) {
    stream.send("no HTTP at all\r\n\r\n");
    return false;
  });
  serve_with_mirror_at(rude.port());
  for (int i = 0; i < 5; ++i) EXPECT_EQ(post("body"), "4");
}

TEST_F(Mirrored, ACopyIsWholeAndSaysNothingOfATrailerThatDoesNotCome) {
  ScriptedBackend mirror(say_size);
  serve_with_mirror_at(mirror.port());
  auto client = HttpClient::connect(proxy.http());
  client.send(
      "POST /a HTTP/1.1\r\nHost: shop.test\r\nTransfer-Encoding: chunked\r\nTrailer: "
      "Checksum\r\n\r\n"
      "4\r\nbody\r\n0\r\nChecksum: 1\r\n\r\n");
  EXPECT_EQ(client.read_answer().body, "4");
  EXPECT_EQ(backend.last().field("Trailer"), "Checksum");
  ASSERT_TRUE(eventually([&] { return mirror.requests() == 1; }));
  const SeenRequest copy = mirror.last();
  EXPECT_EQ(copy.body, "body");
  EXPECT_EQ(copy.field("Content-Length"), "4");
  EXPECT_EQ(copy.field("Trailer"), "");
}

TEST_F(Mirrored, ABodyThatIsMoreThanIsKeptPassesAndIsNotCopied) {
  ScriptedBackend mirror(say_size);
  serve_with_mirror_at(mirror.port());
  EXPECT_EQ(post(std::string(300'000, 'a')), "300000");
  expect_left_out();
  EXPECT_EQ(mirror.requests(), 0);
}

}  // namespace
}  // namespace proxy::support
