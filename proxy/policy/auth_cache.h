#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <list>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>

#include "base/clock.h"
#include "proxy/policy/external_auth.h"

namespace proxy::policy {

// What auth servers said lately, by what tells who asks (config::ExternalAuth::cache_key), so that
// not each request of a page is a question. Kept are a digest by a random key of that and what was
// said; bounded in number and bytes: the answer that was not asked for the longest goes first. An
// answer counts for the very settings that it was asked by, and the very place. One thread's.
class AuthCache {
 public:
  using Digest = std::array<unsigned char, 32>;  // of HMAC-SHA-256

  // As many people as use one proxy within the time, and a kilobyte for each.
  static constexpr std::size_t kEntriesMax = 4096;
  static constexpr std::size_t kBytesMax = 4u << 20;

  AuthCache();

  // Nothing: nothing is kept of this request. Who shows nothing of what tells who asks is anybody,
  // and is asked about.
  std::optional<Digest> digest_of(const ExternalAuth& auth, const AuthPlace& place,
                                  const RequestWords& request) const;
  // nullptr: it must be asked. Valid until the next add().
  const AuthAnswer* find(const Digest& digest, const config::ExternalAuth& asked,
                         base::SteadyTime now);
  // What may not be kept is not.
  void add(const Digest& digest, AuthAnswers::Asked asked, const AuthAnswer& answer,
           base::SteadyTime now);

  std::size_t size() const { return by_digest_.size(); }
  std::size_t bytes() const { return bytes_; }

 private:
  struct Entry {
    Digest digest{};
    AuthAnswers::Asked asked{};
    AuthAnswer answer{};
    base::SteadyTime until{};
    std::size_t bytes = 0;
  };
  using Entries = std::list<Entry>;
  // Digests are as good as random.
  struct DigestHash {
    std::size_t operator()(const Digest& digest) const;
  };

  void forget(Entries::iterator entry);

  const std::string key_;
  Entries by_use_;  // the last used one first
  std::unordered_map<Digest, Entries::iterator, DigestHash> by_digest_;
  std::size_t bytes_ = 0;
};

}  // namespace proxy::policy
