#include <condition_variable>
#include <mutex>
#include <thread>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/curl_transport.h"
#include "base/http_server.h"
#include "base/tls_handshake.h"
#include "base/x509.h"
#include "tests/base/local_server.h"

namespace base {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

std::unique_ptr<HttpServer> listening(HttpServer::Handler handler,
                                      HttpServer::Options options = {}) {
  auto server = HttpServer::listen(std::move(options), std::move(handler));
  if (!server) ADD_FAILURE() << server.error().message;
  return std::move(server.value());
}

HttpRequest request_to(const HttpServer& server, const std::string& path,
                       const std::string& scheme = "http") {
  HttpRequest request;
  request.url = scheme + "://127.0.0.1:" + std::to_string(server.port()) + path;
  return request;
}

// Polls that wait to be answered, as the control API keeps them.
class Polls {
 public:
  HttpServer::Handler keep() {
    return [this](const ServedRequest&, Respond respond) {
      const std::lock_guard lock(mutex_);
      kept_.push_back(std::move(respond));
      changed_.notify_all();
    };
  }
  void wait_for(std::size_t count) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return kept_.size() == count; });
  }
  std::vector<Respond> take() {
    const std::lock_guard lock(mutex_);
    return std::move(kept_);
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<Respond> kept_;
};

TEST(HttpServer, GivesTheHandlerTheWholeRequest) {
  ServedRequest seen;
  const auto server = listening([&](ServedRequest request, const Respond& respond) {
    seen = std::move(request);
    respond({201, {{"content-type", "application/json"}, {"x-revision", "7"}}, "{}"});
  });
  HttpRequest request = request_to(*server, "/v1/a%20b?after=1%2F2&wait=60s");
  request.method = "POST";
  request.headers = {{"X-Token", "t"}};
  request.body = std::string("a\0b", 3);
  const auto response = make_curl_transport({})->send(request, {});
  ASSERT_TRUE(response) << response.error().message;
  EXPECT_EQ(response->status, 201);
  EXPECT_EQ(response->body, "{}");
  EXPECT_EQ(response->header("content-type"), "application/json");
  EXPECT_EQ(response->header("x-revision"), "7");
  EXPECT_EQ(seen.method, "POST");
  EXPECT_EQ(seen.path, "/v1/a b");
  EXPECT_EQ(seen.query, (std::map<std::string, std::string>{{"after", "1/2"}, {"wait", "60s"}}));
  EXPECT_EQ(seen.body, request.body);
  EXPECT_EQ(seen.peer_address, "127.0.0.1");
  EXPECT_EQ(seen.headers.find("x-token")->second, "t");
}

TEST(HttpServer, AnswersLaterFromAnotherThread) {
  Polls polls;
  const auto server = listening(polls.keep());
  std::jthread answering([&] {
    polls.wait_for(1);
    const auto kept = polls.take();
    kept.front()({200, {}, "first"});
    kept.front()({200, {}, "second"});
  });
  const auto response = make_curl_transport({})->send(request_to(*server, "/"), {});
  ASSERT_TRUE(response) << response.error().message;
  EXPECT_EQ(response->body, "first") << "the first call counts";
}

TEST(HttpServer, ARespondThatIsDroppedAnswers500) {
  const auto server = listening([](const ServedRequest&, const Respond&) {});
  const auto response = make_curl_transport({})->send(request_to(*server, "/"), {});
  ASSERT_TRUE(response) << response.error().message;
  EXPECT_EQ(response->status, 500);
}

TEST(HttpServer, SendsALargeBodyWhole) {
  const std::string large(5u << 20, 'x');
  const auto server = listening([&](const ServedRequest&, const Respond& respond) {
    respond({200, {}, large});
  });
  const auto response = make_curl_transport({})->send(request_to(*server, "/"), {});
  ASSERT_TRUE(response) << response.error().message;
  EXPECT_EQ(response->body, large);
}

TEST(HttpServer, RefusesABodyOverTheLimitWithoutCollectingIt) {
  HttpServer::Options options;
  options.body_bytes_max = 1000;
  const auto server = listening(
      [](const ServedRequest& request, const Respond& respond) {
        respond({200, {}, std::to_string(request.body.size())});
      },
      options);
  const auto transport = make_curl_transport({});
  HttpRequest request = request_to(*server, "/");
  request.method = "POST";
  request.body.assign(1000, 'x');
  const auto fits = transport->send(request, {});
  ASSERT_TRUE(fits) << fits.error().message;
  EXPECT_EQ(fits->body, "1000");
  request.body += 'x';
  const auto too_large = transport->send(request, {});
  ASSERT_TRUE(too_large) << too_large.error().message;
  EXPECT_EQ(too_large->status, 413);
}

TEST(HttpServer, AsksForALengthWhenABodyIsChunked) {
  const auto server = listening([](const ServedRequest&, const Respond& respond) {
    respond({200, {}, ""});
  });
  HttpRequest request = request_to(*server, "/");
  request.method = "POST";
  request.headers = {{"Transfer-Encoding", "chunked"}};
  request.body = "hello";
  const auto response = make_curl_transport({})->send(request, {});
  ASSERT_TRUE(response) << response.error().message;
  EXPECT_EQ(response->status, 411);
}

TEST(HttpServer, AnswersEveryMethodByItsHandler) {
  const auto server = listening([](const ServedRequest& request, const Respond& respond) {
    respond({200, {}, request.method});
  });
  const auto transport = make_curl_transport({});
  for (const char* method : {"GET", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE"}) {
    HttpRequest request = request_to(*server, "/x");
    request.method = method;
    const auto response = transport->send(request, {});
    ASSERT_TRUE(response) << response.error().message;
    EXPECT_EQ(response->body, method);
  }
}

TEST(HttpServer, HoldsFiftyLongPollsOverTlsAndAnswersThemAll) {
  const TestIdentity identity = TestIdentity::make();
  Polls polls;
  HttpServer::Options options;
  options.tls = [&] { return HttpServer::TlsIdentity{identity.chain_pem, identity.key_pem}; };
  const auto server = listening(polls.keep(), options);
  CurlOptions trust;
  trust.ca_pem = identity.ca_pem;
  const auto transport = make_curl_transport(trust);
  std::vector<std::jthread> clients;
  for (int i = 0; i < 50; ++i) {
    clients.emplace_back([&] {
      const auto response = transport->send(request_to(*server, "/poll", "https"), {});
      ASSERT_TRUE(response) << response.error().message;
      EXPECT_EQ(response->body, "news");
    });
  }
  polls.wait_for(50);
  for (const Respond& respond : polls.take()) respond({200, {}, "news"});
}

TEST(HttpServer, AnswersWaitingPollsWith503WhenItStops) {
  Polls polls;
  auto server = listening(polls.keep());
  const auto transport = make_curl_transport({});
  const HttpRequest request = request_to(*server, "/poll");
  std::vector<std::jthread> clients;
  for (int i = 0; i < 10; ++i) {
    clients.emplace_back([&] {
      const auto response = transport->send(request, {});
      ASSERT_TRUE(response) << response.error().message;
      EXPECT_EQ(response->status, 503);
    });
  }
  polls.wait_for(10);
  server.reset();
  clients.clear();
  for (const Respond& respond : polls.take()) respond({200, {}, "too late"});
}

TEST(HttpServer, ServesARenewedCertificateOnTheNextConnection) {
  const TestIdentity first = TestIdentity::make(), second = TestIdentity::make();
  std::mutex mutex;
  const TestIdentity* current = &first;
  HttpServer::Options options;
  options.tls = [&] {
    const std::lock_guard lock(mutex);
    return HttpServer::TlsIdentity{current->chain_pem, current->key_pem};
  };
  const auto server = listening(
      [](const ServedRequest&, const Respond& respond) {
        respond({200, {}, ""});
      },
      options);
  const auto served_serial = [&] {
    const auto served = read_served_certificate("127.0.0.1", server->port(), "localhost", 10s, {});
    return served ? served->serial : served.error().message;
  };
  EXPECT_EQ(served_serial(), read_chain(first.leaf_pem)->front().serial);
  {
    const std::lock_guard lock(mutex);
    current = &second;
  }
  EXPECT_EQ(served_serial(), read_chain(second.leaf_pem)->front().serial);
}

TEST(HttpServer, AnIdentityThatIsBrokenDropsTheConnectionAndNotTheServer) {
  const TestIdentity identity = TestIdentity::make();
  std::atomic<bool> is_broken = true;
  HttpServer::Options options;
  options.tls = [&] {
    return HttpServer::TlsIdentity{is_broken ? "junk" : identity.chain_pem, identity.key_pem};
  };
  const auto server = listening(
      [](const ServedRequest&, const Respond& respond) {
        respond({200, {}, ""});
      },
      options);
  CurlOptions trust;
  trust.ca_pem = identity.ca_pem;
  const auto transport = make_curl_transport(trust);
  EXPECT_FALSE(transport->send(request_to(*server, "/", "https"), {}));
  is_broken = false;
  const auto response = transport->send(request_to(*server, "/", "https"), {});
  EXPECT_TRUE(response) << response.error().message;
}

TEST(HttpServer, TwoServersDoNotDisturbEachOther) {
  const auto answer = [](const char* body) {
    return [body](const ServedRequest&, const Respond& respond) { respond({200, {}, body}); };
  };
  const auto transport = make_curl_transport({});
  auto one = listening(answer("one"));
  const auto two = listening(answer("two"));
  EXPECT_EQ(transport->send(request_to(*one, "/"), {})->body, "one");
  EXPECT_EQ(transport->send(request_to(*two, "/"), {})->body, "two");
  one.reset();
  EXPECT_EQ(transport->send(request_to(*two, "/"), {})->body, "two");
}

TEST(HttpServer, SaysWhenItCannotListen) {
  const auto handler = [](const ServedRequest&, const Respond& respond) { respond({200, {}, ""}); };
  const auto server = listening(handler);
  HttpServer::Options taken;
  taken.port = server->port();
  const auto second = HttpServer::listen(taken, handler);
  ASSERT_FALSE(second);
  EXPECT_THAT(second.error().message,
              HasSubstr("127.0.0.1:" + std::to_string(taken.port) + ": Address already in use"));
  // The first goes on.
  EXPECT_TRUE(make_curl_transport({})->send(request_to(*server, "/"), {}));
  HttpServer::Options nonsense;
  nonsense.address = "not an address";
  EXPECT_FALSE(HttpServer::listen(nonsense, handler));
}

}  // namespace
}  // namespace base
