#include "base/tls_certificate_rules.h"

#include <array>
#include <optional>
#include <string>
#include <vector>

#include <openssl/objects.h>

#include "base/key.h"
#include "base/openssl.h"
#include "base/pem.h"
#include "base/x509.h"

namespace base {
namespace {

// Of kTlsSecurityLevel, SSL_CTX_set_security_level(3).
constexpr int kSecurityBitsMin = 112;

std::string type_of(const EVP_PKEY* key) {
  const char* const name = key == nullptr ? nullptr : EVP_PKEY_get0_type_name(key);
  return name == nullptr ? "unknown" : name;
}

std::string curve_of(const EVP_PKEY* key) {
  std::array<char, 64> name{};
  std::size_t size = 0;
  if (EVP_PKEY_get_group_name(key, name.data(), name.size(), &size) != 1) return "unknown";
  return {name.data(), size};
}

// What kTlsSignatures has a signature for. TLS 1.3 binds each digest of ECDSA to one curve (RFC
// 8446 §4.2.3), so there is none for others.
Status check_leaf_key(const EVP_PKEY* key) {
  switch (key == nullptr ? EVP_PKEY_NONE : EVP_PKEY_get_base_id(key)) {
    case EVP_PKEY_RSA:
      if (EVP_PKEY_get_bits(key) <= kRsaBitsMax) return {};
      return failure(ErrorKind::invalid, "its RSA key has " +
                                             std::to_string(EVP_PKEY_get_bits(key)) +
                                             " bits, and each handshake with more than " +
                                             std::to_string(kRsaBitsMax) + " holds up all others");
    case EVP_PKEY_ED25519:
      return {};
    case EVP_PKEY_EC: {
      const std::string curve = curve_of(key);
      if (bits_of_tls_curve(OBJ_sn2nid(curve.c_str()))) return {};
      return failure(ErrorKind::invalid,
                     "its key is on the curve " + curve +
                         ", and TLS is served with P-256, P-384 and P-521 only");
    }
    default:
      return failure(ErrorKind::invalid,
                     "its key is of type " + type_of(key) +
                         ", and TLS is served with RSA, ECDSA and Ed25519 keys only");
  }
}

// As OpenSSL judges every certificate that a server is to send, SSL_CTX_use_cert_and_key(3).
Status check_key_strength(X509* certificate) {
  const EVP_PKEY* const key = X509_get0_pubkey(certificate);
  if (key == nullptr) return failure(ErrorKind::invalid, "its key cannot be read");
  if (EVP_PKEY_get_security_bits(key) >= kSecurityBitsMin) return {};
  return failure(ErrorKind::invalid,
                 "its " + type_of(key) + " key has " + std::to_string(EVP_PKEY_get_bits(key)) +
                     " bits, which TLS takes for too weak" +
                     (EVP_PKEY_get_base_id(key) == EVP_PKEY_RSA ? " (RSA needs 2048)" : ""));
}

Status check_signature_strength(X509* certificate) {
  // Nobody needs to believe a self-signed one's signature.
  if ((X509_get_extension_flags(certificate) & EXFLAG_SS) != 0) return {};
  int digest = NID_undef;
  int bits = 0;
  if (X509_get_signature_info(certificate, &digest, nullptr, &bits, nullptr) != 1) {
    return failure(ErrorKind::invalid, "its signature is of a kind that TLS does not know");
  }
  if (bits >= kSecurityBitsMin) return {};
  const char* const name = digest == NID_undef ? nullptr : OBJ_nid2sn(digest);
  return failure(ErrorKind::invalid, std::string("its signature is by ") +
                                         (name == nullptr ? "an unknown digest" : name) +
                                         ", which TLS takes for too weak");
}

Status check_chain(std::span<x509_st* const> chain, bool is_leaf_key_known) {
  for (std::size_t i = 0; i < chain.size(); ++i) {
    const bool is_key_known = i == 0 && is_leaf_key_known;
    Status status = i == 0 && !is_key_known ? check_leaf_key(X509_get0_pubkey(chain[i])) : Status();
    if (status && !is_key_known) status = check_key_strength(chain[i]);
    if (status) status = check_signature_strength(chain[i]);
    take_openssl_error();
    if (status) continue;
    return failure(while_doing(
        i == 0 ? "the certificate cannot be served"
               : "certificate " + std::to_string(i + 1) + " of the chain cannot be served",
        status.error()));
  }
  return {};
}

Result<std::vector<X509Ptr>> parse_chain(std::string_view pem) {
  const auto blocks = read_pem(pem);
  if (!blocks) return failure(blocks.error());
  std::vector<X509Ptr> chain;
  for (const PemBlock& block : *blocks) {
    if (block.label != "CERTIFICATE") continue;
    const auto* bytes = reinterpret_cast<const unsigned char*>(block.der.data());
    X509Ptr certificate(d2i_X509(nullptr, &bytes, static_cast<long>(block.der.size())));
    if (!certificate) {
      return failure(ErrorKind::invalid,
                     "a certificate cannot be read (" + take_openssl_error() + ")");
    }
    chain.push_back(std::move(certificate));
  }
  if (chain.empty()) {
    return failure(ErrorKind::invalid, "there is no CERTIFICATE block in the PEM text");
  }
  return chain;
}

}  // namespace

Status check_tls_chain(std::span<x509_st* const> chain) {
  return check_chain(chain, false);
}

std::optional<int> bits_of_tls_curve(int curve) {
  switch (curve) {
    case NID_X9_62_prime256v1:
      return 256;
    case NID_secp384r1:
      return 384;
    case NID_secp521r1:
      return 521;
    default:
      return std::nullopt;
  }
}

Status check_tls_chain_of_curve(std::span<x509_st* const> chain) {
  return check_chain(chain, true);
}

Status check_tls_pair(std::string_view chain_pem, std::string_view key_pem) {
  const auto chain = parse_chain(chain_pem);
  if (!chain) return failure(chain.error());
  if (auto pair = check_key_pair(chain_pem, key_pem); !pair) return pair;
  std::vector<X509*> certificates;
  for (const X509Ptr& certificate : *chain) certificates.push_back(certificate.get());
  return check_tls_chain(certificates);
}

}  // namespace base
