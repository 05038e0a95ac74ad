#include <algorithm>

#include <nlohmann/json.hpp>

#include "base/base64url.h"
#include "base/digest.h"
#include "base/time_text.h"
#include "base/x509.h"
#include "tests/fakes/acme_server/acme_server.h"
#include "tests/fakes/acme_server/answers.h"

// The resources (RFC 8555 §7) and how they move from state to state (§7.1.6).
namespace fakes {

using nlohmann::json;

namespace {

json identifier_json(const std::string& type, const std::string& value) {
  return {{"type", type}, {"value", value}};
}

std::string problem_text(const std::string& type, const std::string& detail) {
  return problem_answer(400, type, detail).body;
}

std::string certificate_id_of(const std::string& chain) {
  const auto certificates = base::read_chain(chain);
  if (!certificates) return "";
  const base::CertificateInfo& leaf = certificates->front();
  return base::base64url_encode(leaf.authority_key_id) + "." +
         base::base64url_encode(leaf.serial_bytes);
}

}  // namespace

base::HttpResponse AcmeServer::directory() const {
  json body = {{"newNonce", url("/new-nonce")},    {"newAccount", url("/new-acct")},
               {"newOrder", url(new_order_path_)}, {"revokeCert", url("/revoke")},
               {"keyChange", url("/key-change")},  {"meta", json::object()}};
  if (options_.has_renewal_info) body["renewalInfo"] = url("/renewal");
  if (!options_.terms_of_service.empty()) {
    body["meta"]["termsOfService"] = options_.terms_of_service;
  }
  if (!options_.external_keys.empty()) body["meta"]["externalAccountRequired"] = true;
  if (!options_.profiles.empty()) body["meta"]["profiles"] = options_.profiles;
  body["x-unknown"] = "clients must ignore what they do not know";
  return json_answer(200, body);
}

AcmeServer::Answer AcmeServer::serve_signed(Call& call) {
  if (auto checked = authenticate(call); !checked) return checked;
  if (call.endpoint == "newAccount") return new_account(call);
  if (call.endpoint == "newOrder") return new_order(call);
  if (call.endpoint == "challenge") return answer_challenge(call);
  if (call.endpoint == "finalize") return finalize(call);
  if (call.endpoint == "revokeCert") return revoke(call);
  if (call.endpoint == "keyChange") return change_key(call);
  if (call.endpoint == "account" && !call.jws.payload.empty()) {
    const json update = json::parse(call.jws.payload, nullptr, false);
    if (!update.is_object()) return violation("an account update that is no object");
    if (update.contains("contact")) accounts_[call.account].contact = update["contact"];
    return account_answer(call.account, 200);
  }
  // §6.3: POST-as-GET has an empty payload.
  if (!call.jws.payload.empty()) return violation("a POST-as-GET with a payload");
  return read_resource(call);
}

AcmeServer::Answer AcmeServer::read_resource(Call& call) {
  const auto unknown = [] {
    return tl::unexpected(problem_answer(404, "malformed", "no such resource"));
  };
  if (call.endpoint == "account") {
    if (call.number != call.account) return violation("another's account", "unauthorized");
    return account_answer(call.number, 200);
  }
  if (call.endpoint == "order") {
    const auto order = orders_.find(call.number);
    if (order == orders_.end() || order->second.account != call.account) return unknown();
    advance(order->second);
    return order_answer(call.number, 200);
  }
  if (call.endpoint == "authorization") {
    const auto authorization = authorizations_.find(call.number);
    if (authorization == authorizations_.end()) return unknown();
    advance(authorization->second);
    return authorization_answer(call.number);
  }
  const auto certificate = certificates_.find(call.number);
  if (call.endpoint != "certificate" || certificate == certificates_.end()) return unknown();
  const auto accept = call.request.headers.find("Accept");
  if (accept == call.request.headers.end() ||
      accept->second != "application/pem-certificate-chain") {
    return violation("a download that does not accept PEM chains");
  }
  const std::string alternate = call.request.url + "/alternate";
  return base::HttpResponse{200,
                            {{"content-type", "application/pem-certificate-chain"},
                             {"link", "<" + alternate + ">;rel=\"alternate\""},
                             {"link", "<" + directory_url() + ">;rel=\"index\""}},
                            certificate->second.chain};
}

// ---- Accounts (§7.3)

std::optional<base::HttpResponse> AcmeServer::check_external_account(const json& payload,
                                                                     const Call& call) {
  if (options_.external_keys.empty()) return std::nullopt;
  if (!payload.contains("externalAccountBinding")) {
    return problem_answer(403, "externalAccountRequired", "an external account is required");
  }
  const auto inner = parse_jws(payload["externalAccountBinding"].dump());
  if (!inner) return violation("external account binding: " + inner.error()).value();
  // §7.3.4: no nonce, the outer url, the account's public key as payload.
  if (inner->nonce) return violation("an external account binding with a nonce").value();
  if (inner->url != call.jws.url) {
    return violation("an external account binding for another url").value();
  }
  if (json::parse(inner->payload, nullptr, false) != json::parse(*call.jws.jwk)) {
    return violation("an external account binding of another key").value();
  }
  const auto key = options_.external_keys.find(inner->key_id.value_or(""));
  if (key == options_.external_keys.end() || !is_signed_by_hmac(*inner, key->second)) {
    return problem_answer(403, "unauthorized", "the external account is not known");
  }
  return std::nullopt;
}

AcmeServer::Answer AcmeServer::new_account(Call& call) {
  const json payload = json::parse(call.jws.payload, nullptr, false);
  if (!payload.is_object()) return violation("a newAccount that is no object");
  const auto existing = std::find_if(accounts_.begin(), accounts_.end(), [&](const auto& entry) {
    return entry.second.jwk == *call.jws.jwk;
  });
  if (existing != accounts_.end()) return account_answer(existing->first, 200);
  if (payload.value("onlyReturnExisting", false)) {
    return tl::unexpected(problem_answer(400, "accountDoesNotExist", "no account for this key"));
  }
  if (!options_.terms_of_service.empty() && !payload.value("termsOfServiceAgreed", false)) {
    return tl::unexpected(problem_answer(403, "userActionRequired", "the terms are not agreed to",
                                         options_.terms_of_service));
  }
  if (auto refused = check_external_account(payload, call)) return tl::unexpected(*refused);
  const int number = next_number_++;
  accounts_[number] = {*call.jws.jwk, payload.value("contact", std::vector<std::string>())};
  return account_answer(number, 201);
}

base::HttpResponse AcmeServer::account_answer(int number, int status) const {
  const Account& account = accounts_.at(number);
  auto response = json_answer(status, {{"status", "valid"},
                                       {"contact", account.contact},
                                       {"orders", url("/orders/" + std::to_string(number))}});
  response.headers.emplace("location", url("/acct/" + std::to_string(number)));
  return response;
}

AcmeServer::Answer AcmeServer::change_key(Call& call) {
  const auto inner = parse_jws(call.jws.payload);  // §7.3.5
  if (!inner) return violation("key change: " + inner.error());
  if (inner->nonce || !inner->jwk || inner->url != call.jws.url) {
    return violation("a key change with a nonce, without jwk or for another url");
  }
  if (!is_signed_by(*inner, *inner->jwk)) return violation("a key change with a wrong signature");
  const json payload = json::parse(inner->payload, nullptr, false);
  if (payload.value("account", "") != *call.jws.key_id ||
      payload.value("oldKey", json()) != json::parse(accounts_[call.account].jwk)) {
    return violation("a key change of another account");
  }
  accounts_[call.account].jwk = *inner->jwk;
  return account_answer(call.account, 200);
}

// ---- Orders (§7.4)

AcmeServer::Answer AcmeServer::new_order(Call& call) {
  const json payload = json::parse(call.jws.payload, nullptr, false);
  if (!payload.is_object() || !payload.contains("identifiers")) {
    return violation("a newOrder without identifiers");
  }
  Order order;
  order.account = call.account;
  order.polls_left = options_.polls_until_done;
  order.profile = payload.value("profile", "");
  if (!order.profile.empty() && options_.profiles.count(order.profile) == 0) {
    return tl::unexpected(problem_answer(400, "invalidProfile", "no such profile"));
  }
  order.replaces = payload.value("replaces", "");
  if (!order.replaces.empty()) {
    if (!options_.has_renewal_info) return violation("replaces, but there is no renewalInfo");
    const auto replaced =
        std::find_if(certificates_.begin(), certificates_.end(),
                     [&](const auto& entry) { return entry.second.id == order.replaces; });
    if (replaced == certificates_.end()) {
      return tl::unexpected(problem_answer(404, "malformed", "replaces names no certificate"));
    }
    if (replaced->second.is_replaced) {
      return tl::unexpected(problem_answer(409, "alreadyReplaced", "it was replaced before"));
    }
    replaced->second.is_replaced = true;
  }
  for (const json& one : payload["identifiers"]) {
    order.identifiers.emplace_back(one.value("type", ""), one.value("value", ""));
  }
  // §7.1.3: no order of authorizations is promised; the other way round catches who relies on one.
  for (auto one = order.identifiers.rbegin(); one != order.identifiers.rend(); ++one) {
    const auto reusable =
        std::find_if(authorizations_.begin(), authorizations_.end(), [&](const auto& entry) {
          return options_.reuses_authorizations && entry.second.host == one->second &&
                 entry.second.account == call.account && entry.second.status == "valid";
        });
    if (reusable != authorizations_.end()) {
      order.authorizations.push_back(reusable->first);
      continue;
    }
    Authorization authorization;
    authorization.account = call.account;
    authorization.type = one->first;
    authorization.host = one->second;
    authorization.token = base::base64url_encode(base::random_bytes(24));
    authorizations_[next_number_] = authorization;
    order.authorizations.push_back(next_number_++);
  }
  const int number = next_number_++;
  orders_[number] = order;
  advance(orders_[number]);
  auto response = order_answer(number, 201);
  response.headers.emplace("location", url("/order/" + std::to_string(number)));
  return response;
}

base::HttpResponse AcmeServer::order_answer(int number, int status) const {
  const Order& order = orders_.at(number);
  json body = {{"status", order.status},
               {"expires", base::to_rfc3339(now() + std::chrono::hours(24))},
               {"finalize", url("/finalize/" + std::to_string(number))}};
  for (const auto& [type, value] : order.identifiers) {
    body["identifiers"].push_back(identifier_json(type, value));
  }
  for (const int one : order.authorizations) {
    body["authorizations"].push_back(url("/authz/" + std::to_string(one)));
  }
  if (order.status == "valid") {
    body["certificate"] = url("/cert/" + std::to_string(order.certificate));
  }
  if (!order.problem.empty()) body["error"] = json::parse(order.problem);
  if (!order.profile.empty()) body["profile"] = order.profile;
  if (!order.replaces.empty()) body["replaces"] = order.replaces;
  return json_answer(status, body);
}

void AcmeServer::advance(Order& order) {
  if (order.status == "pending") {
    bool are_all_valid = true;
    for (const int number : order.authorizations) {
      const Authorization& authorization = authorizations_.at(number);
      are_all_valid = are_all_valid && authorization.status == "valid";
      if (authorization.status != "pending" && authorization.status != "valid") {
        order.status = "invalid";
        order.problem = authorization.problem;
      }
    }
    if (are_all_valid) order.status = "ready";
  } else if (order.status == "processing" && --order.polls_left <= 0) {
    issue(order);
  }
}

void AcmeServer::issue(Order& order) {
  if (failing_issuance_) {
    order.status = "invalid";
    order.problem = problem_text(failing_issuance_->first, failing_issuance_->second);
    failing_issuance_.reset();
    return;
  }
  Certificate certificate;
  certificate.chain =
      mint_.issue(order.csr, now() - options_.backdated, now() + options_.certificate_lifetime,
                  options_.names_issued, weak_signatures_ > 0);
  weak_signatures_ = std::max(0, weak_signatures_ - 1);
  certificate.id = certificate_id_of(certificate.chain);
  order.certificate = next_number_++;
  order.status = "valid";
  certificates_[order.certificate] = certificate;
}

AcmeServer::Answer AcmeServer::finalize(Call& call) {
  const auto found = orders_.find(call.number);
  if (found == orders_.end() || found->second.account != call.account) {
    return tl::unexpected(problem_answer(404, "malformed", "no such order"));
  }
  Order& order = found->second;
  if (order.status != "ready") {
    return tl::unexpected(
        problem_answer(403, "orderNotReady", "the order is " + order.status + ", not ready"));
  }
  const json payload = json::parse(call.jws.payload, nullptr, false);
  const auto der =
      payload.is_object() ? base::base64url_decode(payload.value("csr", "!")) : std::nullopt;
  if (!der) return violation("a finalize without a CSR");
  const auto csr = read_csr(*der);
  if (!csr) return tl::unexpected(problem_answer(400, "badCSR", csr.error()));
  CsrRequest wanted;
  for (const auto& [type, value] : order.identifiers) {
    (type == "ip" ? wanted.ip_addresses : wanted.dns_names).insert(value);
  }
  if (csr->dns_names != wanted.dns_names || csr->ip_addresses != wanted.ip_addresses) {
    return violation("a CSR for other names than the order's", "badCSR");
  }
  if (csr->public_key_der == public_key_der(accounts_[call.account].jwk)) {  // §11.1
    return violation("a CSR of the account's key", "badCSR");
  }
  order.csr = *der;
  order.status = "processing";
  if (options_.polls_until_done <= 0) issue(order);
  return order_answer(call.number, 200);  // no Location, as newer servers do
}

AcmeServer::Answer AcmeServer::revoke(Call& call) {
  const json payload = json::parse(call.jws.payload, nullptr, false);
  const auto der = payload.is_object() ? base::base64url_decode(payload.value("certificate", "!"))
                                       : std::nullopt;
  if (!der) return violation("a revocation without a certificate");
  for (auto& [number, certificate] : certificates_) {
    const auto chain = base::read_chain(certificate.chain);
    if (chain->front().fingerprint_sha256 != base::hex_pairs(base::sha256(*der))) continue;
    if (certificate.is_revoked) {
      return tl::unexpected(problem_answer(400, "alreadyRevoked", "it was revoked before"));
    }
    certificate.is_revoked = true;
    return base::HttpResponse{200, {}, ""};
  }
  return tl::unexpected(problem_answer(404, "malformed", "no such certificate"));
}

// ---- Authorizations and challenges (§7.5)

base::HttpResponse AcmeServer::authorization_answer(int number) const {
  const Authorization& authorization = authorizations_.at(number);
  json challenges = json::array();
  if (authorization.status == "pending") {
    challenges.push_back({{"type", "future-01"}, {"url", 17}, {"status", "curious"}});
  }
  challenges.push_back(json::parse(challenge_answer(number).body));
  return json_answer(200, {{"status", authorization.status},
                           {"identifier", identifier_json(authorization.type, authorization.host)},
                           {"expires", base::to_rfc3339(now() + std::chrono::hours(24))},
                           {"challenges", challenges}});
}

base::HttpResponse AcmeServer::challenge_answer(int number) const {
  const Authorization& authorization = authorizations_.at(number);
  json body = {{"type", "http-01"},
               {"url", url("/chall/" + std::to_string(number))},
               {"status", authorization.challenge_status},
               {"token", authorization.token}};
  if (!authorization.problem.empty()) body["error"] = json::parse(authorization.problem);
  return json_answer(200, body);
}

AcmeServer::Answer AcmeServer::answer_challenge(Call& call) {
  const auto found = authorizations_.find(call.number);
  if (found == authorizations_.end() || found->second.account != call.account) {
    return tl::unexpected(problem_answer(404, "malformed", "no such challenge"));
  }
  Authorization& authorization = found->second;
  // §7.5.1: the response to an http-01 challenge is the empty object.
  if (call.jws.payload != "{}") return violation("a challenge response that is not {}");
  if (authorization.status != "pending") {
    return tl::unexpected(problem_answer(
        400, "malformed", "the authorization is " + authorization.status + ", not pending"));
  }
  if (authorization.challenge_status == "pending") {
    authorization.challenge_status = "processing";
    authorization.polls_left = options_.polls_until_done;
    if (authorization.polls_left <= 0) validate(authorization);
  }
  auto response = challenge_answer(call.number);
  response.headers.emplace("link",
                           "<" + url("/authz/" + std::to_string(call.number)) + ">;rel=\"up\"");
  return response;
}

void AcmeServer::advance(Authorization& authorization) {
  if (authorization.challenge_status == "processing" && --authorization.polls_left <= 0) {
    validate(authorization);
  }
}

void AcmeServer::validate(Authorization& authorization) {
  const std::string key_authorization =
      authorization.token + "." + thumbprint_of(accounts_.at(authorization.account).jwk);
  const auto failing = failing_hosts_.find(authorization.host);
  if (failing != failing_hosts_.end()) {
    authorization.problem = problem_text(failing->second.first, failing->second.second);
  } else if (options_.validate &&
             !options_.validate(authorization.host, authorization.token, key_authorization)) {
    authorization.problem =
        problem_text("unauthorized", "the answer of " + authorization.host + " is not the token's");
  }
  const std::string outcome = authorization.problem.empty() ? "valid" : "invalid";
  authorization.status = outcome;
  authorization.challenge_status = outcome;
}

// ---- Renewal information (RFC 9773 §4)

base::HttpResponse AcmeServer::renewal_info(const std::string& id) {
  const bool is_known = std::any_of(certificates_.begin(), certificates_.end(),
                                    [&](const auto& entry) { return entry.second.id == id; });
  if (!options_.has_renewal_info || !is_known) {
    return problem_answer(404, "malformed", "no such certificate");
  }
  const base::WallTime due = now() + options_.certificate_lifetime * 2 / 3;
  const auto [start, end] = window_.value_or(std::pair(due, due + std::chrono::hours(48)));
  json body = {
      {"suggestedWindow", {{"start", base::to_rfc3339(start)}, {"end", base::to_rfc3339(end)}}}};
  if (!explanation_url_.empty()) body["explanationURL"] = explanation_url_;
  auto response = json_answer(200, body);
  if (retry_after_.count("renewalInfo") == 0) response.headers.emplace("retry-after", "21600");
  return response;
}

}  // namespace fakes
