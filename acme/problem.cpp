#include "acme/problem.h"

#include <algorithm>
#include <array>

#include <nlohmann/json.hpp>

#include "acme/problem_json.h"
#include "acme/text.h"

namespace acme {
namespace {

using nlohmann::json;

constexpr std::string_view kUrn = "urn:ietf:params:acme:error:";  // RFC 8555 §6.7
constexpr std::size_t kBodyBytesMax = 64u << 10;
constexpr std::size_t kFieldBytesMax = 2048;
constexpr std::size_t kTextBytesMax = 1024;
constexpr std::size_t kSubproblemsMax = 100;  // Let's Encrypt's most names in one order
constexpr std::size_t kSubproblemsBytesMax = 16u << 10;

struct Row {
  std::string_view type;
  ErrorClass error_class;
};

// The first row of a class names it.
constexpr std::array kTypes = {
    Row{"badNonce", ErrorClass::bad_nonce},
    Row{"rateLimited", ErrorClass::rate_limited},
    Row{"caa", ErrorClass::caa},
    Row{"dns", ErrorClass::dns},
    Row{"connection", ErrorClass::connection},
    Row{"unauthorized", ErrorClass::unauthorized},
    Row{"incorrectResponse", ErrorClass::unauthorized},
    Row{"tls", ErrorClass::tls},
    Row{"rejectedIdentifier", ErrorClass::rejected_identifier},
    Row{"unsupportedIdentifier", ErrorClass::rejected_identifier},
    Row{"userActionRequired", ErrorClass::user_action_required},
    Row{"accountDoesNotExist", ErrorClass::account_does_not_exist},
    Row{"externalAccountRequired", ErrorClass::external_account_required},
    Row{"alreadyReplaced", ErrorClass::already_replaced},  // RFC 9773 §7.4
    Row{"badCSR", ErrorClass::bad_csr},
    Row{"orderNotReady", ErrorClass::order_not_ready},
    Row{"invalidProfile", ErrorClass::invalid_profile},  // draft-ietf-acme-profiles
    Row{"malformed", ErrorClass::malformed},
    Row{"badPublicKey", ErrorClass::malformed},
    Row{"badSignatureAlgorithm", ErrorClass::malformed},
    Row{"alreadyRevoked", ErrorClass::malformed},
    Row{"badRevocationReason", ErrorClass::malformed},
    Row{"serverInternal", ErrorClass::server_internal},
    Row{"invalidContact", ErrorClass::invalid_contact},
    Row{"unsupportedContact", ErrorClass::invalid_contact},
};

std::string_view short_form(std::string_view type) {
  return type.substr(0, kUrn.size()) == kUrn ? type.substr(kUrn.size()) : type;
}

// Only the registered namespace counts: "https://example/rateLimited" is somebody else's type.
ErrorClass class_of_type(std::string_view type) {
  if (type.substr(0, kUrn.size()) != kUrn) return ErrorClass::other;
  const auto found = std::find_if(kTypes.begin(), kTypes.end(),
                                  [&](const Row& row) { return row.type == short_form(type); });
  return found == kTypes.end() ? ErrorClass::other : found->error_class;
}

std::string string_field(const json& object, const char* name) {
  const auto found = object.find(name);
  if (found == object.end() || !found->is_string()) return "";
  return one_line(found->get_ref<const std::string&>(), kFieldBytesMax);
}

Problem::Subproblem subproblem_from_json(const json& value) {
  Problem::Subproblem sub;
  if (!value.is_object()) return sub;
  sub.type = string_field(value, "type");
  sub.detail = string_field(value, "detail");
  const auto identifier = value.find("identifier");
  if (identifier != value.end() && identifier->is_object()) {
    sub.identifier =
        Identifier{string_field(*identifier, "type"), string_field(*identifier, "value")};
  }
  return sub;
}

// RFC 8555 §6.7: every error of an ACME server has a type of this namespace.
bool is_of_acme(const json& value) {
  const auto type = value.find("type");
  return type != value.end() && type->is_string() &&
         type->get_ref<const std::string&>().starts_with(kUrn);
}

bool is_problem_json(std::string_view content_type) {
  return media_type_of(content_type) == "application/problem+json";
}

std::size_t bytes_of(const Problem::Subproblem& sub) {
  const std::size_t of_name =
      sub.identifier ? sub.identifier->type.size() + sub.identifier->value.size() : 0;
  return sub.type.size() + sub.detail.size() + of_name;
}

std::string text_of(const Problem::Subproblem& sub) {
  std::string text;
  if (sub.identifier) text += sub.identifier->value + ": ";
  text += short_form(sub.type);
  if (!sub.detail.empty()) text += (sub.type.empty() ? "" : ": ") + sub.detail;
  return text;
}

// As servers say it: "Invalid response from https://...", "Redirect loop detected", "Too many
// redirects", "Invalid host in redirect target".
bool is_about_redirect(std::string_view words) {
  const std::size_t https = words.find("https://");
  return words.find("edirect") != std::string_view::npos ||
         (https != std::string_view::npos &&
          words.find("/.well-known/acme-challenge/", https) != std::string_view::npos);
}

// Before any validation, in the client's words for what it was doing.
bool is_about_order(std::string_view words) {
  return words.starts_with("placing the order") || words.starts_with("finalizing the order");
}

}  // namespace

std::string Problem::short_type() const {
  return std::string(short_form(type));
}

std::string Problem::text() const {
  std::string out = short_type();
  if (out == "about:blank") out.clear();  // RFC 7807 §4.2: no more than the HTTP status
  if (!detail.empty()) out += (out.empty() ? "" : ": ") + detail;
  if (out.empty()) out = status == 0 ? "no reason given" : "HTTP " + std::to_string(status);
  std::string subs;
  for (const Subproblem& sub : subproblems) {
    if (subs.size() > kTextBytesMax) break;
    subs += (subs.empty() ? "" : "; ") + text_of(sub);
  }
  if (!subs.empty()) out += " (" + subs + ")";
  if (!instance.empty()) out += ", see " + instance;
  return one_line(out, kTextBytesMax);
}

ErrorClass classify(const Problem& problem) {
  const ErrorClass own = class_of_type(problem.type);
  // §6.7.1: "malformed" and "compound" are what servers put over subproblems of several kinds.
  const bool is_umbrella = own == ErrorClass::malformed || own == ErrorClass::other;
  if (!is_umbrella) return own;
  for (const auto& sub : problem.subproblems) {
    const ErrorClass of_sub = class_of_type(sub.type);
    if (of_sub != ErrorClass::other) return of_sub;
  }
  return own;
}

std::string_view name_of(ErrorClass error_class) {
  const auto found = std::find_if(kTypes.begin(), kTypes.end(),
                                  [&](const Row& row) { return row.error_class == error_class; });
  if (found != kTypes.end()) return found->type;
  if (error_class == ErrorClass::network) return "network";
  if (error_class == ErrorClass::protocol) return "protocol";
  return "other";
}

std::string_view remedy_for(ErrorClass error_class, std::string_view words) {
  // The validation begins at http on port 80 (RFC 8555 §8.3), and whatever comes of it at https
  // comes of a redirect: "Fetching https://a.test/.well-known/acme-challenge/...: Timeout".
  const bool is_of_validation = error_class == ErrorClass::connection ||
                                error_class == ErrorClass::unauthorized ||
                                error_class == ErrorClass::tls;
  if (is_of_validation && is_about_redirect(words)) {
    return "Something in front of the proxy redirects the validation: let "
           "/.well-known/acme-challenge/ pass on port 80, or let the redirect keep the host and "
           "port 443 lead to the proxy, which answers there, too.";
  }
  if (error_class == ErrorClass::unauthorized && is_about_order(words)) {
    return "Ask the certificate authority whether this account may have certificates for these "
           "names.";
  }
  if (error_class == ErrorClass::rate_limited &&
      words.find("answered HTTP 503") != std::string_view::npos) {
    return "Nothing to do but wait: the server, or what stands in front of it, has too much to do.";
  }
  switch (error_class) {
    case ErrorClass::rate_limited:
      return "Nothing to do but wait; if it returns, ask for fewer certificates or more names in "
             "one certificate.";
    case ErrorClass::caa:
      return "Add a CAA record for this name that allows the certificate authority, or remove the "
             "records that forbid it.";
    case ErrorClass::dns:
      return "Check that the name exists in public DNS and that its name servers answer.";
    case ErrorClass::connection:
      return "Check that the name's A and AAAA records lead to the proxy and that port 80 is "
             "reachable from the Internet.";
    case ErrorClass::unauthorized:
      return "Check that the name's A and AAAA records lead to this proxy and not to another "
             "server, on every address.";
    case ErrorClass::tls:
      return "Check what answers on port 443 of this name: a redirect led the validation there, "
             "and "
             "the proxy would have answered.";
    case ErrorClass::rejected_identifier:
      return "The certificate authority does not issue for this name: correct or remove it, or use "
             "another issuer.";
    case ErrorClass::user_action_required:
      return "Open the page that the message names and do what it asks, such as agreeing to new "
             "terms of service.";
    case ErrorClass::account_does_not_exist:
      return "Delete the account's key Secret if the account is gone for good; a new account is "
             "then made.";
    case ErrorClass::external_account_required:
      return "Set the issuer's external account binding with the key ID and key that the "
             "certificate authority gave you.";
    case ErrorClass::bad_csr:
      return "Choose another private key algorithm or size, or other names.";
    case ErrorClass::invalid_profile:
      return "Choose one of the profiles that the issuer's status lists, or none.";
    case ErrorClass::invalid_contact:
      return "Correct the issuer's email address.";
    case ErrorClass::network:
      return "Check that the ACME server's address is right and reachable from the cluster.";
    case ErrorClass::protocol:
      return "Check that the issuer's server is the directory URL of an ACME server (RFC 8555).";
    case ErrorClass::malformed:
      return "Check the names of this certificate and the settings of its issuer.";
    case ErrorClass::bad_nonce:
    case ErrorClass::already_replaced:
    case ErrorClass::order_not_ready:
    case ErrorClass::server_internal:
    case ErrorClass::other:
      return "";
  }
  return "";
}

Problem problem_from_json(const json& value, int status) {
  Problem problem;
  problem.status = status;
  if (!value.is_object()) return problem;
  problem.type = string_field(value, "type");
  problem.detail = string_field(value, "detail");
  problem.instance = string_field(value, "instance");
  const auto own_status = value.find("status");
  // RFC 7807 §3.1: the member is advisory; the real status of the answer wins.
  if (status == 0 && own_status != value.end() && own_status->is_number_integer()) {
    const auto number = own_status->get<std::int64_t>();
    if (number >= 100 && number <= 599) problem.status = static_cast<int>(number);
  }
  const auto subs = value.find("subproblems");
  if (subs != value.end() && subs->is_array()) {
    std::size_t bytes = 0;
    for (const json& sub : *subs) {
      if (problem.subproblems.size() == kSubproblemsMax || bytes >= kSubproblemsBytesMax) break;
      problem.subproblems.push_back(subproblem_from_json(sub));
      bytes += bytes_of(problem.subproblems.back());
    }
  }
  return problem;
}

Problem parse_problem(int status, std::string_view content_type, std::string_view body) {
  if (is_problem_json(content_type) && body.size() <= kBodyBytesMax) {
    const json value = json::parse(body, nullptr, /*allow_exceptions=*/false);
    if (value.is_object() && is_of_acme(value)) return problem_from_json(value, status);
  }
  Problem problem;
  problem.status = status;
  problem.detail = "HTTP " + std::to_string(status);
  if (!body.empty()) problem.detail += " with a body that is no ACME problem document";
  return problem;
}

}  // namespace acme
