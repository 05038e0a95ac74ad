#include "base/certificate_chain.h"

#include <algorithm>
#include <array>
#include <list>
#include <optional>
#include <utility>

#include <openssl/core_names.h>
#include <openssl/objects.h>

#include "base/certificate_facts.h"
#include "base/ec_private_key.h"
#include "base/openssl.h"
#include "base/pem.h"
#include "base/tls_certificate_rules.h"

namespace base {
namespace {

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

// Of an algorithm's parameters (RFC 5480 §2.1.1), on the curves of read_ec_private_key(), each of
// which has another size. Nothing: it is something else.
std::optional<int> bits_of_curve(const X509_ALGOR* algorithm) {
  const ASN1_OBJECT* name = nullptr;
  const void* parameters = nullptr;
  int type = 0;
  X509_ALGOR_get0(&name, &type, &parameters, algorithm);
  if (OBJ_obj2nid(name) != NID_X9_62_id_ecPublicKey || type != V_ASN1_OBJECT) return std::nullopt;
  switch (OBJ_obj2nid(static_cast<const ASN1_OBJECT*>(parameters))) {
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

// Whether the certificate shows the public half of this EC key, as it is written there: to have
// OpenSSL read the certificate's key costs ten times as much. False: whoever has it read will know.
bool is_shown(const EVP_PKEY* key, X509* certificate) {
  X509_ALGOR* algorithm = nullptr;
  X509_PUBKEY* const public_key = X509_get_X509_PUBKEY(certificate);
  if (X509_PUBKEY_get0_param(nullptr, nullptr, nullptr, &algorithm, public_key) != 1 ||
      bits_of_curve(algorithm) != EVP_PKEY_get_bits(key)) {
    return false;
  }
  constexpr std::size_t kPointBytesMax = 1 + 2 * 66;  // P-521, uncompressed
  std::array<unsigned char, kPointBytesMax> point{};
  std::size_t size = 0;
  if (EVP_PKEY_get_octet_string_param(key, OSSL_PKEY_PARAM_PUB_KEY, point.data(), point.size(),
                                      &size) != 1) {
    return false;
  }
  const ASN1_BIT_STRING* const shown = X509_get0_pubkey_bitstr(certificate);
  return static_cast<std::size_t>(ASN1_STRING_length(shown)) == size &&
         std::equal(point.data(), point.data() + size, ASN1_STRING_get0_data(shown));
}

// The key, where it is an EC key in PKCS#8 and the certificate's: nearly all are. Nothing: whoever
// reads keys of all kinds must look.
std::optional<CertificateChain::Key> read_plain_ec_key(std::string_view key_pem,
                                                       X509* certificate) {
  const auto blocks = read_pem(key_pem);
  if (!blocks || blocks->size() != 1 || blocks->front().label != "PRIVATE KEY") return std::nullopt;
  const EvpPkeyPtr key = read_ec_private_key(blocks->front());
  const bool is_the_leafs = key != nullptr && is_shown(key.get(), certificate);
  take_openssl_error();
  if (!is_the_leafs) return std::nullopt;
  const KeySpec spec{KeyAlgorithm::ecdsa, EVP_PKEY_get_bits(key.get())};
  return CertificateChain::Key{spec, write_pem(blocks->front())};
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
