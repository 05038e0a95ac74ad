#include "acme/client.h"

#include <algorithm>
#include <iterator>

#include <nlohmann/json.hpp>

#include "acme/link_header.h"
#include "acme/order_check.h"
#include "acme/origin.h"
#include "acme/text.h"
#include "base/base64url.h"
#include "base/pem.h"
#include "base/time_text.h"
#include "base/x509.h"

namespace acme {
namespace {

using nlohmann::json;

constexpr const char* kJson = "application/json";
constexpr const char* kJose = "application/jose+json";               // RFC 8555 §6.2
constexpr const char* kChain = "application/pem-certificate-chain";  // §9.1
constexpr std::string_view kEmptyObject = "{}";                      // §7.5.1
// OpenSSL refuses a peer's chain of more than 100 KiB in DER (SSL_CTX_set_max_cert_list), and of
// more than ten certificates below a root unless told.
constexpr std::size_t kChainBytesMax = 128u << 10;
constexpr std::size_t kChainCertificatesMax = 10;
constexpr std::size_t kAlternatesMax = 8;  // Let's Encrypt offers one or two

tl::unexpected<AcmeError> failure(AcmeError error) {
  return tl::unexpected<AcmeError>(std::move(error));
}

AcmeError doing(const std::string& what, AcmeError error) {
  error.error = base::while_doing(what, std::move(error.error));
  return error;
}

AcmeError local_error(ErrorClass error_class, std::string message) {
  return {{kind_of(error_class), std::move(message)}, error_class};
}

AcmeError protocol_error(std::string message) {
  return local_error(ErrorClass::protocol, std::move(message));
}

// What a layer below said about our own input or the peer's.
AcmeError from_base(base::Error error) {
  ErrorClass error_class = ErrorClass::network;
  if (error.kind == base::ErrorKind::protocol) error_class = ErrorClass::protocol;
  if (error.kind == base::ErrorKind::invalid) error_class = ErrorClass::malformed;
  return {std::move(error), error_class};
}

bool is_success(int status) {
  return status >= 200 && status <= 299;
}

// A bare HTTP error, from a proxy in between or an overloaded front end.
ErrorClass class_of_status(int status, bool has_retry_after) {
  if (status == 429 || (status == 503 && has_retry_after)) return ErrorClass::rate_limited;
  if (status >= 500) return ErrorClass::server_internal;
  return ErrorClass::protocol;
}

base::Status check_content_type(const base::HttpResponse& response, std::string_view expected) {
  const std::string type = response.header("content-type").value_or("");
  if (media_type_of(type) == expected) return {};
  return base::failure(base::ErrorKind::protocol, "the server answered with the content type \"" +
                                                      one_line(type, 80) + "\" instead of \"" +
                                                      std::string(expected) + "\"");
}

AcmeResult<std::string> require_location(const base::HttpResponse& response) {
  std::string location = response.header("location").value_or("");
  if (is_https_url(location)) return location;
  return failure(protocol_error("the server's answer has no Location that is an https URL"));
}

base::Status check_profile(const Directory& directory, const std::string& profile) {
  if (profile.empty() || directory.profiles.count(profile) != 0) return {};
  std::string offered;
  for (const auto& [name, description] : directory.profiles) {
    offered += (offered.empty() ? "" : ", ") + name;
  }
  return base::failure(base::ErrorKind::invalid, "the server does not offer the profile \"" +
                                                     profile + "\"; it offers " +
                                                     (offered.empty() ? "none" : offered));
}

std::string order_payload(const Session& session, const NewOrder& order) {
  json payload = {{"identifiers", json::array()}};
  for (const Identifier& one : order.identifiers) {
    payload["identifiers"].push_back({{"type", one.type}, {"value", one.value}});
  }
  if (!order.profile.empty()) payload["profile"] = order.profile;
  // RFC 9773 §5: only where the server has renewal information.
  if (!order.replaces.empty() && session.directory.has_renewal_info()) {
    payload["replaces"] = order.replaces;
  }
  return payload.dump();
}

std::string without_line_ends(std::string_view text) {
  std::string out;
  std::copy_if(text.begin(), text.end(), std::back_inserter(out),
               [](char c) { return c != '\r' && c != '\n'; });
  return out;
}

// §9.1: CERTIFICATE blocks only and no text between them; anything else, a private key above all,
// must not reach a Secret. A last block cut off inside its first line shows as text.
base::Result<std::string> read_certificates_only(std::string_view body) {
  if (body.size() > kChainBytesMax) {
    return base::failure(base::ErrorKind::protocol,
                         "the server's certificate chain has more than " +
                             std::to_string(kChainBytesMax) + " bytes");
  }
  const auto blocks = base::read_pem(body);
  if (!blocks) return base::failure(base::ErrorKind::protocol, blocks.error().message);
  std::string chain;
  for (const base::PemBlock& block : *blocks) {
    if (block.label != "CERTIFICATE") {
      return base::failure(base::ErrorKind::protocol,
                           "the server's certificate chain holds a block that is no CERTIFICATE");
    }
    chain += base::write_pem(block);
  }
  if (chain.empty() || without_line_ends(chain) != without_line_ends(body)) {
    return base::failure(base::ErrorKind::protocol,
                         "the server's certificate chain is not made of whole CERTIFICATE blocks "
                         "alone");
  }
  if (blocks->size() > kChainCertificatesMax) {
    return base::failure(base::ErrorKind::protocol,
                         "the server's certificate chain has more than " +
                             std::to_string(kChainCertificatesMax) + " certificates");
  }
  if (const auto readable = base::read_chain(chain); !readable) {
    return base::failure(base::ErrorKind::protocol, readable.error().message);
  }
  return chain;
}

}  // namespace

// A signed request before it has a nonce.
struct Client::Post {
  const Directory& directory;
  const AccountKey& key;
  std::string account_url;  // empty: the key itself signs (newAccount)
  std::string url;
  std::string payload;  // empty: POST-as-GET
  const char* accept = kJson;
};

Client::Client(base::HttpTransport& transport, const base::Clock& clock, std::string directory_url,
               ClientOptions options)
    : transport_(transport),
      clock_(clock),
      directory_url_(std::move(directory_url)),
      origin_(origin_of(directory_url_)),
      options_(std::move(options)),
      nonces_(clock) {}

AcmeResult<Answer<Directory>> Client::get_directory(std::stop_token stop) {
  const std::string what = "fetching the ACME directory";
  auto answer = answer_from<Directory>(get(directory_url_, stop), what, parse_directory);
  if (!answer) return answer;
  const Directory& found = answer->value;
  for (const std::string& url : {found.new_nonce, found.new_account, found.new_order,
                                 found.revoke_certificate, found.key_change, found.renewal_info}) {
    if (url.empty()) continue;
    if (const auto near = check_origin(url); !near) return failure(doing(what, near.error()));
  }
  return answer;
}

AcmeResult<Answer<Account>> Client::new_account(const Directory& directory, const AccountKey& key,
                                                const NewAccount& account, std::stop_token stop) {
  const std::string what =
      account.only_return_existing ? "looking up the ACME account" : "registering the ACME account";
  json payload = json::object();
  if (!account.contact.empty()) payload["contact"] = account.contact;
  if (account.terms_of_service_agreed) payload["termsOfServiceAgreed"] = true;
  if (account.only_return_existing) payload["onlyReturnExisting"] = true;
  if (account.external_account) {
    const auto binding =
        sign_external_account_binding(key, *account.external_account, directory.new_account);
    if (!binding) return failure(doing(what, from_base(binding.error())));
    payload["externalAccountBinding"] = json::parse(*binding);
  } else if (directory.external_account_required && !account.only_return_existing) {
    return failure(doing(what, local_error(ErrorClass::external_account_required,
                                           "the server requires an external account binding and "
                                           "the issuer has none")));
  }
  const auto response = post({directory, key, "", directory.new_account, payload.dump()}, stop);
  if (!response) return failure(doing(what, response.error()));
  const auto location = require_location(*response);
  if (!location) return failure(doing(what, location.error()));
  auto answer = answer_from<Account>(
      response, what, [&](std::string_view body) { return parse_account(body, *location); });
  if (answer) answer->value.was_created = response->status == 201;  // §7.3
  return answer;
}

AcmeResult<Answer<Account>> Client::get_account(const Session& session, std::stop_token stop) {
  return answer_from<Account>(
      post({session.directory, session.key, session.account_url, session.account_url, ""}, stop),
      "reading the ACME account",
      [&](std::string_view body) { return parse_account(body, session.account_url); });
}

AcmeResult<Answer<Account>> Client::update_contact(const Session& session,
                                                   const std::vector<std::string>& contact,
                                                   std::stop_token stop) {
  const std::string payload = json{{"contact", contact}}.dump();
  return answer_from<Account>(
      post({session.directory, session.key, session.account_url, session.account_url, payload},
           stop),
      "updating the ACME account's contact",
      [&](std::string_view body) { return parse_account(body, session.account_url); });
}

AcmeResult<void> Client::change_key(const Session& session, const AccountKey& new_key,
                                    std::stop_token stop) {
  const std::string what = "changing the ACME account's key";
  if (session.directory.key_change.empty()) {
    return failure(doing(what, protocol_error("the server's directory has no keyChange")));
  }
  const auto inner =
      sign_key_change(session.key, new_key, session.account_url, session.directory.key_change);
  if (!inner) return failure(doing(what, from_base(inner.error())));
  const auto response = post(
      {session.directory, session.key, session.account_url, session.directory.key_change, *inner},
      stop);
  if (!response) return failure(doing(what, response.error()));
  return {};
}

AcmeResult<Answer<Order>> Client::new_order(const Session& session, const NewOrder& order,
                                            std::stop_token stop) {
  const std::string what = "placing the order";
  if (const auto profile = check_profile(session.directory, order.profile); !profile) {
    return failure(doing(what, local_error(ErrorClass::invalid_profile, profile.error().message)));
  }
  const auto response = post({session.directory, session.key, session.account_url,
                              session.directory.new_order, order_payload(session, order)},
                             stop);
  if (!response) return failure(doing(what, response.error()));
  const auto location = require_location(*response);
  if (!location) return failure(doing(what, location.error()));
  auto answer = answer_from<Order>(
      response, what, [&](std::string_view body) { return parse_order(body, *location); });
  if (answer && !are_same_names(answer->value.identifiers, order.identifiers)) {
    return failure(doing(what, protocol_error("the server's order is for other names than asked")));
  }
  return answer;
}

AcmeResult<Answer<Order>> Client::get_order(const Session& session, const std::string& order_url,
                                            std::stop_token stop) {
  return answer_from<Order>(
      post({session.directory, session.key, session.account_url, order_url, ""}, stop),
      "reading the order", [&](std::string_view body) { return parse_order(body, order_url); });
}

AcmeResult<Answer<Authorization>> Client::get_authorization(const Session& session,
                                                            const std::string& authorization_url,
                                                            std::stop_token stop) {
  return answer_from<Authorization>(
      post({session.directory, session.key, session.account_url, authorization_url, ""}, stop),
      "reading the authorization",
      [&](std::string_view body) { return parse_authorization(body, authorization_url); });
}

AcmeResult<Answer<Challenge>> Client::answer_challenge(const Session& session,
                                                       const std::string& challenge_url,
                                                       std::stop_token stop) {
  return answer_from<Challenge>(post({session.directory, session.key, session.account_url,
                                      challenge_url, std::string(kEmptyObject)},
                                     stop),
                                "asking for validation", parse_challenge);
}

AcmeResult<Answer<Order>> Client::finalize(const Session& session, const Order& order,
                                           std::string_view csr_der, std::stop_token stop) {
  const std::string payload = json{{"csr", base::base64url_encode(csr_der)}}.dump();
  // The order keeps the URL that newOrder gave: newer servers send no Location here.
  return answer_from<Order>(
      post({session.directory, session.key, session.account_url, order.finalize_url, payload},
           stop),
      "finalizing the order", [&](std::string_view body) { return parse_order(body, order.url); });
}

AcmeResult<Answer<CertificateChain>> Client::download_certificate(
    const Session& session, const std::string& certificate_url, std::stop_token stop) {
  const std::string what = "downloading the certificate";
  auto response = post(
      {session.directory, session.key, session.account_url, certificate_url, "", kChain}, stop);
  if (!response) return failure(doing(what, response.error()));
  const auto content_type = check_content_type(*response, kChain);
  if (!content_type) return failure(doing(what, from_base(content_type.error())));
  auto pem = read_certificates_only(response->body);
  if (!pem) return failure(doing(what, from_base(pem.error())));
  std::vector<std::string> alternates = linked_urls(response->headers, "alternate");
  std::erase_if(alternates, [this](const std::string& url) { return !check_origin(url); });
  if (alternates.size() > kAlternatesMax) alternates.resize(kAlternatesMax);
  return Answer<CertificateChain>{{std::move(*pem), std::move(alternates)},
                                  retry_after_of(*response)};
}

AcmeResult<void> Client::revoke_certificate(const Session& session,
                                            std::string_view certificate_der, int reason,
                                            std::stop_token stop) {
  const std::string what = "revoking the certificate";
  if (session.directory.revoke_certificate.empty()) {
    return failure(doing(what, protocol_error("the server's directory has no revokeCert")));
  }
  const json payload = {{"certificate", base::base64url_encode(certificate_der)},
                        {"reason", reason}};
  const auto response = post({session.directory, session.key, session.account_url,
                              session.directory.revoke_certificate, payload.dump()},
                             stop);
  if (!response) return failure(doing(what, response.error()));
  return {};
}

AcmeResult<Answer<RenewalInfo>> Client::renewal_info(const Directory& directory,
                                                     std::string_view certificate_id,
                                                     std::stop_token stop) {
  const std::string what = "fetching renewal information";
  if (!directory.has_renewal_info()) {
    return failure(doing(what, protocol_error("the server offers none")));
  }
  std::string url = directory.renewal_info;
  if (url.back() != '/') url += '/';
  url += certificate_id;
  return answer_from<RenewalInfo>(get(url, stop), what, parse_renewal_info);
}

template <class T, class Read>
AcmeResult<Answer<T>> Client::answer_from(const AcmeResult<base::HttpResponse>& response,
                                          const std::string& what, Read&& read) const {
  if (!response) return failure(doing(what, response.error()));
  if (const auto type = check_content_type(*response, kJson); !type) {
    return failure(doing(what, from_base(type.error())));
  }
  base::Result<T> value = read(response->body);
  if (!value) return failure(doing(what, from_base(value.error())));
  return Answer<T>{std::move(*value), retry_after_of(*response)};
}

AcmeResult<base::HttpResponse> Client::get(const std::string& url, const std::stop_token& stop) {
  base::HttpRequest request;
  request.url = url;
  request.headers.emplace("Accept", kJson);
  auto response = send(std::move(request), stop);
  if (!response) return response;
  return require_success(std::move(*response), url);
}

AcmeResult<base::HttpResponse> Client::post(const Post& request, const std::stop_token& stop) {
  const base::SteadyTime began = clock_.steady_now();
  std::optional<std::string> nonce;  // the fresh one of a badNonce answer
  for (int attempt = 1;; ++attempt) {
    if (!nonce) {
      auto taken = take_nonce(request.directory.new_nonce, stop);
      if (!taken) return failure(taken.error());
      nonce = std::move(*taken);
    }
    const auto body =
        sign_request(request.key, {request.url, *nonce, request.account_url, request.payload});
    if (!body) return failure(from_base(body.error()));
    nonce.reset();  // never used twice, whatever comes of the request

    base::HttpRequest http;
    http.method = "POST";
    http.url = request.url;
    http.headers = {{"Content-Type", kJose}, {"Accept", request.accept}};
    http.body = *body;
    auto response = send(std::move(http), stop);
    if (!response) return response;
    const std::string fresh = response->header("replay-nonce").value_or("");
    auto result = require_success(std::move(*response), request.url);
    const bool is_bad_nonce = !result && result.error().error_class == ErrorClass::bad_nonce;
    const bool has_time = clock_.steady_now() - began < options_.bad_nonce_time;
    if (is_bad_nonce && has_time && attempt < options_.bad_nonce_attempts_max) {
      // §6.5: retry with the nonce of this very answer. Others in the pool may be as stale as the
      // one that was refused.
      if (is_nonce(fresh)) nonce = fresh;
      continue;
    }
    nonces_.put(fresh);
    return result;
  }
}

AcmeResult<base::HttpResponse> Client::send(base::HttpRequest request,
                                            const std::stop_token& stop) {
  // §6.1: "The use of HTTPS is REQUIRED".
  if (!is_https_url(request.url)) {
    return failure(
        {{base::ErrorKind::invalid, "the ACME URL \"" + one_line(request.url, 200) +
                                        "\" is not an https URL, and ACME allows no other"},
         ErrorClass::protocol});
  }
  if (const auto near = check_origin(request.url); !near) return failure(near.error());
  request.headers.emplace("User-Agent", options_.user_agent);  // §6.1
  request.timeout = options_.timeout;
  const std::string url = request.url;
  auto response = transport_.send(request, stop);
  if (!response) return failure(from_base(response.error()));
  if (response->body.size() > options_.body_bytes_max) {
    return failure(protocol_error(url + " answered with more than " +
                                  std::to_string(options_.body_bytes_max) + " bytes"));
  }
  return std::move(*response);
}

// Whatever the server names, a request of ours goes to the server that a person named. RFC 8555
// lets resources be anywhere, but no public CA uses that, and whoever may make an issuer could else
// send us about inside the cluster.
AcmeResult<void> Client::check_origin(const std::string& url) const {
  const std::string origin = origin_of(url);
  if (!origin.empty() && origin == origin_) return {};
  return failure(protocol_error("the server leads to " +
                                (origin.empty() ? "a URL that is none" : one_line(origin, 200)) +
                                ", which is not the origin of its directory, " + origin_));
}

AcmeResult<std::string> Client::take_nonce(const std::string& new_nonce_url,
                                           const std::stop_token& stop) {
  if (auto pooled = nonces_.take()) return *pooled;
  base::HttpRequest request;
  request.method = "HEAD";  // §7.2
  request.url = new_nonce_url;
  auto response = send(std::move(request), stop);
  if (!response) return failure(doing("fetching a nonce", response.error()));
  const std::string nonce = response->header("replay-nonce").value_or("");
  const auto success = require_success(std::move(*response), new_nonce_url);
  if (!success) return failure(doing("fetching a nonce", success.error()));
  if (is_nonce(nonce)) return nonce;
  return failure(
      protocol_error("fetching a nonce: the server's answer has no Replay-Nonce that is "
                     "base64url"));
}

AcmeResult<base::HttpResponse> Client::require_success(base::HttpResponse response,
                                                       const std::string& url) const {
  if (is_success(response.status)) return response;
  const std::string type = response.header("content-type").value_or("");
  Problem problem = parse_problem(response.status, type, response.body);
  const bool is_document = media_type_of(type) == "application/problem+json";
  const auto retry_after = retry_after_of(response);
  const ErrorClass error_class = is_document && !problem.type.empty()
                                     ? classify(problem)
                                     : class_of_status(response.status, retry_after.has_value());
  std::string message = url + " answered ";
  if (is_document) message += "HTTP " + std::to_string(response.status) + ": ";
  message += problem.text();
  AcmeError error{{kind_of(error_class), std::move(message), retry_after}, error_class};
  if (is_document) error.problem = std::move(problem);
  return failure(std::move(error));
}

std::optional<std::chrono::seconds> Client::retry_after_of(
    const base::HttpResponse& response) const {
  const auto value = response.header("retry-after");
  if (!value) return std::nullopt;
  return base::parse_retry_after(*value, clock_.now());
}

}  // namespace acme
