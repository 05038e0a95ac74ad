#include "base/certificate_chain.h"

#include <algorithm>
#include <list>
#include <map>
#include <optional>
#include <utility>

#include <openssl/ec.h>
#include <openssl/objects.h>

#include "base/certificate_facts.h"
#include "base/ec_private_key.h"
#include "base/openssl.h"
#include "base/pem.h"
#include "base/tls_certificate_rules.h"

namespace base {
namespace {

using GroupPtr = OpensslPtr<EC_GROUP, EC_GROUP_free>;
using PointPtr = OpensslPtr<EC_POINT, EC_POINT_free>;

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

std::shared_ptr<X509> shared(X509Ptr certificate) {
  return {certificate.release(), X509_free};
}

// One that stands behind the leaf.
Result<std::shared_ptr<X509>> parsed(std::string_view der, std::size_t index) {
  static thread_local KnownIssuers issuers;
  if (auto known = issuers.find(der)) return known;
  auto certificate = parse_certificate(der, index);
  if (!certificate) return failure(std::move(certificate.error()));
  std::shared_ptr<X509> made = shared(std::move(*certificate));
  issuers.add(der, made);
  return made;
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

// The curve of its key, by its bytes.
std::optional<int> curve_of(X509* certificate) {
  X509_ALGOR* algorithm = nullptr;
  X509_PUBKEY* const public_key = X509_get_X509_PUBKEY(certificate);
  if (X509_PUBKEY_get0_param(nullptr, nullptr, nullptr, &algorithm, public_key) != 1) {
    return std::nullopt;
  }
  return curve_of(algorithm);
}

// Whether the certificate shows this public half, as it is written there: to have OpenSSL read the
// certificate's key costs ten times as much. False: whoever has it read will know.
bool is_shown(const EcPublicHalf& half, X509* certificate) {
  if (curve_of(certificate) != half.curve) return false;
  const ASN1_BIT_STRING* const shown = X509_get0_pubkey_bitstr(certificate);
  const std::string_view bytes(reinterpret_cast<const char*>(ASN1_STRING_get0_data(shown)),
                               static_cast<std::size_t>(ASN1_STRING_length(shown)));
  return bytes == half.point;
}

// Whether the bytes of its key are a point of this curve, not compressed.
bool has_point_of(X509* certificate, int curve) {
  static thread_local std::map<int, GroupPtr> groups;
  GroupPtr& group = groups[curve];
  if (!group) group.reset(EC_GROUP_new_by_curve_name(curve));
  const ASN1_BIT_STRING* const shown = X509_get0_pubkey_bitstr(certificate);
  const unsigned char* const bytes = ASN1_STRING_get0_data(shown);
  const int length = ASN1_STRING_length(shown);
  if (!group || length < 1 || bytes[0] != POINT_CONVERSION_UNCOMPRESSED) return false;
  const PointPtr point(EC_POINT_new(group.get()));
  return point && EC_POINT_oct2point(group.get(), point.get(), bytes,
                                     static_cast<std::size_t>(length), nullptr) == 1;
}

// A leaf whose key TLS can be served with, parsed without it, and what key that is.
struct LeafOfCurve {
  std::shared_ptr<X509> certificate;
  KeySpec key;
};

// Nothing: it is another one, or none, and whoever reads all kinds must look. So is one that may
// have issued itself, of which more is asked.
std::optional<LeafOfCurve> leaf_of_curve(std::string_view der) {
  auto certificate = parse_without_key(der, 0);
  if (!certificate) return std::nullopt;
  X509* const leaf = certificate->get();
  const auto curve = curve_of(leaf);
  const auto bits = curve ? bits_of_tls_curve(*curve) : std::nullopt;
  const bool is_meant = bits && has_point_of(leaf, *curve) &&
                        X509_NAME_cmp(X509_get_subject_name(leaf), X509_get_issuer_name(leaf)) != 0;
  take_openssl_error();
  if (!is_meant) return std::nullopt;
  return LeafOfCurve{shared(std::move(*certificate)), {KeyAlgorithm::ecdsa, *bits}};
}

// The key, where it is an EC key in PKCS#8 and the certificate's: nearly all are. Nothing: whoever
// reads keys of all kinds must look.
std::optional<CertificateChain::Key> read_plain_ec_key(std::string_view key_pem,
                                                       X509* certificate) {
  const auto blocks = read_pem(key_pem);
  if (!blocks || blocks->size() != 1 || blocks->front().label != "PRIVATE KEY") return std::nullopt;
  const auto half = read_ec_public_half(blocks->front());
  const auto bits = half ? bits_of_tls_curve(half->curve) : std::nullopt;
  if (!bits || !is_shown(*half, certificate) || !has_point_of(certificate, half->curve)) {
    return std::nullopt;
  }
  return CertificateChain::Key{{KeyAlgorithm::ecdsa, *bits}, write_pem(blocks->front())};
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
    if (auto added = chain.add(std::move(block.der)); !added) return failure(added.error());
  }
  if (chain.certificates_.empty()) {
    return failure(ErrorKind::invalid, "there is no CERTIFICATE block in the PEM text");
  }
  chain.leaf_ = facts_of(chain.certificates_.front().get(), chain.ders_.front());
  if (chain.curve_) {
    chain.leaf_.key_algorithm = "ECDSA";
    chain.leaf_.key_bits = chain.curve_->bits;
  }
  return chain;
}

Status CertificateChain::add(std::string der) {
  if (certificates_.empty()) {
    if (auto leaf = leaf_of_curve(der)) {
      curve_ = leaf->key;
      certificates_.push_back(std::move(leaf->certificate));
    } else {
      auto whole = parse_certificate(der, 0);
      if (!whole) return failure(std::move(whole.error()));
      certificates_.push_back(shared(std::move(*whole)));
    }
  } else {
    auto certificate = parsed(der, size());
    if (!certificate) return failure(std::move(certificate.error()));
    certificates_.push_back(std::move(*certificate));
  }
  ders_.push_back(std::move(der));
  return {};
}

X509* CertificateChain::whole_leaf() const {
  if (!curve_) return certificates_.front().get();
  if (!whole_leaf_) {
    // It was parsed once: what can fail is to get memory.
    auto whole = parse_certificate(ders_.front(), 0);
    whole_leaf_ = whole ? shared(std::move(*whole)) : certificates_.front();
  }
  return whole_leaf_.get();
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
  if (auto key = read_plain_ec_key(key_pem, certificates_.front().get())) return *std::move(key);
  const auto key = PrivateKey::from_pem(key_pem);
  if (!key) return failure(key.error());
  const bool is_pair = X509_check_private_key(whole_leaf(), key->get()) == 1;
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
  return curve_ ? check_tls_chain_of_curve(all) : check_tls_chain(all);
}

// As X509_check_issued(3), which says of one without its key nothing but that it cannot tell: names
// and key identifiers are compared, and the kind of key.
bool CertificateChain::has_issued_leaf(X509* one) const {
  X509* const leaf = certificates_.front().get();
  if (!curve_) return X509_check_issued(one, leaf) == X509_V_OK;
  // It has not issued itself, see leaf_of_curve().
  if (one == leaf) return false;
  if (X509_NAME_cmp(X509_get_subject_name(one), X509_get_issuer_name(leaf)) != 0) return false;
  const AuthorityKeyIdPtr named(static_cast<AUTHORITY_KEYID*>(
      X509_get_ext_d2i(leaf, NID_authority_key_identifier, nullptr, nullptr)));
  // The first reads what the second compares.
  if (X509_check_purpose(one, -1, -1) != 1) return false;
  if (X509_check_akid(one, named.get()) != X509_V_OK) return false;
  const EVP_PKEY* const key = X509_get0_pubkey(one);
  int kind = NID_undef;
  if (key == nullptr || OBJ_find_sigid_algs(X509_get_signature_nid(leaf), nullptr, &kind) != 1) {
    return false;
  }
  const bool is_pss_by_rsa = kind == NID_rsassaPss && EVP_PKEY_is_a(key, "RSA") == 1;
  return EVP_PKEY_is_a(key, OBJ_nid2sn(kind)) == 1 || is_pss_by_rsa;
}

std::string CertificateChain::untold_issuer(std::string_view known_pem) const {
  // A certificate that issued itself is found here, too.
  bool is_told = std::any_of(certificates_.begin(), certificates_.end(),
                             [&](const auto& one) { return has_issued_leaf(one.get()); });
  if (!is_told) {
    const auto known = read_pem(known_pem);
    is_told = known && std::any_of(known->begin(), known->end(), [&](const PemBlock& block) {
                if (block.label != "CERTIFICATE") return false;
                const auto one = parsed(block.der, 1);
                return one && has_issued_leaf(one->get());
              });
  }
  take_openssl_error();
  return is_told ? std::string() : leaf_.issuer;
}

}  // namespace base
