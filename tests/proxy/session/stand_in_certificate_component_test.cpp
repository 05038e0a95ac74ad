// What an ACME server finds when somebody in front of the proxy redirects its validation to https,
// for a host that has no certificate yet.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/x509.h"
#include "tests/proxy/support/http2_client.h"
#include "tests/proxy/support/http_client.h"
#include "tests/proxy/support/running_engine.h"
#include "tests/proxy/support/scripted_backend.h"

namespace proxy::support {
namespace {

using ::testing::HasSubstr;

constexpr const char* kPath = "/.well-known/acme-challenge/tok";

struct Shown {
  SocketStream stream;
  std::string error;
  base::CertificateInfo certificate;
};

Shown handshake(const RunningEngine& proxy, const std::string& name, const std::string& alpn = "") {
  Shown shown{SocketStream::connect(proxy.https()), "", {}};
  shown.error = shown.stream.start_tls({name, alpn, nullptr});
  const base::X509Ptr leaf(SSL_get1_peer_certificate(shown.stream.ssl()));
  if (leaf == nullptr) return shown;
  unsigned char* der = nullptr;
  const int size = i2d_X509(leaf.get(), &der);
  shown.certificate =
      base::read_certificate_der({reinterpret_cast<char*>(der), static_cast<std::size_t>(size)})
          .value();
  OPENSSL_free(der);
  return shown;
}

class StandIn : public ::testing::Test {
 protected:
  // Routes for shop.test, which has a certificate, and new.test, which has none.
  StandIn() : config(shop({backend.port()})) {
    config.hosts["new.test"] = config.hosts["shop.test"];
    add_certificate(config, "shop.test", issue({"shop.test"}));
  }
  void open_challenge(const std::string& host) {
    config.challenges["tok"] =
        std::make_shared<config::ChallengeAnswer>(config::ChallengeAnswer{host, "tok.thumb"});
  }

  ScriptedBackend backend{[](SocketStream& stream, const SeenRequest&) {
    return stream.send(ScriptedBackend::ok("the application"));
  }};
  config::ProxyConfig config;
  RunningEngine proxy;
};

TEST_F(StandIn, OverItTheChallengeIsAnsweredAndNothingElse) {
  open_challenge("new.test");
  ASSERT_TRUE(proxy.publish(config));
  Shown shown = handshake(proxy, "New.Test");
  ASSERT_EQ(shown.error, "");
  EXPECT_THAT(shown.certificate.dns_names, ::testing::ElementsAre("new.test"));
  EXPECT_THAT(shown.certificate.ip_addresses, ::testing::IsEmpty());
  EXPECT_THAT(shown.certificate.issuer, HasSubstr("no certificate yet"));
  HttpClient http(std::move(shown.stream));
  const HttpAnswer answer = http.get(kPath, "new.test");
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.body, "tok.thumb");

  struct {
    const char* path;
    const char* host;
  } others[] = {{"/", "new.test"},    {"/login", "new.test"},
                {"/", "shop.test"},   {"/.well-known/acme-challenge/other", "new.test"},
                {kPath, "shop.test"}, {"/.well-known/acme-challenge/", "new.test"},
                {"/%00", "new.test"}, {"/", "nobody.test"}};
  for (const auto& other : others) {
    HttpClient client(handshake(proxy, "new.test").stream);
    const HttpAnswer refused = client.get(other.path, other.host);
    EXPECT_EQ(refused.status, 421) << other.host << other.path;
    EXPECT_EQ(refused.body, "");
    EXPECT_EQ(refused.field("strict-transport-security"), "");
    EXPECT_EQ(refused.field("location"), "");
    EXPECT_EQ(refused.field("connection"), "close") << "the certificate may come any moment";
  }
  EXPECT_EQ(backend.requests(), 0);
  EXPECT_THAT(proxy.access_log(2), HasSubstr("stand_in_certificate"));
}

TEST_F(StandIn, OverHttp2Likewise) {
  open_challenge("new.test");
  ASSERT_TRUE(proxy.publish(config));
  Http2Client http(handshake(proxy, "new.test", "h2").stream);
  const int good = http.get(kPath, "new.test");
  EXPECT_EQ(http.wait(good).body, "tok.thumb");
  const int other = http.get("/", "new.test");
  EXPECT_EQ(http.wait(other).status, 421);
  EXPECT_EQ(http.answer(other).body, "");
  EXPECT_EQ(backend.requests(), 0);
}

TEST_F(StandIn, OverHttp2TheConnectionEndsWithThatAnswerAndWhatIsUnderWay) {
  open_challenge("new.test");
  ASSERT_TRUE(proxy.publish(config));
  Http2Client http(handshake(proxy, "new.test", "h2").stream);
  const int other = http.get("/", "new.test");
  EXPECT_EQ(http.wait(other).status, 421);
  http.read_until([] { return false; });
  EXPECT_TRUE(http.got_goaway());
  EXPECT_TRUE(http.is_over());
}

TEST_F(StandIn, IsThereForNoOtherNameAndNoLongerThanTheChallenge) {
  open_challenge("new.test");
  ASSERT_TRUE(proxy.publish(config));
  for (const char* name : {"other.test", "a.new.test", ""}) {
    EXPECT_THAT(handshake(proxy, name).error, HasSubstr("unrecognized name")) << name;
  }
  EXPECT_EQ(handshake(proxy, "new.test").error, "");
  config.challenges.clear();
  ASSERT_TRUE(proxy.publish(config));
  EXPECT_THAT(handshake(proxy, "new.test").error, HasSubstr("unrecognized name"));
}

TEST_F(StandIn, GivesWayToTheCertificateAndWhoHasSeenItConnectsAnew) {
  open_challenge("new.test");
  ASSERT_TRUE(proxy.publish(config));
  Http2Client early(handshake(proxy, "new.test", "h2").stream);
  const auto pair = issue({"new.test"});
  add_certificate(config, "new.test", pair);
  ASSERT_TRUE(proxy.publish(config));
  EXPECT_EQ(early.wait(early.get("/", "new.test")).status, 421);
  Shown shown = handshake(proxy, "new.test");
  EXPECT_EQ(shown.certificate.serial, serial_of(pair));
  HttpClient http(std::move(shown.stream));
  EXPECT_EQ(http.get("/", "new.test").body, "the application");
  EXPECT_EQ(http.get(kPath, "new.test").body, "tok.thumb") << "a renewal's";
}

TEST_F(StandIn, OfAHostThatHadOneBeforeNothingIsResumed) {
  open_challenge("new.test");
  ASSERT_TRUE(proxy.publish(config));
  Shown shown = handshake(proxy, "new.test");
  HttpClient http(std::move(shown.stream));
  ASSERT_EQ(http.get(kPath, "new.test").status, 200);  // reads the ticket on the way
  const std::unique_ptr<SSL_SESSION, void (*)(SSL_SESSION*)> session(
      SSL_get1_session(http.stream().ssl()), SSL_SESSION_free);
  add_certificate(config, "new.test", issue({"new.test"}));
  ASSERT_TRUE(proxy.publish(config));
  auto again = SocketStream::connect(proxy.https());
  ASSERT_EQ(again.start_tls({"new.test", "", session.get()}), "");
  EXPECT_EQ(SSL_session_reused(again.ssl()), 0);
  EXPECT_EQ(HttpClient(std::move(again)).get("/", "new.test").status, 200);
}

}  // namespace
}  // namespace proxy::support
