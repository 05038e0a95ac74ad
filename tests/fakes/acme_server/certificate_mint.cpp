#include "tests/fakes/acme_server/certificate_mint.h"

#include <cstdlib>

#include "base/digest.h"
#include "base/ip_text.h"
#include "base/openssl.h"

namespace fakes {
namespace {

base::X509ReqPtr parse_csr(const std::string& der) {
  const auto* start = reinterpret_cast<const unsigned char*>(der.data());
  return base::X509ReqPtr(d2i_X509_REQ(nullptr, &start, static_cast<long>(der.size())));
}

base::PrivateKey make_key() {
  auto key = base::PrivateKey::generate({});
  if (!key) std::abort();
  return *key;
}

std::string to_pem(X509* certificate) {
  const base::BioPtr bio(BIO_new(BIO_s_mem()));
  PEM_write_bio_X509(bio.get(), certificate);
  return base::read_memory_bio(bio.get());
}

void add_extension(X509* certificate, X509* issuer, int nid, const char* value) {
  X509V3_CTX context;
  X509V3_set_ctx_nodb(&context);
  X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
  const base::X509ExtensionPtr extension(X509V3_EXT_conf_nid(nullptr, &context, nid, value));
  if (!extension || X509_add_ext(certificate, extension.get(), -1) != 1) std::abort();
}

void set_serial(X509* certificate, unsigned serial) {
  // 0x80 in front needs a leading 00 in DER; RFC 9773 keeps it in the certID.
  std::string bytes = "\x80" + base::random_bytes(6) + static_cast<char>(serial);
  const base::BignumPtr number(BN_bin2bn(reinterpret_cast<const unsigned char*>(bytes.data()),
                                         static_cast<int>(bytes.size()), nullptr));
  BN_to_ASN1_INTEGER(number.get(), X509_get_serialNumber(certificate));
}

void copy_names(X509_REQ* csr, X509* certificate) {
  STACK_OF(X509_EXTENSION)* extensions = X509_REQ_get_extensions(csr);
  const int at = X509v3_get_ext_by_NID(extensions, NID_subject_alt_name, -1);
  if (at >= 0) X509_add_ext(certificate, X509v3_get_ext(extensions, at), -1);
  sk_X509_EXTENSION_pop_free(extensions, X509_EXTENSION_free);
}

void read_names(X509_REQ* csr, CsrRequest& out) {
  STACK_OF(X509_EXTENSION)* extensions = X509_REQ_get_extensions(csr);
  const base::GeneralNamesPtr names(static_cast<GENERAL_NAMES*>(
      X509V3_get_d2i(extensions, NID_subject_alt_name, nullptr, nullptr)));
  sk_X509_EXTENSION_pop_free(extensions, X509_EXTENSION_free);
  for (int i = 0; names && i < sk_GENERAL_NAME_num(names.get()); ++i) {
    const GENERAL_NAME* name = sk_GENERAL_NAME_value(names.get(), i);
    const ASN1_STRING* value = name->type == GEN_IPADD ? name->d.iPAddress : name->d.dNSName;
    const std::string text(reinterpret_cast<const char*>(ASN1_STRING_get0_data(value)),
                           static_cast<std::size_t>(ASN1_STRING_length(value)));
    if (name->type == GEN_DNS) out.dns_names.insert(text);
    if (name->type == GEN_IPADD) {
      out.ip_addresses.insert(base::ip_text_from_bytes(text).value_or("?"));
    }
  }
}

}  // namespace

tl::expected<CsrRequest, std::string> read_csr(const std::string& der) {
  const base::X509ReqPtr csr = parse_csr(der);
  if (!csr) return tl::unexpected<std::string>("the CSR is not DER of RFC 2986");
  EVP_PKEY* key = X509_REQ_get0_pubkey(csr.get());
  if (key == nullptr || X509_REQ_verify(csr.get(), key) != 1) {
    return tl::unexpected<std::string>("the CSR is not signed by its own key");
  }
  CsrRequest out;
  read_names(csr.get(), out);
  unsigned char* spki = nullptr;
  const int size = i2d_PUBKEY(key, &spki);
  out.public_key_der.assign(reinterpret_cast<const char*>(spki), static_cast<std::size_t>(size));
  OPENSSL_free(spki);
  return out;
}

CertificateMint::CertificateMint() : key_(make_key()) {
  const base::X509Ptr root(X509_new());
  X509_set_version(root.get(), X509_VERSION_3);
  set_serial(root.get(), 0);
  X509_NAME_add_entry_by_txt(X509_get_subject_name(root.get()), "CN", MBSTRING_ASC,
                             reinterpret_cast<const unsigned char*>("Fake ACME root"), -1, -1, 0);
  X509_set_issuer_name(root.get(), X509_get_subject_name(root.get()));
  // Wide enough for any fake clock.
  ASN1_TIME_set_string_X509(X509_getm_notBefore(root.get()), "20000101000000Z");
  ASN1_TIME_set_string_X509(X509_getm_notAfter(root.get()), "20990101000000Z");
  X509_set_pubkey(root.get(), key_.get());
  add_extension(root.get(), root.get(), NID_basic_constraints, "critical,CA:TRUE");
  add_extension(root.get(), root.get(), NID_subject_key_identifier, "hash");
  if (X509_sign(root.get(), key_.get(), EVP_sha256()) == 0) std::abort();
  root_pem_ = to_pem(root.get());
}

std::string CertificateMint::issue(const std::string& csr_der, base::WallTime not_before,
                                   base::WallTime not_after, const std::string& names,
                                   bool is_weak) {
  const base::X509ReqPtr csr = parse_csr(csr_der);
  const auto root = base::parse_first_certificate(root_pem_);
  const base::X509Ptr leaf(X509_new());
  X509_set_version(leaf.get(), X509_VERSION_3);
  set_serial(leaf.get(), ++serial_);
  X509_set_issuer_name(leaf.get(), X509_get_subject_name(root->get()));
  ASN1_TIME_set(X509_getm_notBefore(leaf.get()), std::chrono::system_clock::to_time_t(not_before));
  ASN1_TIME_set(X509_getm_notAfter(leaf.get()), std::chrono::system_clock::to_time_t(not_after));
  X509_set_pubkey(leaf.get(), X509_REQ_get0_pubkey(csr.get()));
  if (names.empty()) {
    copy_names(csr.get(), leaf.get());
  } else {
    add_extension(leaf.get(), root->get(), NID_subject_alt_name, names.c_str());
  }
  add_extension(leaf.get(), root->get(), NID_authority_key_identifier, "keyid:always");
  add_extension(leaf.get(), root->get(), NID_ext_key_usage, "serverAuth");
  const EVP_MD* const digest = is_weak ? EVP_sha1() : EVP_sha256();
  if (X509_sign(leaf.get(), key_.get(), digest) == 0) std::abort();
  return to_pem(leaf.get()) + root_pem_;
}

}  // namespace fakes
