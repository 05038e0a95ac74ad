#include "proxy/tls/shown_certificate.h"

#include <algorithm>
#include <ctime>
#include <utility>

#include <openssl/err.h>
#include <openssl/x509_vfy.h>

#include "base/pem.h"
#include "base/tls_certificate_rules.h"

namespace proxy::tls {
namespace {

// Chains of clients are shorter than those of servers, and those have three.
constexpr int kChainMax = 8;
constexpr int kRsaBitsMax = 8192;
// OpenSSL's own bound for large moduli; 65537 has 17.
constexpr int kRsaExponentBitsMax = 64;
constexpr int kExtensionsMax = 64;
constexpr int kNamePartsMax = 64;
constexpr std::size_t kNameBytesMax = 4096;
constexpr std::chrono::minutes kKnownFor{1};

base::Status too_much(std::string what) {
  return base::failure(base::ErrorKind::invalid, std::move(what));
}

bool has_usual_exponent(const EVP_PKEY* key) {
  BIGNUM* read = nullptr;
  if (EVP_PKEY_get_bn_param(key, "e", &read) != 1) return false;
  const base::BignumPtr exponent(read);
  return BN_num_bits(exponent.get()) <= kRsaExponentBitsMax;
}

// One whose curve is not named has parameters of the client's choice, and is refused with the rest.
bool is_on_a_curve_of_tls(const EVP_PKEY* key) {
  std::array<char, 64> name{};
  std::size_t size = 0;
  if (EVP_PKEY_get_group_name(key, name.data(), name.size(), &size) != 1) return false;
  const std::string_view curve(name.data(), size);
  return curve == "prime256v1" || curve == "secp384r1" || curve == "secp521r1";
}

base::Status check_key(const EVP_PKEY* key) {
  switch (key == nullptr ? EVP_PKEY_NONE : EVP_PKEY_get_base_id(key)) {
    case EVP_PKEY_RSA:
    case EVP_PKEY_RSA_PSS:
      if (EVP_PKEY_get_bits(key) <= kRsaBitsMax && has_usual_exponent(key)) return {};
      return too_much("an RSA key is larger than any that is in use");
    case EVP_PKEY_EC:
      if (is_on_a_curve_of_tls(key)) return {};
      return too_much("a key is on no curve of TLS");
    case EVP_PKEY_ED25519:
    case EVP_PKEY_ED448:
      return {};
    default:
      return too_much("a key is of a type that no client has");
  }
}

std::string text_of(const X509_NAME* name) {
  const base::BioPtr text(BIO_new(BIO_s_mem()));
  if (text == nullptr || X509_NAME_print_ex(text.get(), name, 0, XN_FLAG_RFC2253) < 0) return {};
  std::string read = base::read_memory_bio(text.get());
  return read.size() <= kNameBytesMax ? read : std::string();
}

std::optional<std::string> common_name_of(const X509_NAME* name) {
  const int at = X509_NAME_get_index_by_NID(name, NID_commonName, -1);
  // Of two nobody knows which one somebody else would believe.
  if (at < 0 || X509_NAME_get_index_by_NID(name, NID_commonName, at) >= 0) return std::nullopt;
  unsigned char* bytes = nullptr;
  const ASN1_STRING* const value = X509_NAME_ENTRY_get_data(X509_NAME_get_entry(name, at));
  const int size = ASN1_STRING_to_UTF8(&bytes, value);
  if (size < 0) return std::nullopt;
  std::string text(reinterpret_cast<const char*>(bytes), static_cast<std::size_t>(size));
  OPENSSL_free(bytes);
  if (text.size() > kNameBytesMax || text.find('\0') != std::string::npos) return std::nullopt;
  return text;
}

std::string escaped(std::string_view text) {
  constexpr std::string_view kHex = "0123456789ABCDEF";
  std::string out;
  out.reserve(text.size() + text.size() / 8);
  for (const char c : text) {
    const bool is_unreserved = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                               (c >= '0' && c <= '9') || c == '-' || c == '.' || c == '_' ||
                               c == '~';
    if (is_unreserved) {
      out += c;
      continue;
    }
    const auto byte = static_cast<unsigned char>(c);
    out += '%';
    out += kHex[byte >> 4];
    out += kHex[byte & 15];
  }
  return out;
}

int verify_now(X509* leaf, STACK_OF(X509) * chain, X509_STORE* store, std::uint64_t depth,
               base::WallTime now) {
  const base::OpensslPtr<X509_STORE_CTX, X509_STORE_CTX_free> context(X509_STORE_CTX_new());
  // What OpenSSL sets for a server that verifies in its handshake (ssl_verify_cert_chain()).
  if (context == nullptr || X509_STORE_CTX_init(context.get(), store, leaf, chain) != 1 ||
      X509_STORE_CTX_set_default(context.get(), "ssl_client") != 1) {
    return X509_V_ERR_UNSPECIFIED;
  }
  X509_VERIFY_PARAM* const wanted = X509_STORE_CTX_get0_param(context.get());
  X509_VERIFY_PARAM_set_auth_level(wanted, base::kTlsSecurityLevel);
  X509_VERIFY_PARAM_set_depth(wanted, static_cast<int>(depth));
  X509_VERIFY_PARAM_set_time(wanted, std::chrono::system_clock::to_time_t(now));
  const bool is_good = X509_verify_cert(context.get()) == 1;
  const int error = X509_STORE_CTX_get_error(context.get());
  if (is_good) return error;
  return error == X509_V_OK ? X509_V_ERR_UNSPECIFIED : error;
}

}  // namespace

base::Status check_shown_chain(const STACK_OF(X509) * chain) {
  if (sk_X509_num(chain) > kChainMax) return too_much("its chain is too long");
  for (int i = 0; i < sk_X509_num(chain); ++i) {
    const X509* const one = sk_X509_value(chain, i);
    if (X509_get_ext_count(one) > kExtensionsMax ||
        X509_NAME_entry_count(X509_get_subject_name(one)) > kNamePartsMax ||
        X509_NAME_entry_count(X509_get_issuer_name(one)) > kNamePartsMax) {
      return too_much("a certificate has too many parts");
    }
    auto key = check_key(X509_get0_pubkey(one));
    ERR_clear_error();
    if (!key) return key;
  }
  return {};
}

const ShownCertificate::Verified* ShownCertificate::verify(
    const std::shared_ptr<const ClientAuthorities>& authorities, std::uint64_t depth,
    base::WallTime now) {
  X509_STORE* const store = authorities->store();
  if (store == nullptr) return nullptr;
  const auto known = std::find_if(verified_.begin(), verified_.end(), [&](const Verified& one) {
    return one.authorities == authorities && one.depth == depth;
  });
  Verified& one = known != verified_.end() ? *known : verified_[next_++ % verified_.size()];
  const bool is_fresh = known != verified_.end() && now >= one.at && now - one.at < kKnownFor;
  if (!is_fresh) {
    ERR_clear_error();
    const int outcome = verify_now(leaf_, chain_, store, depth, now);
    ERR_clear_error();
    const bool is_good = outcome == X509_V_OK;
    one = {authorities, depth, now, is_good,
           is_good ? std::string("SUCCESS")
                   : std::string("FAILED:") + X509_verify_cert_error_string(outcome)};
  }
  return &one;
}

void ShownCertificate::read_names() {
  if (std::exchange(has_names_, true)) return;
  subject_ = text_of(X509_get_subject_name(leaf_));
  issuer_ = text_of(X509_get_issuer_name(leaf_));
  common_name_ = common_name_of(X509_get_subject_name(leaf_));
  ERR_clear_error();
}

const std::string& ShownCertificate::subject() {
  read_names();
  return subject_;
}

const std::string& ShownCertificate::issuer() {
  read_names();
  return issuer_;
}

const std::optional<std::string>& ShownCertificate::common_name() {
  read_names();
  return common_name_;
}

const std::string& ShownCertificate::escaped_pem() {
  if (!escaped_pem_.empty()) return escaped_pem_;
  unsigned char* bytes = nullptr;
  const int size = i2d_X509(leaf_, &bytes);
  if (size <= 0) return escaped_pem_;
  std::string der(reinterpret_cast<const char*>(bytes), static_cast<std::size_t>(size));
  OPENSSL_free(bytes);
  escaped_pem_ = escaped(base::write_pem({"CERTIFICATE", std::move(der)}));
  return escaped_pem_;
}

}  // namespace proxy::tls
