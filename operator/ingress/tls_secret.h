#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "base/x509.h"
#include "kube/resources/secret.h"
#include "proxy/config/model.h"

namespace ingress {

// What a Secret offers to TLS. A value; parsing is the expensive part, so it is done once for each
// version of a Secret.
struct TlsSecret {
  enum class State {
    usable,  // material and leaf are set, key and certificate belong together and can be served
    empty,   // neither tls.crt nor tls.key has content yet
    broken,  // problem says why; its content never reaches a proxy
  };
  State state = State::broken;
  std::string problem;  // a clause without the Secret's name: "tls.key does not belong to tls.crt"
  std::shared_ptr<const proxy::config::Certificate> material;
  std::optional<base::CertificateInfo> leaf;
};

TlsSecret read_tls_secret(const kube::Secret& secret);

// Keeps what was read by uid and resourceVersion. Not thread-safe: it belongs to the compile loop.
class TlsSecretCache {
 public:
  std::shared_ptr<const TlsSecret> read(const kube::Secret& secret);
  // Forgets what was not read since the last call: Secrets that are gone or no longer named.
  void drop_unused();

 private:
  struct Entry {
    std::string resource_version;
    std::shared_ptr<const TlsSecret> secret;
    bool used = true;
  };
  std::map<std::string, Entry> by_uid_;
};

}  // namespace ingress
