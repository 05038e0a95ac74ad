#pragma once

#include <chrono>
#include <cstddef>
#include <cstring>
#include <deque>
#include <string>
#include <string_view>
#include <unordered_map>

#include "base/clock.h"
#include "proxy/policy/basic_auth.h"

namespace proxy::policy {

// The right passwords of the last minute, so that not each request of a page costs a hash. Kept is
// a digest by a random key and no more; and it is one of the hash in the configuration, too, so
// that what was right of a user who is gone, or has another password, is not found again. One
// thread's.
class RememberedPasswords {
 public:
  // Of 64 bytes or so each; more people than use one proxy within the time.
  static constexpr std::size_t kEntriesMax = 4096;
  static constexpr std::chrono::seconds kLife{60};

  RememberedPasswords();

  CredentialsDigest digest_of(std::string_view hash, const Credentials& credentials) const;
  void remember(const CredentialsDigest& digest, base::SteadyTime now);
  bool has(const CredentialsDigest& digest, base::SteadyTime now) const;
  std::size_t size() const { return until_.size(); }

  // Digests are as good as random.
  struct DigestHash {
    std::size_t operator()(const CredentialsDigest& digest) const {
      std::size_t hash = 0;
      std::memcpy(&hash, digest.data(), sizeof hash);
      return hash;
    }
  };

 private:
  void forget_oldest();

  const std::string key_;
  std::unordered_map<CredentialsDigest, base::SteadyTime, DigestHash> until_;
  std::deque<CredentialsDigest> by_age_;  // each once
};

}  // namespace proxy::policy
