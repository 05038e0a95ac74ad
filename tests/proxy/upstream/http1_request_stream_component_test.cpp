// How much of what endpoints send is taken at a time, and before whom: on real sockets of this
// process, in a loop that turns when the test says so and whose clock goes when it does.
#include <algorithm>
#include <atomic>
#include <chrono>
#include <functional>
#include <list>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "proxy/http2/request_fields.h"
#include "proxy/net/loop.h"
#include "proxy/net/socket.h"
#include "proxy/net/turn_budget.h"
#include "proxy/net/turn_slice.h"
#include "proxy/upstream/cluster.h"
#include "proxy/upstream/endpoint.h"
#include "proxy/upstream/http1_request_stream.h"
#include "proxy/upstream/request_streams.h"
#include "tests/proxy/support/running_engine.h"
#include "tests/proxy/support/socket_stream.h"
#include "tests/proxy/support/turning_loop.h"

namespace proxy::upstream {
namespace {

using support::comes_to_rest;
using support::SocketStream;

std::chrono::milliseconds time_passed{0};
base::SteadyTime still_clock() {
  return base::SteadyTime(std::chrono::hours(1)) + time_passed;
}

// Who made a request, and takes so much of its response at a time.
struct Requester final : RequestStream::User {
  void on_stream_open() override { is_open = true; }
  void on_interim_head(const http::ResponseHead&, std::size_t) override {}
  void on_response_head(http::ResponseHead&, bool) override { has_head = true; }
  void on_response_body(const Piece& piece, bool) override {
    bytes += piece.size;
    if (on_piece) on_piece(piece.size);
  }
  void on_response_end(std::vector<http::Field>) override {}
  void on_request_sent() override {}
  void on_stream_failed(const Failure& failure, RequestStream::Cause) override {
    failed = failure.reason;
  }
  std::size_t room_for_response(bool) override {
    if (on_asked) on_asked();
    return room;
  }
  bool takes_moved_response() const override { return false; }
  std::optional<net::IoResult> move_response(int, std::size_t) override { return std::nullopt; }
  bool may_let_in_more() const override { return false; }

  std::size_t room = 64u << 10;
  std::function<void()> on_asked;
  std::function<void(std::size_t)> on_piece;
  RequestStream* stream = nullptr;
  bool is_open = false;
  bool has_head = false;
  std::size_t bytes = 0;
  std::string_view failed;
  SocketStream peer;  // the endpoint's side of its connection
};

class Http1Response : public ::testing::Test {
 protected:
  ~Http1Response() override {
    for (Requester& one : requesters_) one.stream->release(RequestStream::Use::broken);
    endpoint_->retire();
    loop_->destroy_disposed();
  }

  bool turn_until(const std::function<bool()>& is_so) { return turning_.turn_until(is_so); }

  Requester& ask(std::string_view offered_upgrade = {}) {
    Requester& one = requesters_.emplace_back();
    one.stream = streams_.connect(
        endpoint_, {.cluster = cluster_, .question = {.offered_upgrade = offered_upgrade}}, one);
    EXPECT_TRUE(turn_until([&] { return one.is_open; }));
    net::Accepted accepted;
    while (!accepted.fd.is_open()) accepted = net::accept_from(listener_.get());
    one.peer = SocketStream(std::move(accepted.fd));
    one.stream->send({.head = "GET / HTTP/1.1\r\nHost: a\r\n\r\n", .last = true});
    return one;
  }
  // Until the kernel of the other side has all of it.
  static void deliver(Requester& one, std::string_view text) {
    ASSERT_TRUE(one.peer.send(text));
    while (net::unacknowledged_bytes(one.peer.fd()) > 0) std::this_thread::yield();
  }

  net::Fd listener_ = net::listen_on(net::SocketAddress::from_ip("127.0.0.1", 0).value()).value();
  admin::WorkerCounters counters_;
  std::unique_ptr<net::Loop> loop_ = net::Loop::create(&still_clock).value();
  support::TurningLoop turning_{*loop_};
  http1::Limits limits_;
  net::Area area_{2 * net::Area::kReadBytes};
  std::string gather_;
  http2::RequestFields fields_;
  Cluster cluster_{std::make_shared<config::Cluster>(), 0};
  RequestStreams streams_{{*loop_, counters_, limits_, area_, gather_, fields_}};
  PoolOptions pool_options_;
  std::shared_ptr<Endpoint> endpoint_ = std::make_shared<Endpoint>(
      net::local_address(listener_.get()), unowned(pool_options_), counters_);
  std::list<Requester> requesters_;
};

// A client of HTTP/2 takes a little less than is read at a time, so that two reads are not quite
// the bytes of a turn: that is so of what passes in a tunnel as it is of a body.
TEST_F(Http1Response, OfATunnelNoMorePartsAreTakenInATurnThanOfABody) {
  constexpr std::size_t kAll = 16u << 20, kPart = 64u << 10;
  constexpr std::size_t kRoom = kPart - 36;  // four full frames
  const std::string bodies_head =
      "HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(kAll) + "\r\n\r\n";
  const std::string tunnels_head =
      "HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: w\r\n\r\n";
  for (const std::string& head : {bodies_head, tunnels_head}) {
    Requester& one = ask("w");
    int parts = 0, most = 0;
    bool had_part = true;
    // Who is asked twice and got nothing in between was left meanwhile.
    one.on_asked = [&] {
      if (!std::exchange(had_part, false)) parts = 0;
    };
    std::size_t until_rest = 0;
    one.on_piece = [&](std::size_t size) {
      had_part = true;
      most = std::max(most, ++parts);
      if (size < kRoom) parts = 0;  // that was all there was, and the next comes by an event
      if (one.bytes >= until_rest) one.room = 0;
    };
    std::atomic<std::size_t> sent{0};
    std::thread endpoint([&] {
      one.peer.send(head);
      const std::string part(kPart, 'x');
      while (sent < kAll && one.peer.send(part)) sent += kPart;
    });
    // Now and then it takes nothing until the endpoint has filled every buffer on the way, so that
    // there is more than a turn's worth to fetch.
    while (one.bytes < kAll) {
      one.room = kRoom;
      until_rest = std::min(one.bytes + (2u << 20), kAll);
      parts = 0;
      one.stream->resume();
      if (!turn_until([&] { return one.room == 0; })) break;
      comes_to_rest(sent);
    }
    endpoint.join();
    EXPECT_EQ(one.bytes, kAll) << one.failed;
    EXPECT_EQ(most, 2) << head;
    one.on_asked = nullptr;
    one.on_piece = nullptr;
  }
}

// Each part takes as long as the bulk of a turn may.
TEST_F(Http1Response, WhoeverHasLittleToSayIsServedBeforeTheBulkOfASecond) {
  const std::string head = "HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n";
  const std::string much(20'000, 'x');
  std::string story;
  Requester& one = ask();
  Requester& two = ask();
  Requester& calm = ask();
  for (Requester* const bulk : {&one, &two}) {
    deliver(*bulk, head + much);
    ASSERT_TRUE(turn_until([&] { return bulk->bytes == much.size(); }));
    bulk->on_piece = [&](std::size_t) {
      story += 'b';
      time_passed += net::TurnSlice::kTime;
    };
  }
  deliver(calm, head + "x");
  ASSERT_TRUE(turn_until([&] { return calm.bytes == 1; }));
  calm.on_piece = [&](std::size_t) { story += 'c'; };

  // In one turn, and in this order as far as it is the kernel's to say.
  for (Requester* const bulk : {&one, &two}) deliver(*bulk, much);
  deliver(calm, "x");
  ASSERT_TRUE(turn_until([&] { return story.size() == 3; }));
  EXPECT_NE(story, "bbc");
  EXPECT_EQ(one.bytes, 2 * much.size());
  EXPECT_EQ(two.bytes, 2 * much.size());
}

}  // namespace
}  // namespace proxy::upstream
