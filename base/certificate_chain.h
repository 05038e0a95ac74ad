#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/certificate_view.h"
#include "base/key.h"
#include "base/result.h"
#include "base/x509.h"

struct x509_st;  // OpenSSL's X509

namespace base {

// The certificates of a PEM text, leaf first as they stand, parsed once for all that is asked of
// them. What stands behind leaves is the same for thousands of them, so each thread keeps the last
// few of those. A leaf with an EC key, as most have, is parsed without the key's decoder, which
// takes ten times as much as all the rest. Not thread-safe, and one thread's alone.
class CertificateChain {
 public:
  // Fails as read_chain() does, with the same words.
  static Result<CertificateChain> read(std::string_view pem);

  const CertificateInfo& leaf() const { return leaf_; }
  CertificateView view() const;  // of the leaf
  std::size_t size() const { return certificates_.size(); }
  std::string pem() const;  // its CERTIFICATE blocks, and nothing that stood between them

  // The private key of the leaf; invalid as check_key_pair() says it.
  struct Key {
    KeySpec spec;
    std::string pem;  // PKCS#8, and nothing that stood around it
  };
  Result<Key> read_key(std::string_view key_pem) const;

  Status check_tls() const;  // as check_tls_chain()
  // As untold_issuer(): empty where nothing is untold.
  std::string untold_issuer(std::string_view known_pem) const;

 private:
  CertificateChain() = default;

  Status add(std::string der);
  bool has_issued_leaf(x509_st* one) const;
  // Parsed with its key, should it not be yet.
  x509_st* whole_leaf() const;

  std::vector<std::shared_ptr<x509_st>> certificates_;
  std::optional<KeySpec> curve_;  // of a leaf that was parsed without its key
  mutable std::shared_ptr<x509_st> whole_leaf_;
  std::vector<std::string> ders_;
  CertificateInfo leaf_;
};

}  // namespace base
