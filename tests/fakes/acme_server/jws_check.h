#pragma once

#include <optional>
#include <string>
#include <string_view>

#include <tl/expected.hpp>

// The server's half of RFC 8555 §6.2: reads a flattened JWS and verifies it. Written apart from
// acme/jws on purpose, so that one misreading of the RFC is not made twice.
namespace fakes {

// A JWS whose form is right; the signature is not verified yet.
struct ParsedJws {
  std::string algorithm;
  std::optional<std::string> nonce;
  std::string url;
  std::optional<std::string> jwk;  // canonical JSON of the required members (RFC 7638 §3)
  std::optional<std::string> key_id;
  std::string payload;
  std::string signing_input;
  std::string signature;
};

// The error is a sentence: which rule was broken.
tl::expected<ParsedJws, std::string> parse_jws(std::string_view body);

// Whether the signature is by this public key, and by the algorithm that fits the key.
bool is_signed_by(const ParsedJws& jws, const std::string& jwk);
bool is_signed_by_hmac(const ParsedJws& jws, const std::string& hmac_key);

std::string thumbprint_of(const std::string& jwk);
// The public key in DER (SubjectPublicKeyInfo); empty when the JWK is broken.
std::string public_key_der(const std::string& jwk);

}  // namespace fakes
