#include "tests/fakes/acme_server/acme_server.h"

#include <algorithm>

#include <nlohmann/json.hpp>

#include "base/base64url.h"
#include "base/digest.h"
#include "tests/fakes/acme_server/answers.h"

// Faults, routing and the checks that every signed request must pass (RFC 8555 §6).
namespace fakes {

using nlohmann::json;

AcmeServer::AcmeServer(const base::Clock& clock, Options options)
    : clock_(clock), options_(std::move(options)) {}

base::Result<base::HttpResponse> AcmeServer::send(const base::HttpRequest& request,
                                                  std::stop_token stop) {
  const std::lock_guard lock(mutex_);
  if (stop.stop_requested()) {
    return base::failure(base::ErrorKind::cancelled, "the request was stopped");
  }
  Call call{request, "", 0, 0, {}};
  if (!find_endpoint(call)) {
    const bool is_moved = request.url == url("/new-order");
    if (!is_moved) violations_.push_back("a request to an unknown URL: " + request.url);
    return problem_answer(404, "malformed", "no such resource");
  }
  if (options_.on_request) options_.on_request();
  requests_.push_back(request.method + " " + call.endpoint);
  // §6.1
  const auto agent = request.headers.find("User-Agent");
  if (agent == request.headers.end() || agent->second.empty()) {
    return violation("a request without User-Agent").value();
  }
  const std::optional<Fault> fault = take_fault(call.endpoint);
  if (fault && fault->before) {
    if (auto instead = fault->before()) {
      if (*instead && request.method == "POST") {
        (*instead)->headers.emplace("replay-nonce", fresh_nonce());
      }
      return *instead;
    }
  }
  base::HttpResponse response = serve(call);
  if (response.status < 300) {
    const auto value = retry_after_.find(call.endpoint);
    if (value != retry_after_.end()) response.headers.emplace("retry-after", value->second);
  }
  if (fault && fault->after) return fault->after(std::move(response));
  return response;
}

base::Result<base::HttpResponse> AcmeServer::stream(const base::HttpRequest&, const OnHead&,
                                                    const OnChunk&, std::stop_token) {
  return base::failure(base::ErrorKind::invalid, "an ACME server has no streams");
}

bool AcmeServer::find_endpoint(Call& call) const {
  const std::string& full = call.request.url;
  if (full.compare(0, options_.base_url.size(), options_.base_url) != 0) return false;
  const std::string path = full.substr(options_.base_url.size());
  if (path == new_order_path_) {
    call.endpoint = "newOrder";
    return true;
  }
  static const std::map<std::string, std::string> kFixed = {{"/directory", "directory"},
                                                            {"/new-nonce", "newNonce"},
                                                            {"/new-acct", "newAccount"},
                                                            {"/revoke", "revokeCert"},
                                                            {"/key-change", "keyChange"}};
  if (const auto found = kFixed.find(path); found != kFixed.end()) {
    call.endpoint = found->second;
    return true;
  }
  static const std::map<std::string, std::string> kNumbered = {
      {"/acct/", "account"},       {"/order/", "order"},       {"/authz/", "authorization"},
      {"/chall/", "challenge"},    {"/finalize/", "finalize"}, {"/cert/", "certificate"},
      {"/renewal/", "renewalInfo"}};
  for (const auto& [prefix, endpoint] : kNumbered) {
    if (path.compare(0, prefix.size(), prefix) != 0) continue;
    call.endpoint = endpoint;
    call.number = std::atoi(path.c_str() + prefix.size());
    return true;
  }
  return false;
}

base::HttpResponse AcmeServer::serve(Call& call) {
  const std::string& method = call.request.method;
  if (call.endpoint == "directory" && method == "GET") return directory();
  if (call.endpoint == "newNonce" && (method == "HEAD" || method == "GET")) {
    base::HttpResponse response;
    response.status = method == "HEAD" ? 200 : 204;  // §7.2
    response.headers = {{"replay-nonce", fresh_nonce()}, {"cache-control", "no-store"}};
    return response;
  }
  if (call.endpoint == "renewalInfo" && method == "GET") {
    return renewal_info(call.request.url.substr(url("/renewal/").size()));
  }
  if (method != "POST") return violation("a " + method + " of " + call.endpoint).value();
  Answer answer = serve_signed(call);
  base::HttpResponse response = answer ? std::move(*answer) : std::move(answer.error());
  response.headers.emplace("replay-nonce", fresh_nonce());  // §6.5: on every answer to a POST
  return response;
}

AcmeServer::Answer AcmeServer::authenticate(Call& call) {
  const auto type = call.request.headers.find("Content-Type");
  if (type == call.request.headers.end() || type->second != "application/jose+json") {
    return violation("a POST that is not application/jose+json");  // §6.2
  }
  auto jws = parse_jws(call.request.body);
  if (!jws) return violation(jws.error());
  call.jws = std::move(*jws);
  if (call.jws.url != call.request.url) {  // §6.4
    return violation("the JWS is for another url: " + call.jws.url, "unauthorized");
  }
  if (!call.jws.nonce) return violation("the JWS has no nonce");
  if (nonces_to_refuse_ > 0 || nonces_.erase(*call.jws.nonce) == 0) {  // §6.5: each only once
    const bool is_ordered = nonces_to_refuse_ > 0;
    if (is_ordered) --nonces_to_refuse_;
    nonces_.erase(*call.jws.nonce);
    if (!is_ordered) violations_.push_back("a nonce that was never given, or was used before");
    return tl::unexpected(problem_answer(400, "badNonce", "the nonce is not valid"));
  }
  const bool must_have_jwk = call.endpoint == "newAccount";
  if (must_have_jwk != call.jws.jwk.has_value()) {  // §6.2
    return violation(call.endpoint + " needs " + (must_have_jwk ? "jwk" : "kid"));
  }
  if (must_have_jwk) {
    if (!is_signed_by(call.jws, *call.jws.jwk)) return violation("a wrong signature");
    return base::HttpResponse{};
  }
  const auto account = std::find_if(accounts_.begin(), accounts_.end(), [&](const auto& entry) {
    return url("/acct/" + std::to_string(entry.first)) == *call.jws.key_id;
  });
  if (account == accounts_.end()) {
    return tl::unexpected(problem_answer(400, "accountDoesNotExist", "no such account"));
  }
  if (!is_signed_by(call.jws, account->second.jwk)) return violation("a wrong signature");
  call.account = account->first;
  return base::HttpResponse{};
}

tl::unexpected<base::HttpResponse> AcmeServer::violation(const std::string& rule,
                                                         const std::string& type) {
  violations_.push_back(rule);
  return tl::unexpected(problem_answer(400, type, rule));
}

std::string AcmeServer::fresh_nonce() {
  std::string nonce = base::base64url_encode(base::random_bytes(16));
  nonces_.insert(nonce);
  return nonce;
}

// ---- Faults

std::optional<AcmeServer::Fault> AcmeServer::take_fault(const std::string& endpoint) {
  const auto found = std::find_if(faults_.begin(), faults_.end(), [&](const Fault& fault) {
    return fault.endpoint == endpoint || fault.endpoint == "*";
  });
  if (found == faults_.end()) return std::nullopt;
  Fault fault = std::move(*found);
  faults_.erase(found);
  return fault;
}

void AcmeServer::add_fault(Fault fault, int times) {
  const std::lock_guard lock(mutex_);
  for (int i = 0; i < times; ++i) faults_.push_back(fault);
}

void AcmeServer::refuse(const std::string& endpoint, Refusal refusal, int times) {
  const auto answer = [refusal]() -> std::optional<base::Result<base::HttpResponse>> {
    base::HttpResponse response = refusal.type.empty()
                                      ? html_answer(refusal.status, refusal.detail)
                                      : problem_answer(refusal.status, refusal.type, refusal.detail,
                                                       refusal.instance, refusal.subproblems);
    if (!refusal.retry_after.empty()) response.headers.emplace("retry-after", refusal.retry_after);
    return response;
  };
  add_fault({endpoint, answer, nullptr}, times);
}

void AcmeServer::rewrite(const std::string& endpoint, std::function<void(json&)> change,
                         int times) {
  answer_with(
      endpoint,
      [change = std::move(change)](base::HttpResponse response) {
        json body = json::parse(response.body, nullptr, false);
        change(body);
        response.body = body.dump();
        return response;
      },
      times);
}

void AcmeServer::answer_with(const std::string& endpoint,
                             std::function<base::HttpResponse(base::HttpResponse)> change,
                             int times) {
  add_fault({endpoint, nullptr, std::move(change)}, times);
}

void AcmeServer::forget_faults() {
  const std::lock_guard lock(mutex_);
  faults_.clear();
}

void AcmeServer::refuse_nonces(int times) {
  const std::lock_guard lock(mutex_);
  nonces_to_refuse_ = times;
}

void AcmeServer::lose_requests(const std::string& endpoint, int times) {
  const auto lost = []() -> std::optional<base::Result<base::HttpResponse>> {
    return base::Result<base::HttpResponse>(
        base::failure(base::ErrorKind::unavailable, "could not connect to the server"));
  };
  add_fault({endpoint, lost, nullptr}, times);
}

void AcmeServer::lose_answers(const std::string& endpoint, int times) {
  const auto lost = [](base::HttpResponse) -> base::Result<base::HttpResponse> {
    return base::failure(base::ErrorKind::unavailable, "the connection was closed by the server");
  };
  add_fault({endpoint, nullptr, lost}, times);
}

void AcmeServer::hang(const std::string& endpoint, std::function<void()> pass_time, int times) {
  const auto silence =
      [pass_time = std::move(pass_time)]() -> std::optional<base::Result<base::HttpResponse>> {
    pass_time();
    return base::Result<base::HttpResponse>(
        base::failure(base::ErrorKind::unavailable, "the server did not answer in time"));
  };
  add_fault({endpoint, silence, nullptr}, times);
}

void AcmeServer::spoil(const std::string& endpoint, Spoil how, int times) {
  const auto spoiled = [how](base::HttpResponse response) -> base::Result<base::HttpResponse> {
    switch (how) {
      case Spoil::malformed_json:
        response.body = "{\"status\": \"valid\",";
        break;
      case Spoil::wrong_content_type:
        response.headers.erase("content-type");
        response.headers.emplace("content-type", "text/html");
        break;
      case Spoil::truncated_body:
        // Not at half: that may be the end of the first of two certificates.
        response.body.resize(response.body.size() -
                             std::min<std::size_t>(response.body.size(), 40));
        break;
      case Spoil::no_replay_nonce:
        response.headers.erase("replay-nonce");
        break;
      case Spoil::no_location:
        response.headers.erase("location");
        break;
      case Spoil::oversized_body:
        response.body.resize(2u << 20, ' ');
        break;
      case Spoil::private_key_in_chain:
        response.body += "-----BEGIN PRIVATE KEY-----\nMAA=\n-----END PRIVATE KEY-----\n";
        break;
    }
    return response;
  };
  add_fault({endpoint, nullptr, spoiled}, times);
}

void AcmeServer::set_retry_after(const std::string& endpoint, std::string value) {
  const std::lock_guard lock(mutex_);
  if (value.empty()) {
    retry_after_.erase(endpoint);
  } else {
    retry_after_[endpoint] = std::move(value);
  }
}

void AcmeServer::fail_validation(const std::string& host, std::string type, std::string detail) {
  const std::lock_guard lock(mutex_);
  if (type.empty()) {
    failing_hosts_.erase(host);
  } else {
    failing_hosts_[host] = {std::move(type), std::move(detail)};
  }
}

void AcmeServer::fail_issuance(std::string type, std::string detail) {
  const std::lock_guard lock(mutex_);
  failing_issuance_ = {std::move(type), std::move(detail)};
}

void AcmeServer::sign_weakly(int times) {
  const std::lock_guard lock(mutex_);
  weak_signatures_ = times;
}

void AcmeServer::set_renewal_window(base::WallTime start, base::WallTime end,
                                    std::string explanation_url) {
  const std::lock_guard lock(mutex_);
  window_ = {start, end};
  explanation_url_ = std::move(explanation_url);
}

void AcmeServer::forget_accounts() {
  const std::lock_guard lock(mutex_);
  accounts_.clear();
}

void AcmeServer::move_new_order() {
  const std::lock_guard lock(mutex_);
  new_order_path_ = "/orders/new";
}

void AcmeServer::expire_pending_authorizations() {
  const std::lock_guard lock(mutex_);
  for (auto& [number, authorization] : authorizations_) {
    if (authorization.status == "pending") authorization.status = "expired";
  }
}

// ---- What it saw

std::vector<std::string> AcmeServer::requests() const {
  const std::lock_guard lock(mutex_);
  return requests_;
}

int AcmeServer::count(const std::string& endpoint) const {
  const std::lock_guard lock(mutex_);
  return static_cast<int>(
      std::count_if(requests_.begin(), requests_.end(), [&](const std::string& request) {
        return request.substr(request.find(' ') + 1) == endpoint;
      }));
}

std::vector<std::string> AcmeServer::violations() const {
  const std::lock_guard lock(mutex_);
  return violations_;
}

std::vector<std::string> AcmeServer::issued() const {
  const std::lock_guard lock(mutex_);
  std::vector<std::string> chains;
  for (const auto& [number, certificate] : certificates_) chains.push_back(certificate.chain);
  return chains;
}

std::vector<std::string> AcmeServer::contacts_of_newest_account() const {
  const std::lock_guard lock(mutex_);
  if (accounts_.empty()) return {};
  return accounts_.rbegin()->second.contact;
}

}  // namespace fakes
