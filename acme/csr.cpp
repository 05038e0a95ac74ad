#include "acme/csr.h"

#include <openssl/evp.h>

namespace acme {

base::Result<std::string> make_order_csr(const base::PrivateKey& key,
                                         const std::vector<Identifier>& identifiers,
                                         const AccountKey& account_key) {
  if (EVP_PKEY_eq(key.get(), account_key.key().get()) == 1) {
    return base::failure(base::ErrorKind::invalid,
                         "the certificate's key is the ACME account's own key; use another one");
  }
  base::CsrNames names;
  for (const Identifier& identifier : identifiers) {
    (identifier.type == "ip" ? names.ip_addresses : names.dns_names).push_back(identifier.value);
  }
  return base::make_csr(key, names);
}

}  // namespace acme
