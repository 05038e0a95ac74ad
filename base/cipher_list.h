#pragma once

#include <string>
#include <string_view>

namespace base {

// Lists of ciphers as OpenSSL has them ("HIGH:!RSA"), that somebody else has written. They are
// about TLS 1.2 and older; the ciphers of TLS 1.3 are chosen by none.

// What OpenSSL is told in place of it: the same without the ciphers that encrypt nothing, and
// without those by which a peer shows no certificate, so that none could be verified.
std::string safe_cipher_list(std::string_view said);

// Whether OpenSSL finds a cipher for it then. One that sets more than ciphers ("@SECLEVEL=0", which
// is also about certificates) is none.
bool is_cipher_list(std::string_view said);

}  // namespace base
