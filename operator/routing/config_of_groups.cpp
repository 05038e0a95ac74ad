#include "operator/routing/config_of_groups.h"

#include <utility>

#include "operator/routing/shared_entries.h"

namespace routing {
namespace {

// Adds what nobody else has; false when somebody has one of them. What a group has the whole has
// in common with it.
template <class Map>
bool add_all(const Map& entries, Map& all) {
  bool are_new = true;
  for (auto entry = entries.begin(); entry != entries.end(); ++entry) {
    are_new = all.share(entry) && are_new;
  }
  return are_new;
}

// To be called before a group's entry is put there.
template <class Map>
void count_further(const std::string& id, const Map& all,
                   std::map<std::string, std::size_t>& further) {
  if (all.contains(id)) ++further[id];
}

// Takes away what no other group uses.
template <class Map>
void release(const Map& entries, std::map<std::string, std::size_t>& further, Map& all) {
  for (const auto& [id, entry] : entries) {
    const auto others = further.find(id);
    if (others == further.end()) {
      all.erase(id);
    } else if (--others->second == 0) {
      further.erase(others);
    }
  }
}

template <class Map>
void remove_all(const Map& entries, Map& all) {
  for (const auto& [key, value] : entries) all.erase(key);
}

}  // namespace

void ConfigOfGroups::begin_round() {
  removed_ = {};
  has_conflict_ = false;
}

void ConfigOfGroups::remove(const ProxyConfig& group) {
  release(group.clusters, further_of_clusters_, all_.clusters);
  release(group.certificates, further_of_certificates_, all_.certificates);
  release(group.sni, further_of_names_, all_.sni);
  release(group.guards, further_of_guards_, all_.guards);
  release(group.shapes, further_of_shapes_, all_.shapes);
  remove_all(group.hosts, all_.hosts);
  removed_.clusters.merge(group.clusters);
  removed_.guards.merge(group.guards);
  removed_.shapes.merge(group.shapes);
  removed_.hosts.merge(group.hosts);
  removed_.certificates.merge(group.certificates);
}

proxy::config::ProxyConfig ConfigOfGroups::add(ProxyConfig group) {
  ProxyConfig shared = share_unchanged(removed_, std::move(group));
  // Another group that uses one may have it already.
  share_section(all_.clusters, shared.clusters);
  share_section(all_.certificates, shared.certificates);
  // A section more must be added here, and taken away in remove(). Challenges and arrivals are told
  // for all groups together.
  const auto& [clusters, hosts, certificates, sni, challenges, guards, shapes, arrivals] = shared;
  for (auto cluster = clusters.begin(); cluster != clusters.end(); ++cluster) {
    count_further(cluster->first, all_.clusters, further_of_clusters_);
    // Its Service may have changed since the others were compiled, who are on their way.
    all_.clusters.share_or_assign(cluster);
  }
  for (auto entry = certificates.begin(); entry != certificates.end(); ++entry) {
    count_further(entry->first, all_.certificates, further_of_certificates_);
    const auto held = all_.certificates.find(entry->first);
    const bool is_another = held != all_.certificates.end() && held->second != entry->second;
    if (is_another) replaced_.insert(entry->first);
    all_.certificates.share_or_assign(entry);
  }
  for (auto entry = guards.begin(); entry != guards.end(); ++entry) {
    count_further(entry->first, all_.guards, further_of_guards_);
    all_.guards.share(entry);
  }
  for (auto entry = shapes.begin(); entry != shapes.end(); ++entry) {
    count_further(entry->first, all_.shapes, further_of_shapes_);
    all_.shapes.share(entry);
  }
  const bool are_hosts_new = add_all(hosts, all_.hosts);
  for (auto name = sni.begin(); name != sni.end(); ++name) {
    count_further(name->first, all_.sni, further_of_names_);
    const bool is_said = all_.sni.share(name) || all_.sni.at(name->first) == name->second;
    if (!is_said) has_conflict_ = true;
  }
  if (!are_hosts_new) has_conflict_ = true;
  return shared;
}

bool ConfigOfGroups::put_arrivals(ProxyConfig::Section<proxy::config::Arrivals> arrivals) {
  share_section(all_.arrivals, arrivals);
  if (arrivals == all_.arrivals) return false;
  all_.arrivals = std::move(arrivals);
  return true;
}

}  // namespace routing
