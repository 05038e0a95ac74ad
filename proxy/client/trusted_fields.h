#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "base/result.h"
#include "proxy/http/field.h"

namespace proxy::client {

// The fields of FieldId::attested that the trusted proxies in front write or drop themselves, and
// whose word is taken for them: who the user is, what its certificate said, which path is meant.
// Empty unless told otherwise. Immutable once parsed; any thread may read it.
class TrustedFields {
 public:
  // Each request of a trusted proxy is compared with all; nobody writes more.
  static constexpr std::size_t kFieldsMax = 64;

  // The error names the first that is no such field.
  static base::Result<TrustedFields> parse(const std::vector<std::string>& names);

  // Of a request that a trusted proxy sent: these fields pass as the others about its client.
  void trust(std::vector<http::Field>& fields) const;

 private:
  std::vector<std::string> names_;
};

}  // namespace proxy::client
