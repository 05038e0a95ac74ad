#include "acme/resources.h"

#include <algorithm>
#include <array>
#include <set>
#include <utility>

#include <nlohmann/json.hpp>

#include "acme/json_fields.h"
#include "acme/order_check.h"
#include "acme/problem_json.h"
#include "acme/text.h"
#include "acme/token.h"

namespace acme {
namespace {

using nlohmann::json;

constexpr std::size_t kNamesMax = 1000;     // Let's Encrypt allows 100 in one order
constexpr std::size_t kChallengesMax = 64;  // three are usual
constexpr std::size_t kTypesKept = 8;
constexpr std::size_t kTypeBytesMax = 64;  // of a challenge
constexpr std::size_t kProfilesMax = 100;
constexpr std::size_t kIdentitiesKept = 16;  // every issuer keeps its directory in memory
constexpr std::size_t kContactsMax = 100;
constexpr std::size_t kUrlBytesMax = 2048;
constexpr std::size_t kIdentifierBytesMax = 253;  // RFC 1035 §2.3.4, in text
constexpr std::size_t kMetaBytesMax = 512;        // of what a directory says of itself

template <class Status>
struct StatusName {
  Status status;
  std::string_view name;
};
constexpr std::array kAccountStatuses = {
    StatusName<AccountStatus>{AccountStatus::valid, "valid"},
    StatusName<AccountStatus>{AccountStatus::deactivated, "deactivated"},
    StatusName<AccountStatus>{AccountStatus::revoked, "revoked"}};
constexpr std::array kOrderStatuses = {
    StatusName<OrderStatus>{OrderStatus::pending, "pending"},
    StatusName<OrderStatus>{OrderStatus::ready, "ready"},
    StatusName<OrderStatus>{OrderStatus::processing, "processing"},
    StatusName<OrderStatus>{OrderStatus::valid, "valid"},
    StatusName<OrderStatus>{OrderStatus::invalid, "invalid"}};
constexpr std::array kAuthorizationStatuses = {
    StatusName<AuthorizationStatus>{AuthorizationStatus::pending, "pending"},
    StatusName<AuthorizationStatus>{AuthorizationStatus::valid, "valid"},
    StatusName<AuthorizationStatus>{AuthorizationStatus::invalid, "invalid"},
    StatusName<AuthorizationStatus>{AuthorizationStatus::deactivated, "deactivated"},
    StatusName<AuthorizationStatus>{AuthorizationStatus::expired, "expired"},
    StatusName<AuthorizationStatus>{AuthorizationStatus::revoked, "revoked"}};
constexpr std::array kChallengeStatuses = {
    StatusName<ChallengeStatus>{ChallengeStatus::pending, "pending"},
    StatusName<ChallengeStatus>{ChallengeStatus::processing, "processing"},
    StatusName<ChallengeStatus>{ChallengeStatus::valid, "valid"},
    StatusName<ChallengeStatus>{ChallengeStatus::invalid, "invalid"}};

template <class Table, class Status>
std::string_view name_in(const Table& table, Status status) {
  return std::find_if(table.begin(), table.end(),
                      [&](const auto& row) { return row.status == status; })
      ->name;
}

template <class Table>
auto read_status(JsonFields& fields, const Table& table) {
  const std::string name = fields.required_text("status");
  const auto row =
      std::find_if(table.begin(), table.end(), [&](const auto& r) { return r.name == name; });
  if (row != table.end()) return row->status;
  // Not its word: the body may be that of a server which is none of ours to show.
  fields.fail("has an unknown \"status\"");
  return table.front().status;
}

std::optional<Problem> read_problem(JsonFields& fields) {
  const json* value = fields.object("error");
  if (value == nullptr) return std::nullopt;
  return problem_from_json(*value, 0);
}

bool is_visible_ascii(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return c > ' ' && c < 0x7F; });
}

Identifier read_identifier(JsonFields& fields, const json& value) {
  JsonFields part(value, "identifier");
  Identifier identifier{part.required_text("type"), part.required_text("value")};
  if (identifier.value.size() > kIdentifierBytesMax ||
      identifier.type.size() > kIdentifierBytesMax) {
    part.fail("is too long");
  }
  if (!is_visible_ascii(identifier.value)) part.fail("is not a host name or an address");
  fields.check(part.status());
  return canonical(std::move(identifier));
}

// Challenges of other types are kept only to say what was offered: §8 lets servers invent types,
// so a strange one is no fault of the authorization.
Challenge read_challenge(JsonFields& fields, const json& value) {
  JsonFields part(value, "challenge");
  Challenge challenge;
  challenge.type = one_line(part.required_text("type"), kTypeBytesMax);
  if (challenge.type == "http-01") {
    challenge.url = part.required_url("url");
    challenge.status = read_status(part, kChallengeStatuses);
    challenge.token = part.required_text("token");
    if (!challenge.token.empty() && !is_token(challenge.token)) {
      part.fail("has a token that is not base64url");
    }
    challenge.error = read_problem(part);
  }
  fields.check(part.status());
  return challenge;
}

// The first of each type: an order of a hundred names keeps all of its authorizations in memory,
// and a server could put a megabyte into each.
void keep(std::vector<Challenge>& kept, Challenge challenge) {
  const bool is_there = std::any_of(
      kept.begin(), kept.end(), [&](const Challenge& one) { return one.type == challenge.type; });
  const bool has_room = kept.size() < kTypesKept || challenge.type == "http-01";
  if (!is_there && has_room) kept.push_back(std::move(challenge));
}

template <class T>
base::Result<T> finish(const JsonFields& fields, T value) {
  if (const base::Status status = fields.status(); !status) return base::failure(status.error());
  return value;
}

void read_meta(JsonFields& fields, Directory& directory) {
  const json* meta = fields.object("meta");
  if (meta == nullptr) return;
  JsonFields part(*meta, "directory's \"meta\"");
  directory.terms_of_service = one_line(part.text("termsOfService"), kMetaBytesMax);
  directory.website = one_line(part.text("website"), kMetaBytesMax);
  for (const std::string& name : part.texts("caaIdentities", kNamesMax)) {
    if (directory.caa_identities.size() == kIdentitiesKept) break;
    directory.caa_identities.push_back(one_line(name, kIdentifierBytesMax));
  }
  directory.external_account_required = part.flag("externalAccountRequired");
  const json* profiles = part.object("profiles");
  if (profiles != nullptr) {
    if (profiles->size() > kProfilesMax) part.fail("has too many profiles");
    for (const auto& [name, description] : profiles->items()) {
      const std::string text = description.is_string() ? description.get<std::string>() : "";
      if (!is_visible_ascii(name) || name.size() > kMetaBytesMax)
        part.fail("has a strange profile");
      directory.profiles[name] = one_line(text, kMetaBytesMax);
    }
  }
  fields.check(part.status());
}

}  // namespace

std::string_view name_of(AccountStatus status) {
  return name_in(kAccountStatuses, status);
}
std::string_view name_of(OrderStatus status) {
  return name_in(kOrderStatuses, status);
}
std::string_view name_of(AuthorizationStatus status) {
  return name_in(kAuthorizationStatuses, status);
}
std::string_view name_of(ChallengeStatus status) {
  return name_in(kChallengeStatuses, status);
}

base::Result<Directory> parse_directory(std::string_view text) {
  const auto value = parse_json_object(text, "directory");
  if (!value) return base::failure(value.error());
  JsonFields fields(*value, "directory");
  Directory directory;
  directory.new_nonce = fields.required_url("newNonce");
  directory.new_account = fields.required_url("newAccount");
  directory.new_order = fields.required_url("newOrder");
  directory.revoke_certificate = fields.url("revokeCert");
  directory.key_change = fields.url("keyChange");
  directory.renewal_info = fields.url("renewalInfo");
  read_meta(fields, directory);
  return finish(fields, std::move(directory));
}

base::Result<Account> parse_account(std::string_view text, std::string url) {
  const auto value = parse_json_object(text, "account");
  if (!value) return base::failure(value.error());
  JsonFields fields(*value, "account");
  Account account;
  account.url = std::move(url);
  account.status = read_status(fields, kAccountStatuses);
  account.contact = fields.texts("contact", kContactsMax);
  return finish(fields, std::move(account));
}

base::Result<Order> parse_order(std::string_view text, std::string url) {
  const auto value = parse_json_object(text, "order");
  if (!value) return base::failure(value.error());
  JsonFields fields(*value, "order");
  Order order;
  order.url = std::move(url);
  order.status = read_status(fields, kOrderStatuses);
  order.expires = fields.time("expires");
  if (const json* identifiers = fields.array("identifiers", kNamesMax)) {
    for (const json& one : *identifiers) order.identifiers.push_back(read_identifier(fields, one));
  }
  if (order.identifiers.empty()) fields.fail("has no \"identifiers\"");
  order.authorization_urls = fields.texts("authorizations", kNamesMax);
  const auto& urls = order.authorization_urls;
  // §7.1.3: one for each identifier at most.
  if (urls.size() > order.identifiers.size()) fields.fail("has more authorizations than names");
  if (std::set<std::string_view>(urls.begin(), urls.end()).size() != urls.size()) {
    fields.fail("names an authorization twice");
  }
  if (!std::all_of(urls.begin(), urls.end(), is_https_url)) {
    fields.fail("has an authorization that is not an https URL");
  }
  if (urls.empty() && order.status == OrderStatus::pending) {
    fields.fail("is pending but has no \"authorizations\"");
  }
  order.finalize_url = fields.required_url("finalize");
  order.certificate_url = fields.url("certificate");
  // §7.1.3: the certificate's URL is there as soon as the order is valid.
  if (order.status == OrderStatus::valid && order.certificate_url.empty()) {
    fields.fail("is valid but has no \"certificate\"");
  }
  order.profile = fields.text("profile");
  order.replaces = fields.text("replaces");
  order.error = read_problem(fields);
  return finish(fields, std::move(order));
}

base::Result<Authorization> parse_authorization(std::string_view text, std::string url) {
  const auto value = parse_json_object(text, "authorization");
  if (!value) return base::failure(value.error());
  JsonFields fields(*value, "authorization");
  Authorization authorization;
  authorization.url = std::move(url);
  authorization.status = read_status(fields, kAuthorizationStatuses);
  authorization.expires = fields.time("expires");
  authorization.is_wildcard = fields.flag("wildcard");
  if (const json* identifier = fields.object("identifier")) {
    authorization.identifier = read_identifier(fields, *identifier);
  } else {
    fields.fail("has no \"identifier\"");
  }
  if (const json* challenges = fields.array("challenges", kChallengesMax)) {
    for (const json& one : *challenges) {
      keep(authorization.challenges, read_challenge(fields, one));
    }
  }
  return finish(fields, std::move(authorization));
}

base::Result<Challenge> parse_challenge(std::string_view text) {
  const auto value = parse_json_object(text, "challenge");
  if (!value) return base::failure(value.error());
  JsonFields fields(*value, "challenge");
  Challenge challenge = read_challenge(fields, *value);
  return finish(fields, std::move(challenge));
}

bool is_token(std::string_view text) {
  return is_base64url_text(text);
}

bool is_https_url(std::string_view url) {
  constexpr std::string_view kScheme = "https://";
  if (url.size() <= kScheme.size() || url.size() > kUrlBytesMax) return false;
  if (url.substr(0, kScheme.size()) != kScheme || url[kScheme.size()] == '/') return false;
  // A URL of anything but visible ASCII could not be sent byte-equal (RFC 3986 §2).
  return is_visible_ascii(url);
}

}  // namespace acme
