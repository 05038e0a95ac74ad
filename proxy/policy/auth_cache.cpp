#include "proxy/policy/auth_cache.h"

#include <algorithm>
#include <cstdlib>
#include <cstring>

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include "base/digest.h"

namespace proxy::policy {
namespace {

void append_with_length(std::string_view part, std::string& out) {
  out.append(std::to_string(part.size())).append(":").append(part);
}

// Of an entry, with what the two containers have of it.
std::size_t bytes_of(const AuthAnswer& answer) {
  constexpr std::size_t kOfContainers = 256;
  std::size_t bytes = kOfContainers + answer.user.size();
  for (const auto& [name, value] : answer.copied) bytes += name.size() + value.size() + 64;
  for (const std::string& challenge : answer.challenges) bytes += challenge.size() + 32;
  return bytes;
}

// nginx's proxy_cache_valid, which ingress-nginx makes of auth-cache-duration.
std::chrono::seconds life_of(const AuthAnswer& answer, const config::ExternalAuth& asked) {
  const auto found =
      std::find_if(asked.cached.begin(), asked.cached.end(), [&](const config::CachedStatus& one) {
        return one.status == static_cast<std::uint64_t>(answer.status);
      });
  if (found == asked.cached.end()) return std::chrono::seconds(0);
  return std::min(std::chrono::seconds(found->seconds), answer.fresh_for);
}

}  // namespace

AuthCache::AuthCache() : key_(base::random_bytes(Digest().size())) {}

std::size_t AuthCache::DigestHash::operator()(const Digest& digest) const {
  std::size_t hash = 0;
  std::memcpy(&hash, digest.data(), sizeof hash);
  return hash;
}

std::optional<AuthCache::Digest> AuthCache::digest_of(const ExternalAuth& auth,
                                                      const AuthPlace& place,
                                                      const RequestWords& request) const {
  if (!auth.has_cache()) return std::nullopt;
  std::string text;
  if (!auth.append_cache_key(request, text)) return std::nullopt;
  // What an auth server says depends on the host that it is asked about, and whoever has another
  // host may ask the same server in the very same words.
  std::string asked_about(request.host);
  for (char& c : asked_about) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  append_with_length(asked_about, text);
  for (const std::string* const part : {&place.host, &place.path, &place.query}) {
    append_with_length(*part, text);
  }
  Digest digest{};
  if (HMAC(EVP_sha256(), key_.data(), static_cast<int>(key_.size()),
           reinterpret_cast<const unsigned char*>(text.data()), text.size(), digest.data(),
           nullptr) == nullptr) {
    std::abort();  // as base::random_bytes(): without it anybody could be anybody
  }
  return digest;
}

const AuthAnswer* AuthCache::find(const Digest& digest, const config::ExternalAuth& asked,
                                  base::SteadyTime now) {
  const auto found = by_digest_.find(digest);
  if (found == by_digest_.end()) return nullptr;
  const Entries::iterator entry = found->second;
  const bool is_same = entry->asked.get() == &asked || *entry->asked == asked;
  if (!is_same || now >= entry->until) {
    forget(entry);
    return nullptr;
  }
  by_use_.splice(by_use_.begin(), by_use_, entry);
  return &entry->answer;
}

void AuthCache::add(const Digest& digest, AuthAnswers::Asked asked, const AuthAnswer& answer,
                    base::SteadyTime now) {
  if (const auto known = by_digest_.find(digest); known != by_digest_.end()) forget(known->second);
  const std::chrono::seconds life = life_of(answer, *asked);
  const std::size_t bytes = bytes_of(answer);
  // A cookie is one client's; of what is large few would leave no room for others.
  constexpr std::size_t kBytesOfOneMax = 16u << 10;
  if (life.count() <= 0 || !answer.cookies.empty() || bytes > kBytesOfOneMax) return;
  by_use_.push_front({digest, std::move(asked), answer, now + life, bytes});
  by_digest_.emplace(digest, by_use_.begin());
  bytes_ += bytes;
  while (by_use_.size() > kEntriesMax || bytes_ > kBytesMax) forget(std::prev(by_use_.end()));
}

void AuthCache::forget(Entries::iterator entry) {
  bytes_ -= entry->bytes;
  by_digest_.erase(entry->digest);
  by_use_.erase(entry);
}

}  // namespace proxy::policy
