// Whoever always has more to send or to fetch shares its worker with the others, a turn at a time.
#include <gtest/gtest.h>

#include "proxy/session/buffers.h"
#include "tests/proxy/http2/frames.h"
#include "tests/proxy/support/http2_client.h"
#include "tests/proxy/support/http_client.h"
#include "tests/proxy/support/running_engine.h"
#include "tests/proxy/support/scripted_backend.h"

namespace proxy::support {
namespace {

constexpr std::size_t kBulk = 16u << 20;
constexpr const char* kGet = "GET / HTTP/1.1\r\nHost: shop.test\r\n\r\n";

std::string bulk_with_length() {
  return "HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(kBulk) + "\r\n\r\n" +
         std::string(kBulk, 'x');
}

std::string bulk_in_chunks() {
  const std::string chunk = "10000\r\n" + std::string(0x10000, 'x') + "\r\n";
  std::string text = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
  for (std::size_t i = 0; i < kBulk / 0x10000; ++i) text += chunk;
  return text + "0\r\n\r\n";
}

class Turns : public ::testing::Test {
 protected:
  double turns_spent() const { return proxy_.metric("gatehouse_proxy_turns_spent_total"); }

  // The client takes nothing until the endpoint has filled every buffer on the way, so that there
  // is more than a turn's worth to fetch when it does.
  void download(const std::string& response, bool over_tls = false) {
    std::atomic<std::size_t> sent{0};
    ScriptedBackend backend([&](SocketStream& stream, const SeenRequest&) {
      constexpr std::size_t kPart = 1u << 16;
      for (std::size_t at = 0; at < response.size(); at += kPart) {
        if (!stream.send(std::string_view(response).substr(at, kPart))) return false;
        sent += kPart;
      }
      return true;
    });
    config::ProxyConfig config = shop({backend.port()});
    add_certificate(config, "shop.test", issue({"shop.test"}));
    ASSERT_TRUE(proxy_.publish(config));
    SocketStream stream = SocketStream::connect(over_tls ? proxy_.https() : proxy_.http());
    if (over_tls) {
      ASSERT_EQ(stream.start_tls({"shop.test", "http/1.1"}), "");
    }
    HttpClient client(std::move(stream));
    client.send(kGet);
    ASSERT_TRUE(comes_to_rest(sent));
    const HttpAnswer answer = client.read_answer();
    EXPECT_TRUE(answer.complete);
    EXPECT_EQ(answer.body.size(), kBulk);
    EXPECT_GT(turns_spent(), 0);
  }

  RunningEngine proxy_;
};

TEST_F(Turns, ADownloadOfKnownLengthIsFetchedATurnAtATime) {
  download(bulk_with_length());
}

TEST_F(Turns, ADownloadInChunksIsFetchedATurnAtATime) {
  download(bulk_in_chunks());
}

TEST_F(Turns, ADownloadOverTlsIsFetchedATurnAtATime) {
  download(bulk_with_length(), true);
}

// ---- Much work in few bytes

constexpr std::size_t kTinyPieces = 50'000;

std::string tiny_chunks() {
  std::string text;
  for (std::size_t i = 0; i < kTinyPieces; ++i) text += "1\r\nx\r\n";
  return text + "0\r\n\r\n";
}

bool says_how_much_came(SocketStream& stream, const SeenRequest& request) {
  return stream.send(ScriptedBackend::ok(std::to_string(request.body.size())));
}

TEST_F(Turns, ABodyInTinyChunksIsTakenATurnAtATimeAndArrivesWhole) {
  ScriptedBackend backend(says_how_much_came);
  ASSERT_TRUE(proxy_.publish(shop({backend.port()})));
  auto client = HttpClient::connect(proxy_.http());
  client.send("POST / HTTP/1.1\r\nHost: shop.test\r\nTransfer-Encoding: chunked\r\n\r\n" +
              tiny_chunks() + kGet);
  EXPECT_EQ(client.read_answer().body, std::to_string(kTinyPieces));
  EXPECT_GT(turns_spent(), 5);
  EXPECT_EQ(client.read_answer().body, "0");  // and what came behind it is served
}

TEST_F(Turns, AResponseInTinyChunksIsTakenATurnAtATimeAndArrivesWhole) {
  const std::string response =
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + tiny_chunks();
  ScriptedBackend backend(
      [&](SocketStream& stream, const SeenRequest&) { return stream.send(response); });
  ASSERT_TRUE(proxy_.publish(shop({backend.port()})));
  auto client = HttpClient::connect(proxy_.http());
  for (int i = 0; i < 2; ++i) {
    const HttpAnswer answer = client.get("/");
    EXPECT_TRUE(answer.complete);
    EXPECT_EQ(answer.body.size(), kTinyPieces);
  }
  EXPECT_GT(turns_spent(), 10);
  EXPECT_EQ(backend.connections(), 1);  // it was fit for use again
}

// Nothing more comes that would tell of it: what was read and waits is looked at all the same.
TEST_F(Turns, AResponseInTinyChunksThatIsReadAtOnceArrivesWhole) {
  constexpr std::size_t kChunks = 10'000;  // several steps, and less than one read
  std::string response = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
  for (std::size_t i = 0; i < kChunks; ++i) response += "1\r\nx\r\n";
  response += "0\r\n\r\n";
  ASSERT_LT(response.size(), session::Buffers::kReadBytes);
  ScriptedBackend backend(
      [&](SocketStream& stream, const SeenRequest&) { return stream.send(response); });
  ASSERT_TRUE(proxy_.publish(shop({backend.port()})));
  auto client = HttpClient::connect(proxy_.http());
  for (int i = 0; i < 10; ++i) {
    const HttpAnswer answer = client.get("/");
    ASSERT_TRUE(answer.complete);
    ASSERT_EQ(answer.body.size(), kChunks);
  }
}

TEST_F(Turns, ABodyInTinyFramesIsTakenATurnAtATimeAndArrivesWhole) {
  ScriptedBackend backend(says_how_much_came);
  config::ProxyConfig config = shop({backend.port()});
  add_certificate(config, "shop.test", issue({"shop.test"}));
  ASSERT_TRUE(proxy_.publish(config));
  SocketStream stream = SocketStream::connect(proxy_.https());
  ASSERT_EQ(stream.start_tls({"shop.test", "h2", nullptr}), "");
  Http2Client client(std::move(stream));
  const int post = client.request(
      {{":method", "POST"}, {":scheme", "https"}, {":authority", "shop.test"}, {":path", "/"}}, {},
      true);
  ASSERT_TRUE(client.flush());
  std::string frames;
  for (std::size_t i = 0; i < kTinyPieces; ++i) {
    const bool last = i + 1 == kTinyPieces;
    frames += http2::frame(NGHTTP2_DATA, last ? NGHTTP2_FLAG_END_STREAM : 0, post, "x");
  }
  ASSERT_TRUE(client.stream().send(frames));
  client.read_until([&] { return client.answer(post).ended; });
  EXPECT_EQ(client.answer(post).body, std::to_string(kTinyPieces));
  EXPECT_GT(turns_spent(), 20);
}

TEST_F(Turns, PipelinedRequestsAreAnsweredATurnAtATimeInTheirOrder) {
  ASSERT_TRUE(proxy_.publish({}));
  auto client = HttpClient::connect(proxy_.http());
  std::string requests;
  constexpr int kCount = 1000;
  for (int i = 0; i < kCount; ++i) requests += kGet;
  client.send(requests);
  for (int i = 0; i < kCount; ++i) ASSERT_EQ(client.read_answer().status, 404) << i;
  EXPECT_GT(turns_spent(), 20);
  EXPECT_EQ(client.get("/").status, 404);  // and goes on
}

}  // namespace
}  // namespace proxy::support
