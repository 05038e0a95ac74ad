#include "operator/ingress/annotations/other_hosts.h"

#include <algorithm>
#include <cstddef>
#include <set>

#include "operator/ingress/annotations/values.h"
#include "operator/routing/host_name.h"

namespace ingress::annotations {
namespace {

// Far more names than people have for one site; each has all the paths of a rule.
constexpr std::size_t kAliasesMax = 100;
constexpr std::string_view kWww = "www.";

void read_aliases(const AnnotationMap& annotations, const std::set<std::string>& hosts,
                  OtherHosts& others, Issues& issues) {
  const auto found = find(annotations, "server-alias");
  if (!found) return;
  constexpr std::string_view kBetween = ", \t\r\n";
  std::set<std::string> known = hosts;
  for (std::size_t begin = 0; begin < found->value.size();) {
    const std::size_t end =
        std::min(found->value.find_first_of(kBetween, begin), found->value.size());
    const std::string_view written = found->value.substr(begin, end - begin);
    begin = end + 1;
    if (written.empty()) continue;
    auto host = routing::config_host(written);
    if (!host) {
      issues.push_back({Issue::Effect::tunes, found->name,
                        "has \"" + std::string(written.substr(0, 80)) +
                            "\", which is neither a DNS name nor a wildcard of one label",
                        "Expressions over hosts are not supported."});
      continue;
    }
    if (!known.insert(*host).second) continue;
    if (others.aliases.size() == kAliasesMax) {
      issues.push_back({Issue::Effect::tunes, found->name,
                        "has more than " + std::to_string(kAliasesMax) +
                            " hosts, of which the others are left out",
                        ""});
      return;
    }
    others.aliases.push_back(std::move(*host));
  }
}

void read_redirected(const AnnotationMap& annotations, const std::set<std::string>& hosts,
                     OtherHosts& others, Issues& issues) {
  const auto found = find(annotations, "from-to-www-redirect");
  if (!found) return;
  const auto value = read_bool(found->value);
  if (!value) {
    issues.push_back(bad_value(*found, "\"true\" or \"false\"", Issue::Effect::tunes));
  }
  if (!value.value_or(false)) return;
  for (const std::string& host : hosts) {
    if (host.empty() || host.starts_with("*.")) continue;
    const bool has_www = host.starts_with(kWww);
    const auto other =
        routing::config_host(has_www ? host.substr(kWww.size()) : std::string(kWww).append(host));
    if (other && !other->empty() && hosts.count(*other) == 0) {
      others.redirected.emplace_back(*other, host);
    }
  }
}

}  // namespace

OtherHosts read_other_hosts(const kube::Ingress& ingress, Issues& issues) {
  OtherHosts others;
  std::set<std::string> hosts;
  for (const kube::IngressRule& rule : ingress.rules) {
    if (auto host = routing::config_host(rule.host)) hosts.insert(std::move(*host));
  }
  if (hosts.empty()) return others;
  read_aliases(ingress.metadata.annotations, hosts, others, issues);
  read_redirected(ingress.metadata.annotations, hosts, others, issues);
  return others;
}

}  // namespace ingress::annotations
