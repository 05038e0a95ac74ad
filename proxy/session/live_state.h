#pragma once

#include <memory>

#include "proxy/client/trusted_networks.h"
#include "proxy/control/snapshot.h"
#include "proxy/policy/client_places.h"
#include "proxy/policy/limits.h"
#include "proxy/tls/certificate_table.h"

namespace proxy::session {

// What all workers serve from one moment on.
struct LiveState {
  std::shared_ptr<const control::Snapshot> snapshot;  // nullptr: there is no configuration yet
  std::shared_ptr<const tls::CertificateTable> certificates;
  // Who may say who their client is, for connections that come from now on: by the options and by
  // the configuration. nullptr: nobody.
  std::shared_ptr<const client::TrustedNetworks> trusted_proxies{};
  // Whether they may do so by a PROXY header where none must come, likewise.
  bool takes_proxy_headers = false;
  // What workers write together: of clients of routes with limits. Always the same.
  std::shared_ptr<policy::LimitTables> limits{};
  // Likewise, of clients that stay with their endpoints.
  std::shared_ptr<policy::ClientPlaces> client_places{};
};

}  // namespace proxy::session
