#include "tests/fakes/acme_server/jws_check.h"

#include <algorithm>
#include <array>
#include <set>

#include <nlohmann/json.hpp>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/hmac.h>
#include <openssl/param_build.h>

#include "base/base64url.h"
#include "base/digest.h"
#include "base/openssl.h"

namespace fakes {
namespace {

using nlohmann::json;
using Unexpected = tl::unexpected<std::string>;

const unsigned char* bytes_of(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}

std::optional<std::string> text_member(const json& object, const char* name) {
  const auto found = object.find(name);
  if (found == object.end() || !found->is_string()) return std::nullopt;
  return found->get<std::string>();
}

std::optional<std::string> binary_member(const json& object, const char* name) {
  const auto text = text_member(object, name);
  return text ? base::base64url_decode(*text) : std::nullopt;
}

// RFC 7638 §3.2: required members only; nlohmann::json sorts them.
std::optional<std::string> canonical_jwk(const json& jwk) {
  if (!jwk.is_object()) return std::nullopt;
  const bool is_ec = text_member(jwk, "kty") == "EC";
  const auto names = is_ec ? std::vector<const char*>{"crv", "kty", "x", "y"}
                           : std::vector<const char*>{"e", "kty", "n"};
  json canonical = json::object();
  for (const char* name : names) {
    const auto value = text_member(jwk, name);
    if (!value) return std::nullopt;
    canonical[name] = *value;
  }
  return canonical.dump();
}

base::EvpPkeyPtr from_params(const char* type, OSSL_PARAM_BLD* builder) {
  OSSL_PARAM* params = OSSL_PARAM_BLD_to_param(builder);
  const base::EvpPkeyCtxPtr context(EVP_PKEY_CTX_new_from_name(nullptr, type, nullptr));
  EVP_PKEY* key = nullptr;
  EVP_PKEY_fromdata_init(context.get());
  EVP_PKEY_fromdata(context.get(), &key, EVP_PKEY_PUBLIC_KEY, params);
  OSSL_PARAM_free(params);
  return base::EvpPkeyPtr(key);
}

base::EvpPkeyPtr ec_key(const json& jwk) {
  const auto x = binary_member(jwk, "x");
  const auto y = binary_member(jwk, "y");
  const std::string curve = text_member(jwk, "crv").value_or("");
  const std::size_t width = curve == "P-256" ? 32 : curve == "P-384" ? 48 : 0;
  // RFC 7518 §6.2.1.2: full length, no zeros left out.
  if (!x || !y || width == 0 || x->size() != width || y->size() != width) return nullptr;
  const std::string point = "\x04" + *x + *y;
  const base::OpensslPtr<OSSL_PARAM_BLD, OSSL_PARAM_BLD_free> builder(OSSL_PARAM_BLD_new());
  OSSL_PARAM_BLD_push_utf8_string(builder.get(), OSSL_PKEY_PARAM_GROUP_NAME, curve.c_str(), 0);
  OSSL_PARAM_BLD_push_octet_string(builder.get(), OSSL_PKEY_PARAM_PUB_KEY, point.data(),
                                   point.size());
  return from_params("EC", builder.get());
}

base::EvpPkeyPtr rsa_key(const json& jwk) {
  const auto n = binary_member(jwk, "n");
  const auto e = binary_member(jwk, "e");
  // RFC 7518 §6.3.1: no leading zero octets.
  if (!n || !e || n->empty() || e->empty() || n->front() == 0 || e->front() == 0) return nullptr;
  const base::BignumPtr modulus(BN_bin2bn(bytes_of(*n), static_cast<int>(n->size()), nullptr));
  const base::BignumPtr exponent(BN_bin2bn(bytes_of(*e), static_cast<int>(e->size()), nullptr));
  const base::OpensslPtr<OSSL_PARAM_BLD, OSSL_PARAM_BLD_free> builder(OSSL_PARAM_BLD_new());
  OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_RSA_N, modulus.get());
  OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_RSA_E, exponent.get());
  return from_params("RSA", builder.get());
}

base::EvpPkeyPtr key_from(const std::string& jwk_text) {
  const json jwk = json::parse(jwk_text, nullptr, false);
  if (!jwk.is_object()) return nullptr;
  return text_member(jwk, "kty") == "EC" ? ec_key(jwk) : rsa_key(jwk);
}

std::string algorithm_for(const std::string& jwk_text) {
  const json jwk = json::parse(jwk_text, nullptr, false);
  if (text_member(jwk, "kty") == "RSA") return "RS256";
  return text_member(jwk, "crv") == "P-384" ? "ES384" : "ES256";
}

// R || S of RFC 7518 §3.4 as OpenSSL's DER.
std::string der_signature(const std::string& jose) {
  const int half = static_cast<int>(jose.size() / 2);
  const base::OpensslPtr<ECDSA_SIG, ECDSA_SIG_free> signature(ECDSA_SIG_new());
  ECDSA_SIG_set0(signature.get(), BN_bin2bn(bytes_of(jose), half, nullptr),
                 BN_bin2bn(bytes_of(jose) + half, half, nullptr));
  unsigned char* der = nullptr;
  const int size = i2d_ECDSA_SIG(signature.get(), &der);
  std::string out(reinterpret_cast<const char*>(der), static_cast<std::size_t>(size));
  OPENSSL_free(der);
  return out;
}

tl::expected<ParsedJws, std::string> read_header(const json& header, ParsedJws jws) {
  const auto algorithm = text_member(header, "alg");
  const auto url = text_member(header, "url");
  if (!algorithm || !url) return Unexpected("the protected header lacks alg or url");
  jws.algorithm = *algorithm;
  jws.url = *url;
  jws.nonce = text_member(header, "nonce");
  jws.key_id = text_member(header, "kid");
  if (header.contains("jwk")) {
    jws.jwk = canonical_jwk(header["jwk"]);
    if (!jws.jwk) return Unexpected("the jwk is broken");
  }
  if (jws.jwk.has_value() == jws.key_id.has_value()) {
    return Unexpected("the protected header must have exactly one of jwk and kid");
  }
  if (header.contains("crit") || header.contains("b64")) {
    return Unexpected("the protected header has an extension");
  }
  return jws;
}

}  // namespace

tl::expected<ParsedJws, std::string> parse_jws(std::string_view body) {
  const json object = json::parse(body, nullptr, false);
  if (!object.is_object()) return Unexpected("the body is not a JSON object");
  // §6.2: flattened, one signature, no unprotected header.
  for (const auto& [name, value] : object.items()) {
    static const std::set<std::string> kAllowed = {"protected", "payload", "signature"};
    if (kAllowed.count(name) == 0) return Unexpected("the JWS has a member \"" + name + "\"");
  }
  const auto protected_part = text_member(object, "protected");
  const auto payload_part = text_member(object, "payload");
  if (!protected_part || !payload_part) return Unexpected("the JWS lacks a part");
  const auto header_text = base::base64url_decode(*protected_part);
  const auto payload = base::base64url_decode(*payload_part);
  const auto signature = binary_member(object, "signature");
  if (!header_text || !payload || !signature) return Unexpected("a part is not base64url");
  const json header = json::parse(*header_text, nullptr, false);
  if (!header.is_object()) return Unexpected("the protected header is not a JSON object");
  ParsedJws jws;
  jws.payload = *payload;
  jws.signature = *signature;
  jws.signing_input = *protected_part + "." + *payload_part;
  return read_header(header, std::move(jws));
}

bool is_signed_by(const ParsedJws& jws, const std::string& jwk) {
  const base::EvpPkeyPtr key = key_from(jwk);
  if (!key || jws.algorithm != algorithm_for(jwk)) return false;
  std::string signature = jws.signature;
  if (jws.algorithm != "RS256") {
    if (signature.size() != (jws.algorithm == "ES384" ? 96u : 64u)) return false;
    signature = der_signature(signature);
  }
  const base::EvpMdCtxPtr context(EVP_MD_CTX_new());
  const EVP_MD* digest = jws.algorithm == "ES384" ? EVP_sha384() : EVP_sha256();
  return EVP_DigestVerifyInit(context.get(), nullptr, digest, nullptr, key.get()) == 1 &&
         EVP_DigestVerify(context.get(), bytes_of(signature), signature.size(),
                          bytes_of(jws.signing_input), jws.signing_input.size()) == 1;
}

bool is_signed_by_hmac(const ParsedJws& jws, const std::string& hmac_key) {
  if (jws.algorithm != "HS256") return false;
  std::array<unsigned char, EVP_MAX_MD_SIZE> out{};
  unsigned int size = 0;
  HMAC(EVP_sha256(), hmac_key.data(), static_cast<int>(hmac_key.size()),
       bytes_of(jws.signing_input), jws.signing_input.size(), out.data(), &size);
  return std::string_view(reinterpret_cast<const char*>(out.data()), size) == jws.signature;
}

std::string thumbprint_of(const std::string& jwk) {
  return base::base64url_encode(base::sha256(jwk));
}

std::string public_key_der(const std::string& jwk) {
  const base::EvpPkeyPtr key = key_from(jwk);
  if (!key) return "";
  unsigned char* der = nullptr;
  const int size = i2d_PUBKEY(key.get(), &der);
  if (size <= 0) return "";
  std::string out(reinterpret_cast<const char*>(der), static_cast<std::size_t>(size));
  OPENSSL_free(der);
  return out;
}

}  // namespace fakes
