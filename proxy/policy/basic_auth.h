#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "proxy/config/model.h"

namespace proxy::policy {

// What a client shows, RFC 7617 §2. The views lie in the storage that they were read into.
struct Credentials {
  std::string_view user, password;
};

// Of the value of Authorization. Nothing: of another scheme, or nothing that can be read.
std::optional<Credentials> read_credentials(std::string_view authorization, std::string& storage);

// HMAC of credentials and of the hash that they are compared with, by a key of this process alone.
using CredentialsDigest = std::array<std::uint8_t, 32>;

// What is to be found out by hashing. Where nobody has this name the hash is another user's: then
// the answer is known, and takes as long as if it were not.
struct PasswordQuestion {
  const std::string* hash = nullptr;  // lives as long as the guards; nullptr: nothing is asked
  std::string_view password{};
  bool is_user = false;
  CredentialsDigest digest{};
  // Nothing is asked: whose password it is, where it is right.
  std::string_view known_user{};
};

// config::BasicAuth, made ready to be asked. Immutable; any number of threads may ask.
class BasicAuth {
 public:
  explicit BasicAuth(const config::BasicAuth& config);

  // The value of WWW-Authenticate (RFC 7617 §2.1).
  const std::string& challenge() const { return challenge_; }

  struct Hash {
    const std::string* text;
    bool is_of_user;
  };
  // The one that this user's password is compared with. Nothing: there is nobody at all.
  std::optional<Hash> hash_for(std::string_view user) const;

 private:
  struct TextHash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const {
      return std::hash<std::string_view>{}(text);
    }
  };

  std::string challenge_;
  std::unordered_map<std::string, std::string, TextHash, std::equal_to<>> hashes_;  // by name
  std::vector<const std::string*> for_strangers_;
};

}  // namespace proxy::policy
