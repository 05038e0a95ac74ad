#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "proxy/config/wire.h"
#include "proxy/router/route_table.h"

// The configuration's documents: whatever is accepted is written back as the same state, and a
// route table can be built from it.
namespace {

using namespace proxy::config;

void require(bool holds) {
  if (!holds) std::abort();
}

void check_config(std::string_view text) {
  // A document of the fuzzer's may not name files of this machine.
  if (text.find("File") != std::string_view::npos) return;
  const auto config = config_from_json(text, "/nonexistent");
  if (!config) {
    require(!config.error().message.empty());
    return;
  }
  const std::string revision = revision_of(*config);
  const auto again = config_from_json(config_to_json(*config), "/nonexistent");
  require(again.has_value() && revision_of(*again) == revision);

  const auto delta = delta_from_json(delta_to_json(full_state(*config)));
  require(delta.has_value());
  CertificatesByHash certificates;
  for (const auto& [id, certificate] : config->certificates) {
    certificates.emplace(certificate_hash(*certificate), certificate);
  }
  const auto applied = apply(ProxyConfig(), *delta, certificates);
  require(applied.has_value() && revision_of(*applied) == revision);

  const proxy::router::RouteTable table(*config);
  for (const auto& [name, host] : config->hosts) {
    std::string storage;
    for (const Route& route : host->routes) {
      (void)proxy::router::decide(table, {.host = name, .path = route.path}, storage);
    }
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  check_config(text);
  if (const auto delta = delta_from_json(text)) {
    const auto again = delta_from_json(delta_to_json(*delta));
    require(again.has_value() && delta_to_json(*again) == delta_to_json(*delta));
    (void)apply(ProxyConfig(), *delta, {});
  }
  (void)certificates_from_json(text);
  (void)hashes_from_json(text);
  (void)ticket_keys_from_json(text);
  return 0;
}
