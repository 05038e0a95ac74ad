#include <future>
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/curl_transport.h"
#include "tests/base/local_server.h"

namespace base {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

HttpRequest get(std::string url) {
  HttpRequest request;
  request.url = std::move(url);
  return request;
}

std::unique_ptr<HttpTransport> trusting(const TestIdentity& identity) {
  CurlOptions options;
  options.ca_pem = identity.ca_pem;
  return make_curl_transport(std::move(options));
}

TEST(CurlTransport, SendsTheRequestAndReadsTheAnswer) {
  std::string seen;
  const LocalServer server(answering([&](const std::string& request) {
    seen = request;
    return "HTTP/1.1 404 Not Found\r\nContent-Length: 4\r\nX-Two: 1\r\nx-two: 2\r\n\r\ngone";
  }));
  const auto transport = make_curl_transport({});
  HttpRequest request = get(server.url("/a/../b?c=d"));
  request.method = "POST";
  request.headers = {{"Content-Type", "application/jose+json"}, {"X-Empty", ""}};
  request.body = std::string("a\0b", 3);
  const auto response = transport->send(request, {});
  ASSERT_TRUE(response) << response.error().message;
  EXPECT_EQ(response->status, 404) << "an HTTP error status is an answer";
  EXPECT_EQ(response->body, "gone");
  EXPECT_EQ(response->headers.count("x-two"), 2u);
  EXPECT_THAT(seen, StartsWith("POST /a/../b?c=d HTTP/1.1\r\n"));
  EXPECT_THAT(seen, HasSubstr("\r\nContent-Type: application/jose+json\r\n"));
  EXPECT_THAT(seen, HasSubstr("\r\nX-Empty:\r\n"));
  EXPECT_THAT(seen, HasSubstr("\r\nUser-Agent: gatehouse\r\n"));
  EXPECT_THAT(seen, Not(HasSubstr("Expect:")));
  EXPECT_THAT(seen, testing::EndsWith(std::string("\r\n\r\na\0b", 7)));
}

TEST(CurlTransport, SendsEveryMethodWithOrWithoutABody) {
  const LocalServer server(answering([](const std::string& request) {
    const bool is_head = request.starts_with("HEAD ");
    const std::string answer = ok(request.substr(0, request.find(' ')));
    return is_head ? answer.substr(0, answer.find("\r\n\r\n") + 4) : answer;
  }));
  const auto transport = make_curl_transport({});
  for (const char* method : {"GET", "POST", "PUT", "PATCH", "DELETE"}) {
    for (const char* body : {"", "body"}) {
      HttpRequest request = get(server.url("/"));
      request.method = method;
      request.body = body;
      const auto response = transport->send(request, {});
      ASSERT_TRUE(response) << response.error().message;
      EXPECT_EQ(response->body, method);
    }
  }
  HttpRequest head = get(server.url("/"));
  head.method = "HEAD";
  const auto response = transport->send(head, {});
  ASSERT_TRUE(response) << response.error().message;
  EXPECT_EQ(response->body, "");
}

TEST(CurlTransport, KeepsConnectionsAliveFromCallToCall) {
  const TestIdentity identity = TestIdentity::make();
  const LocalServer server(answering([](const std::string&) { return ok("x"); }), &identity);
  const auto transport = trusting(identity);
  for (int call = 0; call < 8; ++call) {
    ASSERT_TRUE(transport->send(get(server.url("/" + std::to_string(call))), {}));
  }
  std::thread([&] { EXPECT_TRUE(transport->send(get(server.url("/other-thread")), {})); }).join();
  EXPECT_EQ(server.connections(), 1);
}

TEST(CurlTransport, ServesManyThreadsAtOnce) {
  const LocalServer server(answering(
      [](const std::string& request) { return ok(request.substr(4, request.find(' ', 4) - 4)); }));
  const auto transport = make_curl_transport({});
  std::vector<std::jthread> threads;
  for (int thread = 0; thread < 8; ++thread) {
    threads.emplace_back([&, thread] {
      for (int call = 0; call < 20; ++call) {
        const std::string path = "/" + std::to_string(thread) + "/" + std::to_string(call);
        const auto response = transport->send(get(server.url(path)), {});
        ASSERT_TRUE(response) << response.error().message;
        EXPECT_EQ(response->body, path);
      }
    });
  }
  threads.clear();
  EXPECT_LE(server.connections(), 8);
}

TEST(CurlTransport, AStopEndsACallThatWaits) {
  std::promise<void> asked;
  const LocalServer server([&](LocalServer::Peer& peer) {
    peer.read_request();
    asked.set_value();
    peer.wait_for_close();
  });
  const auto transport = make_curl_transport({});
  std::stop_source stop;
  std::jthread stopper([&] {
    asked.get_future().wait();
    stop.request_stop();
  });
  HttpRequest request = get(server.url("/slow"));
  request.timeout = 10min;
  const auto response = transport->send(request, stop.get_token());
  ASSERT_FALSE(response);
  EXPECT_EQ(response.error().kind, ErrorKind::cancelled);
}

TEST(CurlTransport, ACallThatBeginsStoppedAsksNothing) {
  const LocalServer server(answering([](const std::string&) { return ok(""); }));
  const auto transport = make_curl_transport({});
  std::stop_source stop;
  stop.request_stop();
  const auto response = transport->send(get(server.url("/")), stop.get_token());
  ASSERT_FALSE(response);
  EXPECT_EQ(response.error().kind, ErrorKind::cancelled);
  EXPECT_EQ(server.connections(), 0);
}

TEST(CurlTransport, TheTimeoutIsOfTheWholeCall) {
  const LocalServer server([](LocalServer::Peer& peer) {
    peer.read_request();
    peer.write("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf");
    peer.wait_for_close();
  });
  const auto transport = make_curl_transport({});
  HttpRequest request = get(server.url("/half"));
  request.timeout = 100ms;
  const auto response = transport->send(request, {});
  ASSERT_FALSE(response);
  EXPECT_EQ(response.error().kind, ErrorKind::unavailable);
  EXPECT_THAT(response.error().message, HasSubstr("no answer from " + request.url));
}

TEST(CurlTransport, ABodyOverTheLimitIsAProtocolError) {
  const LocalServer server(answering([](const std::string& request) {
    return ok(std::string(request.starts_with("GET /ok ") ? 1000 : 1001, 'x'));
  }));
  CurlOptions options;
  options.body_bytes_max = 1000;
  const auto transport = make_curl_transport(options);
  EXPECT_TRUE(transport->send(get(server.url("/ok")), {}));
  const auto response = transport->send(get(server.url("/large")), {});
  ASSERT_FALSE(response);
  EXPECT_EQ(response.error().kind, ErrorKind::protocol);
  EXPECT_THAT(response.error().message, HasSubstr("is larger than 1000 bytes"));
}

TEST(CurlTransport, EndlessHeadersAreAProtocolError) {
  const LocalServer server([](LocalServer::Peer& peer) {
    peer.read_request();
    peer.write("HTTP/1.1 200 OK\r\n");
    for (int i = 0; i < 1000; ++i) peer.write("X-Long: " + std::string(1000, 'x') + "\r\n");
    peer.wait_for_close();
  });
  const auto response = make_curl_transport({})->send(get(server.url("/")), {});
  ASSERT_FALSE(response);
  EXPECT_EQ(response.error().kind, ErrorKind::protocol) << response.error().message;
}

TEST(CurlTransport, StreamsTheHeadAndThenEachPiece) {
  std::promise<void> head_seen;
  const LocalServer server([&](LocalServer::Peer& peer) {
    peer.read_request();
    peer.write("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
    head_seen.get_future().wait();  // the head must arrive before any of the body
    peer.write("4\r\none\n\r\n");
    peer.write("4\r\ntwo\n\r\n0\r\n\r\n");
  });
  std::string body;
  const auto response = make_curl_transport({})->stream(
      get(server.url("/watch")),
      [&](const HttpResponse& head) {
        EXPECT_EQ(head.status, 200);
        head_seen.set_value();
        return true;
      },
      [&](std::string_view piece) {
        body += piece;
        return true;
      },
      {});
  ASSERT_TRUE(response) << response.error().message;
  EXPECT_EQ(body, "one\ntwo\n");
}

TEST(CurlTransport, AReceiverEndsItsStream) {
  const LocalServer server([](LocalServer::Peer& peer) {
    peer.read_request();
    peer.write("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n");
    peer.wait_for_close();
  });
  const auto transport = make_curl_transport({});
  const auto yes = [](const HttpResponse&) { return true; };
  const auto no = [](const HttpResponse&) { return false; };
  const auto after_head =
      transport->stream(get(server.url("/")), no, [](std::string_view) { return true; }, {});
  ASSERT_TRUE(after_head) << after_head.error().message;
  EXPECT_EQ(after_head->status, 200);
  const auto after_piece =
      transport->stream(get(server.url("/")), yes, [](std::string_view) { return false; }, {});
  ASSERT_TRUE(after_piece) << after_piece.error().message;
}

TEST(CurlTransport, ASilentStreamEnds) {
  const LocalServer server([](LocalServer::Peer& peer) {
    peer.read_request();
    peer.write("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n");
    peer.wait_for_close();
  });
  HttpRequest request = get(server.url("/"));
  request.timeout = 100ms;
  const auto response = make_curl_transport({})->stream(
      request, [](const HttpResponse&) { return true; }, [](std::string_view) { return true; }, {});
  ASSERT_FALSE(response);
  EXPECT_EQ(response.error().kind, ErrorKind::unavailable);
  EXPECT_THAT(response.error().message, HasSubstr("sent nothing for 100 ms"));
}

TEST(CurlTransport, AStopEndsAStream) {
  const LocalServer server([](LocalServer::Peer& peer) {
    peer.read_request();
    peer.write("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n");
    peer.wait_for_close();
  });
  std::stop_source stop;
  HttpRequest request = get(server.url("/"));
  request.timeout = 10min;
  const auto response = make_curl_transport({})->stream(
      request, [](const HttpResponse&) { return true; },
      [&](std::string_view) {
        stop.request_stop();
        return true;
      },
      stop.get_token());
  ASSERT_FALSE(response);
  EXPECT_EQ(response.error().kind, ErrorKind::cancelled);
}

TEST(CurlTransport, AStreamBrokenOffIsUnavailable) {
  const LocalServer server([](LocalServer::Peer& peer) {
    peer.read_request();
    peer.write("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n");
  });
  const auto response = make_curl_transport({})->stream(
      get(server.url("/")), [](const HttpResponse&) { return true; },
      [](std::string_view) { return true; }, {});
  ASSERT_FALSE(response);
  EXPECT_EQ(response.error().kind, ErrorKind::unavailable) << response.error().message;
}

TEST(CurlTransport, ConnectsElsewhereButVerifiesTheNameOfTheUrl) {
  const TestIdentity identity = TestIdentity::make();
  std::string seen;
  const LocalServer server(answering([&](const std::string& request) {
                             seen = request;
                             return ok("x");
                           }),
                           &identity);
  const auto transport = trusting(identity);
  HttpRequest request = get("https://localhost:444/");
  request.connect_to = "127.0.0.1:" + std::to_string(server.port());
  const auto response = transport->send(request, {});
  ASSERT_TRUE(response) << response.error().message;
  EXPECT_THAT(seen, HasSubstr("\r\nHost: localhost:444\r\n"));

  request.url = "https://other.test/";
  const auto other = transport->send(request, {});
  ASSERT_FALSE(other);
  EXPECT_EQ(other.error().kind, ErrorKind::denied);
  EXPECT_THAT(other.error().message, HasSubstr("'other.test'"));
}

TEST(CurlTransport, AnUntrustedPeerSaysTheUrlTheReasonAndTheRemedy) {
  const TestIdentity identity = TestIdentity::make(), other = TestIdentity::make();
  const LocalServer server(answering([](const std::string&) { return ok("x"); }), &identity);
  const auto system = make_curl_transport({})->send(get(server.url("/x")), {});
  ASSERT_FALSE(system);
  EXPECT_EQ(system.error().kind, ErrorKind::denied);
  EXPECT_EQ(system.error().message,
            server.url("/x") +
                " is not trusted: self-signed certificate in certificate chain; configure the CA "
                "that signed it");
  EXPECT_FALSE(trusting(other)->send(get(server.url("/x")), {}));
  EXPECT_TRUE(trusting(identity)->send(get(server.url("/x")), {}));
}

TEST(CurlTransport, AProbeThatTrustsNothingStillReads) {
  const TestIdentity identity = TestIdentity::make();
  const LocalServer server(answering([](const std::string&) { return ok("x"); }), &identity);
  CurlOptions options;
  options.verify_peer = false;
  EXPECT_TRUE(make_curl_transport(options)->send(get(server.url("/")), {}));
}

TEST(CurlTransport, GoesByTheProxyOfTheEnvironmentUnlessToldNotTo) {
  const LocalServer server(answering([](const std::string&) { return ok("the server"); }));
  const LocalServer proxy(answering([](const std::string&) { return ok("the proxy"); }));
  ::setenv("http_proxy", proxy.url("").c_str(), 1);
  ::setenv("no_proxy", "", 1);
  const auto by_proxy = make_curl_transport({})->send(get(server.url("/")), {});
  CurlOptions options;
  options.use_environment_proxy = false;
  const auto directly = make_curl_transport(options)->send(get(server.url("/")), {});
  ::unsetenv("http_proxy");
  ::unsetenv("no_proxy");
  ASSERT_TRUE(by_proxy) << by_proxy.error().message;
  EXPECT_EQ(by_proxy->body, "the proxy");
  ASSERT_TRUE(directly) << directly.error().message;
  EXPECT_EQ(directly->body, "the server");
}

TEST(CurlTransport, FollowsNoRedirectUnlessToldTo) {
  const LocalServer server(answering([](const std::string& request) {
    if (request.starts_with("GET /new ")) return ok("new");
    return std::string("HTTP/1.1 302 Found\r\nLocation: /new\r\nContent-Length: 3\r\n\r\nold");
  }));
  const auto stays = make_curl_transport({})->send(get(server.url("/old")), {});
  ASSERT_TRUE(stays);
  EXPECT_EQ(stays->status, 302);
  EXPECT_EQ(stays->body, "old");
  CurlOptions options;
  options.follow_redirects = true;
  const auto follows = make_curl_transport(options)->send(get(server.url("/old")), {});
  ASSERT_TRUE(follows) << follows.error().message;
  EXPECT_EQ(follows->status, 200);
  EXPECT_EQ(follows->body, "new");
}

TEST(CurlTransport, InputThatCannotBeSentIsInvalid) {
  const auto transport = make_curl_transport({});
  for (const char* url : {"", "ftp://127.0.0.1/", "file:///etc/passwd", "http://a b/"}) {
    const auto response = transport->send(get(url), {});
    ASSERT_FALSE(response) << url;
    EXPECT_EQ(response.error().kind, ErrorKind::invalid) << response.error().message;
  }
  HttpRequest smuggling = get("http://127.0.0.1:1/");
  smuggling.headers = {{"X-A", "secret\r\nX-B: 1"}};
  const auto response = transport->send(smuggling, {});
  ASSERT_FALSE(response);
  EXPECT_EQ(response.error().kind, ErrorKind::invalid);
  EXPECT_THAT(response.error().message, Not(HasSubstr("secret")));
}

TEST(CurlTransport, APortWithoutAServerIsUnavailable) {
  std::string url;
  {
    const LocalServer server(answering([](const std::string&) { return ok(""); }));
    url = server.url("/");
  }
  const auto response = make_curl_transport({})->send(get(url), {});
  ASSERT_FALSE(response);
  EXPECT_EQ(response.error().kind, ErrorKind::unavailable);
  EXPECT_THAT(response.error().message, HasSubstr(url));
}

}  // namespace
}  // namespace base
