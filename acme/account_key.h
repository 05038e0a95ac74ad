#pragma once

#include <string>
#include <string_view>

#include "base/key.h"
#include "base/result.h"

namespace acme {

// The key that signs for an ACME account. A value: cheap to copy, safe to use from many threads.
// ECDSA P-256 (ES256), P-384 (ES384) or RSA (RS256).
class AccountKey {
 public:
  static base::Result<AccountKey> from(base::PrivateKey key);

  const base::PrivateKey& key() const { return key_; }
  std::string_view algorithm() const { return algorithm_; }      // the JWS "alg"
  const std::string& jwk() const { return jwk_; }                // canonical JSON (RFC 7638 §3)
  const std::string& thumbprint() const { return thumbprint_; }  // base64url SHA-256 of jwk()

  // The body of an HTTP-01 answer: token "." thumbprint (RFC 8555 §8.1).
  std::string key_authorization(std::string_view token) const;

  // The JWS signature of these bytes (RFC 7518 §3.3, §3.4: ECDSA as R || S).
  base::Result<std::string> sign(std::string_view bytes) const;

 private:
  AccountKey(base::PrivateKey key, std::string_view algorithm, std::string jwk);

  base::PrivateKey key_;
  std::string_view algorithm_;
  std::string jwk_;
  std::string thumbprint_;
};

}  // namespace acme
