#pragma once

#include <cstddef>
#include <string_view>
#include <vector>

#include "base/openssl.h"
#include "base/result.h"

// Certificates of authorities, and what these say is not good any more: one reading for who takes
// such files from people and for who verifies by them. Pure; any thread.
namespace base {

using X509CrlPtr = OpensslPtr<X509_CRL, X509_CRL_free>;

// Far above what one authority's customers have: a whole public trust store has some 150.
inline constexpr std::size_t kAuthoritiesMax = 200;

// invalid: none, too many, or one that cannot be read; a clause that says so.
Result<std::vector<X509Ptr>> read_authorities(std::string_view pem);
Result<std::vector<X509CrlPtr>> read_revocation_lists(std::string_view pem);

// Nothing when somebody can be verified by these. invalid, also where no chain could come to an
// end: one of the authorities must be self-signed. An empty `revoked_pem` is none.
Status check_authorities(std::string_view pem, std::string_view revoked_pem);

}  // namespace base
