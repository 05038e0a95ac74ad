#pragma once

#include <string_view>
#include <vector>

#include "operator/ingress/annotations/source.h"
#include "proxy/config/network.h"

namespace ingress::annotations {

// allowlist-source-range (or whitelist-source-range, which is its older name) and
// denylist-source-range: sorted, unique. Where everybody is let in, nobody is named.
struct AddressLists {
  std::vector<proxy::config::Network> allowed;
  std::vector<proxy::config::Network> denied;
};

// One list that may be written under two names, sorted and unique. The two must say the same.
struct AddressList {
  std::vector<proxy::config::Network> networks;
  bool is_everybody = false;
};
AddressList read_address_list(const AnnotationMap& annotations, std::string_view key,
                              std::string_view older_key, Issues& issues);

// They guard: a list that cannot be read to its end closes the Ingress, and so do two lists under
// the two names of one that differ.
AddressLists read_address_lists(const AnnotationMap& annotations, Issues& issues);

}  // namespace ingress::annotations
