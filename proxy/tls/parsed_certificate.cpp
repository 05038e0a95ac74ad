#include "proxy/tls/parsed_certificate.h"

#include <cstring>
#include <ctime>
#include <utility>
#include <vector>

#include <openssl/err.h>

#include "base/digest.h"
#include "base/ec_private_key.h"
#include "base/key.h"
#include "base/pem.h"
#include "base/tls_certificate_rules.h"
#include "proxy/tls/issuer_certificates.h"

namespace proxy::tls {
namespace {

void free_stack(STACK_OF(X509) * stack) {
  sk_X509_pop_free(stack, X509_free);
}

bool has_dates(const X509* certificate) {
  std::tm fields{};
  return ASN1_TIME_to_tm(X509_get0_notBefore(certificate), &fields) == 1 &&
         ASN1_TIME_to_tm(X509_get0_notAfter(certificate), &fields) == 1;
}

base::Error unreadable(const std::string& der) {
  const std::string reason = base::take_openssl_error();
  // It says what is wrong with more words, and more slowly.
  const auto described = base::read_certificate_der(der);
  return described ? base::Error{base::ErrorKind::invalid, "reading the chain: " + reason}
                   : described.error();
}

base::EvpPkeyPtr read_key(const base::PemBlock& block) {
  if (base::EvpPkeyPtr key = base::read_ec_private_key(block); key != nullptr) return key;
  const auto* begin = reinterpret_cast<const unsigned char*>(block.der.data());
  const auto size = static_cast<long>(block.der.size());
  // The label names the form, so OpenSSL need not try all of its decoders.
  if (block.label == "EC PRIVATE KEY") {
    return base::EvpPkeyPtr(d2i_PrivateKey(EVP_PKEY_EC, nullptr, &begin, size));
  }
  if (block.label == "RSA PRIVATE KEY") {
    return base::EvpPkeyPtr(d2i_PrivateKey(EVP_PKEY_RSA, nullptr, &begin, size));
  }
  return base::EvpPkeyPtr(d2i_AutoPrivateKey(nullptr, &begin, size));
}

base::Result<base::EvpPkeyPtr> key_of(const base::PemText& pem) {
  const auto blocks = pem.blocks();
  if (!blocks) return base::failure(base::while_doing("reading the private key", blocks.error()));
  for (const base::PemBlock& block : *blocks) {
    if (!block.label.ends_with("PRIVATE KEY")) continue;  // EC PARAMETERS may stand before it
    ERR_clear_error();
    base::EvpPkeyPtr key = read_key(block);
    if (key != nullptr) {
      if (auto status = base::check_cost_of(key.get()); !status) {
        return base::failure(status.error());
      }
      return key;
    }
    return base::failure(base::ErrorKind::invalid,
                         "reading the private key: " + base::take_openssl_error());
  }
  return base::failure(base::ErrorKind::invalid, "there is no private key");
}

}  // namespace

ParsedCertificate::ParsedCertificate() : chain(sk_X509_new_null(), free_stack) {}

const base::CertificateInfo& ParsedCertificate::info() const {
  std::call_once(once_, [this] {
    unsigned char* bytes = nullptr;
    const int size = i2d_X509(leaf.get(), &bytes);
    const std::string_view der(reinterpret_cast<const char*>(bytes),
                               size > 0 ? static_cast<std::size_t>(size) : 0);
    auto read = base::read_certificate_der(der);
    OPENSSL_free(bytes);
    info_ = std::make_unique<const base::CertificateInfo>(read ? std::move(*read)
                                                               : base::CertificateInfo());
  });
  return *info_;
}

base::Result<std::shared_ptr<const ParsedCertificate>> parse_certificate(
    const config::Certificate& source, IssuerCertificates* issuers) {
  const auto blocks = source.chain_pem.blocks();
  if (!blocks) return base::failure(base::while_doing("reading the chain", blocks.error()));
  const auto parsed = std::make_shared<ParsedCertificate>();
  for (const base::PemBlock& block : *blocks) {
    if (block.label != "CERTIFICATE") continue;
    ERR_clear_error();
    const bool is_leaf = parsed->leaf == nullptr;
    base::X509Ptr certificate =
        is_leaf || issuers == nullptr ? read_x509(block.der) : issuers->read(block.der);
    if (certificate == nullptr || (is_leaf && !has_dates(certificate.get()))) {
      return base::failure(unreadable(block.der));
    }
    if (is_leaf) {
      const std::string digest = base::sha256(block.der);
      std::memcpy(parsed->fingerprint.data(), digest.data(), parsed->fingerprint.size());
      parsed->leaf = std::move(certificate);
    } else {
      sk_X509_push(parsed->chain.get(), certificate.release());
    }
  }
  if (parsed->leaf == nullptr) {
    return base::failure(base::ErrorKind::invalid, "there is no certificate in the chain");
  }
  auto key = key_of(source.key_pem);
  if (!key) return base::failure(key.error());
  parsed->key = std::move(*key);
  ERR_clear_error();
  if (X509_check_private_key(parsed->leaf.get(), parsed->key.get()) != 1) {
    ERR_clear_error();
    return base::failure(base::ErrorKind::invalid,
                         "the private key does not belong to the certificate");
  }
  std::vector<X509*> certificates{parsed->leaf.get()};
  for (int i = 0; i < sk_X509_num(parsed->chain.get()); ++i) {
    certificates.push_back(sk_X509_value(parsed->chain.get(), i));
  }
  if (auto servable = base::check_tls_chain(certificates); !servable) {
    return base::failure(servable.error());
  }
  return std::shared_ptr<const ParsedCertificate>(parsed);
}

}  // namespace proxy::tls
