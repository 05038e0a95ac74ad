#pragma once

#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "acme/account_key.h"
#include "acme/error.h"
#include "acme/jws.h"
#include "acme/nonce_pool.h"
#include "acme/renewal_info.h"
#include "acme/resources.h"
#include "base/clock.h"
#include "base/http.h"

namespace acme {

// What a signed request needs. A value that the caller keeps as long as it likes (the directory is
// fetched only when asked).
struct Session {
  Directory directory;
  AccountKey key;
  std::string account_url;  // Account::url
};

// §7.3
struct NewAccount {
  std::vector<std::string> contact;  // "mailto:ops@example.org"
  // Only ever true because a person said so.
  bool terms_of_service_agreed = false;
  bool only_return_existing = false;  // §7.3.1: accountDoesNotExist instead of creating one
  std::optional<ExternalAccount> external_account{};
};

// §7.4
struct NewOrder {
  std::vector<Identifier> identifiers;
  std::string replaces;  // certID of the predecessor (RFC 9773 §5); only where ARI is offered
  std::string profile;   // only one that the directory advertises
};

struct ClientOptions {
  std::string user_agent = "gatehouse";  // §6.1: MUST be sent
  int bad_nonce_attempts_max = 10;       // requests in one call, §6.5
  // No further one after so long: ten of a server that is slow with each would hold their caller
  // for minutes.
  std::chrono::milliseconds bad_nonce_time = std::chrono::seconds(30);
  std::size_t body_bytes_max = 1u << 20;                         // of any answer
  std::chrono::milliseconds timeout = std::chrono::seconds(30);  // of one HTTP request
};

// One ACME server (one directory URL). Each method makes one logical request: badNonce is retried
// inside with the nonce of that very answer (§6.5), and a nonce is fetched when none is at hand.
// Never sleeps; Retry-After is handed to the caller. Thread-safe: any number of orders and accounts
// may be driven through one client at a time. Every request goes to the origin of the directory URL
// (scheme, host, port): a URL elsewhere is ErrorClass::protocol and nothing is sent. The transport
// and the clock outlive the client.
class Client {
 public:
  Client(base::HttpTransport& transport, const base::Clock& clock, std::string directory_url,
         ClientOptions options = {});

  const std::string& directory_url() const { return directory_url_; }

  AcmeResult<Answer<Directory>> get_directory(std::stop_token stop);

  // Finds or creates the account of this key (§7.3).
  AcmeResult<Answer<Account>> new_account(const Directory& directory, const AccountKey& key,
                                          const NewAccount& account, std::stop_token stop);
  AcmeResult<Answer<Account>> get_account(const Session& session, std::stop_token stop);
  AcmeResult<Answer<Account>> update_contact(const Session& session,
                                             const std::vector<std::string>& contact,
                                             std::stop_token stop);
  // §7.3.5; afterwards the session's key must be new_key.
  AcmeResult<void> change_key(const Session& session, const AccountKey& new_key,
                              std::stop_token stop);

  AcmeResult<Answer<Order>> new_order(const Session& session, const NewOrder& order,
                                      std::stop_token stop);
  AcmeResult<Answer<Order>> get_order(const Session& session, const std::string& order_url,
                                      std::stop_token stop);
  AcmeResult<Answer<Authorization>> get_authorization(const Session& session,
                                                      const std::string& authorization_url,
                                                      std::stop_token stop);
  // Tells the server to validate (§7.5.1). Only when the answer can be fetched from outside.
  AcmeResult<Answer<Challenge>> answer_challenge(const Session& session,
                                                 const std::string& challenge_url,
                                                 std::stop_token stop);
  // Sends the CSR (DER). The answer is the order, often still processing (§7.4).
  AcmeResult<Answer<Order>> finalize(const Session& session, const Order& order,
                                     std::string_view csr_der, std::stop_token stop);
  AcmeResult<Answer<CertificateChain>> download_certificate(const Session& session,
                                                            const std::string& certificate_url,
                                                            std::stop_token stop);
  // §7.6, signed by the account. The reason is RFC 5280 §5.3.1's code.
  AcmeResult<void> revoke_certificate(const Session& session, std::string_view certificate_der,
                                      int reason, std::stop_token stop);

  // RFC 9773 §4.1: an unauthenticated GET. certificate_id as from certificate_id().
  AcmeResult<Answer<RenewalInfo>> renewal_info(const Directory& directory,
                                               std::string_view certificate_id,
                                               std::stop_token stop);

 private:
  struct Post;

  // One logical signed request; the answer is 2xx.
  AcmeResult<base::HttpResponse> post(const Post& request, const std::stop_token& stop);
  // One HTTP request, whatever the status of its answer.
  AcmeResult<base::HttpResponse> send(base::HttpRequest request, const std::stop_token& stop);
  AcmeResult<base::HttpResponse> get(const std::string& url, const std::stop_token& stop);
  AcmeResult<void> check_origin(const std::string& url) const;
  AcmeResult<std::string> take_nonce(const std::string& new_nonce_url, const std::stop_token& stop);
  AcmeResult<base::HttpResponse> require_success(base::HttpResponse response,
                                                 const std::string& url) const;
  std::optional<std::chrono::seconds> retry_after_of(const base::HttpResponse& response) const;
  // The resource in a JSON answer, parsed by read(body) -> base::Result<T>.
  template <class T, class Read>
  AcmeResult<Answer<T>> answer_from(const AcmeResult<base::HttpResponse>& response,
                                    const std::string& what, Read&& read) const;

  base::HttpTransport& transport_;
  const base::Clock& clock_;
  const std::string directory_url_;
  const std::string origin_;  // of directory_url_: where every request goes
  const ClientOptions options_;
  NoncePool nonces_;
};

}  // namespace acme
