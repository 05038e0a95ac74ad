#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <filesystem>
#include <fstream>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <stop_token>
#include <string>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "base/base64url.h"
#include "base/key.h"
#include "proxy/config/wire.h"
#include "proxy/control/control_client.h"
#include "proxy/control/file_source.h"
#include "proxy/control/snapshot_keeper.h"
#include "tests/proxy/support/running_engine.h"
#include "tests/proxy/support/silent_ports.h"
#include "tests/support/captured_log.h"

namespace proxy::control {
namespace {

using ::testing::HasSubstr;
constexpr std::chrono::seconds kPatience{20};

// Remembers what was published, and can be waited on.
class WaitingSink final : public ConfigSink {
 public:
  base::Status publish(std::shared_ptr<const Snapshot> snapshot) override {
    const std::lock_guard lock(mutex_);
    offered_.push_back(snapshot->revision);
    changed_.notify_all();
    if (delay_.erase(snapshot->revision) != 0) {
      return base::failure(base::ErrorKind::unavailable, "a worker is slow");
    }
    if (refuse_.contains(snapshot->revision)) {
      return base::failure(base::ErrorKind::invalid, "cannot serve it");
    }
    return {};
  }

  base::Status use_ticket_keys(const std::vector<std::string>& newest_first) override {
    const std::lock_guard lock(mutex_);
    ticket_keys_ = newest_first;
    changed_.notify_all();
    return {};
  }

  void refuse(const std::string& revision) {
    const std::lock_guard lock(mutex_);
    refuse_.insert(revision);
  }

  // Once there are some.
  std::vector<std::string> wait_for_ticket_keys() {
    std::unique_lock lock(mutex_);
    changed_.wait_for(lock, kPatience, [&] { return !ticket_keys_.empty(); });
    return ticket_keys_;
  }

  // Once, as when not every worker took it in time.
  void delay(const std::string& revision) {
    const std::lock_guard lock(mutex_);
    delay_.insert(revision);
  }

  bool wait_for_offers(std::size_t count) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, kPatience, [&] { return offered_.size() >= count; });
  }

  void on_proxies(std::uint32_t count) override {
    const std::lock_guard lock(mutex_);
    proxies_ = count;
  }
  std::uint32_t proxies() const {
    const std::lock_guard lock(mutex_);
    return proxies_;
  }

  void on_incomplete(std::string problem) override {
    const std::lock_guard lock(mutex_);
    incomplete_ = std::move(problem);
  }
  std::string incomplete() const {
    const std::lock_guard lock(mutex_);
    return incomplete_;
  }

  bool wait_for(const std::string& revision) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, kPatience,
                             [&] { return !offered_.empty() && offered_.back() == revision; });
  }

  std::vector<std::string> offered() const {
    const std::lock_guard lock(mutex_);
    return offered_;
  }

 private:
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<std::string> offered_;
  std::vector<std::string> ticket_keys_;
  std::set<std::string> refuse_;
  std::set<std::string> delay_;
  std::string incomplete_;
  std::uint32_t proxies_ = 0;  // nobody has said
};

class TemporaryDirectory {
 public:
  TemporaryDirectory() {
    std::string pattern =
        (std::filesystem::temp_directory_path() / "gatehouse-sources-XXXXXX").string();
    path_ = ::mkdtemp(pattern.data());
  }
  ~TemporaryDirectory() { std::filesystem::remove_all(path_); }
  std::string write(const std::string& name, const std::string& text) const {
    std::ofstream(path_ / (name + ".new")) << text;
    std::filesystem::rename(path_ / (name + ".new"), path_ / name);
    return (path_ / name).string();
  }

 private:
  std::filesystem::path path_;
};

config::ProxyConfig state(const std::string& host, const std::string& certificate = "one") {
  config::ProxyConfig config;
  config.hosts[host] = std::make_shared<const config::VirtualHost>();
  config.certificates["ns/tls"] =
      std::make_shared<const config::Certificate>(config::Certificate{certificate, "key"});
  return config;
}

TEST(FileSource, PublishesAtTheStartAndAfterEachChange) {
  const TemporaryDirectory directory;
  const auto first = state("a.example");
  const auto second = state("b.example");
  const std::string path = directory.write("config.json", config::config_to_json(first));
  WaitingSink sink;
  const auto source = FileSource::start(path, sink);
  ASSERT_TRUE(source) << source.error().message;
  EXPECT_EQ(sink.offered(), std::vector<std::string>{config::revision_of(first)});
  directory.write("config.json", "{ broken");
  directory.write("config.json", config::config_to_json(second));
  EXPECT_TRUE(sink.wait_for(config::revision_of(second)));
}

TEST(FileSource, APairThatCannotBeServedAtTheStartLeavesTheStateIncompleteUntilItIsMended) {
  const TemporaryDirectory directory;
  const auto junk = state("a.example");
  auto mended = junk;
  const auto key = base::PrivateKey::generate({}).value();
  base::SelfSignedOptions options;
  options.names.dns_names = {"a.example"};
  mended.certificates["ns/tls"] = std::make_shared<const config::Certificate>(
      config::Certificate{base::make_self_signed(key, options).value(), key.to_pem()});
  const std::string path = directory.write("config.json", config::config_to_json(junk));
  WaitingSink sink;
  const auto source = FileSource::start(path, sink);
  ASSERT_TRUE(source) << source.error().message;
  EXPECT_EQ(sink.offered().size(), 1u);  // the rest is served
  EXPECT_EQ(sink.incomplete(), path +
                                   ": certificate ns/tls: there is no CERTIFICATE block in the "
                                   "PEM text");
  directory.write("config.json", config::config_to_json(mended));
  ASSERT_TRUE(sink.wait_for(config::revision_of(mended)));
  EXPECT_EQ(sink.incomplete(), "");
  // What goes bad later is no reason to take the others out of service.
  const auto bad_again = state("b.example");
  directory.write("config.json", config::config_to_json(bad_again));
  ASSERT_TRUE(sink.wait_for(config::revision_of(bad_again)));
  EXPECT_EQ(sink.incomplete(), "");
}

TEST(FileSource, ABrokenFileAtTheStartIsAnError) {
  const TemporaryDirectory directory;
  WaitingSink sink;
  const auto broken = FileSource::start(directory.write("config.json", "{"), sink);
  ASSERT_FALSE(broken);
  EXPECT_THAT(broken.error().message, HasSubstr("config.json: the document: "));
  const auto missing = FileSource::start("/does/not/exist.json", sink);
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().message,
            "/does/not/exist.json: cannot be read: No such file or directory");
  EXPECT_TRUE(sink.offered().empty());
}

TEST(FileSource, AStateThatCannotBeServedAtTheStartIsAnError) {
  const TemporaryDirectory directory;
  const auto config = state("a.example");
  WaitingSink sink;
  sink.refuse(config::revision_of(config));
  const auto source =
      FileSource::start(directory.write("config.json", config::config_to_json(config)), sink);
  ASSERT_FALSE(source);
  EXPECT_THAT(source.error().message, HasSubstr("cannot serve it"));
}

TEST(FileSource, AStateThatNotEveryWorkerHasYetIsPublishedAgainThoughTheFileStays) {
  const TemporaryDirectory directory;
  const auto first = state("a.example");
  const auto second = state("b.example");
  WaitingSink sink;
  sink.delay(config::revision_of(second));
  const std::string path = directory.write("config.json", config::config_to_json(first));
  const auto source = FileSource::start(path, sink);
  ASSERT_TRUE(source) << source.error().message;
  directory.write("config.json", config::config_to_json(second));
  ASSERT_TRUE(sink.wait_for_offers(3));
  EXPECT_EQ(sink.offered().at(1), config::revision_of(second));
  EXPECT_EQ(sink.offered().at(2), config::revision_of(second));
}

// The operator's side of the protocol, in process: holds a state, answers polls, waits on none.
class TestOperator {
 public:
  void serve(const config::ProxyConfig& config) {
    const std::lock_guard lock(mutex_);
    config_ = config;
    states_[config::revision_of(config)] = config;
    changed_.notify_all();
  }
  void give_ticket_keys(std::vector<std::string> keys) {
    const std::lock_guard lock(mutex_);
    ticket_keys_ = std::move(keys);
  }
  // What it says of how many proxies are ready.
  void say_proxies(std::string text) {
    const std::lock_guard lock(mutex_);
    proxies_ = std::move(text);
  }
  void go_away() { set_down(true); }
  void come_back() { set_down(false); }

  base::Result<base::HttpResponse> answer(const base::HttpRequest& request,
                                          const std::stop_token& stop) {
    std::unique_lock lock(mutex_);
    requests_.push_back(request);
    changed_.notify_all();
    if (is_down_) {
      return base::failure(base::ErrorKind::unavailable, request.url + ": connection refused");
    }
    if (request.url.ends_with("/v1/certificates")) return certificates(request.body);
    if (request.url.ends_with("/v1/ticket-keys")) {
      if (ticket_keys_.empty()) return base::HttpResponse{404, {}, ""};
      return base::HttpResponse{200, {}, config::ticket_keys_to_json(ticket_keys_)};
    }
    const std::string after = parameter(request.url, "after");
    const std::string rejected = parameter(request.url, "rejected");
    const auto is_new = [&] {
      const std::string revision = config::revision_of(config_);
      return revision != after && revision != rejected;
    };
    const bool woken =
        changed_.wait_for(lock, stop, kPatience, [&] { return is_new() || is_down_; });
    if (stop.stop_requested()) return base::failure(base::ErrorKind::cancelled, "stopped");
    if (is_down_) return base::failure(base::ErrorKind::unavailable, "connection reset");
    if (!woken) return base::HttpResponse{304, {}, ""};
    const auto known = states_.find(after);
    const config::Delta delta = known == states_.end() ? config::full_state(config_)
                                                       : config::difference(known->second, config_);
    base::HttpResponse response{200, {}, config::delta_to_json(delta)};
    if (!proxies_.empty()) response.headers.emplace(config::kProxiesHeader, proxies_);
    return response;
  }

  // Waits until a request has come of which `check` is true.
  bool wait_for_request(const std::function<bool(const base::HttpRequest&)>& check) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(
        lock, kPatience, [&] { return std::any_of(requests_.begin(), requests_.end(), check); });
  }

  std::size_t fetches() const {
    const std::lock_guard lock(mutex_);
    return static_cast<std::size_t>(
        std::count_if(requests_.begin(), requests_.end(),
                      [](const auto& request) { return request.method == "POST"; }));
  }

 private:
  void set_down(bool is_down) {
    const std::lock_guard lock(mutex_);
    is_down_ = is_down;
    changed_.notify_all();
  }

  static std::string parameter(const std::string& url, const std::string& name) {
    const std::size_t at = url.find(name + "=");
    if (at == std::string::npos) return "";
    const std::size_t begin = at + name.size() + 1;
    return url.substr(begin, url.find('&', begin) - begin);
  }

  base::HttpResponse certificates(const std::string& body) const {
    config::CertificatesByHash found;
    for (const auto& [id, certificate] : config_.certificates) {
      const std::string hash = config::certificate_hash(*certificate);
      if (body.find(hash) != std::string::npos) found.emplace(hash, certificate);
    }
    return {200, {}, config::certificates_to_json(found)};
  }

  mutable std::mutex mutex_;
  std::condition_variable_any changed_;
  config::ProxyConfig config_;
  std::map<std::string, config::ProxyConfig> states_;
  std::vector<base::HttpRequest> requests_;
  std::vector<std::string> ticket_keys_;
  std::string proxies_;
  bool is_down_ = false;
};

class OperatorTransport final : public base::HttpTransport {
 public:
  explicit OperatorTransport(TestOperator& answers) : answers_(answers) {}
  base::Result<base::HttpResponse> send(const base::HttpRequest& request,
                                        std::stop_token stop) override {
    return answers_.answer(request, stop);
  }
  base::Result<base::HttpResponse> stream(const base::HttpRequest&, const OnHead&, const OnChunk&,
                                          std::stop_token) override {
    return base::failure(base::ErrorKind::invalid, "the control API is not a stream");
  }

 private:
  TestOperator& answers_;
};

// Looks like a bundle; that is all this client asks of it.
std::string ca_pem(const std::string& name) {
  return "-----BEGIN CERTIFICATE-----\n" + base::base64_encode(name) +
         "\n-----END CERTIFICATE-----\n";
}

class ControlClientTest : public ::testing::Test {
 protected:
  void start(std::optional<KeptState> kept = {}) {
    auto started = ControlClient::start_with(
        {"https://operator.test:9443/", ca_file_, token_file_},
        [this](const std::string& ca_pem) {
          cas_.push_back(ca_pem);
          return std::make_unique<OperatorTransport>(operator_);
        },
        sink_, std::move(kept));
    ASSERT_TRUE(started) << started.error().message;
    client_ = std::move(*started);
  }

  const TemporaryDirectory directory_;
  const std::string ca_file_ = directory_.write("ca.crt", ca_pem("CA 1"));
  const std::string token_file_ = directory_.write("token", "token-1\n");
  TestOperator operator_;
  WaitingSink sink_;
  std::vector<std::string> cas_;  // written by the client's thread, read after it ended
  std::unique_ptr<ControlClient> client_;
};

TEST_F(ControlClientTest, FollowsTheOperatorAndAcknowledgesEachState) {
  const auto first = state("a.example");
  const auto second = state("b.example");
  operator_.serve(first);
  start();
  ASSERT_TRUE(sink_.wait_for(config::revision_of(first)));
  operator_.serve(second);
  ASSERT_TRUE(sink_.wait_for(config::revision_of(second)));
  EXPECT_TRUE(operator_.wait_for_request([&](const base::HttpRequest& request) {
    return request.url.starts_with(
        "https://operator.test:9443/v1/config?after=" + config::revision_of(second) + "&wait=60s");
  }));
  EXPECT_EQ(operator_.fetches(), 1u);  // the certificate did not change
  EXPECT_EQ(client_->counts().applied, 2u);
}

TEST_F(ControlClientTest, TakesTheTicketKeysThatTheOperatorGivesToAllProxies) {
  const std::vector<std::string> keys = {std::string(80, 'a'), std::string(80, 'b')};
  operator_.give_ticket_keys(keys);
  operator_.serve(state("a.example"));
  start();
  EXPECT_EQ(sink_.wait_for_ticket_keys(), keys);
}

TEST_F(ControlClientTest, HearsHowManyProxiesShareALimitAndKeepsTheLastThatWasANumber) {
  const std::pair<const char*, std::uint32_t> answers[] = {
      {"", 0}, {"3", 3}, {"many", 3}, {"0", 3}, {"-1", 3}, {"4294967296", 3}, {"2", 2}, {"", 2}};
  bool is_first = true;
  for (std::size_t i = 0; i < std::size(answers); ++i) {
    const auto next = state("h" + std::to_string(i) + ".example");
    operator_.say_proxies(answers[i].first);
    operator_.serve(next);
    if (std::exchange(is_first, false)) start();
    ASSERT_TRUE(sink_.wait_for(config::revision_of(next)));
    EXPECT_EQ(sink_.proxies(), answers[i].second) << answers[i].first;
  }
}

TEST_F(ControlClientTest, SurvivesTheOperatorsAbsence) {
  const auto first = state("a.example");
  const auto second = state("b.example");
  operator_.serve(first);
  start();
  ASSERT_TRUE(sink_.wait_for(config::revision_of(first)));
  operator_.go_away();
  operator_.serve(second);
  operator_.come_back();
  EXPECT_TRUE(sink_.wait_for(config::revision_of(second)));
}

TEST_F(ControlClientTest, SaysWhomItCannotReachWithoutWhatItWouldHaveSaid) {
  const ::support::CapturedLog log;
  operator_.go_away();
  start();
  EXPECT_TRUE(support::eventually([&] {
    return log.text().find("https://operator.test:9443/v1/config: connection refused") !=
           std::string::npos;
  })) << log.text();
  EXPECT_EQ(log.text().find("speaks="), std::string::npos);
}

// As a replica of the operator that has just ended, which its Service still leads to.
TEST_F(ControlClientTest, WhoTakesNoConnectionIsGivenUpWhileChangesCanWait) {
  const ::support::CapturedLog log;
  const support::FullPort gone;
  auto started = ControlClient::start(
      {"https://127.0.0.1:" + std::to_string(gone.port()), ca_file_, token_file_}, sink_);
  ASSERT_TRUE(started) << started.error().message;
  EXPECT_TRUE(support::eventually([&] {
    return log.text().find("Timeout was reached") != std::string::npos;
  })) << log.text();
}

TEST_F(ControlClientTest, ReportsWhatCannotBeServed) {
  const auto good = state("a.example");
  const auto bad = state("b.example");
  sink_.refuse(config::revision_of(bad));
  operator_.serve(good);
  start();
  ASSERT_TRUE(sink_.wait_for(config::revision_of(good)));
  operator_.serve(bad);
  EXPECT_TRUE(operator_.wait_for_request([&](const base::HttpRequest& request) {
    return request.url.find("after=" + config::revision_of(good) +
                            "&wait=60s&rejected=" + config::revision_of(bad) +
                            "&reason=cannot%20serve%20it") != std::string::npos;
  }));
  EXPECT_EQ(client_->counts().rejected, 1u);
}

TEST_F(ControlClientTest, ReadsTokenAndCaAgainAsTheyRotate) {
  const auto first = state("a.example");
  operator_.serve(first);
  start();
  ASSERT_TRUE(sink_.wait_for(config::revision_of(first)));
  directory_.write("token", "token-2\n");
  directory_.write("ca.crt", ca_pem("CA 2"));
  const auto second = state("b.example");
  operator_.serve(second);
  ASSERT_TRUE(sink_.wait_for(config::revision_of(second)));
  // A poll under way at the change may have the old CA and the new token; the one after it has
  // both.
  const auto has = [](const std::string& token, const std::string& revision) {
    return [=](const base::HttpRequest& request) {
      const auto found = request.headers.find("authorization");
      return found != request.headers.end() && found->second == token &&
             request.url.find("after=" + revision) != std::string::npos;
    };
  };
  EXPECT_TRUE(operator_.wait_for_request(has("Bearer token-1", "")));
  EXPECT_TRUE(operator_.wait_for_request(has("Bearer token-2", config::revision_of(second))));
  client_.reset();
  EXPECT_EQ(cas_, (std::vector<std::string>{ca_pem("CA 1"), ca_pem("CA 2")}));
}

KeptState kept(const config::ProxyConfig& config) {
  return {make_snapshot(config), config::ValidConfig().changed_to(config).value(), 4};
}

TEST_F(ControlClientTest, ServesWhatWasKeptUntilTheOperatorAnswersAndAsksForTheChangeAlone) {
  const auto first = state("a.example");
  const auto second = state("b.example");
  operator_.serve(first);
  operator_.go_away();
  start(kept(first));
  EXPECT_EQ(sink_.offered(), std::vector<std::string>{config::revision_of(first)});  // at once
  EXPECT_EQ(sink_.proxies(), 4u);
  EXPECT_TRUE(operator_.wait_for_request([&](const base::HttpRequest& request) {
    return request.url.find("after=" + config::revision_of(first)) != std::string::npos;
  }));
  operator_.serve(second);
  operator_.come_back();
  EXPECT_TRUE(sink_.wait_for(config::revision_of(second)));
  EXPECT_EQ(operator_.fetches(), 0u);  // no private key is sent again
}

TEST_F(ControlClientTest, WhatWasKeptAndCannotBeServedIsAsIfItWereNotThere) {
  const auto first = state("a.example");
  const auto second = state("b.example");
  sink_.refuse(config::revision_of(first));
  operator_.serve(second);
  start(kept(first));
  EXPECT_TRUE(sink_.wait_for(config::revision_of(second)));
  EXPECT_TRUE(operator_.wait_for_request([&](const base::HttpRequest& request) {
    return request.url.find("after=&") != std::string::npos;
  }));
}

// ---- Keeping a state for the next process

class SnapshotKeeperTest : public ::testing::Test {
 protected:
  SnapshotKeeperTest() {
    options_ = {.path = directory_.write("state", ""),
                .key_file = directory_.write("key", std::string(32, 's')),
                .may_be_on_disk = true};
    path_ = options_.path;
    std::filesystem::remove(path_);
    file_.emplace(SnapshotFile::open(options_).value());
  }
  // The revision in the file; empty: it cannot be read.
  std::string kept() const {
    const auto read = file_->read(std::chrono::system_clock::now());
    return read ? read->snapshot->revision : "";
  }

  const TemporaryDirectory directory_;
  SnapshotFileOptions options_;
  std::string path_;
  std::optional<SnapshotFile> file_;
  WaitingSink sink_;
};

TEST_F(SnapshotKeeperTest, WhatIsLiveIsKeptAndWhatIsNotServedIsNot) {
  const auto keeper = SnapshotKeeper::start(*file_, sink_, {});
  const auto first = make_snapshot(state("a.example"));
  const auto refused = make_snapshot(state("b.example"));
  keeper->on_proxies(2);
  ASSERT_TRUE(keeper->publish(first));
  EXPECT_TRUE(support::eventually([&] { return kept() == first->revision; }));
  EXPECT_EQ(sink_.proxies(), 2u);
  sink_.refuse(refused->revision);
  EXPECT_FALSE(keeper->publish(refused));
  EXPECT_EQ(sink_.offered(), (std::vector<std::string>{first->revision, refused->revision}));
  EXPECT_EQ(kept(), first->revision);
}

TEST_F(SnapshotKeeperTest, WhatIsNotWrittenYetIsWrittenAtTheEnd) {
  const auto last = make_snapshot(state("c.example"));
  {
    const auto keeper = SnapshotKeeper::start(*file_, sink_, {.between = std::chrono::hours(1)});
    ASSERT_TRUE(keeper->publish(make_snapshot(state("a.example"))));
    ASSERT_TRUE(support::eventually([&] { return keeper->counts().written == 1; }));
    // One write at a time, however many there are.
    for (int i = 0; i < 20; ++i) {
      ASSERT_TRUE(keeper->publish(make_snapshot(state("h" + std::to_string(i) + ".example"))));
    }
    ASSERT_TRUE(keeper->publish(last));
    EXPECT_EQ(keeper->counts().written, 1u);
  }
  EXPECT_EQ(kept(), last->revision);
}

TEST_F(SnapshotKeeperTest, WhatTakesThePlaceOfAnotherWritesWhenThatHasEnded) {
  const auto first = make_snapshot(state("a.example"));
  const auto second = make_snapshot(state("b.example"));
  std::optional<SnapshotFile> before = SnapshotFile::open(options_).value();
  ASSERT_TRUE(before->write(*first, 1, std::chrono::system_clock::now()));
  const ::support::CapturedLog log;
  const auto keeper =
      SnapshotKeeper::start(*file_, sink_, {.after_failure = std::chrono::milliseconds(5)});
  ASSERT_TRUE(keeper->publish(second));
  EXPECT_TRUE(support::eventually([&] { return keeper->counts().failed >= 3; }));
  EXPECT_EQ(kept(), first->revision);
  EXPECT_NE(log.text().find("this one does when that has ended"), std::string::npos);
  before.reset();
  EXPECT_TRUE(support::eventually([&] { return kept() == second->revision; }));
}

TEST_F(SnapshotKeeperTest, WhatDoesNotChangeIsWrittenAgainAndAgain) {
  const auto keeper = SnapshotKeeper::start(
      *file_, sink_,
      {.between = std::chrono::milliseconds(1), .again = std::chrono::milliseconds(5)});
  ASSERT_TRUE(keeper->publish(make_snapshot(state("a.example"))));
  EXPECT_TRUE(support::eventually([&] { return keeper->counts().written >= 3; }));
}

TEST_F(SnapshotKeeperTest, AWriteThatFailsLeavesNothingAndIsSaidOnce) {
  const ::support::CapturedLog log;
  const auto keeper = SnapshotKeeper::start(*file_, sink_,
                                            {.between = std::chrono::milliseconds(1),
                                             .again = std::chrono::hours(1),
                                             .after_failure = std::chrono::milliseconds(5)});
  const auto first = make_snapshot(state("a.example"));
  const auto second = make_snapshot(state("b.example"));
  ASSERT_TRUE(keeper->publish(first));
  ASSERT_TRUE(support::eventually([&] { return kept() == first->revision; }));
  std::filesystem::create_directories(path_ + ".new/in the way");
  ASSERT_TRUE(keeper->publish(second));  // it is served all the same
  EXPECT_TRUE(support::eventually([&] { return keeper->counts().failed >= 3; }));
  EXPECT_EQ(kept(), "");
  std::filesystem::remove_all(path_ + ".new");
  EXPECT_TRUE(support::eventually([&] { return kept() == second->revision; }));
  EXPECT_TRUE(support::eventually(
      [&] { return log.text().find("is kept in " + path_ + " again") != std::string::npos; }));
  const std::string text = log.text();
  const std::size_t said = text.find("keeping the state for a restart");
  EXPECT_NE(said, std::string::npos);
  EXPECT_EQ(text.find("keeping the state for a restart", said + 1), std::string::npos);
}

TEST_F(ControlClientTest, EndsAtOnceDuringAPoll) {
  const auto first = state("a.example");
  operator_.serve(first);
  start();
  ASSERT_TRUE(sink_.wait_for(config::revision_of(first)));
  const auto before = std::chrono::steady_clock::now();
  client_.reset();
  EXPECT_LT(std::chrono::steady_clock::now() - before, kPatience / 2);
}

TEST(ControlClient, OptionsThatCannotWorkAreAnError) {
  const TemporaryDirectory directory;
  const std::string ca = directory.write("ca.crt", ca_pem("CA"));
  const std::string token = directory.write("token", "t");
  WaitingSink sink;
  struct {
    ControlOptions options;
    std::string says;
  } cases[] = {
      {{"http://operator", ca, token}, "must start with https://"},
      {{"", ca, token}, "must start with https://"},
      {{"https://operator", "/no/ca", token}, "/no/ca: cannot be read: No such file"},
      {{"https://operator", ca, "/no/token"}, "/no/token: cannot be read: No such file"},
      {{"https://operator", directory.write("empty", ""), token}, "is empty"},
      {{"https://operator", token, token}, "no CERTIFICATE block"},
      {{"https://operator", ca, directory.write("two", "one two\n")}, "one token"},
  };
  for (const auto& c : cases) {
    const auto started = ControlClient::start(c.options, sink);
    ASSERT_FALSE(started) << c.says;
    EXPECT_EQ(started.error().kind, base::ErrorKind::invalid);
    EXPECT_THAT(started.error().message, HasSubstr(c.says));
  }
}

}  // namespace
}  // namespace proxy::control
