#include "proxy/config/password_hash.h"

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <optional>

namespace proxy::config {
namespace {

constexpr std::string_view kBroken =
    "has a hash that is cut off or has characters that no hash has";
constexpr std::string_view kUnknown =
    "has a password in plain text, or a hash of a kind that is not known";

bool is_letter_or_digit(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

// The digits that crypt() has for 6 bits.
bool is_crypt_text(std::string_view text) {
  return std::all_of(text.begin(), text.end(),
                     [](char c) { return is_letter_or_digit(c) || c == '.' || c == '/'; });
}

std::optional<unsigned> read_number(std::string_view digits) {
  unsigned number = 0;
  const char* const end = digits.data() + digits.size();
  const auto [last, error] = std::from_chars(digits.data(), end, number);
  if (digits.empty() || error != std::errc() || last != end) return std::nullopt;
  return number;
}

PasswordHash none(std::string_view problem) {
  return {PasswordScheme::bcrypt, problem};
}

// "$2y$10$" and 22 characters of salt, 31 of hash.
PasswordHash read_bcrypt(std::string_view rest) {
  constexpr std::size_t kSaltAndHash = 53;
  constexpr unsigned kCostMin = 4;
  if (rest.size() != 3 + kSaltAndHash || rest[2] != '$') return none(kBroken);
  const auto cost = read_number(rest.substr(0, 2));
  if (!cost || *cost < kCostMin || !is_crypt_text(rest.substr(3))) return none(kBroken);
  if (*cost > kBcryptCostMax) {
    return none("has a bcrypt hash whose cost is above 14: each request would take seconds");
  }
  return {PasswordScheme::bcrypt};
}

// A salt of 1 to 8 characters, "$", and 22 of hash.
PasswordHash read_apr1(std::string_view rest) {
  constexpr std::size_t kSaltMax = 8;
  constexpr std::size_t kHash = 22;
  const std::size_t dollar = rest.find('$');
  if (dollar == std::string_view::npos || dollar == 0 || dollar > kSaltMax) return none(kBroken);
  const std::string_view hash = rest.substr(dollar + 1);
  if (!is_crypt_text(rest.substr(0, dollar)) || hash.size() != kHash || !is_crypt_text(hash)) {
    return none(kBroken);
  }
  return {PasswordScheme::apr1};
}

// "rounds=5000$", or nothing; a salt of up to 16 characters, "$", and the hash.
PasswordHash read_sha_crypt(std::string_view rest, PasswordScheme scheme, std::size_t hash_size) {
  constexpr std::string_view kRounds = "rounds=";
  constexpr unsigned kRoundsMin = 1000;
  constexpr std::size_t kSaltMax = 16;
  if (rest.starts_with(kRounds)) {
    const std::size_t end = rest.find('$');
    if (end == std::string_view::npos) return none(kBroken);
    const auto rounds = read_number(rest.substr(kRounds.size(), end - kRounds.size()));
    if (!rounds || *rounds < kRoundsMin) return none(kBroken);
    if (*rounds > kShaCryptRoundsMax) {
      return none("has a hash of more than 500000 rounds: each request would take seconds");
    }
    rest.remove_prefix(end + 1);
  }
  const std::size_t dollar = rest.find('$');
  if (dollar == std::string_view::npos || dollar > kSaltMax) return none(kBroken);
  const std::string_view hash = rest.substr(dollar + 1);
  if (!is_crypt_text(rest.substr(0, dollar)) || hash.size() != hash_size || !is_crypt_text(hash)) {
    return none(kBroken);
  }
  return {scheme};
}

// The base64 of 20 bytes.
PasswordHash read_sha1(std::string_view rest) {
  constexpr std::size_t kDigits = 27;
  const auto is_digit = [](char c) { return is_letter_or_digit(c) || c == '+' || c == '/'; };
  if (rest.size() != kDigits + 1 || rest.back() != '=') return none(kBroken);
  if (!std::all_of(rest.begin(), rest.end() - 1, is_digit)) return none(kBroken);
  return {PasswordScheme::sha1};
}

}  // namespace

PasswordHash read_password_hash(std::string_view hash) {
  const auto behind = [&](std::string_view prefix) { return hash.substr(prefix.size()); };
  for (const std::string_view prefix : {"$2a$", "$2b$", "$2y$"}) {
    if (hash.starts_with(prefix)) return read_bcrypt(behind(prefix));
  }
  if (hash.starts_with("$apr1$")) return read_apr1(behind("$apr1$"));
  if (hash.starts_with("{SHA}")) return read_sha1(behind("{SHA}"));
  if (hash.starts_with("$5$"))
    return read_sha_crypt(behind("$5$"), PasswordScheme::sha256_crypt, 43);
  if (hash.starts_with("$6$"))
    return read_sha_crypt(behind("$6$"), PasswordScheme::sha512_crypt, 86);
  if (hash.starts_with("$1$")) return none("has a hash by MD5-crypt ($1$), which is not taken");
  if (hash.starts_with("{SSHA}")) return none("has a hash by {SSHA}, which is not taken");
  if (hash.starts_with("$2x$")) return none("has a bcrypt hash of a faulty kind ($2x$)");
  return none(kUnknown);
}

}  // namespace proxy::config
