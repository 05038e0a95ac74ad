#include <memory>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "proxy/net/socket.h"
#include "proxy/session/listener.h"
#include "tests/support/raw_client.h"

namespace proxy::session {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

class Owner final : public Listener::Owner {
 public:
  void accept(net::Fd fd, const net::SocketAddress&, Entrance) override {
    clients.push_back(std::move(fd));
  }
  bool has_no_memory() const override { return lacks_memory; }
  bool is_full() const override { return clients.size() >= clients_max; }
  std::size_t handshakes_waiting() const override { return clients.size(); }
  bool make_room() override {
    ++asked_for_room;
    if (!gives_room || clients.empty()) return false;
    clients.erase(clients.begin());
    return true;
  }
  void note_pause(Listener::Pause pause) override { pauses.push_back(pause); }

  std::vector<net::Fd> clients;
  std::vector<Listener::Pause> pauses;
  std::size_t clients_max = 100;
  int asked_for_room = 0;
  bool gives_room = false;
  bool lacks_memory = false;
};

// A connect that succeeded stands in the kernel's queue: nothing is waited for.
class Accepting : public testing::Test {
 protected:
  void SetUp() override {
    loop_ = net::Loop::create().value();
    net::Fd fd = net::listen_on(net::SocketAddress::parse("127.0.0.1:0").value()).value();
    port_ = net::local_address(fd.get()).port();
    listener_ = std::make_unique<Listener>(*loop_, owner_, Listener::Limits{2, 4}, std::move(fd),
                                           Entrance{.secure = true});
  }
  void connect(std::size_t count) {
    for (std::size_t i = 0; i < count; ++i) {
      clients_.push_back(std::make_unique<support::RawClient>());
      ASSERT_TRUE(clients_.back()->connect(port_));
    }
    listener_->on_ready({.readable = true});
  }

  std::unique_ptr<net::Loop> loop_;
  Owner owner_;
  std::unique_ptr<Listener> listener_;
  std::uint16_t port_ = 0;
  std::vector<std::unique_ptr<support::RawClient>> clients_;
};

TEST_F(Accepting, StopsAheadOfTheHandshakesThatWaitAndGoesFurtherBeforeThePortIsClosed) {
  connect(6);
  listener_->accept_some();
  EXPECT_THAT(owner_.clients, SizeIs(2));
  EXPECT_TRUE(listener_->has_more());
  listener_->accept_rest();
  EXPECT_THAT(owner_.clients, SizeIs(4));
  EXPECT_THAT(owner_.pauses, IsEmpty());
}

TEST_F(Accepting, PausesWhereNobodyMakesRoomForThoseWhoCome) {
  owner_.clients_max = 1;
  connect(2);
  listener_->accept_some();
  EXPECT_THAT(owner_.clients, SizeIs(1));
  EXPECT_THAT(owner_.pauses, ElementsAre(Listener::Pause::full));
  EXPECT_FALSE(listener_->has_more());
}

TEST_F(Accepting, AsksNobodyToMakeRoomForNobody) {
  owner_.clients_max = 0;
  connect(0);
  listener_->accept_some();
  EXPECT_EQ(owner_.asked_for_room, 0);
  EXPECT_THAT(owner_.pauses, IsEmpty());
}

TEST_F(Accepting, WithoutMemoryTheSilentMakeRoomAndNobodyIsTaken) {
  owner_.lacks_memory = true;
  connect(1);
  listener_->accept_some();
  EXPECT_THAT(owner_.clients, IsEmpty());
  EXPECT_EQ(owner_.asked_for_room, 1);
  EXPECT_THAT(owner_.pauses, ElementsAre(Listener::Pause::no_memory));
}

}  // namespace
}  // namespace proxy::session
