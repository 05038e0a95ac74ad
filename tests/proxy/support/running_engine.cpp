#include "tests/proxy/support/running_engine.h"

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <sstream>

#include "base/key.h"
#include "base/x509.h"
#include "proxy/control/snapshot.h"
#include "proxy/net/socket_address.h"
#include "tests/proxy/support/patience.h"

namespace proxy::support {

RunningEngine::RunningEngine(const session::Options& options, std::size_t workers,
                             std::string_view listen_on, bool proxy_protocol,
                             admin::SpanExport* spans, const base::Clock* clock) {
  access_log_ = admin::AccessLog::open(log_path_).value();
  session::EngineSettings settings;
  settings.options = options;
  settings.workers = workers;
  settings.http = net::SocketAddress::parse(listen_on).value();
  settings.https = net::SocketAddress::parse(listen_on).value();
  settings.proxy_protocol = proxy_protocol;
  if (proxy_protocol) settings.direct_http = settings.direct_https = settings.http;
  settings.clock = clock;
  if (clock != nullptr) settings.looks_at_clock_every = std::chrono::milliseconds(1);
  engine_ = session::Engine::start(settings, *access_log_, spans).value();
}

session::Options RunningEngine::quick() {
  session::Options options;
  options.timeouts.linger = std::chrono::milliseconds(500);
  const char* const records = std::getenv("GATEHOUSE_TEST_TLS_RECORDS");
  options.own_tls_records = records != nullptr && std::string_view(records) == "own";
  return options;
}

base::Status RunningEngine::publish(const config::ProxyConfig& config) {
  return engine_->publish(control::make_snapshot(config));
}

double RunningEngine::metric(const std::string& name_and_labels) const {
  std::istringstream lines(engine_->metrics_text());
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with(name_and_labels + " ")) {
      return std::stod(line.substr(name_and_labels.size() + 1));
    }
  }
  return 0;
}

std::string RunningEngine::access_log(int lines) const {
  std::string text;
  eventually([&] {
    std::ifstream file(log_path_);
    text.assign(std::istreambuf_iterator<char>(file), {});
    return std::count(text.begin(), text.end(), '\n') >= lines;
  });
  return text;
}

bool eventually(const std::function<bool()>& is_so) {
  const auto end = std::chrono::steady_clock::now() + kPatience;
  while (std::chrono::steady_clock::now() < end) {
    if (is_so()) return true;
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  return is_so();
}

bool comes_to_rest(const std::atomic<std::size_t>& number) {
  constexpr int kLooks = 20;  // that see the same in a row
  std::size_t before = 0;
  int same = 0;
  return eventually([&] {
    const std::size_t now = number;
    same = now == before && now > 0 ? same + 1 : 0;
    before = now;
    return same == kLooks;
  });
}

config::ProxyConfig shop(const std::vector<std::uint16_t>& ports, config::Cluster cluster) {
  for (const std::uint16_t port : ports) cluster.endpoints.push_back({"127.0.0.1", port});
  std::sort(cluster.endpoints.begin(), cluster.endpoints.end());
  config::ProxyConfig config;
  config.clusters["shop"] = std::make_shared<config::Cluster>(cluster);
  config::VirtualHost host;
  config::Route route;
  route.action = config::Forward{"shop"};
  host.routes.push_back(route);
  config.hosts["shop.test"] = std::make_shared<config::VirtualHost>(host);
  return config;
}

void guard_all(config::ProxyConfig& config, const config::Guards& guards) {
  config.guards["g"] = std::make_shared<const config::Guards>(guards);
  config::VirtualHost host = *config.hosts.at("shop.test");
  host.routes.at(0).policies.change().guards = "g";
  config.hosts["shop.test"] = std::make_shared<const config::VirtualHost>(host);
}

void guard_below(const std::string& path, config::ProxyConfig& config, const config::Guards& guards,
                 bool gathers) {
  config.guards["g"] = std::make_shared<const config::Guards>(guards);
  config::VirtualHost host = *config.hosts.at("shop.test");
  config::Route guarded = host.routes.at(0);
  guarded.path = path;
  guarded.policies.change().guards = "g";
  guarded.policies.change().buffers_request = gathers;
  host.routes.push_back(guarded);
  config.hosts["shop.test"] = std::make_shared<const config::VirtualHost>(host);
}

config::Certificate issue(const std::vector<std::string>& names) {
  const auto key = base::PrivateKey::generate({}).value();
  base::SelfSignedOptions options;
  options.names.common_name = names.front();  // a certificate without an issuer's name is none
  options.names.dns_names = names;
  return {base::make_self_signed(key, options).value(), key.to_pem()};
}

void add_certificate(config::ProxyConfig& config, const std::string& name,
                     config::Certificate certificate) {
  const std::string id = "test/" + (name.empty() ? "default" : name);
  config.certificates[id] = std::make_shared<config::Certificate>(std::move(certificate));
  config.sni[name] = id;
}

std::string serial_of(const config::Certificate& certificate) {
  return base::read_chain(certificate.chain_pem.text()).value().front().serial;
}

}  // namespace proxy::support
