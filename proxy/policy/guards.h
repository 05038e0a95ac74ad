#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "proxy/config/model.h"
#include "proxy/policy/access_list.h"
#include "proxy/policy/basic_auth.h"
#include "proxy/policy/client_certificate.h"
#include "proxy/policy/external_auth.h"
#include "proxy/policy/firewall.h"
#include "proxy/policy/limits.h"
#include "proxy/policy/remembered_passwords.h"
#include "proxy/policy/verdict.h"

namespace proxy::policy {

// What guards look at.
struct Asker {
  std::string_view address;  // IP literal without brackets
  // A preflight that is answered here: nobody shows credentials with it (Fetch §4.8), and nothing
  // of what they are for is told. Addresses and limits count.
  bool is_preflight = false;
  // Of the request's one field Authorization; empty: there is none, or there are several.
  std::string_view authorization{};
  // What is known of passwords without hashing; nullptr: nothing.
  const RememberedPasswords* remembered = nullptr;
  const CredentialsDigest* wrong = nullptr;  // these were wrong a moment ago; nullptr: none
  const AuthAnswers* answers = nullptr;      // of other services; nullptr: none was asked
  const Inspections* inspections = nullptr;  // of the request itself; nullptr: none was made
  base::SteadyTime now{};
  LimitTables* limits = nullptr;  // none: nobody passes a limit
  CountedIn* counted = nullptr;   // in what the request is counted; none: likewise
  Presented presented{};          // for guards with a client_certificate()
};

// What guards need time for: one of these.
struct OpenQuestion {
  PasswordQuestion password;
  const ExternalAuth* external = nullptr;  // lives as long as the guards
  Inspections::Settings firewall{};        // by which the request is to be inspected

  bool is_open() const {
    return password.hash != nullptr || external != nullptr || firewall != nullptr;
  }
};

// config::Guards, made ready to be asked: once for each configuration, however many routes have
// them. Immutable; any number of threads may ask.
class Guards {
 public:
  // `auth_cluster`: by position, of who is asked by ExternalAuth.
  explicit Guards(const config::Guards& config,
                  std::uint32_t auth_cluster = ExternalAuth::kOwnRoutes);

  // In the order of order.h; the first that does not let it pass decides. What only a hash,
  // another service or an inspection can tell is written to `question`, whose views lie in
  // `storage`: then nobody passes until somebody has found out, and asks again.
  Verdict check(const Asker& asker, OpenQuestion& question, std::string& storage) const;

  // Whether they look at Authorization, which then is not the backend's.
  bool ask_for_passwords() const { return basic_auth_.has_value(); }
  // Whether they look at what a client showed in its handshake. nullptr: they do not.
  const ClientCertificate* client_certificate() const {
    return client_certificate_ ? &*client_certificate_ : nullptr;
  }
  // They let everybody pass, if not everything.
  bool only_limit() const { return only_limit_; }
  // nullptr: no other service has a say.
  const ExternalAuth* external_auth() const { return external_auth_ ? &*external_auth_ : nullptr; }
  // nullptr: nothing is inspected.
  const Inspections::Settings& firewall() const { return firewall_; }

 private:
  Verdict check_limits(const Asker& asker) const;
  Verdict check_who_it_is(const Asker& asker, OpenQuestion& question, std::string& storage) const;
  Verdict check_external(const Asker& asker, OpenQuestion& question) const;
  Verdict check_firewall(const Asker& asker, OpenQuestion& question) const;
  Verdict check_password(const Asker& asker, PasswordQuestion& question,
                         std::string& storage) const;

  bool closed_;
  bool only_limit_;
  AccessList access_list_;
  std::optional<ClientCertificate> client_certificate_;
  std::optional<BasicAuth> basic_auth_;
  std::optional<ExternalAuth> external_auth_;
  bool satisfy_any_;
  std::optional<Limits> limits_;
  Inspections::Settings firewall_;
};

}  // namespace proxy::policy
