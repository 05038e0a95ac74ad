#include "base/authorities.h"

#include <algorithm>
#include <string>

#include "base/pem.h"

namespace base {
namespace {

// Every block of this label, read by d2i.
template <class Pointer, auto d2i>
Result<std::vector<Pointer>> read_all(std::string_view pem, std::string_view label,
                                      const std::string& what) {
  const auto blocks = read_pem(pem);
  if (!blocks) return failure(blocks.error());
  std::vector<Pointer> all;
  for (const PemBlock& block : *blocks) {
    if (block.label != label) continue;
    const auto* bytes = reinterpret_cast<const unsigned char*>(block.der.data());
    Pointer one(d2i(nullptr, &bytes, static_cast<long>(block.der.size())));
    if (one == nullptr) {
      return failure(ErrorKind::invalid, what + " " + std::to_string(all.size() + 1) +
                                             " cannot be read (" + take_openssl_error() + ")");
    }
    all.push_back(std::move(one));
    if (all.size() > kAuthoritiesMax) {
      return failure(ErrorKind::invalid,
                     "there are more than " + std::to_string(kAuthoritiesMax) + " of them");
    }
  }
  if (all.empty()) {
    return failure(ErrorKind::invalid,
                   "there is no " + std::string(label) + " block in the PEM text");
  }
  return all;
}

}  // namespace

Result<std::vector<X509Ptr>> read_authorities(std::string_view pem) {
  return read_all<X509Ptr, d2i_X509>(pem, "CERTIFICATE", "certificate");
}

Result<std::vector<X509CrlPtr>> read_revocation_lists(std::string_view pem) {
  return read_all<X509CrlPtr, d2i_X509_CRL>(pem, "X509 CRL", "revocation list");
}

Status check_authorities(std::string_view pem, std::string_view revoked_pem) {
  const auto authorities = read_authorities(pem);
  if (!authorities) return failure(authorities.error());
  const bool has_root = std::any_of(authorities->begin(), authorities->end(), [](const auto& one) {
    return (X509_get_extension_flags(one.get()) & EXFLAG_SS) != 0;
  });
  take_openssl_error();
  if (!has_root) {
    return failure(ErrorKind::invalid,
                   "none of its certificates is self-signed, so that no chain of a client comes to "
                   "an end there");
  }
  if (revoked_pem.empty()) return {};
  const auto revoked = read_revocation_lists(revoked_pem);
  if (!revoked) return failure(revoked.error());
  return {};
}

}  // namespace base
