// HTTP/2 through the engine.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nghttp2/nghttp2.h>

#include "proxy/net/socket.h"
#include "tests/proxy/http2/frames.h"
#include "tests/proxy/support/http2_client.h"
#include "tests/proxy/support/patience.h"
#include "tests/proxy/support/running_engine.h"
#include "tests/proxy/support/scripted_backend.h"

namespace proxy::support {
namespace {

using ::testing::HasSubstr;

class Http2 : public ::testing::Test {
 protected:
  explicit Http2(session::Options options = RunningEngine::quick()) : proxy(options) {}

  void serve(const std::vector<std::uint16_t>& ports, std::uint64_t body_bytes_max = 0) {
    config::ProxyConfig config = shop(ports);
    config::VirtualHost host = *config.hosts["shop.test"];
    host.routes[0].policies.change().body_bytes_max = body_bytes_max;
    config.hosts["shop.test"] = std::make_shared<config::VirtualHost>(host);
    add_certificate(config, "shop.test", issue({"shop.test"}));
    ASSERT_TRUE(proxy.publish(config));
  }

  std::unique_ptr<Http2Client> connect(const Http2Client::Windows& windows = {}) {
    SocketStream stream = SocketStream::connect(proxy.https());
    EXPECT_EQ(stream.start_tls({"shop.test", "h2"}), "");
    return std::make_unique<Http2Client>(std::move(stream), windows);
  }

  // A body no two parts of which are alike.
  static const std::string& counted() {
    static const std::string text = [] {
      std::string numbers;
      for (int i = 0; numbers.size() < 3'000'000; ++i) numbers += std::to_string(i) + " ";
      return numbers;
    }();
    return text;
  }

  std::atomic<bool> go{false};
  ScriptedBackend backend{[this](SocketStream& stream, const SeenRequest& request) {
    if (request.path == "/slow") eventually([&] { return go.load(); });
    if (request.path == "/chunked") {
      return stream.send(
          "HTTP/1.1 200 OK\r\nConnection: X-Mine\r\nX-Mine: 1\r\nX-Yours: 2\r\n"
          "Transfer-Encoding: chunked\r\n\r\n4\r\nwiki\r\n5\r\npedia\r\n0\r\n\r\n");
    }
    if (request.path.starts_with("/interim/")) {
      const int count = std::stoi(request.path.substr(9));
      for (int i = 0; i < count; ++i) {
        if (!stream.send("HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n")) return false;
      }
    }
    if (request.path == "/cut") {
      stream.send("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nshort");
      eventually([&] { return go.load(); });
      return false;
    }
    if (request.path == "/huge") {
      return stream.send(ScriptedBackend::ok(std::string(24'000'000, 'h')));
    }
    if (request.path == "/counted") return stream.send(ScriptedBackend::ok(counted()));
    if (request.path == "/big") {
      return stream.send(ScriptedBackend::ok(std::string(5'000'000, 'b')));
    }
    return stream.send(ScriptedBackend::ok(request.path + request.body));
  }};
  RunningEngine proxy;
};

TEST_F(Http2, ARequestInOneFlightWithTheClientsGoawayIsServedAndThenTheConnectionEnds) {
  serve({backend.port()});
  SocketStream stream = SocketStream::connect(proxy.https());
  ASSERT_EQ(stream.start_tls({"shop.test", "h2"}), "");
  const std::string goodbye = http2::frame(NGHTTP2_GOAWAY, 0, 0, std::string(8, '\0'));
  ASSERT_TRUE(stream.send(http2::preface() + goodbye + http2::get(1)));
  EXPECT_THAT(proxy.access_log(), HasSubstr("\"host\":\"a\""));
  std::string got;
  for (std::string part = stream.receive(); !part.empty(); part = stream.receive()) got += part;
  int answers = 0;
  http2::for_each_frame(got, [&](std::uint8_t type, std::uint8_t, int id, std::string_view) {
    answers += type == NGHTTP2_HEADERS && id == 1 ? 1 : 0;
  });
  EXPECT_EQ(answers, 1);
}

TEST_F(Http2, ARequestBecomesHttp1AndItsResponseComesBack) {
  serve({backend.port()});
  auto client = connect();
  const int stream = client->request({{":method", "GET"},
                                      {":scheme", "https"},
                                      {":authority", "shop.test"},
                                      {":path", "/chunked"},
                                      {"cookie", "a=1"},
                                      {"cookie", "b=2"},
                                      {"x-forwarded-for", "6.6.6.6"}});
  const auto& answer = client->wait(stream);
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.body, "wikipedia");
  EXPECT_FALSE(answer.fields.contains("transfer-encoding"));
  EXPECT_FALSE(answer.fields.contains("x-mine"));
  EXPECT_EQ(answer.fields.at("x-yours"), "2");
  const SeenRequest seen = backend.last();
  EXPECT_EQ(seen.field("Host"), "shop.test");
  EXPECT_EQ(seen.field("Cookie"), "a=1; b=2");
  EXPECT_EQ(seen.field("X-Forwarded-For"), "127.0.0.1");
  EXPECT_THAT(proxy.access_log(), HasSubstr("\"protocol\":\"HTTP/2\""));
}

TEST_F(Http2, AFieldThatApplicationsBelieveIsNeverTheClients) {
  serve({backend.port()});
  auto client = connect();
  const std::vector<std::string> believed = {
      "x-forwarded-prefix", "x-forwarded_host", "x-original-url", "x_rewrite_url",
      "true-client-ip",     "ssl-client-cert",  "x-scheme",       "x-auth-request-user"};
  std::vector<std::pair<std::string, std::string>> fields = {{":method", "GET"},
                                                             {":scheme", "https"},
                                                             {":authority", "shop.test"},
                                                             {":path", "/"},
                                                             {"x-mine", "7.7.7.7"}};
  for (const std::string& name : believed) fields.emplace_back(name, "6.6.6.6");
  EXPECT_EQ(client->wait(client->request(fields)).status, 200);
  EXPECT_EQ(backend.last().field("x-mine"), "7.7.7.7");
  for (const std::string& name : believed) {
    EXPECT_NE(backend.last().field(name), "6.6.6.6") << name;
  }
}

TEST_F(Http2, ManyStreamsAreServedAtOnce) {
  serve({backend.port()});
  auto client = connect();
  std::vector<int> slow;
  for (int i = 0; i < 20; ++i) slow.push_back(client->get("/slow"));
  const int quick = client->get("/quick");
  EXPECT_EQ(client->wait(quick).body, "/quick");
  go = true;
  for (const int stream : slow) EXPECT_EQ(client->wait(stream).body, "/slow");
}

TEST_F(Http2, LargeBodiesPassBothWays) {
  serve({backend.port()});
  auto client = connect();
  EXPECT_EQ(client->wait(client->get("/big")).body.size(), 5'000'000u);
  const std::string body(1'000'000, 'u');
  const std::vector<std::pair<std::string, std::string>> post = {
      {":method", "POST"}, {":scheme", "https"}, {":authority", "shop.test"}, {":path", "/up"}};
  EXPECT_EQ(client->wait(client->request(post, body)).body, "/up" + body);
  EXPECT_EQ(backend.last().field("Transfer-Encoding"), "chunked");
  auto with_length = post;
  with_length.emplace_back("content-length", "1000000");
  EXPECT_EQ(client->wait(client->request(with_length, body)).body, "/up" + body);
  EXPECT_EQ(backend.last().field("Content-Length"), "1000000");
}

TEST_F(Http2, LargeResponsesComeInOrderHoweverWideTheWindowsAre) {
  serve({backend.port()});
  for (const std::int32_t window : {65'535, 200'000, 64 << 20}) {
    auto client = connect({.window = window, .opens_windows = true});
    std::vector<int> large;
    for (int i = 0; i < 3; ++i) large.push_back(client->get("/counted"));
    const int small = client->get("/small");
    for (const int stream : large) {
      EXPECT_TRUE(client->wait(stream).body == counted()) << window;
      EXPECT_TRUE(client->answer(stream).ended) << window;
    }
    EXPECT_EQ(client->wait(small).body, "/small") << window;
  }
}

TEST_F(Http2, WhatComesWhileASocketTakesNothingIsInTheAccountOfMemory) {
  serve({backend.port()});
  const auto bytes_of = [&](const std::string& kind) {
    return proxy.metric("gatehouse_proxy_memory_bytes{kind=\"" + kind + "\"}");
  };
  auto client = connect({.window = 64 << 20, .opens_windows = true});
  const std::string echoed(40'000, 'e');
  client->request(
      {{":method", "POST"}, {":scheme", "https"}, {":authority", "shop.test"}, {":path", "/slow"}},
      echoed);
  client->get("/huge");
  ASSERT_TRUE(client->flush());
  // Until all buffers on the way are full.
  constexpr int kLooks = 20;  // that see the same in a row
  double before = 0;
  int same = 0;
  ASSERT_TRUE(eventually([&] {
    const double now = bytes_of("client_output");
    same = now > 0 && now == before ? same + 1 : 0;
    before = now;
    return same == kLooks;
  }));
  const double held = bytes_of("http2_output");
  go = true;
  const auto more = static_cast<double>(echoed.size());
  EXPECT_TRUE(eventually([&] { return bytes_of("http2_output") >= held + more; }));
}

TEST_F(Http2, AResponseThatIsResetInTheMiddleLeavesTheOthersWhole) {
  serve({backend.port()});
  auto client = connect({.window = 64 << 20, .opens_windows = true});
  const int left = client->get("/huge");
  const int kept = client->get("/counted");
  client->read_until([&] { return client->answer(left).body.size() > 1'000'000; });
  client->reset(left);
  EXPECT_TRUE(client->wait(kept).body == counted());
  EXPECT_EQ(client->wait(client->get("/small")).body, "/small");
}

TEST_F(Http2, WhatTheProxyAnswersItselfLeavesTheConnectionUsable) {
  serve({backend.port()}, 10);
  auto client = connect();
  EXPECT_EQ(client
                ->wait(client->request({{":method", "POST"},
                                        {":scheme", "https"},
                                        {":authority", "shop.test"},
                                        {":path", "/"}},
                                       std::string(200'000, 'x')))
                .status,
            413);
  EXPECT_EQ(client->wait(client->get("/", "other.test")).status, 421);
  EXPECT_EQ(client
                ->wait(client->request({{":method", "GET"},
                                        {":scheme", "https"},
                                        {":authority", "shop.test"},
                                        {":path", "/"},
                                        {"x", std::string(40'000, 'x')}}))
                .status,
            431);
  EXPECT_EQ(client->wait(client->get("/fine")).status, 200);
}

TEST_F(Http2, AResponseThatEndsEarlyIsReset) {
  serve({backend.port()});
  auto client = connect();
  const int stream = client->get("/cut");
  client->read_until([&] { return client->answer(stream).body == "short"; });
  go = true;
  const auto& answer = client->wait(stream);
  EXPECT_FALSE(answer.ended);
  EXPECT_EQ(answer.error, static_cast<std::uint32_t>(NGHTTP2_INTERNAL_ERROR));
  EXPECT_EQ(client->wait(client->get("/fine")).status, 200);
}

TEST_F(Http2, AStreamThatTheClientResetsEndsItsRequestUpstream) {
  serve({backend.port()});
  auto client = connect();
  const int slow = client->get("/slow");
  client->flush();
  ASSERT_TRUE(eventually([&] { return backend.requests() == 1; }));
  client->reset(slow);
  EXPECT_EQ(client->wait(client->get("/fine")).status, 200);
  EXPECT_THAT(proxy.access_log(2), HasSubstr("client_reset_stream"));
  EXPECT_TRUE(
      eventually([&] { return proxy.metric("gatehouse_proxy_upstream_connections_open") == 1; }));
  go = true;
}

TEST_F(Http2, AFloodOfResetsEndsTheConnection) {
  serve({backend.port()});
  auto client = connect();
  for (int i = 0; i < 2'000 && !client->is_over(); ++i) {
    const int stream = client->get("/quick");
    client->flush();
    client->reset(stream);
    if (!client->flush()) break;
  }
  client->read_until([] { return false; });
  EXPECT_TRUE(client->got_goaway() || client->is_over());
  EXPECT_LT(backend.requests(), 1'000);
}

TEST_F(Http2, AFloodOfRequestsThatTheProxyIsMadeToResetEndsTheConnection) {
  serve({backend.port()});
  auto client = connect();
  client->get("/slow");
  for (int i = 0; i < 2'000; ++i) {
    const int stream = client->get("/slow");
    // A window of more than 2^31 - 1 (RFC 9113 §6.9.1), which libnghttp2 as a client does not say.
    const std::string overflow = std::string("\0\0\4\x08\0", 5) + std::string("\0\0", 2) +
                                 static_cast<char>(stream >> 8) + static_cast<char>(stream) +
                                 "\x7f\xff\xff\xff";
    if (!client->flush() || !client->stream().send(overflow)) break;
    client->wait(stream);
    if (client->got_goaway()) break;
    ASSERT_EQ(client->answer(stream).error, static_cast<std::uint32_t>(NGHTTP2_FLOW_CONTROL_ERROR));
  }
  EXPECT_TRUE(client->got_goaway());
  EXPECT_LT(backend.requests(), 1'000);
  go = true;
  // What else was under way on it.
  EXPECT_TRUE(eventually(
      [&] { return proxy.access_log().find("http2_reset_flood") != std::string::npos; }));
}

TEST_F(Http2, AFloodOfFramesThatSayNothingEndsTheConnectionAndIsCounted) {
  serve({backend.port()});
  auto client = connect();
  client->get("/slow");
  ASSERT_TRUE(client->flush());
  std::string flood;
  for (int i = 0; i < 5'000; ++i) flood += http2::frame(NGHTTP2_PRIORITY, 0, 3, {"\0\0\0\0\1", 5});
  client->stream().send(flood);
  client->read_until([] { return false; });
  EXPECT_TRUE(client->got_goaway());
  EXPECT_TRUE(eventually([&] {
    return proxy.metric(
               "gatehouse_proxy_http2_connections_ended_total{reason=\"http2_frame_flood\"}") == 1;
  }));
  EXPECT_THAT(proxy.access_log(), HasSubstr("http2_frame_flood"));
  go = true;
}

TEST_F(Http2, InterimHeadsPassUpToANumberAndOneMoreIsTheEndpointsFault) {
  serve({backend.port()});
  auto client = connect();
  EXPECT_EQ(client->wait(client->get("/interim/16")).status, 200);
  EXPECT_EQ(client->wait(client->get("/interim/17")).status, 502);
  EXPECT_THAT(proxy.access_log(2), HasSubstr("too_many_interim_responses"));
  EXPECT_EQ(client->wait(client->get("/fine")).status, 200);
}

TEST_F(Http2, ALengthOfZeroThatDataBeliesReachesNoEndpoint) {
  serve({backend.port()});
  auto client = connect();
  const std::vector<std::pair<std::string, std::string>> post = {{":method", "POST"},
                                                                 {":scheme", "https"},
                                                                 {":authority", "shop.test"},
                                                                 {":path", "/belied"},
                                                                 {"content-length", "0"}};
  const int broken = client->request(post, {}, true);  // libnghttp2 sends no DATA by itself
  ASSERT_TRUE(client->flush());
  ASSERT_TRUE(client->stream().send(http2::frame(NGHTTP2_DATA, 0, broken, "data")));
  EXPECT_EQ(client->wait(broken).error, static_cast<std::uint32_t>(NGHTTP2_PROTOCOL_ERROR));
  const std::string log = proxy.access_log();
  EXPECT_THAT(log, HasSubstr("content_length_mismatch"));
  EXPECT_THAT(log, HasSubstr("/belied"));
  EXPECT_EQ(backend.connections(), 0);
  const int empty = client->request(post, {}, true);
  ASSERT_TRUE(client->flush());
  ASSERT_TRUE(
      client->stream().send(http2::frame(NGHTTP2_DATA, NGHTTP2_FLAG_END_STREAM, empty, "")));
  client->read_until([&] { return client->answer(empty).ended; });
  EXPECT_EQ(client->answer(empty).status, 200);
  EXPECT_EQ(backend.last().field("Content-Length"), "0");
}

TEST_F(Http2, ARequestThatIsRefusedForItsFieldsIsLoggedAsFarAsItWasRead) {
  serve({backend.port()});
  auto client = connect();
  ASSERT_TRUE(client->flush());
  const std::string block = "\x82\x87" + http2::field(":authority", "shop.test") +
                            http2::field(":path", "/odd") + http2::field("bad name", "x");
  ASSERT_TRUE(client->stream().send(http2::headers(1, block, http2::kWholeRequest)));
  const std::string log = proxy.access_log();
  EXPECT_THAT(log, HasSubstr("\"reason\":\"http2_bad_field\""));
  EXPECT_THAT(log, HasSubstr("\"host\":\"shop.test\""));
  EXPECT_THAT(log, HasSubstr("\"path\":\"/odd\""));
  EXPECT_EQ(proxy.metric("gatehouse_proxy_refusals_total{reason=\"http2_bad_field\"}"), 1);
  EXPECT_EQ(backend.requests(), 0);
}

TEST_F(Http2, AnEndpointThatDoesNotReadStopsTheStreamThatFeedsIt) {
  net::Fd listener = net::listen_on(net::SocketAddress::from_ip("127.0.0.1", 0).value()).value();
  serve({net::local_address(listener.get()).port()});
  auto client = connect();
  const std::size_t size = 64u << 20;
  const int stream = client->request(
      {{":method", "POST"}, {":scheme", "https"}, {":authority", "shop.test"}, {":path", "/"}},
      std::string(size, 'x'));
  client->stream().be_patient_for(std::chrono::milliseconds(500));
  client->read_until([] { return false; });  // for lack of a window there is no more to read
  // What went is in the kernel's buffers, and little of it in ours.
  EXPECT_GT(client->unsent_body(stream), size / 4);
}

TEST_F(Http2, AHeadWithoutAnEndHoldsNobodyUpWhenTheProxyStops) {
  serve({backend.port()});
  SocketStream stream = SocketStream::connect(proxy.https());
  ASSERT_EQ(stream.start_tls({"shop.test", "h2"}), "");
  // Its second request goes on in a CONTINUATION that does not come.
  ASSERT_TRUE(stream.send(http2::preface() + http2::get(1) + http2::get(3, 0)));
  EXPECT_THAT(proxy.access_log(), HasSubstr("\"host\":\"a\""));
  EXPECT_EQ(proxy.engine().drain({std::chrono::milliseconds(0), std::chrono::seconds(10)}, {}), 0u);
  EXPECT_THAT(proxy.access_log(2), HasSubstr("request_header_timeout"));
}

TEST_F(Http2, DrainingSaysGoawayAndFinishesWhatIsUnderWay) {
  serve({backend.port()});
  auto client = connect();
  auto idle = connect();
  EXPECT_EQ(idle->wait(idle->get("/fine")).status, 200);
  const int slow = client->get("/slow");
  client->flush();
  ASSERT_TRUE(eventually([&] { return backend.requests() == 2; }));
  std::size_t left = 99;
  std::thread drain([&] {
    left = proxy.engine().drain({std::chrono::milliseconds(0), std::chrono::seconds(5)}, {});
  });
  client->read_until([&] { return client->got_goaway(); });
  idle->read_until([&] { return false; });
  EXPECT_TRUE(idle->got_goaway());
  go = true;
  EXPECT_EQ(client->wait(slow).body, "/slow");
  client->read_until([] { return false; });
  client->stream().close();
  idle->stream().close();
  drain.join();
  EXPECT_EQ(left, 0u);
}

// An endpoint that reads nothing until it is told to, and answers when the body is complete.
class SlowTaker {
 public:
  explicit SlowTaker(std::size_t body_size)
      : thread_([this, body_size] {
          net::Accepted accepted;
          while (!accepted.fd.is_open() && !stop_) accepted = net::accept_from(listener_.get());
          SocketStream stream(std::move(accepted.fd));
          while (!go && !stop_) std::this_thread::yield();
          std::size_t got = 0;
          while (got < body_size && !stop_) {
            const std::string part = stream.receive();
            if (part.empty()) return;
            got += part.size();
          }
          stream.send(ScriptedBackend::ok("taken", "Connection: close\r\n"));
        }) {}
  ~SlowTaker() {
    stop_ = true;
    thread_.join();
  }
  std::uint16_t port() const { return net::local_address(listener_.get()).port(); }

  std::atomic<bool> go{false};

 private:
  net::Fd listener_ = net::listen_on(net::SocketAddress::from_ip("127.0.0.1", 0).value()).value();
  std::atomic<bool> stop_{false};
  std::thread thread_;
};

session::Options with_body_idle(std::chrono::milliseconds limit) {
  session::Options options = RunningEngine::quick();
  options.timeouts.body_idle = limit;
  return options;
}

class SlowEndpointHttp2 : public Http2 {
 protected:
  static constexpr std::chrono::milliseconds kLimit{3'000};
  SlowEndpointHttp2() : Http2(with_body_idle(kLimit)) {}
};

TEST_F(SlowEndpointHttp2, AClientThatHadToWaitForTheEndpointHasItsTimeAgain) {
  const std::size_t size = 16u << 20;  // more than the kernel takes for the endpoint
  SlowTaker endpoint(size);
  serve({endpoint.port()});
  auto client = connect();
  const int stream = client->request(
      {{":method", "POST"}, {":scheme", "https"}, {":authority", "shop.test"}, {":path", "/"}},
      std::string(size, 'x'));
  // It has no window, for longer than it may be silent.
  client->stream().be_patient_for(kLimit + std::chrono::milliseconds(200));
  client->read_until([] { return false; });
  ASSERT_GT(client->unsent_body(stream), 0u);
  ASSERT_FALSE(client->answer(stream).is_closed());
  endpoint.go = true;
  // It is given one, and goes on only after the proxy has looked for who is late, once a second.
  std::this_thread::sleep_for(std::chrono::milliseconds(1'300));
  client->stream().be_patient_for(kPatience);
  EXPECT_EQ(client->wait(stream).status, 200);
}

class ImpatientHttp2 : public Http2 {
 protected:
  static session::Options impatient() {
    session::Options options = RunningEngine::quick();
    options.timeouts.body_idle = std::chrono::milliseconds(100);
    options.timeouts.request_header = std::chrono::milliseconds(100);
    options.timeouts.keep_alive = std::chrono::milliseconds(100);
    return options;
  }
  ImpatientHttp2() : Http2(impatient()) {}
};

TEST_F(ImpatientHttp2, AClientThatReadsSlowlyButSteadilyGetsItsWholeResponse) {
  serve({backend.port()});
  // A window that never closes: only TCP holds the proxy back.
  auto client = connect({.window = 64 << 20, .opens_windows = true});
  const int stream = client->get("/huge");
  ASSERT_TRUE(client->flush());
  const std::string first = client->stream().receive_slowly(std::chrono::milliseconds(2'500));
  ASSERT_LT(first.size(), 24'000'000u) << "it was not slow";
  ASSERT_TRUE(client->take(first));
  const auto& answer = client->wait(stream);
  EXPECT_TRUE(answer.ended);
  EXPECT_EQ(answer.error, static_cast<std::uint32_t>(NGHTTP2_NO_ERROR));
  EXPECT_EQ(answer.body.size(), 24'000'000u);
}

TEST_F(ImpatientHttp2, AStreamWhoseWindowTheClientOpensBitByBitGoesOn) {
  serve({backend.port()});
  auto client = connect({.opens_windows = false});
  const int stream = client->get("/big");
  const auto end = std::chrono::steady_clock::now() + std::chrono::milliseconds(2'500);
  client->stream().be_patient_for(std::chrono::milliseconds(50));
  while (std::chrono::steady_clock::now() < end && !client->answer(stream).is_closed()) {
    client->give_window(stream, 1'000);
    client->read_until([] { return false; });  // it is silent again
  }
  client->stream().be_patient_for(kPatience);
  EXPECT_FALSE(client->answer(stream).is_closed());
  const std::size_t got = client->answer(stream).body.size();
  EXPECT_GT(got, 65'535u);
  EXPECT_LT(got, 5'000'000u);
  client->give_window(stream, 10 << 20);
  EXPECT_EQ(client->wait(stream).body.size(), 5'000'000u);
}

TEST_F(ImpatientHttp2, ABodyThatStopsIs408AndTheConnectionGoesOn) {
  serve({backend.port()});
  auto client = connect();
  const int stream = client->request(
      {{":method", "POST"}, {":scheme", "https"}, {":authority", "shop.test"}, {":path", "/"}},
      "begin", true);
  EXPECT_EQ(client->wait(stream).status, 408);
  EXPECT_EQ(client->wait(client->get("/fine")).status, 200);
}

TEST_F(ImpatientHttp2, AHeadThatDoesNotComeToItsEndCostsItsConnectionAndNobodyElse) {
  serve({backend.port()});
  auto client = connect();
  ASSERT_TRUE(client->flush());
  // HEADERS of stream 1 with ":method: GET" and without END_HEADERS: no CONTINUATION ever comes.
  using namespace std::string_view_literals;
  ASSERT_TRUE(client->stream().send("\0\0\1\x01\0\0\0\0\1\x82"sv));
  client->stream().receive_all();
  EXPECT_FALSE(client->stream().timed_out());
  auto other = connect();
  EXPECT_EQ(other->wait(other->get("/fine")).status, 200);
}

TEST_F(ImpatientHttp2, AnIdleConnectionIsSentAway) {
  serve({backend.port()});
  auto client = connect();
  EXPECT_EQ(client->wait(client->get("/fine")).status, 200);
  client->read_until([] { return false; });
  EXPECT_TRUE(client->got_goaway());
}

TEST_F(ImpatientHttp2, PingsDoNotKeepAnIdleConnection) {
  serve({backend.port()});
  auto client = connect();
  EXPECT_EQ(client->wait(client->get("/fine")).status, 200);
  client->stream().be_patient_for(std::chrono::milliseconds(50));
  const auto end = std::chrono::steady_clock::now() + kPatience;
  while (!client->got_goaway() && std::chrono::steady_clock::now() < end) {
    client->ping();
    client->read_until([] { return false; });  // it is silent again
  }
  EXPECT_TRUE(client->got_goaway());
  EXPECT_EQ(
      proxy.metric("gatehouse_proxy_http2_connections_ended_total{reason=\"http2_frame_flood\"}"),
      0);
}

TEST_F(ImpatientHttp2, AClientThatReadsNothingIsClosedAndLeavesNothingBehind) {
  serve({backend.port()});
  auto client = connect({.window = 64 << 20, .opens_windows = true});
  client->get("/huge");
  ASSERT_TRUE(client->flush());
  EXPECT_THAT(proxy.access_log(), HasSubstr("client_send_timeout"));
  EXPECT_TRUE(eventually([&] { return proxy.metric("gatehouse_proxy_connections_open") == 0; }));
  EXPECT_EQ(proxy.metric("gatehouse_proxy_memory_bytes{kind=\"http2_output\"}"), 0);
}

TEST_F(ImpatientHttp2, AStreamOfWhichTheClientTakesAByteNowAndThenIsReset) {
  serve({backend.port()});
  auto client = connect({.opens_windows = false});
  const int stream = client->get("/big");
  client->read_until([&] { return client->answer(stream).body.size() == 65'535; });
  // Fewer than ten bytes between two looks of the proxy.
  client->stream().be_patient_for(std::chrono::milliseconds(250));
  const auto end = std::chrono::steady_clock::now() + kPatience;
  while (!client->answer(stream).is_closed() && std::chrono::steady_clock::now() < end) {
    client->give_window(stream, 1);
    client->read_until([] { return false; });  // it is silent again
  }
  EXPECT_EQ(client->answer(stream).error, static_cast<std::uint32_t>(NGHTTP2_INTERNAL_ERROR));
}

TEST_F(ImpatientHttp2, AStreamWhoseWindowStaysShutIsResetAndTheConnectionGoesOn) {
  serve({backend.port()});
  auto client = connect({.opens_windows = false});
  const int stream = client->get("/big");
  client->read_until([&] { return client->answer(stream).body.size() == 65'535; });
  // What is read ahead of the client is little.
  EXPECT_LE(proxy.metric("gatehouse_proxy_memory_bytes{kind=\"http2_output\"}"), 16 << 10);
  const auto& answer = client->wait(stream);
  EXPECT_EQ(answer.error, static_cast<std::uint32_t>(NGHTTP2_INTERNAL_ERROR));
  EXPECT_THAT(proxy.access_log(), HasSubstr("client_send_timeout"));
  client->give_window(0, 1 << 20);
  EXPECT_EQ(client->wait(client->get("/fine")).status, 200);
}

}  // namespace
}  // namespace proxy::support
