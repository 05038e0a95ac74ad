#include "proxy/tls/issuer_certificates.h"

#include <algorithm>
#include <utility>

namespace proxy::tls {
namespace {

base::X509Ptr shared(X509* certificate) {
  X509_up_ref(certificate);
  return base::X509Ptr(certificate);
}

}  // namespace

base::X509Ptr read_x509(const std::string& der) {
  const auto* begin = reinterpret_cast<const unsigned char*>(der.data());
  const auto* const end = begin + der.size();
  base::X509Ptr certificate(d2i_X509(nullptr, &begin, static_cast<long>(der.size())));
  return begin == end ? std::move(certificate) : nullptr;
}

base::X509Ptr IssuerCertificates::read(const std::string& der) {
  {
    const std::lock_guard lock(mutex_);
    const auto found =
        std::find_if(held_.begin(), held_.end(), [&](const One& one) { return one.der == der; });
    if (found != held_.end()) {
      std::rotate(found, found + 1, held_.end());
      return shared(held_.back().certificate.get());
    }
  }
  base::X509Ptr certificate = read_x509(der);
  if (certificate == nullptr) return nullptr;
  const std::lock_guard lock(mutex_);
  // Another thread may have read it meanwhile: then there are two of it for some time.
  if (held_.size() == kHeldMax) held_.erase(held_.begin());
  held_.push_back({der, shared(certificate.get())});
  return certificate;
}

}  // namespace proxy::tls
