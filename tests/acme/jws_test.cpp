#include "acme/jws.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "base/base64url.h"
#include "tests/fakes/acme_server/jws_check.h"

// The signatures of RFC 8555 against the vectors of RFC 7515 and 7638, and against a verifier that
// was written apart from the signer.
namespace {

using nlohmann::json;

// RFC 7515 A.2.1, as PKCS#1.
constexpr const char* kRsaKey = R"(-----BEGIN RSA PRIVATE KEY-----
MIIEowIBAAKCAQEAofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd/wWJcyQoTbji9k0
l8W26mPddxHmfHQp+Vaw+4qPCJrcS2mJPMEzP1Pt0Bm4d4QlL+yRT+SFd2lZS+pC
gNMsD1W/YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb/7OMg0LOL+bSf63kpaSHSX
ndS5z5rexMdbBYUsLA9e+KXBdQOS+UTo7WTBEMa2R2CapHg665xsmtdVMTBQY4uD
Zlxvb3qCo5ZwKh9kG4LT6/I5IhlJH7aGhyxXFvUK+DWNmoudF8NAco9/h9iaGNj8
q2ethFkMLs91kzk2PAcDTW9gb54h4FRWyuXpoQIDAQABAoIBABKucaRpzQorw35S
bEUAVx8dYXUdZOlJcHtiWQ+dC6V8ljxAHj/PLyzTveyI5QO/xkObCyjIL303l2cf
UhPu2MFaJdjVzqACXuOrLot/eSFvxjvqVidTtAZExqFRJ9mylUVAoLvhowVWmC1O
n95fZCXxTUtxNEG1Xcc7m0rtzJKs45J+N/V9DP1edYH6USyPSWGp6wuA+KgHRnKK
Vf9GRx80JQY7nVNkL17eHoTWEwga+lwi0FEoW9Y7lDtWXYmKBWhUE+U8PGxlJf8f
40493HDw1WRQ/aSLoS4QTp3rn7gYgeHEvfJdkkf0UMhlknlo53M09EFPdadQ4TlU
bjqKc50CgYEA4BzEEOtIpmVdVEZNCqS7baC4crd0pqnRH/5IB3jw3bcxGn6QLvnE
tfdUdiYrqBdss1l58BQ3KhooKeQTa9AB0Hw/Py5PJdTJNPY8cQn7ouZ2KKDcmnPG
BY5t7yLc1QlQ5xHdwW1VhvKn+nXqhJTBgIPgtldC+KDV5z+y2XDwGUcCgYEAuQPE
fgmVtjL0Uyyx88GZFF1fOunH3+7cepKmtH4pxhtCoHqpWmT8YAmZxaewHgHAjLYs
p1ZSe7zFYHj7C6ul7TjeLQeZD/YwD66t62wDmpe/HlB+TnBA+njbglfIsRLtXlnD
zQkv5dTltRJ11BKBBypeeF6689rjcJIDEz9RWdcCgYAHAp9XcCSrn8wVkMVkKdb7
DOX4IKjzdahm+ctDAJN4O/y7OW5FKebvUjdAIt2GuoTZ71iTG+7F0F+lP88jtjP4
U4qe7VHoewl4MKOfXZKTe+YCS1XbNvfgwJ3Ltyl1OH9hWvu2yza7q+d5PCsDzqtm
27kxuvULVeya+TEdAB1ijQKBgQCH/3r6YrVH/uCWGy6bzV1nGNOdjKc9tmkfOJmN
54dxdixdpozCQ6U4OxZrsj3FcOhHBsqAHvX2uuYjagqvo3cOj1TRqNocX40omfCC
Mx3bD1yPPf/6TI2XECva/ggqEY2mYzmIiA5LVVmc5nrybr+lssFKneeyxN2Wq93S
0iJMdQKBgCGHewxzoa1r8ZMD0LETNrToK423K377UCYqXfg5XMclbrjPbEC3YI1Z
NqMtuhdBJqUnBi6tjKMF+34Xf0CUN8ncuXGO2CAYvO8PdyCixHX52ybaDjy1FtCE
6yUXjoKNXKvUm7MWGsAYH6f4IegOetN5NvmUMFStCSkh7ixZLkN1
-----END RSA PRIVATE KEY-----
)";
// RFC 7515 A.3.1, as SEC1.
constexpr const char* kEcKey = R"(-----BEGIN EC PRIVATE KEY-----
MHcCAQEEII6bEJ5xkJi/mASH3x9dd+nLKWBuvtImO19XwhPfhPSyoAoGCCqGSM49
AwEHoUQDQgAEf83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEXH8UTNG72b
focs3+257rn0s2ldbqkLJK2KRiMohYjlrQ==
-----END EC PRIVATE KEY-----
)";
constexpr const char* kPayload =
    "eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlf"
    "Q";

acme::AccountKey key_from(const char* pem) {
  return acme::AccountKey::from(base::PrivateKey::from_pem(pem).value()).value();
}

acme::AccountKey new_key(base::KeySpec spec = {}) {
  return acme::AccountKey::from(base::PrivateKey::generate(spec).value()).value();
}

json header_of(const std::string& jws) {
  const std::string part = json::parse(jws).at("protected");
  return json::parse(base::base64url_decode(part).value());
}

TEST(AccountKey, MakesTheRs256SignatureOfRfc7515) {
  const auto signature = key_from(kRsaKey).sign("eyJhbGciOiJSUzI1NiJ9." + std::string(kPayload));
  EXPECT_EQ(
      base::base64url_encode(signature.value()),
      "cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7AAuHIm4Bh-0Qc_lF5YKt_"
      "O8W2Fp5jujGbds9uJdbF9CUAr7t1dnZcAcQjbKBYNX4BAynRFdiuB--f_nZLgrnbyTyWzO75vRK5h6xBArLIARN"
      "PvkSjtQBMHlb1L07Qe7K0GarZRmB_eSN9383LcOLn6_dO--xi12jzDwusC-eOkHWEsqtFZESc6BfI7noOPqvhJ1"
      "phCnvWh6IeYI2w9QOYEUipUTI8np6LbgGY9Fs98rqVt5AXLIhWkWywlVmtVrBp0igcN_IoypGlUPQGe77Rw");
}

TEST(AccountKey, HasTheJwkOfRfc7515) {
  EXPECT_EQ(key_from(kEcKey).jwk(),
            R"({"crv":"P-256","kty":"EC","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",)"
            R"("y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"})");
  EXPECT_EQ(key_from(kEcKey).algorithm(), "ES256");
  EXPECT_EQ(key_from(kRsaKey).algorithm(), "RS256");
}

// ECDSA signatures differ each time, so the verifier is held to the RFC and the signer to it.
TEST(JwsVerifier, AcceptsTheEs256SignatureOfRfc7515) {
  fakes::ParsedJws jws;
  jws.algorithm = "ES256";
  jws.signing_input = "eyJhbGciOiJFUzI1NiJ9." + std::string(kPayload);
  jws.signature =
      base::base64url_decode(
          "DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-"
          "Kg6NU1Q")
          .value();
  EXPECT_TRUE(fakes::is_signed_by(jws, key_from(kEcKey).jwk()));
  jws.signature[5] ^= 1;
  EXPECT_FALSE(fakes::is_signed_by(jws, key_from(kEcKey).jwk()));
}

TEST(JwsVerifier, HasTheThumbprintOfRfc7638) {
  EXPECT_EQ(
      fakes::thumbprint_of(
          R"({"e":"AQAB","kty":"RSA","n":"0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAA)"
          R"(tVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93)"
          R"(lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn)"
          R"(1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFC)"
          R"(ur-kEgU8awapJzKnqDKgw"})"),
      "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs");
}

TEST(AccountKey, ItsThumbprintIsThatOfItsJwk) {
  for (const char* pem : {kRsaKey, kEcKey}) {
    const auto key = key_from(pem);
    EXPECT_EQ(key.thumbprint(), fakes::thumbprint_of(key.jwk()));
    EXPECT_EQ(key.key_authorization("tok-en"), "tok-en." + key.thumbprint());
  }
}

// One public coordinate in 256 begins with a zero byte, which must be kept (RFC 7518 §6.2.1.2).
TEST(AccountKey, KeepsLeadingZerosOfCoordinatesAndSignatures) {
  for (int i = 0; i < 300; ++i) {
    const auto key = new_key();
    const json jwk = json::parse(key.jwk());
    ASSERT_EQ(base::base64url_decode(jwk["x"].get<std::string>())->size(), 32u);
    ASSERT_EQ(base::base64url_decode(jwk["y"].get<std::string>())->size(), 32u);
    ASSERT_EQ(key.sign("text")->size(), 64u);
  }
}

class SignedRequest : public testing::TestWithParam<base::KeySpec> {};

TEST_P(SignedRequest, IsVerifiedByTheServer) {
  const auto key = new_key(GetParam());
  const auto text = acme::sign_request(key, {"https://ca.test/x", "nonce", "", "{}"});
  const auto jws = fakes::parse_jws(text.value());
  ASSERT_TRUE(jws) << jws.error();
  EXPECT_EQ(jws->url, "https://ca.test/x");
  EXPECT_EQ(jws->nonce, "nonce");
  EXPECT_EQ(jws->payload, "{}");
  EXPECT_EQ(jws->jwk, key.jwk());
  EXPECT_TRUE(fakes::is_signed_by(*jws, key.jwk()));
  EXPECT_FALSE(fakes::is_signed_by(*jws, new_key(GetParam()).jwk()));
}

INSTANTIATE_TEST_SUITE_P(Keys, SignedRequest,
                         testing::Values(base::KeySpec{base::KeyAlgorithm::ecdsa, 256},
                                         base::KeySpec{base::KeyAlgorithm::ecdsa, 384},
                                         base::KeySpec{base::KeyAlgorithm::rsa, 2048}));

TEST(SignRequest, CarriesExactlyOneOfJwkAndKid) {
  const auto key = new_key();
  const json with_key =
      header_of(acme::sign_request(key, {"https://ca.test/x", "n", "", ""}).value());
  EXPECT_TRUE(with_key.contains("jwk"));
  EXPECT_FALSE(with_key.contains("kid"));
  const json with_account = header_of(
      acme::sign_request(key, {"https://ca.test/x", "n", "https://ca.test/acct/1", ""}).value());
  EXPECT_EQ(with_account.at("kid"), "https://ca.test/acct/1");
  EXPECT_FALSE(with_account.contains("jwk"));
}

TEST(SignRequest, PostAsGetHasAnEmptyPayloadNotAnEmptyObject) {
  const auto text = acme::sign_request(new_key(), {"https://ca.test/x", "n", "", ""}).value();
  EXPECT_EQ(json::parse(text).at("payload"), "");
}

TEST(SignRequest, RepeatsTheUrlByteForByte) {
  const std::string url = "https://ca.test/%7Ea/b?c=%2f&d=+#e";
  EXPECT_EQ(header_of(acme::sign_request(new_key(), {url, "n", "", ""}).value()).at("url"), url);
}

TEST(SignRequest, IsFlattenedWithoutAnUnprotectedHeader) {
  const json jws =
      json::parse(acme::sign_request(new_key(), {"https://ca.test/x", "n", "", ""}).value());
  EXPECT_EQ(jws.size(), 3u);
  EXPECT_TRUE(jws.contains("protected") && jws.contains("payload") && jws.contains("signature"));
}

TEST(ExternalAccountBinding, IsAnHmacOverTheAccountsPublicKeyWithoutANonce) {
  const auto key = new_key();
  const auto text =
      acme::sign_external_account_binding(key, {"kid-1", "secret"}, "https://ca.test/new-acct");
  const auto jws = fakes::parse_jws(text.value());
  ASSERT_TRUE(jws) << jws.error();
  EXPECT_EQ(jws->algorithm, "HS256");
  EXPECT_EQ(jws->key_id, "kid-1");
  EXPECT_EQ(jws->url, "https://ca.test/new-acct");
  EXPECT_FALSE(jws->nonce);
  EXPECT_EQ(jws->payload, key.jwk());
  EXPECT_TRUE(fakes::is_signed_by_hmac(*jws, "secret"));
  EXPECT_FALSE(fakes::is_signed_by_hmac(*jws, "other"));
}

TEST(ExternalAccountBinding, NeedsAKey) {
  EXPECT_FALSE(acme::sign_external_account_binding(new_key(), {"kid-1", ""}, "https://ca.test/n"));
}

TEST(KeyChange, IsSignedByTheNewKeyWithoutANonce) {
  const auto old_key = new_key();
  const auto next = new_key();
  const auto text =
      acme::sign_key_change(old_key, next, "https://ca.test/acct/1", "https://ca.test/kc");
  const auto jws = fakes::parse_jws(text.value());
  ASSERT_TRUE(jws) << jws.error();
  EXPECT_FALSE(jws->nonce);
  EXPECT_EQ(jws->jwk, next.jwk());
  EXPECT_TRUE(fakes::is_signed_by(*jws, next.jwk()));
  const json payload = json::parse(jws->payload);
  EXPECT_EQ(payload.at("account"), "https://ca.test/acct/1");
  EXPECT_EQ(payload.at("oldKey").dump(), old_key.jwk());
}

}  // namespace
