#pragma once

#include <map>
#include <set>
#include <string>

#include "kube/object.h"
#include "operator/routing/claimant_key.h"
#include "operator/routing/keys_by_hash.h"
#include "operator/routing/named_before.h"

namespace routing {

// What a claimant uses, whether or not it is there, without a say about it: how many others use it
// makes no difference to any of them (ClaimantGroups::Names does).
struct Uses {
  std::set<kube::ObjectKey> services{};
  std::set<kube::ObjectKey> tls_secrets{};
  std::set<kube::ObjectKey> auth_secrets{};  // of passwords and of authorities
  std::set<kube::ObjectKey> field_maps{};
  std::set<std::string> outside{};  // names that DNS is asked for
  // Its own, which Certificates may name as their controller's; empty: none.
  std::string uid{};
};

// Which claimants are compiled again when something that they use has changed. Services, Secrets
// for TLS and uids, of which there are most, are known by their hashes: of these it may find more
// than there are. Not thread-safe.
class ClaimantUses {
 public:
  using Members = std::set<ClaimantKey>;

  // claimant: at a place where it stays until it was erased.
  void put(const ClaimantKey& claimant, const Uses& uses);
  // uses: as they were put.
  void erase(const ClaimantKey& claimant, const Uses& uses);

  Members of_service(const kube::ObjectKey& service) const;
  Members of_tls_secret(const kube::ObjectKey& secret) const;
  Members with_uid(const std::string& uid) const;
  const Members& of_auth_secret(const kube::ObjectKey& secret) const;
  const Members& of_field_map(const kube::ObjectKey& map) const;
  const Members& of_outside(const std::string& name) const;

  // That are used by one of them.
  std::set<kube::ObjectKey> auth_secrets() const;
  std::set<kube::ObjectKey> field_maps() const;
  // Which of these are others than when this was last asked.
  struct Changed {
    bool auth_secrets = false;
    bool field_maps = false;
  };
  Changed take_changed();

 private:
  ClaimantsByHash by_service_;
  ClaimantsByHash by_tls_secret_;
  ClaimantsByHash by_uid_;
  std::map<kube::ObjectKey, Members> by_auth_secret_;
  std::map<kube::ObjectKey, Members> by_field_map_;
  std::map<std::string, Members> by_outside_;
  NamedBefore<kube::ObjectKey> auth_secrets_before_;
  NamedBefore<kube::ObjectKey> field_maps_before_;
};

}  // namespace routing
