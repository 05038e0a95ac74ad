#include <cstdint>
#include <cstdlib>
#include <memory>
#include <string>
#include <string_view>

#include "proxy/router/path.h"
#include "proxy/router/readings.h"
#include "proxy/router/route_table.h"

namespace {

using proxy::router::Decision;

void require(bool holds) {
  if (!holds) std::abort();
}

bool is_at_or_below(std::string_view path, std::string_view prefix) {
  return path.starts_with(prefix) && (path.size() == prefix.size() || path[prefix.size()] == '/');
}

// "/" is open and "/admin" is guarded.
const proxy::router::RouteTable& guarded_table() {
  static const proxy::router::RouteTable table = [] {
    proxy::config::ProxyConfig config;
    config.clusters["c"] = std::make_shared<const proxy::config::Cluster>();
    proxy::config::VirtualHost host;
    host.routes.resize(2);
    host.routes[0].action = proxy::config::Forward{"c"};
    host.routes[1].path = "/admin";
    host.routes[1].action = proxy::config::FixedAnswer{503, "guarded"};
    config.hosts["h"] = std::make_shared<const proxy::config::VirtualHost>(host);
    return proxy::router::RouteTable(config);
  }();
  return table;
}

// What comes out is normal already, starts with "/", and has no dot segment and no empty element.
void check_strict(const std::string& path) {
  std::string storage, again_storage;
  const auto normal = proxy::router::normalize_path(path, storage);
  if (!normal) return;
  const std::string text(*normal);
  const std::string closed = text + "/";
  require(text.starts_with('/'));
  require(closed.find("/./") == std::string::npos);
  require(closed.find("/../") == std::string::npos);
  require(text.find("//") == std::string::npos);
  const auto again = proxy::router::normalize_path(text, again_storage);
  require(again && *again == text);
}

// Forwarded is only what is guarded in no reading.
void check_guard(const std::string& path) {
  std::string storage;
  const Decision decision =
      proxy::router::decide(guarded_table(), {.host = "h", .path = path, .secure = true}, storage);
  if (decision.kind != Decision::Kind::forward) return;
  const auto readings = proxy::router::generous_readings(path);
  require(readings.has_value());
  for (const std::string& reading : *readings) {
    require(reading.starts_with('/'));
    require(reading.find("//") == std::string::npos);
    require(!is_at_or_below(reading, "/admin"));
  }
  // Reading it again changes nothing: a backend that reads the result once more is no surprise.
  const auto again = proxy::router::generous_readings(readings->front());
  require(!again || !is_at_or_below(again->front(), "/admin"));
  if (proxy::router::has_one_reading(path)) require(readings->front() == path);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string path = "/" + std::string(reinterpret_cast<const char*>(data), size);
  check_strict(path);
  check_guard(path);
  return 0;
}
