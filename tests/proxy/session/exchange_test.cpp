// The story of one request with nobody else in it: a client and an endpoint that are told what to
// do, what else a request uses of its worker, in a loop that turns for those who ask for a turn,
// and not a socket.
#include "proxy/session/exchange.h"

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "proxy/admin/access_log.h"
#include "proxy/control/snapshot.h"
#include "proxy/net/turn_budget.h"
#include "proxy/policy/auth_cache.h"
#include "proxy/policy/client_places.h"
#include "proxy/session/auth_places.h"
#include "proxy/session/inspection_gate.h"
#include "proxy/session/mirrors.h"
#include "proxy/session/password_gate.h"
#include "tests/proxy/support/fake_streams.h"

namespace proxy::support {
namespace {

using session::Exchange;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using upstream::Fault;
using upstream::Retry;
using Cause = upstream::RequestStream::Cause;
using Use = upstream::RequestStream::Use;

constexpr upstream::Failure kClosed{Fault::upstream, Retry::if_connection_was_reused, 502,
                                    "closed_early"};
constexpr upstream::Failure kNotConnected{Fault::upstream, Retry::always, 502, "connect_refused"};
constexpr upstream::Failure kRefused{Fault::upstream, Retry::not_processed, 502,
                                     "upstream_refused_stream"};
constexpr upstream::Failure kReset{Fault::upstream, Retry::never, 502, "upstream_reset_stream"};

constexpr std::string_view kOk = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n";

// The client: keeps what it gets, and takes nothing that is out of order.
class FakeClient final : public session::Downstream {
 public:
  int status = 0;  // of the response, or of an answer of ours
  std::string body;
  std::vector<int> interim;
  std::vector<std::string> trailer;  // "name: value"
  bool is_complete = false, is_broken_off = false, is_over = false, was_continued = false;
  int wanted = 0;  // times that it was asked for more of its body
  std::size_t unsent_bytes = 0;

  void send_continue() override { was_continued = true; }
  void send_interim(const http::ResponseHead& head) override {
    expect_open();
    EXPECT_EQ(status, 0);
    interim.push_back(head.status);
  }
  void send_head(const http::ResponseHead& head, const upstream::Piece& piece, bool last) override {
    expect_open();
    EXPECT_EQ(status, 0) << "it has a head";
    status = head.status;
    body += piece.text();
    is_complete = last;
  }
  void send_body(const upstream::Piece& piece, bool last) override {
    expect_open();
    EXPECT_NE(status, 0) << "it has no head";
    body += piece.text();
    is_complete = last;
  }
  void send_trailer(const std::vector<http::Field>& fields) override {
    expect_open();
    for (const http::Field& field : fields) {
      trailer.push_back(std::string(field.name) + ": " + std::string(field.value));
    }
    is_complete = true;
  }
  void send_answer(const http::Answer& answer) override {
    expect_open();
    EXPECT_EQ(status, 0) << "it has a head";
    status = answer.status;
    body = answer.body;
    is_complete = true;
  }
  void break_off() override {
    expect_open();
    is_broken_off = true;
  }
  void want_request_body() override { ++wanted; }
  std::size_t unsent() const override { return unsent_bytes; }
  void on_exchange_over() override { is_over = true; }

 private:
  void expect_open() const {
    EXPECT_FALSE(is_over || is_complete || is_broken_off) << "nothing more can come";
  }
};

// What a request uses of its worker.
struct Room {
  // To endpoints. There is no connection here, and where there may be only one no endpoint is
  // probed beside a request.
  static constexpr std::size_t kConnectionsMax = 1;

  Room(const config::ProxyConfig& config, upstream::StreamSource& source) : streams(source) {
    live.snapshot = control::make_snapshot(config);
    live.client_places = std::make_shared<policy::ClientPlaces>();
    clusters.adopt(live.snapshot->routes->clusters());
  }
  ~Room() { clusters.adopt({}); }
  Room(const Room&) = delete;
  Room& operator=(const Room&) = delete;

  upstream::StreamSource& streams;
  session::Options options;
  std::unique_ptr<net::Loop> loop = net::Loop::create().value();
  admin::WorkerCounters counters;
  session::Buffers buffers{options.pipes_max};
  session::LiveState live;
  session::Standing standing;
  upstream::Clusters clusters{options.pools, counters, 0};
  session::Reach reach{*loop, counters, clusters, kConnectionsMax};
  session::Scratch scratch;
  std::unique_ptr<admin::AccessLog> log = admin::AccessLog::open("off").value();
  admin::AccessLog::Lines lines{*log};
  session::PasswordChecks checks{{}};
  session::PasswordGate passwords{*loop, checks};
  session::Inspectors inspectors{{}};
  session::InspectionGate inspections{*loop, inspectors};
  session::AuthPlaces auth_places;
  policy::AuthCache auth_cache;
  session::GatheredShares shares{counters.gathered_bytes, options.gathered_bytes_max};
  session::SlowBodies slow_bodies;
  session::Mirrors mirrors{{*loop, counters, buffers, reach, options.response_limits}};
  http::RequestIds ids;
  admin::SpanExport::Spans spans{nullptr};
  session::DateText date{*loop};
  session::PublicPorts ports;
  const Exchange::Means means{{*loop, counters, buffers, options},
                              {live, standing, clusters, reach, scratch, lines},
                              streams,
                              {passwords, inspections, auth_places, auth_cache},
                              shares,
                              slow_bodies,
                              mirrors,
                              ids,
                              spans,
                              date,
                              ports};
};

class ExchangeAlone : public ::testing::Test {
 protected:
  // Of a cluster with so many endpoints.
  void serve(
      int endpoints, const std::function<void(config::Cluster&, config::Policies&)>& change =
                         [](config::Cluster&, config::Policies&) {}) {
    config::Cluster cluster;
    for (int i = 0; i < endpoints; ++i) {
      cluster.endpoints.push_back({"10.0.0.1", static_cast<std::uint16_t>(8000 + i)});
    }
    config::VirtualHost host;
    host.routes.emplace_back();
    host.routes[0].action = config::Forward{"shop"};
    change(cluster, host.routes[0].policies.change());
    config::ProxyConfig config;
    if (guards_ != nullptr) {
      config.guards["g"] = guards_;
      host.routes[0].policies.change().guards = "g";
    }
    config.clusters["shop"] = std::make_shared<config::Cluster>(cluster);
    config.hosts["shop.test"] = std::make_shared<config::VirtualHost>(host);
    exchange_.reset();
    room_ = std::make_unique<Room>(config, streams_);
    exchange_ = std::make_unique<Exchange>(room_->means);
    client_.address = "192.0.2.1";
    client_.port = "80";
  }

  enum class Body { none, of_known_length, in_chunks };
  // Begins with what there is of the body.
  void begin(std::string_view method, Body kind = Body::none, std::string_view body = {},
             bool last = true) {
    http::RequestHead& request = exchange_->request();
    request.method_text = method;
    request.method = method == "GET"    ? http::Method::get
                     : method == "PUT"  ? http::Method::put
                     : method == "POST" ? http::Method::post
                                        : http::Method::other;
    request.path = "/";
    request.host = "shop.test";
    request.chunked = kind == Body::in_chunks;
    if (kind == Body::of_known_length) request.content_length = kLength;
    exchange_->begin(client_, Exchange::Protocol::http1_1, downstream_, piece_of(body), last);
  }
  void send(std::string_view body, bool last = false) {
    exchange_->on_request_body(piece_of(body), last);
  }
  upstream::Piece piece_of(std::string_view body) {
    constexpr std::size_t kRoom = 1'000;
    buffer_.assign(kRoom, ' ');
    buffer_ += body;
    buffer_.append(kRoom, ' ');
    return {buffer_.data() + kRoom, body.size(), kRoom, kRoom};
  }
  double failures(std::string_view reason) const {
    for (const auto& [token, count] : room_->counters.upstream_failures.read()) {
      if (token == reason) return static_cast<double>(count);
    }
    return 0;
  }

  // Nobody has the time to inspect anything: the client has no address, by which it could wait for
  // its turn.
  void guard_by_firewall(const config::Firewall& firewall, bool speaks_http2 = false) {
    config::Guards guards;
    guards.firewall = firewall;
    guards_ = std::make_shared<const config::Guards>(guards);
    serve(1, [speaks_http2](config::Cluster& cluster, config::Policies&) {
      cluster.speaks_http2 = speaks_http2;
    });
    client_.address = "nobody";
  }
  // Of an endpoint whose responses are inspected, and pass though that is so.
  void serve_inspected(std::uint64_t body_bytes_max) {
    guard_by_firewall({.passes_uninspected = true,
                       .responses = config::ResponseInspection{.body_bytes_max = body_bytes_max}});
    streams_.ready = 1;
    begin("GET");
    turn_until([this] { return streams_.count() == 1; });
  }
  // Whoever has asked for a turn, or for a time, has it, until that is so.
  void turn_until(std::function<bool()> is_so) {
    struct End final : net::TurnEnd {
      End(net::Loop& turning, std::function<bool()> when)
          : loop(turning), is_due(std::move(when)) {}
      bool on_turn_end() override {
        if (is_due()) loop.stop();
        return false;
      }
      net::Loop& loop;
      std::function<bool()> is_due;
    };
    End end(*room_->loop, std::move(is_so));
    room_->loop->post([] {});  // it is not to sleep before its first turn
    room_->loop->run(end);
  }

  static constexpr std::uint64_t kLength = 100;

  std::shared_ptr<const config::Guards> guards_;  // of its route
  FakeStreams streams_;
  std::unique_ptr<Room> room_;
  session::Client client_;
  FakeClient downstream_;
  std::unique_ptr<Exchange> exchange_;
  std::string buffer_;
};

// ---- There and back

TEST_F(ExchangeAlone, ARequestGoesOutOnAConnectionAtRestAndItsResponseComesBack) {
  serve(1);
  streams_.ready = 1;
  begin("GET");
  ASSERT_EQ(streams_.count(), 1u);
  EXPECT_THAT(streams_.last().head(), HasSubstr("GET / HTTP/1.1\r\nHost: shop.test\r\n"));
  EXPECT_TRUE(streams_.last().is_complete());
  streams_.last().say_head(kOk, "o");
  streams_.last().say_body("k", true);
  EXPECT_EQ(downstream_.status, 200);
  EXPECT_EQ(downstream_.body, "ok");
  EXPECT_TRUE(downstream_.is_complete && downstream_.is_over);
  EXPECT_EQ(streams_.last().released(), Use::complete);
  EXPECT_EQ(room_->counters.responses[2].get(), 1u);
}

TEST_F(ExchangeAlone, FieldsAfterTheBodyReachTheClient) {
  serve(1);
  streams_.ready = 1;
  begin("GET");
  streams_.last().say_head("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", "ok");
  const http::Field checksum{.name = "checksum", .value = "1"};
  streams_.last().say_end({checksum});
  EXPECT_EQ(downstream_.body, "ok");
  EXPECT_THAT(downstream_.trailer, ElementsAre("checksum: 1"));
  EXPECT_TRUE(downstream_.is_complete && downstream_.is_over);
  EXPECT_EQ(streams_.last().released(), Use::complete);
}

TEST_F(ExchangeAlone, WhatComesBeforeAConnectionIsThereWaitsForIt) {
  serve(1);
  begin("POST", Body::in_chunks, "ab", false);
  EXPECT_FALSE(exchange_->wants_request_body());
  send("cd");
  EXPECT_FALSE(streams_.last().has_head());
  streams_.last().open();
  EXPECT_EQ(streams_.last().body(), "abcd");
  EXPECT_TRUE(streams_.last().is_chunked());
  EXPECT_EQ(downstream_.wanted, 1);
  send("ef", true);
  EXPECT_EQ(streams_.last().body(), "abcdef");
  EXPECT_TRUE(streams_.last().is_complete());
}

TEST_F(ExchangeAlone, ABodyIsWantedWhileTheEndpointTakesIt) {
  serve(1);
  streams_.ready = 1;
  begin("PUT", Body::in_chunks, "ab", false);
  EXPECT_TRUE(exchange_->wants_request_body());
  streams_.last().unsent_bytes = room_->options.unsent_bytes_high + 1;
  EXPECT_FALSE(exchange_->wants_request_body());
  const int before = downstream_.wanted;
  streams_.last().take_all();
  EXPECT_TRUE(exchange_->wants_request_body());
  EXPECT_EQ(downstream_.wanted, before + 1);
}

TEST_F(ExchangeAlone, AResponseIsTakenAsTheClientTakesIt) {
  serve(1);
  streams_.ready = 1;
  begin("GET");
  downstream_.unsent_bytes = room_->options.unsent_bytes_high + 1;
  exchange_->on_downstream_drained();
  EXPECT_EQ(streams_.last().times_resumed(), 1);
}

// ---- No way to an endpoint

TEST_F(ExchangeAlone, WithoutAConfigurationNobodyIsAsked) {
  serve(1);
  room_->live.snapshot = nullptr;
  begin("GET");
  EXPECT_EQ(downstream_.status, 503);
  EXPECT_THAT(downstream_.body, HasSubstr("no_configuration"));
  EXPECT_EQ(streams_.count(), 0u);
}

TEST_F(ExchangeAlone, WhereMemoryIsShortARequestThatIsYetToBeginIsSentAway) {
  serve(1);
  room_->standing.memory = session::MemoryWatermark::Level::little;
  begin("GET");
  EXPECT_EQ(downstream_.status, 503);
  EXPECT_THAT(downstream_.body, HasSubstr("memory_pressure"));
  EXPECT_EQ(streams_.count(), 0u);
}

TEST_F(ExchangeAlone, WithoutADescriptorOnlyAConnectionThatIsThereTakesARequest) {
  for (const bool is_there : {true, false}) {
    serve(1);
    downstream_ = {};
    room_->counters.upstream_connections_open.add(Room::kConnectionsMax);
    streams_.ready = is_there ? 1 : 0;
    begin("GET");
    EXPECT_EQ(streams_.count(), 1u) << "of the first request";
    EXPECT_EQ(downstream_.status, is_there ? 0 : 503);
    exchange_.reset();
  }
  EXPECT_THAT(downstream_.body, HasSubstr("no_descriptors"));
}

TEST_F(ExchangeAlone, WhereNoneConnectsTheAnswerSaysWhy) {
  serve(2);
  streams_.refused = 2;
  begin("GET");
  EXPECT_EQ(streams_.count(), 0u);
  EXPECT_EQ(downstream_.status, 502);
  EXPECT_THAT(downstream_.body, HasSubstr("connect_refused"));
  EXPECT_EQ(failures("connect_refused"), 2);
}

// Each may take all of the time to connect, and each is looked for among those before.
TEST_F(ExchangeAlone, WhereManyDoNotConnectARequestDoesNotTryThemAll) {
  serve(100);
  streams_.refused = 100;
  begin("GET");
  EXPECT_EQ(downstream_.status, 502);
  EXPECT_EQ(failures("connect_refused"), static_cast<double>(upstream::Cluster::kTriedMax));

  serve(100);
  downstream_ = {};
  streams_.refused = 0;
  begin("GET");
  while (!downstream_.is_over && streams_.count() < 100) streams_.last().fail(kNotConnected);
  EXPECT_EQ(downstream_.status, 502);
  EXPECT_EQ(streams_.count(), upstream::Cluster::kTriedMax);
}

// ---- Sent once more

TEST_F(ExchangeAlone, ARequestOnADeadConnectionIsSentOnceMoreAsTheSameMessage) {
  serve(2);
  streams_.ready = 1;
  begin("PUT", Body::in_chunks, "ab", false);
  send("cd", true);
  streams_.last().fail(kClosed);
  ASSERT_EQ(streams_.count(), 2u);
  EXPECT_NE(&streams_.at(1).endpoint(), &streams_.at(0).endpoint());
  streams_.at(1).open();
  EXPECT_EQ(streams_.at(1).head(), streams_.at(0).head());
  EXPECT_EQ(streams_.at(1).body(), "abcd");
  EXPECT_TRUE(streams_.at(1).is_chunked() && streams_.at(1).is_complete());
  streams_.at(1).say_head(kOk, "ok", true);
  EXPECT_EQ(downstream_.status, 200);
  EXPECT_EQ(streams_.at(0).released(), Use::broken);
}

TEST_F(ExchangeAlone, ThereIsNoThirdTime) {
  serve(3);
  streams_.ready = 2;
  begin("GET");
  streams_.last().fail(kClosed);
  ASSERT_EQ(streams_.count(), 2u);
  streams_.last().open();
  streams_.last().fail(kClosed);
  EXPECT_EQ(streams_.count(), 2u);
  EXPECT_EQ(downstream_.status, 502);
}

TEST_F(ExchangeAlone, AMethodThatMayNotBeSentTwiceIsIfNobodyCanHaveReadIt) {
  for (const bool left_unread : {false, true}) {
    serve(2);
    downstream_ = {};
    const std::size_t before = streams_.count();
    streams_.ready = 1;
    begin("POST", Body::of_known_length, std::string(kLength, 'x'));
    streams_.last().left_unread = left_unread;
    streams_.last().fail(kClosed);
    EXPECT_EQ(streams_.count() - before, left_unread ? 2u : 1u);
    EXPECT_EQ(downstream_.status, left_unread ? 0 : 502);
    exchange_.reset();
  }
}

TEST_F(ExchangeAlone, WhatIsMoreThanTheLimitIsNotSentAgain) {
  for (const std::size_t size : {std::size_t{8'000}, upstream::kReplayBytesMax}) {
    serve(2);
    downstream_ = {};
    const std::size_t before = streams_.count();
    streams_.ready = 1;
    begin("PUT", Body::in_chunks, std::string(size / 2, 'x'), false);
    send(std::string(size / 2, 'y'), true);
    streams_.last().fail(kClosed);
    EXPECT_EQ(streams_.count() - before, size < upstream::kReplayBytesMax ? 2u : 1u) << size;
    exchange_.reset();
  }
}

TEST_F(ExchangeAlone, NothingIsSentAgainOnceTheResponseHasBegun) {
  serve(2);
  streams_.ready = 1;
  begin("GET");
  streams_.last().say_head("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n", "some");
  streams_.last().fail(kClosed);
  EXPECT_EQ(streams_.count(), 1u);
  EXPECT_EQ(downstream_.status, 200);
  EXPECT_TRUE(downstream_.is_broken_off);
}

TEST_F(ExchangeAlone, OneThatDoesNotConnectIsFollowedByEachOtherOnceWithAllThatCame) {
  serve(3);
  streams_.refused = 1;
  begin("POST", Body::in_chunks, std::string(20'000, 'x'), false);
  ASSERT_EQ(streams_.count(), 1u);
  streams_.last().fail(kNotConnected);
  ASSERT_EQ(streams_.count(), 2u);
  EXPECT_NE(&streams_.at(1).endpoint(), &streams_.at(0).endpoint());
  streams_.last().open();
  EXPECT_EQ(streams_.last().body(), std::string(20'000, 'x'));
  streams_.last().fail(kReset);
  EXPECT_EQ(streams_.count(), 2u);
  EXPECT_EQ(downstream_.status, 502);
}

TEST_F(ExchangeAlone, AnAnswerThatTheRoutePassesOnIsAskedOfAnother) {
  serve(2, [](config::Cluster&, config::Policies& policies) {
    policies.next_upstream = config::NextUpstream{.status_503 = true};
  });
  begin("GET");
  streams_.last().open();
  streams_.last().say_head("HTTP/1.1 503 Not Now\r\nContent-Length: 5\r\n\r\n", "later");
  ASSERT_EQ(streams_.count(), 2u);
  EXPECT_EQ(streams_.at(0).released(), Use::broken);
  streams_.last().open();
  streams_.last().say_head(kOk, "ok", true);
  EXPECT_EQ(downstream_.status, 200);
  EXPECT_EQ(downstream_.body, "ok");
}

TEST_F(ExchangeAlone, OverHttp2ARequestWithoutRoomMovesAndNobodyHasFailed) {
  serve(1, [](config::Cluster& cluster, config::Policies&) { cluster.speaks_http2 = true; });
  begin("POST", Body::in_chunks, "ab", false);
  EXPECT_EQ(streams_.last().body(), "ab");
  EXPECT_FALSE(streams_.last().is_chunked());
  streams_.last().fail(kRefused, Cause::no_room);
  ASSERT_EQ(streams_.count(), 2u);
  EXPECT_EQ(streams_.last().body(), "ab");
  EXPECT_EQ(failures("upstream_refused_stream"), 0);
  send("cd", true);
  streams_.last().say_head(kOk, "ok", true);
  EXPECT_EQ(downstream_.status, 200);
}

TEST_F(ExchangeAlone, ARefusedStreamIsBegunAnewFourTimes) {
  serve(1, [](config::Cluster& cluster, config::Policies&) { cluster.speaks_http2 = true; });
  begin("POST", Body::of_known_length, std::string(kLength, 'x'));
  for (std::size_t i = 1; i <= 4; ++i) {
    streams_.last().fail(kRefused);
    ASSERT_EQ(streams_.count(), i + 1);
  }
  streams_.last().fail(kRefused);
  EXPECT_EQ(streams_.count(), 5u);
  EXPECT_EQ(downstream_.status, 502);
}

TEST_F(ExchangeAlone, ARefusedStreamIsBegunNoMoreOftenThanItsRouteTries) {
  serve(1, [](config::Cluster& cluster, config::Policies& policies) {
    cluster.speaks_http2 = true;
    policies.next_upstream = config::NextUpstream{.tries = 2};
  });
  begin("POST", Body::of_known_length, std::string(kLength, 'x'));
  streams_.last().fail(kRefused);
  ASSERT_EQ(streams_.count(), 2u);
  streams_.last().fail(kRefused);
  EXPECT_EQ(streams_.count(), 2u);
  EXPECT_EQ(downstream_.status, 502);
}

// ---- What an endpoint may say

TEST_F(ExchangeAlone, SixteenInterimHeadsPassAndOneMoreIsTheEndpointsFault) {
  for (const bool speaks_http2 : {false, true}) {
    serve(1, [&](config::Cluster& cluster, config::Policies&) {
      cluster.speaks_http2 = speaks_http2;
    });
    downstream_ = {};
    streams_.ready = 1;
    begin("GET");
    for (int i = 0; i < 16; ++i) {
      streams_.last().say_interim("HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n");
    }
    EXPECT_EQ(downstream_.interim.size(), 16u);
    EXPECT_FALSE(downstream_.is_over);
    streams_.last().say_interim("HTTP/1.1 103 Early Hints\r\n\r\n");
    EXPECT_EQ(downstream_.status, 502);
    EXPECT_EQ(downstream_.interim.size(), 16u);
    EXPECT_EQ(failures("too_many_interim_responses"), 1);
    exchange_.reset();
  }
}

TEST_F(ExchangeAlone, A100OfTheEndpointAnswersNobody) {
  serve(1);
  streams_.ready = 1;
  begin("GET");
  streams_.last().say_interim("HTTP/1.1 100 Continue\r\n\r\n");
  EXPECT_THAT(downstream_.interim, IsEmpty());
  streams_.last().say_head(kOk, "ok", true);
  EXPECT_EQ(downstream_.status, 200);
}

TEST_F(ExchangeAlone, OverHttp2AClientThatTakesNothingGetsNoMoreInterimHeads) {
  serve(1, [](config::Cluster& cluster, config::Policies&) { cluster.speaks_http2 = true; });
  begin("GET");
  downstream_.unsent_bytes = 16u << 10;
  streams_.last().say_interim("HTTP/1.1 103 Early Hints\r\n\r\n");
  downstream_.unsent_bytes = 0;
  streams_.last().say_interim("HTTP/1.1 102 Processing\r\n\r\n");
  EXPECT_THAT(downstream_.interim, ElementsAre(102));
}

TEST_F(ExchangeAlone, ABodyThatCannotBeReadIs502WhileItsHeadWasNotSentOn) {
  serve(1);
  streams_.ready = 1;
  begin("GET");
  streams_.last().say_head_and_nonsense("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
  EXPECT_EQ(downstream_.status, 502);
  EXPECT_TRUE(downstream_.is_complete);
}

TEST_F(ExchangeAlone, AnEarlyAnswerComesThroughAndItsConnectionIsNotUsedAgain) {
  serve(1);
  streams_.ready = 1;
  begin("PUT", Body::of_known_length, "some", false);
  streams_.last().say_head("HTTP/1.1 413 Too Much\r\nContent-Length: 2\r\n\r\n", "no", true);
  EXPECT_EQ(downstream_.status, 413);
  EXPECT_TRUE(downstream_.is_over);
  EXPECT_EQ(streams_.last().released(), Use::broken);
}

TEST_F(ExchangeAlone, WhoRefusesABodyMayNotHaveReadIt) {
  serve(1);
  streams_.ready = 1;
  begin("PUT", Body::of_known_length, std::string(kLength, 'x'));
  streams_.last().say_head("HTTP/1.1 403 No\r\nContent-Length: 2\r\n\r\n", "no", true);
  EXPECT_EQ(downstream_.status, 403);
  EXPECT_EQ(streams_.last().released(), Use::broken);
}

// ---- A body that a guard has gathered

// Else an endpoint that takes nothing would have any number of them wait for it.
TEST_F(ExchangeAlone, WhatAGuardHasGatheredIsHeldUntilTheEndpointHasTakenIt) {
  for (const bool is_ready : {false, true}) {
    guard_by_firewall({.passes_uninspected = true});
    streams_.ready = is_ready ? 1 : 0;
    downstream_ = {};
    const std::size_t before = streams_.count();
    const std::string body(200'000, 'x');
    streams_.unsent_bytes = is_ready ? body.size() : 0;  // it takes nothing
    begin("POST", Body::in_chunks, body);
    turn_until([&] { return streams_.count() > before; });
    EXPECT_GE(room_->counters.gathered_bytes.get(), body.size());
    if (!is_ready) {
      streams_.last().unsent_bytes = body.size();
      streams_.last().open();
      EXPECT_GE(room_->counters.gathered_bytes.get(), body.size());
    }
    EXPECT_EQ(streams_.last().body(), body);
    streams_.last().take_all();
    EXPECT_EQ(room_->counters.gathered_bytes.get(), 0u);
    exchange_.reset();
  }
}

// Over HTTP/2 all that is sent is kept until it is out, and then no more than may be sent again.
TEST_F(ExchangeAlone, OverHttp2NothingLargeIsKeptOfWhatAGuardHasGatheredOnceItWasTaken) {
  guard_by_firewall({.passes_uninspected = true}, true);
  const std::string body(200'000, 'x');
  streams_.unsent_bytes = body.size();  // it takes nothing
  begin("POST", Body::in_chunks, body);
  turn_until([this] { return streams_.count() == 1; });
  EXPECT_EQ(streams_.last().body(), body);
  EXPECT_GE(room_->counters.gathered_bytes.get(), body.size());
  EXPECT_GE(room_->counters.held.request_copies.get(), body.size());
  streams_.last().take_all();
  EXPECT_EQ(room_->counters.gathered_bytes.get(), 0u);
  EXPECT_LE(room_->counters.held.request_copies.get(), upstream::kReplayBytesMax);
}

// ---- A response that is held until it was inspected

constexpr std::string_view kPage =
    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Type: text/html\r\n\r\n";

TEST_F(ExchangeAlone, WhatIsToBeInspectedIsTakenHoweverLittleItsClientTakes) {
  serve_inspected(1u << 20);
  downstream_.unsent_bytes = room_->options.unsent_bytes_high + 1;
  streams_.last().say_head(kPage, "some");
  EXPECT_GT(streams_.last().room(), 0u);
  streams_.last().say_body(" more", true);
  EXPECT_EQ(downstream_.status, 200);
  EXPECT_EQ(downstream_.body, "");
  downstream_.unsent_bytes = 0;
  exchange_->on_downstream_drained();
  EXPECT_EQ(downstream_.body, "some more");
  EXPECT_TRUE(downstream_.is_complete && downstream_.is_over);
}

// The room that there is for it is what counts.
TEST_F(ExchangeAlone, OfAResponseNoMoreIsHeldThanIsInspectedAndOnePiece) {
  constexpr std::size_t kInspected = 80'000;
  constexpr std::size_t kHeadBytes = 1'000;
  serve_inspected(kInspected);
  streams_.last().say_head(kPage, std::string(70'000, 'h'));
  const std::string more(5'000, 'm');
  streams_.last().say_body(more);
  EXPECT_GE(room_->counters.gathered_bytes.get(), 75'000u);
  EXPECT_LE(room_->counters.gathered_bytes.get(), kInspected + more.size() + kHeadBytes);
  streams_.last().say_body("end", true);
  EXPECT_EQ(downstream_.body, std::string(70'000, 'h') + more + "end");
}

TEST_F(ExchangeAlone, WhatWasHeldGoesInTurnsToAClientThatTakesAllOfIt) {
  const std::string body(1'000'000, 'h');
  serve_inspected(2u << 20);
  streams_.last().say_head(kPage, body, true);
  EXPECT_EQ(downstream_.status, 200);
  EXPECT_LE(downstream_.body.size(), net::TurnBudget::kBytes);
  EXPECT_FALSE(downstream_.is_complete);
  turn_until([this] { return downstream_.is_complete; });
  EXPECT_EQ(downstream_.body, body);
  EXPECT_TRUE(downstream_.is_over);
  EXPECT_GT(room_->counters.turns_spent.get(), 0u);
}

TEST_F(ExchangeAlone, WhoLeavesWhileItWaitsForItsNextTurnGetsNone) {
  serve_inspected(2u << 20);
  streams_.last().say_head(kPage, std::string(1'000'000, 'h'), true);
  const std::size_t had = downstream_.body.size();
  exchange_->abandon("client_reset");
  turn_until([] { return true; });
  EXPECT_EQ(downstream_.body.size(), had);
  EXPECT_EQ(room_->counters.gathered_bytes.get(), 0u);
}

TEST_F(ExchangeAlone, WhatFollowsWhatWasHeldComesBehindIt) {
  serve_inspected(500'000);
  streams_.last().say_head(kPage, std::string(600'000, 'h'));
  EXPECT_EQ(streams_.last().room(), 0u);
  streams_.last().say_body("late");
  turn_until([this] { return streams_.last().times_resumed() > 0; });
  EXPECT_GT(streams_.last().room(), 0u);
  streams_.last().say_body("end", true);
  EXPECT_EQ(downstream_.body, std::string(600'000, 'h') + "lateend");
  EXPECT_TRUE(downstream_.is_complete && downstream_.is_over);
}

// ---- Broken off, from both ends

TEST_F(ExchangeAlone, AClientThatIsGoneEndsTheStreamAndHearsOfNothing) {
  for (const bool has_begun : {false, true}) {
    serve(1);
    downstream_ = {};
    streams_.ready = 1;
    begin("GET");
    if (has_begun) streams_.last().say_head(kOk, "o");
    exchange_->abandon("client_reset");
    EXPECT_EQ(streams_.last().released(), Use::broken);
    EXPECT_FALSE(downstream_.is_over || downstream_.is_broken_off);
    EXPECT_EQ(room_->counters.responses[has_begun ? 2 : 0].get(), 1u);
    exchange_.reset();
  }
}

TEST_F(ExchangeAlone, OfAClientThatLeavesBeforeAConnectionIsThereNothingIsSent) {
  serve(1);
  begin("POST", Body::in_chunks, "ab", false);
  exchange_->abandon("client_closed");
  EXPECT_FALSE(streams_.last().has_head());
  EXPECT_EQ(streams_.last().released(), Use::broken);
  EXPECT_EQ(room_->counters.responses[0].get(), 1u);
}

TEST_F(ExchangeAlone, AnEndpointThatResetsIsAnAnswerOrBreaksOffWhatHasBegun) {
  for (const bool has_begun : {false, true}) {
    serve(1);
    downstream_ = {};
    streams_.ready = 1;
    begin("GET");
    if (has_begun) streams_.last().say_head(kOk, "o");
    streams_.last().fail(kReset);
    EXPECT_EQ(downstream_.status, has_begun ? 200 : 502);
    EXPECT_EQ(downstream_.is_broken_off, has_begun);
    EXPECT_TRUE(downstream_.is_over);
    exchange_.reset();
  }
}

}  // namespace
}  // namespace proxy::support
