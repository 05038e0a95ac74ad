// The program gatehouse-proxy with its real flags: what a user of --config FILE sees. If one of
// these fails, look at the program's own log, which the failure prints.
#include <algorithm>
#include <fstream>
#include <regex>
#include <sstream>
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>

#include "base/x509.h"
#include "tests/integration/support/child_process.h"
#include "tests/proxy/support/http_client.h"
#include "tests/proxy/support/running_engine.h"
#include "tests/proxy/support/scripted_backend.h"

namespace integration {
namespace {

using proxy::support::eventually;
using proxy::support::HttpClient;
using proxy::support::issue;
using proxy::support::ScriptedBackend;
using proxy::support::SeenRequest;
using proxy::support::serial_of;
using proxy::support::SocketStream;
using std::chrono::milliseconds;
using std::chrono::seconds;
using ::testing::HasSubstr;

std::string read_file(const std::filesystem::path& path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

// Runs a command line to its end; its output, and whether it succeeded.
struct Outcome {
  int exit_code = -1;
  std::string output;
};
Outcome run(const std::vector<std::string>& command, const std::filesystem::path& folder) {
  const auto path = folder / "command-output";
  std::filesystem::remove(path);
  const auto process = ChildProcess::start({.command = command, .environment = {}, .output = path});
  Outcome outcome;
  if (!process) return outcome;
  outcome.exit_code = (*process)->wait_for_exit(seconds(20)).value_or(-1);
  outcome.output = read_file(path);
  return outcome;
}

class Proxy : public ::testing::Test {
 protected:
  void write(const std::string& name, const std::string& text) {
    const auto aside = folder.path() / (name + ".new");
    std::ofstream(aside) << text;
    std::filesystem::rename(aside, folder.path() / name);
  }

  void write_certificate(const std::string& name, const proxy::config::Certificate& certificate) {
    write(name + ".key", certificate.key_pem.text());
    write(name + ".crt", certificate.chain_pem.text());
  }

  void write_config(const std::string& more_sni = {}) {
    write("config.json", R"({"clusters": {"shop": {"endpoints": ["127.0.0.1:)" +
                             std::to_string(backend.port()) + R"("]}},
      "hosts": {"shop.test": {"routes": [{"path": "/", "cluster": "shop"}]}},
      "certificates": {"shop": {"chainFile": "shop.crt", "keyFile": "shop.key"},
                       "broken": {"chainFile": "broken.crt", "keyFile": "broken.key"}},
      "sni": {"shop.test": "shop", "broken.test": "broken")" +
                             more_sni + "}}");
  }

  void start(const std::vector<std::string>& more_flags = {}) {
    write_certificate("shop", issue({"shop.test"}));
    write_certificate("broken", {issue({"broken.test"}).chain_pem, issue({"x"}).key_pem});
    write_config();
    std::vector<std::string> command = {GATEHOUSE_PROXY,    "--http-address",   "127.0.0.1:0",
                                        "--https-address",  "127.0.0.1:0",      "--admin-address",
                                        "127.0.0.1:0",      "--config",         path("config.json"),
                                        "--ports-file",     path("ports.json"), "--access-log",
                                        path("access.log"), "--workers",        "2"};
    if (std::count(more_flags.begin(), more_flags.end(), "--drain-grace") == 0) {
      command.insert(command.end(), {"--drain-grace", "0"});
    }
    command.insert(command.end(), more_flags.begin(), more_flags.end());
    command.insert(command.begin(), wrapper.begin(), wrapper.end());
    program = ChildProcess::start(
                  {.command = command, .environment = {}, .output = folder.path() / "log"})
                  .value();
    ASSERT_TRUE(eventually([&] { return std::filesystem::exists(path("ports.json")); }))
        << program->output();
    const std::string ports = read_file(path("ports.json"));
    std::smatch match;
    ASSERT_TRUE(std::regex_search(ports, match,
                                  std::regex(R"("http": (\d+), "https": (\d+), "admin": (\d+))")));
    http = static_cast<std::uint16_t>(std::stoi(match[1]));
    https = static_cast<std::uint16_t>(std::stoi(match[2]));
    admin = static_cast<std::uint16_t>(std::stoi(match[3]));
    ASSERT_TRUE(eventually([&] { return admin_status("/readyz") == 200; })) << program->output();
  }

  int admin_status(const std::string& page) {
    return HttpClient::connect(admin).get(page, "localhost").status;
  }

  SocketStream handshake(const std::string& name, std::string& error) {
    SocketStream stream = SocketStream::connect(https);
    error = stream.start_tls({name, "", nullptr});
    return stream;
  }

  std::string served_serial(const std::string& name) {
    std::string error;
    SocketStream stream = handshake(name, error);
    if (!error.empty()) return error;
    const base::X509Ptr leaf(SSL_get1_peer_certificate(stream.ssl()));
    unsigned char* der = nullptr;
    const int size = i2d_X509(leaf.get(), &der);
    const auto info =
        base::read_certificate_der({reinterpret_cast<char*>(der), static_cast<std::size_t>(size)});
    OPENSSL_free(der);
    return info.value().serial;
  }

  std::vector<std::string> curl(const std::vector<std::string>& arguments) {
    std::vector<std::string> command = {
        "curl",      "-sS",
        "-m",        "10",
        "--cacert",  path("shop.crt"),
        "--resolve", "shop.test:" + std::to_string(https) + ":127.0.0.1"};
    command.insert(command.end(), arguments.begin(), arguments.end());
    return command;
  }

  void load_many_streams() {
    const Outcome version = run({"h2load", "--version"}, folder.path());
    if (version.exit_code != 0) GTEST_SKIP() << "h2load (nghttp2-client) is not installed";
    const Outcome load =
        run({"h2load", "-n", "2000", "-c", "8", "-m", "32",
             "--connect-to=127.0.0.1:" + std::to_string(https), "https://shop.test/"},
            folder.path());
    EXPECT_THAT(load.output, HasSubstr("2000 succeeded, 0 failed")) << program->output();
  }

  std::string path(const std::string& name) { return (folder.path() / name).string(); }

  TemporaryFolder folder;
  std::atomic<bool> go{false};
  ScriptedBackend backend{[this](SocketStream& stream, const SeenRequest& request) {
    if (request.path == "/slow") eventually([&] { return go.load(); });
    return stream.send(ScriptedBackend::ok("hello from " + request.path));
  }};
  std::vector<std::string> wrapper;  // a program that starts the proxy
  std::unique_ptr<ChildProcess> program;
  std::uint16_t http = 0, https = 0, admin = 0;
};

TEST_F(Proxy, ServesCurlOverBothVersionsOfHttp) {
  start();
  const std::string url = "https://shop.test:" + std::to_string(https) + "/page";
  for (const char* version : {"--http1.1", "--http2"}) {
    const Outcome answer =
        run(curl({version, "-w", " %{http_code} HTTP/%{http_version}", url}), folder.path());
    EXPECT_EQ(answer.output, std::string("hello from /page 200 HTTP/") +
                                 (version == std::string("--http2") ? "2" : "1.1"));
  }
  EXPECT_EQ(admin_status("/livez"), 200);
  EXPECT_EQ(admin_status("/metrics"), 200);
  EXPECT_TRUE(eventually(
      [&] { return read_file(path("access.log")).find("\"HTTP/2\"") != std::string::npos; }));
}

// What a library does, seen from outside: OpenSSL's own client changes its keys, and asks for
// others (RFC 8446 §4.6.3).
TEST_F(Proxy, WithRecordsOfItsOwnServesCurlAndAClientThatChangesItsKeys) {
  start({"--tls-records", "own"});
  const std::string url = "https://shop.test:" + std::to_string(https) + "/page";
  for (const char* version : {"--http1.1", "--http2"}) {
    for (const char* newest : {"1.2", "1.3"}) {
      const Outcome answer =
          run(curl({version, "--tls-max", newest, "-w", " %{http_code}", url}), folder.path());
      EXPECT_EQ(answer.output, "hello from /page 200");
    }
  }
  // A command of s_client is the first letter of what it reads at a time.
  write("talk.sh", R"sh(
await() { until [ "$(grep -c "$1" "$2")" -ge "$3" ]; do sleep 0.05; done; }
ask() {
  printf 'GET /%s HTTP/1.1\r\nHost: shop.test\r\n\r\n' "$1"
  await "hello from /$1" said 1
}
: >said
: >told
{
  await Verif said 1
  ask first
  echo k
  await KEYUPDATE told 1
  ask second
  echo K
  await KEYUPDATE told 2
  ask third
  ask fourth
  echo Q
} | openssl s_client -tls1_3 -servername shop.test -connect "127.0.0.1:$1" >said 2>told
grep -o 'hello from /.*' said
)sh");
  const Outcome talk = run({"sh", "-c", "cd \"$1\" && sh ./talk.sh \"$2\"", "talk",
                            folder.path().string(), std::to_string(https)},
                           folder.path());
  EXPECT_THAT(talk.output, HasSubstr("first"));
  EXPECT_THAT(talk.output, HasSubstr("fourth")) << program->output();
}

TEST_F(Proxy, WithRecordsOfItsOwnManyHttp2StreamsFailNoRequest) {
  start({"--tls-records", "own"});
  load_many_streams();
}

TEST_F(Proxy, ManyHttp2StreamsFailNoRequest) {
  start();
  load_many_streams();
}

TEST_F(Proxy, ACertificateFileThatChangesIsServedWithoutOneFailedRequest) {
  start();
  std::atomic<bool> stop{false};
  std::atomic<int> good{0}, bad{0};
  const auto count = [&](bool is_good) { ++(is_good ? good : bad); };
  std::thread keep_alive([&] {
    std::string error;
    HttpClient client(handshake("shop.test", error));
    while (!stop) count(client.get("/").status == 200);
  });
  std::thread newcomers([&] {
    while (!stop) {
      std::string error;
      HttpClient client(handshake("shop.test", error));
      count(error.empty() && client.get("/").status == 200);
    }
  });
  for (int i = 0; i < 3; ++i) {
    const auto renewed = issue({"shop.test"});
    write_certificate("shop", renewed);
    EXPECT_TRUE(eventually([&] { return served_serial("shop.test") == serial_of(renewed); }))
        << program->output();
  }
  stop = true;
  keep_alive.join();
  newcomers.join();
  EXPECT_GT(good, 100);
  EXPECT_EQ(bad, 0) << program->output();
}

TEST_F(Proxy, ABrokenPairIsKeptOutAndNamed) {
  start();
  EXPECT_THAT(served_serial("broken.test"), HasSubstr("internal error"));
  EXPECT_EQ(served_serial("shop.test").find("error"), std::string::npos);
  EXPECT_THAT(program->output(), HasSubstr("certificate broken cannot be served"));
}

TEST_F(Proxy, AConfigurationThatBreaksLeavesTheLastGoodOneInPlace) {
  start();
  write("config.json", "{\"clusters\": 5}");
  EXPECT_TRUE(eventually([&] { return program->output().find("clusters: ") != std::string::npos; }))
      << program->output();
  EXPECT_EQ(HttpClient::connect(http).get("/").status, 200);
  EXPECT_EQ(admin_status("/readyz"), 200);
  EXPECT_THAT(HttpClient::connect(admin).get("/metrics", "localhost").body,
              HasSubstr("gatehouse_proxy_config_rejected_total 1\n"));
}

TEST_F(Proxy, ASignalToStopLosesNothingUnderLoad) {
  start();
  std::atomic<int> good{0}, bad{0};
  std::vector<std::thread> clients;
  for (int i = 0; i < 4; ++i) {
    clients.emplace_back([&] {
      for (;;) {
        HttpClient client = HttpClient::connect(http);
        if (client.stream().fd() < 0) return;  // nobody listens any more
        for (;;) {
          if (!client.send("GET / HTTP/1.1\r\nHost: shop.test\r\n\r\n")) break;
          const auto answer = client.read_answer();
          if (answer.status == 0) break;  // closed between two requests
          ++(answer.complete && answer.status == 200 ? good : bad);
          if (answer.field("connection") == "close") break;
        }
      }
    });
  }
  HttpClient slow = HttpClient::connect(http);
  slow.send("GET /slow HTTP/1.1\r\nHost: shop.test\r\n\r\n");
  ASSERT_TRUE(eventually([&] { return good > 50; }));
  ::kill(program->pid(), SIGTERM);
  EXPECT_TRUE(eventually([&] { return SocketStream::connect(http).fd() < 0; }));
  go = true;
  EXPECT_EQ(slow.read_answer().body, "hello from /slow");
  slow.stream().close();
  for (std::thread& client : clients) client.join();
  EXPECT_EQ(program->wait_for_exit(seconds(30)), 0) << program->output();
  EXPECT_EQ(bad, 0);
  EXPECT_THAT(program->output(), HasSubstr("every connection came to its end"));
}

TEST_F(Proxy, ASignalToStopFirstTellsThatItIsNotReadyAndThenClosesThePorts) {
  start({"--drain-grace", "1", "--drain-timeout", "20"});
  HttpClient idle = HttpClient::connect(http);
  EXPECT_EQ(idle.get("/").field("connection"), "");
  ::kill(program->pid(), SIGTERM);
  ASSERT_TRUE(eventually([&] { return admin_status("/readyz") == 503; }));
  const auto newcomer = HttpClient::connect(http).get("/");
  EXPECT_EQ(newcomer.status, 200) << program->output();
  EXPECT_EQ(newcomer.field("connection"), "close");
  EXPECT_TRUE(eventually([&] { return SocketStream::connect(http).fd() < 0; }));
  // The idle client's own end stays open: it must not hold the program up until the drain ends.
  EXPECT_EQ(program->wait_for_exit(seconds(15)), 0) << program->output();
  EXPECT_TRUE(idle.stream().at_end());
}

TEST_F(Proxy, ThatMuchTimeToStopFitsIntoWhatAPodHas) {
  const std::string help = run({GATEHOUSE_PROXY, "--help"}, folder.path()).output;
  const auto default_of = [&](const std::string& flag) {
    std::smatch match;
    const bool found = std::regex_search(help, match, std::regex(flag + R"( .*\]=([\d.]+))"));
    EXPECT_TRUE(found) << flag << " in " << help;
    return found ? std::stod(match[1]) : 1000;
  };
  EXPECT_LT(default_of("--drain-grace") + default_of("--drain-timeout"), 30);
}

TEST_F(Proxy, ASecondSignalStopsAtOnce) {
  start();
  HttpClient slow = HttpClient::connect(http);
  slow.send("GET /slow HTTP/1.1\r\nHost: shop.test\r\n\r\n");
  ASSERT_TRUE(eventually([&] { return backend.requests() == 1; }));
  ::kill(program->pid(), SIGTERM);
  EXPECT_TRUE(eventually([&] { return admin_status("/readyz") != 200; }));
  EXPECT_TRUE(program->is_running());
  ::kill(program->pid(), SIGTERM);
  EXPECT_EQ(program->wait_for_exit(seconds(15)), 0);
  EXPECT_THAT(program->output(), HasSubstr("1 connections were cut off"));
  go = true;
}

TEST_F(Proxy, ASlowClientIsSentAwayAfterItsTime) {
  start({"--header-timeout", "0.2"});
  HttpClient client = HttpClient::connect(http);
  client.send("GET / HT");
  EXPECT_EQ(client.read_answer().status, 408);
}

TEST_F(Proxy, SilentClientsLeaveDescriptorsForRequestsAndProbes) {
  wrapper = {"prlimit", "--nofile=200"};
  start();
  HttpClient customer = HttpClient::connect(http);
  EXPECT_EQ(customer.get("/").status, 200);
  std::vector<SocketStream> silent;
  for (int i = 0; i < 300; ++i) silent.push_back(SocketStream::connect(i % 2 == 0 ? http : https));
  EXPECT_TRUE(eventually([&] {
    return program->output().find("accepting clients pauses") != std::string::npos;
  })) << program->output();
  EXPECT_EQ(customer.get("/").status, 200);
  EXPECT_EQ(admin_status("/livez"), 200);
  EXPECT_EQ(admin_status("/readyz"), 200);
  EXPECT_THAT(program->output(), HasSubstr("the limit on open files, 200, allows for"));
}

TEST_F(Proxy, SmugglingIsRefused) {
  start();
  HttpClient client = HttpClient::connect(http);
  client.send(
      "POST / HTTP/1.1\r\nHost: shop.test\r\nContent-Length: 6\r\nTransfer-Encoding: "
      "chunked\r\n\r\n"
      "0\r\n\r\nG");
  EXPECT_EQ(client.read_answer().status, 400);
  EXPECT_TRUE(client.stream().at_end());
  EXPECT_EQ(backend.requests(), 0);
}

// Without those of the log, which begin with a time: they tell of limits and certificates.
std::ptrdiff_t lines_but_logged(const std::string& output) {
  std::istringstream lines(output);
  std::ptrdiff_t count = 0;
  for (std::string line; std::getline(lines, line);) {
    if (!std::regex_search(line, std::regex("^[0-9]{4}-[0-9]{2}-[0-9]{2}T"))) ++count;
  }
  return count;
}

TEST_F(Proxy, WhatCannotWorkIsOneSentenceAndAnExitCode) {
  start();
  const std::string taken = "127.0.0.1:" + std::to_string(http);
  const auto fails = [&](std::vector<std::string> flags, const std::string& says) {
    std::vector<std::string> command = {GATEHOUSE_PROXY};
    for (const std::string listener : {"--http-address", "--https-address", "--admin-address"}) {
      if (std::count(flags.begin(), flags.end(), listener) != 0) continue;
      command.insert(command.end(), {listener, "127.0.0.1:0"});
    }
    command.insert(command.end(), flags.begin(), flags.end());
    const Outcome outcome = run(command, folder.path());
    EXPECT_EQ(outcome.exit_code, 2) << says;
    EXPECT_THAT(outcome.output, HasSubstr(says));
    // Nothing before it, so nobody is told that a program listens that does not.
    EXPECT_EQ(outcome.output.find("listening"), std::string::npos) << outcome.output;
    EXPECT_LE(lines_but_logged(outcome.output), 2) << outcome.output;
  };
  fails({}, "nothing to serve");
  fails({"--config", path("nowhere.json")}, "nowhere.json");
  fails({"--config", path("config.json"), "--http-address", "80"}, "'80' has no port");
  write("wrong.json", R"({"clusters": 5})");
  fails({"--config", path("wrong.json")}, "wrong.json: ");
  for (const std::string listener : {"--http-address", "--https-address"}) {
    fails({"--config", path("config.json"), listener, taken}, taken + ": Address already in use");
  }
  fails({"--config", path("config.json"), "--admin-address", "127.0.0.1:" + std::to_string(admin)},
        "Address already in use");
  fails({"--config", path("config.json"), "--log-level", "loud"}, "loud");
  fails({"--config", path("config.json"), "--access-log", path("no/such/folder")},
        "no/such/folder");
  fails({"--config", path("config.json"), "--workers", "none"}, "--workers");
  fails({"--config", path("config.json"), "--unknown"}, "--unknown");
  fails({"--config", path("config.json"), "--proxy-protocol"},
        "--trusted-proxies must name at least one network");
  fails({"--control-url", "https://localhost:1", "--control-ca-file", path("no.pem"),
         "--control-token-file", path("no.token")},
        "no.pem");
  write("garbage", "neither a certificate\nnor a token\n");
  write("token", "token\n");
  const auto follows = [&](const char* ca, const char* token) {
    return std::vector<std::string>{"--control-url", "https://localhost:1",  "--control-ca-file",
                                    path(ca),        "--control-token-file", path(token)};
  };
  fails({"--control-url", "https://localhost:1"}, "--control-ca-file and --control-token-file");
  fails(follows("garbage", "token"), "garbage: has no CERTIFICATE block");
  fails(follows("shop.crt", "garbage"), "garbage: must hold one token");
  fails(follows("shop.crt", "no.token"), "no.token");
  const auto keeps = [&](const std::string& file, const std::string& key) {
    std::vector<std::string> arguments = follows("shop.crt", "token");
    for (const std::string& argument :
         {std::string("--snapshot-file"), file, std::string("--snapshot-key-file"), key}) {
      arguments.push_back(argument);
    }
    return arguments;
  };
  fails(keeps("/proc/state", path("key")), "--snapshot-file: /proc/state would be on a disk");
  std::vector<std::string> short_key = keeps(path("state"), path("token"));
  short_key.push_back("--snapshot-on-disk");
  fails(short_key, "token has 6 bytes: a key has 32 to 4096");
  fails({"--config", path("config.json"), "--snapshot-file", path("state")}, "--control-url");
}

}  // namespace
}  // namespace integration
