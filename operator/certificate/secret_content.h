#pragma once

#include <optional>
#include <string>

#include "base/certificate_view.h"
#include "base/key.h"
#include "base/result.h"
#include "base/x509.h"
#include "kube/resources/secret.h"

namespace certificate {

inline constexpr const char* kChainKey = "tls.crt";
inline constexpr const char* kPrivateKeyKey = "tls.key";
// The private key of the order under way. It waits beside the pair that is served, so that an
// operator that is killed after finalize can still use the certificate.
inline constexpr const char* kNextPrivateKeyKey = "next-tls.key";
// The order that tls.crt came from: tells a restarted operator that the last step is done.
inline constexpr const char* kOrderUrlAnnotation = "gatehouse.dev/order-url";
// The directory URL of the server that tls.crt came from.
inline constexpr const char* kServerAnnotation = "gatehouse.dev/acme-server";

// What the Secret of a Certificate holds, parsed once. A value. An empty tls.crt or tls.key (which
// kubernetes.io/tls wants present) means that there is none.
struct SecretContent {
  std::string chain_pem;
  std::string key_pem;
  std::string next_key_pem;
  std::optional<base::CertificateInfo> leaf;  // nothing when chain_pem is empty or broken
  base::CertificateView view;                 // of the leaf
  int chain_length = 0;
  std::optional<base::KeySpec> key;  // nothing when key_pem is empty or broken
  std::string problem;               // a sentence: what of the present data cannot be read
  std::string pair_problem;          // a sentence: why the key is not the certificate's
  std::string tls_problem;           // a clause: why no server of ours can show the certificate
  std::string order_url;
  std::string issuer_name;  // empty: nobody wrote it there
  std::string issuer_kind;
  std::string server;      // empty likewise
  bool is_marked = false;  // an annotation says that we, or cert-manager, keep this Secret

  // A certificate that nobody gave into our keeping.
  bool is_foreign() const { return leaf && !is_marked; }
  bool has_data() const { return !chain_pem.empty() && !key_pem.empty(); }
};

SecretContent read_content(const kube::Secret& secret);

}  // namespace certificate
