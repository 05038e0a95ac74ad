#include "proxy/session/first_stage.h"

#include <memory>
#include <string>
#include <string_view>

#include <gtest/gtest.h>

#include "base/openssl.h"
#include "proxy/session/buffers.h"

namespace proxy::session {
namespace {

using Awaits = FirstStage::Awaits;
using Finding = FirstStage::Finding;
using HeaderOutcome = client::ProxyHeader::Outcome;
using namespace std::string_literals;

// What a client of this host says first.
std::string hello_for(const std::string& name) {
  const base::SslCtxPtr context(SSL_CTX_new(TLS_client_method()));
  const base::SslPtr client(SSL_new(context.get()));
  BIO* const out = BIO_new(BIO_s_mem());
  SSL_set_bio(client.get(), BIO_new(BIO_s_mem()), out);
  SSL_set_connect_state(client.get());
  SSL_set_tlsext_host_name(client.get(), name.c_str());
  SSL_do_handshake(client.get());
  return base::read_memory_bio(out);
}

router::RouteTable routes_with_a_passage() {
  config::ProxyConfig config;
  config::VirtualHost host;
  host.passthrough.emplace(config::Passthrough{"shop", ""});
  config.hosts["pass.test"] = std::make_shared<const config::VirtualHost>(host);
  return router::RouteTable(config);
}

class FirstStages : public ::testing::Test {
 protected:
  admin::Counter held_;
  const router::RouteTable none_{config::ProxyConfig{}};
  const router::RouteTable with_passage_ = routes_with_a_passage();
};

TEST_F(FirstStages, AWholeRecordIsForTlsHereAndNothingIsKept) {
  FirstStage stage({.secure = true}, held_);
  EXPECT_EQ(stage.look(hello_for("shop.test"), &none_), Finding::tls_here);
  EXPECT_EQ(held_.get(), 0u);
  EXPECT_EQ(stage.take(), "");
}

TEST_F(FirstStages, WithoutAConfigurationItIsTlsHereToo) {
  FirstStage stage({.secure = true}, held_);
  EXPECT_EQ(stage.look(hello_for("pass.test"), nullptr), Finding::tls_here);
}

TEST_F(FirstStages, AtEverySplitItIsKeptUntilItIsWhole) {
  const std::string whole = hello_for("shop.test");
  for (const router::RouteTable* routes : {&none_, &with_passage_}) {
    for (std::size_t cut = 1; cut < whole.size(); ++cut) {
      FirstStage stage({.secure = true}, held_);
      ASSERT_EQ(stage.look(whole.substr(0, cut), routes), Finding::needs_more) << cut;
      ASSERT_GE(held_.get(), cut);
      ASSERT_EQ(stage.look(whole.substr(cut), routes), Finding::tls_here) << cut;
      ASSERT_EQ(stage.take(), whole) << cut;
      ASSERT_EQ(held_.get(), 0u);
      ASSERT_EQ(stage.take(), "");
    }
  }
}

TEST_F(FirstStages, AHostsWordsThatPassAreKeptForItsEndpoint) {
  const std::string whole = hello_for("pass.test");
  FirstStage stage({.secure = true}, held_);
  EXPECT_EQ(stage.look(whole, &with_passage_), Finding::passes);
  EXPECT_GE(held_.get(), whole.size());
  EXPECT_EQ(stage.take(), whole);
  EXPECT_EQ(held_.get(), 0u);
  EXPECT_EQ(stage.look(whole.substr(0, 100), &with_passage_), Finding::needs_more);
  EXPECT_EQ(stage.look(whole.substr(100) + "and more", &with_passage_), Finding::passes);
  EXPECT_EQ(stage.take(), whole + "and more");
}

TEST_F(FirstStages, WhatIsNoHandshakeIsForTlsHereToRefuse) {
  for (const router::RouteTable* routes : {&none_, &with_passage_}) {
    for (const std::string& bytes : {"GET / HTTP/1.1\r\n\r\n"s, "\x15"s, "\x16\x03\x01\x40\x01"s}) {
      FirstStage stage({.secure = true}, held_);
      EXPECT_EQ(stage.look(bytes, routes), Finding::tls_here);
    }
  }
}

TEST_F(FirstStages, WhatIsGatheredHasABound) {
  EXPECT_EQ(FirstStage::bytes_max(nullptr), Buffers::kReadBytes);
  EXPECT_EQ(FirstStage::bytes_max(&none_), Buffers::kReadBytes);
  EXPECT_EQ(FirstStage::bytes_max(&with_passage_), tls::ClientHelloReader::kBytesMax);
}

TEST_F(FirstStages, WhoSpeaksInTheClearIsAwaitedNoFurther) {
  EXPECT_EQ(FirstStage({}, held_).awaits(), Awaits::nothing);
}

TEST_F(FirstStages, ThePortSaysWhatIsAwaitedBehindTheHeader) {
  const std::string header = "PROXY TCP4 203.0.113.9 10.0.0.1 4711 443\r\n";
  for (const bool secure : {false, true}) {
    FirstStage stage({.secure = secure, .header = HeaderRule::must_come}, held_);
    EXPECT_EQ(stage.awaits(), Awaits::proxy_header);
    const auto part = stage.look_for_header(std::string_view(header).substr(0, 10));
    EXPECT_EQ(part.outcome, HeaderOutcome::needs_more);
    EXPECT_EQ(stage.awaits(), Awaits::proxy_header);
    EXPECT_EQ(held_.get(), 0u) << "it stays in the socket";
    const auto whole = stage.look_for_header(header + "what follows");
    ASSERT_EQ(whole.outcome, HeaderOutcome::complete);
    EXPECT_EQ(whole.bytes, header.size());
    EXPECT_EQ(stage.awaits(), secure ? Awaits::client_hello : Awaits::nothing);
  }
}

TEST_F(FirstStages, WithoutTheHeaderThatIsDueNothingElseIsLookedAt) {
  FirstStage stage({.secure = true, .header = HeaderRule::must_come}, held_);
  EXPECT_EQ(stage.look_for_header(hello_for("shop.test")).outcome, HeaderOutcome::failed);
  EXPECT_EQ(stage.awaits(), Awaits::proxy_header);
}

TEST_F(FirstStages, WhereAHeaderMayComeTheFirstBytesThatBeginNoneAreTheClients) {
  for (const std::string& words :
       {"GET / HTTP/1.1\r\n"s, "PUT / HTTP/1.1\r\n"s, "PROPFIND / HTTP/1.1\r\n"s,
        "PROXY / HTTP/1.1\r\n"s, "PRI * HTTP/2.0\r\n\r\n"s, "\r\n\r\nGET / HTTP/1.1\r\n"s,
        hello_for("shop.test")}) {
    const bool secure = words.front() == '\x16';
    FirstStage stage({.secure = secure, .header = HeaderRule::may_come}, held_);
    EXPECT_EQ(stage.awaits(), Awaits::proxy_header);
    EXPECT_TRUE(stage.may_go_without_header());
    std::size_t seen = 0;
    client::ProxyHeader found;
    do {
      found = stage.look_for_header(std::string_view(words).substr(0, ++seen));
      if (found.outcome != HeaderOutcome::needs_more) break;
      ASSERT_FALSE(stage.may_go_without_header()) << words << ": it may be one";
    } while (seen < words.size());
    ASSERT_EQ(found.outcome, HeaderOutcome::complete) << words;
    EXPECT_EQ(found.bytes, 0u);
    EXPECT_FALSE(found.source);
    EXPECT_TRUE(stage.may_go_without_header());
    EXPECT_EQ(stage.awaits(), secure ? Awaits::client_hello : Awaits::nothing);
  }
}

TEST_F(FirstStages, AHeaderThatMayComeIsReadAsOneThatMust) {
  const std::string header = "PROXY TCP4 203.0.113.9 10.0.0.1 4711 443\r\n";
  FirstStage stage({.secure = true, .header = HeaderRule::may_come}, held_);
  const auto whole = stage.look_for_header(header + "what follows");
  ASSERT_EQ(whole.outcome, HeaderOutcome::complete);
  EXPECT_EQ(whole.bytes, header.size());
  ASSERT_TRUE(whole.source);
  EXPECT_EQ(whole.source->text(), "203.0.113.9");

  FirstStage spoilt({.header = HeaderRule::may_come}, held_);
  EXPECT_EQ(spoilt.look_for_header("PROXY TCP4 / HTTP/1.1\r\n").outcome, HeaderOutcome::failed);
  EXPECT_FALSE(spoilt.may_go_without_header());
  EXPECT_EQ(spoilt.awaits(), Awaits::proxy_header);
}

TEST_F(FirstStages, OfWhoeverHasNoWordNoHeaderIsAwaited) {
  for (const bool secure : {false, true}) {
    FirstStage stage({.secure = secure, .header = HeaderRule::may_come}, held_);
    stage.expect_no_header();
    EXPECT_EQ(stage.awaits(), secure ? Awaits::client_hello : Awaits::nothing);
  }
}

TEST_F(FirstStages, TheHelloIsAwaitedUntilItIsDecided) {
  const std::string whole = hello_for("pass.test");
  FirstStage stage({.secure = true}, held_);
  EXPECT_EQ(stage.awaits(), Awaits::client_hello);
  EXPECT_EQ(stage.look(whole.substr(0, 100), &with_passage_), Finding::needs_more);
  EXPECT_EQ(stage.awaits(), Awaits::client_hello);
  EXPECT_EQ(stage.look(whole.substr(100), &with_passage_), Finding::passes);
  EXPECT_EQ(stage.awaits(), Awaits::nothing);
}

TEST_F(FirstStages, WhatIsKeptGoesWithIt) {
  {
    FirstStage stage({.secure = true}, held_);
    EXPECT_EQ(stage.look("\x16\x03\x01\x01"s, &none_), Finding::needs_more);
    EXPECT_GT(held_.get(), 0u);
  }
  EXPECT_EQ(held_.get(), 0u);
}

}  // namespace
}  // namespace proxy::session
