#include "proxy/config/wire.h"

#include <algorithm>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "tests/proxy/config/random_config.h"

namespace proxy::config {
namespace {

template <class T>
bool same_section(const ProxyConfig::Section<T>& a, const ProxyConfig::Section<T>& b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](const auto& x, const auto& y) {
    return x.first == y.first && *x.second == *y.second;
  });
}

bool same(const ProxyConfig& a, const ProxyConfig& b) {
  return same_section(a.clusters, b.clusters) && same_section(a.hosts, b.hosts) &&
         same_section(a.certificates, b.certificates) && same_section(a.challenges, b.challenges) &&
         same_section(a.guards, b.guards) && same_section(a.shapes, b.shapes) &&
         same_section(a.arrivals, b.arrivals) && a.sni == b.sni;
}

CertificatesByHash all_certificates(const ProxyConfig& config) {
  CertificatesByHash all;
  for (const auto& [id, certificate] : config.certificates) {
    all.emplace(certificate_hash(*certificate), certificate);
  }
  return all;
}

// Over the wire and back.
Delta sent(const Delta& delta) {
  const auto received = delta_from_json(delta_to_json(delta));
  EXPECT_TRUE(received) << received.error().message;
  return received.value_or(Delta());
}

TEST(Delta, TakesAnyStateToAnyOther) {
  for (unsigned seed = 0; seed < 500; ++seed) {
    RandomConfig random(seed);
    const ProxyConfig from = random.next();
    const ProxyConfig to = random.next();
    const auto applied = apply(from, sent(difference(from, to)), all_certificates(to));
    ASSERT_TRUE(applied) << seed << ": " << applied.error().message;
    ASSERT_TRUE(same(*applied, to)) << seed;
    ASSERT_EQ(revision_of(*applied), revision_of(to)) << seed;
  }
}

TEST(Delta, AFullStateReplacesWhateverWasThere) {
  for (unsigned seed = 0; seed < 200; ++seed) {
    RandomConfig random(seed);
    const ProxyConfig from = random.next();
    const ProxyConfig to = random.next();
    const auto applied = apply(from, sent(full_state(to)), all_certificates(to));
    ASSERT_TRUE(applied) << seed << ": " << applied.error().message;
    ASSERT_TRUE(same(*applied, to)) << seed;
  }
}

TEST(Delta, RevisionsAreEqualExactlyWhenStatesAre) {
  std::vector<ProxyConfig> states;
  for (unsigned seed = 0; seed < 60; ++seed) states.push_back(RandomConfig(seed).next());
  for (const ProxyConfig& a : states) {
    for (const ProxyConfig& b : states) {
      for (const Revisions kind : {Revisions::of_list, Revisions::of_tree}) {
        EXPECT_EQ(revision_of(a, kind) == revision_of(b, kind), same(a, b));
      }
    }
  }
}

TEST(Delta, OfEqualStatesIsEmpty) {
  const ProxyConfig state = RandomConfig(7).next();
  const ProxyConfig copy = *config_from_json(config_to_json(state), "/");
  EXPECT_EQ(delta_to_json(difference(state, copy)),
            "{\"revision\":\"" + revision_of(state) + "\"}");
}

TEST(Delta, WhatDidNotChangeKeepsItsAddress) {
  ProxyConfig from;
  from.clusters["a"] = std::make_shared<const Cluster>();
  from.hosts["h"] = std::make_shared<const VirtualHost>();
  ProxyConfig to = from;
  to.hosts["i"] = std::make_shared<const VirtualHost>();
  const auto applied = apply(from, sent(full_state(to)), {});
  ASSERT_TRUE(applied);
  EXPECT_EQ(applied->clusters.at("a"), from.clusters.at("a"));
  EXPECT_EQ(applied->hosts.at("h"), from.hosts.at("h"));
}

TEST(Delta, NamesCertificatesByHashOnly) {
  ProxyConfig to;
  to.certificates["a"] = std::make_shared<const Certificate>(Certificate{"chain", "SECRET"});
  const Delta delta = full_state(to);
  EXPECT_EQ(delta_to_json(delta).find("SECRET"), std::string::npos);
  const std::string hash = certificate_hash(*to.certificates["a"]);
  EXPECT_EQ(missing_certificates(delta, {}), std::vector<std::string>{hash});
  EXPECT_TRUE(missing_certificates(delta, all_certificates(to)).empty());
  EXPECT_FALSE(apply(ProxyConfig(), delta, {}));
}

TEST(Delta, AStateThatIsNotTheAnnouncedOneIsRefused) {
  ProxyConfig to;
  to.clusters["a"] = std::make_shared<const Cluster>();
  ProxyConfig other;
  other.clusters["b"] = std::make_shared<const Cluster>();
  // A change computed from another state than ours.
  const auto applied = apply(other, difference({}, to), {});
  ASSERT_FALSE(applied);
  EXPECT_EQ(applied.error().kind, base::ErrorKind::invalid);
}

TEST(Delta, AnInvalidStateIsRefused) {
  ProxyConfig to;
  to.sni["a.example"] = "absent";
  const auto applied = apply(ProxyConfig(), full_state(to), {});
  ASSERT_FALSE(applied);
  EXPECT_EQ(applied.error().message, "sni[a.example]: there is no certificate \"absent\"");
}

TEST(CertificateHash, DependsOnWhereChainEndsAndKeyBegins) {
  EXPECT_NE(certificate_hash({"ab", "c"}), certificate_hash({"a", "bc"}));
  EXPECT_EQ(certificate_hash({"ab", "c"}), certificate_hash({"ab", "c"}));
  EXPECT_EQ(certificate_hash({"ab", "c"}).size(), 64u);
}

TEST(CertificatesJson, ComesBackAndIsChecked) {
  const Certificate certificate{"chain\n", "key\n"};
  const std::string hash = certificate_hash(certificate);
  const CertificatesByHash sent_ones = {{hash, std::make_shared<const Certificate>(certificate)}};
  const auto received = certificates_from_json(certificates_to_json(sent_ones));
  ASSERT_TRUE(received) << received.error().message;
  EXPECT_EQ(*received->at(hash), certificate);

  std::string forged = certificates_to_json(sent_ones);
  forged.replace(forged.find("key\\n"), 3, "KEY");
  EXPECT_FALSE(certificates_from_json(forged));
}

TEST(TicketKeysJson, ComesBackAndIsChecked) {
  const std::vector<std::string> keys = {std::string(80, '\0'), std::string(80, '\xff')};
  EXPECT_EQ(ticket_keys_from_json(ticket_keys_to_json(keys)).value(), keys);
  EXPECT_FALSE(ticket_keys_from_json(ticket_keys_to_json({})));
  EXPECT_FALSE(ticket_keys_from_json(ticket_keys_to_json({std::string(79, 'x')})));
  EXPECT_FALSE(ticket_keys_from_json(
      ticket_keys_to_json(std::vector<std::string>(9, std::string(80, 'x')))));
  const auto wrong = ticket_keys_from_json(R"({"keys": ["c2VjcmV0"]})");
  ASSERT_FALSE(wrong);
  EXPECT_EQ(wrong.error().message, "keys[0]: must be 80 bytes in base64url");
}

TEST(HashesJson, ComesBackAndIsChecked) {
  const std::vector<std::string> hashes = {std::string(64, 'a'), std::string(64, '0')};
  EXPECT_EQ(hashes_to_json(hashes), "{\"hashes\":[\"" + hashes[0] + "\",\"" + hashes[1] + "\"]}");
  EXPECT_EQ(hashes_from_json(hashes_to_json(hashes)).value(), hashes);
  EXPECT_TRUE(hashes_from_json("{\"hashes\":[]}"));
  EXPECT_FALSE(hashes_from_json("{\"hashes\":[\"../../etc/passwd\"]}"));
  EXPECT_FALSE(hashes_from_json("{\"hashes\":[1]}"));
  EXPECT_FALSE(hashes_from_json("[]"));
}

TEST(DeltaJson, SaysWhereItIsWrong) {
  const std::string revision = "\"revision\":\"" + std::string(64, 'a') + "\"";
  struct {
    std::string json, message;
  } cases[] = {
      {"{}", "revision: is missing"},
      {"{\"revision\":\"x\"}", "revision: must be 64 hexadecimal digits in lower case"},
      {"{" + revision + ",\"sni\":{\"replace\":{}}}", "sni[replace]: is not a known field"},
      {"{" + revision + ",\"extra\":1,\"guards\":[\"extra\"]}",
       "the document: is guarded by what is not known here"},
      {"{" + revision + ",\"full\":1}", "full: must be true or false"},
      {"{" + revision + ",\"hosts\":{\"set\":{\"a\\nb\":1}}}", "hosts[a?b]: must be an object"},
      {"{" + revision + ",\"sni\":{\"set\":[]}}", "sni: must be an object"},
      {"{" + revision + ",\"sni\":{\"set\":{\"a\":\"b\"},\"removed\":[\"a\"]}}",
       "sni[a]: is both set and removed"},
      {"{" + revision + ",\"hosts\":{\"set\":{\"a\":{\"routes\":[{\"path\":1}]}}}}",
       "hosts[a].routes[0].path: must be text"},
      {"{" + revision + ",\"certificates\":{\"set\":{\"a\":\"PEM\"}}}",
       "certificates[a]: must be 64 hexadecimal digits in lower case"},
      {"{\"revision\":\"a\",\"revision\":\"b\"}", "[revision]: stands twice in one object"},
  };
  for (const auto& c : cases) {
    const auto delta = delta_from_json(c.json);
    ASSERT_FALSE(delta) << c.json;
    EXPECT_EQ(delta.error().kind, base::ErrorKind::invalid);
    EXPECT_EQ(delta.error().message, c.message);
  }
  for (const char* broken : {"", "{", "nul", "\xff", "{\"revision\":\"\xff\"}"}) {
    EXPECT_FALSE(delta_from_json(broken)) << broken;
  }
  EXPECT_FALSE(delta_from_json(std::string(100'000, '[')));

  std::string many = "{\"revision\":[0";
  for (std::size_t i = 0; i < kValuesMax; ++i) many += ",0";
  const auto counted = delta_from_json(many + "]}");
  ASSERT_FALSE(counted);
  EXPECT_EQ(counted.error().message, "the document: has more than 4000000 values");
}

}  // namespace
}  // namespace proxy::config
