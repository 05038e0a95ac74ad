#include <atomic>
#include <condition_variable>
#include <future>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "operator/ingress/compile_loop.h"
#include "operator/program/stuck_watch.h"
#include "tests/operator/ingress/cluster_builder.h"

// What /livez is told of the loop, with its real thread. The clock of whoever asks is the test's.
namespace ingress {
namespace {

using routing::ExternalNames;
using routing::FieldMap;
using routing::FieldMaps;
using routing::NamedOutside;
using routing::ResolvedName;
using routing::Severity;
using std::chrono::hours;
using std::chrono::seconds;
using testing::HasSubstr;

// What DNS says, as the test has it.
class SaidNames final : public ExternalNames {
 public:
  void follow(const std::set<NamedOutside>& names) override {
    const std::lock_guard lock(mutex_);
    followed_.clear();
    for (const NamedOutside& one : names) followed_.insert(one.name);
  }
  bool are_known() const override { return true; }
  std::shared_ptr<const ResolvedName> get(const std::string& name) const override {
    const std::lock_guard lock(mutex_);
    const auto found = said_.find(name);
    return found == said_.end() ? nullptr : found->second;
  }
  void say(const std::string& name, const std::string& address) {
    const std::lock_guard lock(mutex_);
    said_[name] = std::make_shared<const ResolvedName>(ResolvedName{{address}, ""});
  }
  std::set<std::string> followed() const {
    const std::lock_guard lock(mutex_);
    return followed_;
  }

 private:
  mutable std::mutex mutex_;
  std::set<std::string> followed_;
  std::map<std::string, std::shared_ptr<const ResolvedName>> said_;
};

// ConfigMaps, none of which is there.
class AskedMaps final : public FieldMaps {
 public:
  void follow(const std::set<kube::ObjectKey>& keys) override {
    const std::lock_guard lock(mutex_);
    followed_.push_back(keys);
  }
  bool are_read() const override { return true; }
  std::shared_ptr<const FieldMap> get(const kube::ObjectKey&) const override { return nullptr; }
  std::set<kube::ObjectKey> followed_first() const {
    const std::lock_guard lock(mutex_);
    return followed_.at(0);
  }

 private:
  mutable std::mutex mutex_;
  std::vector<std::set<kube::ObjectKey>> followed_;
};

kube::IngressClass class_with_parameters() {
  kube::IngressClass named = *ingress_test::ViewBuilder().view.classes.front();
  named.parameters = kube::IngressClassParameters{"gatehouse.dev", "EdgeParameters", "strict", ""};
  return named;
}

api::EdgeParameters strict_parameters() {
  api::EdgeParameters parameters;
  parameters.metadata.name = "strict";
  parameters.spec.default_annotations = {{"auth-url", "http://auth.id.svc.cluster.local/check"}};
  parameters.spec.asked_service = kube::ObjectKey{"id", "auth"};
  parameters.spec.default_backend = api::EdgeParameters::Backend{{"edge", "pages"}, 80};
  return parameters;
}

class CompileLoopTest : public testing::Test {
 protected:
  void make(std::function<void()> while_compiling) {
    loop_ = std::make_unique<CompileLoop>(
        CompileLoop::Stores{ingresses_, classes_, services_, slices_, tls_secrets_, certificates_,
                            namespaces_, nullptr, &names_, &parameters_, &in_force_, &field_maps_},
        options_, clock_, registry_,
        [this, work = std::move(while_compiling)](const CompileLoop::Outcome& outcome) {
          look_(outcome);
          work();
        });
  }
  void start(std::function<void()> while_compiling) {
    make(std::move(while_compiling));
    ingresses_.replace_all(ingresses_at_first_);
    classes_.replace_all(ingress_test::ViewBuilder().view.classes);
    if (parameters_at_first_) {
      classes_.put(class_with_parameters());
      parameters_.put(*parameters_at_first_);
    }
    parameters_.replace_all(parameters_.list());
    services_.replace_all({});
    slices_.replace_all({});
    tls_secrets_.replace_all({});
    certificates_.replace_all({});
    namespaces_.replace_all({});
    loop_->start();
  }
  std::string ask() {
    now_ += seconds(10);
    return watch_.why_stuck({loop_->rounds(), loop_->processor_time()}, now_);
  }

  CompileLoop::Options options_;
  CompileLoop::Listener look_ = [](const CompileLoop::Outcome&) {};
  const base::SystemClock clock_{};
  prometheus::Registry registry_;
  kube::Store<kube::Ingress> ingresses_;
  kube::Store<kube::IngressClass> classes_;
  kube::Store<kube::Service> services_;
  kube::Store<kube::EndpointSlice> slices_;
  kube::Store<kube::Secret> tls_secrets_;
  kube::Store<api::Certificate> certificates_;
  kube::Store<kube::Namespace> namespaces_;
  kube::Store<api::EdgeParameters> parameters_;
  const ParametersInForce in_force_{classes_, parameters_, namespaces_};
  SaidNames names_;
  AskedMaps field_maps_;
  std::vector<std::shared_ptr<const kube::Ingress>> ingresses_at_first_;
  std::optional<api::EdgeParameters> parameters_at_first_;
  base::SteadyTime now_{hours(1)};
  program::StuckWatch watch_;
  std::unique_ptr<CompileLoop> loop_;
};

TEST_F(CompileLoopTest, ACompilationThatWaitsForEverIsStuck) {
  std::promise<void> entered;
  std::promise<void> released;
  start([&] {
    entered.set_value();
    released.get_future().wait();
  });
  entered.get_future().wait();
  std::string why;
  for (int asked = 0; asked < 1000 && why.empty(); ++asked) why = ask();
  EXPECT_THAT(why, HasSubstr("has not moved for 60 s"));
  released.set_value();
  loop_->stop();
}

TEST_F(CompileLoopTest, ACompilationThatTakesVeryLongIsNot) {
  std::atomic<bool> is_over = false;
  std::promise<void> entered;
  start([&] {
    entered.set_value();
    while (!is_over) {
    }
  });
  entered.get_future().wait();
  for (int asked = 0; asked < 50; ++asked) {
    const auto before = loop_->processor_time();
    while (loop_->processor_time() == before) std::this_thread::yield();
    EXPECT_EQ(ask(), "");
  }
  is_over = true;
  loop_->stop();
}

// What a class has for an Ingress may be what makes it name something.
TEST_F(CompileLoopTest,
       WhatIsNamedBesideTheAnnotationsOfAClassIsFollowedBeforeTheFirstCompilation) {
  ingresses_at_first_ = {
      ingress_test::an_ingress("shop/www")
          .path("shop.example", "/", "web", 80)
          .annotation("nginx.ingress.kubernetes.io/auth-proxy-set-headers", "said")};
  parameters_at_first_ = strict_parameters();
  std::promise<void> compiled;
  start([&, is_first = true]() mutable {
    if (std::exchange(is_first, false)) compiled.set_value();
  });
  compiled.get_future().wait();
  EXPECT_EQ(field_maps_.followed_first(), (std::set<kube::ObjectKey>{{"shop", "said"}}));
  loop_->stop();
}

TEST_F(CompileLoopTest, NamespacesAreWaitedForWhileParametersThatSelectThemHoldOn) {
  make([] {});
  classes_.replace_all({std::make_shared<const kube::IngressClass>(class_with_parameters())});
  api::EdgeParameters selecting;
  selecting.metadata.name = "strict";
  selecting.spec.namespace_selector = api::LabelSelector{.match_labels = {{"edge", "strict"}}};
  parameters_.put(selecting);
  parameters_.replace_all(parameters_.list());
  EXPECT_TRUE(loop_->lacks_parameters());
  api::EdgeParameters spoilt;
  spoilt.metadata.name = "strict";
  spoilt.problem = "spec.hsts is no object";
  parameters_.put(spoilt);
  EXPECT_TRUE(loop_->lacks_parameters());
  namespaces_.replace_all({});
  EXPECT_FALSE(loop_->lacks_parameters());
}

// How often it compiles, and for what.
class CompileLoopChanges : public CompileLoopTest {
 protected:
  void SetUp() override {
    options_.at_least = hours(1);  // nothing but a change wakes it
    options_.read_beside = {{"edge", "proxies"}};
    look_ = [this](const CompileLoop::Outcome& outcome) {
      const std::lock_guard lock(mutex_);
      last_ = outcome;
    };
    start([this] {
      const std::lock_guard lock(mutex_);
      ++compilations_;
      compiled_.notify_all();
    });
    expect(1);
  }
  void TearDown() override { loop_->stop(); }

  // So many have been made since the start, and no more.
  void expect(int compilations) {
    std::unique_lock lock(mutex_);
    compiled_.wait(lock, [&] { return compilations_ >= compilations; });
    EXPECT_EQ(compilations_, compilations);
  }

  // What comes in order is compiled in order.
  void wait_for_endpoints(const std::string& cluster, std::size_t count) {
    std::unique_lock lock(mutex_);
    compiled_.wait(lock, [&] { return endpoints_of(cluster) == count; });
  }
  // mutex_ is held, or nothing compiles.
  std::size_t endpoints_of(const std::string& cluster) const {
    const auto found = last_.config->clusters.find(cluster);
    return found == last_.config->clusters.end() ? 0 : found->second->endpoints.size();
  }

  std::mutex mutex_;
  std::condition_variable compiled_;
  int compilations_ = 0;
  CompileLoop::Outcome last_;
};

TEST_F(CompileLoopChanges, WhomParametersNameIsFollowedWhileTheLastThatCouldBeReadHold) {
  parameters_.put(strict_parameters());
  classes_.put(class_with_parameters());
  ingresses_.put(ingress_test::an_ingress("shop/www").path("shop.example", "/", "web", 80).get());
  // Of a group of its own, which is compiled without what the class has asked.
  ingresses_.put(ingress_test::an_ingress("blog/www")
                     .path("blog.example", "/", "web", 80)
                     .annotation("nginx.ingress.kubernetes.io/enable-global-auth", "false")
                     .get());
  for (const char* const service : {"id/auth", "edge/pages", "shop/web", "blog/web"}) {
    services_.put(ingress_test::a_service(service, 80));
  }
  std::vector<std::string> addresses;
  const auto add_endpoint = [&] {
    addresses.push_back("10.0.0." + std::to_string(addresses.size() + 1));
    for (const char* const service : {"id/auth", "edge/pages", "blog/web"}) {
      kube::EndpointSlice slice = ingress_test::a_slice(service, "http", 8080, addresses);
      slice.metadata.resource_version = std::to_string(addresses.size());
      slices_.put(slice);
    }
    wait_for_endpoints("blog/web:80", addresses.size());
    const std::lock_guard lock(mutex_);
    EXPECT_EQ(endpoints_of("id/auth:80"), addresses.size());
    EXPECT_EQ(endpoints_of("edge/pages:80"), addresses.size());
  };
  add_endpoint();
  api::EdgeParameters spoilt;
  spoilt.metadata.name = "strict";
  spoilt.metadata.resource_version = "2";
  spoilt.problem = "spec.hsts is no object";
  parameters_.put(spoilt);
  add_endpoint();
  parameters_.erase({"", "strict"});
  add_endpoint();
}

TEST_F(CompileLoopChanges, ANamespaceHasTheClassWhileItsLabelsAreSo) {
  ingresses_.put(ingress_test::an_ingress("shop/www").path("shop.example", "/", "web", 80).get());
  const auto wait_for_hosts = [this](std::size_t count) {
    std::unique_lock lock(mutex_);
    compiled_.wait(lock, [&] { return last_.config->hosts.size() == count; });
  };
  wait_for_hosts(1);
  api::EdgeParameters selecting;
  selecting.metadata.name = "strict";
  selecting.spec.namespace_selector = api::LabelSelector{.match_labels = {{"edge", "strict"}}};
  parameters_.put(selecting);
  classes_.put(class_with_parameters());
  wait_for_hosts(0);
  kube::Namespace shop;
  shop.metadata.name = "shop";
  shop.metadata.resource_version = "1";
  namespaces_.put(shop);
  shop.metadata.labels["edge"] = "strict";
  shop.metadata.resource_version = "2";
  namespaces_.put(shop);
  wait_for_hosts(1);
  shop.metadata.labels.clear();
  shop.metadata.resource_version = "3";
  namespaces_.put(shop);
  wait_for_hosts(0);
}

TEST_F(CompileLoopChanges, WhatNoIngressNamesIsNotCompiled) {
  ingresses_.put(ingress_test::an_ingress("shop/www")
                     .path("shop.example", "/", "web", 80)
                     .tls({"shop.example"}, "www-tls")
                     .get());
  expect(2);
  kube::Secret secret;
  secret.metadata.namespace_ = "shop";
  secret.metadata.name = "other-tls";
  tls_secrets_.put(secret);
  services_.put(ingress_test::a_service("shop/other", 80));
  slices_.put(ingress_test::a_slice("shop/other", "http", 8080, {"10.0.0.1"}));
  services_.put(ingress_test::a_service("web/web", 80));
  // Whatever these had woken would be among this one's compilations, or before it.
  services_.put(ingress_test::a_service("shop/web", 80));
  expect(3);
  slices_.put(ingress_test::a_slice("shop/web", "http", 8080, {"10.0.0.2"}));
  expect(4);
  secret.metadata.name = "www-tls";
  tls_secrets_.put(secret);
  expect(5);
  tls_secrets_.erase({"shop", "other-tls"});
  slices_.erase({"shop", "web-8080IPv4"});
  expect(6);
}

TEST_F(CompileLoopChanges, EachChangeIsInTheNextConfigurationAndTheRestKeepsItsAddress) {
  services_.put(ingress_test::a_service("shop/web", 80));
  ingresses_.put(ingress_test::an_ingress("shop/www").path("shop.example", "/", "web", 80).get());
  expect(2);
  const auto first = last_.config;
  ASSERT_TRUE(first);
  EXPECT_TRUE(first->clusters.at("shop/web:80")->endpoints.empty());
  slices_.put(ingress_test::a_slice("shop/web", "http", 8080, {"10.0.0.1"}));
  expect(3);
  EXPECT_EQ(last_.config->clusters.at("shop/web:80")->endpoints.size(), 1U);
  EXPECT_EQ(last_.config->hosts, first->hosts);
  EXPECT_THAT(last_.findings.complaints, testing::IsEmpty());
  EXPECT_EQ(last_.findings.summaries.size(), 1U);
  ingresses_.erase({"shop", "www"});
  expect(4);
  EXPECT_TRUE(last_.config->hosts.empty());
  EXPECT_TRUE(last_.config->clusters.empty());
}

TEST_F(CompileLoopChanges, NamesOfServicesOnTheOutsideAreFollowedAndTheirAnswersCompiled) {
  kube::Service outside;
  outside.metadata.namespace_ = "shop";
  outside.metadata.name = "outside";
  outside.type_name = "ExternalName";
  outside.external_name = "api.example.org";
  services_.put(outside);
  ingresses_.put(
      ingress_test::an_ingress("shop/www").path("shop.example", "/", "outside", 443).get());
  expect(2);
  EXPECT_EQ(names_.followed(), std::set<std::string>{"api.example.org"});
  EXPECT_TRUE(last_.config->clusters.at("shop/outside:443")->endpoints.empty());
  ASSERT_EQ(last_.findings.complaints.size(), 1U);
  EXPECT_EQ(last_.findings.complaints.begin()->second->front().severity, Severity::pending);
  names_.say("api.example.org", "192.0.2.1");
  loop_->note_external_name("other.example");  // nobody's
  loop_->note_external_name("api.example.org");
  expect(3);
  EXPECT_EQ(last_.config->clusters.at("shop/outside:443")->endpoints,
            (std::vector<proxy::config::Endpoint>{{"192.0.2.1", 443}}));
  EXPECT_TRUE(last_.findings.complaints.empty());
  ingresses_.erase({"shop", "www"});
  expect(4);
  EXPECT_TRUE(names_.followed().empty());
}

TEST_F(CompileLoopChanges, WhatChangesNothingHandsOutNothing) {
  ingresses_.put(ingress_test::an_ingress("shop/www").tls({"shop.example"}, "www-tls").get());
  expect(2);
  const auto before = last_;
  api::Certificate certificate = ingress_test::a_certificate("shop/other", "other", {"a.example"});
  certificates_.put(certificate);
  certificate.metadata.resource_version = "2";
  certificate.status.observed_generation = 7;
  certificates_.put(certificate);
  // Whoever listens reads this one beside what was compiled.
  services_.put(ingress_test::a_service("edge/proxies", 443));
  expect(3);
  EXPECT_EQ(last_.config, before.config);
  EXPECT_EQ(last_.owners, before.owners);
}

}  // namespace
}  // namespace ingress
