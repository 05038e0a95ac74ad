#include "operator/ingress/contract_breach.h"

#include <memory>
#include <utility>

#include "proxy/config/valid_config.h"

namespace ingress {
namespace {

using proxy::config::ProxyConfig;
using proxy::config::VirtualHost;

// The same hosts, none of which leads to a backend. The certificates stay where they are not what
// is wrong, so that people see a 503 and no broken connection.
ProxyConfig closed(const ProxyConfig& broken) {
  ProxyConfig config;
  for (const auto& [name, host] : broken.hosts) {
    VirtualHost answers;
    answers.default_route =
        proxy::config::DefaultRoute{proxy::config::FixedAnswer{503, "configuration_invalid"}, {}};
    answers.own_certificate_only = host->own_certificate_only;
    config.hosts.insert_or_assign(name, std::make_shared<const VirtualHost>(std::move(answers)));
  }
  config.certificates = broken.certificates;
  config.sni = broken.sni;
  if (proxy::config::validate(config)) return config;
  config.certificates = {};
  config.sni = {};
  return proxy::config::validate(config) ? config : ProxyConfig{};
}

}  // namespace

bool close_where_contract_breaks(Compiled& compiled) {
  const base::Status valid = proxy::config::validate(compiled.config);
  if (valid) return false;
  compiled.config = closed(compiled.config);
  Complaints complaints = std::move(compiled.complaints);
  for (Summary& summary : compiled.summaries) {
    summary.paths_closed += std::exchange(summary.paths_served, 0);
    complaints.push_back(
        {summary.ingress->metadata.key(), Severity::warning, "ConfigurationInvalid",
         "What this Ingress, or another one with the same hosts, asks for is "
         "nothing that the proxies take (" +
             valid.error().message + "). All of its hosts answer 503 until that is changed."});
  }
  compiled.complaints = bounded(std::move(complaints));
  return true;
}

}  // namespace ingress
