#include "operator/ingress/contract_breach.h"

#include <algorithm>
#include <memory>
#include <set>
#include <string>
#include <utility>

#include "operator/ingress/owned_ingresses.h"
#include "proxy/config/valid_config.h"

namespace ingress {
namespace {

using proxy::config::ProxyConfig;
using proxy::config::ValidConfig;
using proxy::config::VirtualHost;
using routing::bounded;
using routing::Complaints;
using routing::Severity;

// Takes an entry if it is valid with those that it refers to.
template <class Section, class Value>
bool take(ValidConfig& valid, Section ProxyConfig::*section, const std::string& key,
          const Value& value) {
  ProxyConfig next = valid.config();
  (next.*section).insert_or_assign(key, value);
  auto taken = valid.changed_to(std::move(next));
  if (taken) valid = std::move(*taken);
  return taken.has_value();
}

template <class Section>
void take_all(ValidConfig& valid, const ProxyConfig& from, Section ProxyConfig::*section) {
  for (const auto& [key, value] : from.*section) take(valid, section, key, value);
}

std::shared_ptr<const VirtualHost> closed_host(const VirtualHost& broken) {
  VirtualHost answers;
  answers.default_route =
      proxy::config::DefaultRoute{proxy::config::FixedAnswer{503, "configuration_invalid"}, {}};
  answers.own_certificate_only = broken.own_certificate_only;
  return std::make_shared<const VirtualHost>(std::move(answers));
}

struct Kept {
  ProxyConfig config;
  std::set<std::string> closed;  // hosts
};

// Entry by entry, those first that others refer to. A host that cannot stay leads to no backend;
// its certificate stays where that is not what is wrong, so that people see a 503 and no broken
// connection.
Kept without_breaches(const ProxyConfig& broken) {
  ValidConfig valid;
  take_all(valid, broken, &ProxyConfig::clusters);
  take_all(valid, broken, &ProxyConfig::guards);
  take_all(valid, broken, &ProxyConfig::shapes);
  take_all(valid, broken, &ProxyConfig::arrivals);
  take_all(valid, broken, &ProxyConfig::certificates);
  take_all(valid, broken, &ProxyConfig::sni);
  Kept kept;
  for (const auto& [name, host] : broken.hosts) {
    if (take(valid, &ProxyConfig::hosts, name, host)) continue;
    kept.closed.insert(name);
    take(valid, &ProxyConfig::hosts, name, closed_host(*host));
  }
  kept.config = valid.config();
  return kept;
}

}  // namespace

bool close_where_contract_breaks(Compiled& compiled) {
  const base::Status valid = proxy::config::validate(compiled.config);
  if (valid) return false;
  Kept kept = without_breaches(compiled.config);
  compiled.config = std::move(kept.config);
  Complaints complaints = std::move(compiled.complaints);
  for (Summary& summary : compiled.summaries) {
    const bool is_closed =
        kept.closed.empty() ||
        std::any_of(summary.hosts.begin(), summary.hosts.end(),
                    [&](const std::string& host) { return kept.closed.count(host) != 0; });
    if (!is_closed) continue;
    summary.paths_closed += std::exchange(summary.paths_served, 0);
    complaints.push_back({claimant_of(*summary.ingress), Severity::warning, "ConfigurationInvalid",
                          "What this Ingress, or another one with the same hosts, asks for is "
                          "nothing that the proxies take (" +
                              valid.error().message +
                              "). The hosts that it concerns answer 503, or have no "
                              "certificate, until that is changed."});
  }
  compiled.complaints = bounded(std::move(complaints));
  return true;
}

}  // namespace ingress
