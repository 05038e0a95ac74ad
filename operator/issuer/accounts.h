#pragma once

#include <compare>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <vector>

#include "acme/client.h"
#include "base/http.h"
#include "kube/object.h"
#include "operator/api/certificate.h"

namespace issuer {

// Names an Issuer or a ClusterIssuer.
struct IssuerKey {
  bool is_cluster_issuer = false;
  kube::ObjectKey key;  // no namespace for a ClusterIssuer
  auto operator<=>(const IssuerKey&) const = default;

  std::string text() const;  // "ClusterIssuer letsencrypt" | "Issuer shop/in-house"
};

// The issuer that a Certificate of this namespace refers to.
IssuerKey resolve(const std::string& namespace_, const api::IssuerRef& reference);

// All that an order needs of its issuer: a registered account, and how to reach its server.
// Immutable; whoever holds one keeps its client and connections alive.
struct Account {
  std::shared_ptr<base::HttpTransport> transport;  // what the client talks through
  std::shared_ptr<acme::Client> client;            // thread-safe
  acme::Session session;
  std::string preferred_chain;
  std::string profile;  // one that the directory advertises, or empty
};

// The accounts that are ready to be used. The issuer reconcilers publish, the certificate
// reconciler reads. Thread-safe; listeners are called on the publisher's thread without a lock held
// and must be short.
class Accounts {
 public:
  using Pointer = std::shared_ptr<const Account>;
  using Listener = std::function<void(const IssuerKey&)>;

  // Set up, before anything runs. on_ready: an account was published that is new or other than
  // before. on_lost: somebody reported it lost, or doubtful.
  void on_ready(Listener listener) { ready_listeners_.push_back(std::move(listener)); }
  void on_lost(Listener listener) { lost_listeners_.push_back(std::move(listener)); }

  Pointer find(const IssuerKey& key) const;

  void publish(const IssuerKey& key, Account account);
  void withdraw(const IssuerKey& key);

  // The server said accountDoesNotExist (RFC 8555 §6.7) to this account; withdrawn until the issuer
  // has been looked at again. Ignored when another account has been published meanwhile.
  void report_lost(const IssuerKey& key, const std::string& account_url);
  // The URL reported lost since the last call; empty when none.
  std::string take_lost(const IssuerKey& key);

  // The server does not take orders where its directory said: the directory is to be read again.
  // The account stays.
  void report_doubtful(const IssuerKey& key);
  bool take_doubtful(const IssuerKey& key);

 private:
  mutable std::mutex mutex_;
  std::map<IssuerKey, Pointer> accounts_;
  std::map<IssuerKey, std::string> lost_;
  std::set<IssuerKey> doubtful_;  // of accounts_
  std::vector<Listener> ready_listeners_;
  std::vector<Listener> lost_listeners_;
};

}  // namespace issuer
