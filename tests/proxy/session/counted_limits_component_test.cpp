// What clients and endpoints may take has limits, and each that is reached is counted by its
// reason.
//
// Not here, since their clients have to come while the loop is held still, or the process has no
// descriptor: OneWorker.RefusesThoseWhoSpeakLastWhenMoreHandshakesWaitThanCanBeMadeInTime and
// OneWorker.WithoutDescriptorsAcceptingPausesIsCountedEachTimeAndSaidOnce.
#include <functional>
#include <list>
#include <memory>
#include <string>
#include <string_view>

#include <gtest/gtest.h>
#include <nghttp2/nghttp2.h>

#include "tests/proxy/http2/frames.h"
#include "tests/proxy/support/http_client.h"
#include "tests/proxy/support/running_engine.h"
#include "tests/proxy/support/scripted_backend.h"
#include "tests/proxy/support/silent_ports.h"

namespace proxy::support {
namespace {

using std::chrono::milliseconds;

constexpr std::string_view kGet = "GET / HTTP/1.1\r\nHost: shop.test\r\n\r\n";
constexpr std::string_view kHeldGet = "GET /held HTTP/1.1\r\nHost: shop.test\r\n\r\n";
// More than any budget for what says nothing, and less than what sockets hold.
constexpr int kFlood = 5'000;

// A proxy and all who have to do with it, until one limit was reached.
class Scene {
 public:
  Scene(const session::Options& options, std::string metric)
      : metric_("gatehouse_proxy_" + std::move(metric)), proxy_(options) {
    config::ProxyConfig config = shop({backend_.port()});
    config::Cluster deaf;
    deaf.speaks_http2 = true;
    deaf.endpoints.push_back({"127.0.0.1", deaf_.port()});
    config.clusters["deaf"] = std::make_shared<config::Cluster>(deaf);
    config::VirtualHost host = *config.hosts.at("shop.test");
    host.routes[0].policies.change().body_bytes_max = 10;
    config.hosts["small.test"] = std::make_shared<config::VirtualHost>(host);
    host = *config.hosts.at("shop.test");
    host.routes[0].action = config::Forward{"deaf"};
    config.hosts["deaf.test"] = std::make_shared<config::VirtualHost>(host);
    for (const char* name : {"shop.test", "deaf.test"}) {
      add_certificate(config, name, issue({name}));
    }
    EXPECT_TRUE(proxy_.publish(config));
  }

  bool is_counted() const { return proxy_.metric(metric_) >= 1; }
  session::Engine& engine() { return proxy_.engine(); }

  // Another client, over HTTP/1.1, with these first words. It stays to the end.
  HttpClient& say(std::string_view bytes) {
    clients_.push_back(HttpClient::connect(proxy_.http()));
    clients_.back().send(bytes);
    return clients_.back();
  }
  // Another one, over TLS, that says this in place of its hello.
  void say_to_tls(std::string_view bytes) {
    streams_.push_back(SocketStream::connect(proxy_.https()));
    streams_.back().send(bytes);
  }
  // Another one, over HTTP/2, for this host. Whatever it is told, it takes nothing.
  void say_frames(const std::string& frames, const std::string& host = "deaf.test") {
    streams_.push_back(SocketStream::connect(proxy_.https()));
    EXPECT_EQ(streams_.back().start_tls({host, "h2"}), "");
    streams_.back().send(http2::preface() + frames);
  }
  // A request that its endpoint has and does not answer.
  void hold_request() {
    say(kHeldGet);
    EXPECT_TRUE(eventually([&] { return backend_.requests() == 1; }));
  }
  // Requests, each on a connection of its own, until it is counted.
  void ask_on() {
    EXPECT_TRUE(eventually([&] {
      HttpClient client = HttpClient::connect(proxy_.http());
      client.stream().be_patient_for(milliseconds(50));  // it may not be accepted
      client.get("/");
      return is_counted();
    }));
  }

 private:
  const std::string metric_;
  const DeafPort deaf_;
  ScriptedBackend backend_{[](SocketStream& stream, const SeenRequest& request) {
    if (request.path == "/held") {
      stream.receive();  // the proxy's end
      return false;
    }
    const std::size_t size = request.path == "/big" ? 64u << 20 : 1u;
    return stream.send(ScriptedBackend::ok(std::string(size, 'x')));
  }};
  RunningEngine proxy_;
  std::list<HttpClient> clients_;
  std::list<SocketStream> streams_;
};

std::string fields(std::string_view method_and_scheme, const std::string& host,
                   const std::string& path) {
  return std::string(method_and_scheme) + http2::field(":authority", host) +
         http2::field(":path", path);
}
std::string get(int stream, const std::string& host = "deaf.test", const std::string& path = "/") {
  return http2::headers(stream, fields("\x82\x87", host, path), http2::kWholeRequest);
}
// Its body is still to come.
std::string post(int stream) {
  return http2::headers(stream, fields("\x83\x87", "deaf.test", "/"), 0);
}

std::string many(const std::string& frame) {
  std::string frames;
  for (int i = 0; i < kFlood; ++i) frames += frame;
  return frames;
}
// Of so many streams, what one does.
std::string of_streams(int count, const std::function<std::string(int stream)>& one) {
  std::string frames;
  for (int i = 0; i < count; ++i) frames += one(2 * i + 1);
  return frames;
}

void send_body_slowly(Scene& scene) {
  HttpClient& client =
      scene.say("POST / HTTP/1.1\r\nHost: shop.test\r\nContent-Length: 100000\r\n\r\n");
  client.stream().be_patient_for(milliseconds(10));
  for (int i = 0; i < 500; ++i) {
    if (!client.send("x") || client.wait_for_bytes()) return;  // it was answered
  }
}

struct Limit {
  const char* what;
  const char* counter;
  const char* reason;
  void (*set)(session::Options& options);
  void (*reach)(Scene& scene);
  int tries = 1;
};

// For limits that a client reaches only if it says something in time: one that is held up itself
// reaches another limit.
constexpr int kTriesInTime = 3;

void leave(session::Options& /*options*/) {}
void body_idle_100ms(session::Options& options) {
  options.timeouts.body_idle = milliseconds(100);
}
void request_header_100ms(session::Options& options) {
  options.timeouts.request_header = milliseconds(100);
}
// In which a client also has to say the beginning of one.
void request_header_1s(session::Options& options) {
  options.timeouts.request_header = milliseconds(1'000);
}

constexpr const char* kAcceptPauses = "accept_pauses_total";
constexpr const char* kRefused = "connections_refused_total";
constexpr const char* kStalled = "connections_stalled_total";
constexpr const char* kHandshakes = "tls_handshake_failures_total";
constexpr const char* kHttp2 = "http2_connections_ended_total";
constexpr const char* kRefusals = "refusals_total";

const Limit kLimits[] = {
    {"connections in all", kAcceptPauses, "too_many_connections",
     [](session::Options& options) { options.connections_max = 1; },
     [](Scene& scene) {
       EXPECT_EQ(scene.say(kGet).read_answer().status, 200);
       scene.say(kGet);
     }},
    {"connections of one address", kRefused, "client_has_too_many",
     [](session::Options& options) { options.connections_per_client_max = 1; },
     [](Scene& scene) {
       EXPECT_EQ(scene.say(kGet).read_answer().status, 200);
       scene.say(kGet);
     }},
    {"streams at a time", kHttp2, "http2_too_many_streams", leave,
     [](Scene& scene) {
       scene.say_frames(of_streams(kFlood, [](int stream) { return get(stream); }));
     }},

    {"bytes of a request line", kRefusals, "request_line_too_long", leave,
     [](Scene& scene) { scene.say("GET /" + std::string(10'000, 'x') + " HTTP/1.1\r\n"); }},
    {"bytes of a head", kRefusals, "head_too_large", leave,
     [](Scene& scene) {
       scene.say("GET / HTTP/1.1\r\nHost: shop.test\r\nX: " + std::string(40'000, 'x'));
     }},
    {"fields of a head", kRefusals, "too_many_fields", leave,
     [](Scene& scene) {
       std::string head = "GET / HTTP/1.1\r\nHost: shop.test\r\n";
       for (int i = 0; i < 200; ++i) head += "A: b\r\n";
       scene.say(head + "\r\n");
     }},
    {"fields of a head over HTTP/2", kRefusals, "head_too_large", leave,
     [](Scene& scene) {
       std::string head = fields("\x82\x87", "deaf.test", "/");
       for (int i = 0; i < 500; ++i) head += http2::field("a", "b");
       scene.say_frames(http2::headers(1, head, http2::kWholeRequest));
     }},
    {"bytes of a body", kRefusals, "body_too_large", leave,
     [](Scene& scene) {
       scene.say("POST / HTTP/1.1\r\nHost: small.test\r\nContent-Length: 11\r\n\r\n");
     }},

    {"time until a head begins", kStalled, "request_header_timeout", request_header_100ms,
     [](Scene& scene) { scene.say(""); }},
    {"time until a head begins over HTTP/2", kStalled, "request_header_timeout",
     request_header_100ms, [](Scene& scene) { scene.say_frames(""); }},
    {"time for a head", kRefusals, "request_header_timeout", request_header_1s,
     [](Scene& scene) { scene.say("GET / HTTP/1.1\r\nHost: sh"); }, kTriesInTime},
    {"time for a head over HTTP/2", kRefusals, "request_header_timeout", request_header_1s,
     [](Scene& scene) { scene.say_frames(http2::frame(NGHTTP2_HEADERS, 0, 1, "\x82")); },
     kTriesInTime},
    {"time until more of a body comes", kRefusals, "request_body_timeout", body_idle_100ms,
     [](Scene& scene) {
       scene.say("POST / HTTP/1.1\r\nHost: shop.test\r\nContent-Length: 10\r\n\r\nbegin");
     }},
    {"time until more of a body comes over HTTP/2", kRefusals, "request_body_timeout",
     body_idle_100ms, [](Scene& scene) { scene.say_frames(post(1)); }},
    {"pace of a body", kRefusals, "request_body_too_slow",
     [](session::Options& options) { options.timeouts.body_idle = milliseconds(2'000); },
     send_body_slowly, kTriesInTime},
    {"time until more of a response is taken", kStalled, "client_send_timeout", body_idle_100ms,
     [](Scene& scene) { scene.say("GET /big HTTP/1.1\r\nHost: shop.test\r\n\r\n"); }},
    {"time until a window is opened", kRefusals, "client_send_timeout", body_idle_100ms,
     [](Scene& scene) { scene.say_frames(get(1, "shop.test", "/big"), "shop.test"); }},
    {"time for a TLS handshake", kHandshakes, "timeout",
     [](session::Options& options) { options.timeouts.handshake = milliseconds(100); },
     [](Scene& scene) { scene.say_to_tls("\x16\x03\x01"); }},

    {"resets by the client", kHttp2, "http2_reset_flood", leave,
     [](Scene& scene) {
       scene.say_frames(
           of_streams(kFlood, [](int stream) { return get(stream) + http2::reset(stream); }));
     }},
    {"resets that the proxy is made to send", kHttp2, "http2_reset_flood", leave,
     [](Scene& scene) {
       scene.say_frames(of_streams(kFlood, [](int stream) {
         return get(stream) + http2::window_update(stream, 0x7fff'ffff);
       }));
     }},
    {"CONTINUATION", kHttp2, "http2_frame_flood", leave,
     [](Scene& scene) {
       scene.say_frames(http2::frame(NGHTTP2_HEADERS, 0, 1, http2::kGetFields) +
                        many(http2::frame(NGHTTP2_CONTINUATION, 0, 1, http2::field("a", "b"))));
     }},
    {"PING", kHttp2, "http2_frame_flood", leave,
     [](Scene& scene) { scene.say_frames(many(http2::frame(NGHTTP2_PING, 0, 0, "12345678"))); }},
    {"SETTINGS", kHttp2, "http2_frame_flood", leave,
     [](Scene& scene) { scene.say_frames(many(http2::frame(NGHTTP2_SETTINGS, 0, 0, ""))); }},
    {"PRIORITY", kHttp2, "http2_frame_flood", leave,
     [](Scene& scene) {
       scene.say_frames(many(http2::frame(NGHTTP2_PRIORITY, 0, 3, {"\0\0\0\0\1", 5})));
     }},
    {"empty DATA", kHttp2, "http2_frame_flood", leave,
     [](Scene& scene) { scene.say_frames(post(1) + many(http2::frame(NGHTTP2_DATA, 0, 1, ""))); }},
    {"WINDOW_UPDATE", kHttp2, "http2_frame_flood", leave,
     [](Scene& scene) { scene.say_frames(many(http2::window_update(0, 1))); }},

    {"memory, for requests", kRefusals, "memory_pressure", leave,
     [](Scene& scene) {
       scene.engine().note_memory({.used = 920, .limit = 1'000});
       scene.ask_on();
     }},
    {"memory, for clients", kAcceptPauses, "no_memory", leave,
     [](Scene& scene) {
       scene.engine().note_memory({.used = 990, .limit = 1'000});
       scene.ask_on();
     }},
    {"descriptors for endpoints", kRefusals, "no_descriptors",
     [](session::Options& options) { options.endpoint_connections_max = 1; },
     [](Scene& scene) {
       scene.hold_request();
       scene.say(kGet);
     }},
    {"requests at one endpoint", kRefusals, "endpoints_busy",
     [](session::Options& options) { options.pools.requests_max = 1; },
     [](Scene& scene) {
       scene.hold_request();
       scene.say(kGet);
     }},
};

TEST(LimitsThatAreReached, AreCountedByTheirReason) {
  for (const Limit& limit : kLimits) {
    SCOPED_TRACE(limit.what);
    session::Options options = RunningEngine::quick();
    limit.set(options);
    Scene scene(options, std::string(limit.counter) + "{reason=\"" + limit.reason + "\"}");
    EXPECT_FALSE(scene.is_counted());
    bool is_counted = false;
    for (int i = 0; i < limit.tries && !is_counted; ++i) {
      limit.reach(scene);
      is_counted = eventually([&] { return scene.is_counted(); });
    }
    EXPECT_TRUE(is_counted);
  }
}

}  // namespace
}  // namespace proxy::support
