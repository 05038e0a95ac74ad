#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "base/key.h"

namespace support {

// A certificate and its key, in PEM.
struct Issued {
  std::string chain_pem;
  std::string key_pem;
};

// An authority of a test, which stands for clients.
class TestAuthority {
 public:
  explicit TestAuthority(const std::string& name);
  // Below another one.
  TestAuthority(const std::string& name, const TestAuthority& above);

  // For a client of this name; with what stands between it and the root.
  Issued issue(const std::string& common_name,
               std::chrono::hours lifetime = std::chrono::hours(24)) const;
  // A list of what it has revoked, good for an hour from `now` on.
  std::string revoke(const std::vector<Issued>& revoked) const;

  const std::string& pem() const { return pem_; }

 private:
  base::PrivateKey key_;
  std::string pem_;
  std::string chain_;  // from itself to the root, without that
};

}  // namespace support
