#include "proxy/policy/client_certificate.h"

#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <openssl/pem.h>

#include "base/clock.h"
#include "base/openssl.h"
#include "tests/support/test_authority.h"

namespace proxy::policy {
namespace {

using config::ClientProof;
using ::support::Issued;
using ::support::TestAuthority;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

// What a client has shown, as a handshake leaves it.
class Shown {
 public:
  explicit Shown(const std::string& chain_pem) {
    const base::BioPtr text(BIO_new_mem_buf(chain_pem.data(), static_cast<int>(chain_pem.size())));
    leaf_.reset(PEM_read_bio_X509(text.get(), nullptr, nullptr, nullptr));
    while (X509* const next = PEM_read_bio_X509(text.get(), nullptr, nullptr, nullptr)) {
      sk_X509_push(chain_.get(), next);
    }
    certificate_ = std::make_unique<tls::ShownCertificate>(leaf_.get(), chain_.get());
  }
  tls::ShownCertificate* get() const { return certificate_.get(); }

 private:
  struct FreeAll {
    void operator()(STACK_OF(X509) * all) const { sk_X509_pop_free(all, X509_free); }
  };
  base::X509Ptr leaf_;
  std::unique_ptr<STACK_OF(X509), FreeAll> chain_{sk_X509_new_null()};
  std::unique_ptr<tls::ShownCertificate> certificate_;
};

base::WallTime now() {
  return base::SystemClock().now();
}

Presented presented(const Shown* shown) {
  return {Presented::Way::asked, shown == nullptr ? nullptr : shown->get(), now()};
}

std::string verdict_text(const Verdict& verdict) {
  return verdict.passes() ? "passes"
                          : std::to_string(verdict.status) + " " + std::string(verdict.reason);
}

class ClientCertificates : public ::testing::Test {
 protected:
  config::ClientCertificates asked(ClientProof proof = ClientProof::required) const {
    return {.trusted_pem = root_.pem(), .proof = proof};
  }
  static std::string said(const config::ClientCertificates& asked, const Shown* shown) {
    return verdict_text(ClientCertificate(asked).check(presented(shown)));
  }

  const TestAuthority root_{"root"};
  const TestAuthority below_{"below", root_};
  const TestAuthority deep_{"deep", below_};
  const TestAuthority other_{"other"};
  const Shown ann_{root_.issue("ann").chain_pem};
  const Shown stranger_{other_.issue("ann").chain_pem};
};

TEST_F(ClientCertificates, WhoMayPassDependsOnWhatIsShownAndWhatIsAskedFor) {
  const Shown expired(root_.issue("ann", std::chrono::hours(-24)).chain_pem);
  const Shown one_between(below_.issue("ann").chain_pem);
  const Shown two_between(deep_.issue("ann").chain_pem);
  const Shown self_made(TestAuthority("ann").pem());
  const struct {
    const char* what;
    const Shown* shown;
    const char* required;
    const char* optional;
    const char* unverified;
  } rows[] = {
      {"none", nullptr, "400 client_certificate_missing", "passes", "passes"},
      {"its own", &ann_, "passes", "passes", "passes"},
      {"below another", &one_between, "passes", "passes", "passes"},
      {"too deep", &two_between, "400 client_certificate_error", "400 client_certificate_error",
       "passes"},
      {"another's", &stranger_, "400 client_certificate_error", "400 client_certificate_error",
       "passes"},
      {"expired", &expired, "400 client_certificate_error", "400 client_certificate_error",
       "passes"},
      {"made by itself", &self_made, "400 client_certificate_error", "400 client_certificate_error",
       "passes"},
  };
  for (const auto& row : rows) {
    EXPECT_EQ(said(asked(), row.shown), row.required) << row.what;
    EXPECT_EQ(said(asked(ClientProof::optional), row.shown), row.optional) << row.what;
    EXPECT_EQ(said(asked(ClientProof::unverified), row.shown), row.unverified) << row.what;
  }
  auto deeper = asked();
  deeper.verify_depth = 2;
  EXPECT_EQ(said(deeper, &two_between), "passes");
  deeper.verify_depth = 0;
  EXPECT_EQ(said(deeper, &one_between), "400 client_certificate_error");
}

TEST_F(ClientCertificates, OverPlainHttpAndForAnotherHostNobodyPasses) {
  for (const auto proof : {ClientProof::required, ClientProof::optional, ClientProof::unverified}) {
    const ClientCertificate guard(asked(proof));
    EXPECT_EQ(verdict_text(guard.check({})), "403 client_certificate_needs_https");
    Presented shown = presented(&ann_);
    shown.way = Presented::Way::other_host;
    EXPECT_EQ(verdict_text(guard.check(shown)), "421 client_certificate_not_asked");
    shown.way = Presented::Way::plain;
    EXPECT_EQ(verdict_text(guard.check(shown)), "403 client_certificate_needs_https");
  }
}

TEST_F(ClientCertificates, AuthoritiesThatCannotBeUsedLetNobodyPass) {
  for (const auto proof : {ClientProof::required, ClientProof::optional, ClientProof::unverified}) {
    for (const std::string& pem : {std::string(), std::string("nonsense"), below_.pem()}) {
      auto broken = asked(proof);
      broken.trusted_pem = pem;
      EXPECT_EQ(said(broken, &ann_), "503 client_authorities_broken") << pem;
      EXPECT_EQ(said(broken, nullptr), "503 client_authorities_broken") << pem;
    }
    auto broken = asked(proof);
    broken.revoked_pem = "nonsense";
    EXPECT_EQ(said(broken, &ann_), "503 client_authorities_broken");
  }
}

TEST_F(ClientCertificates, WhatIsRevokedIsNoMore) {
  const Issued lost = root_.issue("lost");
  const Shown lost_shown(lost.chain_pem);
  auto with_list = asked();
  EXPECT_EQ(said(with_list, &lost_shown), "passes");
  with_list.revoked_pem = root_.revoke({lost});
  EXPECT_EQ(said(with_list, &lost_shown), "400 client_certificate_error");
  EXPECT_EQ(said(with_list, &ann_), "passes");
  // An authority without a list of its own: nobody knows.
  const Shown below(below_.issue("ann").chain_pem);
  EXPECT_EQ(said(with_list, &below), "400 client_certificate_error");
  with_list.revoked_pem += below_.revoke({});
  EXPECT_EQ(said(with_list, &below), "passes");
  // Whoever signs a list for another one's certificates says nothing of them.
  with_list.revoked_pem = other_.revoke({});
  EXPECT_EQ(said(with_list, &ann_), "400 client_certificate_error");
}

TEST_F(ClientCertificates, ANameIsAskedOfWhatIsVerifiedAlone) {
  const struct {
    const char* name;
    const char* expression;
    bool fits;
  } rows[] = {
      {"ann", "^(?:ann)$", true},       {"annabel", "^(?:ann)$", false},
      {"bob", "^(?:ann|bob)$", true},   {"Ann", "^(?:ann)$", false},
      {"ann\nbob", "^(?:ann)$", false}, {"n,CN=ann", "^(?:ann)$", false},
      {"ann", "^(?:(ann)$", false},  // it cannot be read
      {"", "^(?:.*)$", false},       // there is none
  };
  for (const auto& row : rows) {
    auto named = asked();
    named.common_name = row.expression;
    const Shown shown(root_.issue(row.name).chain_pem);
    EXPECT_EQ(said(named, &shown), row.fits ? "passes" : "403 client_certificate_name")
        << row.name << " " << row.expression;
  }
  auto named = asked(ClientProof::unverified);
  named.common_name = "^(?:ann)$";
  EXPECT_EQ(said(named, &stranger_), "403 client_certificate_name");
  EXPECT_EQ(said(named, nullptr), "403 client_certificate_name");
  EXPECT_EQ(said(named, &ann_), "passes");
  named.proof = ClientProof::optional;
  EXPECT_EQ(said(named, nullptr), "403 client_certificate_name");
}

TEST_F(ClientCertificates, TheBackendIsToldInPlaceOfWhatCame) {
  const auto told = [&](const config::ClientCertificates& asked, const Shown* shown) {
    std::vector<http::Field> fields = {
        {"ssl-client-verify", "SUCCESS"}, {"SSL_Client_Cert", "forged"}, {"Accept", "*/*"}};
    const ClientCertificate guard(asked);
    guard.check(presented(shown));
    guard.tell(presented(shown), fields);
    std::string text;
    for (const auto& field : fields) {
      if (field.dropped) continue;
      text.append(field.name).append("=").append(field.value).append("\n");
    }
    return text;
  };
  EXPECT_EQ(told(asked(ClientProof::optional), nullptr), "Accept=*/*\nssl-client-verify=NONE\n");
  EXPECT_EQ(told(asked(), &ann_),
            "Accept=*/*\nssl-client-verify=SUCCESS\nssl-client-subject-dn=CN=ann\n"
            "ssl-client-issuer-dn=CN=root\n");
  auto passing = asked();
  passing.passes_certificate = true;
  EXPECT_THAT(told(passing, &ann_), HasSubstr("ssl-client-cert=-----BEGIN%20CERTIFICATE-----%0A"));
  EXPECT_THAT(told(passing, &ann_), HasSubstr("%0A-----END%20CERTIFICATE-----%0A\n"));
  const std::string unknown = told(asked(ClientProof::unverified), &stranger_);
  EXPECT_THAT(unknown, HasSubstr("ssl-client-verify=FAILED:unable to get local issuer"));
  // Nothing that a name holds can end a line.
  const Shown odd(root_.issue("a\r\nX-User: root").chain_pem);
  EXPECT_THAT(told(asked(), &odd), HasSubstr("subject-dn=CN=a\\0D\\0AX-User: root\n"));
}

TEST_F(ClientCertificates, WhatWasFoundOutIsGoodForAMinuteAndForTheseAuthoritiesAlone) {
  const ClientCertificate guard(asked());
  Presented shown = presented(&ann_);
  EXPECT_TRUE(guard.check(shown).passes());
  shown.now += std::chrono::hours(30);  // it has ended
  EXPECT_EQ(verdict_text(guard.check(shown)), "400 client_certificate_error");
  auto others = asked();
  others.trusted_pem = other_.pem();
  EXPECT_EQ(said(others, &ann_), "400 client_certificate_error");
  others.trusted_pem += root_.pem();
  EXPECT_EQ(said(others, &ann_), "passes");
}

TEST_F(ClientCertificates, WhoMayNotPassIsSentToThePageThatIsNamedForThat) {
  auto with_page = asked();
  with_page.error_page = config::Redirection{302, "https://shop.test/help"};
  const ClientCertificate guard(with_page);
  const Verdict none = guard.check(presented(nullptr));
  ASSERT_NE(none.redirect, nullptr);
  EXPECT_EQ(none.redirect->location, "https://shop.test/help");
  EXPECT_NE(guard.check(presented(&stranger_)).redirect, nullptr);
  EXPECT_EQ(guard.check({}).redirect, nullptr);
}

}  // namespace
}  // namespace proxy::policy
