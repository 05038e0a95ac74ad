// The runtime over real sockets against the in-memory API server. When a test here fails and the
// unit tests pass, look at what the two believe of each other: kube/client.cpp's requests against
// tests/fakes/api_server.

#include <algorithm>
#include <condition_variable>
#include <filesystem>
#include <functional>
#include <mutex>
#include <string>
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "base/key.h"
#include "kube/config.h"
#include "kube/event_recorder.h"
#include "kube/leader_election.h"
#include "kube/reflector.h"
#include "kube/resources/event.h"
#include "kube/resources/ingress.h"
#include "kube/resources/secret.h"
#include "kube/resources/service.h"
#include "kube/watch_lines.h"
#include "tests/fakes/api_server/server.h"
#include "tests/fakes/clock.h"
#include "tests/support/temporary_directory.h"

using fakes::api_server::Server;
using kube::Ingress;
using kube::ObjectKey;
using kube::Secret;
using kube::Service;
using namespace std::chrono_literals;
using nlohmann::json;
using testing::HasSubstr;

namespace {

json secret(const std::string& name, const std::string& type = "Opaque") {
  json object = {{"metadata", {{"name", name}, {"namespace", "shop"}}}, {"type", type}};
  if (type == kube::kTlsSecretType) {
    object["data"] = {{"tls.crt", "Y2VydA=="}, {"tls.key", "a2V5"}};
  }
  return object;
}

json service(const std::string& name, int port = 80) {
  return {{"metadata", {{"name", name}, {"namespace", "shop"}}},
          {"spec", {{"ports", {{{"port", port}}}}}}};
}

class ApiServer : public testing::Test {
 protected:
  ApiServer() {
    fakes::api_server::ServerOptions options;
    options.bookmark_interval = 20ms;
    auto server = Server::start(options);
    if (!server) throw std::runtime_error(server.error().message);
    server_ = std::move(*server);
    client_ = make_client();
    const auto made = server_->apply_yaml(
        "apiVersion: v1\nkind: Namespace\nmetadata: {name: shop}\n---\n"
        "apiVersion: v1\nkind: Namespace\nmetadata: {name: gatehouse-system}\n---\n"
        "apiVersion: networking.k8s.io/v1\nkind: Ingress\n"
        "metadata: {name: www, namespace: shop}\n"
        "spec: {defaultBackend: {service: {name: web, port: {number: 80}}}}\n");
    if (!made) throw std::runtime_error(made.error().message);
    server_->forget_writes();
  }

  std::unique_ptr<kube::Client> make_client(kube::Client::Options options = {}) {
    const auto config = kube::parse_kubeconfig(server_->kubeconfig(), "/", "", clock_);
    if (!config) throw std::runtime_error(config.error().message);
    return kube::connect(*config, clock_, "gatehouse-test", options);
  }

  const base::SystemClock clock_;
  std::unique_ptr<Server> server_;
  std::unique_ptr<kube::Client> client_;
};

// ---- In a Pod

// A Pod's ServiceAccount as the kubelet mounts it: the files are links through ..data, which is
// made to point at another directory when one of them changes.
class ServiceAccountVolume {
 public:
  void update(const std::string& token, const std::string& ca) {
    const std::string version = ".." + std::to_string(++updates_);
    std::filesystem::create_directory(directory_.path(version));
    directory_.write(version + "/token", token);
    directory_.write(version + "/ca.crt", ca);
    directory_.write(version + "/namespace", "gatehouse-system");
    std::filesystem::create_symlink(version, directory_.path("..tmp"));
    std::filesystem::rename(directory_.path("..tmp"), directory_.path("..data"));
    if (updates_ > 1) {
      std::filesystem::remove_all(directory_.path(".." + std::to_string(updates_ - 1)));
      return;
    }
    for (const char* name : {"token", "ca.crt", "namespace"}) {
      std::filesystem::create_symlink(std::string("..data/") + name, directory_.path(name));
    }
  }
  void take_away() { directory_.remove("..data"); }
  std::string path() const { return directory_.path(); }

 private:
  support::TemporaryDirectory directory_;
  int updates_ = 0;
};

TEST(InAPod, TokenAndCaAreFollowedAsTheyRotate) {
  const auto start = [](std::uint16_t port, const std::string& token) {
    fakes::api_server::ServerOptions options;
    options.port = port;
    options.users.push_back({"operator", token, {"system:masters"}});
    auto server = Server::start(options);
    EXPECT_TRUE(server) << server.error().message;
    return server ? std::move(*server) : nullptr;
  };
  auto server = start(0, "token-1");
  ASSERT_NE(server, nullptr);
  const std::string port = server->url().substr(server->url().rfind(':') + 1);
  ServiceAccountVolume volume;
  volume.update("token-1", server->ca_pem());

  fakes::FakeClock clock;
  const auto config = kube::read_in_cluster_config(
      [&](const std::string& name) {
        return std::optional<std::string>(name == "KUBERNETES_SERVICE_HOST" ? "127.0.0.1" : port);
      },
      clock, volume.path());
  ASSERT_TRUE(config) << config.error().message;
  EXPECT_EQ(config->namespace_, "gatehouse-system");
  const auto client = kube::connect(*config, clock, "gatehouse-test");
  EXPECT_TRUE(client->get_path("/version"));

  // The same address, another CA, and the old token is not known any more.
  server.reset();
  server = start(static_cast<std::uint16_t>(std::stoi(port)), "token-2");
  ASSERT_NE(server, nullptr);
  const auto distrusted = client->get_path("/version");
  ASSERT_FALSE(distrusted);
  EXPECT_EQ(distrusted.error().kind, base::ErrorKind::denied);
  volume.update("token-2", "half of a file");
  EXPECT_FALSE(client->get_path("/version"));
  volume.take_away();
  EXPECT_FALSE(client->get_path("/version"));
  volume.update("token-2", server->ca_pem());
  const auto answer = client->get_path("/version");
  EXPECT_TRUE(answer) << answer.error().message;

  // What is trusted stays so while the files are away for a moment.
  volume.take_away();
  clock.advance(61s);
  EXPECT_TRUE(client->get_path("/version"));

  // A CA that the volume has no more is trusted for a minute at most.
  const auto key = base::PrivateKey::generate({}).value();
  volume.update("token-2", base::make_self_signed(key, {{"CA", {}, {}}, true}).value());
  clock.advance(59s);
  EXPECT_TRUE(client->get_path("/version"));
  clock.advance(1s);
  EXPECT_FALSE(client->get_path("/version"));
}

// ---- Client

TEST_F(ApiServer, AnObjectIsCreatedReadReplacedAndDeleted) {
  const auto created = client_->create(Secret::type(), secret("tls", kube::kTlsSecretType));
  ASSERT_TRUE(created) << created.error().message;
  auto read = client_->get<Secret>({"shop", "tls"});
  ASSERT_TRUE(read) << read.error().message;
  EXPECT_EQ(read->value("tls.crt"), "cert");

  json changed = *created;
  changed["data"]["tls.crt"] = "bmV3";
  const auto updated = client_->update(Secret::type(), changed);
  ASSERT_TRUE(updated) << updated.error().message;
  EXPECT_EQ(client_->get<Secret>({"shop", "tls"})->value("tls.crt"), "new");

  const auto stale = client_->update(Secret::type(), changed);
  ASSERT_FALSE(stale);
  EXPECT_EQ(stale.error().kind, base::ErrorKind::conflict);
  EXPECT_FALSE(kube::is_already_exists(stale.error()));

  const auto other = client_->delete_(Secret::type(), {"shop", "tls"}, {"another-uid", ""});
  ASSERT_FALSE(other);
  EXPECT_EQ(other.error().kind, base::ErrorKind::conflict);
  EXPECT_TRUE(client_->delete_(Secret::type(), {"shop", "tls"}, {read->metadata.uid, ""}));
  const auto gone = client_->get(Secret::type(), {"shop", "tls"});
  ASSERT_FALSE(gone);
  EXPECT_EQ(gone.error().kind, base::ErrorKind::not_found);
}

TEST_F(ApiServer, ATakenNameIsToldFromOtherConflicts) {
  ASSERT_TRUE(client_->create(Secret::type(), secret("one")));
  const auto taken = client_->create(Secret::type(), secret("one"));
  ASSERT_FALSE(taken);
  EXPECT_TRUE(kube::is_already_exists(taken.error()));
  EXPECT_THAT(taken.error().message, HasSubstr("creating Secret shop/one: "));
}

TEST_F(ApiServer, ApplyOwnsFieldsAndTakesThemOverOnlyByForce) {
  json wanted = secret("tls", kube::kTlsSecretType);
  ASSERT_TRUE(client_->apply(Secret::type(), wanted, {"gatehouse-operator"}));
  EXPECT_EQ(server_->writes().back().manager, "gatehouse-operator");
  wanted["data"]["tls.crt"] = "bmV3";
  const auto conflict = client_->apply(Secret::type(), wanted, {"somebody-else"});
  ASSERT_FALSE(conflict);
  EXPECT_EQ(conflict.error().kind, base::ErrorKind::conflict);
  EXPECT_TRUE(client_->apply(Secret::type(), wanted, {"somebody-else", true}));
  EXPECT_EQ(client_->get<Secret>({"shop", "tls"})->value("tls.crt"), "new");
}

TEST_F(ApiServer, AStatusIsWrittenForOneVersionAndLeavesTheSpecAlone) {
  const auto before = client_->get<Ingress>({"shop", "www"});
  ASSERT_TRUE(before) << before.error().message;
  const json patch = {{"status", {{"loadBalancer", {{"ingress", {{{"ip", "192.0.2.1"}}}}}}}},
                      {"spec", {{"ingressClassName", "not-through-status"}}}};
  const std::string version = before->metadata.resource_version;
  const auto patched = client_->patch_status(Ingress::type(), {"shop", "www"}, patch, version);
  ASSERT_TRUE(patched) << patched.error().message;
  const auto after = client_->get<Ingress>({"shop", "www"});
  EXPECT_EQ(after->load_balancer, (std::vector<kube::LoadBalancerAddress>{{"192.0.2.1", ""}}));
  EXPECT_EQ(after->ingress_class_name, std::nullopt);
  const auto stale = client_->patch_status(Ingress::type(), {"shop", "www"}, patch, version);
  ASSERT_FALSE(stale);
  EXPECT_EQ(stale.error().kind, base::ErrorKind::conflict);
}

TEST_F(ApiServer, AnInvalidObjectIsRefusedInTheServersWords) {
  const auto refused = client_->create(Service::type(), service("web", 70000));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().kind, base::ErrorKind::invalid);
  EXPECT_THAT(refused.error().message, HasSubstr("spec.ports[0].port"));
}

TEST_F(ApiServer, AnUnknownTokenIsDenied) {
  auto config = *kube::parse_kubeconfig(server_->kubeconfig(), "/", "", clock_);
  config.token = kube::fixed_token("not-a-token");
  const auto denied = kube::connect(config, clock_, "gatehouse-test")->get_path("/version");
  ASSERT_FALSE(denied);
  EXPECT_EQ(denied.error().kind, base::ErrorKind::denied);
}

TEST_F(ApiServer, AFlowControlledRequestSaysWhenToComeBack) {
  fakes::api_server::Misbehaviour::Rule rule;
  rule.path_contains = "/version";
  rule.status = 429;
  rule.retry_after_seconds = 7;
  server_->misbehaviour().add(rule);
  const auto limited = client_->get_path("/version");
  ASSERT_FALSE(limited);
  EXPECT_EQ(limited.error().kind, base::ErrorKind::rate_limited);
  EXPECT_EQ(limited.error().retry_after, 7s);
}

TEST_F(ApiServer, AnUnreachableServerIsUnavailable) {
  auto config = *kube::parse_kubeconfig(server_->kubeconfig(), "/", "", clock_);
  server_.reset();
  const auto failed = kube::connect(config, clock_, "gatehouse-test")->get_path("/version");
  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error().kind, base::ErrorKind::unavailable);
}

TEST_F(ApiServer, ListsInPagesWithSelectors) {
  for (const char* name : {"a", "b", "c"}) {
    ASSERT_TRUE(client_->create(Secret::type(), secret(name, kube::kTlsSecretType)));
    ASSERT_TRUE(client_->create(Secret::type(), secret(std::string("opaque-") + name)));
  }
  kube::ListOptions options;
  options.field_selector = kube::kTlsSecretSelector;
  options.limit = 2;
  const auto page = client_->list(Secret::type(), options);
  ASSERT_TRUE(page) << page.error().message;
  EXPECT_EQ(page->items.size(), 2u);
  EXPECT_FALSE(page->continue_token.empty());
  const auto all = client_->list_all(Secret::type(), options);
  ASSERT_TRUE(all) << all.error().message;
  EXPECT_EQ(all->size(), 3u);
}

TEST_F(ApiServer, AWatchCarriesBookmarksAndEndsAtItsTimeout) {
  const auto page = client_->list(Service::type(), {});
  kube::WatchOptions options;
  options.resource_version = page->resource_version;
  options.server_timeout = 1s;
  bool has_bookmark = false;
  const auto ended =
      client_->watch(Service::type(), options,
                     [&](const kube::WatchEvent& event) {
                       has_bookmark = has_bookmark || event.type == kube::WatchEventType::bookmark;
                       return true;
                     },
                     {});
  EXPECT_TRUE(ended) << ended.error().message;
  EXPECT_TRUE(has_bookmark);
}

TEST_F(ApiServer, AWatchFromAForgottenVersionIsExpiredInEitherForm) {
  ASSERT_TRUE(client_->create(Service::type(), service("a")));
  ASSERT_TRUE(client_->create(Service::type(), service("b")));
  server_->compact();
  for (const bool by_status : {false, true}) {
    server_->misbehaviour().expire_by_status(by_status);
    kube::WatchOptions options;
    options.resource_version = "1";
    const auto ended =
        client_->watch(Service::type(), options, [](const kube::WatchEvent&) { return true; }, {});
    ASSERT_FALSE(ended);
    EXPECT_EQ(ended.error().kind, base::ErrorKind::expired) << ended.error().message;
  }
}

// ---- Reflector

template <class T>
class Followed {
 public:
  Followed(kube::Client& client, kube::ReflectorOptions options)
      : reflector_(client, store, quick(std::move(options))) {
    store.add_listener([this](const kube::ObjectChange<T>&) {
      const std::lock_guard lock(mutex_);
      changed_.notify_all();
    });
    reflector_.start();
  }

  // The names in the store, once they are these; else what they were in the end.
  std::string names_once(const std::string& wanted) {
    std::unique_lock lock(mutex_);
    changed_.wait_for(lock, 30s, [&] { return names() == wanted; });
    return names();
  }

  kube::Store<T> store;

 private:
  static kube::ReflectorOptions quick(kube::ReflectorOptions options) {
    options.backoff_first = 1ms;
    options.backoff_limit = 10ms;
    return options;
  }
  std::string names() const {
    std::string all;
    for (const auto& object : store.list()) all += object->metadata.name + " ";
    return all;
  }

  std::mutex mutex_;
  std::condition_variable changed_;
  kube::Reflector<T> reflector_;
};

TEST_F(ApiServer, AReflectorFollowsEveryChangeThroughBrokenWatches) {
  for (const char* name : {"a", "b", "c"}) {
    ASSERT_TRUE(client_->create(Service::type(), service(name)));
  }
  Followed<Service> followed(*client_, {.page_size = 2});
  EXPECT_EQ(followed.names_once("a b c "), "a b c ");
  ASSERT_TRUE(client_->create(Service::type(), service("d")));
  EXPECT_EQ(followed.names_once("a b c d "), "a b c d ");
  server_->misbehaviour().drop_watches();
  ASSERT_TRUE(client_->delete_(Service::type(), {"shop", "b"}));
  EXPECT_EQ(followed.names_once("a c d "), "a c d ");
  server_->misbehaviour().drop_watches(false);
  ASSERT_TRUE(client_->create(Service::type(), service("e")));
  EXPECT_EQ(followed.names_once("a c d e "), "a c d e ");
}

TEST_F(ApiServer, AReflectorListsAgainWhenItsVersionWasForgotten) {
  ASSERT_TRUE(client_->create(Service::type(), service("old")));
  Followed<Service> followed(*client_, {});
  EXPECT_EQ(followed.names_once("old "), "old ");
  // While it is away, the world changes and history is forgotten.
  fakes::api_server::Misbehaviour::Rule rule;
  rule.method = "WATCH";
  rule.times = 1'000'000;
  server_->misbehaviour().add(rule);
  server_->misbehaviour().drop_watches();
  ASSERT_TRUE(client_->delete_(Service::type(), {"shop", "old"}));
  ASSERT_TRUE(client_->create(Service::type(), service("new")));
  server_->compact();
  server_->misbehaviour().clear();
  EXPECT_EQ(followed.names_once("new "), "new ");
}

TEST_F(ApiServer, OnlyTlsSecretsReachAReflectorWithThatSelector) {
  ASSERT_TRUE(client_->create(Secret::type(), secret("tls", kube::kTlsSecretType)));
  ASSERT_TRUE(client_->create(Secret::type(), secret("password")));
  Followed<Secret> followed(*client_, {.field_selector = kube::kTlsSecretSelector});
  EXPECT_EQ(followed.names_once("tls "), "tls ");
  ASSERT_TRUE(client_->create(Secret::type(), secret("another-password")));
  ASSERT_TRUE(client_->create(Secret::type(), secret("tls-2", kube::kTlsSecretType)));
  EXPECT_EQ(followed.names_once("tls tls-2 "), "tls tls-2 ");
}

// ---- Events and leases

TEST_F(ApiServer, EventsAreWhatTheServerAccepts) {
  const auto ingress = client_->get<Ingress>({"shop", "www"});
  const kube::ObjectReference www = reference_to(Ingress::type(), ingress->metadata);
  kube::EventRecorder recorder(*client_, clock_,
                               {.controller = "gatehouse.dev/operator", .instance = "op-0"});
  recorder.warning(www, "BadAnnotation", "Compiling", "the annotation is wrong");
  recorder.warning(www, "BadAnnotation", "Compiling", "the annotation is wrong");
  recorder.normal({"networking.k8s.io/v1", "IngressClass", "", "gatehouse", "u9", ""}, "Adopted",
                  "Compiling", std::string(3000, 'n'));
  // The two Warnings are one write where both were there before its thread looked, and two
  // otherwise.
  const auto limit = clock_.steady_now() + 30s;
  const auto is_told = [](const std::vector<json>& events) {
    return events.size() == 2 && std::ranges::any_of(events, [](const json& event) {
             return event.contains("series") && event["series"].is_object();
           });
  };
  auto listed = client_->list_all(kube::Event::type(), {});
  while (listed && !is_told(*listed) && clock_.steady_now() < limit) {
    std::this_thread::yield();
    listed = client_->list_all(kube::Event::type(), {});
  }
  ASSERT_TRUE(listed) << listed.error().message;
  ASSERT_EQ(listed->size(), 2u);
  for (const json& object : *listed) {
    const auto event = kube::Event::from_json(object);
    ASSERT_TRUE(event) << event.error().message;
    if (event->regarding.kind == "Ingress") {
      EXPECT_EQ(event->regarding, www);
      ASSERT_TRUE(event->series);
      EXPECT_EQ(event->series->count, 2);
    } else {
      EXPECT_EQ(event->metadata.namespace_, "default");
      EXPECT_EQ(event->note.size(), 1024u);
    }
  }
}

TEST_F(ApiServer, ASecondCandidateLeadsOnceTheFirstHasStopped) {
  const auto options = [](const std::string& identity) {
    return kube::LeaderElectionOptions{.lease = {"gatehouse-system", "leader"},
                                       .identity = identity,
                                       .lease_duration = 60s,
                                       .renew_deadline = 30s,
                                       .retry_period = 10ms};
  };
  ASSERT_TRUE(kube::check(options("one")));
  const auto client = make_client({.timeout = 15s});
  kube::LeaderElector one(*client, clock_, options("one"), {});
  one.start();
  ASSERT_TRUE(one.wait_until_leader({}));
  kube::LeaderElector two(*client, clock_, options("two"), {});
  two.start();
  EXPECT_TRUE(one.is_leader());
  one.stop();
  EXPECT_TRUE(two.wait_until_leader({}));
  EXPECT_EQ(two.holder(), "two");
  EXPECT_FALSE(one.is_leader());
}

}  // namespace
