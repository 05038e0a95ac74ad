#include "operator/routing/auth_secret.h"

#include <algorithm>
#include <cstddef>
#include <map>

#include "base/ascii_text.h"
#include "base/authorities.h"
#include "base/pem.h"
#include "base/utf8.h"
#include "proxy/config/limits.h"
#include "proxy/config/password_hash.h"

namespace routing {
namespace {

using Users = std::map<std::string, std::string, std::less<>>;

std::string_view trimmed(std::string_view text) {
  return base::trimmed(text, " \t\r\n");
}

// Names travel in JSON, and stand in Events.
bool is_user_name(std::string_view name) {
  if (name.empty() || name.size() > proxy::config::kUserNameBytesMax) return false;
  while (!name.empty()) {
    const auto first = static_cast<unsigned char>(name.front());
    const std::size_t bytes = base::utf8_character_bytes(name);
    if (bytes == 0 || first < 0x20 || first == 0x7f) return false;
    name.remove_prefix(bytes);
  }
  return true;
}

std::string shown(std::string_view name) {
  constexpr std::size_t kShownMax = 64;
  // A name that is cut within a character would be none.
  return name.size() <= kShownMax ? std::string(name)
                                  : "of " + std::to_string(name.size()) + " bytes";
}

// Empty: the user was added.
std::string add_user(std::string_view name, std::string_view hash, Users& users) {
  if (!is_user_name(name)) {
    return "has a user's name that is empty, longer than 255 bytes, or no text in UTF-8";
  }
  const auto read = proxy::config::read_password_hash(hash);
  if (!read.problem.empty()) return std::string(read.problem);
  users.try_emplace(std::string(name), hash);
  return {};
}

constexpr std::string_view kTakenHashes =
    "; bcrypt, apr1, {SHA}, sha256-crypt and sha512-crypt are taken (htpasswd -B)";

PasswordFile spoilt(std::string problem) {
  PasswordFile file;
  file.problem = std::move(problem);
  return file;
}

PasswordFile made_of(Users users) {
  if (users.empty()) return spoilt("names no user");
  if (users.size() > proxy::config::kUsersMax) {
    return spoilt("has more than " + std::to_string(proxy::config::kUsersMax) + " users");
  }
  PasswordFile file;
  file.users.reserve(users.size());
  for (auto& [name, hash] : users) file.users.push_back({name, std::move(hash)});
  return file;
}

PasswordFile read_map(const kube::Secret& secret) {
  Users users;
  for (const auto& [name, hash] : secret.data) {
    const std::string problem = add_user(name, trimmed(hash.text()), users);
    if (!problem.empty()) {
      return spoilt("for the user \"" + shown(name) + "\" " + problem + std::string(kTakenHashes));
    }
  }
  return made_of(std::move(users));
}

}  // namespace

PasswordFile read_htpasswd(std::string_view text) {
  Users users;
  for (std::size_t number = 1; !text.empty(); ++number) {
    const std::size_t end = text.find('\n');
    const std::string_view line = trimmed(text.substr(0, end));
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    if (line.empty() || line.front() == '#') continue;
    const std::string where = "in line " + std::to_string(number) + " ";
    const std::size_t colon = line.find(':');
    // What stands there may be a password: it is not shown.
    if (colon == std::string_view::npos) return spoilt(where + "has no colon behind a user's name");
    const std::string_view name = line.substr(0, colon);
    const std::string_view rest = line.substr(colon + 1);
    const std::string problem = add_user(name, rest.substr(0, rest.find(':')), users);
    if (problem.empty()) continue;
    if (!is_user_name(name)) return spoilt(where + problem);
    return spoilt(where + "for the user \"" + shown(name) + "\" " + problem +
                  std::string(kTakenHashes));
  }
  return made_of(std::move(users));
}

ClientAuthorities read_client_authorities(const kube::Secret& secret) {
  ClientAuthorities read;
  const auto spoil = [&](const std::string& problem) {
    read = {};
    read.problem = problem;
    return read;
  };
  // Empty: it is usable.
  const auto take = [&](const char* key, const char* label, std::size_t bytes_max,
                        std::string& text) -> std::string {
    const std::string named = std::string("its key ") + key;
    const auto blocks = base::read_pem(secret.value(key));
    if (!blocks) return "has no PEM text in " + named + " (" + blocks.error().message + ")";
    for (const base::PemBlock& block : *blocks) {
      if (block.label == label) text += base::write_pem(block);
    }
    if (text.empty()) return std::string("has no ") + label + " block in " + named;
    if (text.size() <= bytes_max) return {};
    return "has more than " + std::to_string(bytes_max >> 10) + " KiB in " + named;
  };
  if (secret.data.count("ca.crt") == 0) return spoil("has no key ca.crt");
  std::string problem =
      take("ca.crt", "CERTIFICATE", proxy::config::kAuthoritiesBytesMax, read.trusted_pem);
  // A list that is there and says nothing would let in whom it was to keep out.
  if (problem.empty() && secret.data.count("ca.crl") != 0) {
    problem = take("ca.crl", "X509 CRL", proxy::config::kRevokedBytesMax, read.revoked_pem);
  }
  if (!problem.empty()) return spoil(problem);
  const auto usable = base::check_authorities(read.trusted_pem, read.revoked_pem);
  if (!usable) return spoil("cannot be used: " + usable.error().message);
  return read;
}

AuthSecret read_auth_secret(const kube::Secret& secret) {
  AuthSecret read;
  if (secret.data.count("auth") == 0) {
    read.file = spoilt("has no key \"auth\"");
  } else {
    read.file = read_htpasswd(secret.value("auth"));
  }
  read.map = read_map(secret);
  read.authorities = read_client_authorities(secret);
  return read;
}

}  // namespace routing
