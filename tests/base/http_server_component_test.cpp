#include <atomic>
#include <condition_variable>
#include <future>
#include <map>
#include <mutex>
#include <thread>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>

#include "base/curl_transport.h"
#include "base/http_server.h"
#include "base/tls_handshake.h"
#include "base/x509.h"
#include "tests/base/local_server.h"
#include "tests/support/raw_client.h"
#include "tests/support/without_address_family.h"
#include "tests/support/without_descriptors.h"

namespace base {
namespace {

using namespace std::chrono_literals;
using support::RawClient;
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

TEST(HttpServer, ABodyThatManyAreSentIsHeldOnce) {
  const auto body = std::make_shared<const std::string>(std::string(5u << 20, 'x') + "end");
  Polls polls;
  const auto server = listening(polls.keep());
  std::vector<std::jthread> clients;
  std::atomic<int> whole = 0;
  constexpr std::size_t kClients = 8;
  for (std::size_t i = 0; i < kClients; ++i) {
    clients.emplace_back([&] {
      const auto response = make_curl_transport({})->send(request_to(*server, "/"), {});
      if (response && response->body == *body) ++whole;
    });
  }
  polls.wait_for(kClients);
  for (const Respond& respond : polls.take()) respond({HttpResponse{200, {}, ""}, body});
  clients.clear();
  EXPECT_EQ(whole, static_cast<int>(kClients));
}

// Nobody reads; what is held for them all is the one body.
TEST(HttpServer, AnswersThatWaitToBeTakenShareTheirBody) {
  const auto body = std::make_shared<const std::string>(64u << 20, 'x');
  Polls polls;
  const auto server = listening(polls.keep());
  std::vector<RawClient> clients;
  for (int i = 0; i < 4; ++i) {
    clients.emplace_back(server->port());
    clients.back().send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  }
  polls.wait_for(4);
  for (const Respond& respond : polls.take()) respond({HttpResponse{200, {}, ""}, body});
  for (RawClient& client : clients) EXPECT_EQ(client.read(12), "HTTP/1.1 200");
  // Ours, and one of each connection, once the letters to them are thrown away.
  while (body.use_count() != 5) std::this_thread::yield();
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

// ---- Strangers

HttpServer::Handler echo_path() {
  return [](const ServedRequest& request, const Respond& respond) {
    respond({200, {}, request.path});
  };
}

// Counts the connections that were cut off, by why.
class CutOffs {
 public:
  std::function<void(const char*)> counting() {
    return [this](const char* why) {
      const std::lock_guard lock(mutex_);
      ++counts_[why];
      changed_.notify_all();
    };
  }
  void wait_for(const std::string& why, int count) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return counts_[why] >= count; });
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::map<std::string, int> counts_;
};

TEST(HttpServer, EndsAConnectionThatDoesNotShakeHands) {
  const TestIdentity identity = TestIdentity::make();
  CutOffs cut_offs;
  HttpServer::Options options;
  options.tls = [&] { return HttpServer::TlsIdentity{identity.chain_pem, identity.key_pem}; };
  options.times.handshake = 20ms;
  options.on_cut_off = cut_offs.counting();
  const auto server = listening(echo_path(), options);
  RawClient silent(server->port());
  RawClient slow(server->port());
  slow.send("\x16\x03\x01");
  EXPECT_EQ(silent.read_all(), "");
  EXPECT_EQ(slow.read_all(), "");
  cut_offs.wait_for("handshake", 2);
}

TEST(HttpServer, EndsAConnectionThatDoesNotSendItsRequest) {
  CutOffs cut_offs;
  HttpServer::Options options;
  options.times.request = 20ms;
  options.on_cut_off = cut_offs.counting();
  const auto server = listening(echo_path(), options);
  RawClient silent(server->port());
  RawClient head(server->port());
  head.send("GET / HTTP/1.1\r\nHost:");
  RawClient body(server->port());
  body.send("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nab");
  EXPECT_EQ(silent.read_all(), "");
  EXPECT_EQ(head.read_all(), "");
  EXPECT_EQ(body.read_all(), "");
  cut_offs.wait_for("request", 3);
}

TEST(HttpServer, EndsAConnectionThatAsksForNothingMore) {
  HttpServer::Options options;
  options.times.idle = 20ms;
  const auto server = listening(echo_path(), options);
  RawClient client(server->port());
  client.send("GET /a HTTP/1.1\r\nHost: x\r\n\r\n");
  EXPECT_THAT(client.read_all(), testing::EndsWith("\r\n\r\n/a")) << "and then the end";
}

TEST(HttpServer, EndsAConnectionThatDoesNotTakeItsAnswer) {
  CutOffs cut_offs;
  HttpServer::Options options;
  options.times.progress = 20ms;
  options.on_cut_off = cut_offs.counting();
  const auto server = listening(
      [](const ServedRequest&, const Respond& respond) {
        respond({200, {}, std::string(64u << 20, 'x')});
      },
      options);
  RawClient client(server->port());
  client.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
  cut_offs.wait_for("write", 1);
}

TEST(HttpServer, ServesANewcomerBesideHundredsOfIdleConnectionsFromOneAddress) {
  const TestIdentity identity = TestIdentity::make();
  CutOffs cut_offs;
  HttpServer::Options options;
  options.tls = [&] { return HttpServer::TlsIdentity{identity.chain_pem, identity.key_pem}; };
  options.per_origin_max = 8;
  options.on_cut_off = cut_offs.counting();
  const auto server = listening(echo_path(), options);
  std::vector<RawClient> idle;
  for (int i = 0; i < 300; ++i) idle.emplace_back(server->port());
  cut_offs.wait_for("made_room", 300 - 8);
  CurlOptions trust;
  trust.ca_pem = identity.ca_pem;
  const auto response = make_curl_transport(trust)->send(request_to(*server, "/a", "https"), {});
  ASSERT_TRUE(response) << response.error().message;
  EXPECT_EQ(response->body, "/a");
}

TEST(HttpServer, StrangersDoNotPushOutAPollThatWaits) {
  Polls polls;
  CutOffs cut_offs;
  HttpServer::Options options;
  options.connections_max = 4;
  options.on_cut_off = cut_offs.counting();
  const auto server = listening(polls.keep(), options);
  std::jthread poll([&] {
    const auto response = make_curl_transport({})->send(request_to(*server, "/poll"), {});
    ASSERT_TRUE(response) << response.error().message;
    EXPECT_EQ(response->body, "news");
  });
  polls.wait_for(1);
  std::vector<RawClient> strangers;
  for (int i = 0; i < 20; ++i) strangers.emplace_back(server->port());
  cut_offs.wait_for("made_room", 20 - 3);
  polls.take().front()({200, {}, "news"});
}

TEST(HttpServer, TurnsANewcomerAwayWhenAllPlacesAreBusy) {
  Polls polls;
  HttpServer::Options options;
  options.connections_max = 1;
  const auto server = listening(polls.keep(), options);
  RawClient busy(server->port());
  busy.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
  polls.wait_for(1);
  RawClient newcomer(server->port());
  EXPECT_EQ(newcomer.read_all(), "");
}

// Else whoever asks for what it does not get, and takes none of the refusals, would have a place
// that nobody can take from it.
TEST(HttpServer, AStrangerThatDoesNotTakeItsRefusalMakesRoom) {
  HttpServer::Options options;
  options.connections_max = 1;
  const auto server = listening(
      [](const ServedRequest& request, const Respond& respond) {
        if (request.path == "/a") return respond({200, {}, "a"});
        respond({401, {}, std::string(64u << 20, 'x')});
      },
      options);
  RawClient stranger(server->port());
  stranger.send("GET /secret HTTP/1.1\r\nHost: x\r\n\r\n");
  ASSERT_EQ(stranger.read(1), "H");
  RawClient newcomer(server->port());
  newcomer.send("GET /a HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
  EXPECT_THAT(newcomer.read_all(), HasSubstr("200 OK"));
}

TEST(HttpServer, HoldsSoMuchOfUnfinishedRequestsAndNoMore) {
  CutOffs cut_offs;
  HttpServer::Options options;
  options.held_bytes_max = 256 << 10;
  options.times.request = 60s;
  options.on_cut_off = cut_offs.counting();
  const auto server = listening(echo_path(), options);
  RawClient modest(server->port());
  modest.send("GET /a HTTP/1.1\r\nHost: x\r\n");
  const std::string most =
      "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 100001\r\n\r\n" + std::string(100'000, 'x');
  std::vector<RawClient> hoarders;
  for (int i = 0; i < 10; ++i) {
    hoarders.emplace_back(server->port());
    hoarders.back().send(most);
  }
  cut_offs.wait_for("memory", 10 - 2);
  modest.send("Connection: close\r\n\r\n");
  EXPECT_THAT(modest.read_all(), HasSubstr("200 OK"));
}

TEST(HttpServer, ForgetsAPollWhoseClientWentAway) {
  Polls polls;
  HttpServer::Options options;
  options.connections_max = 1;
  const auto server = listening(polls.keep(), options);
  for (std::size_t i = 1; i <= 3; ++i) {
    RawClient client;
    // Its place is free when the server has seen the one before go; until then it is turned away.
    for (bool is_served = false; !is_served;) {
      client = RawClient(server->port());
      client.send("GET / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nExpect: 100-continue\r\n\r\n");
      is_served = !client.read(1).empty();
    }
    client.send("a");
    polls.wait_for(i);
  }
}

// Newcomers that are accepted in one turn have not been read when the next one needs a place.
TEST(HttpServer, WhoHasAskedAlreadyIsNotEndedForTheNextNewcomer) {
  std::promise<void> comes;
  std::promise<void> may_go_on;
  Polls polls;
  HttpServer::Options options;
  options.connections_max = 2;
  const auto server = listening(
      [&, keep = polls.keep()](const ServedRequest& request, const Respond& respond) {
        if (request.path == "/slow") {
          comes.set_value();
          may_go_on.get_future().wait();
        }
        keep(request, respond);
      },
      options);
  RawClient slow(server->port());
  slow.send("GET /slow HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
  comes.get_future().wait();
  RawClient second(server->port());
  second.send("GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
  RawClient third(server->port());
  may_go_on.set_value();
  EXPECT_EQ(third.read_all(), "") << "both places are taken by requests";
  polls.wait_for(2);
  for (const Respond& respond : polls.take()) respond({200, {}, "served"});
  EXPECT_THAT(second.read_all(), HasSubstr("served"));
  EXPECT_THAT(slow.read_all(), HasSubstr("served"));
}

TEST(HttpServer, WithoutDescriptorsNewcomersWaitAndAreServedLater) {
  if (!::support::kMayBeWithoutDescriptors) GTEST_SKIP() << "UBSan needs descriptors";
  Polls polls;
  const auto server = listening(polls.keep());
  rlimit before{};
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &before), 0);
  std::vector<RawClient> clients(6);
  // The lowest number that is free: the server gets as many as there are from it to the limit.
  const base::Descriptor next(::dup(0));
  rlimit tight = before;
  tight.rlim_cur = static_cast<rlim_t>(next.get()) + 1 + 3;
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &tight), 0);
  for (RawClient& client : clients) {
    ASSERT_TRUE(client.connect(server->port()));
    client.send("GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    if (&client - clients.data() < 3)
      polls.wait_for(static_cast<std::size_t>(&client - clients.data()) + 1);
  }
  // Three are served, three wait in the kernel.
  for (const Respond& respond : polls.take()) respond({200, {}, "first"});
  std::vector<std::string> answers;
  for (std::size_t i = 0; i < 3; ++i) {
    answers.push_back(clients[i].read_all());
    clients[i].close();
  }
  polls.wait_for(3);
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &before), 0);
  EXPECT_THAT(answers, Each(HasSubstr("first")));
  for (const Respond& respond : polls.take()) respond({200, {}, "then"});
  for (std::size_t i = 3; i < clients.size(); ++i) {
    EXPECT_THAT(clients[i].read_all(), HasSubstr("then"));
  }
}

TEST(HttpServer, StopsAlthoughStrangersHoldConnections) {
  const TestIdentity identity = TestIdentity::make();
  HttpServer::Options options;
  options.tls = [&] { return HttpServer::TlsIdentity{identity.chain_pem, identity.key_pem}; };
  auto server = listening(echo_path(), options);
  std::vector<RawClient> strangers;
  for (int i = 0; i < 100; ++i) strangers.emplace_back(server->port());
  strangers.back().send("\x16\x03\x01");
  server.reset();
  for (RawClient& stranger : strangers) EXPECT_EQ(stranger.read_all(), "");
}

TEST(HttpServer, AnswersPipelinedRequestsInTheirOrder) {
  const auto server = listening(echo_path());
  RawClient client(server->port());
  client.send(
      "GET /1 HTTP/1.1\r\nHost: x\r\n\r\nGET /2 HTTP/1.1\r\nHost: x\r\n\r\n"
      "HEAD /3 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
  EXPECT_EQ(client.read_all(),
            "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n/1"
            "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n/2"
            "HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 2\r\n\r\n");
}

TEST(HttpServer, TellsAClientThatAsksWhetherItsBodyIsWantedToGoOn) {
  HttpServer::Options options;
  options.body_bytes_max = 4u << 20;
  const auto server = listening(
      [](const ServedRequest& request, const Respond& respond) {
        respond({200, {}, std::to_string(request.body.size())});
      },
      options);
  HttpRequest request = request_to(*server, "/");
  request.method = "POST";
  request.headers = {{"Expect", "100-continue"}};
  request.body.assign(3u << 20, 'x');
  const auto response = make_curl_transport({})->send(request, {});
  ASSERT_TRUE(response) << response.error().message;
  EXPECT_EQ(response->body, std::to_string(3u << 20));
}

TEST(HttpServer, BearsWhatIsNoHttpAtAll) {
  const auto server = listening(echo_path());
  for (const std::string& junk :
       {std::string("\n"), std::string("\x16\x03\x01\x02\0\n", 6),
        std::string("GET / HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n"), std::string(1u << 20, 'A'),
        std::string("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"), std::string(100'000, '\0')}) {
    RawClient client(server->port());
    client.send(junk);
    EXPECT_THAT(client.read_all(),
                testing::MatchesRegex("HTTP/1.1 [45](.|\n)*connection: close(.|\n)*"));
  }
  EXPECT_TRUE(make_curl_transport({})->send(request_to(*server, "/"), {}));
}

// ---- Addresses

// What the handler hears of a client that came to this literal.
std::string peer_at(const HttpServer& server, const std::string& host) {
  HttpRequest request;
  request.url = "http://" + host + ":" + std::to_string(server.port()) + "/";
  const auto response = make_curl_transport({})->send(request, {});
  return response ? response->body : response.error().message;
}

HttpServer::Handler echo_peer() {
  return [](const ServedRequest& request, const Respond& respond) {
    respond({200, {}, request.peer_address});
  };
}

bool has_ipv6() {
  HttpServer::Options options;
  options.address = "::1";
  return HttpServer::listen(options, echo_peer()).has_value();
}

TEST(HttpServer, EveryAddressMeansBothFamilies) {
  if (!has_ipv6()) GTEST_SKIP() << "this host has no address ::1";
  HttpServer::Options options;
  options.address = "::";
  const auto server = listening(echo_peer(), options);
  EXPECT_EQ(peer_at(*server, "127.0.0.1"), "127.0.0.1");
  EXPECT_EQ(peer_at(*server, "[::1]"), "::1");
}

TEST(HttpServer, EveryAddressMeansIPv4WhereTheKernelHasNoIPv6) {
  std::jthread([] {
    if (!support::live_without_address_family(AF_INET6)) {
      GTEST_SKIP() << "this kernel filters no system calls";
    }
    HttpServer::Options options;
    options.address = "::";
    const auto server = listening(echo_peer(), options);
    EXPECT_EQ(peer_at(*server, "127.0.0.1"), "127.0.0.1");
  }).join();
}

TEST(HttpServer, EveryAddressNeedsNoIPv4) {
  if (!has_ipv6()) GTEST_SKIP() << "this host has no address ::1";
  std::jthread([] {
    if (!support::live_without_address_family(AF_INET)) {
      GTEST_SKIP() << "this kernel filters no system calls";
    }
    HttpServer::Options options;
    options.address = "::";
    const auto server = listening(echo_peer(), options);
    EXPECT_EQ(peer_at(*server, "[::1]"), "::1");
  }).join();
}

}  // namespace
}  // namespace base
