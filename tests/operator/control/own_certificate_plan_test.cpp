#include "operator/control/own_certificate_plan.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "base/key.h"
#include "base/x509.h"
#include "tests/fakes/clock.h"

namespace control {
namespace {

using std::chrono::hours;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::UnorderedElementsAre;

constexpr base::WallTime kNow = fakes::FakeClock::kStart;
constexpr hours kDay{24};
const std::vector<std::string> kNames = {"gatehouse-operator.gatehouse-system.svc"};

// What one replica would do with a Secret and a ConfigMap, and their state afterwards.
struct Cluster {
  std::optional<OwnCertificateContent> secret;
  std::optional<PublishedBundle> bundle;
  base::WallTime now = kNow;
  std::vector<std::string> names = kNames;

  OwnCertificateVerdict plan() const {
    return plan_own_certificate(
        {secret ? &*secret : nullptr, bundle ? &*bundle : nullptr, names, now});
  }
  // One step, as the verdict says.
  OwnCertificateAction step() {
    const OwnCertificateVerdict verdict = plan();
    auto made = carry_out(verdict, secret.value_or(OwnCertificateContent{}), now, {});
    EXPECT_TRUE(made) << made.error().message;
    if (verdict.action != OwnCertificateAction::keep) secret = *made;
    return verdict.action;
  }
  void publish() { bundle = PublishedBundle{bundle_of(*secret), now}; }

  static Cluster settled() {
    Cluster cluster;
    EXPECT_EQ(cluster.step(), OwnCertificateAction::make_ca_and_leaf);
    cluster.publish();
    EXPECT_EQ(cluster.plan().action, OwnCertificateAction::keep);
    return cluster;
  }
};

base::CertificateInfo info(const std::string& pem) {
  const auto chain = base::read_chain(pem);
  EXPECT_TRUE(chain) << chain.error().message;
  return chain->front();
}

std::size_t certificates_in(const std::string& bundle) {
  return base::read_chain(bundle).value().size();
}

TEST(OwnCertificatePlan, WithoutASecretEverythingIsMade) {
  Cluster cluster;
  EXPECT_THAT(cluster.plan().reason, HasSubstr("no such Secret"));
  EXPECT_EQ(cluster.step(), OwnCertificateAction::make_ca_and_leaf);
  const OwnCertificateContent& made = *cluster.secret;
  EXPECT_TRUE(base::check_key_pair(made.leaf, made.leaf_key));
  EXPECT_TRUE(base::check_issued_by(made.leaf, made.ca));
  EXPECT_EQ(info(made.leaf).not_after, kNow + kDay * 90);
  EXPECT_EQ(info(made.ca).not_after, kNow + kDay * 3650);
  EXPECT_THAT(info(made.leaf).dns_names, ElementsAre(kNames.front()));
  EXPECT_EQ(why_not_served(made, kNow), "");
}

TEST(OwnCertificatePlan, WhatIsGoodIsKeptUntilAThirdOfItsLifeIsLeft) {
  Cluster cluster = Cluster::settled();
  EXPECT_EQ(cluster.plan().look_again_at, kNow + kDay * 60);
  const OwnCertificateContent before = *cluster.secret;
  cluster.now = kNow + kDay * 60 - std::chrono::seconds(1);
  EXPECT_EQ(cluster.step(), OwnCertificateAction::keep);
  EXPECT_EQ(*cluster.secret, before);
  cluster.now = kNow + kDay * 60;
  EXPECT_EQ(cluster.step(), OwnCertificateAction::sign_leaf);
  EXPECT_EQ(cluster.secret->ca, before.ca) << "the proxies need not learn anything";
  EXPECT_NE(cluster.secret->leaf_key, before.leaf_key);
  EXPECT_EQ(cluster.step(), OwnCertificateAction::keep);
}

TEST(OwnCertificatePlan, WhatIsBrokenIsMadeAgain) {
  const Cluster good = Cluster::settled();
  const Cluster other = Cluster::settled();
  struct Case {
    const char* what;
    std::function<void(OwnCertificateContent&)> harm;
    OwnCertificateAction action;
    const char* reason;
  };
  const Case cases[] = {
      {"an empty Secret", [](OwnCertificateContent& c) { c = {}; },
       OwnCertificateAction::make_ca_and_leaf, "the CA in it is incomplete"},
      {"no leaf", [](OwnCertificateContent& c) { c.leaf.clear(); }, OwnCertificateAction::sign_leaf,
       "the certificate in it is incomplete"},
      {"no leaf key", [](OwnCertificateContent& c) { c.leaf_key.clear(); },
       OwnCertificateAction::sign_leaf, "incomplete"},
      {"a leaf that is no PEM", [](OwnCertificateContent& c) { c.leaf = "hello"; },
       OwnCertificateAction::sign_leaf, "cannot be read"},
      {"the key of another", [&](OwnCertificateContent& c) { c.leaf_key = other.secret->leaf_key; },
       OwnCertificateAction::sign_leaf, "the private key does not belong"},
      {"the leaf of another CA",
       [&](OwnCertificateContent& c) {
         c.leaf = other.secret->leaf;
         c.leaf_key = other.secret->leaf_key;
       },
       OwnCertificateAction::sign_leaf, "not signed by the CA"},
      {"another CA",
       [&](OwnCertificateContent& c) {
         c.ca = other.secret->ca;
         c.ca_key = other.secret->ca_key;
       },
       OwnCertificateAction::sign_leaf, "not signed by the CA"},
      {"another CA without its key", [&](OwnCertificateContent& c) { c.ca = other.secret->ca; },
       OwnCertificateAction::make_ca_and_leaf, "the CA in it cannot be used"},
      {"no CA key", [](OwnCertificateContent& c) { c.ca_key.clear(); },
       OwnCertificateAction::make_ca_and_leaf, "the CA in it is incomplete"},
      {"a CA key that is none", [](OwnCertificateContent& c) { c.ca_key = "hello"; },
       OwnCertificateAction::make_ca_and_leaf, "the CA in it cannot be used"},
      {"a leaf as CA",
       [](OwnCertificateContent& c) {
         c.ca = c.leaf;
         c.ca_key = c.leaf_key;
       },
       OwnCertificateAction::make_ca_and_leaf, "no CA that signed itself"},
      {"two CAs in one", [&](OwnCertificateContent& c) { c.ca += other.secret->ca; },
       OwnCertificateAction::make_ca_and_leaf, "more than one certificate"},
      {"a next CA that is none", [](OwnCertificateContent& c) { c.next_ca = "hello"; },
       OwnCertificateAction::make_next_ca, "incomplete"},
      {"a previous CA that is none", [](OwnCertificateContent& c) { c.previous_ca = "hello"; },
       OwnCertificateAction::drop_previous_ca, "cannot be read"},
  };
  for (const Case& broken : cases) {
    SCOPED_TRACE(broken.what);
    Cluster cluster = good;
    broken.harm(*cluster.secret);
    const OwnCertificateVerdict verdict = cluster.plan();
    EXPECT_EQ(verdict.action, broken.action);
    EXPECT_THAT(verdict.reason, HasSubstr(broken.reason));
    cluster.step();
    EXPECT_EQ(cluster.plan().action, OwnCertificateAction::keep) << cluster.plan().reason;
    EXPECT_EQ(why_not_served(*cluster.secret, cluster.now), "");
  }
}

TEST(OwnCertificatePlan, ALeafOrCaOutOfItsTimeIsMadeAgain) {
  Cluster cluster = Cluster::settled();
  cluster.now = kNow + kDay * 90;
  EXPECT_THAT(cluster.plan().reason, HasSubstr("has expired at 2026-04-01"));
  EXPECT_EQ(cluster.plan().action, OwnCertificateAction::sign_leaf);
  EXPECT_THAT(why_not_served(*cluster.secret, cluster.now), HasSubstr("has expired"));
  cluster.now = kNow + kDay * 3650;
  EXPECT_EQ(cluster.plan().action, OwnCertificateAction::make_ca_and_leaf);
  // Made by a clock that was far ahead.
  cluster.now = kNow - kDay;
  EXPECT_THAT(cluster.plan().reason, HasSubstr("is not valid before"));
  EXPECT_EQ(cluster.plan().action, OwnCertificateAction::make_ca_and_leaf);
}

TEST(OwnCertificatePlan, ReplicasThatWantDifferentNamesDoNotUndoEachOther) {
  Cluster old = Cluster::settled();
  Cluster upgraded = old;
  upgraded.names = {"edge.gatehouse-system.svc"};
  EXPECT_EQ(upgraded.plan().action, OwnCertificateAction::sign_leaf);
  EXPECT_THAT(upgraded.plan().reason, HasSubstr("does not have the name edge."));
  upgraded.step();
  EXPECT_THAT(info(upgraded.secret->leaf).dns_names,
              UnorderedElementsAre(kNames.front(), "edge.gatehouse-system.svc"));
  EXPECT_EQ(upgraded.plan().action, OwnCertificateAction::keep);
  old.secret = upgraded.secret;
  EXPECT_EQ(old.plan().action, OwnCertificateAction::keep);
  // Once the old replicas are long gone, so is their name.
  upgraded.now += kDay * 60;
  upgraded.step();
  EXPECT_THAT(info(upgraded.secret->leaf).dns_names, ElementsAre("edge.gatehouse-system.svc"));
}

// Each proxy trusts some bundle that was published, perhaps a day ago; each replica serves some
// leaf that was in the Secret, perhaps a moment ago. They must get along at every step.
TEST(OwnCertificatePlan, ACaIsReplacedWithoutAProxyThatDoesNotTrustAReplica) {
  Cluster cluster = Cluster::settled();
  const std::string old_ca = cluster.secret->ca;
  cluster.now = kNow + kDay * (3650 - 365);
  EXPECT_EQ(cluster.step(), OwnCertificateAction::sign_leaf);  // due as well
  const std::string old_leaf = cluster.secret->leaf;
  const std::string old_bundle = cluster.bundle->pem;

  EXPECT_EQ(cluster.step(), OwnCertificateAction::make_next_ca);
  EXPECT_EQ(cluster.secret->leaf, old_leaf);
  EXPECT_EQ(cluster.step(), OwnCertificateAction::keep) << "nobody has been told yet";
  cluster.now += kDay * 7;
  EXPECT_EQ(cluster.step(), OwnCertificateAction::keep) << "nobody has been told yet";
  cluster.publish();
  const std::string both = cluster.bundle->pem;
  EXPECT_EQ(certificates_in(both), 2U);
  EXPECT_EQ(cluster.plan().look_again_at, cluster.now + kDay);
  cluster.now += kDay - std::chrono::seconds(1);
  EXPECT_EQ(cluster.step(), OwnCertificateAction::keep);
  cluster.now += std::chrono::seconds(1);
  EXPECT_EQ(cluster.step(), OwnCertificateAction::let_next_ca_sign);

  EXPECT_NE(cluster.secret->ca, old_ca);
  EXPECT_EQ(cluster.secret->previous_ca, old_ca);
  EXPECT_TRUE(base::check_issued_by(cluster.secret->leaf, cluster.secret->ca));
  EXPECT_THAT(both, HasSubstr(cluster.secret->ca)) << "a proxy with that bundle trusts it";
  cluster.publish();
  EXPECT_THAT(cluster.bundle->pem, HasSubstr(old_ca)) << "a replica may yet serve the old leaf";
  EXPECT_EQ(cluster.plan().look_again_at, cluster.now + kDay);
  cluster.now += kDay;
  EXPECT_EQ(cluster.step(), OwnCertificateAction::drop_previous_ca);
  cluster.publish();
  EXPECT_EQ(certificates_in(cluster.bundle->pem), 1U);
  EXPECT_EQ(cluster.step(), OwnCertificateAction::keep);
  EXPECT_TRUE(cluster.secret->next_ca_key.empty());
}

TEST(OwnCertificatePlan, TheNextCaWaitsAgainWhenTheBundleWasTamperedWith) {
  Cluster cluster = Cluster::settled();
  cluster.now = kNow + kDay * (3650 - 365);
  cluster.step();
  cluster.step();
  cluster.publish();
  const Cluster waiting = cluster;
  cluster.now += kDay * 2;
  EXPECT_EQ(cluster.plan().action, OwnCertificateAction::let_next_ca_sign);
  cluster.bundle->since.reset();
  EXPECT_EQ(cluster.plan().action, OwnCertificateAction::keep) << "nobody says since when";
  cluster.bundle->pem += "# mine\n";
  EXPECT_EQ(cluster.plan().action, OwnCertificateAction::keep);
  cluster.bundle.reset();
  EXPECT_EQ(cluster.plan().action, OwnCertificateAction::keep);
  cluster.publish();
  EXPECT_EQ(cluster.plan().action, OwnCertificateAction::keep);
  EXPECT_EQ(cluster.plan().look_again_at, cluster.now + kDay);
}

TEST(OwnCertificatePlan, ALeafThatFallsDueWhileACaIsReplacedIsSignedByThePresentOne) {
  Cluster cluster = Cluster::settled();
  cluster.now = kNow + kDay * (3650 - 365);
  cluster.step();
  cluster.step();
  cluster.secret->leaf.clear();
  const std::string present = cluster.secret->ca;
  EXPECT_EQ(cluster.step(), OwnCertificateAction::sign_leaf);
  EXPECT_TRUE(base::check_issued_by(cluster.secret->leaf, present));
  EXPECT_FALSE(cluster.secret->next_ca.empty());
}

TEST(OwnCertificateContent, SurvivesTheWayThroughASecret) {
  Cluster cluster = Cluster::settled();
  nlohmann::json object = own_certificate_secret({"gatehouse-system", "control"}, *cluster.secret);
  EXPECT_EQ(object["type"], "Opaque");
  EXPECT_EQ(object["data"].size(), 4U) << "what is empty is absent";
  EXPECT_EQ(read_own_certificate(kube::Secret::from_json(object).value()), *cluster.secret);

  cluster.secret->next_ca = "next";
  object.merge_patch(own_certificate_patch(*cluster.secret));
  EXPECT_EQ(read_own_certificate(kube::Secret::from_json(object).value()).next_ca, "next");
  cluster.secret->next_ca.clear();
  object.merge_patch(own_certificate_patch(*cluster.secret));
  EXPECT_EQ(object["data"].size(), 4U);
}

TEST(OwnCertificateContent, TheBundleSurvivesTheWayThroughAConfigMap) {
  const auto map =
      kube::ConfigMap::from_json(bundle_config_map({"gatehouse-system", "ca"}, "PEM\n", kNow));
  ASSERT_TRUE(map) << map.error().message;
  const PublishedBundle published = read_published_bundle(*map);
  EXPECT_EQ(published.pem, "PEM\n");
  EXPECT_EQ(published.since, kNow);
  EXPECT_FALSE(read_published_bundle(kube::ConfigMap{}).since);
}

}  // namespace
}  // namespace control
