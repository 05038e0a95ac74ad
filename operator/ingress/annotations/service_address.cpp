#include "operator/ingress/annotations/service_address.h"

#include <string>

namespace ingress::annotations {

std::optional<kube::ObjectKey> service_named_by(std::string_view host) {
  for (const std::string_view suffix : {".svc.cluster.local", ".svc"}) {
    if (!host.ends_with(suffix)) continue;
    const std::string_view name = host.substr(0, host.size() - suffix.size());
    const std::size_t dot = name.find('.');
    if (dot == std::string_view::npos || name.find('.', dot + 1) != std::string_view::npos) break;
    return kube::ObjectKey{std::string(name.substr(dot + 1)), std::string(name.substr(0, dot))};
  }
  return std::nullopt;
}

}  // namespace ingress::annotations
