#include "operator/routing/challenge_table.h"

#include <chrono>
#include <cstddef>
#include <map>
#include <memory>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "operator/routing/resources.h"

// challenge_answers() of all Certificates is the specification of what is kept up to date.
namespace routing {
namespace {

using std::chrono::seconds;
using Orders = std::map<kube::ObjectKey, std::shared_ptr<const api::Certificate>>;

api::AuthorizationStatus an_authorization(const std::string& host, const std::string& token,
                                          const std::string& state = "pending") {
  api::AuthorizationStatus authorization;
  authorization.identifier = host;
  authorization.state = state;
  authorization.token = token;
  authorization.key_authorization = token + ".of-" + std::to_string(host.size());
  return authorization;
}

api::Certificate with_order(const kube::ObjectKey& key,
                            std::vector<api::AuthorizationStatus> authorizations) {
  api::Certificate certificate;
  certificate.metadata.namespace_ = key.namespace_;
  certificate.metadata.name = key.name;
  for (const api::AuthorizationStatus& one : authorizations) {
    certificate.spec.dns_names.push_back(one.identifier);
  }
  certificate.status.order.emplace();
  certificate.status.order->authorizations = std::move(authorizations);
  return certificate;
}

HostClaims a_claim(const std::string& namespace_, const std::string& host) {
  return {Claimant("Ingress", {namespace_, "of-" + host}, "", {}), {host}};
}

::testing::AssertionResult are_equal(const ChallengeTable::Answers& wanted,
                                     const ChallengeTable::Answers& made) {
  if (wanted.size() != made.size()) {
    return ::testing::AssertionFailure() << made.size() << " in place of " << wanted.size();
  }
  for (const auto& [token, answer] : wanted) {
    const auto found = made.find(token);
    if (found == made.end()) return ::testing::AssertionFailure() << "lacks " << token;
    if (!(*found->second == *answer)) return ::testing::AssertionFailure() << token << " differs";
  }
  return ::testing::AssertionSuccess();
}

::testing::AssertionResult keep_their_addresses(const ChallengeTable::Answers& before,
                                                const ChallengeTable::Answers& now) {
  for (const auto& [token, answer] : before) {
    const auto found = now.find(token);
    if (found == now.end() || found->second == answer) continue;
    if (*found->second == *answer) return ::testing::AssertionFailure() << token << " has another";
  }
  return ::testing::AssertionSuccess();
}

// Few hosts, tokens and namespaces, so that most things touch each other.
class ChallengeHistory {
 public:
  ChallengeHistory(unsigned seed, ChallengeTable& table) : random_(seed), table_(table) {}

  void step() {
    switch (below(8)) {
      case 0:
        return change_owners();
      case 1:
        return erase();
      case 2:
        return is_rare() ? clear() : change_owners();
      default:
        return put();
    }
  }
  const HostOwners& owners() const { return owners_; }
  ChallengeTable::Answers answers_of_all(std::size_t answers_max) const {
    Resources all;
    for (const auto& [key, certificate] : orders_) all.certificates.push_back(certificate);
    return challenge_answers(all, owners_, answers_max);
  }

 private:
  std::size_t below(std::size_t end) { return random_() % end; }
  bool is_rare() { return below(10) == 0; }
  std::string one_of(const std::vector<std::string>& texts) { return texts[below(texts.size())]; }
  std::string a_namespace() { return one_of({"a", "b", "c"}); }
  std::string a_host() {
    return one_of({"h1.example", "h2.example", "x.wild.example", "y.wild.example", "z.wild.example",
                   "deep.x.wild.example", "10.0.0.1"});
  }
  kube::ObjectKey a_key() { return {a_namespace(), one_of({"one", "two", "three", "four"})}; }

  void put() {
    std::vector<api::AuthorizationStatus> authorizations;
    for (std::size_t count = below(4); count > 0; --count) {
      authorizations.push_back(
          an_authorization(a_host(), one_of({"t1", "t2", "t3", "t4", "no token"}),
                           one_of({"pending", "processing", "valid", "invalid"})));
      authorizations.back().key_authorization += std::to_string(below(3));
    }
    const kube::ObjectKey key = a_key();
    api::Certificate made = with_order(key, std::move(authorizations));
    made.metadata.creation_timestamp = base::WallTime{} + seconds(below(3));
    if (below(5) == 0) made.status.order.reset();
    if (below(8) == 0) made.spec.dns_names.clear();
    orders_[key] = std::make_shared<const api::Certificate>(std::move(made));
    table_.put(orders_[key]);
  }
  void erase() {
    const kube::ObjectKey key = a_key();
    orders_.erase(key);
    table_.erase(key);
  }
  void clear() {
    orders_.clear();
    table_.clear();
  }
  void change_owners() {
    std::vector<HostClaims> claims;
    for (std::size_t count = below(5); count > 0; --count) {
      claims.push_back(a_claim(a_namespace(), is_rare() ? "" : a_host()));
    }
    if (below(2) == 0) claims.push_back(a_claim(a_namespace(), "*.wild.example"));
    owners_ = HostOwners(claims, is_rare());
  }

  std::mt19937 random_;
  ChallengeTable& table_;
  Orders orders_;
  HostOwners owners_;
};

TEST(ChallengeTable, SaysAfterEachChangeWhatAllCertificatesTogetherSay) {
  // In the second there are mostly more than find room, but not always.
  for (const std::size_t answers_max : {std::size_t{1000}, std::size_t{12}}) {
    for (unsigned seed = 1; seed <= 4; ++seed) {
      ChallengeTable table(answers_max);
      ChallengeHistory history(seed, table);
      for (int step = 0; step < 500; ++step) {
        SCOPED_TRACE("at most " + std::to_string(answers_max) + ", seed " + std::to_string(seed) +
                     ", step " + std::to_string(step));
        // Several changes at a time, too.
        for (int more = step % 3; more >= 0; --more) history.step();
        const ChallengeTable::Answers before = table.answers();
        table.update(history.owners());
        ASSERT_TRUE(are_equal(history.answers_of_all(answers_max), table.answers()));
        ASSERT_TRUE(keep_their_addresses(before, table.answers()));
      }
    }
  }
}

TEST(ChallengeTable, LooksAtWhatAChangeConcernsWhateverElseIsUnderWay) {
  constexpr std::size_t kOrders = 1000;
  const auto host_of = [](std::size_t i) {
    return "s" + std::to_string(i) + ".of" + std::to_string(i / 10) + ".example";
  };
  const auto order_of = [&host_of](std::size_t i, const std::string& state) {
    const std::string number = std::to_string(i);
    return std::make_shared<const api::Certificate>(
        with_order({"shops", "s" + number}, {an_authorization(host_of(i), "t" + number, state)}));
  };
  ChallengeTable table;
  HostOwners owners;
  EXPECT_TRUE(table.empty());
  for (std::size_t i = 0; i < kOrders; ++i) table.put(order_of(i, "pending"));
  EXPECT_EQ(table.update(owners), kOrders);
  EXPECT_EQ(table.answers().size(), kOrders);
  EXPECT_EQ(table.update(owners), 0u);

  table.put(order_of(7, "valid"));
  EXPECT_EQ(table.update(owners), 1u);
  table.put(order_of(8, "invalid"));
  EXPECT_EQ(table.update(owners), 1u);
  EXPECT_FALSE(table.answers().contains("t8"));
  table.erase({"shops", "s9"});
  EXPECT_EQ(table.update(owners), 1u);
  EXPECT_FALSE(table.answers().contains("t9"));
  EXPECT_EQ(table.answers().size(), kOrders - 2);

  owners.add(HostOwners({a_claim("others", host_of(20))}, false));
  EXPECT_EQ(table.update(owners), 1u);
  EXPECT_FALSE(table.answers().contains("t20"));
  const HostOwners of_wildcard({a_claim("others", "*.of3.example")}, false);
  owners.add(of_wildcard);
  EXPECT_EQ(table.update(owners), 10u);
  EXPECT_EQ(table.answers().size(), kOrders - 2 - 1 - 10);
  owners.remove(of_wildcard);
  EXPECT_EQ(table.update(owners), 10u);
  owners.add(HostOwners({a_claim("shops", host_of(kOrders + 1))}, false));
  EXPECT_EQ(table.update(owners), 0u);

  table.clear();
  EXPECT_TRUE(table.empty());
  table.update(owners);
  EXPECT_TRUE(table.answers().empty());
}

}  // namespace
}  // namespace routing
