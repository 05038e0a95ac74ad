#include "operator/routing/served_hosts.h"

#include <utility>

#include "operator/routing/host_name.h"
#include "operator/routing/remove_from.h"

namespace routing {

void ServedHosts::add(const std::vector<std::string>& hosts) {
  for (const std::string& host : hosts) ++servers_[host];
  look_again_at(hosts);
}

void ServedHosts::remove(const std::vector<std::string>& hosts) {
  for (const std::string& host : hosts) {
    const auto servers = servers_.find(host);
    if (--servers->second == 0) servers_.erase(servers);
  }
  look_again_at(hosts);
}

void ServedHosts::ask(const std::string& host, const ClaimantKey& by) {
  Members& members = asking_[host];
  if (members.empty()) {
    // Nobody has looked at it while nobody asked.
    if (is_served(host)) told_.insert(host);
    asked_under_[covering_wildcard(host)].insert(host);
  }
  members.insert(by);
  to_look_at_.insert(host);
}

void ServedHosts::ask_no_more(const std::string& host, const ClaimantKey& by) {
  remove_from(asking_, host, by);
  if (asking_.count(host) != 0) return;
  told_.erase(host);
  remove_from(asked_under_, covering_wildcard(host), host);
}

ServedHosts::Members ServedHosts::take_changed() {
  Members changed;
  for (const std::string& host : std::exchange(to_look_at_, {})) {
    const auto asking = asking_.find(host);
    if (asking == asking_.end()) continue;
    const bool is_served_now = is_served(host);
    if (is_served_now == is_told(host)) continue;
    if (is_served_now) {
      told_.insert(host);
    } else {
      told_.erase(host);
    }
    changed.insert(asking->second.begin(), asking->second.end());
  }
  return changed;
}

// As the compiler has it of a whole cluster.
bool ServedHosts::is_served(const std::string& host) const {
  const std::string wildcard = covering_wildcard(host);
  return servers_.count(host) != 0 || (!wildcard.empty() && servers_.count(wildcard) != 0);
}

void ServedHosts::look_again_at(const std::vector<std::string>& hosts) {
  if (asking_.empty()) return;
  for (const std::string& host : hosts) {
    if (asking_.count(host) != 0) to_look_at_.insert(host);
    if (!host.starts_with('*')) continue;
    const auto asked = asked_under_.find(host);
    if (asked != asked_under_.end()) {
      to_look_at_.insert(asked->second.begin(), asked->second.end());
    }
  }
}

}  // namespace routing
