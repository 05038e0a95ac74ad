#pragma once

#include <cstddef>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "base/openssl.h"

namespace proxy::tls {

// Certificates that stand behind others in their chains, of those that were read lately. The ten
// thousand certificates of a cluster have a handful of issuers, and reading one costs as much as
// reading a leaf. Any thread.
class IssuerCertificates {
 public:
  // A public authority issues from some four at a time; with this many of them all are at hand, and
  // looking through them costs less than reading one.
  static constexpr std::size_t kHeldMax = 32;

  // Its own reference to the certificate with these bytes; nullptr: they are none, which OpenSSL's
  // queue of errors explains.
  base::X509Ptr read(const std::string& der);

 private:
  struct One {
    std::string der;
    base::X509Ptr certificate;
  };

  std::mutex mutex_;
  std::vector<One> held_;  // the one that was wanted last at the end
};

// nullptr: they are no certificate, or others follow it.
base::X509Ptr read_x509(const std::string& der);

}  // namespace proxy::tls
