#include "base/openssl.h"

#include <openssl/err.h>

#include "base/pem.h"

namespace base {

std::string take_openssl_error() {
  // The oldest entry is the cause; later ones are its callers on the way out.
  const unsigned long first = ERR_get_error();
  ERR_clear_error();
  if (first == 0) return "no reason given by OpenSSL";
  const char* reason = ERR_reason_error_string(first);
  const char* library = ERR_lib_error_string(first);
  if (reason == nullptr) return "OpenSSL error " + std::to_string(first);
  return library == nullptr ? std::string(reason) : std::string(library) + ": " + reason;
}

Result<X509Ptr> parse_first_certificate(std::string_view pem) {
  auto blocks = read_pem(pem);
  if (!blocks) return failure(blocks.error());
  for (const PemBlock& block : *blocks) {
    if (block.label != "CERTIFICATE") continue;
    const auto* bytes = reinterpret_cast<const unsigned char*>(block.der.data());
    const auto* const end = bytes + block.der.size();
    X509Ptr certificate(d2i_X509(nullptr, &bytes, static_cast<long>(block.der.size())));
    if (!certificate) {
      return failure(ErrorKind::invalid,
                     "the first certificate is not valid X.509 (" + take_openssl_error() + ")");
    }
    if (bytes != end) {
      return failure(ErrorKind::invalid, "the first certificate has bytes after its end");
    }
    return certificate;
  }
  return failure(ErrorKind::invalid, "there is no CERTIFICATE block in the PEM text");
}

std::string read_memory_bio(BIO* bio) {
  char* data = nullptr;
  const long size = BIO_get_mem_data(bio, &data);
  return size > 0 ? std::string(data, static_cast<std::size_t>(size)) : std::string();
}

}  // namespace base
