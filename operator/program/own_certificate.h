#pragma once

#include <stop_token>
#include <string>
#include <thread>

#include "base/clock.h"
#include "base/http_server.h"
#include "kube/client.h"
#include "kube/controller.h"
#include "kube/reflector.h"
#include "kube/resources/config_map.h"
#include "kube/resources/secret.h"
#include "kube/store.h"
#include "operator/control/own_identity.h"

namespace program {

// Runs what keeps the certificate that the operator makes for its control API itself, in one Secret
// and one ConfigMap. Only these two are watched: rights to two named objects are enough. Threads of
// its own: two watches, one worker, and one that waits for the first listings.
class OwnCertificate {
 public:
  // client and clock outlive it.
  OwnCertificate(const control::OwnIdentity::Options& options, kube::Client& client,
                 const base::Clock& clock, kube::ControllerOptions controller_options,
                 const std::stop_token& stop);

  void start();
  void request_stop();
  void stop();

  base::HttpServer::TlsIdentity get() const { return identity_.get(); }
  std::string why_not_ready() const { return identity_.why_not_ready(); }

 private:
  const kube::ObjectKey key_;
  kube::Store<kube::Secret> secrets_;
  kube::Store<kube::ConfigMap> config_maps_;
  control::OwnIdentity identity_;
  kube::Controller controller_;
  kube::Reflector<kube::Secret> secret_reflector_;
  kube::Reflector<kube::ConfigMap> config_map_reflector_;
  std::jthread first_;
};

}  // namespace program
