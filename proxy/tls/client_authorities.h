#pragma once

#include <cstddef>
#include <memory>
#include <mutex>
#include <string>

#include "base/openssl.h"
#include "proxy/config/model.h"

namespace proxy::tls {

// The authorities by which certificates of clients are verified, with what they revoked. Read on
// first use, once: ten thousand that nobody asks for cost nothing but their text. Immutable; any
// thread.
class ClientAuthorities {
 public:
  // One object for all that say the same, for as long as anybody has it: routes share it, and so do
  // one configuration and the next.
  static std::shared_ptr<const ClientAuthorities> of(const config::ClientCertificates& config);

  ClientAuthorities(std::string trusted_pem, std::string revoked_pem);

  // nullptr: they cannot be used, so nobody can be verified. That is logged once, with the reason.
  X509_STORE* store() const;
  // The names of the authorities, for clients to choose a certificate by; may be empty.
  const STACK_OF(X509_NAME) * names() const;

 private:
  void read() const;

  const std::string trusted_pem_, revoked_pem_;
  mutable std::once_flag once_;
  mutable base::OpensslPtr<X509_STORE, X509_STORE_free> store_;
  mutable std::unique_ptr<STACK_OF(X509_NAME), void (*)(STACK_OF(X509_NAME)*)> names_;
};

}  // namespace proxy::tls
