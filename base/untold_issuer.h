#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace base {

// The issuer, as RFC 2253 text, that a client must know by itself because nobody tells it: the
// first certificate of chain_pem is not issued by itself, nor by another one of chain_pem or of
// known_pem. Nothing: it is, or cannot be read. Whether an authority further up is known to clients
// only they can tell.
std::optional<std::string> untold_issuer(std::string_view chain_pem, std::string_view known_pem);

}  // namespace base
