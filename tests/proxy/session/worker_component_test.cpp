// One worker alone, its loop held still while clients come, so that all are there in one turn.
#include <future>
#include <thread>
#include <vector>

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/openssl.h"
#include "proxy/net/socket.h"
#include "proxy/session/worker.h"
#include "tests/proxy/support/running_engine.h"
#include "tests/proxy/support/socket_stream.h"
#include "tests/support/captured_log.h"
#include "tests/support/temporary_directory.h"
#include "tests/support/without_descriptors.h"

namespace proxy::support {
namespace {

// While it lives, this process has no descriptor but those that are open.
class NoDescriptorsLeft {
 public:
  NoDescriptorsLeft() {
    ::getrlimit(RLIMIT_NOFILE, &before_);
    const int next = ::open("/dev/null", O_RDONLY | O_CLOEXEC);  // the lowest that is free
    ::close(next);
    rlimit now = before_;
    now.rlim_cur = static_cast<rlim_t>(next);
    EXPECT_EQ(::setrlimit(RLIMIT_NOFILE, &now), 0);
  }
  ~NoDescriptorsLeft() { ::setrlimit(RLIMIT_NOFILE, &before_); }
  NoDescriptorsLeft(const NoDescriptorsLeft&) = delete;
  NoDescriptorsLeft& operator=(const NoDescriptorsLeft&) = delete;

 private:
  rlimit before_{};
};

std::size_t count_of(std::string_view text, std::string_view word) {
  std::size_t count = 0;
  for (std::size_t at = 0; (at = text.find(word, at)) != std::string_view::npos; ++at) ++count;
  return count;
}

class OneWorker : public ::testing::Test {
 protected:
  void start(const session::Options& options = RunningEngine::quick()) {
    worker_ =
        session::Worker::create(options, *access_log_, nullptr, passwords_, inspectors_, 0).value();
    net::Fd https = net::listen_on(net::SocketAddress::from_ip("127.0.0.1", 0).value()).value();
    port_ = net::local_address(https.get()).port();
    worker_->accept_from(std::move(https), {.secure = true});
    thread_ = std::thread([this] { worker_->run(); });
  }
  std::uint16_t listen_in_plain() {
    net::Fd http = net::listen_on(net::SocketAddress::from_ip("127.0.0.1", 0).value()).value();
    const std::uint16_t port = net::local_address(http.get()).port();
    worker_->accept_from(std::move(http), {.secure = false});
    return port;
  }
  void TearDown() override {
    worker_->stop();
    thread_.join();
  }
  // From now until release() the loop does nothing.
  void hold() {
    std::promise<void> holds;
    worker_->loop().post([&holds, released = released_.get_future().share()] {
      holds.set_value();
      released.wait();
    });
    holds.get_future().wait();
  }
  void release() { released_.set_value(); }

  // So many clients are accepted, and have said their first words while nobody listened.
  void let_clients_speak(std::size_t count) {
    for (std::size_t i = 0; i < count; ++i) clients_.push_back(SocketStream::connect(port_));
    ASSERT_TRUE(eventually([&] { return counters().connections_open.get() == count; }));
    hold();
    const std::string hello = client_hello();
    for (SocketStream& client : clients_) ASSERT_TRUE(client.send(hello));
  }
  // Releases the loop, and returns how many handshakes had ended in every turn, before the step
  // that the turn ends with, until `enough`.
  std::vector<std::uint64_t> look_each_turn(const std::function<bool()>& enough) {
    std::vector<std::uint64_t> seen;
    std::promise<void> done;
    std::function<void()> look = [&] {
      seen.push_back(handshakes_ended());
      if (enough() || seen.size() == 1000) {
        done.set_value();
      } else {
        worker_->loop().post(look);
      }
    };
    worker_->loop().post(look);
    release();
    done.get_future().wait();
    return seen;
  }
  const admin::WorkerCounters& counters() const { return worker_->read_counters(); }
  // Handshakes that came to their end, which without certificates is a refusal.
  std::uint64_t handshakes_ended(std::string_view reason = {}) const {
    std::uint64_t sum = 0;
    for (const auto& [name, count] : counters().handshake_failures.read()) {
      if (reason.empty() || name == reason) sum += count;
    }
    return sum;
  }

  ::support::TemporaryDirectory directory_;
  std::unique_ptr<admin::AccessLog> access_log_ =
      admin::AccessLog::open(directory_.path("access.log")).value();
  session::PasswordChecks passwords_{{}};
  session::Inspectors inspectors_{{}};
  std::unique_ptr<session::Worker> worker_;
  std::thread thread_;
  std::promise<void> released_;
  std::uint16_t port_ = 0;
  std::vector<SocketStream> clients_;
};

TEST_F(OneWorker, MakesOneHandshakeStepATurn) {
  constexpr std::size_t kClients = 5;
  start();
  let_clients_speak(kClients);
  const std::vector<std::uint64_t> seen =
      look_each_turn([&] { return handshakes_ended() == kClients; });
  for (std::size_t i = 1; i < seen.size(); ++i) EXPECT_LE(seen[i] - seen[i - 1], 1u) << i;
  EXPECT_EQ(seen.back(), kClients);
}

TEST_F(OneWorker, MakesNoTlsForThoseWhoOnlyConnectOrWaitForTheirStep) {
  start();
  let_clients_speak(3);
  EXPECT_EQ(counters().tls_open.get(), 0u);
  release();
  EXPECT_TRUE(eventually([&] { return handshakes_ended() == 3; }));
}

TEST_F(OneWorker, MakesNoTlsForThoseWhoStopInTheMiddleOfTheirFirstWords) {
  start();
  SocketStream client = SocketStream::connect(port_);
  ASSERT_TRUE(eventually([&] { return counters().connections_open.get() == 1; }));
  const std::string hello = client_hello();
  std::size_t said = 0;
  for (const std::size_t part : {std::size_t{3}, hello.size() / 2}) {
    ASSERT_TRUE(client.send(hello.substr(said, part - said)));
    said = part;
    // What came before a task is seen in its turn, and stepped at that turn's end at the latest.
    for (int turn = 0; turn < 2; ++turn) {
      std::promise<void> turned;
      worker_->loop().post([&] { turned.set_value(); });
      turned.get_future().wait();
    }
    EXPECT_EQ(counters().tls_open.get(), 0u);
    EXPECT_EQ(counters().connections_open.get(), 1u);
  }
  ASSERT_TRUE(client.send(hello.substr(said)));
  EXPECT_TRUE(eventually([&] { return handshakes_ended() == 1; }));
}

TEST_F(OneWorker, CountsThoseWhoLeaveWithoutAWord) {
  start();
  SocketStream::connect(port_).close();
  EXPECT_TRUE(eventually([&] { return handshakes_ended("client_closed") == 1; }));
  EXPECT_TRUE(eventually([&] { return counters().connections_open.get() == 0; }));
}

TEST_F(OneWorker, RefusesThoseWhoSpeakLastWhenMoreHandshakesWaitThanCanBeMadeInTime) {
  session::Options options = RunningEngine::quick();
  options.handshakes_waiting_max = 2;
  start(options);
  let_clients_speak(5);
  release();
  EXPECT_TRUE(eventually([&] { return handshakes_ended() == 5; }));
  EXPECT_EQ(handshakes_ended("too_many_handshakes"), 3u);
  EXPECT_TRUE(eventually([&] { return counters().connections_open.get() == 0; }));
}

TEST_F(OneWorker, ThoseWhoLeaveBeforeTheirStepTakeNoTurnFromThoseWhoWait) {
  start();
  let_clients_speak(5);
  clients_[0].reset();
  clients_[1].close();  // after a whole ClientHello, which it may not cost a signature to read
  clients_[2].reset();
  clients_[3].finish_sending();
  // Four in the turn that sees them, and the last at that turn's end.
  EXPECT_EQ(look_each_turn([&] { return handshakes_ended() == 5; }),
            (std::vector<std::uint64_t>{4, 5}));
  EXPECT_EQ(handshakes_ended("client_closed"), 4u);
}

TEST_F(OneWorker, TakesNoMoreTlsClientsThanItCanSoonGreet) {
  session::Options options = RunningEngine::quick();
  options.handshakes_ahead_max = 2;
  start(options);
  hold();
  constexpr std::size_t kClients = 100;
  const std::string hello = client_hello();
  for (std::size_t i = 0; i < kClients; ++i) {
    clients_.push_back(SocketStream::connect(port_));
    ASSERT_TRUE(clients_.back().send(hello));
  }
  std::uint64_t most = 0;
  look_each_turn([&] {
    most = std::max(most, counters().connections_open.get());
    return handshakes_ended() == kClients;
  });
  EXPECT_EQ(handshakes_ended("too_many_handshakes"), 0u);
  // What one turn accepts, and what was accepted in the turn before and has not been heard yet.
  EXPECT_LT(most, kClients / 2);
}

// Many leave at once, and one asks after that.
TEST_F(OneWorker, WhoAsksDoesNotWaitForThoseWhoLeave) {
  constexpr std::size_t kLeaving = 200;
  start();
  const std::uint16_t port = listen_in_plain();
  for (std::size_t i = 0; i < kLeaving; ++i) clients_.push_back(SocketStream::connect(port));
  SocketStream calm = SocketStream::connect(port);
  ASSERT_TRUE(eventually([&] { return counters().connections_open.get() == kLeaving + 1; }));
  hold();
  for (std::size_t i = 0; i < kLeaving; i += 2) {
    clients_[i].reset();
    clients_[i + 1].close();
  }
  ASSERT_TRUE(calm.send("GET / HTTP/1.1\r\nHost: shop.test\r\n\r\n"));
  std::uint64_t open_when_asked = 0;
  look_each_turn([&] {
    const bool has_asked = counters().requests_http1.get() == 1;
    if (has_asked && open_when_asked == 0) open_when_asked = counters().connections_open.get();
    return counters().connections_open.get() == 1;
  });
  EXPECT_GT(open_when_asked, kLeaving / 2);
  EXPECT_EQ(counters().connections_open.get(), 1u);
}

// EMFILE of accept4().
TEST_F(OneWorker, WithoutDescriptorsAcceptingPausesIsCountedEachTimeAndSaidOnce) {
  const ::support::CapturedLog log;
  start();
  if (!::support::kMayBeWithoutDescriptors) GTEST_SKIP() << "UBSan needs descriptors";
  clients_.push_back(SocketStream::connect(port_));
  ASSERT_TRUE(eventually([&] { return counters().connections_open.get() == 1; }));
  hold();
  clients_.push_back(SocketStream::connect(port_));
  {
    const NoDescriptorsLeft none;
    release();
    EXPECT_TRUE(eventually([&] { return counters().accept_pauses_no_descriptors.get() >= 3; }));
    EXPECT_EQ(counters().connections_open.get(), 1u);
    EXPECT_EQ(counters().accept_pauses_full.get(), 0u);
  }
  // And goes on by itself.
  EXPECT_TRUE(eventually([&] { return counters().connections_open.get() == 2; }));
  EXPECT_EQ(count_of(log.text(), "no file descriptors or memory are left"), 1u);
}

TEST_F(OneWorker, WithoutDescriptorsTheClientThatIsSilentForLongestMakesRoom) {
  session::Options options = RunningEngine::quick();
  options.makes_room_after = options.newcomer_makes_room_after = std::chrono::milliseconds(0);
  start(options);
  if (!::support::kMayBeWithoutDescriptors) GTEST_SKIP() << "UBSan needs descriptors";
  for (std::size_t i = 1; i <= 2; ++i) {
    clients_.push_back(SocketStream::connect(port_));
    ASSERT_TRUE(eventually([&] { return counters().connections_open.get() == i; }));
  }
  hold();
  clients_.push_back(SocketStream::connect(port_));
  {
    const NoDescriptorsLeft none;
    release();
    EXPECT_TRUE(eventually([&] { return counters().connections_accepted_tls.get() == 3; }));
    EXPECT_TRUE(clients_[0].at_end());
  }
  EXPECT_EQ(counters().connections_made_room.get(), 1u);
  EXPECT_EQ(counters().connections_open.get(), 2u);
}

TEST_F(OneWorker, ALoopThatIsHeldUpDoesNotTickAndOneThatIsIdleDoes) {
  start();
  const auto ticks_after = [&](std::int64_t tick) {
    return eventually([&] { return worker_->last_tick_millis() > tick; });
  };
  EXPECT_TRUE(ticks_after(worker_->last_tick_millis()));  // by itself, every second
  hold();
  const std::int64_t held_at = worker_->last_tick_millis();
  worker_->loop().post([] {});
  EXPECT_EQ(worker_->last_tick_millis(), held_at);
  release();
  EXPECT_TRUE(ticks_after(held_at));
}

}  // namespace
}  // namespace proxy::support
