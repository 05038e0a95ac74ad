#include <array>
#include <atomic>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include "proxy/admin/admin_server.h"

namespace proxy::admin {
namespace {

using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::StartsWith;

// A client's end of one connection.
class Client {
 public:
  explicit Client(std::uint16_t port) : descriptor_(::socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    const timeval patience{20, 0};
    ::setsockopt(descriptor_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
    is_connected_ =
        ::connect(descriptor_, reinterpret_cast<sockaddr*>(&address), sizeof(address)) == 0;
  }
  ~Client() { ::close(descriptor_); }
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  bool is_connected() const { return is_connected_; }
  void send(const std::string& bytes) {
    EXPECT_EQ(::send(descriptor_, bytes.data(), bytes.size(), MSG_NOSIGNAL),
              static_cast<ssize_t>(bytes.size()));
  }
  std::string read_to_end() {
    std::string all;
    std::array<char, 4096> piece;
    ssize_t got = 0;
    while ((got = ::recv(descriptor_, piece.data(), piece.size(), 0)) > 0) {
      all.append(piece.data(), static_cast<std::size_t>(got));
    }
    return all;
  }

 private:
  int descriptor_;
  bool is_connected_ = false;
};

class AdminServerTest : public ::testing::Test {
 protected:
  AdminServerTest() {
    auto started = AdminServer::listen(
        "127.0.0.1", 0,
        {.alive = [] { return base::Status(); },
         .ready =
             [this] {
               return is_ready_ ? base::Status()
                                : base::failure(base::ErrorKind::unavailable,
                                                "there is no configuration yet");
             },
         .metrics = [this] { return metrics_; }});
    EXPECT_TRUE(started) << started.error().message;
    server_ = std::move(*started);
  }

  std::string get(const std::string& path, const std::string& method = "GET") {
    Client client(server_->port());
    client.send(method + " " + path + " HTTP/1.1\r\nHost: proxy\r\n\r\n");
    return client.read_to_end();
  }

  std::atomic<bool> is_ready_{false};
  std::string metrics_ = "gatehouse_proxy_draining 0\n";  // not changed while requests run
  std::unique_ptr<AdminServer> server_;
};

TEST_F(AdminServerTest, SaysWhetherItLivesAndIsReady) {
  EXPECT_THAT(get("/livez"), AllOf(StartsWith("HTTP/1.1 200 OK\r\n"), EndsWith("\r\n\r\nok\n")));
  EXPECT_THAT(get("/readyz"), AllOf(StartsWith("HTTP/1.1 503 Service Unavailable\r\n"),
                                    EndsWith("there is no configuration yet\n")));
  is_ready_ = true;
  EXPECT_THAT(get("/readyz?verbose"), StartsWith("HTTP/1.1 200 OK\r\n"));
}

TEST_F(AdminServerTest, GivesMetricsAlsoWhenTheyAreManyBytes) {
  metrics_ = std::string(4u << 20, 'm') + "\n";
  const std::string answer = get("/metrics");
  EXPECT_THAT(answer.substr(0, 300), HasSubstr("Content-Type: text/plain; version=0.0.4"));
  EXPECT_EQ(answer.size() - answer.find("\r\n\r\n") - 4, metrics_.size());
}

TEST_F(AdminServerTest, RefusesWhatItDoesNotHave) {
  EXPECT_THAT(get("/"), StartsWith("HTTP/1.1 404 "));
  EXPECT_THAT(get("/livez", "POST"), StartsWith("HTTP/1.1 405 "));
  EXPECT_THAT(get("/livez", "HEAD"), EndsWith("Connection: close\r\n\r\n"));
  Client wrong(server_->port());
  wrong.send("nonsense\r\n\r\n");
  EXPECT_THAT(wrong.read_to_end(), StartsWith("HTTP/1.1 400 "));
}

TEST_F(AdminServerTest, ClientsThatSayNothingKeepNobodyWaiting) {
  std::vector<std::unique_ptr<Client>> silent;
  for (int i = 0; i < 100; ++i) {
    silent.push_back(std::make_unique<Client>(server_->port()));
    ASSERT_TRUE(silent.back()->is_connected());
  }
  silent.back()->send("GET /liv");
  EXPECT_THAT(get("/livez"), StartsWith("HTTP/1.1 200 OK\r\n"));
  EXPECT_EQ(silent.front()->read_to_end(), "");  // the oldest had to go
}

TEST_F(AdminServerTest, EndsWithConnectionsOpen) {
  Client open(server_->port());
  open.send("GET /livez HTTP/1.1\r\n");
  server_.reset();
  open.read_to_end();
}

TEST(AdminServer, AnAddressThatCannotBeListenedOnIsOneSentence) {
  const AdminServer::Pages pages{[] { return base::Status(); }, [] { return base::Status(); },
                                 [] { return std::string(); }};
  const auto first = AdminServer::listen("127.0.0.1", 0, pages);
  ASSERT_TRUE(first);
  const auto second = AdminServer::listen("127.0.0.1", (*first)->port(), pages);
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().message,
            "the admin endpoint: cannot listen on 127.0.0.1:" + std::to_string((*first)->port()) +
                ": Address already in use");
  EXPECT_FALSE(AdminServer::listen("proxy.example", 0, pages));
}

}  // namespace
}  // namespace proxy::admin
