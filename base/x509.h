#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"

namespace base {

// Who a certificate is for.
struct CertificateNames {
  std::vector<std::string> dns_names;     // lower case, sorted
  std::vector<std::string> ip_addresses;  // RFC 5952 text, sorted
};

// What we say about a certificate: in status, Events, logs and decisions. A value; no OpenSSL type.
struct CertificateInfo : CertificateNames {
  std::string subject_common_name;  // may be empty: modern CAs leave it out
  std::string issuer;               // RFC 2253 text
  std::string serial;               // lower-case hex pairs with colons, "04:ab:..."
  std::string serial_bytes;         // DER integer content, leading 00 kept (RFC 9773 certID)
  std::string authority_key_id;     // raw key identifier bytes, empty when absent
  std::string fingerprint_sha256;   // lower-case hex pairs with colons, of the DER
  std::string key_algorithm;        // "ECDSA" | "RSA" | "Ed25519" | other
  int key_bits = 0;
  WallTime not_before;
  WallTime not_after;
};

// Reads every CERTIFICATE block, leaf first as they stand. ErrorKind::invalid says which block is
// broken and why; no block at all is an error too.
Result<std::vector<CertificateInfo>> read_chain(std::string_view pem);

// The same for one certificate in DER, as a TLS peer presents it.
Result<CertificateInfo> read_certificate_der(std::string_view der);

// CertificateInfo::fingerprint_sha256 of the first certificate as it stands there. It is not
// parsed, which would cost a hundred times as much.
Result<std::string> leaf_fingerprint(std::string_view chain_pem);

// CertificateInfo::serial of CertificateInfo::serial_bytes: without the leading 00.
std::string serial_text(std::string_view serial_bytes);

// Nothing when the private key belongs to the first certificate; else invalid, with the reason.
Status check_key_pair(std::string_view chain_pem, std::string_view key_pem);

// Nothing when the first certificate of ca_pem is a CA and has signed the first of chain_pem; else
// invalid, with the reason. Times are not judged.
Status check_issued_by(std::string_view chain_pem, std::string_view ca_pem);

// RFC 6125: exact, or a wildcard that covers exactly one left-most label. Case-insensitive.
// IP literals match ip_addresses only.
bool covers_host(const CertificateNames& certificate, std::string_view host);

}  // namespace base
