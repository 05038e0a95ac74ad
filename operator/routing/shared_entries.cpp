#include "operator/routing/shared_entries.h"

namespace routing {

proxy::config::ProxyConfig share_unchanged(const proxy::config::ProxyConfig& previous,
                                           proxy::config::ProxyConfig next) {
  share_section(previous.clusters, next.clusters);
  share_section(previous.hosts, next.hosts);
  share_section(previous.certificates, next.certificates);
  share_section(previous.challenges, next.challenges);
  share_section(previous.guards, next.guards);
  share_section(previous.shapes, next.shapes);
  share_section(previous.arrivals, next.arrivals);
  return next;
}

}  // namespace routing
