#pragma once

#include "proxy/config/model.h"

namespace routing {

// Entries that equal those of `previous` get their address.
template <class T>
void share_section(const proxy::config::ProxyConfig::Section<T>& previous,
                   proxy::config::ProxyConfig::Section<T>& next) {
  const proxy::config::ProxyConfig::Section<T> entries = next;
  for (const auto& [name, value] : entries) {
    const auto old = previous.find(name);
    if (old != previous.end() && old->second != value && *old->second == *value) {
      next.insert_or_assign(name, old->second);
    }
  }
}

// `next`, with every entry that equals one of `previous` sharing its address, so that comparing the
// two costs little.
proxy::config::ProxyConfig share_unchanged(const proxy::config::ProxyConfig& previous,
                                           proxy::config::ProxyConfig next);

}  // namespace routing
