#include "proxy/tls/certificate_table.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/key.h"
#include "base/pem.h"
#include "proxy/tls/issuer_certificates.h"
#include "proxy/tls/parsed_certificate.h"
#include "tests/support/captured_log.h"

namespace proxy::tls {
namespace {

using config::Certificate;
using config::ProxyConfig;
using ::testing::HasSubstr;

std::shared_ptr<const Certificate> issue(const std::string& name, bool matching_key = true) {
  const auto key = base::PrivateKey::generate({}).value();
  const auto other = base::PrivateKey::generate({}).value();
  base::SelfSignedOptions options;
  options.names.dns_names = {name};
  auto chain = base::make_self_signed(key, options).value();
  return std::make_shared<Certificate>(
      Certificate{chain, matching_key ? key.to_pem() : other.to_pem()});
}

std::string found_id(const CertificateTable& table, std::string_view name) {
  const auto* entry = table.find(name);
  return entry == nullptr ? "none" : (*entry)->id();
}

TEST(CertificateTable, ExactBeatsWildcardBeatsDefault) {
  ProxyConfig config;
  for (const char* id : {"exact", "wild", "default"}) config.certificates[id] = issue("x.test");
  config.sni = {{"a.shop.test", "exact"}, {"*.shop.test", "wild"}, {"", "default"}};
  const CertificateTable table(config);
  EXPECT_EQ(found_id(table, "a.shop.test"), "exact");
  EXPECT_EQ(found_id(table, "b.shop.test"), "wild");
  EXPECT_EQ(found_id(table, "other.test"), "default");
  EXPECT_EQ(found_id(table, ""), "default");
}

TEST(CertificateTable, AWildcardCoversOneLabelOnly) {
  ProxyConfig config;
  config.certificates["wild"] = issue("*.shop.test");
  config.sni = {{"*.shop.test", "wild"}};
  const CertificateTable table(config);
  EXPECT_EQ(found_id(table, "a.shop.test"), "wild");
  EXPECT_EQ(found_id(table, "a.b.shop.test"), "none");
  EXPECT_EQ(found_id(table, "shop.test"), "none");
  EXPECT_EQ(found_id(table, ".shop.test"), "none");
}

TEST(CertificateTable, AnUnknownNameHasNoCertificateRatherThanAnothersOne) {
  ProxyConfig config;
  config.certificates["c"] = issue("shop.test");
  config.sni = {{"shop.test", "c"}};
  const CertificateTable table(config);
  EXPECT_EQ(found_id(table, "other.test"), "none");
  EXPECT_EQ(found_id(table, ""), "none");
}

TEST(CertificateTable, AHostThatSaysSoIsShownNoCertificateButItsOwn) {
  ProxyConfig config;
  for (const char* id : {"own", "wild", "default"}) config.certificates[id] = issue("x.test");
  config.sni = {{"own.shop.test", "own"}, {"*.shop.test", "wild"}, {"", "default"}};
  config::VirtualHost host_of_its_own;
  host_of_its_own.own_certificate_only = true;
  const auto own_only = std::make_shared<const config::VirtualHost>(host_of_its_own);
  for (const char* host : {"own.shop.test", "bare.shop.test", "lone.test", "*.wide.test"}) {
    config.hosts[host] = own_only;
  }
  config.hosts["b.shop.test"] = std::make_shared<const config::VirtualHost>();
  const CertificateTable table(config);
  EXPECT_EQ(found_id(table, "own.shop.test"), "own");
  EXPECT_EQ(found_id(table, "bare.shop.test"), "none");
  EXPECT_EQ(found_id(table, "lone.test"), "none");
  EXPECT_EQ(found_id(table, "x.wide.test"), "none");
  EXPECT_EQ(found_id(table, "b.shop.test"), "wild");
  EXPECT_EQ(found_id(table, "x.y.wide.test"), "default");
}

TEST(CertificateTable, APolicyIsThatOfTheHostAndNoWildcardHasASayOverAHostOfItsOwn) {
  using config::TlsPolicy;
  const auto host = [](TlsPolicy policy) {
    config::VirtualHost made;
    made.tls13_only = policy == TlsPolicy::modern;
    made.takes_old_ciphers = policy == TlsPolicy::old;
    return std::make_shared<const config::VirtualHost>(made);
  };
  ProxyConfig config;
  config.hosts["a.shop.test"] = host(TlsPolicy::intermediate);
  EXPECT_EQ(CertificateTable(config).policy_of("a.shop.test"), TlsPolicy::intermediate);
  config.hosts["*.shop.test"] = host(TlsPolicy::modern);
  config.hosts["*.plain.test"] = host(TlsPolicy::intermediate);
  config.hosts["b.shop.test"] = host(TlsPolicy::old);
  const CertificateTable some(config);
  config.hosts[""] = host(TlsPolicy::old);
  const CertificateTable all(config);
  for (const CertificateTable* table : {&some, &all}) {
    EXPECT_EQ(table->policy_of("a.shop.test"), TlsPolicy::intermediate);
    EXPECT_EQ(table->policy_of("b.shop.test"), TlsPolicy::old);
    EXPECT_EQ(table->policy_of("c.shop.test"), TlsPolicy::modern);
    EXPECT_EQ(table->policy_of("x.plain.test"), TlsPolicy::intermediate);
  }
  for (const char* name : {"", "other.test", "x.a.shop.test", "shop.test"}) {
    EXPECT_EQ(some.policy_of(name), TlsPolicy::intermediate) << name;
    EXPECT_EQ(all.policy_of(name), TlsPolicy::old) << name;
  }
}

TEST(CertificateTable, AnUnchangedCertificateKeepsItsParsedForm) {
  ProxyConfig config;
  config.certificates["same"] = issue("a.test");
  config.certificates["renewed"] = issue("b.test");
  config.sni = {{"a.test", "same"}, {"b.test", "renewed"}};
  const CertificateTable before(config);
  const auto parsed = (*before.find("a.test"))->parsed();
  ASSERT_NE(parsed, nullptr);
  // The same content in another object, as after a restart of the operator.
  config.certificates["same"] = std::make_shared<Certificate>(*config.certificates["same"]);
  config.certificates["renewed"] = issue("b.test");
  const CertificateTable after(config, &before);
  EXPECT_EQ((*after.find("a.test"))->parsed(), parsed);
  EXPECT_NE(*after.find("b.test"), *before.find("b.test"));
}

TEST(CertificateTable, ABrokenPairIsFoundButCannotBeUsed) {
  ProxyConfig config;
  config.certificates["mismatched"] = issue("a.test", false);
  config.certificates["text"] = std::make_shared<Certificate>(Certificate{"no", "pem"});
  config.certificates["good"] = issue("c.test");
  config.sni = {{"a.test", "mismatched"}, {"b.test", "text"}, {"c.test", "good"}};
  const CertificateTable table(config);
  EXPECT_EQ((*table.find("a.test"))->parsed(), nullptr);
  EXPECT_EQ((*table.find("b.test"))->parsed(), nullptr);
  EXPECT_FALSE((*table.find("b.test"))->covers("b.test"));
  EXPECT_NE((*table.find("c.test"))->parsed(), nullptr);
  EXPECT_TRUE((*table.find("c.test"))->covers("c.test"));
}

TEST(CertificateTable, AChangedPairThatCannotBeServedLeavesTheOneBeforeInPlace) {
  const ::support::CapturedLog log;
  ProxyConfig config;
  const auto good = issue("a.test");
  config.certificates["a"] = good;
  config.sni = {{"a.test", "a"}};
  const CertificateTable first(config);
  for (const auto& bad :
       {issue("a.test", false), std::make_shared<const Certificate>(Certificate{"no", "pem"}),
        std::make_shared<const Certificate>(Certificate{good->chain_pem, "no pem"}),
        std::make_shared<const Certificate>(
            Certificate{issue("a.test")->chain_pem, good->key_pem})}) {
    config.certificates["a"] = bad;
    const CertificateTable after(config, &first);
    EXPECT_EQ((*after.find("a.test"))->source(), good);
    EXPECT_NE((*after.find("a.test"))->parsed(), nullptr);
  }
  EXPECT_THAT(log.text(),
              HasSubstr("certificate a was changed to one that cannot be served: the "
                        "private key does not belong to the certificate; the one before "
                        "it stays in place"));
}

TEST(CertificateTable, WhatCannotTakeAPlaceIsToldOnceAndWhatCanIsTaken) {
  const ::support::CapturedLog log;
  ProxyConfig config;
  const auto good = issue("a.test");
  config.certificates["a"] = good;
  config.sni = {{"a.test", "a"}};
  const CertificateTable first(config);
  config.certificates["a"] = issue("a.test", false);
  const CertificateTable second(config, &first);
  const CertificateTable third(config, &second);
  EXPECT_EQ((*third.find("a.test"))->source(), good);
  const std::string text = log.text();
  const std::size_t told = text.find("was changed to one that cannot be served");
  EXPECT_NE(told, std::string::npos);
  EXPECT_EQ(text.find("was changed to one that cannot be served", told + 1), std::string::npos);

  const auto renewed = issue("a.test");
  config.certificates["a"] = renewed;
  const CertificateTable fourth(config, &third);
  EXPECT_EQ((*fourth.find("a.test"))->source(), renewed);
}

TEST(CertificateTable, ABrokenPairIsReplacedByWhateverFollows) {
  ProxyConfig config;
  config.certificates["a"] = issue("a.test", false);
  config.sni = {{"a.test", "a"}};
  const CertificateTable first(config);
  const auto good = issue("a.test");
  config.certificates["a"] = good;
  const CertificateTable second(config, &first);
  EXPECT_EQ((*second.find("a.test"))->source(), good);
  EXPECT_NE((*second.find("a.test"))->parsed(), nullptr);
}

// ---- How many are parsed

ProxyConfig with_names(int count) {
  ProxyConfig config;
  for (int i = 0; i < count; ++i) {
    const std::string name = "h" + std::to_string(i) + ".test";
    config.certificates[name] = issue(name);
    config.sni[name] = name;
  }
  return config;
}

TEST(ParsedCertificates, AreNoMoreThanTheBoundHoweverManyNamesAreAskedFor) {
  const ProxyConfig config = with_names(10);
  const CertificateTable table(config, nullptr, 4);
  EXPECT_EQ(table.parsed_count(), 0u);
  for (int round = 0; round < 2; ++round) {
    for (const auto& [name, id] : config.sni) {
      const auto parsed = (*table.find(name))->parsed();
      ASSERT_NE(parsed, nullptr);
      EXPECT_EQ(parsed->info().dns_names, std::vector<std::string>{name});
      EXPECT_LE(table.parsed_count(), 4u);
    }
  }
  EXPECT_EQ(table.parsed_count(), 4u);
}

TEST(ParsedCertificates, ThoseThatWereNeededLastStay) {
  const CertificateTable table(with_names(5), nullptr, 3);
  const auto form_of = [&](int i) {
    return (*table.find("h" + std::to_string(i) + ".test"))->parsed();
  };
  const auto first = form_of(0), second = form_of(1);
  form_of(2);
  EXPECT_EQ(form_of(0), first);
  form_of(3);  // in place of the second
  EXPECT_EQ(form_of(0), first);
  EXPECT_NE(form_of(1), second);
  EXPECT_EQ(table.parsed_count(), 3u);
}

TEST(ParsedCertificates, WhatIsLetGoStaysForWhomItIsInUseBy) {
  const CertificateTable table(with_names(2), nullptr, 1);
  const auto form = (*table.find("h0.test"))->parsed();
  const auto fingerprint = (*table.find("h0.test"))->fingerprint();
  (*table.find("h1.test"))->parsed();
  EXPECT_EQ(form.use_count(), 1);
  EXPECT_EQ(form->info().dns_names, std::vector<std::string>{"h0.test"});
  EXPECT_EQ((*table.find("h0.test"))->fingerprint(), fingerprint);
  EXPECT_TRUE((*table.find("h0.test"))->is_usable());
}

TEST(ParsedCertificates, AreOneCountForTablesThatFollowEachOther) {
  ProxyConfig config = with_names(4);
  auto table = std::make_unique<const CertificateTable>(config, nullptr, 3);
  for (int step = 0; step < 12; ++step) {
    const std::string name = "h" + std::to_string(step % 4) + ".test";
    config.certificates[name] = issue(name);
    table = std::make_unique<const CertificateTable>(config, table.get());
    // It was read before it took its place.
    EXPECT_LE(table->parsed_count(), 3u);
    const std::size_t before = table->parsed_count();
    (*table->find(name))->parsed();
    EXPECT_EQ(table->parsed_count(), before);
  }
  config.certificates = {};
  config.sni = {};
  table = std::make_unique<const CertificateTable>(config, table.get());
  EXPECT_EQ(table->parsed_count(), 0u);
}

TEST(ParsedCertificates, ABrokenOneIsToldOnceAndCountsForNothing) {
  const ::support::CapturedLog log;
  ProxyConfig config = with_names(1);
  config.certificates["h0.test"] = issue("h0.test", false);
  const CertificateTable table(config);
  for (int i = 0; i < 3; ++i) EXPECT_FALSE((*table.find("h0.test"))->is_usable());
  EXPECT_EQ(table.parsed_count(), 0u);
  const std::string text = log.text();
  const std::size_t told = text.find("cannot be served");
  EXPECT_NE(told, std::string::npos);
  EXPECT_EQ(text.find("cannot be served", told + 1), std::string::npos);
}

TEST(ParsedCertificates, ChainsOfOneIssuerShareIt) {
  const auto ca_key = base::PrivateKey::generate({}).value();
  base::SelfSignedOptions ca;
  ca.names.common_name = "issuer";
  ca.is_ca = true;
  const std::string ca_pem = base::make_self_signed(ca_key, ca).value();
  ProxyConfig config;
  for (const char* name : {"a.test", "b.test"}) {
    const auto key = base::PrivateKey::generate({}).value();
    base::SelfSignedOptions leaf;
    leaf.names.dns_names = {name};
    config.certificates[name] = std::make_shared<Certificate>(
        Certificate{base::sign_leaf(key, leaf, ca_pem, ca_key).value() + ca_pem, key.to_pem()});
    config.sni[name] = name;
  }
  const CertificateTable table(config);
  const auto a = (*table.find("a.test"))->parsed(), b = (*table.find("b.test"))->parsed();
  ASSERT_EQ(sk_X509_num(a->chain.get()), 1);
  ASSERT_EQ(sk_X509_num(b->chain.get()), 1);
  EXPECT_EQ(sk_X509_value(a->chain.get(), 0), sk_X509_value(b->chain.get(), 0));
}

TEST(IssuerCertificates, AreReadAgainWhenManyOthersWereWantedSince) {
  IssuerCertificates issuers;
  const auto der_of = [] { return issue("a.test")->chain_pem.blocks().value().at(0).der; };
  const std::string der = der_of();
  const base::X509Ptr first = issuers.read(der);
  EXPECT_EQ(issuers.read(der), first);
  for (std::size_t i = 0; i < IssuerCertificates::kHeldMax; ++i) issuers.read(der_of());
  const base::X509Ptr again = issuers.read(der);
  EXPECT_NE(again, first);
  EXPECT_EQ(X509_cmp(again.get(), first.get()), 0);
  EXPECT_EQ(issuers.read("no certificate"), nullptr);
  EXPECT_EQ(issuers.read(der + "x"), nullptr);
}

// ---- Names with an open challenge

std::shared_ptr<const config::ChallengeAnswer> answer_for(const std::string& host) {
  return std::make_shared<const config::ChallengeAnswer>(
      config::ChallengeAnswer{host, "tok.x", {{"z." + host, "tok.y"}}});
}

bool has_stand_in(const CertificateTable& table, std::string_view name) {
  const auto* entry = table.find(name);
  return entry != nullptr && (*entry)->is_stand_in();
}

TEST(StandInCertificate, IsForNamesWithAChallengeAndWithoutACertificateOfTheirs) {
  ProxyConfig config;
  config.certificates["exact"] = issue("exact.test");
  config.certificates["wild"] = issue("*.wild.test");
  config.certificates["broken"] = issue("broken.test", false);
  config.sni = {{"exact.test", "exact"}, {"*.wild.test", "wild"}, {"broken.test", "broken"}};
  int token = 0;
  for (const char* host : {"new.test", "exact.test", "a.wild.test", "broken.test", "192.0.2.1"}) {
    config.challenges["t" + std::to_string(++token)] = answer_for(host);
  }
  const ::support::CapturedLog log;
  const CertificateTable table(config);
  EXPECT_TRUE(has_stand_in(table, "new.test"));
  EXPECT_TRUE(has_stand_in(table, "z.new.test"));
  EXPECT_TRUE(has_stand_in(table, "broken.test"));
  EXPECT_FALSE(has_stand_in(table, "exact.test"));
  EXPECT_FALSE(has_stand_in(table, "a.wild.test"));
  EXPECT_EQ(found_id(table, "192.0.2.1"), "none");
  EXPECT_EQ(found_id(table, ""), "none");
  EXPECT_EQ(found_id(table, "other.test"), "none");
  const auto parsed = (*table.find("new.test"))->parsed();
  ASSERT_NE(parsed, nullptr);
  EXPECT_EQ(parsed->info().dns_names, std::vector<std::string>{"new.test"});
  EXPECT_GT(parsed->info().not_after, parsed->info().not_before + std::chrono::hours(24 * 7));
}

TEST(StandInCertificate, IsNotNeededWhereADefaultOneIsShown) {
  ProxyConfig config;
  config.certificates["default"] = issue("fallback.test");
  config.sni = {{"", "default"}};
  config.challenges["t"] = answer_for("new.test");
  EXPECT_EQ(found_id(CertificateTable(config), "new.test"), "default");
}

TEST(StandInCertificate, StaysTheSameWhileTheChallengeIsOpen) {
  ProxyConfig config;
  config.challenges["t"] = answer_for("new.test");
  const CertificateTable before(config);
  const auto parsed = (*before.find("new.test"))->parsed();
  config.challenges["u"] = answer_for("more.test");
  const CertificateTable after(config, &before);
  EXPECT_EQ((*after.find("new.test"))->parsed(), parsed);
  EXPECT_NE((*after.find("more.test"))->parsed(), parsed);
  EXPECT_EQ(found_id(CertificateTable({}, &after), "new.test"), "none");
}

TEST(StandInCertificate, ThereAreNoMoreThanTheBound) {
  ProxyConfig config;
  for (std::size_t i = 0; i < CertificateTable::kStandInsMax; ++i) {
    config.challenges["t" + std::to_string(i)] = answer_for("h" + std::to_string(i) + ".test");
  }
  const CertificateTable table(config);
  std::size_t found = 0;
  for (const auto& [token, answer] : config.challenges) {
    found += has_stand_in(table, answer->host) + has_stand_in(table, "z." + answer->host);
  }
  EXPECT_EQ(found, CertificateTable::kStandInsMax);
}

TEST(StandInCertificate, ANameOfTheGreatestLengthHasOne) {
  const std::string label(61, 'a');
  const std::string name = label + "." + label + "." + label + "." + label;
  ProxyConfig config;
  config.challenges["t"] =
      std::make_shared<const config::ChallengeAnswer>(config::ChallengeAnswer{name, "t.x"});
  EXPECT_NE((*CertificateTable(config).find(name))->parsed(), nullptr);
}

}  // namespace
}  // namespace proxy::tls
