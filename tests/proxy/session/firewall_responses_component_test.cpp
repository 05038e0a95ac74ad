// Responses that are inspected before they are sent, seen by clients. But for the last test, what
// is found, and when, is the test's.
#include <chrono>
#include <condition_variable>
#include <map>
#include <memory>
#include <mutex>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/proxy/support/compressed.h"
#include "tests/proxy/support/held_work.h"
#include "tests/proxy/support/http2_backend.h"
#include "tests/proxy/support/http2_client.h"
#include "tests/proxy/support/http_client.h"
#include "tests/proxy/support/running_engine.h"
#include "tests/proxy/support/scripted_backend.h"

namespace proxy::support {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

// A response with "evil" in its body is a leak. While it is held, nothing is found.
class Leaks : public HeldWork {
 public:
  auto inspect() {
    return [this](const firewall::ResponseSubject& subject,
                  const config::Firewall&) -> base::Result<firewall::Findings> {
      note(subject.body);
      begin(size_of(subject));
      if (subject.body.find("evil") != std::string_view::npos) return {{true, {951230, 951240}}};
      return firewall::Findings{};
    };
  }
  std::string last_body() const {
    const std::lock_guard lock(mutex_);
    return last_body_;
  }

 private:
  static std::size_t size_of(const firewall::ResponseSubject& subject) {
    std::size_t bytes = subject.body.size();
    for (const http::Field& field : subject.fields) bytes += field.name.size() + field.value.size();
    return bytes;
  }
  void note(std::string_view body) {
    const std::lock_guard lock(mutex_);
    last_body_ = body;
  }

  mutable std::mutex mutex_;
  std::string last_body_;
};

// One waits until the other has said so, once.
class Signal {
 public:
  void set() {
    const std::lock_guard lock(mutex_);
    is_set_ = true;
    changed_.notify_all();
  }
  void wait() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return is_set_; });
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  bool is_set_ = false;
};

constexpr const char* kHtml = "Content-Type: text/html; charset=utf-8\r\n";

std::string encoded(const std::string& body, const std::string& coding) {
  return ScriptedBackend::ok(body, kHtml + ("Content-Encoding: " + coding + "\r\n"));
}

std::string long_field() {
  return "X-Long: " + std::string(31'000, 'x') + "\r\n";
}

std::string endless(const std::string& type, const std::string& beginning) {
  return "HTTP/1.1 200 OK\r\nContent-Type: " + type + "\r\n\r\n" + beginning;
}

class FirewallResponses : public ::testing::Test {
 protected:
  ~FirewallResponses() override {
    goes_on.set();
    leaks.release();
  }

  static const std::map<std::string, std::string>& answers() {
    static const std::map<std::string, std::string> kAnswers = {
        {"/page", ScriptedBackend::ok("<p>chairs</p>", kHtml)},
        {"/leak", ScriptedBackend::ok("<p>evil</p>", kHtml)},
        {"/json", ScriptedBackend::ok("evil", "Content-Type: application/json\r\n")},
        {"/untyped", ScriptedBackend::ok("evil")},
        {"/encoded", encoded("evil", "br")},
        {"/nonsense", encoded("evil", "gzip")},
        {"/zipped", encoded(compressed("<p>chairs</p>"), "gzip")},
        {"/zipped-leak", encoded(compressed("<p>evil</p>"), "gzip")},
        {"/deflated-leak", encoded(compressed("<p>evil</p>", Wrapping::zlib), "deflate")},
        {"/long-head", ScriptedBackend::ok("p", kHtml + long_field())},
        {"/bomb", encoded(compressed(std::string(4u << 20, 'b')), "gzip")},
        {"/large", ScriptedBackend::ok(std::string(1'000, 'b') + "evil", kHtml)},
        {"/long-body", ScriptedBackend::ok(std::string(100'000, 'l'), kHtml)},
        {"/huge", ScriptedBackend::ok(std::string(1'000'000, 'h'), kHtml)},
        {"/pieces", std::string("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n") + kHtml +
                        "\r\n5\r\nfirst\r\n6\r\nsecond\r\n0\r\nX-Sum: 1\r\n\r\n"},
        {"/leak-in-pieces", std::string("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n") +
                                kHtml + "\r\n2\r\nev\r\n2\r\nil\r\n0\r\n\r\n"},
        {"/lost", "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"},
        {"/nothing", std::string("HTTP/1.1 204 No Content\r\n") + kHtml + "\r\n"},
    };
    return kAnswers;
  }
  ScriptedBackend::Script script() {
    return [this](SocketStream& stream, const SeenRequest& request) {
      if (request.path == "/cut") {
        stream.send(std::string("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n") + kHtml + "\r\nhalf");
        return false;
      }
      if (request.path == "/events" || request.path == "/slow") {
        const bool is_stream = request.path == "/events";
        stream.send(endless(is_stream ? "text/event-stream" : "text/html", "begin "));
        goes_on.wait();
        stream.send("evil end");
        return false;
      }
      if (request.method == "HEAD") {
        return stream.send(std::string("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n") + kHtml +
                           "\r\n");
      }
      return stream.send(answers().at(request.path));
    };
  }

  static config::Firewall inspecting(const config::ResponseInspection& responses = {}) {
    return {.responses = responses};
  }
  static config::ProxyConfig guarded(std::uint16_t port, const config::Firewall& firewall,
                                     const config::Cluster& cluster = {}) {
    config::ProxyConfig config = shop({port}, cluster);
    config::Guards guards;
    guards.firewall = firewall;
    guard_all(config, guards);
    add_certificate(config, "shop.test", issue({"shop.test"}));
    return config;
  }
  bool serve(const config::Firewall& firewall) {
    return proxy.publish(guarded(backend.port(), firewall)).has_value();
  }
  session::Options options(std::chrono::milliseconds patience = std::chrono::seconds(60)) {
    session::Options options = RunningEngine::quick();
    options.inspectors.inspect = [](const firewall::Subject&, const config::Firewall&) {
      return base::Result<firewall::Findings>(firewall::Findings{});
    };
    options.inspectors.inspect_response = leaks.inspect();
    options.inspectors.threads = 2;
    options.inspectors.limits.waiting_of_one_max = 10;
    options.inspectors.limits.under_way_of_one_max = 2;
    options.inspectors.wait_max = patience;
    return options;
  }
  static std::string request(const std::string& path, const std::string& fields = "",
                             const std::string& method = "GET") {
    return method + " " + path + " HTTP/1.1\r\nHost: shop.test\r\n" + fields + "\r\n";
  }
  static HttpAnswer ask(RunningEngine& engine, const std::string& text) {
    auto client = HttpClient::connect(engine.http());
    client.send(text);
    return client.read_answer();
  }
  HttpAnswer ask(const std::string& text) { return ask(proxy, text); }
  double gathered() const { return proxy.metric("gatehouse_proxy_gathered_request_bytes"); }

  Signal goes_on;
  Leaks leaks;
  ScriptedBackend backend{script()};
  RunningEngine proxy{options()};
};

TEST_F(FirewallResponses, ALeakIsRefusedBeforeAnythingOfItIsSent) {
  ASSERT_TRUE(serve(inspecting()));
  for (const char* path : {"/leak", "/leak-in-pieces", "/untyped"}) {
    const HttpAnswer answer = ask(request(path));
    EXPECT_EQ(answer.status, 403) << path;
    EXPECT_THAT(answer.body, Not(HasSubstr("evil"))) << path;
  }
  EXPECT_THAT(proxy.access_log(), HasSubstr("\"reason\":\"firewall_response\""));
  EXPECT_THAT(proxy.access_log(), HasSubstr("\"firewall_rules\":[951230,951240]"));
  EXPECT_EQ(ask(request("/page")).body, "<p>chairs</p>");
  const std::string family = "gatehouse_proxy_firewall_responses_total";
  EXPECT_EQ(proxy.metric(family + R"({mode="block",outcome="leak"})"), 3);
  EXPECT_EQ(proxy.metric(family + R"({mode="block",outcome="clean"})"), 1);
  EXPECT_EQ(proxy.metric(R"(gatehouse_proxy_refusals_total{reason="firewall_response"})"), 3);
}

TEST_F(FirewallResponses, AreNotInspectedWhereNobodyAsksForThat) {
  ASSERT_TRUE(serve({}));
  EXPECT_EQ(ask(request("/leak")).body, "<p>evil</p>");
  EXPECT_EQ(leaks.begun(), 0);
}

TEST_F(FirewallResponses, ALeakIsOnlyToldOfWhereNothingIsBlocked) {
  config::Firewall settings = inspecting();
  settings.mode = config::FirewallMode::detect;
  ASSERT_TRUE(serve(settings));
  EXPECT_EQ(ask(request("/leak")).body, "<p>evil</p>");
  EXPECT_THAT(proxy.access_log(), HasSubstr("\"firewall\":\"detected\""));
  EXPECT_THAT(proxy.access_log(), HasSubstr("\"firewall_rules\":[951230,951240]"));
}

TEST_F(FirewallResponses, WhatIsHarmlessPassesAsItCame) {
  ASSERT_TRUE(serve(inspecting()));
  const HttpAnswer answer = ask(request("/pieces", "TE: trailers\r\n"));
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.field("content-type"), "text/html; charset=utf-8");
  EXPECT_EQ(answer.body, "firstsecond");
  EXPECT_THAT(answer.trailer, HasSubstr("X-Sum: 1"));
  EXPECT_EQ(leaks.last_body(), "firstsecond");
}

TEST_F(FirewallResponses, OfALargeBodyTheBeginningIsInspectedUnlessSuchAreRefused) {
  ASSERT_TRUE(serve(inspecting({.body_bytes_max = 1'000})));
  EXPECT_EQ(ask(request("/large")).body, std::string(1'000, 'b') + "evil");
  EXPECT_EQ(leaks.last_body(), std::string(1'000, 'b'));

  ASSERT_TRUE(serve(inspecting({.body_bytes_max = 1'000, .refuses_larger = true})));
  EXPECT_EQ(ask(request("/large")).status, 502);
  EXPECT_THAT(proxy.access_log(2), HasSubstr("\"reason\":\"firewall_response_too_large\""));
  ASSERT_TRUE(serve(inspecting({.body_bytes_max = 5, .refuses_larger = true})));
  EXPECT_EQ(ask(request("/pieces")).status, 502);
  EXPECT_EQ(ask(request("/json")).status, 200);
}

TEST_F(FirewallResponses, ALargeBodyPassesWholeToWhoTakesItInSteps) {
  ASSERT_TRUE(serve(inspecting({.body_bytes_max = 2u << 20})));
  const std::string body(1'000'000, 'h');
  EXPECT_EQ(ask(request("/huge")).body, body);
  EXPECT_EQ(leaks.last_body(), body);
  SocketStream stream = SocketStream::connect(proxy.https());
  ASSERT_EQ(stream.start_tls({"shop.test", "h2"}), "");
  Http2Client client(std::move(stream));
  EXPECT_EQ(client.wait(client.get("/huge")).body, body);
  EXPECT_EQ(client.wait(client.get("/leak")).status, 403);
  ASSERT_TRUE(serve(inspecting({.body_bytes_max = 100'000})));
  EXPECT_EQ(client.wait(client.get("/huge")).body, body);
  EXPECT_EQ(leaks.last_body(), body.substr(0, 100'000));
  EXPECT_TRUE(eventually([&] { return gathered() == 0; }));
}

TEST_F(FirewallResponses, OfBackendsThatSpeakHttp2AreInspectedLikewise) {
  Http2Backend other([](const Http2Backend::Request& asked) {
    const bool leaks_something = asked.fields.at(":path") == "/leak";
    return Http2Backend::Reply{.head = {{":status", "200"}, {"content-type", "text/html"}},
                               .body = leaks_something ? "evil" : std::string(300'000, 'h'),
                               .trailer = {{"x-sum", "1"}}};
  });
  config::Cluster cluster;
  cluster.speaks_http2 = true;
  ASSERT_TRUE(
      proxy.publish(guarded(other.port(), inspecting({.body_bytes_max = 100'000}), cluster)));
  EXPECT_EQ(ask(request("/leak")).status, 403);
  const HttpAnswer answer = ask(request("/page", "TE: trailers\r\n"));
  EXPECT_EQ(answer.body, std::string(300'000, 'h'));
  EXPECT_EQ(leaks.last_body(), std::string(100'000, 'h'));
}

TEST_F(FirewallResponses, WhatIsOfAnotherTypeOrHasNoBodyIsNotInspected) {
  ASSERT_TRUE(serve(inspecting()));
  EXPECT_EQ(ask(request("/json")).body, "evil");
  EXPECT_EQ(ask(request("/nothing")).status, 204);
  auto client = HttpClient::connect(proxy.http());
  client.send(request("/page", "", "HEAD"));
  EXPECT_EQ(client.read_answer(true).status, 200);
  EXPECT_EQ(leaks.begun(), 0);
  ASSERT_TRUE(serve(inspecting({.types = "application/json"})));
  EXPECT_EQ(ask(request("/json")).status, 403);
  EXPECT_EQ(ask(request("/leak")).status, 200);
}

TEST_F(FirewallResponses, EventsPassAsTheyCome) {
  ASSERT_TRUE(serve(inspecting()));
  auto client = HttpClient::connect(proxy.http());
  client.send(request("/events"));
  ASSERT_TRUE(client.wait_for_bytes());
  goes_on.set();
  EXPECT_EQ(client.read_answer().body, "begin evil end");
  EXPECT_EQ(leaks.begun(), 0);
}

TEST_F(FirewallResponses, OfABodyThatDoesNotEndTheBeginningIsInspectedUnlessAllHasToBe) {
  RunningEngine impatient{options(std::chrono::milliseconds(20))};
  ASSERT_TRUE(impatient.publish(guarded(backend.port(), inspecting({.refuses_larger = true}))));
  EXPECT_EQ(ask(impatient, request("/slow")).status, 503);
  EXPECT_THAT(impatient.access_log(), HasSubstr("\"reason\":\"firewall_too_slow\""));
  EXPECT_EQ(leaks.begun(), 0);
  // Whoever is that slow is to wait no more, wherever it is not looked at in time.
  ASSERT_TRUE(impatient.publish(guarded(
      backend.port(), {.passes_uninspected = true, .responses = config::ResponseInspection{}})));
  auto client = HttpClient::connect(impatient.http());
  client.send(request("/slow"));
  ASSERT_TRUE(client.wait_for_bytes());
  goes_on.set();
  EXPECT_EQ(client.read_answer().body, "begin evil end");
}

TEST_F(FirewallResponses, WhatCannotBeReadIsRefusedUnlessItMayPass) {
  config::Firewall settings = inspecting();
  ASSERT_TRUE(serve(settings));
  EXPECT_EQ(ask(request("/encoded", "Accept-Encoding: gzip, br\r\n")).status, 503);
  EXPECT_EQ(backend.last().field("Accept-Encoding"), "identity");
  EXPECT_THAT(proxy.access_log(), HasSubstr("\"reason\":\"firewall_response_encoded\""));
  EXPECT_EQ(ask(request("/nonsense")).status, 503);
  settings.passes_uninspected = true;
  ASSERT_TRUE(serve(settings));
  EXPECT_EQ(ask(request("/encoded")).body, "evil");
  EXPECT_EQ(ask(request("/nonsense")).body, "evil");
  EXPECT_THAT(proxy.access_log(4), HasSubstr("\"firewall\":\"firewall_response_encoded\""));
  EXPECT_EQ(leaks.begun(), 0);
}

TEST_F(FirewallResponses, WhatComesCompressedIsReadAndPassesAsItCame) {
  ASSERT_TRUE(serve(inspecting()));
  EXPECT_EQ(ask(request("/zipped-leak")).status, 403);
  EXPECT_EQ(ask(request("/deflated-leak")).status, 403);
  const HttpAnswer answer = ask(request("/zipped"));
  EXPECT_EQ(answer.field("content-encoding"), "gzip");
  EXPECT_EQ(answer.body, compressed("<p>chairs</p>"));
  EXPECT_EQ(leaks.last_body(), "<p>chairs</p>");
}

TEST_F(FirewallResponses, APageForAnErrorIsAskedForAsItCanBeRead) {
  ScriptedBackend pages([](SocketStream& stream, const SeenRequest&) {
    return stream.send(ScriptedBackend::ok("page", kHtml));
  });
  config::ProxyConfig config = guarded(backend.port(), inspecting());
  config::Cluster of_pages;
  of_pages.endpoints = {{"127.0.0.1", pages.port()}};
  config.clusters["pages"] = std::make_shared<const config::Cluster>(of_pages);
  config::VirtualHost host = *config.hosts.at("shop.test");
  host.routes.at(0).policies.change().error_pages =
      config::ErrorPages{.cluster = "pages", .statuses = {404}};
  config.hosts["shop.test"] = std::make_shared<const config::VirtualHost>(host);
  ASSERT_TRUE(proxy.publish(config));
  EXPECT_EQ(ask(request("/lost", "Accept-Encoding: gzip, br\r\n")).body, "page");
  EXPECT_EQ(pages.last().field("Accept-Encoding"), "identity");
  EXPECT_EQ(leaks.last_body(), "page");
}

TEST_F(FirewallResponses, OfWhatIsCompressedNoMoreIsMadeThanIsInspected) {
  ASSERT_TRUE(serve(inspecting({.body_bytes_max = 100'000})));
  EXPECT_EQ(ask(request("/bomb")).status, 200);
  EXPECT_EQ(leaks.last_body(), std::string(100'000, 'b'));
  ASSERT_TRUE(serve(inspecting({.body_bytes_max = 100'000, .refuses_larger = true})));
  EXPECT_EQ(ask(request("/bomb")).status, 502);
  EXPECT_EQ(ask(request("/zipped")).status, 200);
  EXPECT_THAT(proxy.access_log(3), HasSubstr("\"reason\":\"firewall_response_too_large\""));
}

// What comes out of the one is large, and to the other its route adds what makes it so.
TEST_F(FirewallResponses, WhatOnlySeemsToBeSmallDoesNotKeepSmallOnesWaiting) {
  config::ProxyConfig config = guarded(backend.port(), inspecting());
  config::Shape shape;
  shape.response_fields = {{"X-Of-Route", std::string(2'000, 'r')}};
  config.shapes["s"] = std::make_shared<const config::Shape>(shape);
  config::VirtualHost host = *config.hosts.at("shop.test");
  host.routes.at(0).policies.change().shape = "s";
  config.hosts["shop.test"] = std::make_shared<const config::VirtualHost>(host);
  ASSERT_TRUE(proxy.publish(config));
  leaks.hold_larger_than(session::Inspectors::kSmallHeadBytesMax);
  // The thread that takes all sizes is busy: what passes for small keeps the other one.
  auto large = HttpClient::connect(proxy.http());
  large.send(request("/long-body"));
  leaks.wait_until_begun(1);
  double held = gathered();
  auto coded = HttpClient::connect(proxy.http());
  coded.send(request("/bomb"));
  held += static_cast<double>(compressed(std::string(4u << 20, 'b')).size());
  ASSERT_TRUE(eventually([&] { return gathered() >= held; }));
  auto with_long_head = HttpClient::connect(proxy.http());
  with_long_head.send(request("/long-head"));
  held += static_cast<double>(long_field().size());
  ASSERT_TRUE(eventually([&] { return gathered() >= held; }));
  EXPECT_EQ(ask(request("/page")).body, "<p>chairs</p>");
  EXPECT_EQ(leaks.begun(), 2) << "the large one and the page";
  leaks.release();
  for (HttpClient* const client : {&large, &coded, &with_long_head}) {
    EXPECT_EQ(client->read_answer().status, 200);
  }
}

TEST_F(FirewallResponses, WhatTakesTooLongIsRefusedUnlessItMayPass) {
  RunningEngine impatient{options(std::chrono::milliseconds(20))};
  leaks.hold();
  for (const bool passes : {false, true}) {
    EXPECT_TRUE(
        impatient.publish(guarded(backend.port(), {.passes_uninspected = passes,
                                                   .responses = config::ResponseInspection{}})));
    EXPECT_EQ(ask(impatient, request("/page")).status, passes ? 200 : 503);
  }
  // Of what threads look at still, and of what nobody has looked at, the client gets all.
  EXPECT_EQ(ask(impatient, request("/huge")).body, std::string(1'000'000, 'h'));
  EXPECT_TRUE(
      eventually([&] { return impatient.metric("gatehouse_proxy_gathered_request_bytes") == 0; }));
  leaks.release();  // the engine ends with the threads that inspect
  EXPECT_THAT(impatient.access_log(3), HasSubstr("\"reason\":\"firewall_too_slow\""));
}

TEST_F(FirewallResponses, WhatDoesNotFitIntoMemoryIsRefusedUnlessItMayPass) {
  session::Options small = options();
  small.gathered_bytes_max = 100'000;
  RunningEngine engine{small};
  for (const bool passes : {false, true}) {
    ASSERT_TRUE(engine.publish(guarded(
        backend.port(), {.passes_uninspected = passes,
                         .responses = config::ResponseInspection{.body_bytes_max = 2u << 20}})));
    const HttpAnswer answer = ask(engine, request("/huge"));
    EXPECT_EQ(answer.status, passes ? 200 : 503);
    const bool is_whole = answer.body == std::string(1'000'000, 'h');
    EXPECT_EQ(is_whole, passes);
  }
  EXPECT_THAT(engine.access_log(2), HasSubstr("\"reason\":\"firewall_memory_full\""));
  EXPECT_EQ(leaks.begun(), 0);
}

TEST_F(FirewallResponses, AResponseThatBreaksOffIsTheEndpointsFault) {
  ASSERT_TRUE(serve(inspecting()));
  const HttpAnswer answer = ask(request("/cut"));
  EXPECT_EQ(answer.status, 502);
  EXPECT_THAT(answer.body, Not(HasSubstr("half")));
}

TEST_F(FirewallResponses, TheEndpointIsAskedByOthersMeanwhile) {
  ASSERT_TRUE(serve(inspecting()));
  leaks.hold();
  auto waiting = HttpClient::connect(proxy.http());
  waiting.send(request("/page"));
  leaks.wait_until_begun(1);
  EXPECT_EQ(ask(request("/json")).body, "evil");
  EXPECT_EQ(backend.connections(), 1);
  leaks.release();
  EXPECT_EQ(waiting.read_answer().body, "<p>chairs</p>");
}

TEST_F(FirewallResponses, AClientThatLeavesIsForgotten) {
  ASSERT_TRUE(serve(inspecting()));
  leaks.hold();
  {
    auto client = HttpClient::connect(proxy.http());
    client.send(request("/page"));
    leaks.wait_until_begun(1);
  }
  EXPECT_TRUE(eventually([&] { return proxy.metric("gatehouse_proxy_connections_open") == 0; }));
  EXPECT_TRUE(eventually([&] { return gathered() == 0; }));
  leaks.release();
  EXPECT_EQ(ask(request("/page")).status, 200);
}

TEST(FirewallResponsesForReal, ALeakOfADatabaseIsRefused) {
  ScriptedBackend backend([](SocketStream& stream, const SeenRequest& request) {
    const std::string error =
        "<p>You have an error in your SQL syntax; check the manual that corresponds to your MySQL "
        "server version for the right syntax to use near 'x' at line 1</p>";
    return stream.send(
        ScriptedBackend::ok(request.path == "/broken" ? error : "<p>chairs</p>", kHtml));
  });
  session::Options options = RunningEngine::quick();
  options.inspectors.wait_max = std::chrono::seconds(60);
  RunningEngine proxy(options);
  config::ProxyConfig config = shop({backend.port()});
  config::Guards guards;
  guards.firewall = config::Firewall{.responses = config::ResponseInspection{}};
  guard_all(config, guards);
  ASSERT_TRUE(proxy.publish(config));
  const auto status = [&](const std::string& path) {
    auto client = HttpClient::connect(proxy.http());
    client.send("GET " + path + " HTTP/1.1\r\nHost: shop.test\r\n" +
                "User-Agent: Mozilla/5.0\r\nAccept: */*\r\n\r\n");
    return client.read_answer().status;
  };
  EXPECT_EQ(status("/items"), 200);
  EXPECT_EQ(status("/broken"), 403);
  EXPECT_THAT(proxy.access_log(2), HasSubstr("951230"));
}

}  // namespace
}  // namespace proxy::support
