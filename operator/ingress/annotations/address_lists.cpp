#include "operator/ingress/annotations/address_lists.h"

#include <algorithm>
#include <utility>

#include "operator/ingress/annotations/class_defaults.h"
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

// Whom the class denies stays denied where the Ingress denies others, too.
Networks read_denied(const AnnotationMap& annotations, Issues& issues) {
  constexpr std::string_view kKey = "denylist-source-range";
  const auto said = find_said(annotations, kKey);
  const auto of_class = find_of_class(annotations, kKey);
  Networks denied = said ? read_list(*said, issues) : Networks{};
  if (!of_class) return denied;
  const Networks more = read_list(*of_class, issues);
  denied.insert(denied.end(), more.begin(), more.end());
  std::sort(denied.begin(), denied.end());
  denied.erase(std::unique(denied.begin(), denied.end()), denied.end());
  if (denied.size() > proxy::config::kNetworksMax && said) {
    add_issue(*said, "has, with those of its class, more networks than there may be",
              "Join some of them.", issues);
  }
  return denied;
}

}  // namespace

AddressList read_address_list(const AnnotationMap& annotations, std::string_view key,
                              std::string_view older_key, Issues& issues) {
  AddressList list;
  const auto newer = find(annotations, key);
  const auto older = find(annotations, older_key);
  if (newer) list.networks = read_list(*newer, issues);
  if (older) {
    Networks networks = read_list(*older, issues);
    if (!newer) {
      list.networks = std::move(networks);
    } else if (networks != list.networks) {
      add_issue(
          *older,
          "names other networks than " + newer->name + ", which is the same under a newer name",
          "Remove one of the two.", issues);
    }
  }
  for (const auto& found : {newer, older}) {
    if (found && admits_everybody(found->value)) list.is_everybody = true;
  }
  return list;
}

AddressLists read_address_lists(const AnnotationMap& annotations, Issues& issues) {
  AddressLists lists;
  lists.denied = read_denied(annotations, issues);
  AddressList allowed =
      read_address_list(annotations, "allowlist-source-range", "whitelist-source-range", issues);
  if (!allowed.is_everybody) lists.allowed = std::move(allowed.networks);
  return lists;
}

}  // namespace ingress::annotations
