#include <atomic>
#include <condition_variable>
#include <future>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/curl_transport.h"
#include "base/key.h"
#include "base/metrics.h"
#include "operator/control/file_identity.h"
#include "operator/control/server.h"
#include "proxy/config/wire.h"
#include "proxy/control/control_client.h"
#include "tests/support/captured_log.h"
#include "tests/support/temporary_directory.h"

namespace control {
namespace {

using proxy::config::Certificate;
using proxy::config::ProxyConfig;
using proxy::config::VirtualHost;
using testing::HasSubstr;

// Lets the token "good" in; "down" is an API server that cannot be asked.
class FakeAuthenticator final : public Authenticator {
 public:
  std::optional<Verdict> remembered(const std::string&) override { return std::nullopt; }
  Verdict check(const std::string& token, std::stop_token) override {
    if (token == "good") return {200, "proxy-1", ""};
    if (token == "down") return {503, "", "the API server is down"};
    return {401, "", "who is that?"};
  }
  base::SteadyTime renew_one(std::stop_token) override { return base::SteadyTime::max(); }
};

struct Files {
  support::TemporaryDirectory directory;
  std::string ca_pem, chain_pem, key_pem;

  Files() {
    const auto ca_key = base::PrivateKey::generate({});
    base::SelfSignedOptions ca;
    ca.names.common_name = "test CA";
    ca.names.dns_names = {"ca.test"};
    ca.is_ca = true;
    ca_pem = base::make_self_signed(*ca_key, ca).value();
    const auto key = base::PrivateKey::generate({});
    base::SelfSignedOptions leaf;
    leaf.names.dns_names = {"localhost"};
    leaf.names.ip_addresses = {"127.0.0.1"};
    chain_pem = base::sign_leaf(*key, leaf, ca_pem, *ca_key).value();
    key_pem = key->to_pem();
    write("ca.pem", ca_pem);
    write("tls.crt", chain_pem);
    write("tls.key", key_pem);
    write("token", "good\n");
  }

  std::string path(const std::string& name) const { return directory.path(name); }
  void write(const std::string& name, const std::string& text) const {
    directory.write(name, text);
  }
};

std::shared_ptr<const ProxyConfig> state(const std::string& host, const std::string& key = "") {
  ProxyConfig config;
  config.hosts[host] = std::make_shared<const VirtualHost>();
  if (!key.empty()) {
    config.certificates["a/tls"] = std::make_shared<const Certificate>(Certificate{"chain", key});
    config.sni[host] = "a/tls";
  }
  return std::make_shared<const ProxyConfig>(config);
}

class ControlServer : public testing::Test {
 protected:
  ControlServer() {
    identity_ = FileIdentity::open(files_.path("tls.crt"), files_.path("tls.key"), clock_).value();
    Server::Options options;
    options.http.tls = [this] { return identity_->get(); };
    options.on_acknowledged = [this] { ++acknowledged_; };
    server_ = Server::listen(options, authenticator_, clock_, registry_).value();
    base::CurlOptions curl;
    curl.ca_pem = files_.ca_pem;
    transport_ = base::make_curl_transport(curl);
  }

  std::string url(const std::string& path = "") const {
    return "https://127.0.0.1:" + std::to_string(server_->port()) + path;
  }

  // A poll that says nothing of what it speaks is one of today's, whose revisions publish()
  // returns.
  static std::string as_today(const std::string& path) {
    const bool says_so = path.find("&speaks=") != std::string::npos;
    return path.find("?") == std::string::npos || says_so ? path : path + "&speaks=revision.tree";
  }

  base::HttpResponse send(const std::string& method, const std::string& path,
                          const std::string& token = "good", const std::string& body = "") {
    base::HttpRequest request;
    request.method = method;
    request.url = url(as_today(path));
    request.body = body;
    if (!token.empty()) request.headers.emplace("authorization", "Bearer " + token);
    auto answer = transport_->send(request, {});
    EXPECT_TRUE(answer) << answer.error().message;
    return answer ? *answer : base::HttpResponse{};
  }

  Files files_;
  base::SystemClock clock_;
  prometheus::Registry registry_;
  FakeAuthenticator authenticator_;
  std::shared_ptr<FileIdentity> identity_;
  std::atomic<int> acknowledged_ = 0;  // counted by threads of the server
  std::unique_ptr<Server> server_;
  std::unique_ptr<base::HttpTransport> transport_;
};

// ---- Whose token is asked about

// Knows "known", and is asked about all others by an API server that does not answer until it is
// released.
class SlowAuthenticator final : public Authenticator {
 public:
  std::optional<Verdict> remembered(const std::string& token) override {
    if (token == "known") return Verdict{200, "proxy-1", ""};
    if (token == "hopeless") return Verdict{401, "", "this is no token"};
    return std::nullopt;
  }
  Verdict check(const std::string& token, std::stop_token stop) override {
    std::unique_lock lock(mutex_);
    ++asked_[token];
    changed_.notify_all();
    changed_.wait(lock, stop, [this] { return is_released_; });
    return {401, "", "who is that?"};
  }
  base::SteadyTime renew_one(std::stop_token) override {
    const std::lock_guard lock(mutex_);
    ++renewals_;
    changed_.notify_all();
    return base::SystemClock().steady_now() + std::chrono::hours(1);
  }

  void wait_until_asked(int count) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return asked() >= count; });
  }
  void wait_until_renewed(int count) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return renewals_ >= count; });
  }
  void release() {
    const std::lock_guard lock(mutex_);
    is_released_ = true;
    changed_.notify_all();
  }
  int times_asked(const std::string& token) {
    const std::lock_guard lock(mutex_);
    return asked_[token];
  }

 private:
  int asked() const {
    int sum = 0;
    for (const auto& [token, count] : asked_) sum += count;
    return sum;
  }
  std::mutex mutex_;
  std::condition_variable_any changed_;
  std::map<std::string, int> asked_;
  int renewals_ = 0;
  bool is_released_ = false;
};

class UnknownCallers : public testing::Test {
 protected:
  UnknownCallers() {
    Server::Options options;
    options.reviews.waiting_max = 4;
    options.reviews.per_origin_max = 4;
    options.unchecked_bytes_max = 100'000;
    options.checkers = 2;
    server_ = Server::listen(options, authenticator_, clock_, registry_).value();
    server_->publish(state("a.example"));
  }
  ~UnknownCallers() override { authenticator_.release(); }

  int status_for(const std::string& token, const std::string& body = "") {
    base::HttpRequest request;
    request.url = "http://127.0.0.1:" + std::to_string(server_->port()) +
                  (body.empty() ? "/v1/config?after=" : "/v1/certificates");
    if (!body.empty()) request.method = "POST";
    request.body = body;
    request.headers.emplace("authorization", "Bearer " + token);
    const auto answer = base::make_curl_transport({})->send(request, {});
    return answer ? answer->status : 0;
  }
  std::future<int> ask_with(const std::string& token, const std::string& body = "") {
    return std::async(std::launch::async, [this, token, body] { return status_for(token, body); });
  }

  base::SystemClock clock_;
  prometheus::Registry registry_;
  SlowAuthenticator authenticator_;
  std::unique_ptr<Server> server_;
};

TEST_F(UnknownCallers, DoNotKeepAKnownProxyWaiting) {
  std::vector<std::future<int>> strangers;
  for (const char* token : {"a", "b"}) strangers.push_back(ask_with(token));
  authenticator_.wait_until_asked(2);  // both threads are busy with them
  EXPECT_EQ(status_for("known"), 200);
  EXPECT_EQ(status_for("hopeless"), 401) << "nobody is asked about it, so it does not wait either";
  authenticator_.release();
  for (auto& stranger : strangers) EXPECT_EQ(stranger.get(), 401);
  EXPECT_EQ(authenticator_.times_asked("hopeless"), 0);
}

TEST_F(UnknownCallers, AreTurnedAwayWhenThereAreTooMany) {
  std::vector<std::future<int>> strangers;
  for (const char* token : {"a", "b"}) strangers.push_back(ask_with(token));
  authenticator_.wait_until_asked(2);
  // Four more find a place in the line; of these eight at least four do not, and hear it at once.
  for (int i = 0; i < 8; ++i) strangers.push_back(ask_with("c" + std::to_string(i)));
  int turned_away = 0;
  while (turned_away < 4) {
    for (auto& stranger : strangers) {
      if (!stranger.valid()) continue;
      if (stranger.wait_for(std::chrono::milliseconds(1)) != std::future_status::ready) continue;
      EXPECT_EQ(stranger.get(), 503);
      ++turned_away;
    }
  }
  authenticator_.release();
  for (auto& stranger : strangers) {
    if (!stranger.valid()) continue;
    EXPECT_EQ(stranger.get(), 401);
  }
}

TEST_F(UnknownCallers, WaitWithSoMuchToSayAndNoMore) {
  const std::string large(60'000, 'x');
  auto first = ask_with("a", large);
  authenticator_.wait_until_asked(1);
  EXPECT_EQ(status_for("b", large), 503);
  auto small = ask_with("c");
  authenticator_.wait_until_asked(2);
  authenticator_.release();
  EXPECT_EQ(first.get(), 401);
  EXPECT_EQ(small.get(), 401);
  EXPECT_EQ(status_for("d", large), 401) << "the room is there again";
}

TEST_F(UnknownCallers, AreNotWhoTheThreadsThatRenewVerdictsWaitFor) {
  auto a = ask_with("a"), b = ask_with("b");
  authenticator_.wait_until_asked(2);
  authenticator_.wait_until_renewed(2);
  authenticator_.release();
}

TEST_F(ControlServer, APollIsAnsweredWithTheStateOrWaitsForANewerOne) {
  const std::string first = server_->publish(state("a.example"));
  const auto full = send("GET", "/v1/config?after=&wait=60s");
  EXPECT_EQ(full.status, 200);
  EXPECT_EQ(proxy::config::delta_from_json(full.body)->revision, first);

  auto waiting = std::async(std::launch::async,
                            [&] { return send("GET", "/v1/config?after=" + first + "&wait=60s"); });
  // Whether the poll comes before or after this, it is answered with it.
  const std::string second = server_->publish(state("b.example"));
  const auto delta = proxy::config::delta_from_json(waiting.get().body);
  ASSERT_TRUE(delta);
  EXPECT_EQ(delta->revision, second);
  EXPECT_FALSE(delta->full);
}

TEST_F(ControlServer, NothingNewerIs304AndNothingAtAllIs503) {
  EXPECT_EQ(send("GET", "/v1/config?after=&wait=0s").status, 503);
  const std::string revision = server_->publish(state("a.example"));
  EXPECT_EQ(send("GET", "/v1/config?after=" + revision + "&wait=0s").status, 304);
}

TEST_F(ControlServer, EachAnswerToAPollSaysWhichReplicaGaveIt) {
  const std::string revision = server_->publish(state("a.example"));
  const auto header = proxy::config::kReplicaHeader;
  const auto full = send("GET", "/v1/config?after=&wait=0s").header(header);
  ASSERT_TRUE(full);
  EXPECT_GE(full->size(), 16u);
  EXPECT_EQ(send("GET", "/v1/config?after=" + revision + "&wait=0s").header(header), full);

  Server::Options options;
  options.http.tls = [this] { return identity_->get(); };
  prometheus::Registry registry;
  server_ = Server::listen(options, authenticator_, clock_, registry).value();
  server_->publish(state("a.example"));
  EXPECT_NE(send("GET", "/v1/config?after=&wait=0s").header(header), full) << "after a restart";
}

TEST_F(ControlServer, EachAnswerToAPollSaysHowManyProxiesAreReadyWhereThatIsKnown) {
  const std::string revision = server_->publish(state("a.example"));
  const auto header = proxy::config::kProxiesHeader;
  EXPECT_EQ(send("GET", "/v1/config?after=&wait=0s").header(header), std::nullopt);
  server_->set_ready_proxies(3);
  EXPECT_EQ(send("GET", "/v1/config?after=&wait=0s").header(header), "3");
  EXPECT_EQ(send("GET", "/v1/config?after=" + revision + "&wait=0s").header(header), "3");
}

TEST_F(ControlServer, ADoubtedStateIsSaidAgainAfterTheWaitAndAnotherAtOnce) {
  const std::string live(64, 'a');
  const std::string stale = server_->publish(state("a.example"));
  const auto again = send("GET", "/v1/config?after=" + live + "&wait=10ms&doubted=" + stale);
  EXPECT_EQ(proxy::config::revision_in_json(again.body), stale);

  auto other = std::async(std::launch::async, [&] {
    return send("GET", "/v1/config?after=" + live + "&wait=60s&doubted=" + stale);
  });
  const std::string newer = server_->publish(state("b.example"));
  EXPECT_EQ(proxy::config::revision_in_json(other.get().body), newer);
}

TEST_F(ControlServer, NobodyGetsInWithoutAValidToken) {
  server_->publish(state("a.example", "secret key"));
  EXPECT_EQ(send("GET", "/v1/config?after=", "").status, 401);
  EXPECT_EQ(send("GET", "/v1/config?after=", "bad").status, 401);
  EXPECT_EQ(send("GET", "/v1/config?after=", "down").status, 503);
  EXPECT_EQ(send("POST", "/v1/certificates", "bad", R"({"hashes": []})").status, 401);
}

TEST_F(ControlServer, CertificatesAreGivenByHashOnly) {
  const auto config = state("a.example", "secret key");
  server_->publish(config);
  const std::string hash = proxy::config::certificate_hash(*config->certificates.at("a/tls"));
  EXPECT_THAT(send("GET", "/v1/config?after=").body, Not(HasSubstr("secret key")));
  const auto given = send("POST", "/v1/certificates", "good",
                          proxy::config::hashes_to_json({hash, std::string(64, '0')}));
  const auto certificates = proxy::config::certificates_from_json(given.body);
  ASSERT_TRUE(certificates);
  ASSERT_EQ(certificates->size(), 1u);
  EXPECT_EQ(certificates->at(hash)->key_pem, "secret key");
}

TEST_F(ControlServer, EveryReplicaWithItsCertificateGivesTheSameTicketKeys) {
  Server::Options options;
  options.http.tls = [this] { return identity_->get(); };
  prometheus::Registry registry;
  const auto replica = Server::listen(options, authenticator_, clock_, registry).value();
  base::HttpRequest request;
  request.url = "https://127.0.0.1:" + std::to_string(replica->port()) + "/v1/ticket-keys";
  request.headers.emplace("authorization", "Bearer good");
  // At the turn of the hour they may differ once.
  std::string ours;
  std::string theirs = "?";
  for (int i = 0; i < 2 && ours != theirs; ++i) {
    ours = send("GET", "/v1/ticket-keys").body;
    theirs = transport_->send(request, {}).value().body;
  }
  EXPECT_EQ(ours, theirs);
  const auto keys = proxy::config::ticket_keys_from_json(ours);
  ASSERT_TRUE(keys) << keys.error().message;
  EXPECT_EQ(keys->size(), 4u);
  EXPECT_EQ(send("GET", "/v1/ticket-keys", "bad").status, 401);
  EXPECT_EQ(send("POST", "/v1/ticket-keys").status, 405);
}

TEST_F(ControlServer, WhatIsNoRequestOfOursIsRefusedWithASentence) {
  EXPECT_EQ(send("GET", "/").status, 404);
  EXPECT_EQ(send("POST", "/v1/config").status, 405);
  EXPECT_EQ(send("GET", "/v1/certificates").status, 405);
  EXPECT_EQ(send("GET", "/v1/config?after=1").status, 400);
  EXPECT_EQ(send("POST", "/v1/certificates", "good", "[").status, 400);
}

TEST_F(ControlServer, APollSaysWhatIsLiveInTheProxy) {
  const std::string revision = server_->publish(state("a.example"));
  send("GET", "/v1/config?after=&wait=0s");
  EXPECT_EQ(acknowledged_, 0);
  send("GET", "/v1/config?after=" + revision + "&wait=0s");
  EXPECT_EQ(acknowledged_, 1);
  ASSERT_EQ(server_->proxies().size(), 1u);
  EXPECT_EQ(server_->proxies()[0].revision, revision);
  EXPECT_THAT(server_->proxies()[0].proxy, HasSubstr("proxy-1"));
}

TEST_F(ControlServer, AProxyOfTheFirstReleaseIsUpToDateWithWhatItIsTold) {
  ProxyConfig config;
  VirtualHost host;
  host.default_route = proxy::config::DefaultRoute{proxy::config::FixedAnswer{404, "no_backend"},
                                                   proxy::config::Policies{.body_bytes_max = 7}};
  config.hosts["a.example"] = std::make_shared<const VirtualHost>(host);
  const std::string revision = server_->publish(std::make_shared<const ProxyConfig>(config));
  const std::string told =
      proxy::config::revision_in_json(send("GET", "/v1/config?after=&wait=0s&speaks=").body);
  EXPECT_NE(told, revision);
  EXPECT_EQ(send("GET", "/v1/config?wait=0s&proxy=old&speaks=&after=" + told).status, 304);
  EXPECT_EQ(acknowledged_, 1);
  EXPECT_TRUE(server_->is_live_everywhere());
  EXPECT_THAT(base::to_prometheus_text(registry_),
              HasSubstr("gatehouse_control_proxy_up_to_date{proxy=\"old\"} 1"));

  const std::string own = "&speaks=" + proxy::config::Dialect::own().text();
  EXPECT_EQ(send("GET", "/v1/config?wait=0s&after=" + revision + own).status, 304);
  EXPECT_EQ(send("GET", "/v1/config?wait=0s&after=" + told + own).status, 200);
  EXPECT_FALSE(server_->is_live_everywhere());
}

TEST_F(ControlServer, ARefusedStateIsCountedOnceAndNotSentAgain) {
  const std::string live = server_->publish(state("a.example"));
  const std::string bad = server_->publish(state("b.example"));
  const std::string poll = "/v1/config?wait=0s&reason=broken&after=" + live + "&rejected=" + bad;
  EXPECT_EQ(send("GET", poll).status, 304);
  EXPECT_EQ(send("GET", poll).status, 304);
  EXPECT_THAT(base::to_prometheus_text(registry_),
              HasSubstr("gatehouse_control_rejections_total 1"));
  server_->publish(state("c.example"));
  EXPECT_EQ(send("GET", poll).status, 200);
}

TEST_F(ControlServer, AProxyIsNamedInLogsAndMetrics) {
  const support::CapturedLog log;
  const std::string live = server_->publish(state("a.example"));
  const auto up_to_date = [](int value) {
    return "gatehouse_control_proxy_up_to_date{proxy=\"edge-7\"} " + std::to_string(value);
  };
  send("GET", "/v1/config?wait=0s&proxy=edge-7&after=" + live);
  EXPECT_THAT(base::to_prometheus_text(registry_), HasSubstr(up_to_date(1)));
  const std::string bad = server_->publish(state("b.example"));
  EXPECT_THAT(base::to_prometheus_text(registry_), HasSubstr(up_to_date(0)));
  send("GET", "/v1/config?wait=0s&proxy=edge-7&reason=no%20key&after=" + live + "&rejected=" + bad);
  EXPECT_THAT(log.text(),
              HasSubstr("proxy edge-7 (proxy-1 at 127.0.0.1) refuses configuration " +
                        bad.substr(0, 12) + " and keeps " + live.substr(0, 12) + ": no key"));
  // Without a name it is called what its token says.
  send("GET", "/v1/config?wait=0s&after=" + bad);
  const std::string text = base::to_prometheus_text(registry_);
  EXPECT_THAT(text, HasSubstr("gatehouse_control_proxy_up_to_date{proxy=\"proxy-1\"} 1"));
  EXPECT_THAT(text, Not(HasSubstr("edge-7")));
}

TEST_F(ControlServer, EndsAtOnceWhilePollsWait) {
  const std::string revision = server_->publish(state("a.example"));
  auto waiting = std::async(std::launch::async,
                            [&, path = url(as_today("/v1/config?wait=60s&after=" + revision))] {
                              base::HttpRequest request;
                              request.url = path;
                              request.headers.emplace("authorization", "Bearer good");
                              return transport_->send(request, {});
                            });
  while (server_->proxies().empty()) std::this_thread::yield();
  server_.reset();
  const auto answer = waiting.get();
  if (answer) {
    EXPECT_EQ(answer->status, 503);
  }
}

// ---- With the proxy's own client

class Sink final : public proxy::control::ConfigSink {
 public:
  base::Status publish(std::shared_ptr<const proxy::control::Snapshot> snapshot) override {
    const std::lock_guard lock(mutex_);
    snapshots_.push_back(std::move(snapshot));
    changed_.notify_all();
    return {};
  }
  std::shared_ptr<const proxy::control::Snapshot> wait_for(const std::string& revision) {
    std::unique_lock lock(mutex_);
    changed_.wait_for(lock, std::chrono::seconds(20), [&] {
      return !snapshots_.empty() && snapshots_.back()->revision == revision;
    });
    return snapshots_.empty() ? nullptr : snapshots_.back();
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<std::shared_ptr<const proxy::control::Snapshot>> snapshots_;
};

TEST_F(ControlServer, TheProxysClientFollowsIt) {
  Sink sink;
  proxy::control::ControlOptions options{url(), files_.path("ca.pem"), files_.path("token"),
                                         "edge-7"};
  const auto client = proxy::control::ControlClient::start(options, sink);
  ASSERT_TRUE(client) << client.error().message;
  const std::string first = server_->publish(state("a.example", "key one"));
  ASSERT_EQ(sink.wait_for(first)->revision, first);
  const std::string second = server_->publish(state("a.example", "key two"));
  const auto snapshot = sink.wait_for(second);
  ASSERT_EQ(snapshot->revision, second);
  EXPECT_EQ(snapshot->config->certificates.at("a/tls")->key_pem, "key two");
  ASSERT_EQ(server_->proxies().size(), 1u);
  EXPECT_EQ(server_->proxies()[0].name, "edge-7");
}

}  // namespace
}  // namespace control
