#include "operator/routing/compile_rounds.h"

#include <chrono>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace routing {
namespace {

using std::chrono::seconds;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::UnorderedElementsAre;

const ClaimantKey kRoute{"HTTPRoute", {"shop", "www"}};
const ClaimantKey kIngress{"Ingress", {"shop", "www"}};
const ClaimantKey kOther{"Ingress", {"blog", "www"}};
const base::WallTime kBegin{seconds(1000)};

// What a claimant asks for, and what was said of it to the rounds.
struct Said {
  std::set<std::string> hosts{};
  int age = 0;  // seconds
  Uses uses{};
  std::set<std::string> asked_hosts{};
  std::shared_ptr<const TlsSecret> secret{};
  std::set<std::string> untold_hosts{};  // that it has nevertheless
};

// Gives each claimant its hosts while there is room for it, and notes whom it was asked about.
class Hosts final : public GroupCompiler {
 public:
  explicit Hosts(const LoadBounds& bounds = {}) : rounds(bounds, false) {}

  void put(const ClaimantKey& claimant, const Said& said) {
    erase(claimant);
    said_[claimant] = said;
    rounds.put(claimant, {said.hosts, {}}, said.uses, said.asked_hosts);
  }
  void erase(const ClaimantKey& claimant) {
    const auto known = said_.find(claimant);
    if (known == said_.end()) return;
    rounds.erase(claimant, known->second.uses, known->second.asked_hosts);
    said_.erase(known);
  }
  CompileRounds::Work run() {
    compiled.clear();
    taken_back.clear();
    return rounds.run(*this);
  }

  Made compile(const Members& members) override {
    compiled.insert(members.begin(), members.end());
    Made made;
    std::map<Rank, const Said*> by_age;
    for (const ClaimantKey& claimant : members) {
      const Said& said = said_.at(claimant);
      by_age.emplace(
          Rank{false, Claimant(claimant.kind, claimant.key, "uid", kBegin - seconds(said.age))},
          &said);
    }
    std::vector<HostClaims> claims;
    for (const auto& [rank, said] : by_age) {
      Load load;
      load[Load::hosts] = said->hosts.size();
      made.loads.emplace_back(rank, load);
      if (said->secret) made.group.secrets.push_back(said->secret);
      claims.push_back({rank.claimant, {said->hosts.begin(), said->hosts.end()}});
      if (rounds.no_room(rank.claimant.kind_and_key())) continue;
      for (const auto* hosts : {&said->hosts, &said->untold_hosts}) {
        for (const std::string& host : *hosts) add(host, made.group);
      }
    }
    made.group.owners = HostOwners(claims, false);
    return made;
  }
  void take_back(const std::vector<ClaimantKey>& members) override {
    taken_back.insert(members.begin(), members.end());
  }

  std::set<std::string> served() const {
    std::set<std::string> hosts;
    for (const auto& [name, host] : rounds.groups().config().all().hosts) hosts.insert(name);
    return hosts;
  }

  CompileRounds rounds;
  Members compiled, taken_back;  // in the last run

 private:
  static void add(const std::string& host, CompiledGroup& group) {
    if (group.config.hosts.contains(host)) return;
    group.config.hosts.insert_or_assign(host, std::make_shared<const proxy::config::VirtualHost>());
    group.served_hosts.push_back(host);
  }

  std::map<ClaimantKey, Said> said_;
};

TEST(CompileRounds, WhoHasToDoWithAChangeIsCompiledAgainWhateverKindHeIs) {
  Hosts hosts;
  hosts.rounds.begin(kBegin);
  hosts.put(kRoute, {.hosts = {"a.example"}});
  hosts.put(kIngress, {.hosts = {"a.example", "b.example"}});
  hosts.put(kOther, {.hosts = {"c.example"}, .uses = {.services = {{"blog", "web"}}}});
  const auto all = hosts.run();
  EXPECT_EQ(all.groups, 2U);
  EXPECT_EQ(all.claimants, 3U);
  EXPECT_EQ(all.hosts, 3U);
  EXPECT_TRUE(hosts.rounds.has_changed());
  EXPECT_TRUE(hosts.rounds.have_owners_changed());

  hosts.rounds.begin(kBegin);
  hosts.rounds.mark(kRoute);
  EXPECT_EQ(hosts.run().groups, 1U);
  EXPECT_THAT(hosts.compiled, UnorderedElementsAre(kRoute, kIngress));
  EXPECT_THAT(hosts.taken_back, UnorderedElementsAre(kRoute, kIngress));
  EXPECT_FALSE(hosts.rounds.have_owners_changed());

  hosts.rounds.begin(kBegin);
  hosts.rounds.note_service({"blog", "web"});
  hosts.run();
  EXPECT_THAT(hosts.compiled, ElementsAre(kOther));

  // Without the one that has a host in common with it it is alone.
  hosts.rounds.begin(kBegin);
  hosts.erase(kRoute);
  hosts.run();
  EXPECT_THAT(hosts.compiled, ElementsAre(kIngress));
  EXPECT_THAT(hosts.served(), ElementsAre("a.example", "b.example", "c.example"));
}

TEST(CompileRounds, WhoUsesOneSecretIsCompiledByItselfAndAllWhenTheSecretChanges) {
  const Uses uses{.tls_secrets = {{"shop", "wildcard"}}};
  Hosts hosts;
  hosts.rounds.begin(kBegin);
  hosts.put(kRoute, {.hosts = {"a.example"}, .uses = uses});
  hosts.put(kIngress, {.hosts = {"b.example"}, .uses = uses});
  hosts.put(kOther, {.hosts = {"c.example"}});
  EXPECT_EQ(hosts.run().groups, 3U);

  hosts.rounds.begin(kBegin);
  hosts.put(kRoute, {.hosts = {"a.example"}, .uses = uses});
  hosts.run();
  EXPECT_THAT(hosts.compiled, ElementsAre(kRoute));

  hosts.rounds.begin(kBegin);
  hosts.rounds.note_tls_secret({"shop", "wildcard"});
  EXPECT_EQ(hosts.run().groups, 2U);
  EXPECT_THAT(hosts.compiled, UnorderedElementsAre(kRoute, kIngress));
}

TEST(CompileRounds, NothingIsDoneWhereNothingHasChanged) {
  Hosts hosts;
  hosts.rounds.begin(kBegin);
  hosts.put(kOther, {.hosts = {"c.example"}});
  hosts.run();
  hosts.rounds.begin(kBegin);
  hosts.rounds.note_service({"blog", "unknown"});
  hosts.rounds.note_tls_secret({"blog", "unknown"});
  EXPECT_EQ(hosts.run().groups, 0U);
  EXPECT_FALSE(hosts.rounds.has_changed());
  EXPECT_FALSE(hosts.rounds.have_owners_changed());
}

TEST(CompileRounds, WhoLosesHisRoomIsCompiledAgainAndWhoGetsItBack) {
  LoadBounds bounds;
  bounds.namespace_[Load::hosts] = 2;
  Hosts hosts(bounds);
  hosts.rounds.begin(kBegin);
  hosts.put(kIngress, {.hosts = {"a.example", "b.example"}, .age = 1});
  hosts.run();
  EXPECT_FALSE(hosts.rounds.no_room(kIngress));

  hosts.rounds.begin(kBegin);
  hosts.put(kRoute, {.hosts = {"c.example"}, .age = 2});
  EXPECT_EQ(hosts.run().claimants, 2U) << "the older one, and then the other";
  EXPECT_TRUE(hosts.rounds.no_room(kIngress));
  EXPECT_THAT(hosts.served(), ElementsAre("c.example"));

  hosts.rounds.begin(kBegin);
  hosts.erase(kRoute);
  hosts.run();
  EXPECT_THAT(hosts.compiled, ElementsAre(kIngress));
  EXPECT_FALSE(hosts.rounds.no_room(kIngress));
  EXPECT_THAT(hosts.served(), ElementsAre("a.example", "b.example"));
}

TEST(CompileRounds, WhoAsksAboutAHostIsCompiledAgainWhenItComesToBeServed) {
  Hosts hosts;
  hosts.rounds.begin(kBegin);
  hosts.put(kOther, {.hosts = {"c.example"}, .asked_hosts = {"login.example"}});
  hosts.run();
  EXPECT_FALSE(hosts.rounds.is_served("login.example"));

  hosts.rounds.begin(kBegin);
  hosts.put(kRoute, {.hosts = {"login.example"}});
  hosts.run();
  EXPECT_THAT(hosts.compiled, UnorderedElementsAre(kRoute, kOther));
  EXPECT_TRUE(hosts.rounds.is_served("login.example"));
}

TEST(CompileRounds, WhoseCertificateHasExpiredIsCompiledAgainAndAllWhereTheClockWasSetBack) {
  const auto secret = std::make_shared<TlsSecret>();
  secret->leaf.emplace();
  secret->leaf->not_after = kBegin + seconds(10);
  Hosts hosts;
  hosts.rounds.begin(kBegin);
  hosts.put(kIngress, {.hosts = {"a.example"}, .secret = secret});
  hosts.put(kOther, {.hosts = {"c.example"}});
  hosts.run();
  hosts.rounds.begin(kBegin + seconds(9));
  EXPECT_EQ(hosts.run().groups, 0U);
  hosts.rounds.begin(kBegin + seconds(10));
  hosts.run();
  EXPECT_THAT(hosts.compiled, ElementsAre(kIngress));
  hosts.rounds.begin(kBegin + seconds(11));
  EXPECT_EQ(hosts.run().groups, 0U) << "it has expired already";
  hosts.rounds.begin(kBegin);
  EXPECT_EQ(hosts.run().groups, 2U);
}

TEST(CompileRounds, WhatIsMadeAnewKeepsItsAddressWhereItStaysEqual) {
  Hosts hosts;
  hosts.rounds.begin(kBegin);
  hosts.put(kIngress, {.hosts = {"a.example"}});
  hosts.put(kOther, {.hosts = {"c.example"}});
  hosts.run();
  const proxy::config::ProxyConfig before = hosts.rounds.groups().config().all();

  hosts.rounds.begin(kBegin);
  hosts.rounds.begin_anew();
  hosts.erase(kOther);
  hosts.put(kIngress, {.hosts = {"a.example"}});
  EXPECT_EQ(hosts.run().groups, 1U);
  const proxy::config::ProxyConfig& after = hosts.rounds.groups().config().all();
  EXPECT_EQ(after.hosts.size(), 1U);
  EXPECT_EQ(after.hosts.at("a.example"), before.hosts.at("a.example"));
}

TEST(CompileRounds, GroupsThatClaimOnePlaceAgainstTheirWordAreOneFromThenOn) {
  Hosts hosts;
  hosts.rounds.begin(kBegin);
  hosts.put(kIngress, {.hosts = {"a.example"}});
  hosts.put(kOther, {.hosts = {"c.example"}, .untold_hosts = {"a.example"}});
  hosts.run();
  EXPECT_TRUE(hosts.rounds.is_one_group());
  EXPECT_THAT(hosts.served(), ElementsAre("a.example", "c.example"));
  hosts.rounds.begin(kBegin);
  hosts.rounds.mark(kOther);
  EXPECT_EQ(hosts.run().groups, 1U);
  EXPECT_THAT(hosts.compiled, UnorderedElementsAre(kIngress, kOther));
}

TEST(CompileRounds, WhatIsOfNoClaimantIsAChangeWhereItIsAnother) {
  Hosts hosts;
  proxy::config::ProxyConfig::Section<proxy::config::Arrivals> arrivals;
  arrivals.insert_or_assign("", std::make_shared<const proxy::config::Arrivals>());
  hosts.rounds.begin(kBegin);
  hosts.rounds.put_arrivals(arrivals);
  hosts.run();
  EXPECT_TRUE(hosts.rounds.has_changed());
  hosts.rounds.begin(kBegin);
  hosts.rounds.put_arrivals(arrivals);
  hosts.run();
  EXPECT_FALSE(hosts.rounds.has_changed());
  EXPECT_THAT(hosts.compiled, IsEmpty());
}

}  // namespace
}  // namespace routing
