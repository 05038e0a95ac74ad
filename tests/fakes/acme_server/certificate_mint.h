#pragma once

#include <chrono>
#include <set>
#include <string>

#include <tl/expected.hpp>

#include "base/clock.h"
#include "base/key.h"

namespace fakes {

// What a CSR asks for.
struct CsrRequest {
  std::set<std::string> dns_names;
  std::set<std::string> ip_addresses;
  std::string public_key_der;
};

// The error is a sentence. The CSR's own signature is verified.
tl::expected<CsrRequest, std::string> read_csr(const std::string& der);

// A little certificate authority: one self-signed root that signs leaves.
class CertificateMint {
 public:
  CertificateMint();

  const std::string& root_pem() const { return root_pem_; }
  // Leaf and root in PEM. The serial has its top bit set, so that its DER begins with 00.
  // names: what it is to be good for, as OpenSSL has it ("DNS:a.example"), whatever the CSR asks.
  // is_weak: signed by SHA-1.
  std::string issue(const std::string& csr_der, base::WallTime not_before, base::WallTime not_after,
                    const std::string& names = {}, bool is_weak = false);

 private:
  base::PrivateKey key_;
  std::string root_pem_;
  unsigned serial_ = 0;
};

}  // namespace fakes
