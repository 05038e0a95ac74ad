// One gatehouse-proxy takes over the ports of another under load, as two programs with their real
// flags: nobody's request fails.
#include <array>
#include <atomic>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iterator>
#include <memory>
#include <mutex>
#include <regex>
#include <set>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

#include "tests/integration/support/child_process.h"
#include "tests/proxy/support/http2_client.h"
#include "tests/proxy/support/http_client.h"
#include "tests/proxy/support/running_engine.h"
#include "tests/proxy/support/scripted_backend.h"

namespace integration {
namespace {

using proxy::support::eventually;
using proxy::support::Http2Client;
using proxy::support::HttpAnswer;
using proxy::support::HttpClient;
using proxy::support::issue;
using proxy::support::ScriptedBackend;
using proxy::support::SeenRequest;
using proxy::support::SocketStream;
using ::testing::HasSubstr;

struct Ports {
  std::uint16_t http = 0, https = 0, admin = 0;
};

struct Program {
  std::unique_ptr<ChildProcess> process;
  Ports ports;
};

class Takeover : public ::testing::Test {
 protected:
  ~Takeover() override { stop(); }

  std::string path(const std::string& name) const { return (folder_.path() / name).string(); }
  void write(const std::string& name, const std::string& text) const {
    std::ofstream(path(name)) << text;
  }

  Program start(const std::string& name, const Ports& at, const std::vector<std::string>& flags) {
    write("shop.key", shop_.key_pem.text());
    write("shop.crt", shop_.chain_pem.text());
    write("config.json", R"({"clusters": {"shop": {"endpoints": ["127.0.0.1:)" +
                             std::to_string(backend_.port()) + R"("]}},
      "hosts": {"shop.test": {"routes": [{"path": "/", "cluster": "shop"}]}},
      "certificates": {"shop": {"chainFile": "shop.crt", "keyFile": "shop.key"}},
      "sni": {"shop.test": "shop"}})");
    std::vector<std::string> command = {GATEHOUSE_PROXY,
                                        "--http-address",
                                        "127.0.0.1:" + std::to_string(at.http),
                                        "--https-address",
                                        "127.0.0.1:" + std::to_string(at.https),
                                        "--admin-address",
                                        "127.0.0.1:0",
                                        "--config",
                                        path("config.json"),
                                        "--ports-file",
                                        path(name + ".ports"),
                                        "--access-log",
                                        "off",
                                        "--drain-grace",
                                        "1"};
    command.insert(command.end(), flags.begin(), flags.end());
    Program program;
    program.process =
        ChildProcess::start({.command = command, .environment = {}, .output = path(name + ".log")})
            .value();
    EXPECT_TRUE(eventually([&] { return std::filesystem::exists(path(name + ".ports")); }))
        << program.process->output();
    std::ifstream file(path(name + ".ports"));
    const std::string text{std::istreambuf_iterator<char>(file), {}};
    std::smatch match;
    if (std::regex_search(text, match,
                          std::regex(R"("http": (\d+), "https": (\d+), "admin": (\d+))"))) {
      const auto port = [&](std::size_t i) {
        return static_cast<std::uint16_t>(std::stoi(match[i]));
      };
      program.ports = {port(1), port(2), port(3)};
    }
    const auto is_ready = [&] {
      return HttpClient::connect(program.ports.admin).get("/readyz", "localhost").status == 200;
    };
    EXPECT_TRUE(eventually(is_ready)) << program.process->output();
    return program;
  }

  SocketStream connect(const char* alpn) const {
    SocketStream stream = SocketStream::connect(ports_.https);
    if (!stream.start_tls({"shop.test", alpn, nullptr}).empty()) stream.close();
    return stream;
  }

  // Each request has a path of its own, so that one that reached the backend and is asked again
  // shows.
  std::string next_path() { return "/" + std::to_string(++paths_); }

  static bool is_good(const HttpAnswer& answer, const std::string& path) {
    return answer.complete && answer.status == 200 && answer.body == "hello from " + path;
  }
  // One request after the other on a connection, as long as that is kept. Where it ends before a
  // byte of an answer came, a client may ask once more on another one (RFC 9112 §9.3.1, RFC 9113
  // §8.7): seen_twice_ tells whether the backend had seen it.
  void keep_asking(const std::function<SocketStream()>& connect_anew, std::atomic<int>& answered) {
    std::string again;
    while (!stops_) {
      HttpClient client(connect_anew());
      for (bool is_kept = false, is_open = true; is_open && !stops_; is_kept = true) {
        const std::string path = again.empty() ? next_path() : std::exchange(again, {});
        client.send("GET " + path + " HTTP/1.1\r\nHost: shop.test\r\n\r\n");
        const HttpAnswer answer = client.read_answer();
        is_open = answer.status != 0 && answer.field("connection") != "close";
        if (is_good(answer, path)) {
          ++answered;
        } else if (answer.status == 0 && is_kept) {
          again = path;
        } else {
          ++failed_;
          is_open = false;
        }
      }
    }
  }

  void ask_anew(std::atomic<int>& answered) {
    while (!stops_) {
      const std::string path = next_path();
      HttpClient client = HttpClient::connect(ports_.http);
      ++(is_good(client.get(path), path) ? answered : failed_);
    }
  }

  // Some streams at once, round after round, until the connection is said to end.
  void keep_asking_by_http2(std::atomic<int>& answered) {
    constexpr std::size_t kAtOnce = 8;
    std::vector<std::string> again;
    while (!stops_) {
      Http2Client client(connect("h2"));
      bool is_kept = false;
      while (!stops_ && !client.got_goaway() && !client.is_over()) {
        std::vector<std::pair<int, std::string>> asked;
        std::vector<std::string> paths = std::exchange(again, {});
        while (paths.size() < kAtOnce) paths.push_back(next_path());
        for (const std::string& path : paths) asked.emplace_back(client.get(path), path);
        for (const auto& [stream, path] : asked) {
          const Http2Client::Answer& answer = client.wait(stream);
          if (answer.ended && answer.status == 200 && answer.body == "hello from " + path) {
            ++answered;
          } else if (answer.status == 0 && is_kept) {
            again.push_back(path);
          } else {
            ++failed_;
          }
        }
        is_kept = true;
      }
    }
  }

  void begin_load(const Ports& ports) {
    ports_ = ports;
    clients_.emplace_back(
        [this] { keep_asking([this] { return SocketStream::connect(ports_.http); }, kinds_[0]); });
    clients_.emplace_back([this] { keep_asking([this] { return connect(""); }, kinds_[1]); });
    clients_.emplace_back([this] { keep_asking_by_http2(kinds_[2]); });
    clients_.emplace_back([this] { ask_anew(kinds_[3]); });
  }
  // True once each kind of client has so many answers more than now.
  bool are_answered(int more) const {
    std::array<int, 4> before{};
    for (std::size_t i = 0; i < before.size(); ++i) before[i] = kinds_[i];
    return eventually([&] {
      for (std::size_t i = 0; i < before.size(); ++i) {
        if (kinds_[i] < before[i] + more) return false;
      }
      return true;
    });
  }
  void stop() {
    stops_ = true;
    for (std::thread& client : clients_) client.join();
    clients_.clear();
  }

  TemporaryFolder folder_;
  const proxy::config::Certificate shop_ = issue({"shop.test"});
  std::mutex mutex_;
  std::set<std::string> seen_;
  std::atomic<int> seen_twice_{0};
  ScriptedBackend backend_{[this](SocketStream& stream, const SeenRequest& request) {
    {
      const std::lock_guard lock(mutex_);
      if (!seen_.insert(request.path).second) ++seen_twice_;
    }
    return stream.send(ScriptedBackend::ok("hello from " + request.path));
  }};
  Ports ports_;
  std::atomic<bool> stops_{false};
  std::atomic<int> paths_{0}, failed_{0};
  std::array<std::atomic<int>, 4> kinds_{};  // answers: kept, kept in TLS, HTTP/2, new connections
  std::vector<std::thread> clients_;
};

TEST_F(Takeover, ASecondProgramTakesThePortsOverAndNoRequestFails) {
  Program first = start("first", {}, {"--workers", "2"});
  begin_load(first.ports);
  ASSERT_TRUE(are_answered(20)) << first.process->output();
  // With as many workers, with more, and with fewer.
  for (const std::string workers : {"2", "3", "1"}) {
    Program second = start("of " + workers, first.ports, {"--share-ports", "--workers", workers});
    ASSERT_EQ(second.ports.https, first.ports.https);
    ASSERT_TRUE(are_answered(20)) << second.process->output();
    ::kill(first.process->pid(), SIGTERM);
    EXPECT_EQ(first.process->wait_for_exit(std::chrono::seconds(25)), 0) << first.process->output();
    EXPECT_THAT(first.process->output(), HasSubstr("every connection came to its end"));
    EXPECT_TRUE(are_answered(20)) << second.process->output();
    first = std::move(second);
  }
  stop();
  EXPECT_EQ(failed_, 0);
  EXPECT_EQ(seen_twice_, 0);
}

}  // namespace
}  // namespace integration
