#include <openssl/pem.h>
#include <openssl/rand.h>

#include "base/openssl.h"
#include "tests/fakes/api_server/https_server.h"

namespace fakes::api_server {
namespace {

std::string pem_of(X509* certificate) {
  const base::BioPtr memory(BIO_new(BIO_s_mem()));
  PEM_write_bio_X509(memory.get(), certificate);
  return base::read_memory_bio(memory.get());
}

std::string pem_of(EVP_PKEY* key) {
  const base::BioPtr memory(BIO_new(BIO_s_mem()));
  PEM_write_bio_PKCS8PrivateKey(memory.get(), key, nullptr, nullptr, 0, nullptr, nullptr);
  return base::read_memory_bio(memory.get());
}

bool add_extension(X509* certificate, X509* issuer, int nid, const char* value) {
  X509V3_CTX context;
  X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
  X509_EXTENSION* extension = X509V3_EXT_conf_nid(nullptr, &context, nid, value);
  if (extension == nullptr) return false;
  const bool added = X509_add_ext(certificate, extension, -1) == 1;
  X509_EXTENSION_free(extension);
  return added;
}

base::X509Ptr unsigned_certificate(EVP_PKEY* key, const char* common_name) {
  base::X509Ptr certificate(X509_new());
  X509_set_version(certificate.get(), 2);
  std::uint64_t serial = 0;
  RAND_bytes(reinterpret_cast<unsigned char*>(&serial), sizeof serial);
  ASN1_INTEGER_set_uint64(X509_get_serialNumber(certificate.get()), serial >> 1);
  X509_gmtime_adj(X509_getm_notBefore(certificate.get()), -3600);
  X509_gmtime_adj(X509_getm_notAfter(certificate.get()), 365L * 24 * 3600);
  X509_set_pubkey(certificate.get(), key);
  X509_NAME_add_entry_by_txt(X509_get_subject_name(certificate.get()), "CN", MBSTRING_ASC,
                             reinterpret_cast<const unsigned char*>(common_name), -1, -1, 0);
  return certificate;
}

}  // namespace

base::Result<ServingCertificate> make_serving_certificate() {
  const base::EvpPkeyPtr ca_key(EVP_EC_gen("P-256"));
  const base::EvpPkeyPtr key(EVP_EC_gen("P-256"));
  if (!ca_key || !key) return base::failure(base::ErrorKind::invalid, "OpenSSL made no key");
  const base::X509Ptr ca = unsigned_certificate(ca_key.get(), "gatehouse-fake-apiserver-ca");
  X509_set_issuer_name(ca.get(), X509_get_subject_name(ca.get()));
  const base::X509Ptr leaf = unsigned_certificate(key.get(), "gatehouse-fake-apiserver");
  X509_set_issuer_name(leaf.get(), X509_get_subject_name(ca.get()));
  const bool done =
      add_extension(ca.get(), ca.get(), NID_basic_constraints, "critical,CA:TRUE") &&
      add_extension(ca.get(), ca.get(), NID_key_usage, "critical,keyCertSign,cRLSign") &&
      add_extension(ca.get(), ca.get(), NID_subject_key_identifier, "hash") &&
      X509_sign(ca.get(), ca_key.get(), EVP_sha256()) > 0 &&
      add_extension(leaf.get(), ca.get(), NID_basic_constraints, "critical,CA:FALSE") &&
      add_extension(leaf.get(), ca.get(), NID_key_usage, "critical,digitalSignature") &&
      add_extension(leaf.get(), ca.get(), NID_ext_key_usage, "serverAuth") &&
      add_extension(leaf.get(), ca.get(), NID_authority_key_identifier, "keyid") &&
      add_extension(leaf.get(), ca.get(), NID_subject_alt_name,
                    "IP:127.0.0.1,DNS:localhost,DNS:kubernetes.default.svc") &&
      X509_sign(leaf.get(), ca_key.get(), EVP_sha256()) > 0;
  if (!done) return base::failure(base::ErrorKind::invalid, "OpenSSL signed no certificate");
  return ServingCertificate{pem_of(ca.get()), pem_of(leaf.get()), pem_of(key.get())};
}

}  // namespace fakes::api_server
