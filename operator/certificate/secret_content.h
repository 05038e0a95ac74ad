#pragma once

#include <optional>
#include <string>

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

// What the Secret of a Certificate holds, parsed once. A value. An empty tls.crt or tls.key (which
// kubernetes.io/tls wants present) means that there is none.
struct SecretContent {
  std::string chain_pem;
  std::string key_pem;
  std::string next_key_pem;
  std::optional<base::CertificateInfo> leaf;    // nothing when chain_pem is empty or broken
  std::optional<base::PrivateKey> private_key;  // nothing when key_pem is empty or broken
  std::string problem;       // a sentence: what of the present data cannot be read
  std::string pair_problem;  // a sentence: why the key is not the certificate's
  std::string order_url;
  std::string issuer_name;  // empty: nobody wrote it there
  std::string issuer_kind;

  bool has_data() const { return !chain_pem.empty() && !key_pem.empty(); }
};

SecretContent read_content(const kube::Secret& secret);

}  // namespace certificate
