#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "kube/resources/ingress.h"
#include "operator/ingress/annotations/source.h"

namespace ingress::annotations {

// The hosts that an Ingress asks for beside those of its rules. Each is a claim like a rule's. They
// are in ProxyConfig's spelling, and none is a host of a rule of this Ingress.
struct OtherHosts {
  // server-alias: has the paths of the first rule.
  std::vector<std::string> aliases;
  // from-to-www-redirect: from "www.shop.example" to "shop.example" of a rule, or the other way.
  std::vector<std::pair<std::string, std::string>> redirected;  // from, to
};

OtherHosts read_other_hosts(const kube::Ingress& ingress, Issues& issues);

}  // namespace ingress::annotations
