#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace acme {

// One identifier of an order (RFC 8555 §9.7.7, RFC 8738): type "dns" or "ip".
struct Identifier {
  std::string type = "dns";
  std::string value;
  auto operator<=>(const Identifier&) const = default;
};

// An error document of an ACME server (RFC 7807, RFC 8555 §6.7), shown to people in its own words.
struct Problem {
  std::string type;  // the full URN; short_type() is without "urn:ietf:params:acme:error:"
  std::string detail;
  std::string instance;  // a URL for the human, with userActionRequired
  int status = 0;
  struct Subproblem {
    std::string type;
    std::string detail;
    std::optional<Identifier> identifier;
    bool operator==(const Subproblem&) const = default;
  };
  std::vector<Subproblem> subproblems;

  std::string short_type() const;
  bool is(std::string_view short_type_) const { return short_type() == short_type_; }
  // "rateLimited: too many certificates already issued (shop.example: caa: ...)", on one line,
  // control characters removed, bounded.
  std::string text() const;
  bool operator==(const Problem&) const = default;
};

// What went wrong, as far as it decides when to try again and what a person can do.
enum class ErrorClass {
  bad_nonce,
  rate_limited,
  caa,
  dns,
  connection,
  unauthorized,
  tls,
  rejected_identifier,
  user_action_required,
  account_does_not_exist,
  external_account_required,
  already_replaced,
  bad_csr,
  order_not_ready,
  invalid_profile,
  malformed,
  server_internal,
  invalid_contact,
  network,   // no answer at all
  protocol,  // the answer breaks RFC 8555
  other,
};

// Looks at subproblems too: an order of many names fails for its first failed name's reason.
ErrorClass classify(const Problem& problem);
std::string_view name_of(ErrorClass error_class);  // the RFC's short type, "rateLimited"
// One sentence: what a person can do about it. Empty when there is nothing to do but wait. `words`:
// what was being done and those of the server, which may tell more than the class.
std::string_view remedy_for(ErrorClass error_class, std::string_view words = {});

// A problem document of ACME: application/problem+json with a type of RFC 8555's namespace, or with
// none but the HTTP status. Of anything else only the HTTP status is kept, never a word: an
// issuer's URL may lead to a server that only we can reach, and what that says would be readable in
// status. Never fails.
Problem parse_problem(int status, std::string_view content_type, std::string_view body);

}  // namespace acme
