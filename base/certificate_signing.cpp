// The writing side of X.509: requests and the certificates that we sign ourselves. base/key.h
// declares it.

#include <ctime>
#include <memory>

#include <openssl/pem.h>

#include "base/digest.h"
#include "base/ip_text.h"
#include "base/key.h"
#include "base/openssl.h"

namespace base {
namespace {

constexpr std::size_t kNamesMax = 1000;  // more than any CA takes in one certificate
constexpr int kSerialBytes = 16;

struct StackOfExtensionsDeleter {
  void operator()(STACK_OF(X509_EXTENSION) * stack) const {
    sk_X509_EXTENSION_pop_free(stack, X509_EXTENSION_free);
  }
};

tl::unexpected<Error> openssl_failure(std::string_view what) {
  return failure(ErrorKind::invalid, std::string(what) + ": " + take_openssl_error());
}

bool is_plain_dns_name(std::string_view name) {
  if (name.empty() || name.size() > 253) return false;
  for (const char c : name) {
    const bool allowed = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                         (c >= '0' && c <= '9') || c == '-' || c == '.' || c == '_' || c == '*';
    if (!allowed) return false;
  }
  return true;
}

Status push_name(GENERAL_NAMES* names, int type, std::string_view bytes) {
  ASN1_STRING* const value =
      ASN1_STRING_type_new(type == GEN_DNS ? V_ASN1_IA5STRING : V_ASN1_OCTET_STRING);
  ASN1_STRING_set(value, bytes.data(), static_cast<int>(bytes.size()));
  GENERAL_NAME* const name = GENERAL_NAME_new();
  GENERAL_NAME_set0_value(name, type, value);
  if (sk_GENERAL_NAME_push(names, name) <= 0) return openssl_failure("adding a name");
  return {};
}

Result<GeneralNamesPtr> make_general_names(const CsrNames& names) {
  if (names.dns_names.size() + names.ip_addresses.size() > kNamesMax) {
    return failure(ErrorKind::invalid, "a certificate for more than " + std::to_string(kNamesMax) +
                                           " names cannot be asked for");
  }
  GeneralNamesPtr all(sk_GENERAL_NAME_new_null());
  for (const std::string& dns : names.dns_names) {
    if (!is_plain_dns_name(dns)) {
      return failure(ErrorKind::invalid, "\"" + dns + "\" is not a DNS name");
    }
    if (auto pushed = push_name(all.get(), GEN_DNS, dns); !pushed) return failure(pushed.error());
  }
  for (const std::string& address : names.ip_addresses) {
    const auto bytes = ip_bytes_from_text(address);
    if (!bytes) return failure(ErrorKind::invalid, "\"" + address + "\" is not an IP address");
    if (auto pushed = push_name(all.get(), GEN_IPADD, *bytes); !pushed) {
      return failure(pushed.error());
    }
  }
  return all;
}

Status set_common_name(X509_NAME* subject, const std::string& common_name) {
  if (common_name.empty()) return {};
  const auto* bytes = reinterpret_cast<const unsigned char*>(common_name.data());
  if (X509_NAME_add_entry_by_NID(subject, NID_commonName, MBSTRING_UTF8, bytes,
                                 static_cast<int>(common_name.size()), -1, 0) != 1) {
    return openssl_failure("the common name \"" + common_name + "\" cannot be used");
  }
  return {};
}

Status add_text_extension(X509* certificate, X509V3_CTX* context, int nid, const char* value) {
  const X509ExtensionPtr extension(X509V3_EXT_conf_nid(nullptr, context, nid, value));
  if (!extension || X509_add_ext(certificate, extension.get(), -1) != 1) {
    return openssl_failure("adding the extension " + std::string(OBJ_nid2sn(nid)));
  }
  return {};
}

Status add_names(X509* certificate, const CsrNames& names) {
  auto all = make_general_names(names);
  if (!all) return failure(all.error());
  if (sk_GENERAL_NAME_num(all->get()) == 0) return {};
  // Without a subject the names are all there is, so they are critical (RFC 5280 §4.2.1.6).
  const int critical = names.common_name.empty() ? 1 : 0;
  if (X509_add1_ext_i2d(certificate, NID_subject_alt_name, all->get(), critical,
                        X509V3_ADD_DEFAULT) != 1) {
    return openssl_failure("adding the names");
  }
  return {};
}

Status set_random_serial(X509* certificate) {
  std::string bytes = random_bytes(kSerialBytes);
  bytes[0] = static_cast<char>((bytes[0] & 0x3f) | 0x40);  // positive, and of full length
  const BignumPtr number(
      BN_bin2bn(reinterpret_cast<const unsigned char*>(bytes.data()), kSerialBytes, nullptr));
  if (BN_to_ASN1_INTEGER(number.get(), X509_get_serialNumber(certificate)) == nullptr) {
    return openssl_failure("setting the serial number");
  }
  return {};
}

struct Issuer {
  X509* certificate;  // the certificate itself when it signs itself
  EVP_PKEY* key;
};

Status add_extensions(X509* certificate, X509* issuer, const SelfSignedOptions& options) {
  X509V3_CTX context;
  X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
  struct Extension {
    int nid;
    const char* value;
  };
  const std::vector<Extension> ca = {{NID_basic_constraints, "critical,CA:TRUE"},
                                     {NID_key_usage, "critical,keyCertSign,cRLSign"},
                                     {NID_subject_key_identifier, "hash"},
                                     {NID_authority_key_identifier, "keyid:always"}};
  const std::vector<Extension> leaf = {{NID_basic_constraints, "critical,CA:FALSE"},
                                       {NID_key_usage, "critical,digitalSignature"},
                                       {NID_ext_key_usage, "serverAuth,clientAuth"},
                                       {NID_subject_key_identifier, "hash"},
                                       {NID_authority_key_identifier, "keyid:always"}};
  for (const Extension& extension : options.is_ca ? ca : leaf) {
    auto added = add_text_extension(certificate, &context, extension.nid, extension.value);
    if (!added) return added;
  }
  return add_names(certificate, options.names);
}

Result<std::string> make_certificate(const PrivateKey& key, const SelfSignedOptions& options,
                                     const Issuer* ca) {
  const X509Ptr certificate(X509_new());
  X509* const x509 = certificate.get();
  const Issuer issuer = ca != nullptr ? *ca : Issuer{x509, key.get()};
  X509_set_version(x509, X509_VERSION_3);
  if (auto set = set_random_serial(x509); !set) return failure(set.error());
  if (auto set = set_common_name(X509_get_subject_name(x509), options.names.common_name); !set) {
    return failure(set.error());
  }
  X509_set_issuer_name(x509, X509_get_subject_name(issuer.certificate));
  const std::chrono::seconds backdate = options.backdate, lifetime = options.lifetime;
  std::time_t now = std::chrono::system_clock::to_time_t(options.now.value_or(SystemClock().now()));
  X509_time_adj_ex(X509_getm_notBefore(x509), 0, -static_cast<long>(backdate.count()), &now);
  X509_time_adj_ex(X509_getm_notAfter(x509), 0, static_cast<long>(lifetime.count()), &now);
  X509_set_pubkey(x509, key.get());
  if (auto added = add_extensions(x509, issuer.certificate, options); !added) {
    return failure(added.error());
  }
  if (X509_sign(x509, issuer.key, EVP_sha256()) == 0) return openssl_failure("signing");
  const BioPtr bio(BIO_new(BIO_s_mem()));
  PEM_write_bio_X509(bio.get(), x509);
  return read_memory_bio(bio.get());
}

}  // namespace

Result<std::string> make_csr(const PrivateKey& key, const CsrNames& names) {
  auto all = make_general_names(names);
  if (!all) return failure(all.error());
  if (sk_GENERAL_NAME_num(all->get()) == 0) {
    return failure(ErrorKind::invalid, "a certificate request needs at least one name");
  }
  const X509ReqPtr request(X509_REQ_new());
  X509_REQ_set_version(request.get(), X509_REQ_VERSION_1);
  if (auto set = set_common_name(X509_REQ_get_subject_name(request.get()), names.common_name);
      !set) {
    return failure(set.error());
  }
  STACK_OF(X509_EXTENSION)* extensions = nullptr;
  const int added = X509V3_add1_i2d(&extensions, NID_subject_alt_name, all->get(), 0, 0);
  const std::unique_ptr<STACK_OF(X509_EXTENSION), StackOfExtensionsDeleter> owned(extensions);
  if (added != 1 || X509_REQ_add_extensions(request.get(), extensions) != 1 ||
      X509_REQ_set_pubkey(request.get(), key.get()) != 1 ||
      X509_REQ_sign(request.get(), key.get(), EVP_sha256()) == 0) {
    return openssl_failure("making the certificate request");
  }
  unsigned char* der = nullptr;
  const int size = i2d_X509_REQ(request.get(), &der);
  if (size <= 0) return openssl_failure("encoding the certificate request");
  std::string bytes(reinterpret_cast<const char*>(der), static_cast<std::size_t>(size));
  OPENSSL_free(der);
  return bytes;
}

Result<std::string> make_self_signed(const PrivateKey& key, const SelfSignedOptions& options) {
  return make_certificate(key, options, nullptr);
}

Result<std::string> sign_leaf(const PrivateKey& leaf_key, const SelfSignedOptions& options,
                              std::string_view ca_pem, const PrivateKey& ca_key) {
  const auto ca = parse_first_certificate(ca_pem);
  if (!ca) return failure(while_doing("reading the CA", ca.error()));
  const Issuer issuer{ca->get(), ca_key.get()};
  return make_certificate(leaf_key, options, &issuer);
}

}  // namespace base
