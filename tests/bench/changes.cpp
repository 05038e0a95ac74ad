// What configurations that change without a pause do to what is under way: so many a second are put
// to work for a minute beside WebSockets that talk, streams of HTTP/2 that stay open and a large
// upload, while short requests come and go. Prints what failed, and what memory was held.
//
//   bench-changes [--seconds 60] [--changes 100] [--hosts 1000] [--websockets 200] [--streams 20]
//                 [--upload-mib 1024]
//
// Each change takes endpoints from a host that is asked, and the hosts and certificates of what is
// under way from the configuration, and gives them back with another. Clients and endpoints are in
// this process, too: what it has resident is theirs as well, and the proxy's own account stands
// beside it. Ends with 1 where anything failed, or where memory was not flat.
#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <fstream>
#include <iostream>
#include <map>
#include <memory>
#include <mutex>
#include <sstream>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <CLI/CLI.hpp>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "proxy/control/snapshot.h"
#include "proxy/net/socket.h"
#include "tests/proxy/support/http2_backend.h"
#include "tests/proxy/support/http2_client.h"
#include "tests/proxy/support/http_client.h"
#include "tests/proxy/support/running_engine.h"
#include "tests/proxy/support/scripted_backend.h"

namespace {

namespace config = proxy::config;

using proxy::support::Http2Backend;
using proxy::support::Http2Client;
using proxy::support::HttpClient;
using proxy::support::RunningEngine;
using proxy::support::ScriptedBackend;
using proxy::support::SeenRequest;
using proxy::support::SocketStream;
using std::chrono::duration_cast;
using std::chrono::microseconds;
using std::chrono::milliseconds;
using std::chrono::steady_clock;

struct Settings {
  int seconds = 60;
  int changes_per_second = 100;
  int hosts = 1'000;
  int websockets = 200;
  int streams = 20;
  std::uint64_t upload_mib = 1'024;
};

// For whatever is only slow: a bench beside a busy machine.
constexpr std::chrono::seconds kPatience{60};

// Of all threads.
class Failures {
 public:
  void note(const std::string& what) {
    const std::lock_guard lock(mutex_);
    ++counts_[what];
  }
  std::map<std::string, int> counts() const {
    const std::lock_guard lock(mutex_);
    return counts_;
  }

 private:
  mutable std::mutex mutex_;
  std::map<std::string, int> counts_;
};

// An endpoint that reads one request with so large a body and says so.
class Sink {
 public:
  explicit Sink(std::uint64_t size)
      : size_(size),
        listener_(proxy::net::listen_on(proxy::net::SocketAddress::from_ip("127.0.0.1", 0).value())
                      .value()),
        thread_([this] { run(); }) {}
  ~Sink() {
    ::shutdown(listener_.get(), SHUT_RDWR);
    thread_.join();
  }
  Sink(const Sink&) = delete;
  Sink& operator=(const Sink&) = delete;
  std::uint16_t port() const { return proxy::net::local_address(listener_.get()).port(); }

 private:
  void run() {
    pollfd wait{listener_.get(), POLLIN, 0};
    ::poll(&wait, 1, -1);
    proxy::net::Accepted accepted = proxy::net::accept_from(listener_.get());
    if (!accepted.fd.is_open()) return;
    SocketStream stream(std::move(accepted.fd));
    stream.be_patient_for(kPatience);
    std::string head;
    std::size_t end = std::string::npos;
    while ((end = head.find("\r\n\r\n")) == std::string::npos) {
      const std::string part = stream.receive();
      if (part.empty()) return;
      head += part;
    }
    std::uint64_t got = head.size() - end - 4;
    while (got < size_) {
      const std::string part = stream.receive();
      if (part.empty()) return;
      got += part.size();
    }
    stream.send(ScriptedBackend::ok(std::to_string(got)));
    stream.receive();  // the proxy's end
  }

  const std::uint64_t size_;
  proxy::net::Fd listener_;
  std::thread thread_;
};

bool answers(SocketStream& stream, const SeenRequest& /*request*/) {
  return stream.send(ScriptedBackend::ok("hello"));
}

Http2Backend::Reply answer_in_streams(const Http2Backend::Request& /*request*/) {
  return {};
}

bool echoes(SocketStream& stream, const SeenRequest& /*request*/) {
  if (!stream.send("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\n"
                   "Upgrade: websocket\r\n\r\n")) {
    return false;
  }
  stream.be_patient_for(kPatience);
  for (std::string part = stream.receive(); !part.empty(); part = stream.receive()) {
    if (!stream.send(part)) break;
  }
  return false;
}

// A proxy, its endpoints, and one state of its configuration after the other.
class World {
 public:
  explicit World(const Settings& settings) : sink_(settings.upload_mib << 20) {
    for (int i = 0; i < 4; ++i) pairs_.push_back(proxy::support::issue({"other.test"}));
    base_ = proxy::support::shop({one_.port(), two_.port()});
    for (int i = 0; i < settings.hosts; ++i) {
      base_.hosts["host-" + std::to_string(i) + ".test"] = base_.hosts.at("shop.test");
    }
    for (const char* name : {"shop.test", "stream.test", "upload.test"}) {
      proxy::support::add_certificate(base_, name, proxy::support::issue({name}));
    }
  }

  base::Status put_to_work(int number) {
    auto next =
        proxy::control::make_snapshot(state(number), std::to_string(number), snapshot_.get());
    auto status = proxy_.engine().publish(next);
    if (status) snapshot_ = std::move(next);
    return status;
  }
  RunningEngine& proxy() { return proxy_; }

 private:
  config::ProxyConfig state(int number) const {
    config::ProxyConfig config = base_;
    std::vector<std::uint16_t> ports{one_.port(), two_.port()};
    if (number % 3 == 1) ports.pop_back();
    if (number % 3 == 2) ports.erase(ports.begin());
    config.clusters["shop"] = proxy::support::shop(ports).clusters.at("shop");
    proxy::support::add_certificate(config, "other.test",
                                    pairs_[static_cast<std::size_t>(number) % pairs_.size()]);
    if (number % 4 == 3) return config;
    add_host(config, "echo", echo_.port(), false);
    add_host(config, "stream", streams_.port(), true);
    add_host(config, "upload", sink_.port(), false);
    return config;
  }
  static void add_host(config::ProxyConfig& config, const std::string& name, std::uint16_t port,
                       bool speaks_http2) {
    config::Cluster cluster;
    cluster.speaks_http2 = speaks_http2;
    cluster.endpoints.push_back({"127.0.0.1", port});
    config.clusters[name] = std::make_shared<config::Cluster>(cluster);
    config::VirtualHost host = *config.hosts.at("shop.test");
    host.routes.front().action = config::Forward{name};
    config.hosts[name + ".test"] = std::make_shared<config::VirtualHost>(host);
  }

  Sink sink_;
  ScriptedBackend one_{answers}, two_{answers}, echo_{echoes};
  Http2Backend streams_{answer_in_streams, {.echoes = true}};
  std::vector<config::Certificate> pairs_;
  config::ProxyConfig base_;
  std::shared_ptr<const proxy::control::Snapshot> snapshot_;
  RunningEngine proxy_{RunningEngine::quick(), 2};
};

// ---- What is under way

void talk(std::vector<HttpClient>& websockets, const std::atomic<bool>& stop, Failures& failures) {
  std::vector<bool> is_broken(websockets.size());
  while (!stop) {
    for (std::size_t i = 0; i < websockets.size() && !stop; ++i) {
      if (is_broken[i]) continue;
      std::this_thread::sleep_for(milliseconds(2));
      is_broken[i] = !websockets[i].send("ping") || websockets[i].read_bytes(4) != "ping";
      if (is_broken[i]) failures.note("a WebSocket ended");
    }
  }
}

std::vector<HttpClient> open_websockets(RunningEngine& proxy, int count, Failures& failures) {
  std::vector<HttpClient> websockets;
  for (int i = 0; i < count; ++i) {
    HttpClient client = HttpClient::connect(proxy.http());
    client.stream().be_patient_for(kPatience);
    client.send(
        "GET / HTTP/1.1\r\nHost: echo.test\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
        "Sec-WebSocket-Version: 13\r\n\r\n");
    if (client.read_answer().status == 101) {
      websockets.push_back(std::move(client));
    } else {
      failures.note("a WebSocket did not open");
    }
  }
  return websockets;
}

void keep_streams_open(RunningEngine& proxy, int count, const std::atomic<bool>& stop,
                       Failures& failures) {
  SocketStream tls = SocketStream::connect(proxy.https());
  tls.be_patient_for(kPatience);
  if (!tls.start_tls({"stream.test", "h2"}).empty()) {
    failures.note("the connection of the streams did not open");
    return;
  }
  Http2Client client(std::move(tls));
  std::vector<int> streams;
  for (int i = 0; i < count; ++i) {
    streams.push_back(client.request({{":method", "POST"},
                                      {":scheme", "https"},
                                      {":authority", "stream.test"},
                                      {":path", "/"},
                                      {"content-type", "application/grpc"},
                                      {"te", "trailers"}},
                                     "", true));
  }
  std::size_t said = 0;
  const auto all_came = [&](int stream) { return client.answer(stream).body.size() == said; };
  while (!stop && !client.is_over()) {
    for (const int stream : streams) client.say(stream, "word");
    said += 4;
    for (const int stream : streams) {
      client.read_until([&] { return all_came(stream) || client.answer(stream).is_closed(); });
    }
    std::this_thread::sleep_for(milliseconds(20));
  }
  for (const int stream : streams) client.say(stream, "", true);
  for (const int stream : streams) {
    const Http2Client::Answer& answer = client.wait(stream);
    if (!answer.ended || answer.body.size() != said) failures.note("a stream was cut off");
  }
}

void upload(RunningEngine& proxy, const Settings& settings, Failures& failures) {
  const std::uint64_t size = settings.upload_mib << 20;
  SocketStream tls = SocketStream::connect(proxy.https());
  tls.be_patient_for(kPatience);
  if (!tls.start_tls({"upload.test", ""}).empty()) {
    failures.note("the connection of the upload did not open");
    return;
  }
  HttpClient client(std::move(tls));
  client.send("POST / HTTP/1.1\r\nHost: upload.test\r\nContent-Length: " + std::to_string(size) +
              "\r\n\r\n");
  const std::string part(64u << 10, 'x');
  const auto begin = steady_clock::now();
  const double seconds_per_byte = settings.seconds / static_cast<double>(size);
  for (std::uint64_t sent = 0; sent < size; sent += part.size()) {
    const std::chrono::duration<double> due(seconds_per_byte * static_cast<double>(sent));
    std::this_thread::sleep_until(begin + duration_cast<steady_clock::duration>(due));
    if (!client.send(part)) break;  // the answer says why, or that there is none
  }
  const auto answer = client.read_answer();
  if (answer.status != 200 || answer.body != std::to_string(size)) {
    failures.note("the upload was answered " + std::to_string(answer.status));
  }
}

void ask(RunningEngine& proxy, bool stays, const std::atomic<bool>& stop,
         std::atomic<std::uint64_t>& asked, Failures& failures) {
  HttpClient client = HttpClient::connect(proxy.http());
  while (!stop) {
    if (!stays) client = HttpClient::connect(proxy.http());
    const int status = client.get("/").status;
    ++asked;
    if (status != 200) {
      failures.note("a request was answered " + std::to_string(status));
      client = HttpClient::connect(proxy.http());
    }
    std::this_thread::sleep_for(milliseconds(stays ? 1 : 5));  // ports of clients rest, too
  }
}

// ---- What is held

double resident_mb() {
  std::ifstream file("/proc/self/statm");
  std::uint64_t all = 0, resident = 0;
  file >> all >> resident;
  return static_cast<double>(resident) * static_cast<double>(::sysconf(_SC_PAGESIZE)) / 1e6;
}

// By the proxy's own account, of all kinds together.
double held_mb(RunningEngine& proxy) {
  std::istringstream lines(proxy.engine().metrics_text());
  double bytes = 0;
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with("gatehouse_proxy_memory_bytes{")) {
      bytes += std::stod(line.substr(line.rfind(' ') + 1));
    }
  }
  return bytes / 1e6;
}

struct Memory {
  double resident_mb = 0;
  double held_mb = 0;
};

// What may be more at the end than after the first sixth, when everything is under way. By its own
// account the proxy holds buffers: those of the upload come and go, and are 512 KiB at most on each
// of its sides, beside some KiB of each short request. Of the whole process, clients and endpoints
// with their threads among it, the C library's arenas vary by some MB. In a minute that tells of
// 175 bytes and of 3 KB that each change leaves behind; in the two seconds of the test, of 5 and 80
// KB.
constexpr Memory kMayGrow{.resident_mb = 16, .held_mb = 1};

void judge(const std::vector<Memory>& looks, Failures& failures) {
  if (looks.empty()) return;
  if (looks.back().held_mb > looks.front().held_mb + kMayGrow.held_mb) {
    failures.note("the proxy's own account has grown");
  }
  if (looks.back().resident_mb > looks.front().resident_mb + kMayGrow.resident_mb) {
    failures.note("what is resident has grown");
  }
}

int run(const Settings& settings) {
  Failures failures;
  World world(settings);
  if (const auto status = world.put_to_work(0); !status) {
    std::cerr << "bench-changes: " << status.error().message << "\n";
    return 2;
  }
  RunningEngine& proxy = world.proxy();
  auto websockets = open_websockets(proxy, settings.websockets, failures);
  std::atomic<bool> stop{false};
  std::atomic<std::uint64_t> asked{0};
  std::vector<std::thread> threads;
  threads.emplace_back([&] { talk(websockets, stop, failures); });
  threads.emplace_back([&] { keep_streams_open(proxy, settings.streams, stop, failures); });
  threads.emplace_back([&] { upload(proxy, settings, failures); });
  for (const bool stays : {true, false}) {
    threads.emplace_back([&, stays] { ask(proxy, stays, stop, asked, failures); });
  }

  const int changes = settings.seconds * settings.changes_per_second;
  const auto begin = steady_clock::now();
  steady_clock::duration slowest{0};
  std::vector<Memory> looks;
  std::printf("%8s %10s %14s %14s\n", "second", "changes", "resident, MB", "proxy's, MB");
  for (int number = 1; number <= changes; ++number) {
    std::this_thread::sleep_until(begin +
                                  microseconds(1'000'000) * number / settings.changes_per_second);
    const auto before = steady_clock::now();
    if (const auto status = world.put_to_work(number); !status) failures.note("a change failed");
    slowest = std::max(slowest, steady_clock::now() - before);
    if (number % std::max(1, changes / 6) == 0) {
      const std::chrono::duration<double> passed = steady_clock::now() - begin;
      looks.push_back({resident_mb(), held_mb(proxy)});
      std::printf("%8.1f %10d %14.1f %14.1f\n", passed.count(), number, looks.back().resident_mb,
                  looks.back().held_mb);
      std::fflush(stdout);
    }
  }
  stop = true;
  for (std::thread& thread : threads) thread.join();
  judge(looks, failures);

  std::printf("\nslowest change: %.1f ms until all workers had it\n",
              static_cast<double>(duration_cast<microseconds>(slowest).count()) / 1e3);
  std::printf("requests beside: %llu\n", static_cast<unsigned long long>(asked.load()));
  const auto counts = failures.counts();
  std::printf("%s\n", counts.empty() ? "nothing failed" : "failed:");
  for (const auto& [what, count] : counts) std::printf("  %d x %s\n", count, what.c_str());
  return counts.empty() ? 0 : 1;
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app("Configurations that change without a pause, beside what is under way.");
  Settings settings;
  const auto number = [&](const char* name, int& value, const char* what) {
    app.add_option(name, value, what)->capture_default_str()->check(CLI::Range(1, 100'000));
  };
  number("--seconds", settings.seconds, "how long");
  number("--changes", settings.changes_per_second, "configurations a second");
  number("--hosts", settings.hosts, "of the configuration that nobody asks for");
  number("--websockets", settings.websockets, "that talk");
  number("--streams", settings.streams, "of one HTTP/2 connection");
  app.add_option("--upload-mib", settings.upload_mib, "of one request, spread over that time")
      ->capture_default_str()
      ->check(CLI::Range(1, 1 << 20));
  CLI11_PARSE(app, argc, argv);
  return run(settings);
}
