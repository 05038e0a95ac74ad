#pragma once

#include <string>
#include <vector>

#include "base/result.h"

namespace issuer {

// Which hosts Certificates may have from Issuers of namespaces: those belong to tenants, who choose
// the ACME server. A pattern is a host, "*.example.com" for every name under it at any depth, or
// "*" for every name and address; "{namespace}" in it stands for the Issuer's namespace. A value.
class HostBounds {
 public:
  HostBounds() = default;  // none: every host
  // invalid: says which pattern is none.
  static base::Result<HostBounds> read(const std::vector<std::string>& patterns);

  bool covers(const std::string& name, const std::string& namespace_) const;
  // Why an Issuer of the namespace may not be used for these names: a sentence with the remedy;
  // empty: it may.
  std::string why_not(const std::vector<std::string>& names, const std::string& namespace_) const;

 private:
  std::vector<std::string> patterns_;
};

}  // namespace issuer
