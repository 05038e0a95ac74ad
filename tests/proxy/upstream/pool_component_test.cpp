// The pool's rules, on real sockets of this process and a loop that turns when the test says so.
#include <functional>
#include <iterator>
#include <list>

#include <gtest/gtest.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>

#include "proxy/net/loop.h"
#include "proxy/net/socket.h"
#include "proxy/net/turn_budget.h"
#include "proxy/upstream/cluster.h"
#include "proxy/upstream/endpoint.h"
#include "tests/proxy/support/patience.h"
#include "tests/proxy/support/running_engine.h"
#include "tests/proxy/support/socket_stream.h"
#include "tests/proxy/support/turning_loop.h"

namespace proxy::upstream {
namespace {

using std::chrono::milliseconds;
using support::SocketStream;

// A request's side of a connection.
struct Request final : Connection::User {
  void on_upstream_connected() override { connected = true; }
  void on_upstream_readable() override { readable = true; }
  void on_upstream_drained() override {}
  void on_upstream_failed(const Failure& failure) override { failed = failure.reason; }
  bool connected = false;
  bool readable = false;
  std::string_view failed;
  std::unique_ptr<Connection> connection;
};

net::IoResult read(Request& request, std::string& buffer) {
  net::TurnBudget budget;
  return request.connection->read(buffer.data(), buffer.size(), budget);
}

class Pool : public ::testing::Test {
 protected:
  Pool() { endpoint_ = std::make_shared<Endpoint>(address_, unowned(options_), counters_); }
  ~Pool() override {
    for (Request& request : requests_) {
      if (request.connection != nullptr) Connection::close(std::move(request.connection));
    }
    endpoint_->retire();
    loop_->destroy_disposed();
  }

  // Turns the loop until it is so.
  bool turn_until(const std::function<bool()>& is_so) { return turning_.turn_until(is_so); }
  void turn_once() {
    static const std::function<bool()> kAtOnce = [] { return true; };
    turn_until(kAtOnce);
  }
  // A request on a fresh connection, and the endpoint's side of that in peers_.
  Request& connect() {
    Request& request = requests_.emplace_back();
    request.connection = Connection::connect(*loop_, endpoint_, request, milliseconds(5'000));
    EXPECT_TRUE(turn_until([&] { return request.connected; }));
    net::Accepted accepted;
    while (!accepted.fd.is_open()) accepted = net::accept_from(listener_.get());
    peers_.emplace_back(std::move(accepted.fd));
    return request;
  }
  // The endpoint answers, and the answer is read whole.
  void answer(Request& request, SocketStream& peer, std::string_view text = "answer") {
    peer.send(text);
    EXPECT_TRUE(turn_until([&] { return request.readable; }));
    request.readable = false;
    std::string buffer(64, 0);
    EXPECT_EQ(read(request, buffer).bytes, text.size());
  }
  void release(Request& request, milliseconds rest_max = Connection::kRestAsConfigured) {
    Connection::release(std::move(request.connection), rest_max);
  }
  // Until the kernel has told the proxy's side of it: epoll may know, and the loop has not turned.
  static void wait_for_input(int socket) {
    pollfd wait{socket, POLLIN, 0};
    EXPECT_EQ(::poll(&wait, 1, support::kPatienceMillis), 1);
  }
  std::uint64_t open() const { return counters_.upstream_connections_open.get(); }
  double failures(std::string_view reason) const {
    for (const auto& [token, count] : counters_.upstream_failures.read()) {
      if (token == reason) return static_cast<double>(count);
    }
    return 0;
  }

  net::Fd listener_ = net::listen_on(net::SocketAddress::from_ip("127.0.0.1", 0).value()).value();
  net::SocketAddress address_ = net::local_address(listener_.get());
  PoolOptions options_;
  admin::WorkerCounters counters_;
  std::unique_ptr<net::Loop> loop_ = net::Loop::create().value();
  support::TurningLoop turning_{*loop_};
  std::shared_ptr<Endpoint> endpoint_;
  std::list<Request> requests_;
  std::list<SocketStream> peers_;
  Request next_;
};

TEST_F(Pool, AConnectionIsUsedAgain) {
  Request& request = connect();
  Connection* const connection = request.connection.get();
  EXPECT_FALSE(connection->was_reused());
  answer(request, peers_.back());
  release(request);
  auto again = endpoint_->take_idle(next_);
  ASSERT_EQ(again.get(), connection);
  EXPECT_TRUE(again->was_reused());
  EXPECT_EQ(counters_.upstream_reused.get(), 1u);
  EXPECT_EQ(endpoint_->take_idle(next_), nullptr);
  Connection::close(std::move(again));
  EXPECT_EQ(open(), 0u);
}

// ---- A host that is gone without a word

int option_of(const Request& request, int level, int name) {
  int value = -1;
  socklen_t size = sizeof value;
  EXPECT_EQ(::getsockopt(request.connection->socket(), level, name, &value, &size), 0);
  return value;
}

TEST_F(Pool, AHostIsAskedWhetherItIsThereAndMustAcknowledgeWhatItIsSent) {
  const Request& request = connect();
  constexpr int kIdle = 10, kBetween = 5, kQuestions = 3, kMillis = 25'000;
  EXPECT_EQ(option_of(request, SOL_SOCKET, SO_KEEPALIVE), 1);
  EXPECT_EQ(option_of(request, IPPROTO_TCP, TCP_KEEPIDLE), kIdle);
  EXPECT_EQ(option_of(request, IPPROTO_TCP, TCP_KEEPINTVL), kBetween);
  EXPECT_EQ(option_of(request, IPPROTO_TCP, TCP_KEEPCNT), kQuestions);
  EXPECT_EQ(option_of(request, IPPROTO_TCP, TCP_USER_TIMEOUT), kMillis);
}

// The kernel takes a full window for a host that is gone.
TEST_F(Pool, AProgramThatTakesNothingForLongIsNoHostThatIsGone) {
  Request& upload = connect();
  const std::string part(24u << 10, 'x');
  upload.connection->write(part);
  upload.connection->write(part);
  EXPECT_NE(option_of(upload, IPPROTO_TCP, TCP_USER_TIMEOUT), 0);
  upload.connection->write("x");
  EXPECT_EQ(option_of(upload, IPPROTO_TCP, TCP_USER_TIMEOUT), 0);
  EXPECT_EQ(option_of(upload, SOL_SOCKET, SO_KEEPALIVE), 1);
}

TEST_F(Pool, AHostThatIsHeardOfMayBeSentMore) {
  Request& many = connect();
  const std::string part(24u << 10, 'x');
  for (int i = 0; i < 10; ++i) {
    many.connection->write(part);
    many.connection->note_heard();
  }
  EXPECT_NE(option_of(many, IPPROTO_TCP, TCP_USER_TIMEOUT), 0);
}

TEST_F(Pool, AfterAnUploadTheNextRequestsHostIsWatchedAgain) {
  Request& upload = connect();
  const std::string part(7u << 10, 'x');
  for (int i = 0; i < 7; ++i) {
    upload.connection->write(part);
    for (std::size_t left = part.size(); left > 0;) {
      const std::string got = peers_.back().receive();
      ASSERT_FALSE(got.empty());
      left -= got.size();
    }
  }
  EXPECT_EQ(option_of(upload, IPPROTO_TCP, TCP_USER_TIMEOUT), 0);
  answer(upload, peers_.back());
  release(upload);
  upload.connection = endpoint_->take_idle(upload);
  ASSERT_NE(upload.connection, nullptr);
  EXPECT_NE(option_of(upload, IPPROTO_TCP, TCP_USER_TIMEOUT), 0);
}

TEST_F(Pool, TheOneThatWasUsedLastComesFirst) {
  Request& first = connect();
  Request& second = connect();
  Connection* const last = first.connection.get();
  release(second);
  release(first);
  next_.connection = endpoint_->take_idle(next_);
  EXPECT_EQ(next_.connection.get(), last);
  Connection::close(std::move(next_.connection));
}

TEST_F(Pool, NoMoreThanItsLimitAreKept) {
  options_.idle_max = 2;
  for (int i = 0; i < 3; ++i) connect();
  for (Request& request : requests_) release(request);
  EXPECT_EQ(open(), 2u);
}

TEST_F(Pool, AnEndpointWithAllItsConnectionsIsFullUnlessOneRests) {
  options_.connections_max = 2;
  Request& first = connect();
  SocketStream& peer = peers_.back();
  EXPECT_FALSE(endpoint_->is_full());
  connect();
  EXPECT_TRUE(endpoint_->is_full());
  answer(first, peer);
  release(first);
  EXPECT_FALSE(endpoint_->is_full());
  connect();
  EXPECT_EQ(open(), 2u) << "the one at rest made room";
  EXPECT_TRUE(endpoint_->is_full());
  Connection::close(std::move(requests_.back().connection));
  EXPECT_FALSE(endpoint_->is_full());
}

TEST_F(Pool, AConnectionThatIsNotReusableIsClosed) {
  release(connect(), Connection::kNotReusable);
  EXPECT_EQ(open(), 0u);
  EXPECT_TRUE(peers_.back().at_end());
}

TEST_F(Pool, OneWithUnreadInputIsClosed) {
  Request& request = connect();
  peers_.back().send("answer");
  ASSERT_TRUE(turn_until([&] { return request.readable; }));
  release(request);
  EXPECT_EQ(open(), 0u);
}

// As the end of a body is, whose length is known.
TEST_F(Pool, OneThatWasReadToItsLastByteIsKept) {
  Request& request = connect();
  const std::string text = "answer";
  peers_.back().send(text);
  ASSERT_TRUE(turn_until([&] { return request.readable; }));
  std::string buffer(text.size(), 0);
  ASSERT_EQ(read(request, buffer).bytes, text.size());
  ASSERT_TRUE(request.connection->is_readable()) << "nobody has said that this is all";
  release(request);
  EXPECT_TRUE(endpoint_->has_idle());
  EXPECT_EQ(open(), 1u);
}

TEST_F(Pool, OneWithUnsentOutputIsClosed) {
  Request& request = connect();
  request.connection->write(std::string(64u << 20, 'x'));
  ASSERT_GT(request.connection->unsent(), 0u);
  release(request);
  EXPECT_EQ(open(), 0u);
}

TEST_F(Pool, OneThatTheEndpointIsClosingIsClosed) {
  Request& request = connect();
  peers_.back().send("answer");
  peers_.back().finish_sending();
  ASSERT_TRUE(turn_until([&] { return request.readable; }));
  std::string buffer(64, 0);
  while (request.connection->is_readable()) {
    read(request, buffer);
    if (read(request, buffer).kind != net::IoResult::Kind::done) {
      break;
    }
  }
  release(request);
  EXPECT_EQ(open(), 0u);
}

TEST_F(Pool, OneOnWhichWeSaidThatNothingMoreComesIsClosed) {
  Request& request = connect();
  request.connection->write("all of it");
  ASSERT_EQ(request.connection->unsent(), 0u);
  request.connection->finish_sending();
  release(request);
  EXPECT_EQ(open(), 0u);
}

TEST_F(Pool, OneThatIsStillConnectingIsClosed) {
  Request& request = requests_.emplace_back();
  request.connection = Connection::connect(*loop_, endpoint_, request, milliseconds(5'000));
  release(request);
  EXPECT_EQ(open(), 0u);
  EXPECT_EQ(endpoint_->take_idle(next_), nullptr);
}

TEST_F(Pool, OneOfAnEndpointThatLeftIsClosed) {
  Request& busy = connect();
  release(connect());
  endpoint_->retire();
  EXPECT_EQ(open(), 1u);
  release(busy);
  EXPECT_EQ(open(), 0u);
}

TEST_F(Pool, OneThatRestedItsTimeIsClosed) {
  options_.idle_timeout = milliseconds(1);
  release(connect());
  EXPECT_TRUE(turn_until([&] { return open() == 0; }));
}

TEST_F(Pool, OneRestsForNoLongerThanTheEndpointKeepsIt) {
  Request& kept = connect();
  release(connect(), milliseconds(1));
  release(kept);
  EXPECT_TRUE(turn_until([&] { return open() == 1; }));
  next_.connection = endpoint_->take_idle(next_);
  EXPECT_NE(next_.connection, nullptr);
  Connection::close(std::move(next_.connection));
}

TEST_F(Pool, OneThatTheEndpointClosedIsNotUsedThoughNoEventHasToldYet) {
  Request& request = connect();
  const int socket = request.connection->socket();
  release(request);
  peers_.back().close();
  wait_for_input(socket);
  EXPECT_EQ(endpoint_->take_idle(next_), nullptr);
  EXPECT_EQ(open(), 0u);
  EXPECT_EQ(counters_.upstream_reused.get(), 0u);
}

TEST_F(Pool, OneOnWhichAStrayAnswerCameIsNotUsedThoughNoEventHasToldYet) {
  Request& request = connect();
  const int socket = request.connection->socket();
  answer(request, peers_.back());
  release(request);
  peers_.back().send("stray");
  wait_for_input(socket);
  EXPECT_EQ(endpoint_->take_idle(next_), nullptr);
  EXPECT_EQ(open(), 0u);
  EXPECT_EQ(failures("unsolicited_bytes"), 1);
}

TEST_F(Pool, AnEndpointThatAnsweredUnaskedHasNoConnectionUsedAgainForNow) {
  release(connect());
  Request& request = connect();
  const int socket = request.connection->socket();
  Request& busy = connect();
  release(request);
  std::next(peers_.begin())->send("stray");
  wait_for_input(socket);
  EXPECT_EQ(endpoint_->take_idle(next_), nullptr);
  release(busy);
  EXPECT_EQ(open(), 0u);
}

// A pool of an endpoint that answered unasked, and is trusted again after a moment.
// Of Pods that were replaced while they answered nobody.
TEST_F(Pool, AConnectionIsCountedForItsClusterAlsoWhenItsEndpointIsNoLongerThere) {
  Cluster cluster{std::make_shared<config::Cluster>(), 0};
  const auto lead_to = [&](std::uint16_t port) {
    auto config = std::make_shared<config::Cluster>();
    config->endpoints.push_back({"127.0.0.1", port});
    cluster.update(config, options_, counters_);
  };
  lead_to(address_.port());
  const Cluster::Tried none;
  endpoint_ = cluster.pick(loop_->now(), {none}).endpoint;
  Request& request = connect();
  EXPECT_EQ(cluster.connections_open(), 1u);
  lead_to(1);
  EXPECT_EQ(cluster.connections_open(), 1u);
  Connection::close(std::move(request.connection));
  EXPECT_EQ(cluster.connections_open(), 0u);
  cluster.retire();
}

class WaryPool : public Pool {
 protected:
  explicit WaryPool(milliseconds silence = milliseconds(1)) {
    options_.mistrust = {.min = milliseconds(1), .max = milliseconds(60'000), .silence = silence};
    endpoint_ = std::make_shared<Endpoint>(address_, unowned(options_), counters_);
    endpoint_->on_unsolicited_bytes(loop_->now());
    const base::SteadyTime noted = loop_->now();
    turn_until([&] { return loop_->now() > noted + milliseconds(1); });
  }
};

TEST_F(WaryPool, TheOneThatWasSilentForLongestComesFirst) {
  Request& first = connect();
  Request& second = connect();
  Connection* const longest = first.connection.get();
  release(first);
  release(second);
  const base::SteadyTime released = loop_->now();
  ASSERT_TRUE(turn_until([&] { return loop_->now() > released + milliseconds(1); }));
  next_.connection = endpoint_->take_idle(next_);
  EXPECT_EQ(next_.connection.get(), longest);
  if (next_.connection != nullptr) Connection::close(std::move(next_.connection));
}

class PatientWaryPool : public WaryPool {
 protected:
  PatientWaryPool() : WaryPool(milliseconds(60'000)) {}
};

TEST_F(PatientWaryPool, OneThatWasNotSilentForLongEnoughRestsOn) {
  release(connect());
  EXPECT_EQ(endpoint_->take_idle(next_), nullptr);
  EXPECT_EQ(open(), 1u);
}

TEST_F(Pool, OneThatSaysThatItWaitedTooLongIsOnlyClosed) {
  Request& request = connect();
  const int socket = request.connection->socket();
  Request& other = connect();
  release(request);
  peers_.front().send("HTTP/1.1 408 Request Timeout\r\n\r\n");
  wait_for_input(socket);
  EXPECT_EQ(endpoint_->take_idle(next_), nullptr);
  EXPECT_EQ(failures("unsolicited_bytes"), 0);
  release(other);
  EXPECT_EQ(open(), 1u);
}

TEST_F(Pool, BehindADeadOneALiveOneIsFound) {
  Request& alive = connect();
  Request& dead = connect();
  const int socket = dead.connection->socket();
  release(alive);
  release(dead);
  peers_.back().close();
  wait_for_input(socket);
  next_.connection = endpoint_->take_idle(next_);
  EXPECT_NE(next_.connection, nullptr);
  EXPECT_EQ(open(), 1u);
  Connection::close(std::move(next_.connection));
}

TEST_F(Pool, OneThatTheEndpointClosesWhileItRestsIsClosed) {
  release(connect());
  peers_.back().close();
  EXPECT_TRUE(turn_until([&] { return open() == 0; }));
}

TEST_F(Pool, AnEventOfBytesThatWereReadIsNoReasonToCloseIt) {
  Request& request = connect();
  const int socket = request.connection->socket();
  peers_.back().send("answer");
  wait_for_input(socket);
  std::string buffer(64, 0);
  ASSERT_EQ(read(request, buffer).bytes, 6u);
  release(request);
  turn_once();
  EXPECT_EQ(open(), 1u);
}

// ---- Whether what was written can have been read

class Unread : public Pool {
 protected:
  // A connection on which one request was answered, taken for the next.
  Request& reuse() {
    Request& request = connect();
    request.connection->write("request");
    answer(request, peers_.back());
    release(request);
    request.connection = endpoint_->take_idle(request);
    EXPECT_NE(request.connection, nullptr);
    return request;
  }
  // Reads to the end, or to the failure.
  net::IoResult::Kind read_to_the_end(Request& request) {
    EXPECT_TRUE(turn_until([&] { return request.readable; }));
    std::string buffer(64, 0);
    return read(request, buffer).kind;
  }
};

TEST_F(Unread, WhatWasWrittenWhenTheEndpointHadEndedTheConnectionAlready) {
  Request& request = reuse();
  const int socket = request.connection->socket();
  peers_.back().receive();
  peers_.back().close();
  wait_for_input(socket);
  request.connection->write("next request");
  EXPECT_EQ(read_to_the_end(request), net::IoResult::Kind::closed);
  EXPECT_TRUE(request.connection->was_left_unread());
}

TEST_F(Unread, NotWhatArrivedBeforeTheEnd) {
  Request& request = reuse();
  peers_.back().receive();
  request.connection->write("n");
  EXPECT_EQ(peers_.back().receive(), "n");
  peers_.back().close();
  EXPECT_EQ(read_to_the_end(request), net::IoResult::Kind::closed);
  EXPECT_FALSE(request.connection->was_left_unread());
}

TEST_F(Unread, NotWhatArrivedAtAnEndpointThatOnlySaysNoMore) {
  Request& request = reuse();
  const int socket = request.connection->socket();
  peers_.back().receive();
  peers_.back().finish_sending();
  wait_for_input(socket);
  request.connection->write("next request");
  EXPECT_EQ(peers_.back().receive(), "next request");
  ASSERT_TRUE(turn_until([&] { return net::unacknowledged_bytes(socket) == 0; }));
  EXPECT_EQ(read_to_the_end(request), net::IoResult::Kind::closed);
  EXPECT_FALSE(request.connection->was_left_unread());
}

TEST_F(Unread, NotWhatAResetMayHaveAcknowledged) {
  Request& request = reuse();
  peers_.back().receive();
  request.connection->write("next request");
  peers_.back().reset();
  EXPECT_EQ(read_to_the_end(request), net::IoResult::Kind::failed);
  EXPECT_FALSE(request.connection->was_left_unread());
}

TEST_F(Unread, WhatComesBeforeAnyOfTheRequestArrivedIsNoAnswerToIt) {
  Request& request = reuse();
  peers_.back().receive();
  answer(request, peers_.back(), "to nobody");
  EXPECT_FALSE(request.connection->may_be_answered());
  request.connection->write("next request");
  EXPECT_EQ(peers_.back().receive(), "next request");
  answer(request, peers_.back());
  EXPECT_TRUE(request.connection->may_be_answered());
}

// Nothing is known of the endpoint, nor how soon it answers.
TEST_F(Unread, TheFirstStrayAnswerOfAnEndpointIsTold) {
  Request& request = reuse();
  answer(request, peers_.back(), "to nobody");
  EXPECT_TRUE(request.connection->is_stray_answer());
}

TEST_F(Unread, AnAnswerThatIsSoonerThanAllOthersIsAskedAfterAndStaysAnAnswer) {
  Request& request = reuse();
  for (int i = 0; i < 3; ++i) {
    peers_.back().receive();
    request.connection->write("next request");
    EXPECT_EQ(peers_.back().receive(), "next request");
    answer(request, peers_.back());
    EXPECT_FALSE(request.connection->is_stray_answer());
    release(request);
    request.connection = endpoint_->take_idle(request);
    ASSERT_NE(request.connection, nullptr);
    request.connection->write("request");
  }
}

TEST_F(Unread, OfAnEndpointThatAnsweredUnaskedEachAnswerIsAskedAfter) {
  options_.mistrust.min = milliseconds(1);
  options_.mistrust.silence = milliseconds(0);
  endpoint_ = std::make_shared<Endpoint>(address_, unowned(options_), counters_);
  Request& request = reuse();
  peers_.back().receive();
  request.connection->write("next request");
  EXPECT_EQ(peers_.back().receive(), "next request");
  answer(request, peers_.back());
  EXPECT_FALSE(request.connection->is_stray_answer());
  release(request);
  const base::SteadyTime noted = loop_->now();
  endpoint_->on_unsolicited_bytes(noted);
  ASSERT_TRUE(turn_until([&] { return loop_->now() > noted + options_.mistrust.min; }));
  request.connection = endpoint_->take_idle(request);
  ASSERT_NE(request.connection, nullptr);
  answer(request, peers_.back(), "to nobody, and late enough to be an answer");
  EXPECT_TRUE(request.connection->is_stray_answer());
}

TEST_F(Unread, OnAFreshConnectionNothingIsStray) {
  Request& request = connect();
  answer(request, peers_.back(), "of a server that speaks first");
  EXPECT_FALSE(request.connection->is_stray_answer());
}

// ---- Marks and probes

// Its port is bound, and refuses until somebody listens.
class PoolOfClosedPort : public Pool {
 protected:
  PoolOfClosedPort() {
    listener_ = net::Fd(::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    const auto any = net::SocketAddress::from_ip("127.0.0.1", 0).value();
    ::bind(listener_.get(), any.get(), any.size());
    address_ = net::local_address(listener_.get());
    endpoint_ = std::make_shared<Endpoint>(address_, unowned(options_), counters_);
  }
};

TEST_F(PoolOfClosedPort, ARefusedConnectMarksTheEndpointAndOneThatSucceedsForgetsIt) {
  Request& request = requests_.emplace_back();
  request.connection = Connection::connect(*loop_, endpoint_, request, milliseconds(5'000));
  if (request.connection != nullptr) {
    EXPECT_TRUE(turn_until([&] { return !request.failed.empty(); }));
    Connection::close(std::move(request.connection));
  }
  EXPECT_TRUE(endpoint_->is_marked());
  ASSERT_EQ(::listen(listener_.get(), 16), 0);
  connect();
  EXPECT_FALSE(endpoint_->is_marked());
}

TEST_F(PoolOfClosedPort, AProbeThatFailsKeepsTheMark) {
  endpoint_->on_connect_failed(loop_->now());
  Endpoint::begin_probe(endpoint_, *loop_, milliseconds(5'000));
  EXPECT_TRUE(turn_until([&] { return open() == 0; }));
  EXPECT_TRUE(endpoint_->is_marked());
  EXPECT_EQ(failures("connect_refused"), 1);
}

TEST_F(Pool, AProbeThatConnectsForgetsTheMarkAndFillsThePool) {
  endpoint_->on_connect_failed(loop_->now());
  Endpoint::begin_probe(endpoint_, *loop_, milliseconds(5'000));
  EXPECT_TRUE(turn_until([&] { return !endpoint_->is_marked(); }));
  EXPECT_EQ(counters_.upstream_probes.get(), 1u);
  next_.connection = endpoint_->take_idle(next_);
  EXPECT_NE(next_.connection, nullptr);
  Connection::close(std::move(next_.connection));
}

TEST_F(Pool, AnEndpointThatLeavesDropsItsProbe) {
  endpoint_->on_connect_failed(loop_->now());
  Endpoint::begin_probe(endpoint_, *loop_, milliseconds(5'000));
  endpoint_->retire();
  EXPECT_EQ(open(), 0u);
}

}  // namespace
}  // namespace proxy::upstream
