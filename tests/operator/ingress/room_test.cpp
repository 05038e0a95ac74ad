// What one tenant asks for, all proxies hold: how much that may be, and who feels it.
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "operator/ingress/certificate_plan.h"
#include "operator/ingress/compiler.h"
#include "operator/ingress/incremental_compiler.h"
#include "operator/ingress/owned_ingresses.h"
#include "proxy/config/valid_config.h"
#include "proxy/config/wire.h"
#include "tests/operator/ingress/cluster_builder.h"

namespace ingress {
namespace {

using ingress_test::an_ingress;
using ingress_test::IngressBuilder;
using ingress_test::key_of;
using ingress_test::ViewBuilder;
using routing::AuthSecret;
using routing::Complaint;
using routing::Complaints;
using routing::Load;
using routing::Severity;
using routing::TlsSecret;
using std::chrono::seconds;
using testing::AllOf;
using testing::Contains;
using testing::ElementsAre;
using testing::Field;
using testing::HasSubstr;
using testing::IsEmpty;

const std::string kNginx = "nginx.ingress.kubernetes.io/";

Complaints about(const Compiled& compiled, const std::string& key) {
  Complaints found;
  for (const Complaint& one : compiled.complaints) {
    if (one.claimant.key() == key_of(key)) found.push_back(one);
  }
  return found;
}

kube::Ingress with_hosts(const std::string& key, int count, int age) {
  kube::Ingress ingress = an_ingress(key).created_after(seconds(age)).get();
  for (int i = 0; i < count; ++i) {
    kube::IngressRule rule;
    rule.host = "h" + std::to_string(i) + "." + ingress.metadata.name + ".example";
    ingress.rules.push_back(std::move(rule));
  }
  return ingress;
}

std::shared_ptr<const kube::Ingress> shared(kube::Ingress ingress) {
  return std::make_shared<const kube::Ingress>(std::move(ingress));
}

bool is_served(const Compiled& compiled, const std::string& host) {
  const auto found = compiled.config.hosts.find(host);
  if (found == compiled.config.hosts.end() || found->second->routes.empty()) return false;
  return std::holds_alternative<proxy::config::Forward>(found->second->routes.front().action);
}

TEST(Room, IngressesOfAHundredThousandHostsAreToldAndNobodyElseNoticesThem) {
  const Compiled compiled = compile(
      ViewBuilder()
          .service("shop/web", 80, {"10.0.0.1"})
          .ingress(shared(with_hosts("bad/one", 100'100, 0)))
          .ingress(shared(with_hosts("bad/two", 100'100, 0)))
          .ingress(
              an_ingress("shop/www").created_after(seconds(9)).path("shop.example", "/", "web", 80))
          .view);
  EXPECT_TRUE(proxy::config::validate(compiled.config));
  EXPECT_TRUE(is_served(compiled, "shop.example"));
  EXPECT_EQ(compiled.config.hosts.size(), 1U);
  EXPECT_THAT(about(compiled, "shop/www"), IsEmpty());
  for (const char* const key : {"bad/one", "bad/two"}) {
    EXPECT_THAT(about(compiled, key),
                ElementsAre(AllOf(
                    Field(&Complaint::severity, Severity::warning),
                    Field(&Complaint::reason, "IngressTooLarge"),
                    Field(&Complaint::message,
                          HasSubstr("it asks for 100100 hosts, and one Ingress may have 10000")))));
  }
}

TEST(Room, AnIngressOfAsManyHostsAsOneMayHaveIsServed) {
  const Compiled compiled =
      compile(ViewBuilder().ingress(shared(with_hosts("a/one", 10'000, 0))).view);
  EXPECT_EQ(compiled.config.hosts.size(), 10'000U);
  EXPECT_EQ(compiled.summaries.front().hosts.size(), 10'000U);
  EXPECT_THAT(compiled.complaints, IsEmpty());
}

// The namespace of all Ingresses here may have ten hosts.
class RoomOfTen : public testing::Test {
 protected:
  RoomOfTen() {
    made_.view.bounds.namespace_[Load::hosts] = 10;
    made_.service("a/web", 80, {"10.0.0.1"}).service("b/web", 80, {"10.0.0.1"});
  }
  ViewBuilder made_;
};

TEST_F(RoomOfTen, WhoComesLastIntoAFullNamespaceIsNotServedAndOthersAre) {
  made_.ingress(shared(with_hosts("a/old", 9, 1)))
      .ingress(an_ingress("a/last").created_after(seconds(5)).path("last.example", "/", "web", 80))
      .ingress(
          an_ingress("a/too-late").created_after(seconds(6)).path("late.example", "/", "web", 80))
      .ingress(an_ingress("b/young").created_after(seconds(7)).path("b.example", "/", "web", 80));
  const Compiled compiled = compile(made_.view);
  EXPECT_TRUE(is_served(compiled, "last.example"));
  EXPECT_TRUE(is_served(compiled, "b.example"));
  EXPECT_EQ(compiled.config.hosts.count("late.example"), 0U);
  EXPECT_THAT(about(compiled, "a/too-late"),
              ElementsAre(Field(&Complaint::reason, "NamespaceFull")));
  const Summary& summary = compiled.summaries.at(2);
  EXPECT_EQ(summary.paths_served, 0U);
  EXPECT_EQ(summary.paths_closed, 1U);
  EXPECT_EQ(compiled.owners.owner_of("late.example")->key().text(), "a/too-late")
      << "nobody else may take a host because its owner has no room";
}

TEST_F(RoomOfTen, WhoFindsNoRoomGetsNoNewCertificateAndKeepsTheOneThatIsThere) {
  const auto planned = [this] {
    const Compiled compiled = compile(made_.view);
    return plan_certificates(made_.view, compiled.owners, without_room(compiled));
  };
  const kube::Ingress late = an_ingress("a/late")
                                 .created_after(seconds(5))
                                 .annotation("cert-manager.io/cluster-issuer", "ca")
                                 .path("late.example", "/", "web", 80)
                                 .tls({"late.example"}, "late-tls")
                                 .get();
  made_.ingress(shared(late));
  const CertificatePlan wanted = planned();
  ASSERT_THAT(wanted.apply, testing::SizeIs(1));
  made_.ingress(shared(with_hosts("a/many", 10, 1)));
  EXPECT_THAT(planned().apply, IsEmpty());

  api::Certificate there;
  there.metadata.namespace_ = "a";
  there.metadata.name = "late-tls";
  there.metadata.owner_references = {wanted.apply.begin()->second.owner};
  there.spec = wanted.apply.begin()->second.spec;
  made_.certificate(there);
  EXPECT_THAT(planned().apply, IsEmpty());
  EXPECT_THAT(planned().remove, IsEmpty());
}

TEST_F(RoomOfTen, WhatGuardsAndFindsNoRoomLeavesNothingOpen) {
  made_.ingress(an_ingress("a/open").created_after(seconds(1)).path("shop.example", "/", "web", 80))
      .ingress(shared(with_hosts("a/many", 9, 2)))
      .ingress(an_ingress("a/guarded")
                   .created_after(seconds(3))
                   .annotation(kNginx + "whitelist-source-range", "10.0.0.0/8")
                   .path("shop.example", "/admin", "web", 80));
  const Compiled compiled = compile(made_.view);
  EXPECT_FALSE(is_served(compiled, "shop.example"));
  EXPECT_THAT(about(compiled, "a/open"), Contains(Field(&Complaint::reason, "HostClosed")));
  EXPECT_THAT(about(compiled, "a/guarded"), Contains(Field(&Complaint::reason, "NamespaceFull")));
}

TEST_F(RoomOfTen, WhatGuardsNothingAndFindsNoRoomLeavesOthersAsTheyAre) {
  made_.ingress(an_ingress("a/open").created_after(seconds(1)).path("shop.example", "/", "web", 80))
      .ingress(shared(with_hosts("a/many", 9, 2)))
      .ingress(
          an_ingress("a/more").created_after(seconds(3)).path("shop.example", "/x", "web", 80));
  EXPECT_TRUE(is_served(compile(made_.view), "shop.example"));
}

TEST_F(RoomOfTen, TlsThatWasToBeReadByItsBackendAloneEndsNowhereElse) {
  made_.ingress(shared(with_hosts("a/many", 10, 1)))
      .ingress(an_ingress("a/sealed")
                   .created_after(seconds(2))
                   .annotation(kNginx + "ssl-passthrough", "true")
                   .path("sealed.example", "/", "web", 80))
      .ingress(an_ingress("a/small").created_after(seconds(0)).path("*.example", "/", "web", 80));
  made_.view.bounds.namespace_[Load::hosts] = 11;
  const Compiled compiled = compile(made_.view);
  EXPECT_EQ(compiled.config.hosts.count("sealed.example"), 0U);
  EXPECT_EQ(compiled.config.sni.count("sealed.example"), 0U);
}

TEST(Room, AGuardedPathThatAFullHostHasNoPlaceForClosesTheHost) {
  ViewBuilder made;
  made.service("a/web", 80, {"10.0.0.1"});
  for (int i = 0; i < 2; ++i) {
    kube::Ingress many = an_ingress("a/many" + std::to_string(i)).get();
    kube::IngressRule& rule = many.rules.emplace_back();
    rule.host = "shop.example";
    for (int k = 0; k < 10'000; ++k) {
      const std::string path = k == 0 ? "/" : "/p" + std::to_string(i) + "-" + std::to_string(k);
      kube::IngressPath& one = rule.paths.emplace_back();
      one.path = i == 1 && k == 0 ? "/more" : path;
      one.path_type = kube::PathType::prefix;
      one.backend.service.emplace();
      one.backend.service->name = "web";
      one.backend.service->port_number = 80;
    }
    made.ingress(shared(std::move(many)));
  }
  EXPECT_TRUE(is_served(compile(made.view), "shop.example"));
  made.ingress(an_ingress("a/guarded")
                   .created_after(seconds(1))
                   .annotation(kNginx + "whitelist-source-range", "10.0.0.0/8")
                   .path("shop.example", "/admin", "web", 80));
  const Compiled compiled = compile(made.view);
  EXPECT_FALSE(is_served(compiled, "shop.example"));
  EXPECT_THAT(about(compiled, "a/guarded"), Contains(Field(&Complaint::reason, "HostFull")));
}

// One Secret, Service or annotation that is written once, and stands in the configuration for each
// path, backend or Ingress.
struct Multiplied {
  const char* name;
  void (*make)(ViewBuilder& made);
};

class RoomForMultiples : public testing::TestWithParam<Multiplied> {};

TEST_P(RoomForMultiples, IsBoundedAndTheConfigurationValid) {
  ViewBuilder made;
  made.service("shop/web", 80, {"10.0.0.1"})
      .ingress(
          an_ingress("shop/www").created_after(seconds(9)).path("shop.example", "/", "web", 80));
  // A tenth of what there is, so that the test is as short as it is honest.
  made.view.bounds.claimant = Load::of(1000, 1000, 1000, 40'000, 2u << 20, 4u << 20);
  made.view.bounds.namespace_ = Load::of(10'000, 10'000, 10'000, 190'000, 8u << 20, 16u << 20);
  GetParam().make(made);
  const Compiled compiled = compile(made.view);
  EXPECT_TRUE(proxy::config::validate(compiled.config));
  EXPECT_TRUE(is_served(compiled, "shop.example"));
  EXPECT_THAT(
      compiled.complaints,
      Contains(Field(&Complaint::reason, testing::AnyOf("IngressTooLarge", "NamespaceFull"))));
  proxy::config::ProxyConfig config = compiled.config;
  std::size_t certificate_bytes = 0;
  for (const auto& [id, one] : config.certificates) {
    certificate_bytes += one->chain_pem.size() + one->key_pem.size();
  }
  EXPECT_LE(certificate_bytes, 16u << 20);
  EXPECT_LE(proxy::config::delta_to_json(proxy::config::full_state(config)).size(),
            (8u << 20) + 10'000);
}

kube::Ingress with_paths(const std::string& key, int count, int services = 1) {
  kube::Ingress ingress = an_ingress(key).get();
  kube::IngressRule rule;
  rule.host = ingress.metadata.name + ".bad.example";
  for (int i = 0; i < count; ++i) {
    kube::IngressPath path;
    path.path = "/p" + std::to_string(i);
    path.path_type = kube::PathType::prefix;
    path.backend.service.emplace();
    path.backend.service->name = "s" + std::to_string(i % services);
    path.backend.service->port_number = 80;
    rule.paths.push_back(std::move(path));
  }
  ingress.rules.push_back(std::move(rule));
  return ingress;
}

std::vector<std::string> addresses(int count) {
  std::vector<std::string> all;
  for (int i = 0; i < count; ++i) {
    all.push_back("10.1." + std::to_string(i / 250) + "." + std::to_string(1 + i % 250));
  }
  return all;
}

INSTANTIATE_TEST_SUITE_P(
    All, RoomForMultiples,
    testing::Values(
        Multiplied{"aTargetOfEachPath",
                   [](ViewBuilder& made) {
                     kube::Ingress one = with_paths("bad/rewritten", 1000);
                     one.metadata.annotations[kNginx + "rewrite-target"] =
                         "/" + std::string(4000, 'a');
                     made.service("bad/s0", 80, {"10.0.0.1"}).ingress(shared(one));
                   }},
        Multiplied{"aRedirectOfEachPath",
                   [](ViewBuilder& made) {
                     kube::Ingress one = with_paths("bad/redirected", 1000);
                     one.metadata.annotations[kNginx + "permanent-redirect"] =
                         "https://a.example/" + std::string(4000, 'a');
                     made.ingress(shared(one));
                   }},
        Multiplied{"thePathsOfEachAlias",
                   [](ViewBuilder& made) {
                     kube::Ingress one = with_paths("bad/aliased", 1000);
                     std::string aliases;
                     for (int i = 0; i < 100; ++i) {
                       aliases += "a" + std::to_string(i) + ".bad.example ";
                     }
                     one.metadata.annotations[kNginx + "server-alias"] = aliases;
                     made.service("bad/s0", 80, {"10.0.0.1"}).ingress(shared(one));
                   }},
        Multiplied{"theEndpointsOfEachIngressWithTimesOfItsOwn",
                   [](ViewBuilder& made) {
                     made.service("bad/s0", 80, addresses(3000));
                     for (int i = 0; i < 100; ++i) {
                       kube::Ingress one = with_paths("bad/timed" + std::to_string(i), 1);
                       one.metadata.annotations[kNginx + "proxy-read-timeout"] =
                           std::to_string(100 + i);
                       made.ingress(shared(one));
                     }
                   }},
        Multiplied{"theAuthoritiesOfEachBackend",
                   [](ViewBuilder& made) {
                     kube::Ingress one = with_paths("bad/sealed", 100, 100);
                     one.metadata.annotations[kNginx + "backend-protocol"] = "HTTPS";
                     one.metadata.annotations[kNginx + "proxy-ssl-secret"] = "bad/own";
                     made.secret("bad/own", {"any.example"}).ingress(shared(one));
                     TlsSecret secret = *made.view.secrets.at(key_of("bad/own"));
                     secret.authorities_pem = std::string(100'000, 'a');
                     made.view.secrets[key_of("bad/own")] =
                         std::make_shared<const TlsSecret>(std::move(secret));
                     for (int i = 0; i < 100; ++i) {
                       made.service("bad/s" + std::to_string(i), 80, {"10.0.0.1"});
                     }
                   }},
        Multiplied{"theUsersOfEachIngressWithARealmOfItsOwn",
                   [](ViewBuilder& made) {
                     AuthSecret secret;
                     for (int i = 0; i < 5000; ++i) {
                       secret.file.users.push_back({"user" + std::to_string(i), "hash"});
                     }
                     made.view.auth_secrets[key_of("bad/users")] =
                         std::make_shared<const AuthSecret>(std::move(secret));
                     made.service("bad/s0", 80, {"10.0.0.1"});
                     for (int i = 0; i < 50; ++i) {
                       kube::Ingress one = with_paths("bad/guarded" + std::to_string(i), 1);
                       one.metadata.annotations[kNginx + "auth-type"] = "basic";
                       one.metadata.annotations[kNginx + "auth-secret"] = "users";
                       one.metadata.annotations[kNginx + "auth-realm"] = std::to_string(i);
                       made.ingress(shared(one));
                     }
                   }},
        Multiplied{"certificates",
                   [](ViewBuilder& made) {
                     for (int i = 0; i < 30; ++i) {
                       const std::string key = "bad/c" + std::to_string(i);
                       const std::string host = "c" + std::to_string(i) + ".bad.example";
                       made.secret(key, {host})
                           .ingress(an_ingress(key).rule_without_paths(host).tls(
                               {host}, "c" + std::to_string(i)));
                       TlsSecret secret = *made.view.secrets.at(key_of(key));
                       secret.material = std::make_shared<const proxy::config::Certificate>(
                           proxy::config::Certificate{std::string(1'000'000, 'a'), "key"});
                       made.view.secrets[key_of(key)] =
                           std::make_shared<const TlsSecret>(std::move(secret));
                     }
                   }},
        Multiplied{"theHostsOfEachTlsEntryWithoutAny",
                   [](ViewBuilder& made) {
                     kube::Ingress one = with_hosts("bad/all", 900, 0);
                     for (int i = 0; i < 900; ++i) one.tls.push_back({{}, "c" + std::to_string(i)});
                     made.ingress(shared(one));
                   }}),
    [](const auto& tested) { return std::string(tested.param.name); });

// What is said to all proxies is no more than what was counted, or the bounds were none.
void expect_counted(const ViewBuilder& made) {
  const Compiled compiled = compile(made.view);
  Load all;
  for (const auto& [key, load] : compiled.loads) all += load;
  const proxy::config::ProxyConfig& config = compiled.config;
  EXPECT_LE(config.hosts.size(), all[Load::hosts]);
  EXPECT_LE(config.sni.size(), all[Load::names]);
  EXPECT_LE(config.certificates.size(), all[Load::names]);
  EXPECT_LE(config.clusters.size(), all[Load::backends]);
  EXPECT_LE(proxy::config::delta_to_json(proxy::config::full_state(config)).size(),
            all[Load::bytes] + 400);
}

// Six characters are nine hundred instructions of 16 bytes.
TEST(Room, ExpressionsAreCountedForWhatTheyTakeInEachProxy) {
  auto bad = an_ingress("bad/re");
  bad.annotation(kNginx + "use-regex", "true");
  for (int host = 0; host < 20; ++host) {
    for (int i = 0; i < 100; ++i) {
      bad.path("h" + std::to_string(host) + ".example", "/x" + std::to_string(i) + ".{900}", "web",
               80);
    }
  }
  const Compiled compiled = compile(
      ViewBuilder()
          .service("bad/web", 80, {"10.0.0.1"})
          .service("shop/web", 80, {"10.0.0.1"})
          .ingress(bad)
          .ingress(
              an_ingress("shop/www").created_after(seconds(9)).path("shop.example", "/", "web", 80))
          .view);
  EXPECT_THAT(about(compiled, "bad/re"), ElementsAre(Field(&Complaint::reason, "IngressTooLarge")));
  EXPECT_TRUE(is_served(compiled, "shop.example"));
}

TEST(Room, AnIngressAsPeopleWriteItIsCountedForAboutWhatItTakes) {
  ViewBuilder made;
  for (int i = 0; i < 100; ++i) {
    const std::string name = "s" + std::to_string(i);
    const std::string host = name + ".example";
    made.service("shop/" + name, 80, {"10.0.0.1", "10.0.0.2"})
        .secret("shop/" + name + "-tls", {host})
        .ingress(an_ingress("shop/" + name)
                     .path(host, "/", name, 80)
                     .path(host, "/api", name, 80)
                     .tls({host}, name + "-tls"));
  }
  expect_counted(made);
  const Compiled compiled = compile(made.view);
  Load all;
  for (const auto& [key, load] : compiled.loads) all += load;
  const std::size_t bytes =
      proxy::config::delta_to_json(proxy::config::full_state(compiled.config)).size();
  EXPECT_LE(all[Load::bytes], 3 * bytes);
  EXPECT_LE(all[Load::values], 2 * 100 * 16U);
  EXPECT_EQ(all[Load::hosts], 100U);
  EXPECT_EQ(all[Load::names], 100U);
  EXPECT_EQ(all[Load::backends], 100U);
}

}  // namespace
}  // namespace ingress
