#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"

struct evp_pkey_st;  // OpenSSL's EVP_PKEY

namespace base {

enum class KeyAlgorithm { ecdsa, rsa };

struct KeySpec {
  KeyAlgorithm algorithm = KeyAlgorithm::ecdsa;
  int bits = 256;  // ecdsa: 256 | 384; rsa: 2048 | 3072 | 4096
  bool operator==(const KeySpec&) const = default;
};

// A private key. Cheap to copy (shared, immutable); safe to use from many threads.
class PrivateKey {
 public:
  static Result<PrivateKey> generate(KeySpec spec);
  // PKCS#8, SEC1 or PKCS#1 PEM, unencrypted.
  static Result<PrivateKey> from_pem(std::string_view pem);

  std::string to_pem() const;  // PKCS#8
  KeySpec spec() const;
  evp_pkey_st* get() const { return key_.get(); }

 private:
  explicit PrivateKey(std::shared_ptr<evp_pkey_st> key) : key_(std::move(key)) {}
  std::shared_ptr<evp_pkey_st> key_;
};

// Above it a signature takes so long (the cube of it) that a few handshakes hold up everybody else.
inline constexpr int kRsaBitsMax = 4096;
// Nothing when a signature with this key takes no longer than its kind and size promise. invalid:
// an RSA key above kRsaBitsMax, of more than two primes, or with parts that are longer than its
// modulus: whoever writes a key chooses them, and that they belong to the certificate needs the
// modulus alone.
Status check_cost_of(const evp_pkey_st* key);

// A certificate signing request in DER (RFC 2986) with the names in subjectAltName; the common name
// only when given.
struct CsrNames {
  std::string common_name;
  std::vector<std::string> dns_names;
  std::vector<std::string> ip_addresses;
};
Result<std::string> make_csr(const PrivateKey& key, const CsrNames& names);

// A self-signed certificate in PEM, for the operator's own control endpoint and for tests.
struct SelfSignedOptions {
  CsrNames names;
  bool is_ca = false;
  std::chrono::hours lifetime{24 * 365};
  std::chrono::hours backdate{1};
  std::optional<WallTime> now{};  // counted from; nothing: the system's time
};
Result<std::string> make_self_signed(const PrivateKey& key, const SelfSignedOptions& options);

// A leaf signed by a CA of ours, in PEM (leaf only).
Result<std::string> sign_leaf(const PrivateKey& leaf_key, const SelfSignedOptions& options,
                              std::string_view ca_pem, const PrivateKey& ca_key);

}  // namespace base
