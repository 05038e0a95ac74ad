#include <future>
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/tls_handshake.h"
#include "tests/base/local_server.h"

namespace base {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

TEST(TlsHandshake, ReadsTheLeafThatIsServedWithoutTrustingIt) {
  const TestIdentity identity = TestIdentity::make();
  const LocalServer server([](LocalServer::Peer& peer) { peer.wait_for_close(); }, &identity);
  const auto served = read_served_certificate("127.0.0.1", server.port(), "any.test", 10s, {});
  ASSERT_TRUE(served) << served.error().message;
  EXPECT_EQ(served->fingerprint_sha256, read_chain(identity.leaf_pem)->front().fingerprint_sha256);
}

TEST(TlsHandshake, AServerThatDoesNotSpeakTlsIsAProtocolError) {
  const LocalServer server([](LocalServer::Peer& peer) {
    peer.write("220 smtp.test ESMTP ready for you\r\n");
    peer.wait_for_close();
  });
  const auto served = read_served_certificate("127.0.0.1", server.port(), "any.test", 10s, {});
  ASSERT_FALSE(served);
  EXPECT_EQ(served.error().kind, ErrorKind::protocol) << served.error().message;
}

TEST(TlsHandshake, ASilentServerIsUnavailableAfterTheTimeout) {
  const LocalServer server([](LocalServer::Peer& peer) { peer.wait_for_close(); });
  const auto served = read_served_certificate("127.0.0.1", server.port(), "any.test", 100ms, {});
  ASSERT_FALSE(served);
  EXPECT_EQ(served.error().kind, ErrorKind::unavailable);
  EXPECT_THAT(served.error().message, HasSubstr("127.0.0.1:" + std::to_string(server.port())));
}

TEST(TlsHandshake, AStopEndsIt) {
  std::promise<void> connected;
  const LocalServer server([&](LocalServer::Peer& peer) {
    connected.set_value();
    peer.wait_for_close();
  });
  std::stop_source stop;
  std::jthread stopper([&] {
    connected.get_future().wait();
    stop.request_stop();
  });
  const auto served =
      read_served_certificate("127.0.0.1", server.port(), "any.test", 10min, stop.get_token());
  ASSERT_FALSE(served);
  EXPECT_EQ(served.error().kind, ErrorKind::cancelled);
}

TEST(TlsHandshake, APortWithoutAServerIsUnavailableAndANameIsInvalid) {
  std::uint16_t port = 0;
  {
    const LocalServer server([](LocalServer::Peer&) {});
    port = server.port();
  }
  const auto nobody = read_served_certificate("127.0.0.1", port, "any.test", 10s, {});
  ASSERT_FALSE(nobody);
  EXPECT_EQ(nobody.error().kind, ErrorKind::unavailable);
  const auto name = read_served_certificate("localhost", port, "any.test", 10s, {});
  ASSERT_FALSE(name);
  EXPECT_EQ(name.error().kind, ErrorKind::invalid);
}

}  // namespace
}  // namespace base
