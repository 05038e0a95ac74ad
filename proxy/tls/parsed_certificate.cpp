#include "proxy/tls/parsed_certificate.h"

#include <vector>

#include <openssl/err.h>

#include "base/pem.h"
#include "base/tls_certificate_rules.h"
#include "proxy/tls/ec_private_key.h"

namespace proxy::tls {
namespace {

void free_stack(STACK_OF(X509) * stack) {
  sk_X509_pop_free(stack, X509_free);
}

base::X509Ptr read_x509(const std::string& der) {
  const auto* begin = reinterpret_cast<const unsigned char*>(der.data());
  return base::X509Ptr(d2i_X509(nullptr, &begin, static_cast<long>(der.size())));
}

base::EvpPkeyPtr read_key(const base::PemBlock& block) {
  if (base::EvpPkeyPtr key = read_ec_private_key(block); key != nullptr) return key;
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

base::Result<base::EvpPkeyPtr> key_of(const std::string& pem) {
  const auto blocks = base::read_pem(pem);
  if (!blocks) return base::failure(base::while_doing("reading the private key", blocks.error()));
  for (const base::PemBlock& block : *blocks) {
    if (!block.label.ends_with("PRIVATE KEY")) continue;  // EC PARAMETERS may stand before it
    ERR_clear_error();
    base::EvpPkeyPtr key = read_key(block);
    if (key != nullptr) return key;
    return base::failure(base::ErrorKind::invalid,
                         "reading the private key: " + base::take_openssl_error());
  }
  return base::failure(base::ErrorKind::invalid, "there is no private key");
}

}  // namespace

base::Result<ParsedCertificate> parse_certificate(const config::Certificate& source) {
  const auto blocks = base::read_pem(source.chain_pem);
  if (!blocks) return base::failure(base::while_doing("reading the chain", blocks.error()));
  ParsedCertificate parsed{nullptr, X509StackPtr(sk_X509_new_null(), free_stack), nullptr, {}};
  for (const base::PemBlock& block : *blocks) {
    if (block.label != "CERTIFICATE") continue;
    ERR_clear_error();
    base::X509Ptr certificate = read_x509(block.der);
    if (certificate == nullptr) {
      return base::failure(base::ErrorKind::invalid,
                           "reading the chain: " + base::take_openssl_error());
    }
    if (parsed.leaf == nullptr) {
      auto info = base::read_certificate_der(block.der);
      if (!info) return base::failure(info.error());
      parsed.info = std::move(*info);
      parsed.leaf = std::move(certificate);
    } else {
      sk_X509_push(parsed.chain.get(), certificate.release());
    }
  }
  if (parsed.leaf == nullptr) {
    return base::failure(base::ErrorKind::invalid, "there is no certificate in the chain");
  }
  auto key = key_of(source.key_pem);
  if (!key) return base::failure(key.error());
  parsed.key = std::move(*key);
  ERR_clear_error();
  if (X509_check_private_key(parsed.leaf.get(), parsed.key.get()) != 1) {
    ERR_clear_error();
    return base::failure(base::ErrorKind::invalid,
                         "the private key does not belong to the certificate");
  }
  std::vector<X509*> certificates{parsed.leaf.get()};
  for (int i = 0; i < sk_X509_num(parsed.chain.get()); ++i) {
    certificates.push_back(sk_X509_value(parsed.chain.get(), i));
  }
  if (auto servable = base::check_tls_chain(certificates); !servable) {
    return base::failure(servable.error());
  }
  return parsed;
}

}  // namespace proxy::tls
