#pragma once

#include <array>
#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/sorted_blocks.h"
#include "base/x509.h"
#include "kube/resources/secret.h"
#include "proxy/config/model.h"

namespace routing {

// What a Secret offers to TLS. A value; parsing is the expensive part, so it is done once for each
// content.
struct TlsSecret {
  enum class State {
    usable,  // material and leaf are set, key and certificate belong together and can be served
    empty,   // neither tls.crt nor tls.key has content yet
    broken,  // problem says why; its content never reaches a proxy
  };
  State state = State::broken;
  std::string problem;  // a clause without the Secret's name: "tls.key does not belong to tls.crt"
  std::shared_ptr<const proxy::config::Certificate> material;
  // What is asked of a certificate here; whoever tells of it in status reads it for himself.
  struct Leaf : base::CertificateNames {
    base::WallTime not_after{};
  };
  std::optional<Leaf> leaf;
  // Of ca.crt, whatever the rest is: the authorities to verify others by; empty: it has none that
  // can be read.
  std::string authorities_pem;
  // Of a usable one whose chain ends with its own certificate: who issued that, where neither
  // tls.crt nor ca.crt has it. Clients mostly know authorities, not what stands between.
  std::string untold_issuer;
};

TlsSecret read_tls_secret(const kube::Secret& secret);

// The authorities that a ca.crt has, to verify backends by, and nothing that stands beside them;
// empty: none that can be read.
std::string read_backend_authorities(const std::string& ca_crt);

// The same Secret, that holds its pair where `read` does; null: it does so already, or the pair is
// written in another way there. There are thousands, of some kilobytes each.
std::shared_ptr<const kube::Secret> sharing_with(const std::shared_ptr<const TlsSecret>& read,
                                                 const kube::Secret& secret);

// Reads each content once for as long as somebody holds what was read. Keeps a hash of a content
// and no more beyond that. Not thread-safe: it belongs to the compile loop.
class TlsSecretCache {
 public:
  using Hash = std::array<char, 32>;  // SHA-256

  std::shared_ptr<const TlsSecret> read(const kube::Secret& secret);
  // The same of many, by some threads: for the first configuration of ten thousand, half of which
  // is their reading. As long as the result is held they are known.
  using Secrets = std::vector<std::shared_ptr<const kube::Secret>>;
  std::vector<std::shared_ptr<const TlsSecret>> read_all(const Secrets& secrets, unsigned threads);
  std::size_t size() const { return by_content_.size(); }
  std::size_t readings() const { return readings_; }  // so far

 private:
  struct Known {
    Hash hash{};
    std::weak_ptr<const TlsSecret> read{};
  };
  struct ByHash {
    static const Hash& hash(const Known& one) { return one.hash; }
    static const Hash& hash(const Hash& one) { return one; }
    template <class One, class Other>
    bool operator()(const One& one, const Other& other) const {
      return hash(one) < hash(other);
    }
  };

  void sweep();
  std::shared_ptr<const TlsSecret> held(const Hash& hash) const;
  void keep(const Hash& hash, const std::shared_ptr<const TlsSecret>& read);

  base::SortedBlocks<Known, ByHash> by_content_;
  std::size_t sweep_at_ = 0;
  std::size_t readings_ = 0;
};

}  // namespace routing
