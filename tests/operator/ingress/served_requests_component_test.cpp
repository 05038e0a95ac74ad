// Annotations as the operator compiles them, and what they do to requests at a running proxy.
#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "base/base64url.h"
#include "base/openssl.h"
#include "tests/operator/ingress/served_requests.h"
#include "tests/support/test_authority.h"

namespace ingress {
namespace {

using routing::Complaint;
using routing::Complaints;
using routing::ResolvedName;
using namespace ingress_test;

IngressBuilder rewriting(const std::string& path, const std::string& target,
                         kube::PathType type = kube::PathType::implementation_specific) {
  return an_ingress("shop/pay")
      .annotation(kNginx + "rewrite-target", target)
      .path(kHost, path, "web", 80, type);
}

// A class that says this of its Ingresses.
ViewBuilder with_parameters(const api::EdgeParameters::Spec& spec) {
  ViewBuilder builder;
  auto named = std::make_shared<kube::IngressClass>(*builder.view.classes.front());
  named->parameters = kube::IngressClassParameters{"gatehouse.dev", "EdgeParameters", "p", ""};
  builder.view.classes.front() = named;
  auto parameters = std::make_shared<api::EdgeParameters>();
  parameters->metadata.name = "p";
  parameters->spec = spec;
  builder.view.parameters["p"] = parameters;
  return builder;
}

TEST_F(ServedRequests, ParametersOfTheClassSetTheFieldServerAlsoOfAnswersOfTheProxy) {
  ViewBuilder builder = with_parameters({.body_bytes_max = 1, .server = "edge"});
  serve(builder.ingress(an_ingress("shop/www").path(kHost, "/", "web", 80)));
  const HttpAnswer first = get("/");
  EXPECT_EQ(first.status, 200);
  EXPECT_EQ(first.field("server"), "edge");
  HttpClient client = HttpClient::connect(proxy_.http());
  client.send("POST / HTTP/1.1\r\nHost: " + kHost + "\r\nContent-Length: 2\r\n\r\nxx");
  const HttpAnswer too_large = client.read_answer();
  EXPECT_EQ(too_large.status, 413);
  EXPECT_EQ(too_large.field("server"), "edge");
}

TEST_F(ServedRequests, ParametersOfTheClassSayHstsOverHttpsAlone) {
  ViewBuilder builder = with_parameters(
      {.plain_http = api::EdgeParameters::PlainHttp::serve,
       .hsts = api::EdgeParameters::Hsts{.max_age_seconds = 5, .include_sub_domains = true}});
  add_certificate(builder, {kHost});
  serve(builder.ingress(an_ingress("shop/www").path(kHost, "/", "web", 80).tls({kHost}, "tls")));
  EXPECT_EQ(get("/").status, 200);
  EXPECT_EQ(get("/").fields.count("strict-transport-security"), 0u);
  SocketStream stream = SocketStream::connect(proxy_.https());
  ASSERT_EQ(stream.start_tls({kHost, ""}), "");
  EXPECT_EQ(HttpClient(std::move(stream)).get("/", kHost).field("strict-transport-security"),
            "max-age=5; includeSubDomains");
}

TEST_F(ServedRequests, TheDefaultBackendOfTheClassAnswersWhatNoPathMatches) {
  ViewBuilder builder =
      with_parameters({.default_backend = api::EdgeParameters::Backend{{"edge", "pages"}, 80}});
  builder.service("edge/pages", 80, {"127.0.0.1"});
  ScriptedBackend pages([](SocketStream& stream, const SeenRequest&) {
    return stream.send(ScriptedBackend::ok("nothing here"));
  });
  serve(builder.ingress(an_ingress("shop/www").path(kHost, "/shop", "web", 80)), backend_.port(),
        {{"edge/pages:80", pages.port()}});
  EXPECT_EQ(asked("/shop"), "/shop");
  EXPECT_EQ(asked("/other"), "nothing here");
}

TEST_F(ServedRequests, PlainHttpIsRefusedButForChallenges) {
  ViewBuilder builder = with_parameters({.plain_http = api::EdgeParameters::PlainHttp::refuse});
  add_certificate(builder, {kHost});
  serve(builder.ingress(an_ingress("shop/www").path(kHost, "/", "web", 80).tls({kHost}, "tls"))
            .ingress(
                an_ingress("shop/solver").path(kHost, "/.well-known/acme-challenge/x", "web", 80))
            .ingress(an_ingress("shop/open")
                         .annotation("gatehouse.dev/plain-http", "serve")
                         .path("open.test", "/", "web", 80)));
  const HttpAnswer refused = get("/");
  EXPECT_EQ(refused.status, 403);
  EXPECT_THAT(refused.body, testing::HasSubstr("plain_http_refused"));
  EXPECT_EQ(asked("/.well-known/acme-challenge/x"), "/.well-known/acme-challenge/x");
  EXPECT_EQ(HttpClient::connect(proxy_.http()).get("/", "open.test").status, 200);
  SocketStream stream = SocketStream::connect(proxy_.https());
  ASSERT_EQ(stream.start_tls({kHost, ""}), "");
  EXPECT_EQ(HttpClient(std::move(stream)).get("/", kHost).status, 200);
}

TEST_F(ServedRequests, WhoIsBeyondALimitGetsTheStatusOfTheClass) {
  ViewBuilder builder = with_parameters({.limit_status = 429});
  serve(builder.ingress(an_ingress("shop/www")
                            .annotation(kNginx + "limit-rpm", "1")
                            .annotation(kNginx + "limit-burst-multiplier", "1")
                            .path(kHost, "/", "web", 80)));
  EXPECT_EQ(get("/").status, 200);
  EXPECT_EQ(get("/").status, 200);
  const HttpAnswer beyond = get("/");
  EXPECT_EQ(beyond.status, 429);
  EXPECT_NE(beyond.field("retry-after"), "");
}

TEST_F(ServedRequests, ParametersOfTheClassSayWhoseWordIsTakenForTheClient) {
  const IngressBuilder ingress =
      an_ingress("shop/www")
          .annotation(kNginx + "whitelist-source-range", "203.0.113.0/24")
          .path(kHost, "/", "web", 80);
  const auto status = [&](const std::string& client) {
    HttpClient balancer = HttpClient::connect(proxy_.http());
    balancer.send("GET / HTTP/1.1\r\nHost: " + kHost + "\r\nX-Forwarded-For: " + client +
                  "\r\n\r\n");
    return balancer.read_answer().status;
  };
  const auto trusting = [](const std::string& network) {
    const std::vector<proxy::config::Network> networks{
        proxy::config::Network::parse(network).value()};
    return with_parameters({.trusted_proxies = networks});
  };
  serve(with_parameters({}).ingress(ingress));
  EXPECT_EQ(status("203.0.113.9"), 403) << "anybody can say so";
  serve(trusting("127.0.0.0/8").ingress(ingress));
  EXPECT_EQ(status("203.0.113.9"), 200);
  EXPECT_EQ(backend_.last().field("X-Real-IP"), "203.0.113.9");
  EXPECT_EQ(status("198.51.100.1"), 403);
  serve(trusting("10.0.0.0/8").ingress(ingress));
  EXPECT_EQ(status("203.0.113.9"), 403);
}

TEST_F(ServedRequests, ParametersOfTheClassSayWhetherATrustedProxyMaySendAHeader) {
  const IngressBuilder ingress =
      an_ingress("shop/www")
          .annotation(kNginx + "whitelist-source-range", "203.0.113.0/24,127.0.0.1/32")
          .path(kHost, "/", "web", 80);
  const auto status = [&](const std::string& client) {
    HttpClient balancer = HttpClient::connect(proxy_.http());
    balancer.send("PROXY TCP4 " + client +
                  " 192.0.2.1 4711 80\r\nGET / HTTP/1.1\r\nHost: " + kHost + "\r\n\r\n");
    return balancer.read_answer().status;
  };
  const auto taking_from = [](const std::string& network) {
    const std::vector<proxy::config::Network> networks{
        proxy::config::Network::parse(network).value()};
    return with_parameters({.trusted_proxies = networks, .takes_proxy_headers = true});
  };
  serve(with_parameters({}).ingress(ingress));
  EXPECT_EQ(status("203.0.113.9"), 400) << "nobody may";
  serve(taking_from("127.0.0.0/8").ingress(ingress));
  EXPECT_EQ(status("203.0.113.9"), 200);
  EXPECT_EQ(backend_.last().field("X-Real-IP"), "203.0.113.9");
  EXPECT_EQ(status("198.51.100.1"), 403);
  EXPECT_EQ(get("/").status, 200) << "as the operator asks, through no balancer";
  serve(taking_from("10.0.0.0/8").ingress(ingress));
  EXPECT_EQ(status("203.0.113.9"), 400);
  EXPECT_EQ(get("/").status, 200);
}

TEST_F(ServedRequests, ARewriteOfAPlainPrefixAsksForTheTargetAlone) {
  serve(ViewBuilder().ingress(rewriting("/pay", "/", kube::PathType::prefix)));
  EXPECT_EQ(asked("/pay"), "/");
  EXPECT_EQ(asked("/pay/card?n=1"), "/?n=1");
  EXPECT_EQ(asked("/payments"), "404");
  EXPECT_EQ(asked("/"), "404");
}

IngressBuilder with_password(const std::string& satisfy) {
  return an_ingress("shop/admin")
      .annotation(kNginx + "auth-type", "basic")
      .annotation(kNginx + "auth-secret", "users")
      .annotation(kNginx + "auth-realm", "The \"shop\"")
      .annotation(kNginx + "satisfy", satisfy)
      .path(kHost, "/admin", "web", 80);
}

TEST_F(ServedRequests, APasswordIsAskedForAndOneThatFitsALineOfHtpasswdOpens) {
  ViewBuilder builder;
  builder.auth_secret("shop/users", "ann:{SHA}VBPuJHI7uixaa6LQGWx4s+5GKNE=\n");
  serve(builder.ingress(with_password("all"))
            .ingress(an_ingress("shop/open").path(kHost, "/", "web", 80)));
  EXPECT_EQ(asked("/"), "/");
  EXPECT_EQ(get("/admin").status, 401);
  EXPECT_EQ(get("//admin").status, 401);
  EXPECT_EQ(get("/admin").field("www-authenticate"),
            "Basic realm=\"The \\\"shop\\\"\", charset=\"UTF-8\"");
  const auto status_with = [&](const std::string& credentials) {
    auto client = HttpClient::connect(proxy_.http());
    client.send("GET /admin HTTP/1.1\r\nHost: " + kHost + "\r\nAuthorization: Basic " +
                base::base64_encode(credentials) + "\r\n\r\n");
    return client.read_answer().status;
  };
  EXPECT_EQ(status_with("ann:myPassword"), 200);
  EXPECT_EQ(status_with("ann:other"), 401);
  EXPECT_EQ(status_with("bob:myPassword"), 401);
}

TEST_F(ServedRequests, ACertificateOfAnAuthorityOfTheSecretOpensTheIngressThatAsksForIt) {
  const ::support::TestAuthority root("root"), other("other");
  const auto ann = root.issue("ann"), bob = root.issue("bob"), stranger = other.issue("ann");
  ViewBuilder builder;
  builder.authorities("shop/ca", root.pem(), root.revoke({}));
  add_certificate(builder, {kHost});
  serve(builder
            .ingress(an_ingress("shop/admin")
                         .annotation(kNginx + "auth-tls-secret", "shop/ca")
                         .annotation(kNginx + "auth-tls-match-cn", "CN=ann")
                         .annotation(kNginx + "ssl-redirect", "false")
                         .path(kHost, "/admin", "web", 80)
                         .tls({kHost}, "tls"))
            .ingress(an_ingress("shop/closed")
                         .annotation(kNginx + "auth-tls-secret", "none")
                         .path(kHost, "/closed", "web", 80))
            .ingress(an_ingress("shop/open").path(kHost, "/", "web", 80)));
  const auto status = [&](const std::string& path, const ::support::Issued* shown) {
    return get_showing(shown, path).status;
  };
  EXPECT_EQ(status("/admin", &ann), 200);
  EXPECT_EQ(backend_.last().field("ssl-client-subject-dn"), "CN=ann");
  EXPECT_EQ(status("/admin", &bob), 403);
  EXPECT_EQ(status("/admin", &stranger), 400);
  EXPECT_EQ(status("/admin", nullptr), 400);
  EXPECT_EQ(status("/closed", &ann), 503);
  EXPECT_EQ(status("/", nullptr), 200);
  EXPECT_EQ(get("/admin").status, 403);
}

TEST_F(ServedRequests, ATlsPolicyKeepsOutWhoIsTooWeakForTheHostAndNobodyFromOthers) {
  ViewBuilder builder;
  const std::string other = "other.test";
  add_certificate(builder, {kHost, other});
  serve(builder
            .ingress(an_ingress("shop/modern")
                         .annotation("gatehouse.dev/tls-policy", "modern")
                         .path(kHost, "/", "web", 80)
                         .tls({kHost}, "tls"))
            .ingress(an_ingress("shop/old")
                         .annotation("gatehouse.dev/tls-policy", "Old")
                         .path(other, "/", "web", 80)
                         .tls({other}, "tls")));
  const auto status = [&](const std::string& host, int version_max, const std::string& ciphers) {
    SocketStream stream = SocketStream::connect(proxy_.https());
    SocketStream::TlsWishes wishes;
    wishes.server_name = host;
    wishes.version_max = version_max;
    wishes.ciphers = ciphers;
    if (!stream.start_tls(wishes).empty()) return 0;
    return HttpClient(std::move(stream)).get("/", host).status;
  };
  EXPECT_EQ(status(kHost, 0, ""), 200);
  EXPECT_EQ(status(kHost, TLS1_2_VERSION, ""), 0);
  EXPECT_EQ(status(other, TLS1_2_VERSION, ""), 200);
  EXPECT_EQ(status(other, TLS1_2_VERSION, "ECDHE-ECDSA-AES128-SHA"), 200);
}

TEST_F(ServedRequests, WithoutItsSecretWhatAPasswordGuardsIsClosed) {
  serve(ViewBuilder().ingress(with_password("any")));
  EXPECT_EQ(asked("/admin"), "503");
}

TEST_F(ServedRequests, WhereAnyIsEnoughAnAddressOnTheListNeedsNoPassword) {
  for (const auto& [network, status] :
       {std::pair("127.0.0.0/8", 200), std::pair("192.0.2.0/24", 401)}) {
    ViewBuilder builder;
    builder.auth_secret("shop/users", "ann:{SHA}VBPuJHI7uixaa6LQGWx4s+5GKNE=\n");
    serve(builder.ingress(
        with_password("any").annotation(kNginx + "allowlist-source-range", network)));
    EXPECT_EQ(get("/admin").status, status) << network;
  }
}

// Says yes to who has a session, and by what name it knows him.
bool know_by_cookie(SocketStream& stream, const SeenRequest& request) {
  const bool is_known = request.field("Cookie") == "session=ann";
  return stream.send(std::string("HTTP/1.1 ") + (is_known ? "202 Accepted" : "401 Unauthorized") +
                     "\r\nX-Auth-Request-User: " + (is_known ? "ann" : "nobody") +
                     "\r\nContent-Length: 0\r\n\r\n");
}

TEST_F(ServedRequests, AnotherServiceIsAskedWhoMayComeInAndOthersAreSentToSignIn) {
  ScriptedBackend auth{know_by_cookie};
  for (const std::string& url :
       {std::string("http://auth.id.svc.cluster.local:4180/oauth2/auth"),
        "https://" + std::string("$host/oauth2/auth"), "https://" + kHost + "/oauth2/auth"}) {
    serve(ViewBuilder()
              .service("id/auth", 4180, {"127.0.0.1"})
              .service("shop/oauth2", 80, {"127.0.0.1"})
              .ingress(an_ingress("shop/admin")
                           .annotation(kNginx + "auth-url", url)
                           .annotation(kNginx + "auth-signin", "https://$host/oauth2/start")
                           .annotation(kNginx + "auth-response-headers", "X-Auth-Request-User")
                           .path(kHost, "/admin", "web", 80))
              .ingress(an_ingress("shop/oauth2").path(kHost, "/oauth2", "oauth2", 80)),
          backend_.port(), {{"id/auth:4180", auth.port()}, {"shop/oauth2:80", auth.port()}});
    const HttpAnswer sent = get("//admin?a=b");
    EXPECT_EQ(sent.status, 302) << url;
    EXPECT_EQ(sent.field("location"),
              "https://shop.test/oauth2/start?rd=http://shop.test%2F%2Fadmin%3Fa%3Db");
    auto client = HttpClient::connect(proxy_.http());
    client.send("GET /admin HTTP/1.1\r\nHost: " + kHost +
                "\r\nCookie: session=ann\r\nX-Auth-Request-User: root\r\n\r\n");
    EXPECT_EQ(client.read_answer().body, "/admin") << url;
    EXPECT_EQ(backend_.last().field("X-Auth-Request-User"), "ann");
    EXPECT_EQ(backend_.last().head.find("root"), std::string::npos);
  }
}

TEST_F(ServedRequests, WhomTheClassHasAskedIsAskedAboutEachIngressThatDoesNotSayOtherwise) {
  ScriptedBackend auth{know_by_cookie};
  ViewBuilder builder = with_parameters(
      {.default_annotations = {{"auth-url", "http://auth.id.svc.cluster.local:4180/"},
                               {"auth-response-headers", "X-Auth-Request-User"}}});
  serve(builder.service("id/auth", 4180, {"127.0.0.1"})
            .ingress(an_ingress("shop/www").path(kHost, "/", "web", 80))
            .ingress(an_ingress("shop/open")
                         .annotation(kNginx + "enable-global-auth", "false")
                         .path(kHost, "/open", "web", 80)),
        backend_.port(), {{"id/auth:4180", auth.port()}});
  EXPECT_EQ(asked("/"), "401");
  EXPECT_EQ(asked("/open"), "/open");
  auto client = HttpClient::connect(proxy_.http());
  client.send("GET /in HTTP/1.1\r\nHost: " + kHost + "\r\nCookie: session=ann\r\n\r\n");
  EXPECT_EQ(client.read_answer().body, "/in");
  EXPECT_EQ(backend_.last().field("X-Auth-Request-User"), "ann");
}

TEST_F(ServedRequests, AFirewallOfTheClassBlocksUnlessTheIngressHasItOff) {
  ViewBuilder builder =
      with_parameters({.default_annotations = {{"enable-modsecurity", "true"},
                                               {"enable-owasp-core-rules", "true"}}});
  serve(builder.ingress(an_ingress("shop/www").path(kHost, "/", "web", 80))
            .ingress(an_ingress("shop/open")
                         .annotation(kNginx + "enable-modsecurity", "false")
                         .path(kHost, "/open", "web", 80)));
  const auto status = [this](const std::string& target) {
    auto client = HttpClient::connect(proxy_.http());
    client.send("GET " + target + " HTTP/1.1\r\nHost: " + kHost +
                "\r\nUser-Agent: Mozilla/5.0\r\nAccept: */*\r\n\r\n");
    return client.read_answer().status;
  };
  const std::string attack = "?id=1%27%20OR%20%271%27=%271";
  EXPECT_EQ(status("/items" + attack), 403);
  EXPECT_EQ(status("/items?id=7"), 200);
  EXPECT_EQ(status("/open" + attack), 200);
}

TEST_F(ServedRequests, FieldsOfTheClassAreAddedToThoseOfTheIngress) {
  ViewBuilder builder = with_parameters(
      {.default_annotations = {{"response-headers", "X-Frame-Options: DENY\nX-Own: class"},
                               {"enable-opentelemetry", "true"}}});
  serve(builder.ingress(an_ingress("shop/www")
                            .annotation("gatehouse.dev/response-headers", "X-Own: mine")
                            .path(kHost, "/", "web", 80)));
  const HttpAnswer answer = get("/");
  EXPECT_EQ(answer.field("x-frame-options"), "DENY");
  EXPECT_EQ(answer.field("x-own"), "mine");
  EXPECT_NE(backend_.last().field("traceparent"), "");
}

TEST_F(ServedRequests, WhatAGuideHasSetByASnippetABackendGetsWithoutIt) {
  serve(ViewBuilder().ingress(
      an_ingress("shop/www")
          .annotation(kNginx + "configuration-snippet",
                      "proxy_set_header Host $host;\nproxy_set_header X-Forwarded-Proto $scheme;")
          .path(kHost, "/", "web", 80)));
  EXPECT_EQ(asked("/"), "/");
  EXPECT_EQ(backend_.last().field("Host"), kHost);
  EXPECT_EQ(backend_.last().field("X-Forwarded-Proto"), "http");
}

TEST_F(ServedRequests, WhatAnAuthServerSaidHoldsForAWhileForWhoShowsTheSame) {
  ScriptedBackend auth{know_by_cookie};
  serve(ViewBuilder()
            .service("id/auth", 4180, {"127.0.0.1"})
            .ingress(an_ingress("shop/admin")
                         .annotation(kNginx + "auth-url", "http://auth.id.svc.cluster.local:4180/")
                         .annotation(kNginx + "auth-response-headers", "X-Auth-Request-User")
                         .annotation(kNginx + "auth-cache-key", "$cookie_session")
                         .annotation(kNginx + "auth-cache-duration", "202 401 1h")
                         .path(kHost, "/admin", "web", 80)),
        backend_.port(), {{"id/auth:4180", auth.port()}});
  const auto status_with = [&](const std::string& cookies) {
    auto client = HttpClient::connect(proxy_.http());
    client.send("GET /admin HTTP/1.1\r\nHost: " + kHost + "\r\nX-Auth-Request-User: root\r\n" +
                cookies + "\r\n");
    return client.read_answer().status;
  };
  for (int i = 0; i < 5; ++i) {
    EXPECT_EQ(status_with("Cookie: session=ann\r\n"), 200);
    EXPECT_EQ(backend_.last().field("X-Auth-Request-User"), "ann");
    EXPECT_EQ(status_with("Cookie: session=bob\r\n"), 401);
  }
  EXPECT_EQ(auth.requests(), 2);
  for (int i = 0; i < 5; ++i) EXPECT_EQ(status_with(""), 401);
  EXPECT_EQ(auth.requests(), 2 + 5) << "who shows nothing is anybody";
}

TEST_F(ServedRequests, AQuestionSaysWhatAConfigMapHasForIt) {
  ScriptedBackend auth{know_by_cookie};
  const auto serve_with = [&](const std::string& map) {
    serve(ViewBuilder()
              .service("id/auth", 4180, {"127.0.0.1"})
              .field_map("shop/fields", {{"X-Forwarded-Method", "$request_method"},
                                         {"X-Shop", "the shop of $http_x_client"}})
              .ingress(an_ingress("shop/admin")
                           .annotation(kNginx + "auth-url", "http://auth.id.svc:4180/")
                           .annotation(kNginx + "auth-proxy-set-headers", map)
                           .path(kHost, "/admin", "web", 80)),
          backend_.port(), {{"id/auth:4180", auth.port()}});
    auto client = HttpClient::connect(proxy_.http());
    client.send("DELETE /admin HTTP/1.1\r\nHost: " + kHost +
                "\r\nCookie: session=ann\r\nX-Client: ann\r\nX-Shop: evil\r\n\r\n");
    return client.read_answer().status;
  };
  EXPECT_EQ(serve_with("shop/fields"), 200);
  EXPECT_EQ(auth.last().method, "GET");
  EXPECT_EQ(auth.last().field("X-Forwarded-Method"), "DELETE");
  EXPECT_EQ(auth.last().field("X-Shop"), "the shop of ann");
  EXPECT_EQ(auth.last().head.find("evil"), std::string::npos);
  EXPECT_EQ(serve_with("none"), 503);
  EXPECT_EQ(serve_with("id/fields"), 503);
}

TEST_F(ServedRequests, NobodyHasSomethingChangedInAnotherNamespaceByAMethod) {
  ScriptedBackend auth{know_by_cookie};
  for (const auto& [method, status] : {std::pair("DELETE", 503), std::pair("HEAD", 401)}) {
    serve(ViewBuilder()
              .service("id/auth", 4180, {"127.0.0.1"})
              .ingress(an_ingress("shop/admin")
                           .annotation(kNginx + "auth-url", "http://auth.id.svc:4180/users/ann")
                           .annotation(kNginx + "auth-method", method)
                           .path(kHost, "/admin", "web", 80)),
          backend_.port(), {{"id/auth:4180", auth.port()}});
    EXPECT_EQ(get("/admin").status, status) << method;
  }
  EXPECT_EQ(auth.requests(), 1);
  EXPECT_EQ(auth.last().method, "HEAD");
}

TEST_F(ServedRequests, WhoIsOutsideIsAskedWhereItsCertificateIsItsOwn) {
  const auto login = proxy::support::issue({"login.example"});
  const auto other = proxy::support::issue({"other.example"});
  const std::string file =
      ::testing::TempDir() + "authorities-" + std::to_string(getpid()) + ".pem";
  std::ofstream(file) << login.chain_pem.text() << other.chain_pem.text();
  setenv("SSL_CERT_FILE", file.c_str(), 1);  // before anybody needs them
  for (const auto& [own, status] : {std::pair(&login, 200), std::pair(&other, 500)}) {
    ScriptedBackend auth(know_by_cookie, "127.0.0.1", tls_server(*own));
    ViewBuilder builder;
    builder.view.external_names["login.example"] = std::make_shared<const ResolvedName>(
        ResolvedName{.addresses = {"127.0.0.1"}, .problem = {}});
    serve(builder.ingress(an_ingress("shop/admin")
                              .annotation(kNginx + "auth-url", "https://login.example/auth")
                              .path(kHost, "/admin", "web", 80)),
          backend_.port(), {{"outside:login.example:443", auth.port()}});
    auto client = HttpClient::connect(proxy_.http());
    client.send("GET /admin HTTP/1.1\r\nHost: " + kHost + "\r\nCookie: session=ann\r\n\r\n");
    EXPECT_EQ(client.read_answer().status, status);
    EXPECT_EQ(auth.last().field("Host"), status == 200 ? "login.example" : "");
  }
  std::remove(file.c_str());
}

TEST_F(ServedRequests, WhereNobodyCanBeAskedNobodyComesIn) {
  serve(ViewBuilder()
            .ingress(an_ingress("shop/gone")
                         .annotation(kNginx + "auth-url", "http://gone.shop.svc/")
                         .path(kHost, "/gone", "web", 80))
            .ingress(an_ingress("shop/outside")
                         .annotation(kNginx + "auth-url", "https://login.example/")
                         .path(kHost, "/outside", "web", 80))
            .ingress(an_ingress("shop/plain")
                         .annotation(kNginx + "auth-url", "http://login.example/")
                         .path(kHost, "/plain", "web", 80)),
        backend_.port(), {{"outside:login.example:443", 1}});
  EXPECT_EQ(asked("/gone"), "503");
  EXPECT_EQ(asked("/outside"), "500");
  EXPECT_EQ(asked("/plain"), "503");
}

TEST_F(ServedRequests, ALimitIsOfAllPathsOfItsIngressTogetherAndOfNoOther) {
  const auto limited = [](const std::string& name) {
    return an_ingress("shop/" + name)
        .annotation(kNginx + "limit-rpm", "1")
        .annotation(kNginx + "limit-burst-multiplier", "2");
  };
  serve(ViewBuilder()
            .ingress(limited("a").path(kHost, "/a", "web", 80).path(kHost, "/more", "web", 80))
            .ingress(limited("b").path(kHost, "/b", "web", 80))
            .ingress(limited("c")
                         .annotation(kNginx + "limit-whitelist", "127.0.0.0/8")
                         .path(kHost, "/c", "web", 80))
            .ingress(limited("d")
                         .annotation(kNginx + "limit-connections", "a few")
                         .path(kHost, "/d", "web", 80)));
  EXPECT_EQ(asked("/a"), "/a");
  EXPECT_EQ(asked("/more"), "/more");
  EXPECT_EQ(asked("/a"), "/a");
  EXPECT_EQ(asked("/more"), "503");
  EXPECT_EQ(asked("/b"), "/b");
  for (int i = 0; i < 10; ++i) EXPECT_EQ(asked("/c"), "/c");
  EXPECT_EQ(asked("/d"), "503") << "what cannot be read guards nothing, so nobody comes in";
}

TEST_F(ServedRequests, TheTwoUsualExpressionsTakeTheirPrefixAway) {
  for (const auto type :
       {kube::PathType::prefix, kube::PathType::exact, kube::PathType::implementation_specific}) {
    serve(ViewBuilder().ingress(rewriting("/x(/|$)(.*)", "/$2", type)));
    EXPECT_EQ(asked("/x"), "/");
    EXPECT_EQ(asked("/x/a/b?c=d"), "/a/b?c=d");
    EXPECT_EQ(asked("/X/a%2Fb"), "/a%2Fb");
    EXPECT_EQ(asked("/xyz"), "404");
    EXPECT_EQ(asked("/x/../y"), "404");
    serve(ViewBuilder().ingress(rewriting("/x/?(.*)", "/$1", type)));
    EXPECT_EQ(asked("/x"), "/");
    EXPECT_EQ(asked("/x/a"), "/a");
  }
}

TEST_F(ServedRequests, TheLongestExpressionIsTakenAndOtherIngressesAreNotTouched) {
  serve(ViewBuilder()
            .ingress(rewriting("/api/(.*)", "/one/$1").path(kHost, "/api/v2/(.*)", "web", 80))
            .ingress(an_ingress("shop/plain")
                         .path(kHost, "/", "web", 80)
                         .path(kHost, "/Api/(.*)", "web", 80)
                         .path(kHost, "/api/v2/exact", "web", 80, kube::PathType::exact)));
  EXPECT_EQ(asked("/api/a"), "/one/a");
  EXPECT_EQ(asked("/api/v2/a"), "/one/a");
  EXPECT_EQ(asked("/api/v2/exact"), "/api/v2/exact");
  EXPECT_EQ(asked("/other"), "/other");
}

TEST_F(ServedRequests, WhereTheClassSaysSoOneIngressMakesExpressionsOfAllOfItsHost) {
  const IngressBuilder plain =
      an_ingress("shop/plain")
          .path(kHost, "/items/[0-9]+", "web", 80, kube::PathType::implementation_specific);
  const auto serve_with_scope = [&](bool of_hosts) {
    ViewBuilder builder = with_parameters({.expressions_of_hosts = of_hosts});
    serve(builder.ingress(rewriting("/api(/|$)(.*)", "/$2")).ingress(plain));
  };
  serve_with_scope(false);
  EXPECT_EQ(asked("/api/x"), "/x");
  EXPECT_EQ(asked("/items/7"), "404");
  serve_with_scope(true);
  EXPECT_EQ(asked("/api/x"), "/x");
  EXPECT_EQ(asked("/items/7"), "/items/7");
  EXPECT_EQ(asked("/items/x"), "404");
}

TEST_F(ServedRequests, AnExpressionWithoutARewriteLeavesThePathAsItWasSent) {
  serve(ViewBuilder().ingress(
      an_ingress("shop/re")
          .annotation(kNginx + "use-regex", "true")
          .path(kHost, "/v[0-9]+/.*\\.png", "web", 80, kube::PathType::implementation_specific)));
  EXPECT_EQ(asked("/v12/a%2fb.png"), "/v12/a%2fb.png");
  EXPECT_EQ(asked("/v/a.png"), "404");
}

TEST_F(ServedRequests, WhatARewriteWouldPutTogetherWrongIsRefused) {
  serve(ViewBuilder().ingress(rewriting("/x(.*)", "/public/.$1")));
  EXPECT_EQ(asked("/x./admin"), "400");
}

TEST_F(ServedRequests, ThePrefixIsToldInPlaceOfWhatTheClientSays) {
  serve(ViewBuilder().ingress(
      rewriting("/x(/|$)(.*)", "/$2").annotation(kNginx + "x-forwarded-prefix", "/x")));
  auto client = HttpClient::connect(proxy_.http());
  client.send("GET /x/a HTTP/1.1\r\nHost: shop.test\r\nX-Forwarded-Prefix: /evil\r\n\r\n");
  EXPECT_EQ(client.read_answer().body, "/a");
  EXPECT_EQ(backend_.last().field("X-Forwarded-Prefix"), "/x");
  EXPECT_EQ(backend_.last().head.find("/evil"), std::string::npos);
}

TEST_F(ServedRequests, AnExpressionThatCannotBeComparedClosesItsHost) {
  serve(ViewBuilder()
            .ingress(rewriting("/(?!admin)(.*)", "/$1"))
            .ingress(an_ingress("shop/open").path(kHost, "/", "web", 80)));
  EXPECT_EQ(asked("/a"), "503");
}

TEST_F(ServedRequests, AGuardOnAnExpressionHoldsForEverySpellingOfWhatItMatches) {
  serve(ViewBuilder()
            .ingress(an_ingress("shop/guarded")
                         .annotation(kNginx + "use-regex", "true")
                         .annotation(kNginx + "allowlist-source-range", "10.0.0.0/8")
                         .path(kHost, "/admin(/|$)(.*)", "web", 80))
            .ingress(an_ingress("shop/open").path(kHost, "/", "web", 80)));
  for (const char* path : {"/admin", "/ADMIN/x", "//admin/x", "/%61dmin", "/admin%2Fx",
                           "/admin;a=b/x", "/x/..%2Fadmin", "/admin%5Cx"}) {
    EXPECT_THAT(asked(path), ::testing::AnyOf("403", "400")) << path;
  }
  EXPECT_EQ(asked("/administrator"), "/administrator");
}

TEST_F(ServedRequests, AGuardOfAnExactPathDoesNotHoldForThatPathWithASlashBehindIt) {
  serve(ViewBuilder()
            .ingress(an_ingress("shop/guarded")
                         .annotation(kNginx + "allowlist-source-range", "10.0.0.0/8")
                         .path(kHost, "/admin", "web", 80, kube::PathType::exact))
            .ingress(an_ingress("shop/open").path(kHost, "/", "web", 80)));
  EXPECT_EQ(asked("/admin"), "403");
  EXPECT_EQ(asked("/admin/"), "/admin/");
}

TEST_F(ServedRequests, AGuardComesBeforeARedirect) {
  serve(ViewBuilder().ingress(an_ingress("shop/moved")
                                  .annotation(kNginx + "permanent-redirect", "https://new.test/")
                                  .annotation(kNginx + "allowlist-source-range", "10.0.0.0/8")
                                  .path(kHost, "/", "web", 80)));
  EXPECT_EQ(asked("/"), "403");
}

TEST_F(ServedRequests, ARedirectAnswersInPlaceOfABackendThatNeedNotExist) {
  serve(ViewBuilder().ingress(
      an_ingress("shop/moved")
          .annotation(kNginx + "permanent-redirect", "https://new.test$request_uri")
          .path(kHost, "/", "gone", 80)));
  const HttpAnswer answer = get("/a%2Fb?c=d");
  EXPECT_EQ(answer.status, 301);
  EXPECT_EQ(answer.field("location"), "https://new.test/a%2Fb?c=d");
}

TEST_F(ServedRequests, TheTemporalRedirectComesBeforeThePermanentOneWithItsOwnCode) {
  serve(ViewBuilder().ingress(an_ingress("shop/moved")
                                  .annotation(kNginx + "permanent-redirect", "https://p.test/")
                                  .annotation(kNginx + "permanent-redirect-code", "308")
                                  .annotation(kNginx + "temporal-redirect", "https://t.test/")
                                  .annotation(kNginx + "temporal-redirect-code", "307")
                                  .path(kHost, "/old", "web", 80)
                                  .path("other.test", "/", "web", 80)));
  EXPECT_EQ(get("/old/x").status, 307);
  EXPECT_EQ(get("/old/x").field("location"), "https://t.test/");
  EXPECT_EQ(asked("/new"), "404");
}

TEST_F(ServedRequests, TheRootOfTheApplicationIsSaidAtTheRootAlone) {
  serve(ViewBuilder().ingress(
      an_ingress("shop/app").annotation(kNginx + "app-root", "/app/").path(kHost, "/", "web", 80)));
  EXPECT_EQ(get("/").status, 302);
  EXPECT_EQ(get("/").field("location"), "http://shop.test/app/");
  EXPECT_EQ(asked("/app/"), "/app/");
}

TEST_F(ServedRequests, AnAliasHasThePathsOfItsRule) {
  serve(ViewBuilder().ingress(an_ingress("shop/web")
                                  .annotation(kNginx + "server-alias", "shop.test, alias.test")
                                  .path("other.test", "/a", "web", 80)));
  EXPECT_EQ(asked("/a/b"), "/a/b");
  EXPECT_EQ(asked("/c"), "404");
}

TEST_F(ServedRequests, TheOtherSpellingOfAHostWithWwwIsRedirected) {
  serve(ViewBuilder().ingress(an_ingress("shop/web")
                                  .annotation(kNginx + "from-to-www-redirect", "true")
                                  .path("www.shop.test", "/", "web", 80)));
  const HttpAnswer answer = get("/a?b");
  EXPECT_EQ(answer.status, 308);
  EXPECT_EQ(answer.field("location"), "http://www.shop.test/a?b");
}

TEST_F(ServedRequests, CorsIsAnsweredAtTheEdgeForTheOriginsThatAreNamed) {
  serve(ViewBuilder().ingress(an_ingress("shop/api")
                                  .annotation(kNginx + "enable-cors", "true")
                                  .annotation(kNginx + "cors-allow-origin", "https://*.a.example")
                                  .path(kHost, "/", "web", 80)));
  const auto preflight = [&](const std::string& origin) {
    auto client = HttpClient::connect(proxy_.http());
    client.send("OPTIONS /x HTTP/1.1\r\nHost: shop.test\r\nOrigin: " + origin +
                "\r\nAccess-Control-Request-Method: PUT\r\n\r\n");
    return client.read_answer();
  };
  const HttpAnswer admitted = preflight("https://x.a.example");
  EXPECT_EQ(admitted.status, 204);
  EXPECT_EQ(admitted.field("access-control-allow-origin"), "https://x.a.example");
  EXPECT_EQ(admitted.field("access-control-allow-credentials"), "true");
  EXPECT_EQ(admitted.field("access-control-max-age"), "1728000");
  EXPECT_EQ(preflight("https://a.example").field("access-control-allow-origin"), "");
  EXPECT_EQ(backend_.requests(), 0);
}

TEST_F(ServedRequests, HeaderFieldsAreSetAndHiddenEitherWay) {
  serve(ViewBuilder().ingress(
      an_ingress("shop/api")
          .annotation("gatehouse.dev/request-headers", "X-Tenant: shop\nX-Debug:")
          .annotation("gatehouse.dev/response-headers", "X-Frame-Options: DENY")
          .annotation("gatehouse.dev/hidden-headers", "Content-Language")
          .path(kHost, "/", "web", 80)));
  auto client = HttpClient::connect(proxy_.http());
  client.send(
      "GET /a HTTP/1.1\r\nHost: shop.test\r\nX_Tenant: evil\r\nx-tenant: evil\r\nX-Debug: "
      "1\r\n\r\n");
  const HttpAnswer answer = client.read_answer();
  EXPECT_EQ(answer.body, "/a");
  EXPECT_EQ(answer.field("x-frame-options"), "DENY");
  EXPECT_EQ(backend_.last().field("X-Tenant"), "shop");
  EXPECT_EQ(backend_.last().head.find("evil"), std::string::npos);
  EXPECT_EQ(backend_.last().field("X-Debug"), "");
}

TEST_F(ServedRequests, AConfigMapOfItsNamespaceSetsFieldsOfResponsesAlsoOfThoseOfTheProxy) {
  const auto builder = [](const std::string& named) {
    return ViewBuilder()
        .field_map("shop/fields", {{"X-Frame-Options", "DENY\n"},
                                   {"Cost", "5 $dollars"},
                                   {"Set-By-Both", "map"},
                                   {"Content-Length", "7"},
                                   {"X-Empty", ""}})
        .field_map("id/fields", {{"X-Frame-Options", "DENY"}})
        .ingress(an_ingress("shop/api")
                     .annotation(kNginx + "custom-headers", named)
                     .annotation("gatehouse.dev/response-headers", "set-by-both: annotation")
                     .path(kHost, "/", "web", 80))
        .ingress(an_ingress("shop/shut")
                     .annotation("gatehouse.dev/custom-headers", named)
                     .annotation("gatehouse.dev/fixed-answer", "403")
                     .path(kHost, "/shut", "web", 80));
  };
  for (const std::string named : {"shop/fields", "fields"}) {
    serve(builder(named));
    const HttpAnswer answer = get("/a");
    EXPECT_EQ(answer.body, "/a");
    EXPECT_EQ(answer.field("x-frame-options"), "DENY");
    EXPECT_EQ(answer.field("cost"), "5 $dollars");
    EXPECT_EQ(answer.field("set-by-both"), "annotation");
    EXPECT_EQ(get("/shut").status, 403);
    EXPECT_EQ(get("/shut").field("x-frame-options"), "DENY");
  }
  for (const std::string named : {"id/fields", "none", "no name"}) {
    serve(builder(named));
    EXPECT_EQ(get("/a").body, "/a") << named;
    EXPECT_EQ(get("/a").field("x-frame-options"), "") << named;
  }
}

TEST_F(ServedRequests, AMirrorGetsACopyThatChangesNothingForTheRequest) {
  std::mutex mutex;
  std::condition_variable came;
  std::vector<SeenRequest> copies;
  ScriptedBackend mirror{[&](SocketStream&, const SeenRequest& request) {
    const std::lock_guard lock(mutex);
    copies.push_back(request);
    came.notify_all();
    return false;  // never an answer
  }};
  const auto next_copy = [&] {
    std::unique_lock lock(mutex);
    came.wait_for(lock, std::chrono::seconds(30), [&] { return !copies.empty(); });
    const SeenRequest first = copies.empty() ? SeenRequest{} : copies.front();
    copies.clear();
    return first;
  };
  const auto serve_with = [&](const std::string& target, const std::string& with_body,
                              const std::string& host) {
    serve(ViewBuilder()
              .service("shop/shadow", 80, {"127.0.0.1"})
              .ingress(an_ingress("shop/api")
                           .annotation(kNginx + "mirror-target", target)
                           .annotation(kNginx + "mirror-request-body", with_body)
                           .annotation(kNginx + "mirror-host", host)
                           .annotation(kNginx + "rewrite-target", "/inside")
                           .path(kHost, "/", "web", 80)),
          backend_.port(), {{"shop/shadow:80", mirror.port()}});
  };
  const auto post = [&] {
    auto client = HttpClient::connect(proxy_.http());
    client.send(
        "POST /a%2Fb?c=d HTTP/1.1\r\nHost: shop.test\r\nX-A: b\r\nTransfer-Encoding: "
        "chunked\r\n\r\n3\r\none\r\n");
    client.send("3\r\ntwo\r\n0\r\n\r\n");
    return client.read_answer();
  };
  serve_with("http://shadow.shop.svc.cluster.local/copies$request_uri", "on", "");
  EXPECT_EQ(post().body, "/inside?c=d");
  SeenRequest copy = next_copy();
  EXPECT_EQ(copy.method + " " + copy.path, "POST /copies/a%2Fb?c=d");
  EXPECT_EQ(copy.field("Host"), "shadow.shop.svc.cluster.local");
  EXPECT_EQ(copy.field("X-Forwarded-Host"), "shop.test");
  EXPECT_EQ(copy.field("X-A"), "b");
  EXPECT_EQ(copy.body, "onetwo");
  serve_with("http://shadow.shop.svc", "off", "copies.test");
  EXPECT_EQ(post().status, 200);
  copy = next_copy();
  EXPECT_EQ(copy.path, "/a%2Fb?c=d");
  EXPECT_EQ(copy.field("Host"), "copies.test");
  EXPECT_EQ(copy.body, "");
  // What is a copy itself is copied no more, whoever sends it.
  auto client = HttpClient::connect(proxy_.http());
  client.send("GET /once HTTP/1.1\r\nHost: shop.test\r\nx_gatehouse_mirror: 1\r\n\r\n");
  EXPECT_EQ(client.read_answer().status, 200);
  EXPECT_EQ(get("/twice").status, 200);
  EXPECT_EQ(next_copy().path, "/twice");
}

TEST_F(ServedRequests, NobodyGetsCopiesInAnotherNamespaceOrBehindTheGuardsOfAnIngress) {
  for (const std::string target :
       {"http://users.id.svc/", "http://outside.example/", "https://shop.test/", "ftp://a/",
        "http://gone.shop.svc/", "http://shadow.shop.svc/$pid"}) {
    ScriptedBackend other{say_path};
    serve(ViewBuilder()
              .service("id/users", 80, {"127.0.0.1"})
              .service("shop/shadow", 80, {"127.0.0.1"})
              .ingress(an_ingress("shop/api")
                           .annotation(kNginx + "mirror-target", target)
                           .path(kHost, "/", "web", 80)),
          backend_.port(), {{"id/users:80", other.port()}, {"shop/shadow:80", other.port()}});
    EXPECT_EQ(asked("/a"), "/a") << target;
    EXPECT_EQ(other.connections(), 0) << target;
  }
}

TEST_F(ServedRequests, WhoWantsNoLinesInTheAccessLogHasNone) {
  serve(ViewBuilder()
            .ingress(an_ingress("shop/quiet")
                         .annotation(kNginx + "enable-access-log", "false")
                         .path(kHost, "/quiet", "web", 80))
            .ingress(an_ingress("shop/site").path(kHost, "/", "web", 80)));
  EXPECT_EQ(asked("/quiet"), "/quiet");
  EXPECT_EQ(asked("/loud"), "/loud");
  EXPECT_THAT(proxy_.access_log(1), testing::HasSubstr("/loud"));
  EXPECT_THAT(proxy_.access_log(1), testing::Not(testing::HasSubstr("/quiet")));
}

TEST_F(ServedRequests, ParametersOfTheClassSayHowLinesOfTheAccessLogAreWritten) {
  using proxy::config::LogFormat;
  const auto serve_logging = [this](const proxy::config::AccessLine& line) {
    ViewBuilder builder = with_parameters({.access_log = line});
    serve(builder.ingress(an_ingress("shop/www").path(kHost, "/", "web", 80)));
  };
  serve_logging({.fields = {{"path"}, {"status"}}});
  EXPECT_EQ(asked("/few"), "/few");
  EXPECT_THAT(
      proxy_.access_log(1),
      testing::ContainsRegex("^\\{\"time\":\"[^\"]*\",\"path\":\"/few\",\"status\":200\\}\n$"));
  serve_logging({.format = LogFormat::common});
  EXPECT_EQ(asked("/common"), "/common");
  EXPECT_THAT(proxy_.access_log(2),
              testing::ContainsRegex(
                  "127\\.0\\.0\\.1 - - \\[.*\\] \"GET /common HTTP/1\\.1\" 200 [0-9]+\n$"));
  serve_logging({});
  EXPECT_EQ(asked("/all"), "/all");
  EXPECT_THAT(proxy_.access_log(3), testing::HasSubstr("\"duration_ms\":"));
  serve_logging({.format = LogFormat::combined});
  auto client = HttpClient::connect(proxy_.http());
  client.send("GET / HTTP/1.1\r\nHost: " + kHost +
              "\r\nUser-Agent: a client\r\nReferer: https://a.example/\r\n\r\n");
  EXPECT_EQ(client.read_answer().status, 200);
  EXPECT_THAT(proxy_.access_log(4), testing::EndsWith(" \"https://a.example/\" \"a client\"\n"));
}

TEST_F(ServedRequests, ACanaryAnswersWhoAsksForIt) {
  ScriptedBackend next([](SocketStream& stream, const SeenRequest&) {
    return stream.send(ScriptedBackend::ok("next"));
  });
  const Compiled compiled =
      compile(ViewBuilder()
                  .service("shop/web", 80, {"127.0.0.1"})
                  .service("shop/next", 80, {"127.0.0.2"})
                  .ingress(an_ingress("shop/main").path(kHost, "/", "web", 80))
                  .ingress(an_ingress("shop/canary")
                               .annotation(kNginx + "canary", "true")
                               .annotation(kNginx + "canary-by-header", "X-Canary")
                               .annotation(kNginx + "canary-by-cookie", "canary")
                               .path(kHost, "/", "next", 80))
                  .view);
  EXPECT_TRUE(compiled.complaints.empty());
  proxy::config::ProxyConfig config = compiled.config;
  const auto lead = [&](const std::string& id, std::vector<proxy::config::Endpoint> to) {
    proxy::config::Cluster here = *config.clusters.at(id);
    here.endpoints = std::move(to);
    config.clusters[id] = std::make_shared<const proxy::config::Cluster>(std::move(here));
  };
  lead("shop/web:80", {{"127.0.0.1", backend_.port()}});
  lead("shop/next:80", {{"127.0.0.1", next.port()}});
  ASSERT_TRUE(proxy_.publish(config));
  const auto asked_with = [&](const std::string& fields) {
    auto client = HttpClient::connect(proxy_.http());
    client.send("GET /a HTTP/1.1\r\nHost: shop.test\r\n" + fields + "\r\n");
    return client.read_answer().body;
  };
  EXPECT_EQ(asked_with(""), "/a");
  EXPECT_EQ(asked_with("X-Canary: always\r\n"), "next");
  EXPECT_EQ(asked_with("X-Canary: never\r\nCookie: canary=always\r\n"), "/a");
  EXPECT_EQ(asked_with("Cookie: canary=always\r\n"), "next");
  EXPECT_EQ(asked_with("X-Canary: other\r\n"), "/a");
  // Without endpoints it gets nothing.
  lead("shop/next:80", {});
  ASSERT_TRUE(proxy_.publish(config));
  EXPECT_EQ(asked_with("X-Canary: always\r\n"), "/a");
}

TEST_F(ServedRequests, CookiesAndRedirectsOfTheBackendGetTheNamesOfTheOutside) {
  ScriptedBackend inner([](SocketStream& stream, const SeenRequest&) {
    return stream.send(
        "HTTP/1.1 302 Found\r\nContent-Length: 0\r\nLocation: http://web.internal/in\r\n"
        "Set-Cookie: a=1; Path=/app; Domain=web.internal\r\n\r\n");
  });
  Compiled compiled =
      compile(ViewBuilder()
                  .service("shop/web", 80, {"127.0.0.1"})
                  .ingress(an_ingress("shop/api")
                               .annotation(kNginx + "proxy-cookie-path", "/app /")
                               .annotation(kNginx + "proxy-cookie-domain", "web.internal shop.test")
                               .annotation(kNginx + "proxy-redirect-from", "http://web.internal/")
                               .annotation(kNginx + "proxy-redirect-to", "https://shop.test/")
                               .path(kHost, "/", "web", 80))
                  .view);
  proxy::config::Cluster here = *compiled.config.clusters.at("shop/web:80");
  here.endpoints = {{"127.0.0.1", inner.port()}};
  compiled.config.clusters["shop/web:80"] =
      std::make_shared<const proxy::config::Cluster>(std::move(here));
  ASSERT_TRUE(proxy_.publish(compiled.config));
  const HttpAnswer answer = get("/a");
  EXPECT_EQ(answer.status, 302);
  EXPECT_EQ(answer.field("location"), "https://shop.test/in");
  EXPECT_EQ(answer.field("set-cookie"), "a=1; Path=/; Domain=shop.test");
}

TEST_F(ServedRequests, AFixedAnswerKeepsPeopleOutOfAPathInEverySpelling) {
  serve(ViewBuilder()
            .ingress(an_ingress("shop/site").path(kHost, "/", "web", 80))
            .ingress(an_ingress("shop/admin")
                         .annotation("gatehouse.dev/fixed-answer", "403")
                         .path(kHost, "/admin", "none", 80)));
  EXPECT_EQ(asked("/admin"), "403");
  EXPECT_EQ(asked("/admin/x"), "403");
  EXPECT_NE(get("//admin").status, 200);
  EXPECT_NE(get("/%2561dmin").status, 200);
  EXPECT_EQ(asked("/administrator"), "/administrator");
  EXPECT_EQ(asked("/"), "/");
  serve(ViewBuilder().ingress(an_ingress("shop/admin")
                                  .annotation("gatehouse.dev/fixed-answer", "302")
                                  .path(kHost, "/admin", "web", 80)));
  EXPECT_EQ(asked("/admin"), "503");
}

TEST_F(ServedRequests, AFixedAnswerMaySaySomethingToWhoPassesTheGuardsOfItsIngress) {
  const auto fixed = [](const std::string& name, const std::string& status) {
    return an_ingress("shop/" + name)
        .annotation("gatehouse.dev/fixed-answer", status)
        .path(kHost, "/" + name, "none", 80, kube::PathType::exact);
  };
  serve(ViewBuilder()
            .ingress(an_ingress("shop/site").path(kHost, "/", "web", 80))
            .ingress(fixed("robots.txt", "200")
                         .annotation("gatehouse.dev/fixed-answer-text", "User-agent: *\n")
                         .annotation("gatehouse.dev/response-headers", "X-A: b"))
            .ingress(fixed("links", "200")
                         .annotation("gatehouse.dev/fixed-answer-text", "[]")
                         .annotation("gatehouse.dev/fixed-answer-type", "application/json"))
            .ingress(fixed("none", "204"))
            .ingress(fixed("gone", "410").annotation("gatehouse.dev/fixed-answer-text", "sorry"))
            .ingress(fixed("inside", "200")
                         .annotation("gatehouse.dev/fixed-answer-text", "secret")
                         .annotation(kNginx + "denylist-source-range", "127.0.0.0/8")));
  EXPECT_EQ(asked("/robots.txt"), "User-agent: *\n");
  EXPECT_EQ(get("/robots.txt").field("content-type"), "text/plain; charset=utf-8");
  EXPECT_EQ(get("/robots.txt").field("x-a"), "b");
  EXPECT_EQ(asked("/links"), "[]");
  EXPECT_EQ(get("/links").field("content-type"), "application/json");
  EXPECT_EQ(get("/none").status, 204);
  EXPECT_EQ(get("/gone").status, 410);
  EXPECT_EQ(get("/gone").body, "sorry");
  EXPECT_EQ(asked("/inside"), "403");
  EXPECT_EQ(asked("/robots.txt/more"), "/robots.txt/more");
  auto client = HttpClient::connect(proxy_.http());
  client.send(
      "POST /links HTTP/1.1\r\nHost: shop.test\r\nContent-Length: 2\r\n\r\nhiGET /links "
      "HTTP/1.1\r\nHost: shop.test\r\n\r\n");
  EXPECT_EQ(client.read_answer().body, "[]");
}

TEST_F(ServedRequests, TlsOfAHostPassesToItsBackendWhateverPathIsAskedFor) {
  const ScriptedBackend tls(say_path, "127.0.0.1", tls_server("pass.test"));
  serve(ViewBuilder().ingress(an_ingress("shop/pass")
                                  .annotation(kNginx + "ssl-passthrough", "true")
                                  .path(kHost, "/", "web", 80)),
        tls.port());
  // Plain HTTP is sent to where the backend ends TLS.
  EXPECT_EQ(get("/").status, 308);
  SocketStream stream = SocketStream::connect(proxy_.https());
  ASSERT_EQ(stream.start_tls({kHost, {}, nullptr}), "");
  EXPECT_EQ(HttpClient(std::move(stream)).get("/any/path", "other.test").body, "/any/path");
  EXPECT_EQ(proxy_.metric("gatehouse_proxy_passthrough_connections_total"), 1);
  EXPECT_EQ(proxy_.metric("gatehouse_proxy_tls_handshakes_total"), 0);
}

TEST_F(ServedRequests, ABackendIsToldOfTheClientOnAConnectionOfItsOwn) {
  serve(ViewBuilder().ingress(an_ingress("shop/told")
                                  .annotation("gatehouse.dev/proxy-protocol-to-backend", "v1")
                                  .path(kHost, "/", "web", 80)));
  get("/one");
  EXPECT_THAT(backend_.last().head, testing::StartsWith("PROXY TCP4 127.0.0.1 "));
  EXPECT_THAT(backend_.last().head, testing::HasSubstr("GET /one HTTP/1.1\r\n"));
  get("/two");
  EXPECT_EQ(backend_.connections(), 2);
}

TEST_F(ServedRequests, ASiteOnTheOutsideIsAskedForByItsName) {
  const ScriptedBackend tls(
      [](SocketStream& stream, const SeenRequest& request) {
        const char* const name = SSL_get_servername(stream.ssl(), TLSEXT_NAMETYPE_host_name);
        return stream.send(ScriptedBackend::ok((name == nullptr ? std::string() : name) + " " +
                                               request.field("Host")));
      },
      "127.0.0.1", tls_server("www.example.org"));
  kube::Service outside;
  outside.metadata.namespace_ = "shop";
  outside.metadata.name = "outside";
  outside.type_name = "ExternalName";
  outside.external_name = "www.example.org";
  ViewBuilder builder;
  builder.service_object(outside).ingress(an_ingress("shop/outside")
                                              .annotation(kNginx + "backend-protocol", "HTTPS")
                                              .annotation(kNginx + "upstream-vhost", "example.org")
                                              .path(kHost, "/", "outside", 443));
  builder.view.external_names["www.example.org"] =
      std::make_shared<const ResolvedName>(ResolvedName{{"192.0.2.1"}, ""});
  serve(std::move(builder), tls.port());
  EXPECT_EQ(get("/").body, "www.example.org example.org");
}

// One that is lost, and one that makes pages. Each stands behind the Service of its name.
class ServedPages : public ServedRequests {
 protected:
  static bool say_lost(SocketStream& stream, const SeenRequest&) {
    return stream.send("HTTP/1.1 404 Not Found\r\nContent-Length: 4\r\n\r\nlost");
  }
  static bool make_page(SocketStream& stream, const SeenRequest& request) {
    const std::string body = request.field("X-Code") + " " + request.field("X-Namespace") + " " +
                             request.field("X-Ingress-Name") + " " +
                             request.field("X-Service-Name") + " " +
                             request.field("X-Service-Port") + " " +
                             request.field("X-Original-URI") + " " + request.path;
    return stream.send("HTTP/1.1 " + request.field("X-Code") + " Page\r\nContent-Length: " +
                       std::to_string(body.size()) + "\r\n\r\n" + body);
  }
  void serve_pages(ViewBuilder builder, const std::string& pages_service = "errors") {
    const Compiled compiled = compile(builder.view);
    proxy::config::ProxyConfig config = compiled.config;
    for (const auto& [id, cluster] : compiled.config.clusters) {
      if (cluster->endpoints.empty()) continue;
      proxy::config::Cluster here = *cluster;
      const bool is_pages = id.starts_with("shop/" + pages_service + ":");
      here.endpoints = {{"127.0.0.1", is_pages ? pages_.port() : lost_.port()}};
      config.clusters[id] = std::make_shared<const proxy::config::Cluster>(std::move(here));
    }
    complaints_ = compiled.complaints;
    ASSERT_TRUE(proxy_.publish(config));
  }
  static IngressBuilder with_pages(const std::string& statuses) {
    return an_ingress("shop/www")
        .annotation(kNginx + "custom-http-errors", statuses)
        .annotation(kNginx + "default-backend", "errors")
        .path(kHost, "/", "web", 80)
        .path(kHost, "/none", "none", 81)
        .path(kHost, "/empty", "empty", 82);
  }
  static ViewBuilder services() {
    return ViewBuilder()
        .service("shop/web", 80, {"127.0.0.1"})
        .service("shop/empty", 82, {})
        .service("shop/errors", 8080, {"127.0.0.1"});
  }

  ScriptedBackend lost_{say_lost};
  ScriptedBackend pages_{make_page};
  Complaints complaints_;
};

TEST_F(ServedPages, TheDefaultBackendAnswersInPlaceOfErrorsThatAreNamed) {
  serve_pages(services().ingress(with_pages("404,503")));
  const HttpAnswer answer = get("/a?b=c");
  EXPECT_EQ(answer.status, 404);
  EXPECT_EQ(answer.body, "404 shop www web 80 /a?b=c /");
  serve_pages(services().ingress(with_pages("500")));
  EXPECT_EQ(get("/a").body, "lost");
  serve_pages(services().ingress(
      with_pages("404").annotation(kNginx + "disable-proxy-intercept-errors", "true")));
  EXPECT_EQ(get("/a").body, "lost");
}

TEST_F(ServedPages, TheDefaultBackendAnswersWhereABackendHasNoEndpointsOrIsNotThere) {
  serve_pages(services().ingress(with_pages("404")));
  EXPECT_EQ(get("/empty/x").body, "503 shop www empty 82 /empty/x /");
  EXPECT_EQ(get("/none/x").body, "503 shop www none 81 /none/x /");
  ASSERT_EQ(complaints_.size(), 2u);
  for (const Complaint& complaint : complaints_) {
    EXPECT_NE(complaint.message.find("are answered by the default-backend"), std::string::npos)
        << complaint.message;
  }
  // Behind the guards that the Ingress has.
  serve_pages(services().ingress(
      with_pages("404").annotation(kNginx + "allowlist-source-range", "192.0.2.0/24")));
  EXPECT_EQ(get("/none/x").status, 403);
  EXPECT_EQ(get("/empty/x").status, 403);
}

TEST_F(ServedPages, WithoutOneThatIsNamedTheDefaultBackendOfTheSpecMakesThem) {
  const auto by_spec = [] {
    return an_ingress("shop/www")
        .annotation(kNginx + "custom-http-errors", "404")
        .path(kHost, "/", "web", 80)
        .path(kHost, "/empty", "empty", 82);
  };
  serve_pages(services().ingress(by_spec().default_backend("errors", 8080)));
  EXPECT_EQ(get("/a").body, "404 shop www web 80 /a /");
  EXPECT_EQ(get("/empty").body, "503 Service Unavailable (no_endpoints)\n");
  serve_pages(services().ingress(by_spec()));
  EXPECT_EQ(get("/a").body, "lost");
  ASSERT_EQ(complaints_.size(), 2u);
  EXPECT_EQ(complaints_[0].reason, "ErrorPagesMissing");
}

TEST_F(ServedPages, ADefaultBackendThatIsNotThereIsToldAndErrorsPass) {
  serve_pages(ViewBuilder().service("shop/web", 80, {"127.0.0.1"}).ingress(with_pages("404")));
  EXPECT_EQ(get("/a").body, "lost");
  EXPECT_EQ(get("/none").status, 503);
  const bool is_told = std::any_of(complaints_.begin(), complaints_.end(), [](const Complaint& c) {
    return c.reason == "ErrorPagesMissing" &&
           c.message.find("Service shop/errors does not exist") != std::string::npos;
  });
  EXPECT_TRUE(is_told);
}

TEST_F(ServedRequests, AResponseIsSentNoFasterThanItsIngressSays) {
  const std::string body(1u << 20, 'x');
  ScriptedBackend large([&](SocketStream& stream, const SeenRequest&) {
    return stream.send(ScriptedBackend::ok(body));
  });
  Compiled compiled = compile(ViewBuilder()
                                  .service("shop/web", 80, {"127.0.0.1"})
                                  .ingress(an_ingress("shop/files")
                                               .annotation(kNginx + "limit-rate", "4")
                                               .annotation(kNginx + "limit-rate-after", "2")
                                               .path(kHost, "/slow", "web", 80))
                                  .ingress(an_ingress("shop/site").path(kHost, "/", "web", 80))
                                  .view);
  proxy::config::Cluster here = *compiled.config.clusters.at("shop/web:80");
  here.endpoints = {{"127.0.0.1", large.port()}};
  compiled.config.clusters["shop/web:80"] =
      std::make_shared<const proxy::config::Cluster>(std::move(here));
  ASSERT_TRUE(proxy_.publish(compiled.config));
  // It would take minutes, and the other one comes long before.
  auto slow = HttpClient::connect(proxy_.http());
  slow.send("GET /slow HTTP/1.1\r\nHost: " + kHost + "\r\n\r\n");
  EXPECT_EQ(slow.read_bytes(5u << 10).size(), 5u << 10);
  EXPECT_EQ(get("/fast").body, body);
  slow.stream().close();
  const std::string log = proxy_.access_log(2);
  EXPECT_EQ(log.find("\"response_bytes\":1048576"), log.rfind("\"response_bytes\":1048576"));
  serve(ViewBuilder().ingress(an_ingress("shop/files")
                                  .annotation(kNginx + "limit-rate", "10k")
                                  .path(kHost, "/", "web", 80)));
  EXPECT_EQ(asked("/"), "503") << "what cannot be read limits nothing, so nobody comes in";
}

TEST_F(ServedRequests, AFirewallBlocksWhatTheCoreRuleSetTakesForAnAttack) {
  const auto guarded = [](const std::string& key, const std::string& value) {
    return an_ingress("shop/www")
        .annotation(kNginx + "enable-modsecurity", "true")
        .annotation(kNginx + "enable-owasp-core-rules", "true")
        .annotation("gatehouse.dev/" + key, value)
        .path(kHost, "/", "web", 80);
  };
  const auto status = [this](const std::string& target) {
    auto client = HttpClient::connect(proxy_.http());
    client.send("GET " + target + " HTTP/1.1\r\nHost: " + kHost +
                "\r\nUser-Agent: Mozilla/5.0\r\nAccept: */*\r\n\r\n");
    return client.read_answer().status;
  };
  const std::string attack = "/items?id=1%27%20OR%20%271%27=%271";
  serve(ViewBuilder().ingress(guarded("firewall-mode", "block")));
  EXPECT_EQ(status(attack), 403);
  EXPECT_EQ(status("/items?id=7"), 200);
  EXPECT_NE(proxy_.access_log(2).find("\"firewall_rules\":["), std::string::npos);
  serve(ViewBuilder().ingress(guarded("firewall-mode", "detect")));
  EXPECT_EQ(status(attack), 200);
  serve(ViewBuilder().ingress(guarded("firewall-excluded-rules", "942000-942999")));
  EXPECT_EQ(status(attack), 200);
  serve(ViewBuilder().ingress(guarded("firewall-paranoia-level", "nine")));
  EXPECT_EQ(status("/items?id=7"), 503) << "what cannot be read guards nothing, so nobody comes in";
}

TEST_F(ServedRequests, AFirewallDoesAsItsKeysSay) {
  const auto serve_with = [this](std::map<std::string, std::string> keys) {
    auto made = an_ingress("shop/www").path(kHost, "/", "web", 80);
    for (const auto& [key, value] : keys) made.annotation(kNginx + key, value);
    serve(ViewBuilder().ingress(made));
  };
  const auto status = [this](const std::string& target, const std::string& body = "") {
    auto client = HttpClient::connect(proxy_.http());
    client.send("POST " + target + " HTTP/1.1\r\nHost: " + kHost +
                "\r\nUser-Agent: Mozilla/5.0\r\nAccept: */*\r\n" +
                "Content-Type: application/x-www-form-urlencoded\r\nContent-Length: " +
                std::to_string(body.size()) + "\r\n\r\n" + body);
    return client.read_answer().status;
  };
  const std::string attack = "/items?id=1%27%20OR%20%271%27=%271";
  serve_with({{"enable-owasp-modsecurity-crs", "true"}});
  EXPECT_EQ(status(attack), 403);
  serve_with({{"enable-modsecurity", "true"}, {"enable-owasp-core-rules", "false"}});
  EXPECT_EQ(status(attack), 200);
  serve_with({{"firewall-mode", "block"},
              {"firewall-anomaly-threshold", "1000"},
              {"modsecurity-transaction-id", "$request_id"}});
  EXPECT_EQ(status(attack), 200);
  serve_with({{"firewall-mode", "block"}, {"firewall-request-body-limit", "10"}});
  EXPECT_EQ(status("/", "name=eleven"), 413);
  serve_with({{"firewall-mode", "block"},
              {"firewall-request-body-limit", "10"},
              {"firewall-uninspected", "pass"}});
  EXPECT_EQ(status("/", "name=eleven"), 200);
}

TEST_F(ServedRequests, AFirewallKeepsInWhatBackendsLeak) {
  const ScriptedBackend broken([](SocketStream& stream, const SeenRequest& request) {
    const std::string type = request.path == "/api" ? "application/json" : "text/html";
    return stream.send(ScriptedBackend::ok(
        "<p>You have an error in your SQL syntax; check the manual that corresponds to your MySQL "
        "server version for the right syntax to use</p>",
        "Content-Type: " + type + "\r\n"));
  });
  const auto serve_with = [&](const std::map<std::string, std::string>& keys) {
    auto made = an_ingress("shop/www")
                    .annotation("gatehouse.dev/firewall-mode", "block")
                    .path(kHost, "/", "web", 80);
    for (const auto& [key, value] : keys) made.annotation("gatehouse.dev/" + key, value);
    serve(ViewBuilder().ingress(made), broken.port());
  };
  const auto status = [this](const std::string& target) {
    auto client = HttpClient::connect(proxy_.http());
    client.send("GET " + target + " HTTP/1.1\r\nHost: " + kHost +
                "\r\nUser-Agent: Mozilla/5.0\r\nAccept: */*\r\n\r\n");
    return client.read_answer().status;
  };
  serve_with({});
  EXPECT_EQ(status("/"), 200);
  serve_with({{"firewall-response-body-access", "true"}});
  EXPECT_EQ(status("/"), 403);
  EXPECT_EQ(status("/api"), 200);
  EXPECT_NE(proxy_.access_log(3).find("\"reason\":\"firewall_response\""), std::string::npos);
  serve_with({{"firewall-response-body-access", "true"},
              {"firewall-response-body-types", "application/json"}});
  EXPECT_EQ(status("/"), 200);
  EXPECT_EQ(status("/api"), 403);
  serve_with(
      {{"firewall-response-body-access", "true"}, {"firewall-response-anomaly-threshold", "1000"}});
  EXPECT_EQ(status("/"), 200);
  serve_with({{"firewall-response-body-access", "true"}, {"firewall-response-body-limit", "10"}});
  EXPECT_EQ(status("/"), 200) << "only the beginning is compared";
  serve_with({{"firewall-response-body-access", "true"},
              {"firewall-response-body-limit", "10"},
              {"firewall-response-body-limit-action", "refuse"}});
  EXPECT_EQ(status("/"), 502);
}

TEST_F(ServedRequests, ABackendIsToldOfTheTraceThatItsRequestIsPartOf) {
  const auto traced = [this](const std::string& more_fields) {
    auto client = HttpClient::connect(proxy_.http());
    client.send("GET / HTTP/1.1\r\nHost: " + kHost + "\r\n" + more_fields + "\r\n");
    EXPECT_EQ(client.read_answer().status, 200);
    return backend_.last();
  };
  const auto with = [](const std::string& trusts) {
    return an_ingress("shop/www")
        .annotation(kNginx + "enable-opentelemetry", "true")
        .annotation(kNginx + "opentelemetry-trust-incoming-span", trusts)
        .path(kHost, "/", "web", 80);
  };
  const std::string good = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
  const std::string of_client = "traceparent: " + good + "\r\ntracestate: a=b\r\n";
  serve(ViewBuilder().ingress(with("true")));
  EXPECT_EQ(traced(of_client).field("traceparent"), good);
  EXPECT_EQ(backend_.last().field("tracestate"), "a=b");
  const std::string made = traced("").field("traceparent");
  EXPECT_EQ(made.size(), good.size());
  EXPECT_NE(traced("").field("traceparent"), made);
  EXPECT_EQ(traced("traceparent: nonsense\r\ntracestate: a=b\r\n").field("tracestate"), "");
  EXPECT_EQ(backend_.last().field("traceparent").size(), good.size());
  const std::string log = proxy_.access_log(3);
  EXPECT_NE(log.find("\"trace_id\":\"4bf92f3577b34da6a3ce929d0e0e4736\""), std::string::npos);
  EXPECT_NE(log.find(made.substr(3, 32)), std::string::npos);
  serve(ViewBuilder().ingress(with("false")));
  EXPECT_NE(traced(of_client).field("traceparent"), good);
  EXPECT_EQ(backend_.last().field("tracestate"), "");
  serve(ViewBuilder().ingress(an_ingress("shop/www").path(kHost, "/", "web", 80)));
  EXPECT_EQ(traced("traceparent: nonsense\r\n").field("traceparent"), "nonsense");
}

}  // namespace
}  // namespace ingress
