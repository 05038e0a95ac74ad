#pragma once

#include <string>
#include <utility>

#include "kube/resources/secret.h"
#include "operator/routing/auth_secret.h"
#include "operator/routing/named_object_watches.h"

namespace routing {

extern template class NamedObjectWatches<kube::Secret, AuthSecret>;

// The Secrets that guards of claimants name. Thread-safe.
class AuthSecretWatches final : public NamedObjectWatches<kube::Secret, AuthSecret> {
 public:
  // client must outlive it.
  AuthSecretWatches(kube::Client& client, Options options, Wake wake)
      : NamedObjectWatches(client, std::move(options), read_auth_secret, spoilt, std::move(wake)) {}

 private:
  static AuthSecret spoilt(const std::string& problem) {
    AuthSecret secret;
    secret.file.problem = problem;
    secret.map.problem = problem;
    secret.authorities.problem = problem;
    return secret;
  }
};

}  // namespace routing
