// gatehouse-proxy: wiring only. What the flags mean is told to the parts; the parts do the work.
//
// Exit statuses: 0 stopped by a signal; 2 a flag, file or port cannot be used, with one sentence
// about it.
#include <array>
#include <climits>
#include <csignal>
#include <fstream>
#include <iostream>
#include <optional>
#include <thread>

#include <CLI/CLI.hpp>
#include <spdlog/spdlog.h>
#include <unistd.h>

#include "base/curl_transport.h"
#include "base/log.h"
#include "proxy/admin/access_log.h"
#include "proxy/admin/admin_server.h"
#include "proxy/admin/span_export.h"
#include "proxy/control/control_client.h"
#include "proxy/control/file_source.h"
#include "proxy/control/snapshot_keeper.h"
#include "proxy/net/socket.h"
#include "proxy/session/engine.h"
#include "proxy/session/memory_watch.h"

namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

struct Flags {
  std::string http_address = ":80";
  std::string https_address = ":443";
  std::string admin_address = ":9090";
  std::uint16_t public_http_port = 0;
  std::uint16_t public_https_port = 0;
  std::vector<std::string> trusted_proxies;
  std::vector<std::string> trusted_proxy_fields;
  bool proxy_protocol = false;
  std::string direct_http_address = "off";
  std::string direct_https_address = "off";
  std::string ports_file;
  std::string config_file;
  proxy::control::ControlOptions control;
  proxy::control::SnapshotFileOptions snapshot;
  double snapshot_age_max = 3600;
  std::string log_format = "text";
  std::string log_level = "info";
  std::string access_log = "on";
  std::string otlp_traces_url;
  bool allow_trace = false;
  bool share_ports = false;
  std::string tls_records = "openssl";
  std::size_t workers = std::max(1u, std::thread::hardware_concurrency());
  std::size_t connections_max = 100'000;
  std::size_t connections_per_client_max = 0;
  std::uint64_t memory_limit = 0;
  std::size_t requests_per_endpoint_max = 0;
  std::size_t connections_per_endpoint_max = 0;
  unsigned eject_after = proxy::upstream::Ejection::Rules().failures_max;
  bool eject_on_server_errors = false;
  double slow_start = 0;
  std::string zone;
  double handshake_timeout = 10;
  double header_timeout = 15;
  double keep_alive_timeout = 75;
  double body_timeout = 60;
  double tunnel_timeout = 3600;
  double upstream_idle_timeout = 30;
  std::size_t upstream_idle_max = 512;
  // Together less than the 30 s that Kubernetes gives a Pod unless told otherwise.
  double drain_grace = 8;
  double drain_timeout = 20;
};

std::string host_name() {
  std::array<char, HOST_NAME_MAX + 1> name{};
  return ::gethostname(name.data(), name.size() - 1) == 0 ? name.data() : "";
}

// As the names of Pods (RFC 1123 §2.1) and hosts are. Empty: it is one.
std::string is_name(const std::string& text) {
  const bool fits = !text.empty() && text.size() <= 253 &&
                    text.find_first_not_of(
                        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                        "0123456789.-_") == std::string::npos;
  return fits ? "" : "'" + text + "' is not a name: up to 253 letters, digits, '.', '-' and '_'";
}

// Empty: it is one.
std::string is_http_url(const std::string& text) {
  const bool begins_well = text.starts_with("http://") || text.starts_with("https://");
  return begins_well && text.size() > text.find("//") + 2
             ? ""
             : "'" + text + "' is not a URL of http or https";
}

void describe(CLI::App& app, Flags& flags) {
  app.description(
      "The data plane of Gatehouse: terminates TLS, routes HTTP/1.1 and HTTP/2 requests by host "
      "and "
      "path,\nand forwards them to endpoints. It is told what to serve either by the operator "
      "(--control-url)\nor by a file (--config). SIGTERM stops it gracefully; a second one at "
      "once.");
  const char* listen = "Listening";
  app.add_option("--http-address", flags.http_address,
                 "Where plain HTTP is served: IP:PORT, [IPv6]:PORT or :PORT; \"off\" for nowhere. "
                 "Port 0 picks a free one")
      ->capture_default_str()
      ->group(listen);
  app.add_option("--https-address", flags.https_address, "Where HTTPS is served, likewise")
      ->capture_default_str()
      ->group(listen);
  app.add_option("--admin-address", flags.admin_address,
                 "Where /livez, /readyz and /metrics are served")
      ->capture_default_str()
      ->group(listen);
  app.add_option("--public-http-port", flags.public_http_port,
                 "The port that clients come to for HTTP, when it is not the one listened on")
      ->group(listen);
  app.add_option("--public-https-port", flags.public_https_port,
                 "The same for HTTPS; redirects to https name it")
      ->group(listen);
  app.add_option("--trusted-proxies", flags.trusted_proxies,
                 "Load balancers in front, as CIDR,CIDR,...: what they say about their client "
                 "(X-Forwarded-For, -Proto, -Host, -Port, Forwarded, X-Real-IP) counts. From all "
                 "others it is dropped, but for those that the configuration names")
      ->delimiter(',')
      ->group(listen);
  app.add_option("--trusted-proxy-fields", flags.trusted_proxy_fields,
                 "Fields that say who the user is, what a certificate said or which path is meant "
                 "(X-Auth-Request-User, Ssl-Client-Verify, X-Original-URL and their kin) and that "
                 "those proxies write or drop themselves: NAME,NAME,... are passed on from them. "
                 "All others of this kind are dropped, whoever sends them")
      ->delimiter(',')
      ->group(listen);
  app.add_flag("--proxy-protocol", flags.proxy_protocol,
               "Each connection to the ports above begins with a PROXY header (version 1 or 2), "
               "and comes from one of --trusted-proxies, which must name at least one network, or "
               "of those that the configuration names; all others are closed")
      ->group(listen);
  app.add_option("--direct-http-address", flags.direct_http_address,
                 "Where plain HTTP is served without that header, for those who come by no "
                 "balancer, as the operator does when it asks what is served")
      ->capture_default_str()
      ->group(listen);
  app.add_option("--direct-https-address", flags.direct_https_address, "The same for HTTPS")
      ->capture_default_str()
      ->group(listen);
  app.add_flag("--share-ports", flags.share_ports,
               "Listen on ports that another gatehouse-proxy of the same user listens on, which is "
               "then stopped by SIGTERM: new clients come to either, and nobody is refused. The "
               "admin address is not shared")
      ->group(listen);
  app.add_option(
         "--tls-records", flags.tls_records,
         "Who seals and opens what clients are sent and send once a handshake of TLS 1.3 is "
         "done: \"openssl\"; or \"own\", which keeps half a kilobyte for a connection that "
         "rests in place of 14, and is new")
      ->capture_default_str()
      ->check(CLI::IsMember({"openssl", "own"}))
      ->group(listen);
  app.add_option("--ports-file", flags.ports_file,
                 "Write the ports listened on into this file, as JSON")
      ->group(listen);

  const char* source = "What to serve";
  auto* config = app.add_option("--config", flags.config_file,
                                "Configuration file (JSON); followed as it changes")
                     ->group(source);
  auto* url = app.add_option("--control-url", flags.control.url,
                             "The operator's control API, https://HOST:PORT")
                  ->group(source)
                  ->excludes(config);
  app.add_option("--control-ca-file", flags.control.ca_file,
                 "Certificates (PEM) that the operator's is verified against")
      ->group(source)
      ->needs(url);
  app.add_option("--control-token-file", flags.control.token_file,
                 "File with the token that the operator is shown")
      ->group(source)
      ->needs(url);

  app.add_option("--proxy-name", flags.control.name,
                 "What the operator calls this proxy in its logs and metrics: its Pod's name, or "
                 "else the host's")
      ->envname("POD_NAME")
      ->check(CLI::Validator(is_name, "NAME"))
      ->group(source);
  app.add_option("--zone", flags.zone,
                 "Where this proxy runs, as the label topology.kubernetes.io/zone of its node has "
                 "it: endpoints that are meant for this zone are asked first. Empty: nobody knows, "
                 "and all are asked")
      ->envname("GATEHOUSE_ZONE")
      ->group(source);

  const char* restart = "After a restart";
  auto* snapshot = app.add_option("--snapshot-file", flags.snapshot.path,
                                  "Keep what is served here, private keys and all, sealed, and "
                                  "serve it again after a restart until the operator answers")
                       ->group(restart)
                       ->needs(url);
  app.add_option("--snapshot-key-file", flags.snapshot.key_file,
                 "What it is sealed with: 32 random bytes or more. Made where it is not there")
      ->group(restart)
      ->needs(snapshot);
  app.add_option("--snapshot-max-age", flags.snapshot_age_max,
                 "Seconds; what no process has served for so long is not used")
      ->capture_default_str()
      ->check(CLI::Range(10.0, 604800.0))
      ->group(restart);
  app.add_flag("--snapshot-on-disk", flags.snapshot.may_be_on_disk,
               "Both files may be where a reboot finds them again; else only in memory (tmpfs)")
      ->group(restart);

  const char* limits = "Limits; times are in seconds";
  app.add_option("--workers", flags.workers, "Threads that serve; one per core is right")
      ->capture_default_str()
      ->check(CLI::Range(1, 1024))
      ->group(limits);
  app.add_option("--max-connections", flags.connections_max, "Client connections, of all workers")
      ->capture_default_str()
      ->check(CLI::PositiveNumber)
      ->group(limits);
  app.add_option("--max-connections-per-client", flags.connections_per_client_max,
                 "Of one IPv4 address, or of the /64 of an IPv6 one; 0: any number. "
                 "--trusted-proxies have no such limit")
      ->capture_default_str()
      ->group(limits);
  app.add_option("--memory-limit", flags.memory_limit,
                 "Near it new requests are answered 503, and no clients are accepted: bytes, or "
                 "like 512Mi; 0: the limit of the control group, where it has one")
      ->transform(CLI::AsSizeValue(false))
      ->group(limits);
  app.add_option("--max-requests-per-endpoint", flags.requests_per_endpoint_max,
                 "Under way at a time, of all workers; beyond it other endpoints are asked, or the "
                 "answer is 503. 0: any number")
      ->capture_default_str()
      ->group(limits);
  app.add_option("--max-connections-per-endpoint", flags.connections_per_endpoint_max,
                 "Likewise, of all workers, those at rest and those that pass TLS through among "
                 "them. 0: any number")
      ->capture_default_str()
      ->group(limits);
  app.add_option(
         "--eject-after", flags.eject_after,
         "Requests that an endpoint fails in a row (resets, timeouts, answers that are no "
         "HTTP) before it is passed over for 10 s; at most half of a backend's are. 0: none "
         "ever is")
      ->capture_default_str()
      ->group(limits);
  app.add_flag("--eject-on-5xx", flags.eject_on_server_errors,
               "Count answers from 500 among these failures")
      ->group(limits);
  app.add_option("--slow-start", flags.slow_start,
                 "How long an endpoint that joins others gets less than its share; 0: at once all "
                 "of it")
      ->capture_default_str()
      ->check(CLI::Range(0.0, 86400.0))
      ->group(limits);
  const auto time = [&](const char* name, double& value, const char* what) {
    app.add_option(name, value, what)
        ->capture_default_str()
        ->check(CLI::Range(0.01, 86400.0))
        ->group(limits);
  };
  time("--handshake-timeout", flags.handshake_timeout, "A client's TLS handshake");
  time("--header-timeout", flags.header_timeout, "A client's request header");
  time("--keep-alive-timeout", flags.keep_alive_timeout, "A client's idle connection");
  time("--body-timeout", flags.body_timeout,
       "A client that takes no more of a response, or sends no more of its body; a body that is "
       "not answered yet has so long in all, and a second more for each 500 bytes of it");
  time("--tunnel-timeout", flags.tunnel_timeout, "A WebSocket or a gRPC call without traffic");
  time("--upstream-idle-timeout", flags.upstream_idle_timeout, "An idle connection to an endpoint");
  app.add_option("--upstream-idle-max", flags.upstream_idle_max,
                 "Idle connections kept per endpoint and worker")
      ->capture_default_str()
      ->group(limits);
  app.add_option("--drain-grace", flags.drain_grace,
                 "After SIGTERM: how long /readyz fails while clients are still served, so that "
                 "Kubernetes and load balancers stop sending new ones before the ports close")
      ->capture_default_str()
      ->check(CLI::Range(0.0, 3600.0))
      ->group(limits);
  app.add_option(
         "--drain-timeout", flags.drain_timeout,
         "After that: idle connections are closed, others are told to go (Connection: close, "
         "GOAWAY) and may take so long to end. A Pod's terminationGracePeriodSeconds (30 "
         "by default) must be more than both together")
      ->capture_default_str()
      ->check(CLI::Range(0.0, 3600.0))
      ->group(limits);

  app.add_flag("--allow-trace", flags.allow_trace,
               "Pass TRACE requests to endpoints, instead of answering 405")
      ->group(limits);

  const char* logs = "Logs";
  app.add_option("--log-format", flags.log_format, "text or json; to standard error")
      ->capture_default_str()
      ->group(logs);
  app.add_option("--log-level", flags.log_level, "debug, info, warn or error")
      ->capture_default_str()
      ->group(logs);
  app.add_option("--access-log", flags.access_log,
                 "on (standard output), off, or a file; one line of JSON per request")
      ->capture_default_str()
      ->group(logs);
  app.add_option("--otlp-traces-url", flags.otlp_traces_url,
                 "Where spans of sampled traces are sent by OTLP/HTTP, as JSON: "
                 "http://COLLECTOR:4318/v1/traces. Requests have traces where an Ingress asks for "
                 "them (enable-opentelemetry)")
      ->check(CLI::Validator(is_http_url, "URL"))
      ->group(logs);
}

milliseconds millis(double in_seconds) {
  return milliseconds(static_cast<std::int64_t>(in_seconds * 1000));
}

base::Result<std::optional<proxy::net::SocketAddress>> address_of(const char* flag,
                                                                  const std::string& text) {
  if (text == "off") return std::optional<proxy::net::SocketAddress>();
  auto address = proxy::net::SocketAddress::parse(text);
  if (!address) return base::failure(base::while_doing(flag, address.error()));
  return std::optional(*address);
}

base::Result<proxy::session::EngineSettings> settings_of(const Flags& flags) {
  proxy::session::EngineSettings settings;
  auto http = address_of("--http-address", flags.http_address);
  if (!http) return base::failure(http.error());
  auto https = address_of("--https-address", flags.https_address);
  if (!https) return base::failure(https.error());
  settings.http = *http;
  settings.https = *https;
  auto direct_http = address_of("--direct-http-address", flags.direct_http_address);
  if (!direct_http) return base::failure(direct_http.error());
  auto direct_https = address_of("--direct-https-address", flags.direct_https_address);
  if (!direct_https) return base::failure(direct_https.error());
  settings.direct_http = *direct_http;
  settings.direct_https = *direct_https;
  settings.proxy_protocol = flags.proxy_protocol;
  settings.shares_ports = flags.share_ports;
  if (flags.proxy_protocol && flags.trusted_proxies.empty()) {
    return base::failure(
        base::ErrorKind::invalid,
        "--proxy-protocol: --trusted-proxies must name at least one network; those of "
        "the configuration are added to it");
  }
  if (!flags.trusted_proxy_fields.empty() && flags.trusted_proxies.empty()) {
    return base::failure(
        base::ErrorKind::invalid,
        "--trusted-proxy-fields: nobody could send these fields: give --trusted-proxies, too");
  }
  auto trusted = proxy::client::TrustedNetworks::parse(flags.trusted_proxies);
  if (!trusted) return base::failure(base::while_doing("--trusted-proxies", trusted.error()));
  auto fields = proxy::client::TrustedFields::parse(flags.trusted_proxy_fields);
  if (!fields) return base::failure(base::while_doing("--trusted-proxy-fields", fields.error()));
  settings.workers = flags.workers;
  proxy::session::Options& options = settings.options;
  options.timeouts.handshake = millis(flags.handshake_timeout);
  options.timeouts.request_header = millis(flags.header_timeout);
  options.timeouts.keep_alive = millis(flags.keep_alive_timeout);
  options.timeouts.body_idle = millis(flags.body_timeout);
  options.timeouts.tunnel_idle = millis(flags.tunnel_timeout);
  options.pools.idle_timeout = millis(flags.upstream_idle_timeout);
  options.pools.idle_max = flags.upstream_idle_max;
  options.connections_max = std::max<std::size_t>(1, flags.connections_max / flags.workers);
  options.connections_per_client_max = flags.connections_per_client_max;
  using proxy::upstream::share_of;
  options.pools.workers = flags.workers;
  options.pools.requests_max = share_of(flags.requests_per_endpoint_max, flags.workers);
  options.pools.connections_max = share_of(flags.connections_per_endpoint_max, flags.workers);
  options.pools.ejection.failures_max = flags.eject_after;
  options.pools.ejection.counts_server_errors = flags.eject_on_server_errors;
  options.pools.slow_start = millis(flags.slow_start);
  options.pools.zone = flags.zone;
  options.trusted_proxies = std::move(*trusted);
  options.trusted_fields = std::move(*fields);
  options.trace_allowed = flags.allow_trace;
  options.own_tls_records = flags.tls_records == "own";
  // As many as there are cores for; half of them for one address.
  options.inspectors.threads = std::max<std::size_t>(2, flags.workers);
  options.inspectors.limits.under_way_of_one_max = options.inspectors.threads / 2;
  options.public_http_port = flags.public_http_port;
  options.public_https_port = flags.public_https_port;
  return settings;
}

// Written aside and renamed: whoever waits for the file never sees a part of it.
base::Status write_ports(const std::string& path, std::uint16_t http, std::uint16_t https,
                         std::uint16_t admin) {
  const std::string aside = path + ".new";
  std::ofstream file(aside);
  file << "{\"http\": " << http << ", \"https\": " << https << ", \"admin\": " << admin << "}\n";
  file.close();
  if (!file || std::rename(aside.c_str(), path.c_str()) != 0) {
    return base::failure(base::ErrorKind::invalid, "--ports-file: cannot write " + path);
  }
  return {};
}

struct Source {
  std::unique_ptr<proxy::control::FileSource> file;
  std::unique_ptr<proxy::control::SnapshotKeeper> keeper;
  std::unique_ptr<proxy::control::ControlClient> control;  // last: it uses the keeper
};

// What was kept, if it can be used: a proxy that cannot use it is as one that has none.
std::optional<proxy::control::KeptState> read_kept(const proxy::control::SnapshotFile& file) {
  auto kept = file.read(std::chrono::system_clock::now());
  if (kept) return std::move(*kept);
  if (kept.error().kind != base::ErrorKind::not_found) {
    spdlog::warn("{} is not used: {}; waiting for the operator", file.path(), kept.error().message);
  }
  return std::nullopt;
}

base::Result<Source> start_source(const Flags& flags, proxy::control::ConfigSink& sink) {
  Source source;
  if (!flags.config_file.empty()) {
    auto file = proxy::control::FileSource::start(flags.config_file, sink);
    if (!file) return base::failure(file.error());
    source.file = std::move(*file);
    return source;
  }
  proxy::control::ControlOptions options = flags.control;
  if (options.name.empty()) options.name = host_name();
  std::optional<proxy::control::KeptState> kept;
  proxy::control::ConfigSink* to = &sink;
  if (!flags.snapshot.path.empty()) {
    proxy::control::SnapshotFileOptions snapshot = flags.snapshot;
    snapshot.age_max = seconds(static_cast<std::int64_t>(flags.snapshot_age_max));
    auto file = proxy::control::SnapshotFile::open(snapshot);
    if (!file) return base::failure(base::while_doing("--snapshot-file", file.error()));
    kept = read_kept(*file);
    source.keeper = proxy::control::SnapshotKeeper::start(
        std::move(*file), sink, {.again = milliseconds(snapshot.age_max) / 4});
    to = source.keeper.get();
  }
  auto control = proxy::control::ControlClient::start(options, *to, std::move(kept));
  if (!control) return base::failure(control.error());
  source.control = std::move(*control);
  return source;
}

// nullptr: nobody wants spans.
std::unique_ptr<proxy::admin::SpanExport> start_spans(const Flags& flags) {
  if (flags.otlp_traces_url.empty()) return nullptr;
  proxy::admin::SpanExport::Settings settings;
  settings.url = flags.otlp_traces_url;
  settings.resource.version = GATEHOUSE_VERSION;
  settings.resource.instance = flags.control.name.empty() ? host_name() : flags.control.name;
  base::CurlOptions options;
  options.user_agent = "gatehouse-proxy/" GATEHOUSE_VERSION;
  return std::make_unique<proxy::admin::SpanExport>(std::move(settings),
                                                    base::make_curl_transport(options));
}

sigset_t stop_signals() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGINT);
  return signals;
}

void drain(proxy::session::Engine& engine, const Flags& flags, const sigset_t& signals) {
  spdlog::info("stopping: connections are accepted for {} s more, then {} s are left to finish",
               flags.drain_grace, flags.drain_timeout);
  std::stop_source second_signal;
  std::jthread impatience([&](const std::stop_token& done) {
    const timespec pause{0, 100'000'000};
    while (!done.stop_requested()) {
      if (sigtimedwait(&signals, nullptr, &pause) <= 0) continue;
      second_signal.request_stop();
      return;
    }
  });
  const std::size_t left = engine.drain({millis(flags.drain_grace), millis(flags.drain_timeout)},
                                        second_signal.get_token());
  if (left == 0) {
    spdlog::info("stopped: every connection came to its end");
  } else {
    spdlog::warn("stopped: {} connections were cut off", left);
  }
}

base::Status run(const Flags& flags) {
  if (auto status = base::configure_log(flags.log_format, flags.log_level); !status) return status;
  if (flags.config_file.empty() && flags.control.url.empty()) {
    return base::failure(base::ErrorKind::invalid,
                         "nothing to serve: give --config FILE or --control-url URL (--help)");
  }
  auto settings = settings_of(flags);
  if (!settings) return base::failure(settings.error());
  const auto admin_address = proxy::net::SocketAddress::parse(flags.admin_address);
  if (!admin_address) {
    return base::failure(base::while_doing("--admin-address", admin_address.error()));
  }
  // Blocked before any thread is made, so that all inherit it and only this one waits for them.
  const sigset_t signals = stop_signals();
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  settings->open_files_max = proxy::net::raise_open_files_limit();

  auto access_log =
      proxy::admin::AccessLog::open(flags.access_log == "on" ? "-" : flags.access_log);
  if (!access_log) return base::failure(base::while_doing("--access-log", access_log.error()));
  // Served last, but one that is taken ends the program before anybody is served.
  if (auto status = proxy::net::check_address_is_free(*admin_address); !status) {
    return base::failure(base::while_doing("--admin-address", status.error()));
  }
  const auto spans = start_spans(flags);
  auto engine = proxy::session::Engine::start(*settings, **access_log, spans.get());
  if (!engine) return base::failure(engine.error());
  // A file is served before anything is said to listen, and one that cannot be ends the program
  // here. The operator may take its time, and probes are told so meanwhile.
  Source source;
  const auto begin_to_serve = [&]() -> base::Status {
    auto started = start_source(flags, **engine);
    if (!started) return base::failure(started.error());
    source = std::move(*started);
    return {};
  };
  const bool serves_file = !flags.config_file.empty();
  if (serves_file) {
    if (auto status = begin_to_serve(); !status) return status;
  }
  auto admin =
      proxy::admin::AdminServer::listen(admin_address->ip_text(), admin_address->port(),
                                        {.alive = [&] { return (*engine)->alive(); },
                                         .ready = [&] { return (*engine)->ready(); },
                                         .metrics = [&] { return (*engine)->metrics_text(); }});
  if (!admin) return base::failure(admin.error());
  if (!serves_file) {
    if (auto status = begin_to_serve(); !status) return status;
  }
  spdlog::info("listening: http on port {}, https on port {}, admin on port {}; {} workers",
               (*engine)->http_port(), (*engine)->https_port(), (*admin)->port(), flags.workers);
  if (!flags.ports_file.empty()) {
    auto written = write_ports(flags.ports_file, (*engine)->http_port(), (*engine)->https_port(),
                               (*admin)->port());
    if (!written) return written;
  }

  const proxy::session::MemoryWatch memory(
      proxy::session::MemoryAccount::find(flags.memory_limit),
      [&](const proxy::session::MemoryUse& use) { (*engine)->note_memory(use); });
  int signal = 0;
  sigwait(&signals, &signal);
  drain(**engine, flags, signals);
  return {};
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app;
  app.set_version_flag("--version", "gatehouse-proxy " GATEHOUSE_VERSION, "Print the version");
  Flags flags;
  describe(app, flags);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : 2;
  }
  const base::Status status = run(flags);
  if (status) return 0;
  std::cerr << "gatehouse-proxy: " << status.error().message << "\n";
  return 2;
}
