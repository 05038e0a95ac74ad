#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "kube/resources/secret.h"
#include "operator/routing/named_objects.h"
#include "proxy/config/model.h"

namespace routing {

// Who may come in, of a Secret. Hashes are in no problem's text.
struct PasswordFile {
  std::vector<proxy::config::PasswordUser> users;  // by name, each once
  // Not empty: nobody may, and why. A clause: "has in line 3 of its key "auth" for the user bob
  // ..."
  std::string problem;
};

// Lines of htpasswd: "name:hash", what follows a second colon does not count; empty lines and "#"
// are passed over. Of two lines with one name the first counts, as in nginx. One line that cannot
// be used spoils all: who wrote it believes in it.
PasswordFile read_htpasswd(std::string_view text);

// By whom certificates of clients are verified, of a Secret: its keys ca.crt and ca.crl.
struct ClientAuthorities {
  std::string trusted_pem;  // CERTIFICATE blocks and nothing else, whatever stood there
  std::string revoked_pem;  // X509 CRL blocks, likewise; or empty
  // Not empty: nobody can be. A clause: "has no key ca.crt".
  std::string problem;
};

ClientAuthorities read_client_authorities(const kube::Secret& secret);

// What a Secret offers to guards, in all ways that a claimant may read it.
struct AuthSecret {
  bool is_unread = false;  // it has not come from the API server yet
  PasswordFile file;       // of its key "auth"
  PasswordFile map;        // of all of its keys, which are names
  ClientAuthorities authorities;
};

AuthSecret read_auth_secret(const kube::Secret& secret);

// The Secrets that claimants name for passwords and for certificates of clients; see
// AuthSecretWatches.
using AuthSecrets = NamedObjects<AuthSecret>;

}  // namespace routing
