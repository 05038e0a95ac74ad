#include "base/certificate_view.h"

#include "base/certificate_facts.h"
#include "base/digest.h"
#include "base/openssl.h"

namespace base {
namespace {

std::string subject_of(const X509* certificate) {
  const BioPtr bio(BIO_new(BIO_s_mem()));
  if (!bio) return {};
  // Control characters and non-ASCII bytes are escaped (RFC 2253 §2.4).
  X509_NAME_print_ex(bio.get(), X509_get_subject_name(certificate), 0, XN_FLAG_RFC2253);
  return read_memory_bio(bio.get());
}

std::string public_key_der(const X509* certificate) {
  unsigned char* der = nullptr;
  const int size = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(certificate), &der);
  if (size <= 0) return {};
  std::string bytes(reinterpret_cast<const char*>(der), static_cast<std::size_t>(size));
  OPENSSL_free(der);
  return bytes;
}

}  // namespace

CertificateView view_of(X509* certificate) {
  CertificateView view;
  view.subject = subject_of(certificate);
  view.public_key_sha256 = hex_pairs(sha256(public_key_der(certificate)));
  take_openssl_error();
  return view;
}

Result<CertificateView> view_certificate(std::string_view pem) {
  const auto certificate = parse_first_certificate(pem);
  if (!certificate) return failure(certificate.error());
  return view_of(certificate->get());
}

}  // namespace base
