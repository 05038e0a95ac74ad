// The keys of the catalogue that served_requests_component_test.cpp does not show the effect of; a
// test of the catalogue says that each stands in one of the two.
#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/base64url.h"
#include "operator/ingress/annotations/catalogue.h"
#include "tests/operator/ingress/served_requests.h"
#include "tests/support/test_authority.h"

namespace ingress {
namespace {

using routing::AuthSecret;
using routing::read_auth_secret;
using routing::TlsSecret;
using namespace ingress_test;
using ::testing::HasSubstr;
using ::testing::Not;

using Annotations = std::vector<std::pair<std::string, std::string>>;

class ServedKeys : public ServedRequests {
 protected:
  static IngressBuilder annotated(const Annotations& annotations, const std::string& path = "/") {
    IngressBuilder made = an_ingress("shop/www");
    for (const auto& [key, value] : annotations) made.annotation(kNginx + key, value);
    return made.path(kHost, path, "web", 80);
  }
  void serve_with(const Annotations& annotations) {
    serve(ViewBuilder().ingress(annotated(annotations)));
  }
  // One Service, with these ports behind it.
  void serve_by_ports(const Annotations& annotations, const std::vector<std::uint16_t>& ports) {
    serve_by(ViewBuilder().service("shop/web", 80, {"127.0.0.1"}).ingress(annotated(annotations)),
             ports);
  }
  // Clients show certificates of these authorities that are in none of the lists.
  void serve_asking_for_certificates(Annotations annotations, const std::string& ca_crt,
                                     const std::string& ca_crl) {
    annotations.emplace_back("auth-tls-secret", "shop/ca");
    annotations.emplace_back("ssl-redirect", "false");
    ViewBuilder builder;
    builder.authorities("shop/ca", ca_crt, ca_crl);
    add_certificate(builder, {kHost});
    serve(builder.ingress(annotated(annotations).tls({kHost}, "tls")));
  }
  HttpAnswer send(const std::string& bytes) {
    auto client = HttpClient::connect(proxy_.http());
    client.send(bytes);
    return client.read_answer();
  }
  HttpAnswer get_with(const std::string& path, const std::string& fields) {
    return send("GET " + path + " HTTP/1.1\r\nHost: shop.test\r\n" + fields + "\r\n");
  }
};

ScriptedBackend::Script says(const std::string& answer) {
  return [answer](SocketStream& stream, const SeenRequest&) { return stream.send(answer); };
}

const std::string kUnavailable = "HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n";

TEST_F(ServedKeys, WhatGuardsAndIsNotSupportedLetsNobodyIn) {
  for (const annotations::CatalogueEntry& entry : annotations::catalogue()) {
    if (entry.treatment != annotations::Treatment::guards) continue;
    serve_with({{std::string(entry.key), "10.0.0.0/8"}});
    EXPECT_EQ(asked("/"), "503") << entry.key;
  }
}

TEST_F(ServedKeys, WhatTunesAndIsNotSupportedIsServedWithoutIt) {
  for (const annotations::CatalogueEntry& entry : annotations::catalogue()) {
    if (entry.treatment != annotations::Treatment::tunes) continue;
    serve_with({{std::string(entry.key), "something"}});
    EXPECT_EQ(asked("/a"), "/a") << entry.key;
  }
}

// What the Event about proxy-buffer-size says.
TEST_F(ServedKeys, TheHeadOfAResponseMayHave32KiBWhateverIsSaid) {
  const ScriptedBackend backend([](SocketStream& stream, const SeenRequest& request) {
    const std::size_t bytes = request.path == "/large" ? 33'000 : 32'000;
    return stream.send(
        ScriptedBackend::ok("body", "X-Filler: " + std::string(bytes, 'x') + "\r\n"));
  });
  for (const char* const size : {"4k", "128k"}) {
    serve(ViewBuilder().ingress(annotated({{"proxy-buffer-size", size}})), backend.port());
    EXPECT_EQ(asked("/fits"), "body") << size;
    EXPECT_EQ(asked("/large"), "502") << size;
  }
  EXPECT_THAT(proxy_.access_log(4), HasSubstr("upstream_head_too_large"));
}

// ---- Redirects

TEST_F(ServedKeys, PlainHttpIsRedirectedWithItsPathAsItCame) {
  serve_with({{"force-ssl-redirect", "true"}, {"preserve-trailing-slash", "true"}});
  EXPECT_EQ(get("/a/").status, 308);
  EXPECT_THAT(get("/a/").field("location"), testing::EndsWith("/a/"));
  serve_with({{"app-root", "/app"}, {"relative-redirects", "true"}});
  EXPECT_EQ(get("/").field("location"), "/app");
}

// ---- Addresses and limits

TEST_F(ServedKeys, WhoIsNotOnTheListStaysOutAndWhoIsOnTheOtherIsNotLimited) {
  serve_with({{"whitelist-source-range", "10.0.0.0/8"}});
  EXPECT_EQ(asked("/"), "403");
  serve_with({{"limit-rps", "1"}, {"limit-burst-multiplier", "1"}});
  std::vector<std::string> got;
  for (int i = 0; i < 20; ++i) got.push_back(asked("/"));
  EXPECT_THAT(got, testing::Contains("503"));
  serve_with({{"limit-rps", "1"}, {"limit-burst-multiplier", "1"}, {"limit-status", "429"}});
  got.clear();
  for (int i = 0; i < 20; ++i) got.push_back(asked("/"));
  EXPECT_THAT(got, testing::Contains("429"));
  serve_with(
      {{"limit-rps", "1"}, {"limit-burst-multiplier", "1"}, {"limit-allowlist", "127.0.0.0/8"}});
  for (int i = 0; i < 20; ++i) EXPECT_EQ(asked("/"), "/");
}

// ---- Bodies and times

TEST_F(ServedKeys, ABodyIsAsLargeAsItMayBeAndGatheredAsTheIngressSays) {
  serve_with({{"proxy-body-size", "4"}});
  const std::string post = "POST / HTTP/1.1\r\nHost: shop.test\r\nContent-Length: ";
  EXPECT_EQ(send(post + "4\r\n\r\nbody").status, 200);
  EXPECT_EQ(send(post + "5\r\n\r\nbody!").status, 413);
  const std::string chunked =
      "POST / HTTP/1.1\r\nHost: shop.test\r\nTransfer-Encoding: "
      "chunked\r\n\r\n4\r\nbody\r\n0\r\n\r\n";
  serve_with({{"proxy-request-buffering", "on"}});
  EXPECT_EQ(send(chunked).status, 200);
  EXPECT_EQ(backend_.last().field("Content-Length"), "4");
  serve_with({{"proxy-request-buffering", "off"}});
  auto client = HttpClient::connect(proxy_.http());
  client.send(
      "POST / HTTP/1.1\r\nHost: shop.test\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nbody\r\n");
  client.send("0\r\n\r\n");
  EXPECT_EQ(client.read_answer().status, 200);
  EXPECT_EQ(backend_.last().body, "body");
}

TEST_F(ServedKeys, ABackendHasTheTimeThatTheIngressGivesIt) {
  // Takes connections, and never says a word.
  ScriptedBackend silent([](SocketStream& stream, const SeenRequest&) {
    stream.receive();
    return false;
  });
  serve_by_ports({{"proxy-read-timeout", "1"}}, {silent.port()});
  EXPECT_EQ(get("/").status, 504);
  serve_by_ports(
      {{"proxy-read-timeout", "1h"}, {"proxy-connect-timeout", "1"}, {"backend-protocol", "HTTPS"}},
      {silent.port()});
  EXPECT_EQ(get("/").status, 502) << "the handshake is a part of connecting";
}

TEST_F(ServedKeys, AnotherEndpointIsAskedWhenAndAsOftenAsTheIngressSays) {
  ScriptedBackend broken(says(kUnavailable));
  const std::vector<std::uint16_t> both = {broken.port(), backend_.port()};
  const auto all_of = [&](const Annotations& annotations) {
    serve_by_ports(annotations, both);
    std::vector<int> statuses;
    for (int i = 0; i < 6; ++i) statuses.push_back(get("/").status);
    return statuses;
  };
  EXPECT_THAT(all_of({{"proxy-next-upstream", "error http_503"}}), testing::Each(200));
  EXPECT_THAT(all_of({{"proxy-next-upstream", "off"}}), testing::Contains(503));
  EXPECT_THAT(all_of({{"proxy-next-upstream", "http_503"}, {"proxy-next-upstream-tries", "1"}}),
              testing::Contains(503));
  // Who answers after that time is the last one.
  ScriptedBackend late([](SocketStream& stream, const SeenRequest&) {
    stream.be_patient_for(std::chrono::milliseconds(1'200));
    stream.receive();
    return stream.send(kUnavailable);
  });
  serve_by_ports({{"proxy-next-upstream", "http_503"}, {"proxy-next-upstream-timeout", "1"}},
                 {late.port(), backend_.port()});
  const std::vector<int> statuses = {get("/").status, get("/").status};
  EXPECT_THAT(statuses, testing::UnorderedElementsAre(200, 503));
}

// ---- Which endpoint

TEST_F(ServedKeys, AClientIsToldOfItsEndpointByACookieAsTheIngressSays) {
  serve_with({{"affinity", "cookie"},
              {"affinity-mode", "persistent"},
              {"session-cookie-name", "route"},
              {"session-cookie-path", "/shop"},
              {"session-cookie-domain", "shop.test"},
              {"session-cookie-max-age", "60"},
              {"session-cookie-expires", "120"},
              {"session-cookie-secure", "true"},
              {"session-cookie-samesite", "None"},
              {"session-cookie-conditional-samesite-none", "true"}});
  const std::string cookie = get("/").field("set-cookie");
  EXPECT_THAT(cookie, testing::StartsWith("route="));
  for (const char* const attribute :
       {"Path=/shop", "Domain=shop.test", "Max-Age=60", "Expires=", "Secure", "SameSite=None"}) {
    EXPECT_THAT(cookie, HasSubstr(attribute));
  }
  const std::string value = cookie.substr(0, cookie.find(';'));
  EXPECT_EQ(get_with("/", "Cookie: " + value + "\r\n").field("set-cookie"), "");
  EXPECT_THAT(get_with("/", "User-Agent: Chrome/55.0\r\n").field("set-cookie"),
              Not(HasSubstr("SameSite")));
}

TEST_F(ServedKeys, AnEndpointThatComesTakesClientsOverWhereTheIngressSaysBalanced) {
  ScriptedBackend first(says(ScriptedBackend::ok("first")));
  ScriptedBackend second(says(ScriptedBackend::ok("second")));
  for (const bool is_balanced : {true, false}) {
    const Annotations annotations = {{"affinity", "cookie"},
                                     {"affinity-mode", is_balanced ? "balanced" : "persistent"}};
    serve_by_ports(annotations, {first.port()});
    std::vector<std::string> cookies;
    for (int i = 0; i < 64; ++i) {
      const std::string cookie = get("/").field("set-cookie");
      cookies.push_back(cookie.substr(0, cookie.find(';')));
    }
    serve_by_ports(annotations, {first.port(), second.port()});
    std::vector<std::string> bodies;
    for (const std::string& cookie : cookies) {
      bodies.push_back(get_with("/", "Cookie: " + cookie + "\r\n").body);
    }
    EXPECT_THAT(bodies, testing::Contains("first"));
    EXPECT_EQ(std::count(bodies.begin(), bodies.end(), "second") > 0, is_balanced);
  }
}

TEST_F(ServedKeys, WhoLosesItsEndpointStaysAtAnotherOneWhereTheIngressSaysSo) {
  for (const bool changes : {false, true}) {
    std::optional<ScriptedBackend> first;
    first.emplace(says(ScriptedBackend::ok("first")));
    const Annotations annotations = {
        {"affinity", "cookie"}, {"session-cookie-change-on-failure", changes ? "true" : "false"}};
    serve_by_ports(annotations, {first->port()});
    const std::string cookie = get("/").field("set-cookie");
    const std::string value = cookie.substr(0, cookie.find(';'));
    serve_by_ports(annotations, {first->port(), backend_.port()});
    first.reset();
    const HttpAnswer answer = get_with("/second", "Cookie: " + value + "\r\n");
    EXPECT_EQ(answer.body, "/second");
    EXPECT_EQ(!answer.field("set-cookie").empty(), changes);
  }
}

TEST_F(ServedKeys, RequestsThatHaveTheSameInCommonGetOneEndpoint) {
  ScriptedBackend other(says(ScriptedBackend::ok("other")));
  serve_by_ports({{"upstream-hash-by", "$arg_id"}}, {other.port(), backend_.port()});
  bool has_other = false, has_own = false;
  for (int id = 0; id < 32; ++id) {
    const std::string path = "/?id=" + std::to_string(id);
    const std::string body = get(path).body;
    for (int i = 0; i < 3; ++i) EXPECT_EQ(get(path).body, body) << path;
    (body == "other" ? has_other : has_own) = true;
  }
  EXPECT_TRUE(has_other && has_own);
}

TEST_F(ServedKeys, TheEndpointWithTheFewestRequestsIsAsked) {
  std::mutex mutex;
  std::condition_variable changed;
  bool is_released = false;
  int waiting = 0;
  const auto wait = [&](SocketStream& stream, const SeenRequest& request) {
    if (request.path == "/wait") {
      std::unique_lock lock(mutex);
      ++waiting;
      changed.notify_all();
      changed.wait_for(lock, std::chrono::seconds(30), [&] { return is_released; });
    }
    return stream.send(ScriptedBackend::ok(request.path));
  };
  ScriptedBackend one(wait), two(wait);
  serve_by_ports({{"load-balance", "least_conn"}}, {one.port(), two.port()});
  auto busy = HttpClient::connect(proxy_.http());
  busy.send("GET /wait HTTP/1.1\r\nHost: shop.test\r\n\r\n");
  {
    std::unique_lock lock(mutex);
    ASSERT_TRUE(changed.wait_for(lock, std::chrono::seconds(30), [&] { return waiting == 1; }));
  }
  const int before = one.requests();
  for (int i = 0; i < 6; ++i) EXPECT_EQ(asked("/now"), "/now");
  const int of_one = one.requests() - before;
  EXPECT_TRUE(of_one == 0 || of_one == 6) << of_one;
  {
    const std::lock_guard lock(mutex);
    is_released = true;
    changed.notify_all();
  }
  EXPECT_EQ(busy.read_answer().status, 200);
}

// While one is under way another one comes.
class ServedLimits : public ServedKeys, public ::testing::WithParamInterface<const char*> {};

TEST_P(ServedLimits, AnEndpointIsAskedNoMoreAtATimeThanItsIngressSays) {
  std::atomic<bool> go{false};
  ScriptedBackend slow([&](SocketStream& stream, const SeenRequest& request) {
    if (request.path == "/wait") proxy::support::eventually([&] { return go.load(); });
    return stream.send(ScriptedBackend::ok(request.path));
  });
  serve_by_ports({{GetParam(), "1"}}, {slow.port()});
  auto busy = HttpClient::connect(proxy_.http());
  busy.send("GET /wait HTTP/1.1\r\nHost: shop.test\r\n\r\n");
  ASSERT_TRUE(proxy::support::eventually([&] { return slow.requests() == 1; }));
  EXPECT_EQ(get_with("/now", "").status, 503);
  EXPECT_THAT(proxy_.access_log(), HasSubstr("endpoints_busy"));
  go = true;
  EXPECT_EQ(busy.read_answer().status, 200);
  EXPECT_EQ(get_with("/now", "").status, 200);
}

INSTANTIATE_TEST_SUITE_P(Keys, ServedLimits,
                         ::testing::Values("max-requests-per-endpoint",
                                           "max-connections-per-endpoint"));

TEST_F(ServedKeys, AnEndpointIsPassedOverAfterAsManyFailuresAsItsIngressSays) {
  const auto ends = [](SocketStream&, const SeenRequest&) { return false; };
  ScriptedBackend broken(ends), well(says(ScriptedBackend::ok("well")));
  serve_by_ports({{"eject-after", "1"}}, {broken.port(), well.port()});
  int failed = 0;
  for (int i = 0; i < 8; ++i) failed += get_with("/", "").status == 200 ? 0 : 1;
  EXPECT_EQ(failed, 1);
}

TEST_F(ServedKeys, AnEndpointThatComesBeginsAsSlowlyAsItsIngressSays) {
  ScriptedBackend old(says(ScriptedBackend::ok("old"))), fresh(says(ScriptedBackend::ok("fresh")));
  serve_by_ports({{"slow-start", "1h"}}, {old.port()});
  EXPECT_EQ(get_with("/", "").body, "old");
  serve_by_ports({{"slow-start", "1h"}}, {old.port(), fresh.port()});
  int of_fresh = 0;
  for (int i = 0; i < 20; ++i) of_fresh += get_with("/", "").body == "fresh" ? 1 : 0;
  EXPECT_LT(of_fresh, 5) << "ten are its turns, of which it takes one in ten at first";
}

TEST_F(ServedKeys, TheServicesOwnAddressIsAskedInPlaceOfItsPods) {
  kube::Service service = a_service("shop/web", backend_.port());
  service.cluster_ip = "127.0.0.1";
  ViewBuilder builder;
  builder.service_object(service).slice(a_slice("shop/web", "http", 8080, {"192.0.2.1"}));
  IngressBuilder ingress = an_ingress("shop/www");
  ingress.annotation(kNginx + "service-upstream", "true");
  ingress.path(kHost, "/", "web", backend_.port());
  ASSERT_TRUE(proxy_.publish(compile(builder.ingress(ingress).view).config));
  EXPECT_EQ(asked("/a"), "/a");
}

// ---- What a Service says of its endpoints

TEST_F(ServedKeys, AClientStaysAtItsEndpointWhereTheServiceSaysSo) {
  ScriptedBackend other(says(ScriptedBackend::ok("other")));
  const auto answers = [&](const std::string& affinity) {
    const auto serve_from = [&](const std::vector<std::uint16_t>& ports) {
      ViewBuilder builder;
      kube::Service service = a_service("shop/web", 80);
      service.session_affinity = affinity;
      builder.service_object(service);
      for (const std::uint16_t port : ports) {
        builder.slice(a_slice("shop/web", "http", port, {"127.0.0.1"}));
      }
      ASSERT_TRUE(proxy_.publish(compile(builder.ingress(annotated({})).view).config));
    };
    serve_from({other.port()});
    std::vector<std::string> bodies = {get("/").body};
    serve_from({other.port(), backend_.port()});
    for (int i = 0; i < 6; ++i) bodies.push_back(get("/").body);
    return bodies;
  };
  EXPECT_THAT(answers("None"), testing::Contains("/"));
  EXPECT_THAT(answers("ClientIP"), testing::Each("other"));
}

TEST_F(ServedKeys, AProxyAsksTheEndpointsThatAreForItsZone) {
  ScriptedBackend other(says(ScriptedBackend::ok("other")));
  ViewBuilder builder;
  builder.service_object(a_service("shop/web", 80));
  const auto add_endpoint = [&](std::uint16_t port, const std::string& zone) {
    kube::EndpointSlice slice = a_slice("shop/web", "http", port, {"127.0.0.1"});
    for (kube::Endpoint& endpoint : slice.endpoints) endpoint.hint_zones = {zone};
    builder.slice(slice);
  };
  add_endpoint(backend_.port(), "zone-a");
  add_endpoint(other.port(), "zone-b");
  const proxy::config::ProxyConfig config = compile(builder.ingress(annotated({})).view).config;
  proxy::session::Options options = RunningEngine::quick();
  options.pools.zone = "zone-b";
  RunningEngine near(options);
  ASSERT_TRUE(near.publish(config));
  ASSERT_TRUE(proxy_.publish(config));
  std::vector<std::string> nearby, anywhere;
  for (int i = 0; i < 6; ++i) {
    nearby.push_back(HttpClient::connect(near.http()).get("/", kHost).body);
    anywhere.push_back(get("/").body);
  }
  EXPECT_THAT(nearby, testing::Each("other"));
  EXPECT_THAT(anywhere, testing::Contains("/"));
  EXPECT_THAT(anywhere, testing::Contains("other"));
}

// ---- Canaries, CORS

TEST_F(ServedKeys, ACanaryTakesWhatItsValuesPatternsAndWeightsSay) {
  ScriptedBackend next(says(ScriptedBackend::ok("next")));
  const auto got = [&](const Annotations& annotations, const std::string& fields) {
    IngressBuilder canary = an_ingress("shop/canary");
    canary.annotation(kNginx + "canary", "true");
    for (const auto& [key, value] : annotations) canary.annotation(kNginx + key, value);
    serve(ViewBuilder()
              .service("shop/next", 80, {"127.0.0.1"})
              .ingress(an_ingress("shop/main").path(kHost, "/", "web", 80))
              .ingress(canary.path(kHost, "/", "next", 80)),
          backend_.port(), {{"shop/next:80", next.port()}});
    return get_with("/", fields).body;
  };
  const Annotations value = {{"canary-by-header", "X-C"}, {"canary-by-header-value", "mine"}};
  EXPECT_EQ(got(value, "X-C: mine\r\n"), "next");
  EXPECT_EQ(got(value, "X-C: always\r\n"), "/");
  const Annotations pattern = {{"canary-by-header", "X-C"}, {"canary-by-header-pattern", "^m.*e$"}};
  EXPECT_EQ(got(pattern, "X-C: machine\r\n"), "next");
  EXPECT_EQ(got(pattern, "X-C: other\r\n"), "/");
  EXPECT_EQ(got({{"canary-weight", "7"}, {"canary-weight-total", "7"}}, ""), "next");
  EXPECT_EQ(got({{"canary-weight", "0"}}, ""), "/");
}

TEST_F(ServedKeys, APreflightIsToldWhatTheIngressAllows) {
  serve_with({{"enable-cors", "true"},
              {"cors-allow-origin", "https://a.example"},
              {"cors-allow-methods", "PUT, PATCH"},
              {"cors-allow-headers", "X-One"},
              {"cors-expose-headers", "X-Two"},
              {"cors-allow-credentials", "false"},
              {"cors-max-age", "7"}});
  const HttpAnswer preflight = send(
      "OPTIONS / HTTP/1.1\r\nHost: shop.test\r\nOrigin: https://a.example\r\n"
      "Access-Control-Request-Method: PUT\r\n\r\n");
  EXPECT_THAT(preflight.field("access-control-allow-methods"), HasSubstr("PATCH"));
  EXPECT_EQ(preflight.field("access-control-allow-headers"), "X-One");
  EXPECT_EQ(preflight.field("access-control-max-age"), "7");
  EXPECT_EQ(preflight.field("access-control-allow-credentials"), "");
  EXPECT_EQ(get_with("/", "Origin: https://a.example\r\n").field("access-control-expose-headers"),
            "X-Two");
}

// ---- Who may come in

TEST_F(ServedKeys, PasswordsMayStandUnderTheNamesOfUsers) {
  kube::Secret secret;
  secret.data["ann"] = "{SHA}VBPuJHI7uixaa6LQGWx4s+5GKNE=";
  ViewBuilder builder;
  builder.view.auth_secrets[{"shop", "users"}] =
      std::make_shared<const AuthSecret>(read_auth_secret(secret));
  serve(builder.ingress(annotated(
      {{"auth-type", "basic"}, {"auth-secret", "users"}, {"auth-secret-type", "auth-map"}})));
  EXPECT_EQ(get("/").status, 401);
  EXPECT_EQ(get_with("/", "Authorization: Basic " + base::base64_encode("ann:myPassword") + "\r\n")
                .status,
            200);
}

TEST_F(ServedKeys, AQuestionAndTheWayToSignInAreAsTheIngressSays) {
  std::atomic<int> status{401};
  ScriptedBackend auth([&](SocketStream& stream, const SeenRequest&) {
    return stream.send("HTTP/1.1 " + std::to_string(status) +
                       " X\r\nSet-Cookie: a=b\r\nContent-Length: 0\r\n\r\n");
  });
  const auto serve_asking = [&](Annotations annotations) {
    annotations.emplace_back("auth-url", "http://auth.id.svc:4180/");
    serve(ViewBuilder().service("id/auth", 4180, {"127.0.0.1"}).ingress(annotated(annotations)),
          backend_.port(), {{"id/auth:4180", auth.port()}});
  };
  serve_asking({{"auth-request-redirect", "https://$host/back"},
                {"auth-signin", "https://in.example/"},
                {"auth-signin-redirect-param", "to"},
                {"auth-keepalive", "2"},
                {"auth-keepalive-requests", "10"},
                {"auth-keepalive-timeout", "60"},
                {"auth-keepalive-share-vars", "true"}});
  EXPECT_EQ(get("/a").field("location"), "https://in.example/?to=http://shop.test%2Fa");
  EXPECT_EQ(auth.last().field("X-Auth-Request-Redirect"), "https://shop.test/back");
  EXPECT_EQ(get("/b").status, 302);
  EXPECT_EQ(auth.connections(), 1) << "they are kept, as those to backends are";
  status = 403;
  serve_asking({});
  EXPECT_EQ(get("/").field("set-cookie"), "");
  serve_asking({{"auth-always-set-cookie", "true"}});
  EXPECT_EQ(get("/").status, 403);
  EXPECT_EQ(get("/").field("set-cookie"), "a=b");
}

TEST_F(ServedKeys, CertificatesOfClientsAreAskedForAndToldAsTheIngressSays) {
  const ::support::TestAuthority root("root");
  const ::support::TestAuthority middle("middle", root), low("low", middle);
  const auto ann = low.issue("ann");
  const auto serve_asking = [&](const Annotations& annotations) {
    serve_asking_for_certificates(annotations, root.pem(), "");
  };
  const auto ask = [&](const ::support::Issued* shown) { return get_showing(shown); };
  serve_asking({{"auth-tls-verify-depth", "2"}, {"auth-tls-pass-certificate-to-upstream", "true"}});
  EXPECT_EQ(ask(&ann).status, 200);
  EXPECT_THAT(backend_.last().field("ssl-client-cert"), HasSubstr("BEGIN%20CERTIFICATE"));
  serve_asking({{"auth-tls-verify-depth", "1"}, {"auth-tls-error-page", "https://help.example/"}});
  EXPECT_EQ(ask(&ann).field("location"), "https://help.example/");
  serve_asking({{"auth-tls-verify-client", "optional"}});
  EXPECT_EQ(ask(nullptr).status, 200);
  EXPECT_EQ(ask(&ann).status, 400);
}

TEST_F(ServedKeys, AClientWhoseCertificateTheSecretsListRevokesIsLetInNoMore) {
  const ::support::TestAuthority root("root");
  const auto ann = root.issue("ann"), bob = root.issue("bob");
  serve_asking_for_certificates({}, root.pem(), root.revoke({}));
  EXPECT_EQ(get_showing(&ann).status, 200);
  EXPECT_EQ(get_showing(&bob).status, 200);
  serve_asking_for_certificates({}, root.pem(), root.revoke({bob}));
  EXPECT_EQ(get_showing(&ann).status, 200);
  EXPECT_EQ(get_showing(&bob).status, 400);
}

// ---- TLS to backends

TEST_F(ServedKeys, ABackendIsSpokenToInTheVersionThatTheIngressSays) {
  base::SslCtxPtr context = tls_server("web.internal");
  SSL_CTX_set_max_proto_version(context.get(), TLS1_2_VERSION);
  const ScriptedBackend old(say_path, "127.0.0.1", std::move(context));
  const ScriptedBackend newer(say_path, "127.0.0.1", tls_server("web.internal"));
  const auto serve_in = [&](const std::string& versions, std::uint16_t port) {
    serve(ViewBuilder().ingress(
              annotated({{"backend-protocol", "HTTPS"}, {"proxy-ssl-protocols", versions}})),
          port);
  };
  serve_in("TLSv1.2 TLSv1.3", old.port());
  EXPECT_EQ(asked("/a"), "/a");
  serve_in("TLSv1.3", old.port());
  EXPECT_EQ(asked("/a"), "502");
  serve_in("TLSv1.3", newer.port());
  EXPECT_EQ(asked("/a"), "/a");
}

TEST_F(ServedKeys, ABackendIsOfferedTheCiphersThatTheIngressNames) {
  base::SslCtxPtr context = tls_server("web.internal");
  SSL_CTX_set_max_proto_version(context.get(), TLS1_2_VERSION);
  const ScriptedBackend backend(
      [](SocketStream& stream, const SeenRequest&) {
        return stream.send(ScriptedBackend::ok(SSL_get_cipher_name(stream.ssl())));
      },
      "127.0.0.1", std::move(context));
  const auto asked_with = [&](const std::string& ciphers) {
    serve(ViewBuilder().ingress(
              annotated({{"backend-protocol", "HTTPS"}, {"proxy-ssl-ciphers", ciphers}})),
          backend.port());
    return asked("/a");
  };
  // One that OpenSSL's own list prefers to none of the two.
  EXPECT_EQ(asked_with("ECDHE-ECDSA-AES128-SHA256:ECDHE-RSA-AES128-SHA256").substr(0, 6), "ECDHE-");
  EXPECT_THAT(asked_with("ECDHE-ECDSA-AES128-SHA256:ECDHE-RSA-AES128-SHA256"),
              testing::EndsWith("-AES128-SHA256"));
  EXPECT_THAT(asked_with("DEFAULT"), testing::Not(testing::EndsWith("-AES128-SHA256")));
  EXPECT_EQ(asked_with("NONSENSE"), "503");
}

TEST_F(ServedKeys, ABackendsCertificateIsVerifiedByTheSecretAndTheNameOfTheIngress) {
  const auto own = proxy::support::issue({"web.internal"});
  base::SslCtxPtr context = tls_server(own);
  const auto note = [](SSL* ssl, int*, void*) {
    const char* const name = SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name);
    auto& seen = *static_cast<std::atomic<bool>*>(SSL_CTX_get_app_data(SSL_get_SSL_CTX(ssl)));
    seen = name != nullptr && std::string(name) == "web.internal";
    return SSL_TLSEXT_ERR_OK;
  };
  std::atomic<bool> was_named{false};
  SSL_CTX_set_app_data(context.get(), &was_named);
  SSL_CTX_set_tlsext_servername_callback(context.get(), +note);
  const ScriptedBackend tls(say_path, "127.0.0.1", std::move(context));
  const auto serve_verifying = [&](Annotations annotations) {
    annotations.emplace_back("backend-protocol", "HTTPS");
    annotations.emplace_back("proxy-ssl-secret", "shop/ca");
    annotations.emplace_back("proxy-ssl-verify", "on");
    ViewBuilder builder;
    builder.secret("shop/ca", {"unused"});
    TlsSecret secret = *builder.view.secrets.at({"shop", "ca"});
    secret.state = TlsSecret::State::empty;
    secret.authorities_pem = own.chain_pem.text();
    builder.view.secrets[{"shop", "ca"}] = std::make_shared<const TlsSecret>(secret);
    serve(builder.ingress(annotated(annotations)), tls.port());
  };
  serve_verifying({{"proxy-ssl-name", "web.internal"},
                   {"proxy-ssl-server-name", "on"},
                   {"proxy-ssl-verify-depth", "1"}});
  EXPECT_EQ(asked("/a"), "/a");
  EXPECT_TRUE(was_named);
  serve_verifying({{"proxy-ssl-name", "web.internal"}, {"proxy-ssl-server-name", "off"}});
  EXPECT_EQ(asked("/a"), "/a");
  EXPECT_FALSE(was_named);
  serve_verifying({{"proxy-ssl-name", "other.internal"}});
  EXPECT_EQ(asked("/a"), "502");
  const auto serve_by_map = [&](const std::string& ca_crt) {
    ViewBuilder builder;
    builder.field_map("shop/trust", {{"ca.crt", ca_crt}});
    serve(builder.ingress(annotated({{"backend-protocol", "HTTPS"},
                                     {"proxy-ssl-configmap", "trust"},
                                     {"proxy-ssl-name", "web.internal"}})),
          tls.port());
  };
  serve_by_map(own.chain_pem.text());
  EXPECT_EQ(asked("/a"), "/a");
  serve_by_map(proxy::support::issue({"web.internal"}).chain_pem.text());
  EXPECT_EQ(asked("/a"), "502") << "of another authority";
  serve_by_map("nothing");
  EXPECT_EQ(asked("/a"), "503");
}

}  // namespace
}  // namespace ingress
