#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "acme/problem.h"
#include "base/clock.h"
#include "base/result.h"

// The resources of RFC 8555 §7.1 as values, and their strict parsing. Unknown fields are ignored
// (§6 requires it); a field of the wrong type, a missing required field, an unknown status, or more
// than a bounded number of elements is ErrorKind::protocol with a sentence that names the field.
namespace acme {

// §7.1.1
struct Directory {
  std::string new_nonce;
  std::string new_account;
  std::string new_order;
  std::string revoke_certificate;  // may be empty
  std::string key_change;          // may be empty
  std::string renewal_info;        // empty: the server has no ARI (RFC 9773 §4.1)

  std::string terms_of_service;  // the rest is "meta"; all may be empty
  std::string website;
  std::vector<std::string> caa_identities;
  bool external_account_required = false;
  std::map<std::string, std::string> profiles;  // name -> description

  bool has_renewal_info() const { return !renewal_info.empty(); }
  bool operator==(const Directory&) const = default;
};

// §7.1.2
enum class AccountStatus { valid, deactivated, revoked };
struct Account {
  std::string url;  // from Location: the "kid" of every later request
  AccountStatus status = AccountStatus::valid;
  std::vector<std::string> contact;
  bool was_created = false;  // by this request; false when it existed before
};

// §7.1.6
enum class OrderStatus { pending, ready, processing, valid, invalid };
enum class AuthorizationStatus { pending, valid, invalid, deactivated, expired, revoked };
enum class ChallengeStatus { pending, processing, valid, invalid };

// §7.1.3
struct Order {
  std::string url;  // kept by us: later answers need not repeat it
  OrderStatus status = OrderStatus::pending;
  std::optional<base::WallTime> expires;
  std::vector<Identifier> identifiers;
  std::vector<std::string> authorization_urls;  // in no particular order
  std::string finalize_url;
  std::string certificate_url;  // empty until valid
  std::string profile;          // empty: not told
  std::string replaces;         // empty: not told
  std::optional<Problem> error;
};

// §8
struct Challenge {
  std::string type;  // "http-01", ...
  std::string url;
  ChallengeStatus status = ChallengeStatus::pending;
  std::string token;  // of http-01: checked to be base64url (§8.3); others keep theirs unchecked
  std::optional<Problem> error;
};

// §7.1.4
struct Authorization {
  std::string url;
  Identifier identifier;
  AuthorizationStatus status = AuthorizationStatus::pending;
  std::optional<base::WallTime> expires;
  std::vector<Challenge> challenges;  // the first of each type, of a few types
  bool is_wildcard = false;
};

// §7.4.2
struct CertificateChain {
  std::string pem;                          // leaf first, CERTIFICATE blocks only
  std::vector<std::string> alternate_urls;  // Link rel="alternate"
};

std::string_view name_of(AccountStatus status);
std::string_view name_of(OrderStatus status);
std::string_view name_of(AuthorizationStatus status);
std::string_view name_of(ChallengeStatus status);

base::Result<Directory> parse_directory(std::string_view json);
base::Result<Account> parse_account(std::string_view json, std::string url);
base::Result<Order> parse_order(std::string_view json, std::string url);
base::Result<Authorization> parse_authorization(std::string_view json, std::string url);
base::Result<Challenge> parse_challenge(std::string_view json);

// §8.1: base64url alphabet, not empty, at most 256 characters. What is echoed on port 80 is never
// anything else.
bool is_token(std::string_view text);

// §6.1: every URL of the protocol is https.
bool is_https_url(std::string_view url);

}  // namespace acme
