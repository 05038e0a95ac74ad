#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <future>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <stop_token>
#include <string>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "base/metrics.h"
#include "kube/cache.h"
#include "kube/resources/ingress.h"
#include "kube/resources/ingress_class.h"
#include "kube/resources/namespace.h"
#include "kube/resources/secret.h"
#include "kube/resources/service.h"
#include "tests/fakes/clock.h"

using kube::Ingress;
using kube::IngressClass;
using kube::ObjectKey;
using kube::Secret;
using kube::Service;
using nlohmann::json;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

namespace {

const std::string kServer = "https://k8s.test";
const std::string kServices = "/api/v1/services";
const std::string kClasses = "/apis/networking.k8s.io/v1/ingressclasses";
const std::string kIngresses = "/apis/networking.k8s.io/v1/ingresses";
const std::string kSecrets = "/api/v1/secrets";

json object(const std::string& name, const std::string& version = "1") {
  return {{"metadata", {{"name", name}, {"namespace", "shop"}, {"resourceVersion", version}}}};
}

json tls_secret(const std::string& name) {
  json made = object(name);
  made["type"] = kube::kTlsSecretType;
  return made;
}

json ingress_with(const std::string& secret) {
  json made = object("www", "11");
  made["spec"]["tls"] = json::array({json{{"secretName", secret}}});
  return made;
}

// Answers what it is asked for once the test has said what is there; its watches stay open and say
// what the test feeds them.
class Cluster final : public base::HttpTransport {
 public:
  base::Result<base::HttpResponse> send(const base::HttpRequest& request,
                                        std::stop_token stop) override {
    const std::string path = path_of(request);
    std::unique_lock lock(mutex_);
    const UnderWay one(*this);
    urls_.push_back(request.url);
    log_.push_back("asked for " + path);
    changed_.notify_all();
    if (refused_.count(path) != 0) return base::HttpResponse{403, {}, "{}"};
    if (!changed_.wait(lock, stop, [&] { return there_.count(path) != 0; })) {
      return base::failure(base::ErrorKind::cancelled, "stopped");
    }
    log_.push_back("answered " + path);
    return base::HttpResponse{200, {}, there_.at(path).dump()};
  }

  base::Result<base::HttpResponse> stream(const base::HttpRequest& request, const OnHead& on_head,
                                          const OnChunk& on_chunk, std::stop_token stop) override {
    const std::string path = path_of(request);
    on_head({200, {}, {}});
    std::unique_lock lock(mutex_);
    const UnderWay one(*this);
    watched_.insert(path);
    changed_.notify_all();
    while (changed_.wait(lock, stop, [&] { return !fed_[path].empty(); })) {
      const std::string bytes = std::exchange(fed_[path], {});
      lock.unlock();
      const bool wants_more = on_chunk(bytes);
      lock.lock();
      if (!wants_more) return base::HttpResponse{200, {}, {}};
    }
    return base::failure(base::ErrorKind::cancelled, "stopped");
  }

  void has(const std::string& path, const json& answer) {
    const std::lock_guard lock(mutex_);
    there_[path] = answer;
    changed_.notify_all();
  }
  void lists(const std::string& path, const json& items = json::array()) {
    has(path, {{"metadata", {{"resourceVersion", "10"}}}, {"items", items}});
  }
  // Before it is asked for.
  void refuses(const std::string& path) {
    const std::lock_guard lock(mutex_);
    refused_.insert(path);
  }
  void feed(const std::string& path, const json& added) {
    const std::lock_guard lock(mutex_);
    fed_[path] += json{{"type", "ADDED"}, {"object", added}}.dump() + "\n";
    changed_.notify_all();
  }

  void await_question(const std::string& path) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return place_of("asked for " + path) < log_.size(); });
  }
  // Then its first listing is in the store.
  void await_watch(const std::string& path) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return watched_.count(path) != 0; });
  }
  // Whether both have happened, and in this order.
  bool is_in_order(const std::string& first, const std::string& second) {
    const std::lock_guard lock(mutex_);
    return place_of(first) < place_of(second) && place_of(second) < log_.size();
  }
  std::vector<std::string> urls() {
    const std::lock_guard lock(mutex_);
    return urls_;
  }
  std::size_t under_way() {
    const std::lock_guard lock(mutex_);
    return under_way_;
  }

 private:
  // Made and destroyed with the lock held.
  class UnderWay {
   public:
    explicit UnderWay(Cluster& cluster) : cluster_(cluster) { ++cluster_.under_way_; }
    UnderWay(const UnderWay&) = delete;
    UnderWay& operator=(const UnderWay&) = delete;
    ~UnderWay() { --cluster_.under_way_; }

   private:
    Cluster& cluster_;
  };

  static std::string path_of(const base::HttpRequest& request) {
    const std::string path = request.url.substr(kServer.size());
    return path.substr(0, path.find('?'));
  }
  std::size_t place_of(const std::string& entry) const {
    return static_cast<std::size_t>(std::find(log_.begin(), log_.end(), entry) - log_.begin());
  }

  std::mutex mutex_;
  std::condition_variable_any changed_;
  std::map<std::string, json> there_;
  std::set<std::string> refused_;
  std::map<std::string, std::string> fed_;
  std::set<std::string> watched_;
  std::vector<std::string> urls_;
  std::vector<std::string> log_;
  std::size_t under_way_ = 0;
};

class Cache : public testing::Test {
 protected:
  // Secrets are kept where an Ingress names them.
  void keep_secrets_of_ingresses(bool are_ingresses_awaited = true) {
    kube::Naming naming;
    naming.name_of = [](const json& one) { return kube::read_key(one); };
    naming.is_named = [](const ObjectKey&) { return false; };
    secrets_ = &cache_.keep_named<Secret>({}, naming);
    ingresses_ = &cache_.keep_naming<Ingress>(
        {.is_awaited = are_ingresses_awaited}, [this](const Ingress& ingress) {
          std::vector<kube::NameOfKind> names;
          for (const auto& tls : ingress.tls) {
            secrets_->add_names({{ingress.metadata.namespace_, tls.secret_name}}, names);
          }
          return names;
        });
  }

  const fakes::FakeClock clock_;
  std::shared_ptr<Cluster> cluster_ = std::make_shared<Cluster>();
  kube::Client client_{cluster_, kServer, kube::fixed_token(""), clock_};
  std::promise<std::string> heard_;
  kube::Cache cache_{client_};
  kube::NamedStore<Secret>* secrets_ = nullptr;
  kube::Store<Ingress>* ingresses_ = nullptr;
};

TEST_F(Cache, KeepsEachKindAndSaysWhichAreStillWaitedFor) {
  const auto& services = cache_.keep<Service>();
  const auto& classes = cache_.keep<IngressClass>();
  cache_.keep<kube::Namespace>({.is_awaited = false});
  EXPECT_EQ(cache_.awaited(), "Services, IngressClasses");
  cache_.start();
  cluster_->lists(kServices, json::array({object("web")}));
  ASSERT_TRUE(services.wait_until_synced({}));
  EXPECT_NE(services.get({"shop", "web"}), nullptr);
  EXPECT_EQ(cache_.awaited(), "IngressClasses");
  cluster_->lists(kClasses);
  ASSERT_TRUE(classes.wait_until_synced({}));
  EXPECT_EQ(cache_.awaited(), "");
}

TEST_F(Cache, TellsOfWhatIsNewInAStore) {
  auto& services = cache_.keep<Service>();
  services.add_listener(
      [this](const kube::ObjectChange<Service>& change) { heard_.set_value(change.key.text()); });
  cluster_->lists(kServices);
  cache_.start();
  cluster_->await_watch(kServices);
  cluster_->feed(kServices, object("web", "11"));
  EXPECT_EQ(heard_.get_future().get(), "shop/web");
}

TEST_F(Cache, WaitsForEachNamespaceThatAKindIsReadIn) {
  const auto& services = cache_.keep<Service>({.namespaces = {"lab", "shop"}});
  cache_.start();
  cluster_->lists("/api/v1/namespaces/shop/services", json::array({object("web")}));
  cluster_->await_watch("/api/v1/namespaces/shop/services");
  EXPECT_NE(services.get({"shop", "web"}), nullptr);
  EXPECT_EQ(cache_.awaited(), "Services");
  cluster_->lists("/api/v1/namespaces/lab/services");
  ASSERT_TRUE(services.wait_until_synced({}));
  EXPECT_EQ(cache_.awaited(), "");
}

TEST_F(Cache, KnowsThatThereIsNothingOfAKindThatIsReadNowhere) {
  auto& services = cache_.keep<Service>({.namespaces = {}});
  bool is_told = false;
  services.add_sync_listener([&] { is_told = true; });
  EXPECT_THAT(cache_.kinds(), IsEmpty());
  cache_.start();
  EXPECT_TRUE(services.has_synced());
  EXPECT_TRUE(is_told);
  EXPECT_EQ(cache_.awaited(), "");
  EXPECT_THAT(cluster_->urls(), IsEmpty());
}

TEST_F(Cache, ReadsAKindAsItIsTold) {
  cache_.keep<Secret>({.parse = &Secret::tls_from_json,
                       .namespaces = {"shop"},
                       .field_selector = "metadata.name=www"});
  cache_.start();
  cluster_->await_question("/api/v1/namespaces/shop/secrets");
  EXPECT_THAT(cluster_->urls(), ElementsAre(HasSubstr("fieldSelector=metadata.name")));
  ASSERT_EQ(cache_.kinds().size(), 1u);
  EXPECT_EQ(cache_.kinds().front().plural, "secrets");
}

TEST_F(Cache, ListsWhatIsNamedOnceWhoNamesItIsKnown) {
  const auto& services = cache_.keep<Service>();
  keep_secrets_of_ingresses();
  cluster_->lists(kServices);
  cluster_->lists(kSecrets);
  cache_.start();
  ASSERT_TRUE(services.wait_until_synced({}));
  cluster_->lists(kIngresses);
  ASSERT_TRUE(secrets_->wait_until_synced({}));
  EXPECT_TRUE(cluster_->is_in_order("answered " + kIngresses, "asked for " + kSecrets));
}

TEST_F(Cache, DoesNotHoldUpWhatIsNamedForAKindThatNobodyWaitsFor) {
  keep_secrets_of_ingresses(false);
  cluster_->lists(kSecrets);
  cache_.start();
  ASSERT_TRUE(secrets_->wait_until_synced({}));
  EXPECT_FALSE(ingresses_->has_synced());
}

TEST_F(Cache, ShowsWhoBeginsToNameSomethingTogetherWithIt) {
  keep_secrets_of_ingresses();
  ingresses_->add_listener([this](const auto&) {
    heard_.set_value(secrets_->get({"shop", "www"}) ? "with its Secret" : "alone");
  });
  cluster_->lists(kIngresses);
  cluster_->lists(kSecrets, json::array({tls_secret("www")}));
  cluster_->has("/api/v1/namespaces/shop/secrets/www", tls_secret("www"));
  cache_.start();
  cluster_->await_watch(kIngresses);
  cluster_->await_watch(kSecrets);
  EXPECT_EQ(secrets_->size(), 0u);
  cluster_->feed(kIngresses, ingress_with("www"));
  EXPECT_EQ(heard_.get_future().get(), "with its Secret");
}

TEST_F(Cache, StopsWhatWatchesWhatListsAndWhatHasNotBegun) {
  cache_.keep<Service>();
  keep_secrets_of_ingresses();
  cluster_->lists(kServices);
  cache_.start();
  cluster_->await_watch(kServices);
  cluster_->await_question(kIngresses);
  EXPECT_EQ(cluster_->under_way(), 2u);
  cache_.stop();
  EXPECT_EQ(cluster_->under_way(), 0u);
  cache_.stop();
}

TEST_F(Cache, CountsWhatItKeepsOfEachKindAndWhatFailed) {
  kube::Cache::Options options;
  options.registry = std::make_shared<prometheus::Registry>();
  options.reflector.pause = [this](std::chrono::milliseconds, const std::stop_token&) {
    heard_.set_value("failed");
    return false;  // and never again
  };
  kube::Cache counted(client_, options);
  counted.keep<Service>();
  counted.keep<IngressClass>();
  const auto text = [&] { return base::to_prometheus_text(*options.registry); };
  EXPECT_THAT(text(), HasSubstr("gatehouse_cache_listed{kind=\"Service\"} 0"));
  cluster_->lists(kServices, json::array({object("web"), object("api")}));
  cluster_->refuses(kClasses);
  counted.start();
  cluster_->await_watch(kServices);
  EXPECT_THAT(text(), HasSubstr("gatehouse_cache_objects{kind=\"Service\"} 2"));
  EXPECT_THAT(text(), HasSubstr("gatehouse_cache_listed{kind=\"Service\"} 1"));
  EXPECT_THAT(text(), HasSubstr("gatehouse_cache_failures_total{kind=\"Service\"} 0"));
  EXPECT_EQ(heard_.get_future().get(), "failed");
  EXPECT_THAT(text(), HasSubstr("gatehouse_cache_failures_total{kind=\"IngressClass\"} 1"));
  EXPECT_THAT(text(), HasSubstr("gatehouse_cache_listed{kind=\"IngressClass\"} 0"));
}

TEST_F(Cache, StopsWhereItWasNeverStarted) {
  cache_.keep<Service>();
  keep_secrets_of_ingresses();
  cache_.stop();
  EXPECT_THAT(cluster_->urls(), IsEmpty());
}

}  // namespace
