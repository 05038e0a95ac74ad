// Secrets and EndpointSlices that are kept where Ingresses name them, over real sockets against the
// in-memory API server, and against one that answers when it is told to.

#include <chrono>
#include <condition_variable>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <random>
#include <set>
#include <string>
#include <thread>
#include <utility>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "kube/config.h"
#include "kube/holding_reflector.h"
#include "kube/named_reflector.h"
#include "kube/resources/endpoint_slice.h"
#include "kube/resources/ingress.h"
#include "kube/resources/secret.h"
#include "tests/fakes/api_server/server.h"
#include "tests/fakes/clock.h"

using fakes::api_server::Server;
using kube::EndpointSlice;
using kube::Ingress;
using kube::ObjectKey;
using kube::Secret;
using namespace std::chrono_literals;
using nlohmann::json;

namespace {

constexpr const char* kByName = "by-name";

ObjectKey in_shop(const std::string& name) {
  return {"shop", name};
}

kube::Naming naming_of_secrets(const kube::Store<Ingress>& ingresses) {
  kube::Naming naming;
  naming.name_of = [](const json& object) { return kube::read_key(object); };
  naming.is_named = [&ingresses](const ObjectKey& name) {
    return !ingresses.find(kByName, "secret " + name.name).empty();
  };
  naming.is_meant = [](const json& object) { return object["type"] == kube::kTlsSecretType; };
  return naming;
}

kube::Naming naming_of_slices(const kube::Store<Ingress>& ingresses) {
  kube::Naming naming;
  naming.name_of = [](const json& object) {
    return in_shop(
        object.value("/metadata/labels/kubernetes.io~1service-name"_json_pointer, std::string()));
  };
  naming.is_named = [&ingresses](const ObjectKey& name) {
    return !ingresses.find(kByName, "service " + name.name).empty();
  };
  naming.label = "kubernetes.io/service-name";
  return naming;
}

std::set<std::string> services_of(const Ingress& ingress) {
  std::set<std::string> services;
  if (ingress.default_backend && ingress.default_backend->service) {
    services.insert(ingress.default_backend->service->name);
  }
  return services;
}

// Until it holds, which it is to do soon.
bool wait_until(const std::function<bool()>& holds) {
  const auto end = std::chrono::steady_clock::now() + 60s;
  while (!holds()) {
    if (std::chrono::steady_clock::now() > end) return false;
    std::this_thread::sleep_for(2ms);
  }
  return true;
}

class NamedObjects : public testing::Test {
 protected:
  NamedObjects() {
    fakes::api_server::ServerOptions options;
    options.bookmark_interval = 20ms;
    auto server = Server::start(options);
    if (!server) throw std::runtime_error(server.error().message);
    server_ = std::move(*server);
    const auto made =
        server_->apply_yaml("apiVersion: v1\nkind: Namespace\nmetadata: {name: shop}\n");
    if (!made) throw std::runtime_error(made.error().message);
    const auto config = kube::parse_kubeconfig(server_->kubeconfig(), "/", "", clock_);
    client_ = kube::connect(*config, clock_, "gatehouse-test");
    ingresses_.add_index(kByName, [](const Ingress& ingress) {
      std::vector<std::string> names;
      for (const auto& tls : ingress.tls) names.push_back("secret " + tls.secret_name);
      for (const auto& service : services_of(ingress)) names.push_back("service " + service);
      return names;
    });
    slices_.add_index(kByName, [](const EndpointSlice& slice) {
      return std::vector<std::string>{slice.service().name};
    });
  }
  ~NamedObjects() override {
    if (fetches_) fetches_->stop();
  }

  void start(bool ingresses_first = true) {
    kube::ReflectorOptions quick;
    quick.backoff_first = 1ms;
    quick.backoff_limit = 5ms;
    kube::ObjectFetches::Options fetches;
    fetches.backoff_first = fetch_backoff_;
    fetches.backoff_limit = fetch_backoff_ * 5;
    fetches_.emplace(fetches);
    kube::ReflectorOptions of_secrets = quick;
    of_secrets.field_selector = kube::kTlsSecretSelector;
    secrets_reflector_.emplace(*client_, secrets_, Secret::type(), &Secret::tls_from_json,
                               naming_of_secrets(ingresses_), of_secrets);
    slices_reflector_.emplace(*client_, slices_, EndpointSlice::type(), &EndpointSlice::from_json,
                              naming_of_slices(ingresses_), quick);
    ingress_reflector_.emplace(
        *client_, ingresses_, Ingress::type(), &Ingress::from_json,
        [this](const Ingress& ingress) {
          std::vector<kube::NameOfKind> names;
          for (const auto& tls : ingress.tls) {
            names.push_back({&*secrets_reflector_, in_shop(tls.secret_name)});
          }
          for (const auto& service : services_of(ingress)) {
            names.push_back({&*slices_reflector_, in_shop(service)});
          }
          return names;
        },
        *fetches_, quick);
    fetches_->start();
    if (ingresses_first) {
      ingress_reflector_->start();
      ASSERT_TRUE(ingresses_.wait_until_synced({}));
    }
    secrets_reflector_->start();
    slices_reflector_->start();
    ASSERT_TRUE(secrets_.wait_until_synced({}));
    ASSERT_TRUE(slices_.wait_until_synced({}));
    if (!ingresses_first) ingress_reflector_->start();
    ASSERT_TRUE(ingresses_.wait_until_synced({}));
  }

  void apply(const std::string& yaml) {
    const auto made = server_->apply_yaml(yaml);
    ASSERT_TRUE(made) << made.error().message;
  }
  static std::string secret(const std::string& name, const std::string& content = "Y2VydA==") {
    return "---\napiVersion: v1\nkind: Secret\ntype: kubernetes.io/tls\n"
           "metadata: {namespace: shop, name: " +
           name + "}\ndata: {tls.crt: " + content + ", tls.key: a2V5}\n";
  }
  static std::string slice(const std::string& service, const std::string& name,
                           const std::string& address = "10.0.0.1") {
    return "---\napiVersion: discovery.k8s.io/v1\nkind: EndpointSlice\n"
           "metadata: {namespace: shop, name: " +
           name + ", labels: {kubernetes.io/service-name: " + service +
           "}}\naddressType: IPv4\nendpoints: [{addresses: [" + address +
           "], conditions: {ready: true}}]\nports: [{name: http, port: 80}]\n";
  }
  static std::string ingress(const std::string& name, const std::string& secret_name,
                             const std::string& service = "web") {
    return "---\napiVersion: networking.k8s.io/v1\nkind: Ingress\n"
           "metadata: {namespace: shop, name: " +
           name + "}\nspec:\n  tls: [{hosts: [" + name + ".test], secretName: " + secret_name +
           "}]\n  defaultBackend: {service: {name: " + service + ", port: {number: 80}}}\n";
  }
  void remove(const std::string& path) { (void)server_->request("DELETE", path); }

  std::string shown_secret(const std::string& ingress_name) const {
    const auto shown = ingresses_.get(in_shop(ingress_name));
    return shown && !shown->tls.empty() ? shown->tls.front().secret_name : "none";
  }
  // resourceVersion at the API server; empty: it is not there.
  std::string version_of(const std::string& path) const {
    const auto body = server_->request("GET", path);
    return body ? json::parse(*body)["metadata"]["resourceVersion"].get<std::string>() : "";
  }

  static constexpr const char* kIngresses = "/apis/networking.k8s.io/v1/namespaces/shop/ingresses/";
  static constexpr const char* kSecrets = "/api/v1/namespaces/shop/secrets/";
  static constexpr const char* kSlices =
      "/apis/discovery.k8s.io/v1/namespaces/shop/endpointslices/";

  const base::SystemClock clock_;
  std::chrono::milliseconds fetch_backoff_ = 1ms;
  std::unique_ptr<Server> server_;
  std::unique_ptr<kube::Client> client_;
  kube::Store<Ingress> ingresses_;
  kube::Store<Secret> secrets_;
  kube::Store<EndpointSlice> slices_;
  std::optional<kube::ObjectFetches> fetches_;
  std::optional<kube::NamedReflector<Secret>> secrets_reflector_;
  std::optional<kube::NamedReflector<EndpointSlice>> slices_reflector_;
  std::optional<kube::HoldingReflector<Ingress>> ingress_reflector_;
};

TEST_F(NamedObjects, WhatNobodyNamesIsNotKept) {
  apply(secret("named") + secret("other") + slice("web", "web-1") + slice("db", "db-1") +
        ingress("www", "named"));
  start();
  EXPECT_TRUE(secrets_.get(in_shop("named")));
  EXPECT_EQ(secrets_.size(), 1u);
  EXPECT_EQ(secrets_reflector_->unkept(), 1u);
  EXPECT_TRUE(slices_.get(in_shop("web-1")));
  EXPECT_EQ(slices_.size(), 1u);
  apply(secret("late") + slice("db", "db-2") + secret("named", "bmV3"));
  EXPECT_TRUE(wait_until([&] {
    const auto held = secrets_.get(in_shop("named"));
    return held && held->value("tls.crt") == "new" && secrets_reflector_->unkept() == 2 &&
           slices_reflector_->unkept() == 2;
  }));
  EXPECT_EQ(secrets_.size(), 1u);
  EXPECT_EQ(slices_.size(), 1u);
}

TEST_F(NamedObjects, WhoBeginsToNameThemIsSeenWithAllOfThem) {
  apply(secret("one") + slice("web", "web-1") + slice("web", "web-2") + slice("db", "db-1"));
  std::mutex mutex;
  std::set<std::string> lacking;
  ingresses_.add_listener([&](const kube::ObjectChange<Ingress>& change) {
    if (!change.after) return;
    const std::lock_guard lock(mutex);
    if (!secrets_.get(in_shop("one"))) lacking.insert("the Secret");
    if (slices_.find(kByName, "web").size() != 2) lacking.insert("slices");
  });
  start();
  EXPECT_EQ(secrets_.size(), 0u);
  apply(ingress("www", "one"));
  EXPECT_TRUE(wait_until([&] { return ingresses_.get(in_shop("www")) != nullptr; }));
  {
    const std::lock_guard lock(mutex);
    EXPECT_THAT(lacking, testing::IsEmpty());
  }
  EXPECT_EQ(slices_.size(), 2u);
  EXPECT_EQ(slices_reflector_->unkept(), 1u);
  // From here on as whatever is watched.
  apply(slice("web", "web-3") + secret("one", "bmV3"));
  EXPECT_TRUE(wait_until([&] {
    return slices_.size() == 3 && secrets_.get(in_shop("one"))->value("tls.crt") == "new";
  }));
  remove(std::string(kSecrets) + "one");
  EXPECT_TRUE(wait_until([&] { return secrets_.size() == 0; }));
}

TEST_F(NamedObjects, WhatNamesSomethingThatIsNotThereWaitsForNothing) {
  start();
  apply(ingress("www", "missing", "nowhere"));
  EXPECT_TRUE(wait_until([&] { return ingresses_.get(in_shop("www")) != nullptr; }));
  apply(secret("missing") + slice("nowhere", "nowhere-1"));
  EXPECT_TRUE(wait_until([&] { return secrets_.size() == 1 && slices_.size() == 1; }));
}

// Classes have parameters that say whom to keep out: none may be missing because of a Service.
TEST_F(NamedObjects, TheFirstListingIsSeenWholeAndWhatItNamesComesBehind) {
  apply(secret("late") + ingress("www", "late"));
  fakes::api_server::Misbehaviour::Rule busy;
  busy.method = "GET";
  busy.path_contains = "/secrets/late";
  busy.times = 1'000'000;
  server_->misbehaviour().add(busy);
  start(false);
  EXPECT_EQ(shown_secret("www"), "late");
  EXPECT_EQ(secrets_.size(), 0u);
  server_->misbehaviour().clear();
  EXPECT_TRUE(wait_until([&] { return secrets_.size() == 1; }));
  apply(secret("late", "bmV3"));
  EXPECT_TRUE(wait_until([&] { return secrets_.get(in_shop("late"))->value("tls.crt") == "new"; }));
}

TEST_F(NamedObjects, TheStateBeforeStaysWhileWhatIsNamedNowCannotBeRead) {
  apply(secret("blue") + secret("green") + secret("violet") + ingress("www", "blue"));
  start();
  fakes::api_server::Misbehaviour::Rule busy;
  busy.method = "GET";
  busy.path_contains = "/secrets/green";
  busy.times = 1'000'000;
  server_->misbehaviour().add(busy);
  apply(ingress("www", "green") + ingress("other", "violet"));
  // The second one comes behind the first, and so does its Secret: it is not held back by it.
  EXPECT_TRUE(wait_until([&] { return ingresses_.get(in_shop("other")) != nullptr; }));
  EXPECT_EQ(shown_secret("www"), "blue");
  EXPECT_EQ(ingress_reflector_->held(), 1u);
  server_->misbehaviour().clear();
  EXPECT_TRUE(wait_until([&] { return shown_secret("www") == "green"; }));
  EXPECT_TRUE(secrets_.get(in_shop("green")));
  EXPECT_EQ(ingress_reflector_->held(), 0u);
}

TEST_F(NamedObjects, OneThatCannotBeReadKeepsNobodyElseWaiting) {
  fetch_backoff_ = 1h;
  apply(secret("bad") + secret("good") + slice("good", "good-1"));
  start();
  fakes::api_server::Misbehaviour::Rule busy;
  busy.method = "GET";
  busy.path_contains = "/secrets/bad";
  busy.times = 1'000'000;
  server_->misbehaviour().add(busy);
  apply(ingress("www", "bad"));
  EXPECT_TRUE(wait_until([&] { return ingress_reflector_->held() == 1; }));
  apply(ingress("other", "good", "good"));
  EXPECT_TRUE(wait_until([&] { return ingresses_.get(in_shop("other")) != nullptr; }));
  EXPECT_EQ(ingress_reflector_->held(), 1u);
}

TEST_F(NamedObjects, WhoIsHeldBackAndThenNamesSomethingElseOrGoesIsNotWaitedFor) {
  apply(secret("green"));
  start();
  fakes::api_server::Misbehaviour::Rule busy;
  busy.method = "GET";
  busy.path_contains = "/secrets/green";
  busy.times = 1'000'000;
  server_->misbehaviour().add(busy);
  apply(ingress("www", "green") + ingress("gone", "green"));
  EXPECT_TRUE(wait_until([&] { return ingress_reflector_->held() == 2; }));
  apply(ingress("www", "missing"));
  EXPECT_TRUE(wait_until([&] { return shown_secret("www") == "missing"; }));
  remove(std::string(kIngresses) + "gone");
  EXPECT_TRUE(wait_until([&] { return ingress_reflector_->held() == 0; }));
  EXPECT_FALSE(ingresses_.get(in_shop("gone")));
}

TEST_F(NamedObjects, AWholeListingLetsGoOfWhatNobodyNamesAnyMore) {
  server_->misbehaviour().skip_bookmarks(true);
  apply(secret("one") + ingress("www", "one"));
  start();
  EXPECT_EQ(secrets_.size(), 1u);
  remove(std::string(kIngresses) + "www");
  EXPECT_TRUE(wait_until([&] { return !ingresses_.get(in_shop("www")); }));
  EXPECT_EQ(secrets_.size(), 1u);
  // The watch of Secrets has not heard of anything since, and begins before what is remembered.
  server_->compact();
  server_->misbehaviour().drop_watches();
  EXPECT_TRUE(wait_until([&] { return secrets_.size() == 0; }));
  EXPECT_EQ(secrets_reflector_->unkept(), 1u);
}

// Whatever happens, and however often watches break and begin anew: in the end each Ingress is seen
// as it is, with what it names as that is.
TEST_F(NamedObjects, AreWhatTheyAreAfterHistoriesByChance) {
  start();
  std::mt19937 chance(11);
  const auto some = [&](const char* prefix, unsigned count) {
    return std::string(prefix) + std::to_string(chance() % count);
  };
  for (int round = 0; round < 6; ++round) {
    for (int step = 0; step < 60; ++step) {
      switch (chance() % 9) {
        case 0:
        case 1:
          apply(secret(some("s", 12), chance() % 2 == 0 ? "YQ==" : "Yg=="));
          break;
        case 2:
          remove(kSecrets + some("s", 12));
          break;
        case 3:
          apply(slice(some("v", 6), some("e", 16), "10.0.0." + std::to_string(chance() % 200 + 1)));
          break;
        case 4:
          remove(kSlices + some("e", 16));
          break;
        case 5:
        case 6:
          apply(ingress(some("i", 8), some("s", 12), some("v", 6)));
          break;
        case 7:
          remove(kIngresses + some("i", 8));
          break;
        default:
          if (chance() % 3 == 0) server_->compact();
          server_->misbehaviour().drop_watches(chance() % 2 == 0);
      }
    }
    std::string differs;
    const auto differ = [&](const std::string& what) {
      differs = what;
      return false;
    };
    const bool is_right = wait_until([&] {
      for (int i = 0; i < 8; ++i) {
        const std::string name = "i" + std::to_string(i);
        const auto seen = ingresses_.get(in_shop(name));
        if ((seen ? seen->metadata.resource_version : "") != version_of(kIngresses + name)) {
          return differ("Ingress " + name);
        }
        if (!seen) continue;
        const std::string secret_name = seen->tls.front().secret_name;
        const auto held = secrets_.get(in_shop(secret_name));
        if ((held ? held->metadata.resource_version : "") != version_of(kSecrets + secret_name)) {
          return differ("Secret " + secret_name);
        }
        const std::string service = *services_of(*seen).begin();
        for (int e = 0; e < 16; ++e) {
          const std::string slice_name = "e" + std::to_string(e);
          const auto body = server_->request("GET", kSlices + slice_name);
          const json there = body ? json::parse(*body) : json();
          const bool is_of_it =
              body && there["metadata"]["labels"]["kubernetes.io/service-name"] == service;
          const auto known = slices_.get(in_shop(slice_name));
          const bool is_known_as_its = known && known->service().name == service;
          if (is_of_it != is_known_as_its) return differ("slice " + slice_name);
          if (is_of_it && known->metadata.resource_version !=
                              there["metadata"]["resourceVersion"].get<std::string>()) {
            return differ("the state of slice " + slice_name);
          }
        }
      }
      return true;
    });
    ASSERT_TRUE(is_right) << "round " << round << ": " << differs;
  }
}

// ---- Against an API server that answers a GET when it is told to

class SlowGet final : public base::HttpTransport {
 public:
  base::Result<base::HttpResponse> send(const base::HttpRequest& request,
                                        std::stop_token stop) override {
    if (request.url.find("/secrets?") != std::string::npos) {
      const std::lock_guard lock(mutex_);
      const json list = {{"metadata", {{"resourceVersion", "10"}}}, {"items", items_}};
      return base::HttpResponse{200, {}, list.dump()};
    }
    std::unique_lock lock(mutex_);
    ++asked_;
    changed_.notify_all();
    if (!changed_.wait(lock, stop, [this] { return !answers_.empty(); })) {
      return base::failure(base::ErrorKind::cancelled, "stopped");
    }
    const json answer = answers_.front();
    answers_.erase(answers_.begin());
    return base::HttpResponse{200, {}, answer.dump()};
  }
  base::Result<base::HttpResponse> stream(const base::HttpRequest&, const OnHead& on_head,
                                          const OnChunk& on_chunk, std::stop_token stop) override {
    on_head({200, {}, {}});
    std::unique_lock lock(mutex_);
    while (changed_.wait(lock, stop, [this] { return !fed_.empty() || is_expired_; })) {
      std::string bytes = std::exchange(fed_, {});
      if (bytes.empty() && std::exchange(is_expired_, false)) {
        bytes = R"({"type":"ERROR","object":{"kind":"Status","code":410,"reason":"Expired"}})"
                "\n";
      }
      lock.unlock();
      if (!on_chunk(bytes)) return base::HttpResponse{200, {}, {}};
      lock.lock();
    }
    return base::failure(base::ErrorKind::cancelled, "stopped");
  }

  void list(json items) {
    const std::lock_guard lock(mutex_);
    items_ = std::move(items);
  }
  void expire() {
    const std::lock_guard lock(mutex_);
    is_expired_ = true;
    changed_.notify_all();
  }
  void feed(const std::string& type, const json& object) {
    const std::lock_guard lock(mutex_);
    fed_ += json{{"type", type}, {"object", object}}.dump() + "\n";
    changed_.notify_all();
  }
  void answer(const json& object) {
    const std::lock_guard lock(mutex_);
    answers_.push_back(object);
    changed_.notify_all();
  }
  void await_gets(int count) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return asked_ >= count; });
  }

 private:
  std::mutex mutex_;
  std::condition_variable_any changed_;
  json items_ = json::array();
  std::string fed_;
  std::vector<json> answers_;
  bool is_expired_ = false;
  int asked_ = 0;
};

json tls_secret(const std::string& name, const std::string& version) {
  return {{"metadata", {{"name", name}, {"namespace", "shop"}, {"resourceVersion", version}}},
          {"type", kube::kTlsSecretType}};
}

class OvertakenFetch : public testing::Test {
 protected:
  void start(json items) {
    transport_->list(std::move(items));
    kube::ReflectorOptions options;
    options.backoff_first = 1ms;
    kube::Naming naming;
    naming.name_of = [](const json& object) { return kube::read_key(object); };
    naming.is_named = [](const ObjectKey& name) { return name.name == "named"; };
    reflector_.emplace(client_, store_, Secret::type(), &Secret::tls_from_json, naming, options);
    reflector_->start();
    ASSERT_TRUE(store_.wait_until_synced({}));
  }
  // Behind everything that was fed before it.
  void await_named(const std::string& version) {
    ASSERT_TRUE(wait_until([&] {
      const auto held = store_.get(in_shop("named"));
      return held && held->metadata.resource_version == version;
    }));
  }
  std::string version_of(const std::string& name) {
    const auto held = store_.get(in_shop(name));
    return held ? held->metadata.resource_version : "none";
  }

  // A fetch of "a" that is answered with its first state when the watch has already said this of
  // it.
  void fetch_overtaken_by(const char* event) {
    EXPECT_FALSE(reflector_->want(in_shop("a")));
    std::jthread fetch([&] { EXPECT_TRUE(reflector_->fetch({in_shop("a")}, {})); });
    transport_->await_gets(1);
    transport_->feed(event, tls_secret("a", "11"));
    transport_->feed("ADDED", tls_secret("named", "12"));
    await_named("12");
    transport_->answer(tls_secret("a", "1"));
    fetch.join();
  }

  fakes::FakeClock clock_;
  std::shared_ptr<SlowGet> transport_ = std::make_shared<SlowGet>();
  kube::Client client_{transport_, "https://k8s.test", kube::fixed_token(""), clock_};
  kube::Store<Secret> store_;
  std::optional<kube::NamedReflector<Secret>> reflector_;
};

TEST_F(OvertakenFetch, DoesNotBringBackWhatIsGone) {
  start(json::array({tls_secret("a", "1")}));
  fetch_overtaken_by("DELETED");
  EXPECT_EQ(version_of("a"), "none");
  EXPECT_TRUE(reflector_->want(in_shop("a")));
}

TEST_F(OvertakenFetch, DoesNotPutAnOlderStateInThePlaceOfANewerOne) {
  start(json::array({tls_secret("a", "1")}));
  fetch_overtaken_by("MODIFIED");
  EXPECT_EQ(version_of("a"), "11");
}

TEST_F(OvertakenFetch, AsksAgainWhereEverythingWasListedMeanwhile) {
  start(json::array({tls_secret("a", "1")}));
  EXPECT_FALSE(reflector_->want(in_shop("a")));
  std::jthread fetch([&] { EXPECT_TRUE(reflector_->fetch({in_shop("a")}, {})); });
  transport_->await_gets(1);
  transport_->list(json::array({tls_secret("a", "20"), tls_secret("named", "21")}));
  transport_->expire();
  await_named("21");
  transport_->answer(tls_secret("a", "1"));
  transport_->await_gets(2);
  transport_->answer(tls_secret("a", "20"));
  fetch.join();
  EXPECT_EQ(version_of("a"), "20");
}

class Told final : public kube::ObjectFetches::Waiter {
 public:
  explicit Told(std::function<void(const ObjectKey&)> look) : look_(std::move(look)) {}
  void on_fetched(const kube::NameOfKind& name) override {
    look_(name.name);
    const std::lock_guard lock(mutex_);
    is_told_ = true;
    changed_.notify_all();
  }
  void await() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return is_told_; });
  }

 private:
  const std::function<void(const ObjectKey&)> look_;
  std::mutex mutex_;
  std::condition_variable changed_;
  bool is_told_ = false;
};

// Somebody else may wait for it by then.
TEST_F(OvertakenFetch, BringsWhatItWasBegunForAlsoWhereThatOneHasLetGo) {
  start(json::array({tls_secret("a", "1")}));
  Told told([&](const ObjectKey& name) {
    EXPECT_EQ(version_of(name.name), "1");
    EXPECT_TRUE(reflector_->want(name));
  });
  kube::ObjectFetches fetches;
  fetches.tell(told);
  fetches.start();
  EXPECT_FALSE(reflector_->want(in_shop("a")));
  fetches.fetch({&*reflector_, in_shop("a")});
  transport_->await_gets(1);
  reflector_->release(in_shop("a"));
  transport_->answer(tls_secret("a", "1"));
  told.await();
}

TEST_F(OvertakenFetch, TakesNoSecretOfAnotherTypeForOneThatWasThere) {
  transport_->list(json::array({tls_secret("a", "1")}));
  kube::Naming naming;
  naming.name_of = [](const json& object) { return kube::read_key(object); };
  naming.is_named = [](const ObjectKey&) { return false; };
  naming.is_meant = [](const json& object) { return object["type"] == kube::kTlsSecretType; };
  reflector_.emplace(client_, store_, Secret::type(), &Secret::tls_from_json, naming,
                     kube::ReflectorOptions{});
  reflector_->start();
  ASSERT_TRUE(store_.wait_until_synced({}));
  EXPECT_FALSE(reflector_->want(in_shop("a")));
  json opaque = tls_secret("a", "2");
  opaque["type"] = "Opaque";
  transport_->answer(opaque);
  EXPECT_TRUE(reflector_->fetch({in_shop("a")}, {}));
  EXPECT_EQ(version_of("a"), "none");
}

// ---- What fails

// Fails, until something was tried so often.
class FailingKind final : public kube::NamedKind {
 public:
  explicit FailingKind(int failures) : failures_(failures) {}

  bool covers(const std::string&) const override { return true; }
  bool want(const ObjectKey&) override { return false; }
  void release(const ObjectKey&) override {}
  bool wanted(const ObjectKey& name) const override {
    const std::lock_guard lock(mutex_);
    if (unwanted_.count(name) == 0) return true;
    refused_.insert(name);
    changed_.notify_all();
    return false;
  }
  std::size_t names_at_once() const override { return 1; }
  base::Status fetch(const std::vector<ObjectKey>& names, const std::stop_token&) override {
    const std::lock_guard lock(mutex_);
    changed_.notify_all();
    if (++tries_[names.front()] > failures_) return {};
    return base::failure(base::ErrorKind::unavailable, "busy");
  }

  void drop(const ObjectKey& name) {
    const std::lock_guard lock(mutex_);
    unwanted_.insert(name);
  }
  int tries(const ObjectKey& name) {
    const std::lock_guard lock(mutex_);
    return tries_[name];
  }
  void await_tries(const ObjectKey& name, int count) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return tries_[name] >= count; });
  }
  void await_refused(const ObjectKey& name) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return refused_.count(name) != 0; });
  }

 private:
  const int failures_;
  mutable std::mutex mutex_;
  mutable std::condition_variable changed_;
  std::set<ObjectKey> unwanted_;
  mutable std::set<ObjectKey> refused_;
  std::map<ObjectKey, int> tries_;
};

TEST(ObjectFetches, DropWhatNobodyWantsAnyMore) {
  FailingKind kind(1'000'000);
  kube::ObjectFetches::Options options;
  options.backoff_first = 1ms;
  options.backoff_limit = 1ms;
  kube::ObjectFetches fetches(options);
  fetches.start();
  fetches.fetch({&kind, in_shop("a")});
  kind.await_tries(in_shop("a"), 3);
  kind.drop(in_shop("a"));
  kind.await_refused(in_shop("a"));
  const int tries = kind.tries(in_shop("a"));
  fetches.fetch({&kind, in_shop("b")});
  kind.await_tries(in_shop("b"), 5);
  EXPECT_EQ(kind.tries(in_shop("a")), tries);
}

TEST(ObjectFetches, TryAgainUntilItSucceeds) {
  FailingKind kind(4);
  Told told([&](const ObjectKey& name) { EXPECT_EQ(kind.tries(name), 5); });
  kube::ObjectFetches::Options options;
  options.at_once = 1;
  options.backoff_first = 1ms;
  options.backoff_limit = 1ms;
  kube::ObjectFetches fetches(options);
  fetches.tell(told);
  fetches.start();
  fetches.fetch({&kind, in_shop("a")});
  told.await();
}

}  // namespace
