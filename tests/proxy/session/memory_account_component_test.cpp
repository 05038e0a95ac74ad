// What /metrics says of the memory that is held: it goes up with what is held, and down again.
#include <string>

#include <gtest/gtest.h>

#include "proxy/session/buffers.h"
#include "proxy/tls/record_layer.h"
#include "proxy/tls/server_connection.h"
#include "tests/proxy/http2/frames.h"
#include "tests/proxy/support/http2_client.h"
#include "tests/proxy/support/http_client.h"
#include "tests/proxy/support/running_engine.h"
#include "tests/proxy/support/scripted_backend.h"

namespace proxy::support {
namespace {

class MemoryAccount : public ::testing::Test {
 protected:
  static constexpr std::size_t kBulkBytes = 32u << 20;
  double held(const std::string& kind) const {
    return proxy_.metric("gatehouse_proxy_memory_bytes{kind=\"" + kind + "\"}");
  }
  bool comes_to_hold(const std::string& kind, double at_least) const {
    return eventually([&] { return held(kind) >= at_least; });
  }
  bool lets_go_of(const std::string& kind) const {
    return eventually([&] { return held(kind) == 0; });
  }
  void serve(std::uint16_t port) {
    config::ProxyConfig config = shop({port});
    add_certificate(config, "shop.test", issue({"shop.test"}));
    ASSERT_TRUE(proxy_.publish(config));
  }
  SocketStream connect_tls(const std::string& alpn = "") {
    SocketStream stream = SocketStream::connect(proxy_.https());
    EXPECT_EQ(stream.start_tls({"shop.test", alpn, nullptr}), "");
    return stream;
  }

  std::atomic<bool> go_{false};
  // Waits with its answer for `go_` where it is asked to.
  ScriptedBackend backend_{[this](SocketStream& stream, const SeenRequest& request) {
    if (request.path == "/slow") eventually([&] { return go_.load(); });
    if (request.path == "/half") {
      stream.send("HTTP/1.1 200 OK\r\nX-Half: of a head");
      eventually([&] { return go_.load(); });
      return stream.send("\r\nContent-Length: 0\r\n\r\n");
    }
    if (request.path == "/bulk")
      return stream.send(ScriptedBackend::ok(std::string(kBulkBytes, 'x')));
    return stream.send(ScriptedBackend::ok("hello"));
  }};
  RunningEngine proxy_;
};

TEST_F(MemoryAccount, WhatIsSaidToAWebSocketBeforeItIsOpenIsHeldUntilItIsOverOrOpen) {
  serve(backend_.port());
  Http2Client client(connect_tls("h2"));
  ASSERT_TRUE(client.turn());  // the settings
  const int stream = client.request({{":method", "CONNECT"},
                                     {":protocol", "websocket"},
                                     {":scheme", "https"},
                                     {":path", "/slow"},
                                     {":authority", "shop.test"}},
                                    "", true);
  client.say(stream, std::string(10'000, 'x'));
  ASSERT_TRUE(client.flush());
  EXPECT_TRUE(comes_to_hold("client_input", 10'000));
  client.reset(stream);
  ASSERT_TRUE(client.flush());
  EXPECT_TRUE(lets_go_of("client_input"));
  go_ = true;
}

TEST_F(MemoryAccount, ARequestThatMayBeSentAgainIsHeldUntilItIsAnswered) {
  serve(backend_.port());
  auto client = HttpClient::connect(proxy_.http());
  ASSERT_EQ(client.get("/").status, 200);
  EXPECT_EQ(held("request_copies"), 0);
  client.send("PUT /slow HTTP/1.1\r\nHost: shop.test\r\nContent-Length: 10000\r\n\r\n" +
              std::string(10'000, 'x'));
  EXPECT_TRUE(comes_to_hold("request_copies", 10'000));
  go_ = true;
  EXPECT_EQ(client.read_answer().status, 200);
  EXPECT_TRUE(lets_go_of("request_copies"));
}

TEST_F(MemoryAccount, APartOfAResponsesHeadIsHeldUntilTheRestComes) {
  serve(backend_.port());
  auto client = HttpClient::connect(proxy_.http());
  client.send("GET /half HTTP/1.1\r\nHost: shop.test\r\n\r\n");
  EXPECT_TRUE(comes_to_hold("endpoint_input", 30));
  go_ = true;
  EXPECT_EQ(client.read_answer().status, 200);
  EXPECT_TRUE(lets_go_of("endpoint_input"));
}

// What a connection has for TLS after its handshake: OpenSSL's, or records of our own, which hold
// nothing yet.
double established_bytes() {
  const bool are_own = RunningEngine::quick().own_tls_records;
  return are_own ? double(sizeof(tls::RecordLayer) + std::string().capacity())
                 : double{tls::ServerConnection::kBytes};
}

TEST_F(MemoryAccount, TlsIsCountedByConnectionAndState) {
  serve(backend_.port());
  {
    const SocketStream established = connect_tls();
    EXPECT_TRUE(eventually([&] { return held("tls") == established_bytes(); }));
    // The first record of a handshake that does not go on: whole, and nonsense for a beginning.
    SocketStream silent = SocketStream::connect(proxy_.https());
    std::string hello = "\x16\x03\x01";
    hello += std::string("\x00\x05\x01\x00\x40\x00\x00", 7);  // a ClientHello of 16 KiB begins
    silent.send(hello);
    EXPECT_TRUE(comes_to_hold(
        "tls", established_bytes() + double{tls::ServerConnection::kBytesInHandshake}));
  }
  EXPECT_TRUE(lets_go_of("tls"));
}

TEST_F(MemoryAccount, APartOfAClientsFirstRecordIsItsInput) {
  serve(backend_.port());
  SocketStream silent = SocketStream::connect(proxy_.https());
  std::string hello = "\x16\x03\x01";
  hello += std::string("\x10\x00", 2) + std::string(1'000, 'x');
  silent.send(hello);
  EXPECT_TRUE(comes_to_hold("client_input", 1'000));
  silent.close();
  EXPECT_TRUE(lets_go_of("client_input"));
}

TEST_F(MemoryAccount, FieldsOfAHeadThatIsNotCompleteAreHeldUntilItIs) {
  serve(backend_.port());
  Http2Client client(connect_tls("h2"));
  ASSERT_TRUE(client.flush());
  std::string block(http2::kGetFields);
  block += http2::field("x-long", std::string(100, 'x'));
  ASSERT_TRUE(
      client.stream().send(http2::frame(NGHTTP2_HEADERS, NGHTTP2_FLAG_END_STREAM, 1, block)));
  EXPECT_TRUE(comes_to_hold("http2_fields", 100));
  ASSERT_TRUE(
      client.stream().send(http2::frame(NGHTTP2_CONTINUATION, NGHTTP2_FLAG_END_HEADERS, 1, "")));
  EXPECT_TRUE(lets_go_of("http2_fields"));
}

TEST_F(MemoryAccount, WhatASlowClientLeavesInAPipeIsTheKernels) {
  serve(backend_.port());
  auto client = HttpClient::connect(proxy_.http());
  client.send("GET /bulk HTTP/1.1\r\nHost: shop.test\r\n\r\n");
  // It is copied or moved by how much comes at a time, so it is taken until some of it was moved.
  std::size_t taken = 0;
  bool was_in_pipe = false;
  while (taken < kBulkBytes) {
    was_in_pipe = was_in_pipe || held("pipes") > 0;
    const std::size_t got = client.stream().receive().size();
    ASSERT_GT(got, 0u);
    taken += got;
  }
  EXPECT_TRUE(was_in_pipe);
  EXPECT_TRUE(lets_go_of("pipes"));
}

TEST_F(MemoryAccount, SpentObjectsAreInThePoolsUntilTheyAreNeeded) {
  serve(backend_.port());
  auto client = HttpClient::connect(proxy_.http());
  ASSERT_EQ(client.get("/").status, 200);
  EXPECT_TRUE(comes_to_hold("pools", sizeof(session::Exchange)));
  client.send("GET /slow HTTP/1.1\r\nHost: shop.test\r\n\r\n");
  EXPECT_TRUE(lets_go_of("pools"));
  go_ = true;
  EXPECT_EQ(client.read_answer().status, 200);
}

TEST_F(MemoryAccount, BuffersOfAWorkerAreThereFromTheBeginning) {
  EXPECT_GE(held("buffers"), 3 * session::Buffers::kReadBytes);
}

}  // namespace
}  // namespace proxy::support
