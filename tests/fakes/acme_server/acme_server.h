#pragma once

#include <chrono>
#include <deque>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include <nlohmann/json_fwd.hpp>
#include <tl/expected.hpp>

#include "base/clock.h"
#include "base/http.h"
#include "tests/fakes/acme_server/certificate_mint.h"
#include "tests/fakes/acme_server/jws_check.h"

namespace fakes {

// A small strict ACME server (RFC 8555, RFC 9773, profiles) behind the transport seam: no sockets,
// no threads of its own, time from the clock it is given. It refuses what the RFCs forbid and keeps
// a note of every broken rule in violations(); it misbehaves only when told. Thread-safe.
class AcmeServer final : public base::HttpTransport {
 public:
  struct Options {
    std::string base_url = "https://ca.test";
    std::chrono::seconds certificate_lifetime = std::chrono::hours(24 * 90);
    // How often an order or authorization is read before a validation, or an issuance, is done.
    int polls_until_done = 1;
    std::chrono::seconds clock_ahead{0};  // of ours
    std::chrono::seconds backdated{0};    // certificates, as CAs do for clients whose clocks lag
    std::string names_issued;             // whatever is asked for: "DNS:a.example"
    bool reuses_authorizations = false;
    bool has_renewal_info = true;
    std::string terms_of_service;                      // set: an account must agree
    std::map<std::string, std::string> external_keys;  // kid -> raw HMAC key; set: required
    std::map<std::string, std::string> profiles;
    std::function<void()> on_request;  // before each; the time that it takes may pass here
    // Looks for the HTTP-01 answer: true when the host answers the token with this text. Called
    // with the server's lock held. Unset: every validation succeeds.
    std::function<bool(const std::string& host, const std::string& token,
                       const std::string& key_authorization)>
        validate;
  };

  AcmeServer(const base::Clock& clock, Options options);

  std::string directory_url() const { return options_.base_url + "/directory"; }
  const std::string& root_pem() const { return mint_.root_pem(); }

  base::Result<base::HttpResponse> send(const base::HttpRequest& request,
                                        std::stop_token stop) override;
  base::Result<base::HttpResponse> stream(const base::HttpRequest& request, const OnHead& on_head,
                                          const OnChunk& on_chunk, std::stop_token stop) override;

  // ---- Faults. An endpoint is "directory", "newNonce", "newAccount", "newOrder", "account",
  // "order", "authorization", "challenge", "finalize", "certificate", "renewalInfo", "revokeCert",
  // "keyChange", or "*" for any. Each fault strikes the next `times` requests there.

  struct Refusal {
    int status = 500;
    std::string type = "serverInternal";  // short; empty: no problem document but an HTML page
    std::string detail = "told to fail";
    std::string retry_after;  // seconds or HTTP-date, as it is to be sent
    std::string instance;
    std::vector<std::pair<std::string, std::string>> subproblems;  // host -> short type
  };
  void refuse(const std::string& endpoint, Refusal refusal, int times = 1);
  void refuse_nonces(int times);
  void lose_requests(const std::string& endpoint, int times = 1);  // nothing reaches the server
  void lose_answers(const std::string& endpoint, int times = 1);   // done, but nobody hears of it
  // Nothing comes back for as long as `pass_time` lets go by on the clock.
  void hang(const std::string& endpoint, std::function<void()> pass_time, int times = 1);
  enum class Spoil {
    malformed_json,
    wrong_content_type,
    truncated_body,
    no_replay_nonce,
    no_location,
    oversized_body,
    private_key_in_chain
  };
  void spoil(const std::string& endpoint, Spoil how, int times = 1);
  // Changes the JSON of an answer on its way out.
  void rewrite(const std::string& endpoint, std::function<void(nlohmann::json&)> change,
               int times = 1);
  // Sends the answer's headers through this, and its body: whatever a server could say.
  void answer_with(const std::string& endpoint,
                   std::function<base::HttpResponse(base::HttpResponse)> change, int times = 1);
  void forget_faults();  // those that have not struck yet
  void set_retry_after(const std::string& endpoint, std::string value);  // on every success there
  // Validations of this host fail like this until told otherwise (empty type).
  void fail_validation(const std::string& host, std::string type, std::string detail);
  void fail_issuance(std::string type, std::string detail);  // after finalize; once
  void sign_weakly(int times);                               // by SHA-1
  void set_renewal_window(base::WallTime start, base::WallTime end,
                          std::string explanation_url = "");
  void forget_accounts();
  void expire_pending_authorizations();
  void move_new_order();  // to another URL, which the directory tells; the old one is gone

  // ---- What it saw

  std::vector<std::string> requests() const;  // "HEAD newNonce", "POST newOrder", ...
  int count(const std::string& endpoint) const;
  std::vector<std::string> violations() const;
  std::vector<std::string> issued() const;  // chains in PEM, oldest first
  std::vector<std::string> contacts_of_newest_account() const;

 private:
  struct Account {
    std::string jwk;
    std::vector<std::string> contact;
  };
  struct Authorization {
    int account = 0;
    std::string type, host, status = "pending", token;
    std::string challenge_status = "pending";
    std::string problem;  // JSON
    int polls_left = 0;
  };
  struct Order {
    int account = 0;
    std::string status = "pending", problem, profile, replaces, csr;
    std::vector<std::pair<std::string, std::string>> identifiers;
    std::vector<int> authorizations;
    int certificate = 0;
    int polls_left = 0;
  };
  struct Certificate {
    std::string chain, id;
    bool is_replaced = false, is_revoked = false;
  };
  struct Fault {
    std::string endpoint;
    std::function<std::optional<base::Result<base::HttpResponse>>()> before;  // may answer
    std::function<base::Result<base::HttpResponse>(base::HttpResponse)> after;
  };
  struct Call {
    const base::HttpRequest& request;
    std::string endpoint;
    int number = 0;   // of the resource
    int account = 0;  // who signed
    ParsedJws jws;
  };
  using Answer = tl::expected<base::HttpResponse, base::HttpResponse>;  // unexpected: a refusal

  base::HttpResponse serve(Call& call);
  Answer serve_signed(Call& call);
  Answer authenticate(Call& call);
  Answer new_account(Call& call);
  Answer new_order(Call& call);
  Answer answer_challenge(Call& call);
  Answer finalize(Call& call);
  Answer revoke(Call& call);
  Answer change_key(Call& call);
  Answer read_resource(Call& call);
  std::optional<base::HttpResponse> check_external_account(const nlohmann::json& payload,
                                                           const Call& call);
  base::HttpResponse directory() const;
  base::HttpResponse renewal_info(const std::string& id);
  base::HttpResponse account_answer(int number, int status) const;
  base::HttpResponse order_answer(int number, int status) const;
  base::HttpResponse authorization_answer(int number) const;
  base::HttpResponse challenge_answer(int number) const;
  void advance(Authorization& authorization);
  void advance(Order& order);
  void validate(Authorization& authorization);
  void issue(Order& order);
  tl::unexpected<base::HttpResponse> violation(const std::string& rule,
                                               const std::string& type = "malformed");
  std::string fresh_nonce();
  std::string url(const std::string& path) const { return options_.base_url + path; }
  base::WallTime now() const { return clock_.now() + options_.clock_ahead; }
  std::optional<Fault> take_fault(const std::string& endpoint);
  void add_fault(Fault fault, int times);
  bool find_endpoint(Call& call) const;

  const base::Clock& clock_;
  const Options options_;
  CertificateMint mint_;
  mutable std::mutex mutex_;
  std::deque<Fault> faults_;
  int nonces_to_refuse_ = 0;
  std::set<std::string> nonces_;
  std::map<int, Account> accounts_;
  std::map<int, Order> orders_;
  std::map<int, Authorization> authorizations_;
  std::map<int, Certificate> certificates_;
  int next_number_ = 1;
  std::map<std::string, std::string> retry_after_;
  std::map<std::string, std::pair<std::string, std::string>> failing_hosts_;
  std::optional<std::pair<std::string, std::string>> failing_issuance_;
  int weak_signatures_ = 0;
  std::optional<std::pair<base::WallTime, base::WallTime>> window_;
  std::string explanation_url_;
  std::string new_order_path_ = "/new-order";
  std::vector<std::string> requests_;
  std::vector<std::string> violations_;
};

}  // namespace fakes
