// The whole corpus of tests/golden/firewall against the proxy, at every level: what is blocked, and
// what is blocked wrongly, is the table of docs/firewall.md. UPDATE_GOLDEN=1 writes it, and the
// difference is then to be read.
#include <cstdlib>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "tests/proxy/support/firewall_corpus.h"
#include "tests/proxy/support/http_client.h"
#include "tests/proxy/support/running_engine.h"
#include "tests/proxy/support/scripted_backend.h"

namespace proxy::support {
namespace {

constexpr int kLevels = 4;
constexpr std::size_t kRequestsMin = 20;  // of each class, of either kind
constexpr const char* kPage = GATEHOUSE_DOCS_DIR "/firewall.md";
constexpr const char* kBegin = "<!-- what is blocked -->\n";
constexpr const char* kEnd = "<!-- end of what is blocked -->\n";

std::string read_file(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

// "sql_injection" as "sql injection".
std::string in_words(std::string name) {
  for (char& c : name) c = c == '_' ? ' ' : c;
  return name;
}

class FirewallCorpus : public ::testing::Test {
 protected:
  static session::Options options() {
    session::Options options = RunningEngine::quick();
    options.inspectors.wait_max = std::chrono::seconds(60);  // beside a busy machine, too
    return options;
  }
  static std::string host_of(int level) { return "level" + std::to_string(level) + ".test"; }

  void serve() {
    config::ProxyConfig config = shop({backend.port()});
    for (int level = 1; level <= kLevels; ++level) {
      const std::string id = std::to_string(level);
      config::Guards guards;
      guards.firewall = config::Firewall{.paranoia_level = static_cast<std::uint64_t>(level)};
      config.guards[id] = std::make_shared<const config::Guards>(guards);
      config::VirtualHost host = *config.hosts.at("shop.test");
      host.routes.at(0).path = "/";
      host.routes.at(0).policies.change().guards = id;
      config.hosts[host_of(level)] = std::make_shared<const config::VirtualHost>(host);
    }
    ASSERT_TRUE(proxy.publish(config));
  }
  // By the firewall, or before it by what the proxy takes for no request at all.
  bool is_blocked(const CorpusRequest& request, int level) {
    std::string text = request.text();
    const std::string host = "Host: shop.test";
    text.replace(text.find(host), host.size(), "Host: " + host_of(level));
    auto client = HttpClient::connect(proxy.http());
    client.send(text);
    const HttpAnswer answer = client.read_answer(request.method == "HEAD");
    EXPECT_TRUE(answer.status == 200 || answer.status == 403 || answer.status == 400)
        << answer.status << " for " << request.line;
    return answer.status != 200;
  }
  int blocked_of(const std::vector<CorpusRequest>& requests, int level) {
    int blocked = 0;
    for (const CorpusRequest& request : requests) blocked += is_blocked(request, level) ? 1 : 0;
    return blocked;
  }

  ScriptedBackend backend{[](SocketStream& stream, const SeenRequest& request) {
    return stream.send(request.method == "HEAD" ? "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n"
                                                : ScriptedBackend::ok("ok"));
  }};
  RunningEngine proxy{options()};
};

TEST_F(FirewallCorpus, WhatIsBlockedIsWhatThePageSays) {
  serve();
  std::string table =
      "| class | attacks | blocked at level 1 | 2 | 3 | 4 | harmless | blocked at level 1 | 2 | 3 "
      "| 4 |\n|---|---|---|---|---|---|---|---|---|---|---|\n";
  for (const CorpusClass& one : read_firewall_corpus(GATEHOUSE_GOLDEN_DIR "/firewall")) {
    EXPECT_GE(one.attacks.size(), kRequestsMin) << one.name;
    EXPECT_GE(one.harmless.size(), kRequestsMin) << one.name;
    table += "| " + in_words(one.name);
    for (const auto* const requests : {&one.attacks, &one.harmless}) {
      table += " | " + std::to_string(requests->size());
      for (int level = 1; level <= kLevels; ++level) {
        table += " | " + std::to_string(blocked_of(*requests, level));
      }
    }
    table += " |\n";
  }
  const std::string page = read_file(kPage);
  const std::size_t begin = page.find(kBegin) + std::string(kBegin).size();
  const std::size_t end = page.find(kEnd);
  ASSERT_TRUE(page.find(kBegin) != std::string::npos && end != std::string::npos) << kPage;
  if (std::getenv("UPDATE_GOLDEN") != nullptr) {
    std::ofstream(kPage, std::ios::binary) << page.substr(0, begin) << table << page.substr(end);
    return;
  }
  EXPECT_EQ(page.substr(begin, end - begin), table)
      << "run again with UPDATE_GOLDEN=1 if this is meant";
}

}  // namespace
}  // namespace proxy::support
