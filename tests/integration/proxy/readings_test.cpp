// Guarded paths in front of servers that read paths in their own way: Debian's nginx, which decodes
// and merges, and haproxy, which normalises before it passes on. Skipped where they are not.
#include <memory>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/integration/proxy/debian_servers.h"
#include "tests/integration/support/child_process.h"
#include "tests/proxy/support/http_client.h"
#include "tests/proxy/support/running_engine.h"
#include "tests/proxy/support/scripted_backend.h"

namespace integration {
namespace {

using proxy::support::HttpClient;
using proxy::support::RunningEngine;
using proxy::support::ScriptedBackend;
using proxy::support::SeenRequest;
using proxy::support::SocketStream;

constexpr const char* kSecret = "behind the guard";

// What an attacker would try; some of it reaches /admin/secret on one server, some on the other.
const std::vector<std::string> kSpellings = {"/admin/secret",
                                             "/%61dmin/secret",
                                             "/x/../admin/secret",
                                             "/x/%2e%2e/admin/secret",
                                             "/./admin/secret",
                                             "//admin/secret",
                                             "///admin//secret",
                                             "/x//../admin/secret",
                                             "/x//../../admin/secret",
                                             "/%2Fadmin/secret",
                                             "/%2f%2fadmin/secret",
                                             "/admin%2Fsecret",
                                             "/x/..%2Fadmin/secret",
                                             "/x/..%2fadmin%2fsecret",
                                             "/x%2F..%2Fadmin%2Fsecret",
                                             "/%2e/admin/secret",
                                             "/x/.%2e/admin/secret",
                                             "/x/%2e./admin/secret",
                                             "/admin/./secret",
                                             "/admin/x/../secret",
                                             "/admin//secret",
                                             "/admin/%73ecret",
                                             "/%2561dmin/secret",
                                             "/%252Fadmin/secret",
                                             "/admin;v=1/secret",
                                             "/x/..;/admin/secret",
                                             "/admin/secret;x",
                                             "/ADMIN/secret",
                                             "/admin/secret%3Fx",
                                             "/admin/secret%23",
                                             "/admin/secret%20",
                                             "/admin%5Csecret",
                                             "/x/..%5Cadmin/secret",
                                             "/%C0%AFadmin/secret",
                                             "http://shop.test//admin/secret",
                                             "http://shop.test/%61dmin/secret"};

proxy::config::ProxyConfig guarded(std::uint16_t port) {
  proxy::config::ProxyConfig config = proxy::support::shop({port});
  proxy::config::VirtualHost host = *config.hosts["shop.test"];
  proxy::config::Route guard;
  guard.path = "/admin";
  guard.action = proxy::config::FixedAnswer{503, "guarded"};
  host.routes.push_back(guard);
  config.hosts["shop.test"] = std::make_shared<const proxy::config::VirtualHost>(host);
  return config;
}

class Readings : public ::testing::Test {
 protected:
  std::unique_ptr<ChildProcess> start_nginx(int port) const {
    servers.write("root/index.html", "open");
    servers.write("root/x/index.html", "open");
    servers.write("root/admin/secret", kSecret);
    return servers.start_nginx(port, "server { listen 127.0.0.1:" + std::to_string(port) +
                                         "; root " + servers.path("root") + "; }");
  }

  std::unique_ptr<ChildProcess> start_haproxy(int port, int next) const {
    return servers.start_haproxy(
        port,
        "global\n expose-experimental-directives\n"
        "defaults\n mode http\n timeout connect 5s\n timeout client 5s\n timeout server 5s\n"
        "frontend f\n bind 127.0.0.1:" +
            std::to_string(port) +
            "\n http-request normalize-uri percent-decode-unreserved\n"
            " http-request normalize-uri path-merge-slashes\n"
            " http-request normalize-uri path-strip-dot\n"
            " http-request normalize-uri path-strip-dotdot full\n default_backend b\n"
            "backend b\n server s 127.0.0.1:" +
            std::to_string(next) + "\n");
  }

  // How many spellings reach the secret when nobody stands before the server; through the proxy
  // none may.
  static int secrets_without_and_with_proxy(int port) {
    RunningEngine proxy;
    EXPECT_TRUE(proxy.publish(guarded(static_cast<std::uint16_t>(port))));
    EXPECT_EQ(HttpClient::connect(proxy.http()).get("/").body, "open");
    EXPECT_EQ(HttpClient::connect(proxy.http()).get("//x/").body, "open");
    int reached = 0;
    for (const std::string& spelling : kSpellings) {
      const auto direct = HttpClient::connect(static_cast<std::uint16_t>(port)).get(spelling);
      if (direct.body == kSecret) ++reached;
      EXPECT_NE(HttpClient::connect(proxy.http()).get(spelling).body, kSecret) << spelling;
    }
    return reached;
  }

  DebianServers servers;
};

TEST_F(Readings, NoSpellingReachesAGuardedFileOfNginx) {
  if (!DebianServers::has_nginx()) GTEST_SKIP() << "needs nginx (nginx-light)";
  const int port = find_free_port();
  const auto nginx = start_nginx(port);
  EXPECT_GE(secrets_without_and_with_proxy(port), 12);
}

TEST_F(Readings, NoSpellingReachesAGuardedFileBehindAHaproxyThatNormalises) {
  if (!DebianServers::has_nginx() || !DebianServers::has_haproxy()) {
    GTEST_SKIP() << "needs nginx (nginx-light) and haproxy";
  }
  const int port = find_free_port();
  const auto nginx = start_nginx(port);
  const int front = find_free_port();
  const auto haproxy = start_haproxy(front, port);
  EXPECT_GE(secrets_without_and_with_proxy(front), 12);
}

TEST_F(Readings, TheBackendGetsThePathAsItWasSent) {
  ScriptedBackend backend([](SocketStream& stream, const SeenRequest&) {
    return stream.send(ScriptedBackend::ok("ok"));
  });
  RunningEngine proxy;
  ASSERT_TRUE(proxy.publish(guarded(backend.port())));
  for (const std::string path : {"//v2//x", "/a%2Fb", "/a;b=1/c", "/x/./y", "/a%5cb", "/A%20b"}) {
    EXPECT_EQ(HttpClient::connect(proxy.http()).get(path).status, 200) << path;
    EXPECT_EQ(backend.last().path, path);
  }
}

}  // namespace
}  // namespace integration
