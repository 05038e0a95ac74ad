// Pages in place of errors: one more request within an exchange, to whoever makes them.
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "tests/proxy/support/http2_backend.h"
#include "tests/proxy/support/http2_client.h"
#include "tests/proxy/support/http_client.h"
#include "tests/proxy/support/running_engine.h"
#include "tests/proxy/support/scripted_backend.h"

namespace proxy::support {
namespace {

ScriptedBackend::Script says(const std::string& answer) {
  return [answer](SocketStream& stream, const SeenRequest&) { return stream.send(answer); };
}

std::string answer_of(const std::string& status_line, const std::string& body,
                      const std::string& more = "") {
  return "HTTP/1.1 " + status_line + "\r\n" + more +
         "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
}

const std::string kLost = answer_of("404 Not Found", "lost");

// The status of X-Code, and what it is about.
bool make_page(SocketStream& stream, const SeenRequest& request) {
  const std::string body = request.method == "HEAD" ? "" : "page of " + request.field("X-Code");
  return stream.send(
      answer_of(request.field("X-Code") + " Page", body, "Content-Type: text/x\r\n"));
}

class ErrorPages : public ::testing::Test {
 protected:
  config::Cluster cluster_at(std::uint16_t port) const {
    config::Cluster cluster;
    if (port != 0) cluster.endpoints = {{"127.0.0.1", port}};
    return cluster;
  }
  void publish(config::Cluster shop_cluster, config::Cluster pages_cluster,
               bool with_certificate = false) {
    auto config = shop({});
    config.clusters["shop"] = std::make_shared<config::Cluster>(std::move(shop_cluster));
    config.clusters["pages"] = std::make_shared<config::Cluster>(std::move(pages_cluster));
    auto host = *config.hosts.at("shop.test");
    for (config::Route& route : host.routes) route.policies.change().error_pages = rules_;
    config.hosts["shop.test"] = std::make_shared<config::VirtualHost>(host);
    if (with_certificate) add_certificate(config, "shop.test", issue({"shop.test"}));
    ASSERT_TRUE(proxy_.publish(config));
  }
  HttpAnswer ask(const std::string& head, const std::string& body = "") {
    auto client = HttpClient::connect(proxy_.http());
    client.send(head + "\r\n" + body);
    return client.read_answer(head.starts_with("HEAD"));
  }
  HttpAnswer get() { return ask("GET /a/b?c=d HTTP/1.1\r\nHost: shop.test\r\n"); }

  config::ErrorPages rules_{.cluster = "pages",
                            .statuses = {401, 403, 404, 413, 500, 502, 503, 504},
                            .without_endpoints = true,
                            .namespace_ = "shop",
                            .ingress = "www",
                            .service = "web",
                            .port = 80};
  RunningEngine proxy_;
};

TEST_F(ErrorPages, AResponseWithAStatusThatIsNamedIsReplacedByThePageAndAllItsFields) {
  ScriptedBackend backend(says(answer_of("404 Not Found", "lost", "X-Secret: 1\r\n")));
  ScriptedBackend pages(make_page);
  publish(cluster_at(backend.port()), cluster_at(pages.port()));
  const HttpAnswer answer =
      ask("GET /a/b?c=d HTTP/1.1\r\nHost: shop.test\r\nAccept: text/html\r\nX-Request-ID: abc-1\r\n"
          "Accept-Language: de\r\nAuthorization: Basic eA==\r\nCookie: a=b\r\n"
          "If-None-Match: \"x\"\r\nX-Code: 200\r\nX-Namespace: other\r\n");
  EXPECT_EQ(answer.status, 404);
  EXPECT_EQ(answer.body, "page of 404");
  EXPECT_EQ(answer.field("content-type"), "text/x");
  EXPECT_EQ(answer.field("x-secret"), "");
  const SeenRequest seen = pages.last();
  EXPECT_EQ(seen.method, "GET");
  EXPECT_EQ(seen.path, "/");
  const std::pair<const char*, const char*> fields[] = {{"Host", "shop.test"},
                                                        {"X-Code", "404"},
                                                        {"X-Format", "text/html"},
                                                        {"Accept", "text/html"},
                                                        {"Accept-Language", "de"},
                                                        {"X-Namespace", "shop"},
                                                        {"X-Ingress-Name", "www"},
                                                        {"X-Service-Name", "web"},
                                                        {"X-Service-Port", "80"},
                                                        {"X-Original-URI", "/a/b?c=d"},
                                                        {"X-Forwarded-For", "127.0.0.1"},
                                                        {"Authorization", ""},
                                                        {"Cookie", ""},
                                                        {"If-None-Match", ""}};
  for (const auto& [name, value] : fields) EXPECT_EQ(seen.field(name), value) << name;
  EXPECT_EQ(seen.field("X-Request-ID"), backend.last().field("X-Request-ID"));
  EXPECT_EQ(pages.requests(), 1);
  EXPECT_NE(proxy_.access_log().find("\"reason\":\"error_page\""), std::string::npos);
}

TEST_F(ErrorPages, OtherStatusesPassAsTheyAre) {
  ScriptedBackend backend(says(answer_of("405 Method Not Allowed", "no")));
  ScriptedBackend pages(make_page);
  publish(cluster_at(backend.port()), cluster_at(pages.port()));
  EXPECT_EQ(get().body, "no");
  EXPECT_EQ(pages.requests(), 0);
}

// A client gets as many interim heads as one endpoint may send, and a page is to blame for its own.
TEST_F(ErrorPages, InterimHeadsOfTheResponseDoNotCountAgainstThePage) {
  constexpr int kInterimHeads = 16;
  const std::string interim = "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n";
  std::string lost;
  for (int i = 0; i < kInterimHeads; ++i) lost += interim;
  lost += kLost;
  ScriptedBackend backend(says(lost)), pages(says(interim + ScriptedBackend::ok("sorry")));
  publish(cluster_at(backend.port()), cluster_at(pages.port()));
  auto client = HttpClient::connect(proxy_.http());
  HttpAnswer answer = client.get("/");
  int interim_heads = 0;
  for (; answer.status == 103; answer = client.read_answer()) ++interim_heads;
  EXPECT_EQ(interim_heads, kInterimHeads);
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.body, "sorry");
}

TEST_F(ErrorPages, ThePagesOwnStatusIsTheClients) {
  ScriptedBackend backend(says(kLost)), pages(says(ScriptedBackend::ok("sorry")));
  publish(cluster_at(backend.port()), cluster_at(pages.port()));
  EXPECT_EQ(get().status, 200);
  EXPECT_EQ(get().body, "sorry");
}

TEST_F(ErrorPages, AnEndpointThatCannotBeReachedOrDoesNotAnswerHasAPageToo) {
  std::uint16_t dead_port = 0;
  { dead_port = ScriptedBackend(says("")).port(); }
  ScriptedBackend pages(make_page);
  publish(cluster_at(dead_port), cluster_at(pages.port()));
  EXPECT_EQ(get().body, "page of 502");
  ScriptedBackend dies([](SocketStream&, const SeenRequest&) { return false; });
  publish(cluster_at(dies.port()), cluster_at(pages.port()));
  EXPECT_EQ(get().body, "page of 502");
  ScriptedBackend nonsense(says("HTP/9 what\r\n\r\n"));
  publish(cluster_at(nonsense.port()), cluster_at(pages.port()));
  EXPECT_EQ(get().body, "page of 502");
  ScriptedBackend silent([](SocketStream& stream, const SeenRequest&) {
    stream.receive();
    return false;
  });
  config::Cluster slow = cluster_at(silent.port());
  slow.read_timeout = std::chrono::milliseconds(100);
  publish(slow, cluster_at(pages.port()));
  EXPECT_EQ(get().body, "page of 504");
}

TEST_F(ErrorPages, WithoutEndpointsThePageStandsInWhateverTheStatusesAre) {
  ScriptedBackend pages(make_page);
  rules_.statuses = {404};
  publish(cluster_at(0), cluster_at(pages.port()));
  EXPECT_EQ(get().body, "page of 503");
  EXPECT_NE(proxy_.access_log().find("\"reason\":\"no_endpoints\""), std::string::npos);
  rules_.without_endpoints = false;
  publish(cluster_at(0), cluster_at(pages.port()));
  EXPECT_EQ(get().body, "503 Service Unavailable (no_endpoints)\n");
}

TEST_F(ErrorPages, WhereNoPageIsToBeHadTheErrorIsToldInOurOwnWords) {
  std::uint16_t dead_port = 0;
  { dead_port = ScriptedBackend(says("")).port(); }
  ScriptedBackend backend(says(kLost)),
      dies([](SocketStream&, const SeenRequest&) { return false; });
  ScriptedBackend nonsense(says("HTTP/1.1 404 Not Found\r\nContent-Length: x\r\n\r\n"));
  for (const std::uint16_t port : {dead_port, dies.port(), nonsense.port()}) {
    publish(cluster_at(backend.port()), cluster_at(port));
    const HttpAnswer answer = get();
    EXPECT_EQ(answer.status, 404);
    EXPECT_EQ(answer.body, "404 Not Found (error_page_failed)\n");
  }
  publish(cluster_at(dead_port), cluster_at(dies.port()));
  EXPECT_EQ(get().body, "502 Bad Gateway (connect_refused)\n");
  publish(cluster_at(backend.port()), cluster_at(0));
  EXPECT_EQ(get().body, "lost") << "who has no endpoint is not asked";
}

TEST_F(ErrorPages, WithoutAPageWhoIsToSayWhoHeIsIsStillTold) {
  ScriptedBackend backend(
      says(answer_of("401 Unauthorized", "who?", "WWW-Authenticate: Basic realm=\"x\"\r\n")));
  ScriptedBackend dies([](SocketStream&, const SeenRequest&) { return false; });
  publish(cluster_at(backend.port()), cluster_at(dies.port()));
  const HttpAnswer answer = get();
  EXPECT_EQ(answer.status, 401);
  EXPECT_EQ(answer.field("www-authenticate"), "Basic realm=\"x\"");
}

TEST_F(ErrorPages, APageIsAskedForByAConnectionThatBeginsAsItsOwnClusterSays) {
  std::mutex mutex;
  std::vector<std::string> begins;
  const auto note = [&](SocketStream& stream, const SeenRequest& request) {
    const std::lock_guard lock(mutex);
    begins.push_back(request.method);
    return stream.send(begins.size() % 2 == 1 ? kLost : answer_of("404 Not Found", "page"));
  };
  ScriptedBackend backend(note), pages(note);
  for (const bool is_the_routes : {true, false}) {
    begins.clear();
    config::Cluster with_header = cluster_at(is_the_routes ? backend.port() : pages.port());
    with_header.proxy_protocol = config::ProxyProtocol::v1;
    config::Cluster without = cluster_at(is_the_routes ? pages.port() : backend.port());
    publish(is_the_routes ? with_header : without, is_the_routes ? without : with_header);
    EXPECT_EQ(get().status, 404);
    const std::lock_guard lock(mutex);
    ASSERT_EQ(begins.size(), 2u);
    EXPECT_EQ(begins.at(0) == "PROXY", is_the_routes);
    EXPECT_EQ(begins.at(1) == "PROXY", !is_the_routes);
  }
}

TEST_F(ErrorPages, APageWithAStatusThatIsNamedIsNotReplacedAgain) {
  ScriptedBackend backend(says(kLost));
  publish(cluster_at(backend.port()), cluster_at(backend.port()));
  EXPECT_EQ(get().body, "lost");
  EXPECT_EQ(backend.requests(), 2);
}

TEST_F(ErrorPages, AHeadRequestGetsTheHeadOfAPage) {
  ScriptedBackend backend([](SocketStream& stream, const SeenRequest& request) {
    EXPECT_EQ(request.method, "HEAD");
    return stream.send("HTTP/1.1 404 Not Found\r\nContent-Length: 4\r\n\r\n");
  });
  ScriptedBackend pages(make_page);
  publish(cluster_at(backend.port()), cluster_at(pages.port()));
  const HttpAnswer answer = ask("HEAD / HTTP/1.1\r\nHost: shop.test\r\n");
  EXPECT_EQ(answer.status, 404);
  EXPECT_TRUE(answer.complete);
  EXPECT_EQ(pages.last().method, "HEAD");
}

TEST_F(ErrorPages, TheBodyOfARequestIsNotForThePage) {
  ScriptedBackend backend(says(kLost)), pages(make_page);
  publish(cluster_at(backend.port()), cluster_at(pages.port()));
  EXPECT_EQ(ask("POST /form HTTP/1.1\r\nHost: shop.test\r\nContent-Length: 6\r\n", "a=form").body,
            "page of 404");
  EXPECT_EQ(backend.last().body, "a=form");
  EXPECT_EQ(pages.last().method, "GET");
  EXPECT_EQ(pages.last().body, "");
  EXPECT_EQ(pages.last().field("Content-Length"), "");
  // One who waits to be told to go on is not, and one who is still sending is heard out no more.
  ScriptedBackend busy(says(answer_of("503 Service Unavailable", "busy")));
  publish(cluster_at(0), cluster_at(pages.port()));
  EXPECT_EQ(ask("POST / HTTP/1.1\r\nHost: shop.test\r\nContent-Length: 6\r\n"
                "Expect: 100-continue\r\n")
                .body,
            "page of 503");
  EXPECT_EQ(
      ask("POST / HTTP/1.1\r\nHost: shop.test\r\nTransfer-Encoding: chunked\r\n", "3\r\nabc\r\n")
          .body,
      "page of 503");
}

TEST_F(ErrorPages, ABodyThatIsStillComingWhenThePageIsAskedForReachesNobody) {
  ScriptedBackend early(
      [](SocketStream& stream, const SeenRequest&) { return stream.send(kLost); });
  ScriptedBackend pages(make_page);
  config::Cluster shop_cluster = cluster_at(early.port());
  publish(shop_cluster, cluster_at(pages.port()));
  auto client = HttpClient::connect(proxy_.http());
  client.send("POST /x HTTP/1.1\r\nHost: shop.test\r\nContent-Length: 10\r\n\r\nhello");
  client.send("world");
  const HttpAnswer answer = client.read_answer();
  EXPECT_EQ(answer.body, "page of 404");
  EXPECT_EQ(pages.last().body, "");
}

TEST_F(ErrorPages, ASmallResponseLeavesItsConnectionForTheNextRequestAndALargeOneDoesNot) {
  const std::string large = answer_of("404 Not Found", std::string(4u << 20, 'x'));
  ScriptedBackend small_backend(says(kLost)), large_backend(says(large)), pages(make_page);
  publish(cluster_at(small_backend.port()), cluster_at(pages.port()));
  for (int i = 0; i < 3; ++i) EXPECT_EQ(get().body, "page of 404");
  EXPECT_EQ(small_backend.connections(), 1);
  EXPECT_EQ(pages.connections(), 1);
  publish(cluster_at(large_backend.port()), cluster_at(pages.port()));
  for (int i = 0; i < 2; ++i) EXPECT_EQ(get().body, "page of 404");
  EXPECT_EQ(large_backend.connections(), 2);
}

TEST_F(ErrorPages, APageThatWaitsOnADeadPooledConnectionIsAskedForOnAFreshOne) {
  ScriptedBackend backend(says(kLost)), pages(make_page);
  publish(cluster_at(backend.port()), cluster_at(pages.port()));
  EXPECT_EQ(get().body, "page of 404");
  pages.close_idle();
  EXPECT_EQ(get().body, "page of 404");
}

TEST_F(ErrorPages, ARefusedUpgradeHasAPageAndAnAcceptedOneNone) {
  ScriptedBackend refuses(says(answer_of("403 Forbidden", "no"))), pages(make_page);
  publish(cluster_at(refuses.port()), cluster_at(pages.port()));
  const std::string upgrade =
      "GET /chat HTTP/1.1\r\nHost: shop.test\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n";
  EXPECT_EQ(ask(upgrade).body, "page of 403");
  EXPECT_EQ(pages.last().field("Upgrade"), "");
  ScriptedBackend accepts([](SocketStream& stream, const SeenRequest&) {
    stream.send("HTTP/1.1 101 Switching\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n");
    return false;
  });
  publish(cluster_at(accepts.port()), cluster_at(pages.port()));
  EXPECT_EQ(ask(upgrade).status, 101);
  EXPECT_EQ(pages.requests(), 1);
}

TEST_F(ErrorPages, WhoIsToSayWhoHeIsIsStillTold) {
  ScriptedBackend backend(
      says(answer_of("401 Unauthorized", "who?", "WWW-Authenticate: Basic realm=\"x\"\r\n")));
  ScriptedBackend pages(make_page);
  publish(cluster_at(backend.port()), cluster_at(pages.port()));
  const HttpAnswer answer = get();
  EXPECT_EQ(answer.body, "page of 401");
  EXPECT_EQ(answer.field("www-authenticate"), "Basic realm=\"x\"");
}

TEST_F(ErrorPages, AnswersOfGuardsAndLimitsAreTheProxysOwn) {
  ScriptedBackend backend(says(kLost)), pages(make_page);
  auto config = shop({backend.port()});
  config.clusters["pages"] = std::make_shared<config::Cluster>(cluster_at(pages.port()));
  auto host = *config.hosts.at("shop.test");
  for (config::Route& route : host.routes) {
    route.policies.change().error_pages = rules_;
    route.policies.change().body_bytes_max = 3;
  }
  config.hosts["shop.test"] = std::make_shared<config::VirtualHost>(host);
  ASSERT_TRUE(proxy_.publish(config));
  EXPECT_EQ(ask("POST / HTTP/1.1\r\nHost: shop.test\r\nContent-Length: 4\r\n", "abcd").body,
            "413 Content Too Large (body_too_large)\n");
  EXPECT_EQ(pages.requests(), 0);
}

TEST_F(ErrorPages, HoldOverHttp2BothWaysAndLeaveCallsOfGrpcAlone) {
  Http2Backend backend([](const Http2Backend::Request&) {
    return Http2Backend::Reply{.head = {{":status", "404"}}, .body = "lost"};
  });
  Http2Backend pages([](const Http2Backend::Request& request) {
    return Http2Backend::Reply{.head = {{":status", request.fields.at("x-code")}},
                               .body = "page for " + request.fields.at(":method")};
  });
  config::Cluster shop_cluster = cluster_at(backend.port());
  config::Cluster pages_cluster = cluster_at(pages.port());
  shop_cluster.speaks_http2 = pages_cluster.speaks_http2 = true;
  publish(shop_cluster, pages_cluster, true);
  EXPECT_EQ(get().body, "page for GET");
  auto stream = SocketStream::connect(proxy_.https());
  ASSERT_EQ(stream.start_tls({"shop.test", "h2"}), "");
  Http2Client client(std::move(stream));
  const auto plain = client.wait(client.get("/"));
  EXPECT_EQ(plain.status, 404);
  EXPECT_EQ(plain.body, "page for GET");
  const auto with_body = client.wait(client.request(
      {{":method", "POST"}, {":scheme", "https"}, {":authority", "shop.test"}, {":path", "/"}},
      std::string(40'000, 'x')));
  EXPECT_EQ(with_body.body, "page for GET");
  const auto call = client.wait(client.request({{":method", "POST"},
                                                {":scheme", "https"},
                                                {":authority", "shop.test"},
                                                {":path", "/shop.Cart/Add"},
                                                {"content-type", "application/grpc"},
                                                {"te", "trailers"}},
                                               "x"));
  EXPECT_EQ(call.body, "lost");
}

}  // namespace
}  // namespace proxy::support
