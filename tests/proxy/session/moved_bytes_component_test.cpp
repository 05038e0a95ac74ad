// What is plain on both sides and comes in bulk: it passes inside the kernel, unseen.
#include <algorithm>
#include <atomic>
#include <functional>
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <linux/sockios.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include "proxy/net/socket.h"
#include "tests/proxy/support/http_client.h"
#include "tests/proxy/support/patience.h"
#include "tests/proxy/support/running_engine.h"
#include "tests/proxy/support/scripted_backend.h"

namespace proxy::support {
namespace {

using ::testing::HasSubstr;

// More than all socket buffers on its way hold together.
constexpr std::size_t kTooMuch = 64u << 20;

// No two parts of it are alike, so that a part lost, doubled or out of place shows.
std::string body_of(std::size_t size) {
  static const std::string most = [] {
    std::string body(kTooMuch, '\0');
    std::uint32_t state = 1;
    for (char& c : body) c = static_cast<char>((state = state * 1664525 + 1013904223) >> 24);
    return body;
  }();
  return most.substr(0, size);
}

constexpr char kGet[] = "GET / HTTP/1.1\r\nHost: shop.test\r\n\r\n";
constexpr char kUpgrade[] =
    "GET /ws HTTP/1.1\r\nHost: shop.test\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n";
constexpr char kUpgraded[] =
    "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n";

std::string post_head(std::size_t size) {
  return "POST / HTTP/1.1\r\nHost: shop.test\r\nContent-Length: " + std::to_string(size) +
         "\r\n\r\n";
}

double moved(const RunningEngine& proxy) {
  return proxy.metric("gatehouse_proxy_moved_bytes_total");
}

// Bounds what the kernel holds for somebody who does not read.
void hold_little(const SocketStream& stream) {
  const int bytes = 1 << 20;
  ::setsockopt(stream.fd(), SOL_SOCKET, SO_RCVBUF, &bytes, sizeof bytes);
}

// True once nothing moves any more between one who sends without end and one who does not read:
// the sender's socket takes nothing, and neither its queue nor the reader's changes though the
// proxy's loop turns. The descriptors are ints, or atomic ones: -1 until they are known.
template <class Sender, class Reader>
bool comes_to_a_standstill(const RunningEngine& proxy, const Sender& sender_fd,
                           const Reader& reader_fd) {
  auto other_client = HttpClient::connect(proxy.http());
  int same = 0, queued_before = -1, waiting_before = -1;
  const auto stands_still = [&] {
    const int sender = sender_fd, reader = reader_fd;
    if (sender < 0 || reader < 0 || other_client.get("/", "nobody.test").status != 404) {
      return false;
    }
    pollfd wait{sender, POLLOUT, 0};
    int queued = 0, waiting = 0;
    const bool is_full = ::poll(&wait, 1, 0) == 0;
    ::ioctl(sender, SIOCOUTQ, &queued);
    ::ioctl(reader, FIONREAD, &waiting);
    same = is_full && queued == queued_before && waiting == waiting_before ? same + 1 : 0;
    queued_before = queued;
    waiting_before = waiting;
    return same == 20;
  };
  return eventually(stands_still);
}

// An endpoint that does with each of its connections as the test says, one after the other.
class RawEndpoint {
 public:
  explicit RawEndpoint(std::function<void(SocketStream&)> serve) {
    listener_ = net::listen_on(net::SocketAddress::from_ip("127.0.0.1", 0).value()).value();
    thread_ = std::thread([this, serve = std::move(serve)] {
      for (;;) {
        pollfd wait{listener_.get(), POLLIN, 0};
        ::poll(&wait, 1, -1);
        net::Fd fd(::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC));
        if (!fd.is_open()) return;
        SocketStream stream(std::move(fd));
        serve(stream);
      }
    });
  }
  ~RawEndpoint() {
    ::shutdown(listener_.get(), SHUT_RDWR);
    thread_.join();
  }
  std::uint16_t port() const { return net::local_address(listener_.get()).port(); }

 private:
  net::Fd listener_;
  std::thread thread_;
};

void read_head(SocketStream& stream) {
  std::string end;
  char byte = 0;
  while (!end.ends_with("\r\n\r\n") && ::recv(stream.fd(), &byte, 1, 0) == 1) end += byte;
}

std::string read_exactly(SocketStream& stream, std::size_t size) {
  std::string got;
  while (got.size() < size) {
    char part[65536];
    const ssize_t bytes = ::recv(stream.fd(), part, std::min(sizeof part, size - got.size()), 0);
    if (bytes <= 0) break;
    got.append(part, static_cast<std::size_t>(bytes));
  }
  return got;
}

// ---- Responses

TEST(MovedResponse, ArrivesWholeAndBothConnectionsServeTheNextRequest) {
  std::string body = body_of(1);  // what takes its time is done before anybody waits
  ScriptedBackend backend([&](SocketStream& stream, const SeenRequest& request) {
    return stream.send(ScriptedBackend::ok(request.path == "/small" ? "small" : body));
  });
  RunningEngine proxy;
  ASSERT_TRUE(proxy.publish(shop({backend.port()})));
  auto client = HttpClient::connect(proxy.http());
  EXPECT_EQ(client.get("/small").body, "small");
  EXPECT_EQ(moved(proxy), 0);
  for (const std::size_t size : {(64u << 10) - 1, 64u << 10, 70'001u, 1u << 20, 16u << 20}) {
    body = body_of(size);
    const HttpAnswer answer = client.get("/");
    EXPECT_TRUE(answer.complete) << size;
    EXPECT_TRUE(answer.body == body) << size;
    EXPECT_EQ(client.get("/small").body, "small");
  }
  EXPECT_EQ(backend.connections(), 1);
  EXPECT_GT(moved(proxy), 4u << 20);
  EXPECT_THAT(proxy.access_log(11), HasSubstr(std::to_string(16u << 20)));
}

TEST(MovedResponse, PipelinedAnswersDoNotMix) {
  const std::string body = body_of(1u << 20);
  ScriptedBackend backend([&](SocketStream& stream, const SeenRequest& request) {
    return stream.send(ScriptedBackend::ok(body + request.path));
  });
  RunningEngine proxy;
  ASSERT_TRUE(proxy.publish(shop({backend.port()})));
  auto client = HttpClient::connect(proxy.http());
  std::string requests;
  for (int i = 0; i < 8; ++i) {
    requests += "GET /" + std::to_string(i) + " HTTP/1.1\r\nHost: shop.test\r\n\r\n";
  }
  client.send(requests);
  for (int i = 0; i < 8; ++i) {
    EXPECT_TRUE(client.read_answer().body == body + "/" + std::to_string(i)) << i;
  }
}

TEST(MovedResponse, BytesBehindItsEndReachNobodyAndEndTheConnection) {
  const std::string body = body_of(8u << 20);
  ScriptedBackend backend([&](SocketStream& stream, const SeenRequest& request) {
    if (request.path == "/small") return stream.send(ScriptedBackend::ok("small"));
    return stream.send(ScriptedBackend::ok(body) + ScriptedBackend::ok("nobody asked"));
  });
  RunningEngine proxy;
  ASSERT_TRUE(proxy.publish(shop({backend.port()})));
  auto client = HttpClient::connect(proxy.http());
  EXPECT_TRUE(client.get("/").body == body);
  EXPECT_EQ(client.get("/small").body, "small");
  EXPECT_EQ(backend.connections(), 2);
}

TEST(MovedResponse, ASlowReaderGetsItAllAndHoldsItsEndpointBack) {
  const std::string body = body_of(kTooMuch);
  std::atomic<int> sender{-1};
  std::atomic<bool> sent_all{false};
  ScriptedBackend backend([&](SocketStream& stream, const SeenRequest&) {
    stream.be_patient_for(kPatience);
    sender = stream.fd();
    sent_all = stream.send(ScriptedBackend::ok(body));
    return true;
  });
  RunningEngine proxy;
  ASSERT_TRUE(proxy.publish(shop({backend.port()})));
  auto client = HttpClient::connect(proxy.http());
  hold_little(client.stream());
  client.send(kGet);
  ASSERT_TRUE(comes_to_a_standstill(proxy, sender, client.stream().fd()));
  EXPECT_FALSE(sent_all);
  const HttpAnswer answer = client.read_answer();
  EXPECT_TRUE(answer.complete);
  EXPECT_TRUE(answer.body == body);
  EXPECT_GT(moved(proxy), 0);
}

TEST(MovedResponse, AReaderThatStopsForGoodIsClosed) {
  const std::string response = ScriptedBackend::ok(body_of(kTooMuch));
  ScriptedBackend backend(
      [&](SocketStream& stream, const SeenRequest&) { return stream.send(response); });
  session::Options options = RunningEngine::quick();
  options.timeouts.body_idle = std::chrono::milliseconds(300);
  RunningEngine proxy(options);
  ASSERT_TRUE(proxy.publish(shop({backend.port()})));
  auto client = HttpClient::connect(proxy.http());
  hold_little(client.stream());
  client.send(kGet);
  EXPECT_THAT(proxy.access_log(), HasSubstr("client_send_timeout"));
  EXPECT_TRUE(eventually([&] { return backend.open_connections() == 0; }));
}

TEST(MovedResponse, AnEndpointThatDiesInTheMiddleLeavesItUnfinished) {
  const std::string part = body_of(16u << 20);
  ScriptedBackend backend([&](SocketStream& stream, const SeenRequest& request) {
    if (request.path == "/small") return stream.send(ScriptedBackend::ok("small"));
    stream.send("HTTP/1.1 200 OK\r\nContent-Length: 52428800\r\n\r\n" + part);
    if (request.path == "/reset") stream.reset();
    return false;
  });
  RunningEngine proxy;
  ASSERT_TRUE(proxy.publish(shop({backend.port()})));
  for (const char* path : {"/close", "/reset"}) {
    auto client = HttpClient::connect(proxy.http());
    const HttpAnswer answer = client.get(path);
    EXPECT_EQ(answer.status, 200) << path;
    EXPECT_FALSE(answer.complete) << path;
    EXPECT_EQ(part.compare(0, answer.body.size(), answer.body), 0) << path;
  }
  EXPECT_GT(moved(proxy), 0);
  EXPECT_THAT(proxy.access_log(2), HasSubstr("truncated_response"));
  EXPECT_EQ(HttpClient::connect(proxy.http()).get("/small").body, "small");
}

TEST(MovedResponse, AClientThatLeavesInTheMiddleEndsItAndLosesNoPipe) {
  const std::string response = ScriptedBackend::ok(body_of(kTooMuch));
  const std::string part = body_of(4u << 20);
  std::atomic<int> sender{-1};
  ScriptedBackend backend([&](SocketStream& stream, const SeenRequest& request) {
    if (request.path == "/small") return stream.send(ScriptedBackend::ok("small"));
    if (request.path == "/part") return stream.send(ScriptedBackend::ok(part));
    stream.be_patient_for(kPatience);
    sender = stream.fd();
    return stream.send(response);
  });
  session::Options options = RunningEngine::quick();
  options.pipes_max = 1;
  RunningEngine proxy(options);
  ASSERT_TRUE(proxy.publish(shop({backend.port()})));
  for (int i = 0; i < 3; ++i) {
    const double before = moved(proxy);
    auto client = HttpClient::connect(proxy.http());
    hold_little(client.stream());
    client.send(kGet);
    ASSERT_TRUE(comes_to_a_standstill(proxy, sender, client.stream().fd()));
    EXPECT_GT(moved(proxy), before) << i;  // the only pipe came back
    sender = -1;
    client.stream().reset();
    EXPECT_TRUE(eventually([&] { return backend.open_connections() == 0; }));
  }
  auto client = HttpClient::connect(proxy.http());
  EXPECT_TRUE(client.get("/part").body == part);
  EXPECT_EQ(client.get("/small").body, "small");
}

TEST(MovedResponse, IsCopiedWhileOthersHoldThePipes) {
  const std::string body = body_of(kTooMuch);
  const std::string part = body_of(4u << 20);
  std::atomic<int> sender{-1};
  ScriptedBackend backend([&](SocketStream& stream, const SeenRequest& request) {
    stream.be_patient_for(kPatience);
    if (request.path != "/slow") return stream.send(ScriptedBackend::ok(part));
    sender = stream.fd();
    return stream.send(ScriptedBackend::ok(body));
  });
  session::Options options = RunningEngine::quick();
  options.pipes_max = 1;
  RunningEngine proxy(options);
  ASSERT_TRUE(proxy.publish(shop({backend.port()})));
  auto slow = HttpClient::connect(proxy.http());
  hold_little(slow.stream());
  slow.send("GET /slow HTTP/1.1\r\nHost: shop.test\r\n\r\n");
  ASSERT_TRUE(comes_to_a_standstill(proxy, sender, slow.stream().fd()));
  const double before = moved(proxy);
  EXPECT_GT(before, 0);
  EXPECT_TRUE(HttpClient::connect(proxy.http()).get("/").body == part);
  EXPECT_EQ(moved(proxy), before);
  EXPECT_TRUE(slow.read_answer().body == body);
  EXPECT_GT(moved(proxy), before);
}

TEST(MovedResponse, WithoutPipesOrWithChunksAllIsCopied) {
  const std::string body = body_of(16u << 20);
  ScriptedBackend backend([&](SocketStream& stream, const SeenRequest& request) {
    if (request.path == "/") return stream.send(ScriptedBackend::ok(body));
    stream.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1000000\r\n");
    return stream.send(body + "\r\n0\r\n\r\n");
  });
  session::Options options = RunningEngine::quick();
  options.pipes_max = 0;
  RunningEngine without(options), with;
  ASSERT_TRUE(without.publish(shop({backend.port()})));
  ASSERT_TRUE(with.publish(shop({backend.port()})));
  EXPECT_TRUE(HttpClient::connect(without.http()).get("/").body == body);
  EXPECT_EQ(moved(without), 0);
  EXPECT_TRUE(HttpClient::connect(with.http()).get("/chunked").body == body);
  EXPECT_EQ(moved(with), 0);
}

// ---- Requests

TEST(MovedRequest, ArrivesWholeAndBothConnectionsServeTheNextRequest) {
  ScriptedBackend backend([&](SocketStream& stream, const SeenRequest& request) {
    return stream.send(ScriptedBackend::ok(std::to_string(request.body.size())));
  });
  RunningEngine proxy;
  ASSERT_TRUE(proxy.publish(shop({backend.port()})));
  auto client = HttpClient::connect(proxy.http());
  for (const std::size_t size : {(64u << 10) - 1, 64u << 10, 70'001u, 1u << 20, 16u << 20}) {
    const std::string body = body_of(size);
    // What comes right behind it is another request.
    ASSERT_TRUE(client.send(post_head(size) + body + kGet));
    EXPECT_EQ(client.read_answer().body, std::to_string(size));
    EXPECT_EQ(client.read_answer().body, "0");
    ASSERT_TRUE(client.send(post_head(size) + body));
    EXPECT_EQ(client.read_answer().body, std::to_string(size));
    EXPECT_TRUE(backend.last().body == body) << size;
  }
  EXPECT_EQ(backend.connections(), 1);
  EXPECT_GT(moved(proxy), 4u << 20);
}

TEST(MovedRequest, ASlowEndpointGetsItAllAndHoldsItsClientBack) {
  const std::string body = body_of(kTooMuch);
  std::atomic<int> reader{-1};
  std::atomic<bool> go{false}, sent_all{false}, is_right{false};
  RawEndpoint endpoint([&](SocketStream& stream) {
    hold_little(stream);
    reader = stream.fd();
    eventually([&] { return go.load(); });
    read_head(stream);
    is_right = read_exactly(stream, body.size()) == body;
    stream.send(ScriptedBackend::ok("thanks"));
  });
  RunningEngine proxy;
  ASSERT_TRUE(proxy.publish(shop({endpoint.port()})));
  auto client = HttpClient::connect(proxy.http());
  client.stream().be_patient_for(kPatience);
  std::thread sending([&] { sent_all = client.send(post_head(body.size()) + body); });
  EXPECT_TRUE(comes_to_a_standstill(proxy, client.stream().fd(), reader));
  EXPECT_FALSE(sent_all);
  go = true;
  sending.join();
  EXPECT_EQ(client.read_answer().body, "thanks");
  EXPECT_TRUE(is_right);
  EXPECT_GT(moved(proxy), 0);
}

TEST(MovedRequest, AnEndpointThatDiesInTheMiddleIs502AndNotAskedAgain) {
  const std::string body = body_of(kTooMuch);
  std::atomic<int> connections{0};
  RawEndpoint endpoint([&](SocketStream& stream) {
    ++connections;
    read_head(stream);
    read_exactly(stream, 16u << 20);
    stream.reset();
  });
  RunningEngine proxy;
  ASSERT_TRUE(proxy.publish(shop({endpoint.port()})));
  auto client = HttpClient::connect(proxy.http());
  std::thread sending([&] { client.send("PUT" + post_head(body.size()).substr(4) + body); });
  EXPECT_EQ(client.read_answer().status, 502);
  sending.join();
  EXPECT_EQ(connections, 1);
  EXPECT_GT(moved(proxy), 0);
  EXPECT_THAT(proxy.access_log(), HasSubstr("closed_early"));
}

TEST(MovedRequest, AnAnswerBeforeItsEndReachesTheClient) {
  const std::string body = body_of(kTooMuch);
  RawEndpoint endpoint([&](SocketStream& stream) {
    read_head(stream);
    read_exactly(stream, 16u << 20);
    stream.send("HTTP/1.1 413 Too Large\r\nContent-Length: 6\r\n\r\nenough");
    stream.finish_sending();
    stream.receive_all();
  });
  RunningEngine proxy;
  ASSERT_TRUE(proxy.publish(shop({endpoint.port()})));
  auto client = HttpClient::connect(proxy.http());
  std::thread sending([&] { client.send(post_head(body.size()) + body); });
  const HttpAnswer answer = client.read_answer();
  EXPECT_EQ(answer.status, 413);
  EXPECT_EQ(answer.body, "enough");
  sending.join();
  EXPECT_GT(moved(proxy), 0);
}

TEST(MovedRequest, AClientThatLeavesInTheMiddleLeavesItUnfinished) {
  const std::string part = body_of(16u << 20);
  std::atomic<int> unfinished{0};
  RawEndpoint endpoint([&](SocketStream& stream) {
    read_head(stream);
    const std::string got = stream.receive_all();
    if (got == part.substr(0, got.size())) ++unfinished;
  });
  session::Options options = RunningEngine::quick();
  options.pipes_max = 1;
  RunningEngine proxy(options);
  ASSERT_TRUE(proxy.publish(shop({endpoint.port()})));
  for (int i = 1; i <= 4; ++i) {
    const double before = moved(proxy);
    auto client = HttpClient::connect(proxy.http());
    ASSERT_TRUE(client.send(post_head(kTooMuch) + part));
    if (i % 2 == 0) {
      client.stream().reset();
    } else {
      client.stream().close();
    }
    EXPECT_TRUE(eventually([&] { return unfinished == i; })) << i;
    EXPECT_GT(moved(proxy), before) << i;  // the only pipe came back
  }
}

TEST(MovedRequest, WithoutPipesItIsCopied) {
  ScriptedBackend backend([&](SocketStream& stream, const SeenRequest& request) {
    return stream.send(ScriptedBackend::ok(std::to_string(request.body.size())));
  });
  session::Options options = RunningEngine::quick();
  options.pipes_max = 0;
  RunningEngine proxy(options);
  ASSERT_TRUE(proxy.publish(shop({backend.port()})));
  auto client = HttpClient::connect(proxy.http());
  const std::string body = body_of(16u << 20);
  ASSERT_TRUE(client.send(post_head(body.size()) + body));
  EXPECT_EQ(client.read_answer().status, 200);
  EXPECT_TRUE(backend.last().body == body);
  EXPECT_EQ(moved(proxy), 0);
}

// ---- Tunnels

TEST(MovedTunnel, BulkPassesBothWaysAtOnceAndSmallMessagesBetween) {
  const std::string up = body_of(24u << 20);
  const std::string down(up.rbegin(), up.rend());
  std::atomic<bool> is_right{false};
  ScriptedBackend backend([&](SocketStream& stream, const SeenRequest&) {
    stream.send(kUpgraded);
    for (int i = 0; i < 3; ++i) {
      std::thread sending([&] { stream.send(down); });
      is_right = read_exactly(stream, up.size()) == up;
      sending.join();
      if (!is_right || read_exactly(stream, 5) != "small") return false;
      stream.send("answer");
    }
    return false;
  });
  RunningEngine proxy;
  ASSERT_TRUE(proxy.publish(shop({backend.port()})));
  auto client = HttpClient::connect(proxy.http());
  client.send(kUpgrade);
  ASSERT_EQ(client.read_answer().status, 101);
  for (int i = 0; i < 3; ++i) {
    std::thread sending([&] { client.send(up); });
    const std::string got = client.read_bytes(down.size());
    sending.join();
    ASSERT_TRUE(got == down) << i;
    client.send("small");
    ASSERT_EQ(client.read_bytes(6), "answer") << i;
  }
  EXPECT_TRUE(is_right);
  EXPECT_TRUE(client.stream().at_end());
  EXPECT_GT(moved(proxy), 0);
  const std::string size = std::to_string(3 * (up.size() + 5));
  EXPECT_THAT(proxy.access_log(), HasSubstr(size));
}

TEST(MovedTunnel, WhatIsOnItsWayArrivesBeforeTheEnd) {
  const std::string bulk = body_of(24u << 20);
  std::atomic<int> arrived{0};
  ScriptedBackend backend([&](SocketStream& stream, const SeenRequest& request) {
    stream.send(kUpgraded);
    if (request.path == "/sends") return stream.send(bulk) && false;
    if (stream.receive_all() == bulk) ++arrived;
    return false;
  });
  RunningEngine proxy;
  ASSERT_TRUE(proxy.publish(shop({backend.port()})));
  std::string upgrade = kUpgrade;
  upgrade.replace(upgrade.find("/ws"), 3, "/sends");
  auto reading = HttpClient::connect(proxy.http());
  reading.send(upgrade);
  ASSERT_EQ(reading.read_answer().status, 101);
  EXPECT_TRUE(reading.read_bytes(bulk.size()) == bulk);
  EXPECT_TRUE(reading.stream().at_end());

  auto writing = HttpClient::connect(proxy.http());
  writing.send(kUpgrade);
  ASSERT_EQ(writing.read_answer().status, 101);
  writing.send(bulk);
  writing.stream().finish_sending();
  EXPECT_TRUE(writing.stream().at_end());
  EXPECT_EQ(arrived, 1);
  EXPECT_GT(moved(proxy), 0);
}

TEST(MovedTunnel, ASideThatDoesNotReadHoldsTheOtherBack) {
  const std::string bulk = body_of(kTooMuch);
  std::atomic<int> fd{-1};
  std::atomic<bool> go{false}, sent_all{false}, is_right{false};
  ScriptedBackend backend([&](SocketStream& stream, const SeenRequest& request) {
    stream.be_patient_for(kPatience);
    hold_little(stream);
    stream.send(kUpgraded);
    fd = stream.fd();
    if (request.path == "/sends") {
      sent_all = stream.send(bulk);
    } else {
      eventually([&] { return go.load(); });
      is_right = read_exactly(stream, bulk.size()) == bulk;
      stream.send("all");
    }
    return false;
  });
  RunningEngine proxy;
  ASSERT_TRUE(proxy.publish(shop({backend.port()})));
  std::string upgrade = kUpgrade;
  upgrade.replace(upgrade.find("/ws"), 3, "/sends");
  auto reading = HttpClient::connect(proxy.http());
  hold_little(reading.stream());
  reading.send(upgrade);
  ASSERT_TRUE(comes_to_a_standstill(proxy, fd, reading.stream().fd()));
  EXPECT_FALSE(sent_all);
  ASSERT_EQ(reading.read_answer().status, 101);
  EXPECT_TRUE(reading.read_bytes(bulk.size()) == bulk);

  fd = -1;
  sent_all = false;
  auto writing = HttpClient::connect(proxy.http());
  writing.stream().be_patient_for(kPatience);
  writing.send(kUpgrade);
  ASSERT_EQ(writing.read_answer().status, 101);
  std::thread sending([&] { sent_all = writing.send(bulk); });
  EXPECT_TRUE(comes_to_a_standstill(proxy, writing.stream().fd(), fd));
  EXPECT_FALSE(sent_all);
  go = true;
  sending.join();
  EXPECT_EQ(writing.read_bytes(3), "all");
  EXPECT_TRUE(is_right);
}

TEST(MovedTunnel, ASideThatDiesEndsTheOther) {
  const std::string bulk = body_of(kTooMuch);
  std::atomic<int> fd{-1};
  std::atomic<int> refused{0};
  ScriptedBackend backend([&](SocketStream& stream, const SeenRequest& request) {
    stream.send(kUpgraded);
    if (request.path == "/dies") {
      read_exactly(stream, 16u << 20);
      stream.reset();
      return false;
    }
    fd = stream.fd();
    if (!stream.send(bulk)) ++refused;
    return false;
  });
  session::Options options = RunningEngine::quick();
  options.pipes_max = 2;
  RunningEngine proxy(options);
  ASSERT_TRUE(proxy.publish(shop({backend.port()})));
  for (int i = 1; i <= 3; ++i) {
    fd = -1;
    auto client = HttpClient::connect(proxy.http());
    hold_little(client.stream());
    client.send(kUpgrade);
    ASSERT_EQ(client.read_answer().status, 101);
    ASSERT_TRUE(comes_to_a_standstill(proxy, fd, client.stream().fd()));
    client.stream().reset();
    EXPECT_TRUE(eventually([&] { return refused == i; }));
  }
  std::string upgrade = kUpgrade;
  upgrade.replace(upgrade.find("/ws"), 3, "/dies");
  for (int i = 0; i < 3; ++i) {
    auto client = HttpClient::connect(proxy.http());
    const double before = moved(proxy);
    client.send(upgrade);
    ASSERT_EQ(client.read_answer().status, 101);
    EXPECT_FALSE(client.send(bulk));
    EXPECT_GT(moved(proxy), before);  // the pipes came back
  }
  EXPECT_TRUE(eventually([&] { return backend.open_connections() == 0; }));
}

}  // namespace
}  // namespace proxy::support
