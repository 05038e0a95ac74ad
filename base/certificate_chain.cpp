// EC_KEY is the way to an EC key that sets up no decoder, which costs ten times as much as the key
// itself; OpenSSL 3 calls it deprecated and has it.
#define OPENSSL_SUPPRESS_DEPRECATED

#include "base/certificate_chain.h"

#include <algorithm>
#include <list>
#include <optional>
#include <utility>

#include <openssl/ec.h>

#include "base/certificate_facts.h"
#include "base/openssl.h"
#include "base/pem.h"
#include "base/tls_certificate_rules.h"

namespace base {
namespace {

using EcKeyPtr = OpensslPtr<EC_KEY, EC_KEY_free>;
using Pkcs8Ptr = OpensslPtr<PKCS8_PRIV_KEY_INFO, PKCS8_PRIV_KEY_INFO_free>;

// The certificates behind leaves that were parsed last, the newest first.
class KnownIssuers {
 public:
  std::shared_ptr<X509> find(std::string_view der) {
    const auto found = std::find_if(known_.begin(), known_.end(),
                                    [&](const auto& one) { return one.first == der; });
    if (found == known_.end()) return nullptr;
    known_.splice(known_.begin(), known_, found);
    return found->second;
  }
  void add(std::string_view der, std::shared_ptr<X509> certificate) {
    known_.emplace_front(der, std::move(certificate));
    if (known_.size() > kKnownMax) known_.pop_back();
  }

 private:
  // An authority issues by two or four at a time. Each is some 5 KB.
  static constexpr std::size_t kKnownMax = 16;

  std::list<std::pair<std::string, std::shared_ptr<X509>>> known_;
};

Result<std::shared_ptr<X509>> parsed(std::string_view der, std::size_t index) {
  static thread_local KnownIssuers issuers;
  const bool is_leaf = index == 0;
  if (!is_leaf) {
    if (auto known = issuers.find(der)) return known;
  }
  auto certificate = parse_certificate(der, index);
  if (!certificate) return failure(std::move(certificate.error()));
  std::shared_ptr<X509> shared(certificate->release(), X509_free);
  if (!is_leaf) issuers.add(der, shared);
  return shared;
}

// Of the curves that TLS is served with.
std::optional<int> bits_of_curve(int curve) {
  switch (curve) {
    case NID_X9_62_prime256v1:
      return 256;
    case NID_secp384r1:
      return 384;
    case NID_secp521r1:
      return 521;
    default:
      return std::nullopt;
  }
}

// The curve of an algorithm's parameters (RFC 5480 §2.1.1); nothing: it is none that has a name.
std::optional<int> curve_of(const X509_ALGOR* algorithm) {
  const ASN1_OBJECT* name = nullptr;
  const void* parameters = nullptr;
  int type = 0;
  X509_ALGOR_get0(&name, &type, &parameters, algorithm);
  if (OBJ_obj2nid(name) != NID_X9_62_id_ecPublicKey || type != V_ASN1_OBJECT) return std::nullopt;
  return OBJ_obj2nid(static_cast<const ASN1_OBJECT*>(parameters));
}

// The key, where it is an EC key in PKCS#8 and the certificate's: nearly all are. Nothing: whoever
// reads keys of all kinds must look.
std::optional<KeySpec> read_ec_key(std::string_view der, X509* certificate) {
  const auto* bytes = reinterpret_cast<const unsigned char*>(der.data());
  const auto* const end = bytes + der.size();
  const Pkcs8Ptr info(d2i_PKCS8_PRIV_KEY_INFO(nullptr, &bytes, static_cast<long>(der.size())));
  if (!info || bytes != end) return std::nullopt;
  const unsigned char* content = nullptr;
  int size = 0;
  const X509_ALGOR* algorithm = nullptr;
  if (PKCS8_pkey_get0(nullptr, &content, &size, &algorithm, info.get()) != 1) return std::nullopt;
  const auto curve = curve_of(algorithm);
  const auto bits = curve ? bits_of_curve(*curve) : std::nullopt;
  if (!bits) return std::nullopt;
  EC_KEY* key = EC_KEY_new_by_curve_name(*curve);
  const EcKeyPtr owner(key);
  if (key == nullptr || d2i_ECPrivateKey(&key, &content, size) == nullptr) return std::nullopt;

  X509_ALGOR* of_certificate = nullptr;
  X509_PUBKEY* const public_key = X509_get_X509_PUBKEY(certificate);
  if (X509_PUBKEY_get0_param(nullptr, nullptr, nullptr, &of_certificate, public_key) != 1) {
    return std::nullopt;
  }
  if (curve_of(of_certificate) != curve) return std::nullopt;
  unsigned char* point = nullptr;
  const std::size_t length = EC_KEY_key2buf(key, POINT_CONVERSION_UNCOMPRESSED, &point, nullptr);
  const ASN1_BIT_STRING* const shown = X509_get0_pubkey_bitstr(certificate);
  const bool is_equal = length != 0 &&
                        static_cast<std::size_t>(ASN1_STRING_length(shown)) == length &&
                        std::equal(point, point + length, ASN1_STRING_get0_data(shown));
  OPENSSL_free(point);
  if (!is_equal) return std::nullopt;
  return KeySpec{KeyAlgorithm::ecdsa, *bits};
}

std::optional<CertificateChain::Key> read_plain_ec_key(std::string_view key_pem,
                                                       X509* certificate) {
  const auto blocks = read_pem(key_pem);
  if (!blocks || blocks->size() != 1 || blocks->front().label != "PRIVATE KEY") return std::nullopt;
  const auto spec = read_ec_key(blocks->front().der, certificate);
  take_openssl_error();
  if (!spec) return std::nullopt;
  return CertificateChain::Key{*spec, write_pem(blocks->front())};
}

}  // namespace

Result<CertificateChain> CertificateChain::read(std::string_view pem) {
  auto blocks = read_pem(pem);
  if (!blocks) return failure(std::move(blocks.error()));
  CertificateChain chain;
  for (PemBlock& block : *blocks) {
    if (block.label != "CERTIFICATE") continue;
    if (chain.size() == kChainMax) {
      return failure(ErrorKind::invalid,
                     "the chain has more than " + std::to_string(kChainMax) + " certificates");
    }
    auto certificate = parsed(block.der, chain.size());
    if (!certificate) return failure(std::move(certificate.error()));
    chain.certificates_.push_back(std::move(*certificate));
    chain.ders_.push_back(std::move(block.der));
  }
  if (chain.certificates_.empty()) {
    return failure(ErrorKind::invalid, "there is no CERTIFICATE block in the PEM text");
  }
  chain.leaf_ = facts_of(chain.certificates_.front().get(), chain.ders_.front());
  return chain;
}

CertificateView CertificateChain::view() const {
  return view_of(certificates_.front().get());
}

std::string CertificateChain::pem() const {
  std::string text;
  for (const std::string& der : ders_) text += write_pem({"CERTIFICATE", der});
  return text;
}

Result<CertificateChain::Key> CertificateChain::read_key(std::string_view key_pem) const {
  X509* const leaf = certificates_.front().get();
  if (auto key = read_plain_ec_key(key_pem, leaf)) return *std::move(key);
  const auto key = PrivateKey::from_pem(key_pem);
  if (!key) return failure(key.error());
  const bool is_pair = X509_check_private_key(leaf, key->get()) == 1;
  take_openssl_error();
  if (!is_pair) {
    return failure(ErrorKind::invalid, "the private key does not belong to the certificate");
  }
  return Key{key->spec(), key->to_pem()};
}

Status CertificateChain::check_tls() const {
  std::vector<X509*> all;
  all.reserve(certificates_.size());
  for (const auto& certificate : certificates_) all.push_back(certificate.get());
  return check_tls_chain(all);
}

std::string CertificateChain::untold_issuer(std::string_view known_pem) const {
  X509* const leaf = certificates_.front().get();
  const auto has_issued_it = [&](X509* one) { return X509_check_issued(one, leaf) == X509_V_OK; };
  // Names and key identifiers are compared: a certificate that issued itself is found here, too.
  bool is_told = std::any_of(certificates_.begin(), certificates_.end(),
                             [&](const auto& one) { return has_issued_it(one.get()); });
  if (!is_told) {
    const auto known = read_pem(known_pem);
    is_told = known && std::any_of(known->begin(), known->end(), [&](const PemBlock& block) {
                if (block.label != "CERTIFICATE") return false;
                const auto one = parsed(block.der, 1);
                return one && has_issued_it(one->get());
              });
  }
  take_openssl_error();
  return is_told ? std::string() : leaf_.issuer;
}

}  // namespace base
