#include "base/x509.h"

#include <algorithm>
#include <ctime>
#include <optional>

#include <openssl/asn1t.h>
#include <openssl/provider.h>

#include "base/ascii_text.h"
#include "base/certificate_facts.h"
#include "base/digest.h"
#include "base/ip_text.h"
#include "base/key.h"
#include "base/openssl.h"
#include "base/pem.h"
#include "base/time_text.h"

namespace base {
namespace {

thread_local std::size_t parsed_by_this_thread = 0;

std::string_view bytes_of(const ASN1_STRING* string) {
  return {reinterpret_cast<const char*>(ASN1_STRING_get0_data(string)),
          static_cast<std::size_t>(ASN1_STRING_length(string))};
}

std::optional<WallTime> wall_time(const ASN1_TIME* time) {
  std::tm fields{};
  if (ASN1_TIME_to_tm(time, &fields) != 1) return std::nullopt;
  // Not timegm(): RFC 5280 §4.1.2.5 uses the year 9999 for "no end".
  const std::chrono::sys_days day = std::chrono::year{fields.tm_year + 1900} /
                                    std::chrono::month{static_cast<unsigned>(fields.tm_mon + 1)} /
                                    std::chrono::day{static_cast<unsigned>(fields.tm_mday)};
  const std::chrono::seconds second = day.time_since_epoch() + std::chrono::hours{fields.tm_hour} +
                                      std::chrono::minutes{fields.tm_min} +
                                      std::chrono::seconds{fields.tm_sec};
  const auto seconds_of = [](WallTime limit) {
    return std::chrono::floor<std::chrono::seconds>(limit.time_since_epoch());
  };
  return WallTime(std::clamp(second, seconds_of(kEarliestTime), seconds_of(kLatestTime)));
}

// The first common name of the subject, as UTF-8.
std::string common_name_of(const X509* certificate) {
  const X509_NAME* const subject = X509_get_subject_name(certificate);
  const int index = X509_NAME_get_index_by_NID(subject, NID_commonName, -1);
  if (index < 0) return {};
  unsigned char* utf8 = nullptr;
  const int size =
      ASN1_STRING_to_UTF8(&utf8, X509_NAME_ENTRY_get_data(X509_NAME_get_entry(subject, index)));
  if (size < 0) return {};
  std::string text(reinterpret_cast<const char*>(utf8), static_cast<std::size_t>(size));
  OPENSSL_free(utf8);
  return text;
}

std::string issuer_of(const X509* certificate) {
  const BioPtr bio(BIO_new(BIO_s_mem()));
  X509_NAME_print_ex(bio.get(), X509_get_issuer_name(certificate), 0, XN_FLAG_RFC2253);
  return read_memory_bio(bio.get());
}

void read_names(X509* certificate, CertificateInfo& info) {
  const GeneralNamesPtr names(static_cast<GENERAL_NAMES*>(
      X509_get_ext_d2i(certificate, NID_subject_alt_name, nullptr, nullptr)));
  for (int i = 0; names && i < sk_GENERAL_NAME_num(names.get()); ++i) {
    const GENERAL_NAME* const name = sk_GENERAL_NAME_value(names.get(), i);
    if (name->type == GEN_DNS) {
      // A NUL inside would make one program read another name than the next.
      const std::string_view dns = bytes_of(name->d.dNSName);
      if (dns.find('\0') == std::string_view::npos) info.dns_names.push_back(in_lower_case(dns));
    } else if (name->type == GEN_IPADD) {
      if (auto text = ip_text_from_bytes(bytes_of(name->d.iPAddress))) {
        info.ip_addresses.push_back(std::move(*text));
      }
    }
  }
  std::sort(info.dns_names.begin(), info.dns_names.end());
  std::sort(info.ip_addresses.begin(), info.ip_addresses.end());
}

// The content octets of the DER INTEGER: ASN1_INTEGER keeps the magnitude alone, while RFC 9773
// §4.1 wants the leading 00 that says "positive".
std::string der_integer_content(const ASN1_INTEGER* number) {
  unsigned char* der = nullptr;
  const int size = i2d_ASN1_INTEGER(number, &der);
  if (size < 0) return {};
  const unsigned char* content = der;
  long length = 0;
  int tag = 0, tag_class = 0;
  std::string bytes;
  if ((ASN1_get_object(&content, &length, &tag, &tag_class, size) & 0x80) == 0) {
    bytes.assign(reinterpret_cast<const char*>(content), static_cast<std::size_t>(length));
  }
  OPENSSL_free(der);
  return bytes;
}

std::string authority_key_id_of(const X509* certificate) {
  const AuthorityKeyIdPtr id(static_cast<AUTHORITY_KEYID*>(
      X509_get_ext_d2i(certificate, NID_authority_key_identifier, nullptr, nullptr)));
  return id && id->keyid != nullptr ? std::string(bytes_of(id->keyid)) : std::string();
}

void read_public_key(const X509* certificate, CertificateInfo& info) {
  const EVP_PKEY* const key = X509_get0_pubkey(certificate);
  if (key == nullptr) {
    info.key_algorithm = "unknown";
    return;
  }
  info.key_bits = EVP_PKEY_get_bits(key);
  switch (EVP_PKEY_get_base_id(key)) {
    case EVP_PKEY_EC:
      info.key_algorithm = "ECDSA";
      break;
    case EVP_PKEY_RSA:
      info.key_algorithm = "RSA";
      break;
    case EVP_PKEY_ED25519:
      info.key_algorithm = "Ed25519";
      break;
    default: {
      const char* const name = EVP_PKEY_get0_type_name(key);
      info.key_algorithm = name == nullptr ? "unknown" : name;
    }
  }
}

// OpenSSL without any algorithm: it looks for a decoder among none. nullptr: there is no memory for
// it, and the one with all of them takes its place. It stays for as long as the program runs.
OSSL_LIB_CTX* library_of_nothing() {
  static OSSL_LIB_CTX* const library = [] {
    OSSL_LIB_CTX* const made = OSSL_LIB_CTX_new();
    // Without this one it would load the usual one by itself.
    if (made == nullptr || OSSL_PROVIDER_load(made, "null") != nullptr) return made;
    OSSL_LIB_CTX_free(made);
    return static_cast<OSSL_LIB_CTX*>(nullptr);
  }();
  return library;
}

std::string nth_certificate(std::size_t index) {
  return "certificate " + std::to_string(index + 1) + " of the chain";
}

// library: nullptr is the usual one.
Result<X509Ptr> parse_by(OSSL_LIB_CTX* library, std::string_view der, std::size_t index) {
  ++parsed_by_this_thread;
  const auto* bytes = reinterpret_cast<const unsigned char*>(der.data());
  const auto* const end = bytes + der.size();
  X509Ptr certificate(reinterpret_cast<X509*>(ASN1_item_d2i_ex(
      nullptr, &bytes, static_cast<long>(der.size()), ASN1_ITEM_rptr(X509), library, nullptr)));
  if (!certificate) {
    return failure(ErrorKind::invalid,
                   nth_certificate(index) + " is not valid X.509 (" + take_openssl_error() + ")");
  }
  if (bytes != end) {
    return failure(ErrorKind::invalid, nth_certificate(index) + " has bytes after its end");
  }
  if (!wall_time(X509_get0_notBefore(certificate.get())) ||
      !wall_time(X509_get0_notAfter(certificate.get()))) {
    return failure(ErrorKind::invalid, nth_certificate(index) + " has a date that is not one");
  }
  take_openssl_error();
  return certificate;
}

Result<CertificateInfo> describe(std::string_view der, std::size_t index) {
  const auto certificate = parse_certificate(der, index);
  if (!certificate) return failure(certificate.error());
  return facts_of(certificate->get(), der);
}

bool name_covers(std::string_view name, std::string_view host) {
  if (name == host) return true;
  // RFC 6125 §6.4.3: the wildcard is the whole left-most label, and stands for exactly one.
  if (!name.starts_with("*.")) return false;
  const std::string_view parent = name.substr(1);
  const std::size_t dot = host.find('.');
  return dot != std::string_view::npos && dot > 0 && host.substr(dot) == parent;
}

}  // namespace

Result<X509Ptr> parse_certificate(std::string_view der, std::size_t index) {
  return parse_by(nullptr, der, index);
}

Result<X509Ptr> parse_without_key(std::string_view der, std::size_t index) {
  return parse_by(library_of_nothing(), der, index);
}

std::size_t parsed_certificates() {
  return parsed_by_this_thread;
}

CertificateInfo facts_of(X509* certificate, std::string_view der) {
  CertificateInfo info;
  info.subject_common_name = common_name_of(certificate);
  info.issuer = issuer_of(certificate);
  read_names(certificate, info);
  info.serial_bytes = der_integer_content(X509_get0_serialNumber(certificate));
  info.serial = serial_text(info.serial_bytes);
  info.authority_key_id = authority_key_id_of(certificate);
  info.fingerprint_sha256 = hex_pairs(sha256(der));
  read_public_key(certificate, info);
  info.not_before = wall_time(X509_get0_notBefore(certificate)).value_or(WallTime{});
  info.not_after = wall_time(X509_get0_notAfter(certificate)).value_or(WallTime{});
  take_openssl_error();  // an extension that did not decode must not speak up in a later call
  return info;
}

std::string serial_text(std::string_view serial_bytes) {
  // The leading 00 only says "positive"; people and tools write the number without it.
  if (serial_bytes.size() > 1 && serial_bytes.front() == '\0') serial_bytes.remove_prefix(1);
  // RFC 5280 §4.1.2.2 has twenty octets at most; who has more is still to be named in one line.
  constexpr std::size_t kOctetsMax = 64;
  if (serial_bytes.size() > kOctetsMax)
    return hex_pairs(serial_bytes.substr(0, kOctetsMax)) + "...";
  return hex_pairs(serial_bytes);
}

Result<CertificateInfo> read_certificate_der(std::string_view der) {
  return describe(der, 0);
}

Result<std::vector<CertificateInfo>> read_chain(std::string_view pem) {
  auto blocks = read_pem(pem);
  if (!blocks) return failure(blocks.error());
  std::vector<CertificateInfo> chain;
  for (const PemBlock& block : *blocks) {
    if (block.label != "CERTIFICATE") continue;
    if (chain.size() == kChainMax) {
      return failure(ErrorKind::invalid,
                     "the chain has more than " + std::to_string(kChainMax) + " certificates");
    }
    auto info = describe(block.der, chain.size());
    if (!info) return failure(info.error());
    chain.push_back(std::move(*info));
  }
  if (chain.empty()) {
    return failure(ErrorKind::invalid, "there is no CERTIFICATE block in the PEM text");
  }
  return chain;
}

Result<std::string> leaf_fingerprint(std::string_view chain_pem) {
  const auto blocks = read_pem(chain_pem);
  if (!blocks) return failure(blocks.error());
  for (const PemBlock& block : *blocks) {
    if (block.label == "CERTIFICATE") return hex_pairs(sha256(block.der));
  }
  return failure(ErrorKind::invalid, "there is no CERTIFICATE block in the PEM text");
}

Status check_key_pair(std::string_view chain_pem, std::string_view key_pem) {
  const auto certificate = parse_first_certificate(chain_pem);
  if (!certificate) return failure(certificate.error());
  const auto key = PrivateKey::from_pem(key_pem);
  if (!key) return failure(key.error());
  if (X509_check_private_key(certificate->get(), key->get()) != 1) {
    take_openssl_error();
    return failure(ErrorKind::invalid, "the private key does not belong to the certificate");
  }
  return {};
}

Status check_issued_by(std::string_view chain_pem, std::string_view ca_pem) {
  const auto certificate = parse_first_certificate(chain_pem);
  if (!certificate) return failure(certificate.error());
  const auto ca = parse_first_certificate(ca_pem);
  if (!ca) return failure(while_doing("reading the CA", ca.error()));
  // 1 alone says so by basicConstraints (X509_check_ca(3)).
  if (X509_check_ca(ca->get()) != 1) {
    return failure(ErrorKind::invalid, "the CA's certificate is not one of a CA");
  }
  const bool is_issuer = X509_check_issued(ca->get(), certificate->get()) == X509_V_OK &&
                         X509_verify(certificate->get(), X509_get0_pubkey(ca->get())) == 1;
  take_openssl_error();
  if (is_issuer) return {};
  return failure(ErrorKind::invalid, "the certificate is not signed by the CA");
}

bool covers_host(const CertificateNames& certificate, std::string_view host) {
  if (const auto bytes = ip_bytes_from_text(host)) {
    const auto text = ip_text_from_bytes(*bytes);
    return text && std::find(certificate.ip_addresses.begin(), certificate.ip_addresses.end(),
                             *text) != certificate.ip_addresses.end();
  }
  std::string wanted = in_lower_case(host);
  if (wanted.ends_with('.')) wanted.pop_back();  // the root, which certificates leave out
  if (wanted.empty()) return false;
  return std::any_of(certificate.dns_names.begin(), certificate.dns_names.end(),
                     [&](const std::string& name) { return name_covers(name, wanted); });
}

}  // namespace base
