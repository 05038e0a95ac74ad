// A table that shares with the one before it says what one says that shares nothing, but knows the
// one before it likewise.
#include <memory>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "base/key.h"
#include "base/x509.h"
#include "proxy/tls/certificate_table.h"
#include "proxy/tls/parsed_certificate.h"
#include "tests/support/captured_log.h"

namespace proxy::tls {
namespace {

using config::Certificate;
using config::ProxyConfig;

std::vector<Certificate> some_contents() {
  std::vector<Certificate> contents = {{"no chain", "no key"}};
  for (const char* name : {"a.test", "b.test"}) {
    const auto key = base::PrivateKey::generate({}).value();
    base::SelfSignedOptions options;
    options.names.dns_names = {name};
    contents.push_back({base::make_self_signed(key, options).value(), key.to_pem()});
  }
  return contents;
}

// The same, but nothing of it at the same address.
ProxyConfig copy_of(const ProxyConfig& config) {
  ProxyConfig copy;
  const auto copy_section = [](const auto& from, auto& to) {
    for (const auto& [key, value] : from) {
      using Value = std::remove_cvref_t<decltype(*value)>;
      to.insert_or_assign(key, std::make_shared<const Value>(*value));
    }
  };
  copy_section(config.certificates, copy.certificates);
  copy_section(config.hosts, copy.hosts);
  copy_section(config.challenges, copy.challenges);
  copy_section(config.guards, copy.guards);
  for (const auto& [name, id] : config.sni) copy.sni.insert_or_assign(name, id);
  return copy;
}

std::string says(const CertificateTable& table) {
  std::string all = std::to_string(table.size());
  for (const char* name : {"", "a.test", "b.test", "x.a.test", "y.a.test", "other.test"}) {
    const auto* const entry = table.find(name);
    const CertificateRequest* const request = table.request_of(name);
    all += "\n" + std::to_string(request == nullptr ? 0 : request->size());
    all += config::name_of(table.policy_of(name));
    if (entry == nullptr) continue;
    all += (*entry)->id() + ((*entry)->is_stand_in() ? " stands in" : "");
    const auto parsed = (*entry)->is_stand_in() ? nullptr : (*entry)->parsed();
    if (parsed != nullptr) all += " " + parsed->info().serial;
  }
  return all;
}

void change(ProxyConfig& config, const std::vector<Certificate>& contents, std::mt19937& random) {
  const auto one_of = [&](std::vector<std::string> texts) {
    return texts[random() % texts.size()];
  };
  const std::string id = one_of({"one", "two", "three"});
  const std::string name = one_of({"", "a.test", "b.test", "*.a.test", "x.a.test"});
  switch (random() % 9) {
    case 0:
    case 1:
      config.certificates[id] =
          std::make_shared<const Certificate>(contents[random() % contents.size()]);
      return;
    case 2:
      if (config.certificates.contains(id)) config.sni[name] = id;
      return;
    case 3:
      config.sni.erase(name);
      return;
    case 4: {
      const ProxyConfig before = config;
      for (const auto& [shown, by] : before.sni) {
        if (by == id) config.sni.erase(shown);
      }
      config.certificates.erase(id);
      return;
    }
    case 5: {
      config::VirtualHost host;
      host.own_certificate_only = random() % 2 == 0;
      host.tls13_only = random() % 4 == 0;
      host.takes_old_ciphers = random() % 4 == 0;
      for (const std::string guards : {"g", "h"}) {
        if (!config.guards.contains(guards) || random() % 2 == 0) continue;
        config::Route route{config::PathMatch::prefix, "/", config::FixedAnswer{503, "x"}};
        route.policies.change().guards = guards;
        host.routes.push_back(route);
      }
      config.hosts[name] = std::make_shared<const config::VirtualHost>(host);
      return;
    }
    case 6:
    case 7: {
      const std::string guards = one_of({"g", "h"});
      config::Guards made;
      if (random() % 3 != 0) made.client_certificates.emplace().trusted_pem = one_of({"a", "b"});
      config.guards[guards] = std::make_shared<const config::Guards>(made);
      return;
    }
    default:
      if (config.challenges.erase("token") == 0) {
        config.challenges["token"] =
            std::make_shared<const config::ChallengeAnswer>(config::ChallengeAnswer{name, "", {}});
      }
  }
}

class CertificateTableHistories : public testing::TestWithParam<unsigned> {};

TEST_P(CertificateTableHistories, SayWhatTablesThatShareNothingSay) {
  const support::CapturedLog log;
  static const std::vector<Certificate> kContents = some_contents();
  std::mt19937 random(GetParam());
  ProxyConfig config;
  // Nearly always what is asked for is not parsed any more.
  auto sharing = std::make_unique<const CertificateTable>(config, nullptr, 1);
  auto alone = std::make_unique<const CertificateTable>(config);
  for (int step = 0; step < 300; ++step) {
    SCOPED_TRACE("seed " + std::to_string(GetParam()) + ", step " + std::to_string(step));
    for (auto changes = 1 + random() % 3; changes > 0; --changes) change(config, kContents, random);
    auto next = std::make_unique<const CertificateTable>(config, sharing.get());
    const std::string before = says(*sharing);
    ASSERT_EQ(says(*sharing), before);
    sharing = std::move(next);
    alone = std::make_unique<const CertificateTable>(copy_of(config), alone.get());
    ASSERT_EQ(says(*sharing), says(*alone));
  }
}

INSTANTIATE_TEST_SUITE_P(Seeds, CertificateTableHistories, testing::Range(1u, 7u));

}  // namespace
}  // namespace proxy::tls
