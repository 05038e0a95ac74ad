#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "acme/account_key.h"
#include "base/result.h"

// The JWS forms of RFC 8555 §6.2: flattened JSON serialization, one signature, the whole header
// protected. Pure: bytes in, bytes out.
namespace acme {

// An outer request. With account_url the header names the account by "kid", else it carries the
// public key as "jwk": exactly one of the two (§6.2).
struct JwsRequest {
  std::string url;          // byte-equal to what the server gave (§6.4)
  std::string nonce;        // §6.5
  std::string account_url;  // empty: jwk
  std::string payload;      // JSON; empty for POST-as-GET (§6.3)
};
base::Result<std::string> sign_request(const AccountKey& key, const JwsRequest& request);

// A key for external account binding as the CA hands it out (§7.3.4).
struct ExternalAccount {
  std::string key_id;
  std::string hmac_key;  // raw bytes, base64url-decoded by the caller
};
// The inner JWS of externalAccountBinding: HS256 over the account's public key, no nonce.
base::Result<std::string> sign_external_account_binding(const AccountKey& key,
                                                        const ExternalAccount& external,
                                                        std::string_view new_account_url);

// The inner JWS of a key change (§7.3.5): signed by the new key, its jwk, no nonce.
base::Result<std::string> sign_key_change(const AccountKey& old_key, const AccountKey& new_key,
                                          std::string_view account_url,
                                          std::string_view key_change_url);

}  // namespace acme
