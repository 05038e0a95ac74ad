#pragma once

#include <mutex>
#include <stop_token>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/http_server.h"
#include "base/result.h"
#include "kube/client.h"
#include "kube/reconciler.h"
#include "kube/resources/config_map.h"
#include "kube/resources/secret.h"
#include "kube/store.h"
#include "operator/control/own_certificate_plan.h"

namespace control {

// The control endpoint's own certificate, made by the operator: keeps the Secret and the ConfigMap
// of own_certificate_content.h as own_certificate_plan.h wants them, and hands out what the Secret
// holds.
//
// Every replica runs one, leader or not, since every replica serves. The API server decides between
// those that write at one moment: a Secret is created once, and changed only in the version that
// was read; who comes second takes over what the first made.
//
// The last certificate that could be served stays until there is a better one, whatever becomes of
// the Secret.
class OwnIdentity final : public kube::Reconciler {
 public:
  struct Options {
    kube::ObjectKey secret;
    kube::ObjectKey config_map;
    std::vector<std::string> dns_names;
    OwnCertificateTimes times{};
  };
  struct Stores {
    const kube::Store<kube::Secret>& secrets;
    const kube::Store<kube::ConfigMap>& config_maps;
  };

  // Stores, client and clock must outlive it.
  OwnIdentity(Options options, Stores stores, kube::Client& client, const base::Clock& clock,
              std::stop_token stop);

  // The key is the Secret's. Before both stores have synced it does nothing: enqueue it once they
  // have, and on each change of either.
  base::Result<kube::Outcome> reconcile(const kube::ObjectKey& key) override;

  // For HttpServer::Options::tls, from any thread. Empty before there is one, and then the server
  // drops the connection.
  base::HttpServer::TlsIdentity get() const;
  // Empty once there is something to serve.
  std::string why_not_ready() const;

 private:
  base::Result<OwnCertificateContent> settle(const kube::Secret* secret,
                                             OwnCertificateVerdict& verdict);
  base::Result<kube::Secret> write(const kube::Secret* present,
                                   const OwnCertificateContent& content);
  base::Status publish(const std::string& bundle);
  void serve(const OwnCertificateContent& content);
  void note_problem(std::string problem);

  const Options options_;
  const Stores stores_;
  kube::Client& client_;
  const base::Clock& clock_;
  const std::stop_token stop_;

  mutable std::mutex mutex_;
  base::HttpServer::TlsIdentity identity_;
  std::string problem_;  // why there is nothing to serve yet
};

}  // namespace control
