#include "proxy/policy/basic_auth.h"

#include <algorithm>
#include <functional>

#include "base/base64url.h"
#include "proxy/config/limits.h"
#include "proxy/policy/password.h"

namespace proxy::policy {
namespace {

// Base64 of the longest name, ":" and the longest password.
constexpr std::size_t kEncodedBytesMax =
    (config::kUserNameBytesMax + 1 + kPasswordBytesMax + 2) / 3 * 4;

char lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
}

// RFC 9110 §11.1: the scheme's case does not count.
bool takes_scheme(std::string_view& text) {
  constexpr std::string_view kScheme = "basic ";
  if (text.size() < kScheme.size()) return false;
  for (std::size_t i = 0; i < kScheme.size(); ++i) {
    if (lower(text[i]) != kScheme[i]) return false;
  }
  text.remove_prefix(std::min(text.find_first_not_of(' ', kScheme.size()), text.size()));
  return true;
}

// A quoted-string of RFC 9110 §5.6.4. validate() has seen to it that no control character is in it.
std::string quoted(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    out += c;
  }
  return out + '"';
}

}  // namespace

std::optional<Credentials> read_credentials(std::string_view authorization, std::string& storage) {
  if (!takes_scheme(authorization)) return std::nullopt;
  if (authorization.size() > kEncodedBytesMax) return std::nullopt;
  auto decoded = base::base64_decode(authorization);
  if (!decoded) return std::nullopt;
  storage = std::move(*decoded);
  const std::string_view text = storage;
  const std::size_t colon = text.find(':');
  if (colon == std::string_view::npos) return std::nullopt;
  return Credentials{text.substr(0, colon), text.substr(colon + 1)};
}

BasicAuth::BasicAuth(const config::BasicAuth& config)
    : challenge_("Basic realm=" + quoted(config.realm) + ", charset=\"UTF-8\"") {
  hashes_.reserve(config.users.size());
  for (const config::PasswordUser& user : config.users) {
    const auto [at, is_new] = hashes_.try_emplace(user.name, user.hash);
    if (is_new) for_strangers_.push_back(&at->second);
  }
}

std::optional<BasicAuth::Hash> BasicAuth::hash_for(std::string_view user) const {
  if (const auto found = hashes_.find(user); found != hashes_.end()) {
    return Hash{&found->second, true};
  }
  if (for_strangers_.empty()) return std::nullopt;
  // By name, so that where hashes differ in cost each stranger always takes as long, as a user
  // does.
  const std::size_t at = std::hash<std::string_view>{}(user) % for_strangers_.size();
  return Hash{for_strangers_[at], false};
}

}  // namespace proxy::policy
