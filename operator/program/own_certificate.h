#pragma once

#include <memory>
#include <stop_token>
#include <string>

#include <prometheus/registry.h>

#include "base/clock.h"
#include "base/http_server.h"
#include "kube/cache.h"
#include "kube/client.h"
#include "kube/controller.h"
#include "kube/controllers.h"
#include "kube/object.h"
#include "kube/resources/config_map.h"
#include "kube/resources/secret.h"
#include "kube/store.h"
#include "operator/control/own_identity.h"

namespace program {

// Runs what keeps the certificate that the operator makes for its control API itself, in one Secret
// and one ConfigMap. Only these two are watched: rights to two named objects are enough. Threads of
// its own: two watches and one worker.
class OwnCertificate {
 public:
  // client and clock outlive it. registry: as kube::ControllerOptions::registry.
  OwnCertificate(const control::OwnIdentity::Options& options, kube::Client& client,
                 const base::Clock& clock, std::shared_ptr<prometheus::Registry> registry,
                 const std::stop_token& stop);
  OwnCertificate(const OwnCertificate&) = delete;
  OwnCertificate& operator=(const OwnCertificate&) = delete;
  ~OwnCertificate() { stop(); }

  void start();
  void request_stop();
  void stop();

  base::HttpServer::TlsIdentity get() const { return identity_.get(); }
  std::string why_not_ready() const { return identity_.why_not_ready(); }

 private:
  template <class T>
  void look_on_change_of(kube::Store<T>& store);

  const kube::ObjectKey key_;
  kube::Cache cache_;
  kube::Store<kube::Secret>& secrets_;
  kube::Store<kube::ConfigMap>& config_maps_;
  control::OwnIdentity identity_;
  kube::Controllers controllers_;
  kube::Controller& controller_;
};

}  // namespace program
