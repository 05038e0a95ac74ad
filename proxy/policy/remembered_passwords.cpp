#include "proxy/policy/remembered_passwords.h"

#include <cstdlib>

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include "base/digest.h"

namespace proxy::policy {
namespace {

void append_with_length(std::string_view part, std::string& out) {
  out.append(std::to_string(part.size())).append(":").append(part);
}

}  // namespace

RememberedPasswords::RememberedPasswords() : key_(base::random_bytes(CredentialsDigest().size())) {}

CredentialsDigest RememberedPasswords::digest_of(std::string_view hash,
                                                 const Credentials& credentials) const {
  std::string text;
  text.reserve(hash.size() + credentials.user.size() + credentials.password.size() + 16);
  append_with_length(hash, text);
  append_with_length(credentials.user, text);
  text.append(credentials.password);
  CredentialsDigest digest{};
  if (HMAC(EVP_sha256(), key_.data(), static_cast<int>(key_.size()),
           reinterpret_cast<const unsigned char*>(text.data()), text.size(), digest.data(),
           nullptr) == nullptr) {
    std::abort();  // as base::random_bytes(): without it anybody could be anybody
  }
  return digest;
}

void RememberedPasswords::remember(const CredentialsDigest& digest, base::SteadyTime now) {
  const auto [at, is_new] = until_.try_emplace(digest, now + kLife);
  if (!is_new) {
    if (at->second > now) return;  // a minute is a minute: then it is looked at again
    at->second = now + kLife;
    return;
  }
  by_age_.push_back(digest);
  if (until_.size() > kEntriesMax) forget_oldest();
}

bool RememberedPasswords::has(const CredentialsDigest& digest, base::SteadyTime now) const {
  const auto found = until_.find(digest);
  return found != until_.end() && now < found->second;
}

void RememberedPasswords::forget_oldest() {
  until_.erase(by_age_.front());
  by_age_.pop_front();
}

}  // namespace proxy::policy
