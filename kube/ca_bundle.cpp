#include "kube/ca_bundle.h"

#include <algorithm>

#include "base/pem.h"
#include "base/x509.h"

namespace kube {

base::Status check_ca_bundle(const std::string& pem) {
  const auto blocks = base::read_pem(pem);
  if (!blocks) return base::failure(base::ErrorKind::invalid, blocks.error().message);
  const bool has_certificate =
      std::any_of(blocks->begin(), blocks->end(), [](const base::PemBlock& block) {
        return block.label == "CERTIFICATE" && base::read_certificate_der(block.der);
      });
  if (has_certificate) return {};
  return base::failure(base::ErrorKind::invalid,
                       "holds no certificate (PEM) to verify the API server against");
}

}  // namespace kube
