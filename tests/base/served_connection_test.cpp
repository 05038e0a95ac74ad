#include "base/served_connection.h"

#include <array>

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

namespace base {
namespace {

using namespace std::chrono_literals;

constexpr std::string_view kRequest = "GET / HTTP/1.1\r\nhost: a\r\n\r\n";
const SteadyTime kStart{1000s};

// A client that has been let in once, and what it says next.
class ServedClient : public testing::Test {
 protected:
  ServedClient() {
    std::array<int, 2> ends{};
    EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends.data()), 0);
    client_ = Descriptor(ends[0]);
    connection_.emplace(Descriptor(ends[1]), Peer{}, nullptr, RequestReader::Limits{}, times_,
                        kStart);
  }

  void say(std::string_view text) {
    EXPECT_EQ(::write(client_.get(), text.data(), text.size()), static_cast<ssize_t>(text.size()));
  }
  void be_served(SteadyTime now) {
    ASSERT_EQ(connection_->go_on(now), ServedConnection::State::waiting);
    connection_->take_request();
    HttpResponse response;
    response.status = 200;
    connection_->answer(response, false, now);
    ASSERT_EQ(connection_->go_on(now), ServedConnection::State::reading);
  }

  const HttpServer::Times times_{};
  Descriptor client_;
  std::optional<ServedConnection> connection_;
};

TEST_F(ServedClient, HasItsIdleTimeBetweenTwoRequests) {
  say(kRequest);
  be_served(kStart);
  EXPECT_EQ(connection_->deadline(), kStart + times_.idle);
  say(kRequest.substr(0, 5));
  connection_->go_on(kStart + 20s);
  EXPECT_EQ(connection_->deadline(), kStart + 20s + times_.request);
}

TEST_F(ServedClient, HasNoIdleTimeForARequestThatCameBehindTheOneBefore) {
  say(std::string(kRequest) + std::string(kRequest.substr(0, 5)));
  be_served(kStart);
  EXPECT_STREQ(connection_->awaited(), "request");
  EXPECT_EQ(connection_->deadline(), kStart + times_.request);
}

}  // namespace
}  // namespace base
