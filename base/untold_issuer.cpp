#include "base/untold_issuer.h"

#include <algorithm>

#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include "base/openssl.h"
#include "base/pem.h"
#include "base/x509.h"

namespace base {
namespace {

X509Ptr certificate_in(const PemBlock& block) {
  if (block.label != "CERTIFICATE") return nullptr;
  const auto* bytes = reinterpret_cast<const unsigned char*>(block.der.data());
  return X509Ptr(d2i_X509(nullptr, &bytes, static_cast<long>(block.der.size())));
}

}  // namespace

std::optional<std::string> untold_issuer(std::string_view chain_pem, std::string_view known_pem) {
  const auto chain = read_pem(chain_pem);
  const auto info = read_chain(chain_pem);
  if (!chain || !info) return std::nullopt;
  const auto leaf = parse_first_certificate(chain_pem);
  if (!leaf) return std::nullopt;
  // Names and key identifiers are compared: a certificate that issued itself is found here, too.
  const auto has_issued_it = [&](const PemBlock& block) {
    const X509Ptr one = certificate_in(block);
    return one && X509_check_issued(one.get(), leaf->get()) == X509_V_OK;
  };
  const auto known = read_pem(known_pem);
  const bool is_told = std::any_of(chain->begin(), chain->end(), has_issued_it) ||
                       (known && std::any_of(known->begin(), known->end(), has_issued_it));
  take_openssl_error();
  if (is_told) return std::nullopt;
  return info->front().issuer;
}

}  // namespace base
