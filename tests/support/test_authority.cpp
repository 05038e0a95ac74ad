#include "tests/support/test_authority.h"

#include <ctime>

#include <openssl/pem.h>

#include "base/openssl.h"

namespace support {
namespace {

base::SelfSignedOptions authority(const std::string& name) {
  base::SelfSignedOptions options;
  options.names.common_name = name;
  options.is_ca = true;
  return options;
}

}  // namespace

TestAuthority::TestAuthority(const std::string& name)
    : key_(base::PrivateKey::generate({}).value()),
      pem_(base::make_self_signed(key_, authority(name)).value()) {}

TestAuthority::TestAuthority(const std::string& name, const TestAuthority& above)
    : key_(base::PrivateKey::generate({}).value()),
      pem_(base::sign_leaf(key_, authority(name), above.pem_, above.key_).value()),
      chain_(pem_ + above.chain_) {}

Issued TestAuthority::issue(const std::string& common_name, std::chrono::hours lifetime) const {
  const auto key = base::PrivateKey::generate({}).value();
  base::SelfSignedOptions options;
  options.names.common_name = common_name;
  options.lifetime = lifetime;
  options.backdate = std::chrono::hours(48);
  return {base::sign_leaf(key, options, pem_, key_).value() + chain_, key.to_pem()};
}

std::string TestAuthority::revoke(const std::vector<Issued>& revoked) const {
  const base::X509Ptr own = base::parse_first_certificate(pem_).value();
  const base::OpensslPtr<X509_CRL, X509_CRL_free> list(X509_CRL_new());
  X509_CRL_set_version(list.get(), X509_CRL_VERSION_2);
  X509_CRL_set_issuer_name(list.get(), X509_get_subject_name(own.get()));
  const base::OpensslPtr<ASN1_TIME, ASN1_TIME_free> time(ASN1_TIME_new());
  X509_gmtime_adj(time.get(), -3600);
  X509_CRL_set1_lastUpdate(list.get(), time.get());
  X509_gmtime_adj(time.get(), 3600);
  X509_CRL_set1_nextUpdate(list.get(), time.get());
  for (const Issued& one : revoked) {
    const base::X509Ptr leaf = base::parse_first_certificate(one.chain_pem).value();
    X509_REVOKED* const entry = X509_REVOKED_new();
    X509_REVOKED_set_serialNumber(entry, X509_get_serialNumber(leaf.get()));
    X509_gmtime_adj(time.get(), -1800);
    X509_REVOKED_set_revocationDate(entry, time.get());
    X509_CRL_add0_revoked(list.get(), entry);
  }
  X509_CRL_sort(list.get());
  X509_CRL_sign(list.get(), key_.get(), EVP_sha256());
  const base::BioPtr text(BIO_new(BIO_s_mem()));
  PEM_write_bio_X509_CRL(text.get(), list.get());
  return base::read_memory_bio(text.get());
}

}  // namespace support
