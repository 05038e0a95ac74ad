#include "operator/ingress/annotations/address_lists.h"

#include <algorithm>

#include "operator/ingress/annotations/values.h"
#include "proxy/config/limits.h"

namespace ingress::annotations {
namespace {

using Networks = std::vector<proxy::config::Network>;

void add_issue(const Found& found, std::string why, std::string remedy, Issues& issues) {
  issues.push_back({Issue::Effect::guards, found.name, std::move(why), std::move(remedy)});
}

Networks read_list(const Found& found, Issues& issues) {
  const NetworkList list = read_networks(found.value);
  if (!list.broken.empty()) {
    constexpr std::size_t kShownMax = 80;
    add_issue(found,
              "has the entry \"" + list.broken.substr(0, kShownMax) +
                  "\", which is neither a network (\"10.0.0.0/8\", \"2001:db8::/32\") nor an "
                  "IP address",
              "Mend the entry, or remove it.", issues);
  } else if (list.networks.empty()) {
    add_issue(found, "names no network", "Name networks, or remove the annotation.", issues);
  } else if (list.networks.size() > proxy::config::kNetworksMax) {
    add_issue(found, "has more than " + std::to_string(proxy::config::kNetworksMax) + " networks",
              "Join some of them.", issues);
  }
  return list.networks;
}

}  // namespace

AddressLists read_address_lists(const AnnotationMap& annotations, Issues& issues) {
  AddressLists lists;
  if (const auto denied = find(annotations, "denylist-source-range")) {
    lists.denied = read_list(*denied, issues);
  }
  const auto allowed = find(annotations, "allowlist-source-range");
  const auto older = find(annotations, "whitelist-source-range");
  if (allowed) lists.allowed = read_list(*allowed, issues);
  if (older) {
    Networks networks = read_list(*older, issues);
    if (!allowed) {
      lists.allowed = std::move(networks);
    } else if (networks != lists.allowed) {
      add_issue(
          *older,
          "names other networks than " + allowed->name + ", which is the same under a newer name",
          "Remove one of the two.", issues);
    }
  }
  for (const auto& list : {allowed, older}) {
    if (list && admits_everybody(list->value)) lists.allowed.clear();
  }
  return lists;
}

}  // namespace ingress::annotations
