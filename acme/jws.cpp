#include "acme/jws.h"

#include <array>

#include <nlohmann/json.hpp>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include "base/base64url.h"

namespace acme {
namespace {

using nlohmann::json;

// RFC 7515 §7.2.2, without the unprotected header, which RFC 8555 §6.2 forbids.
template <class Sign>
base::Result<std::string> flatten(const json& header, std::string_view payload, Sign&& sign) {
  const std::string protected_part = base::base64url_encode(header.dump());
  const std::string payload_part = base::base64url_encode(payload);
  const base::Result<std::string> signature = sign(protected_part + "." + payload_part);
  if (!signature) return base::failure(signature.error());
  return json{{"protected", protected_part},
              {"payload", payload_part},
              {"signature", base::base64url_encode(*signature)}}
      .dump();
}

json public_key_of(const AccountKey& key) {
  return json::parse(key.jwk());
}

base::Result<std::string> hmac_sha256(std::string_view key, std::string_view bytes) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> out{};
  unsigned int size = 0;
  if (HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()),
           reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size(), out.data(),
           &size) == nullptr) {
    return base::failure(base::ErrorKind::invalid, "the external account's key cannot sign");
  }
  return std::string(reinterpret_cast<const char*>(out.data()), size);
}

}  // namespace

base::Result<std::string> sign_request(const AccountKey& key, const JwsRequest& request) {
  json header = {{"alg", key.algorithm()}, {"nonce", request.nonce}, {"url", request.url}};
  if (request.account_url.empty()) {
    header["jwk"] = public_key_of(key);
  } else {
    header["kid"] = request.account_url;
  }
  return flatten(header, request.payload,
                 [&](const std::string& bytes) { return key.sign(bytes); });
}

base::Result<std::string> sign_external_account_binding(const AccountKey& key,
                                                        const ExternalAccount& external,
                                                        std::string_view new_account_url) {
  if (external.hmac_key.empty()) {
    return base::failure(base::ErrorKind::invalid,
                         "the external account's key is empty; set the key that the certificate "
                         "authority gave you");
  }
  // §7.3.4: the url is that of the outer JWS; no nonce.
  const json header = {{"alg", "HS256"}, {"kid", external.key_id}, {"url", new_account_url}};
  return flatten(header, key.jwk(),
                 [&](const std::string& bytes) { return hmac_sha256(external.hmac_key, bytes); });
}

base::Result<std::string> sign_key_change(const AccountKey& old_key, const AccountKey& new_key,
                                          std::string_view account_url,
                                          std::string_view key_change_url) {
  // §7.3.5: "jwk" of the new key, the url of the outer JWS, no nonce.
  const json header = {
      {"alg", new_key.algorithm()}, {"jwk", public_key_of(new_key)}, {"url", key_change_url}};
  const json payload = {{"account", account_url}, {"oldKey", public_key_of(old_key)}};
  return flatten(header, payload.dump(),
                 [&](const std::string& bytes) { return new_key.sign(bytes); });
}

}  // namespace acme
