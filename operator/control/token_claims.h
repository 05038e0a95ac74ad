#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"

namespace control {

// What a ServiceAccount token says of itself (RFC 7519 in RFC 7515 compact form). Nothing of it is
// verified: enough to refuse a token without asking the API server, never to admit one.
struct TokenClaims {
  std::string issuer;
  std::string subject;  // "system:serviceaccount:NAMESPACE:NAME"
  std::vector<std::string> audiences;
  base::WallTime expires;
};

// Nothing: it is no signed token with these claims, and so none that a kubelet projects.
std::optional<TokenClaims> read_token_claims(std::string_view token);

// It is of three parts, as every JWT that is signed. An API server may vouch for others, by a
// webhook.
bool looks_like_jwt(std::string_view token);

}  // namespace control
