#pragma once

#include <cstddef>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <vector>

#include "kube/client.h"
#include "kube/object.h"
#include "kube/object_watch.h"
#include "kube/pause.h"
#include "kube/reflector.h"
#include "kube/resources/secret.h"
#include "operator/issuer/accounts.h"

namespace issuer {

// Watches the Secrets that issuers name, each by its name alone: nobody else's Secret is ever read
// here, and what is deleted or spoilt is noticed at once. A watch is a thread and a connection, so
// there are so many; an issuer that finds no room looks by itself from time to time. Thread-safe.
class SecretWatches {
 public:
  // Called from a watch's thread, without a lock held.
  using Wake = std::function<void(const IssuerKey& issuer)>;

  struct Options {
    // More issuers than most clusters have; each costs a connection to the API server.
    std::size_t max = 64;
    // Of them for Issuers, which tenants make: of one namespace, and of all.
    std::size_t max_of_namespace = 16;
    std::size_t max_of_namespaces = 48;
    kube::ReflectorOptions reflector{};
  };

  // client must outlive it.
  SecretWatches(kube::Client& client, Options options, Wake wake);
  SecretWatches(const SecretWatches&) = delete;
  SecretWatches& operator=(const SecretWatches&) = delete;
  ~SecretWatches();  // stops

  // From now on this issuer hears of these and of no others; none: it is gone. False: there is no
  // room for all of them.
  bool follow(const IssuerKey& issuer, const std::set<kube::ObjectKey>& secrets);
  void stop();

 private:
  using Watch = kube::ObjectWatch<kube::Secret>;

  bool has_room(const IssuerKey& issuer, const kube::ObjectKey& secret) const;
  void wake_followers(const kube::ObjectKey& secret);

  kube::Client& client_;
  const Options options_;
  const Wake wake_;
  std::mutex mutex_;
  bool is_stopped_ = false;
  std::map<kube::ObjectKey, std::set<IssuerKey>> followers_;
  std::map<kube::ObjectKey, std::unique_ptr<Watch>> watches_;
};

}  // namespace issuer
