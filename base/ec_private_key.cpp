#include "base/ec_private_key.h"

#include <optional>

#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/objects.h>
#include <openssl/param_build.h>

namespace base {
namespace {

using ParamBuilderPtr = OpensslPtr<OSSL_PARAM_BLD, OSSL_PARAM_BLD_free>;
using ParamsPtr = OpensslPtr<OSSL_PARAM, OSSL_PARAM_free>;
using Pkcs8Ptr = OpensslPtr<PKCS8_PRIV_KEY_INFO, PKCS8_PRIV_KEY_INFO_free>;
using ObjectPtr = OpensslPtr<ASN1_OBJECT, ASN1_OBJECT_free>;
using ClearedBignumPtr = OpensslPtr<BIGNUM, BN_clear_free>;

struct Curve {
  int nid;
  const char* name;
  std::size_t field_bytes;
};
// Those that TLS is served with (tls_certificate_rules.h).
constexpr Curve kCurves[] = {{NID_X9_62_prime256v1, "prime256v1", 32},
                             {NID_secp384r1, "secp384r1", 48},
                             {NID_secp521r1, "secp521r1", 66}};

const Curve* curve_of(int nid) {
  for (const Curve& curve : kCurves) {
    if (curve.nid == nid) return &curve;
  }
  return nullptr;
}

struct Element {
  int tag = 0;
  int tag_class = 0;
  std::string_view content;
  std::string_view whole;  // with its tag and length

  bool is(int wanted_tag, int wanted_class = V_ASN1_UNIVERSAL) const {
    return tag == wanted_tag && tag_class == wanted_class;
  }
};

// Takes the first element off the front of `der`. Nothing: there is none, or it is no DER.
std::optional<Element> next_element(std::string_view& der) {
  const auto* const begin = reinterpret_cast<const unsigned char*>(der.data());
  const unsigned char* content = begin;
  long size = 0;
  Element element;
  const int form = ASN1_get_object(&content, &size, &element.tag, &element.tag_class,
                                   static_cast<long>(der.size()));
  // 0x80: an error; 0x01: an indefinite length, which DER has not.
  if ((form & 0x81) != 0) return std::nullopt;
  const auto head_size = static_cast<std::size_t>(content - begin);
  element.content = der.substr(head_size, static_cast<std::size_t>(size));
  element.whole = der.substr(0, head_size + element.content.size());
  der.remove_prefix(element.whole.size());
  return element;
}

const Curve* read_curve(std::string_view object_der) {
  const auto* begin = reinterpret_cast<const unsigned char*>(object_der.data());
  const ObjectPtr object(d2i_ASN1_OBJECT(nullptr, &begin, static_cast<long>(object_der.size())));
  return object == nullptr ? nullptr : curve_of(OBJ_obj2nid(object.get()));
}

// RFC 5915 §3: ECPrivateKey.
struct EcKeyParts {
  const Curve* curve = nullptr;
  std::string_view scalar;
  std::string_view point;
};

bool read_ec_parts(std::string_view der, EcKeyParts& parts) {
  const auto sequence = next_element(der);
  if (!sequence || !sequence->is(V_ASN1_SEQUENCE) || !der.empty()) return false;
  std::string_view rest = sequence->content;
  const auto version = next_element(rest);
  if (!version || !version->is(V_ASN1_INTEGER) || version->content != "\x01") return false;
  const auto scalar = next_element(rest);
  if (!scalar || !scalar->is(V_ASN1_OCTET_STRING)) return false;
  parts.scalar = scalar->content;
  while (!rest.empty()) {
    const auto optional = next_element(rest);
    if (!optional) return false;
    std::string_view inner = optional->content;
    if (optional->is(0, V_ASN1_CONTEXT_SPECIFIC)) {
      const Curve* const named = read_curve(inner);
      if (named == nullptr || (parts.curve != nullptr && parts.curve != named)) return false;
      parts.curve = named;
    } else if (optional->is(1, V_ASN1_CONTEXT_SPECIFIC)) {
      const auto bits = next_element(inner);
      if (!bits || !bits->is(V_ASN1_BIT_STRING) || !bits->content.starts_with('\0')) return false;
      parts.point = bits->content.substr(1);
    } else {
      return false;
    }
  }
  return parts.curve != nullptr && parts.scalar.size() == parts.curve->field_bytes &&
         !parts.point.empty();
}

EvpPkeyPtr make_key(const EcKeyParts& parts) {
  const ClearedBignumPtr scalar(
      BN_bin2bn(reinterpret_cast<const unsigned char*>(parts.scalar.data()),
                static_cast<int>(parts.scalar.size()), nullptr));
  const ParamBuilderPtr builder(OSSL_PARAM_BLD_new());
  if (scalar == nullptr || builder == nullptr ||
      OSSL_PARAM_BLD_push_utf8_string(builder.get(), OSSL_PKEY_PARAM_GROUP_NAME, parts.curve->name,
                                      0) != 1 ||
      OSSL_PARAM_BLD_push_octet_string(builder.get(), OSSL_PKEY_PARAM_PUB_KEY, parts.point.data(),
                                       parts.point.size()) != 1 ||
      OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_PRIV_KEY, scalar.get()) != 1) {
    return nullptr;
  }
  const ParamsPtr params(OSSL_PARAM_BLD_to_param(builder.get()));
  const EvpPkeyCtxPtr context(EVP_PKEY_CTX_new_from_name(nullptr, "EC", nullptr));
  EVP_PKEY* key = nullptr;
  if (params == nullptr || context == nullptr || EVP_PKEY_fromdata_init(context.get()) != 1 ||
      EVP_PKEY_fromdata(context.get(), &key, EVP_PKEY_KEYPAIR, params.get()) != 1) {
    return nullptr;
  }
  return EvpPkeyPtr(key);
}

// The parts are views of it, or (nullptr) of the block.
struct ReadParts {
  Pkcs8Ptr pkcs8;
  EcKeyParts parts;
};

std::optional<ReadParts> read_pkcs8(std::string_view der) {
  const auto* at = reinterpret_cast<const unsigned char*>(der.data());
  const auto* const end = at + der.size();
  ReadParts read;
  read.pkcs8.reset(d2i_PKCS8_PRIV_KEY_INFO(nullptr, &at, static_cast<long>(der.size())));
  const ASN1_OBJECT* algorithm = nullptr;
  const unsigned char* octets = nullptr;
  int size = 0;
  const X509_ALGOR* parameters = nullptr;
  if (read.pkcs8 == nullptr || at != end ||
      PKCS8_pkey_get0(&algorithm, &octets, &size, &parameters, read.pkcs8.get()) != 1 ||
      OBJ_obj2nid(algorithm) != NID_X9_62_id_ecPublicKey) {
    return std::nullopt;
  }
  int type = 0;
  const void* value = nullptr;
  X509_ALGOR_get0(nullptr, &type, &value, parameters);
  if (type != V_ASN1_OBJECT) return std::nullopt;
  read.parts.curve = curve_of(OBJ_obj2nid(static_cast<const ASN1_OBJECT*>(value)));
  const std::string_view inner(reinterpret_cast<const char*>(octets),
                               static_cast<std::size_t>(size));
  if (read.parts.curve == nullptr || !read_ec_parts(inner, read.parts)) return std::nullopt;
  return read;
}

std::optional<ReadParts> read_sec1(std::string_view der) {
  ReadParts read;
  if (!read_ec_parts(der, read.parts)) return std::nullopt;
  return read;
}

std::optional<ReadParts> parts_of(const PemBlock& block) {
  std::optional<ReadParts> read;
  if (block.label == "PRIVATE KEY") read = read_pkcs8(block.der);
  if (block.label == "EC PRIVATE KEY") read = read_sec1(block.der);
  ERR_clear_error();
  return read;
}

}  // namespace

EvpPkeyPtr read_ec_private_key(const PemBlock& block) {
  const auto read = parts_of(block);
  EvpPkeyPtr key = read ? make_key(read->parts) : nullptr;
  ERR_clear_error();
  return key;
}

std::optional<EcPublicHalf> read_ec_public_half(const PemBlock& block) {
  const auto read = parts_of(block);
  if (!read) return std::nullopt;
  return EcPublicHalf{read->parts.curve->nid, std::string(read->parts.point)};
}

}  // namespace base
