#pragma once

#include <string>
#include <vector>

#include "acme/account_key.h"
#include "acme/resources.h"
#include "base/key.h"
#include "base/result.h"

namespace acme {

// The CSR of an order in DER: its names are exactly the order's identifiers (RFC 8555 §7.4), no
// common name. invalid: the key is the account's own, which §11.1 forbids.
base::Result<std::string> make_order_csr(const base::PrivateKey& key,
                                         const std::vector<Identifier>& identifiers,
                                         const AccountKey& account_key);

}  // namespace acme
