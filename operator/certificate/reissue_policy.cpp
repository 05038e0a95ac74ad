#include "operator/certificate/reissue_policy.h"

#include <algorithm>
#include <array>

#include "base/time_text.h"
#include "operator/certificate/renewal.h"

namespace certificate {

namespace {

std::string secret_of(const ReissueInput& input) {
  return "Secret " + input.certificate.metadata.namespace_ + "/" +
         input.certificate.spec.secret_name;
}

std::string joined(const std::vector<std::string>& names) {
  std::string text;
  for (const std::string& name : names) text += (text.empty() ? "" : ", ") + name;
  return text;
}

bool is_for_all_names(const ReissueInput& input) {
  const std::vector<std::string> wanted = input.certificate.all_names();
  return std::all_of(wanted.begin(), wanted.end(), [&](const std::string& name) {
    return base::covers_host(*input.secret->leaf, name);
  });
}

std::string text_of(base::KeySpec spec) {
  return (spec.algorithm == base::KeyAlgorithm::rsa ? "RSA " : "ECDSA ") +
         std::to_string(spec.bits);
}

std::optional<Verdict> secret_is_missing(const ReissueInput& input) {
  if (input.secret) return std::nullopt;
  return Verdict{"DoesNotExist", secret_of(input) + " does not exist"};
}

std::optional<Verdict> secret_lacks_data(const ReissueInput& input) {
  if (input.secret->has_data()) return std::nullopt;
  const char* missing = input.secret->chain_pem.empty() ? kChainKey : kPrivateKeyKey;
  return Verdict{"MissingData", secret_of(input) + " has no " + missing};
}

std::optional<Verdict> secret_data_is_broken(const ReissueInput& input) {
  if (input.secret->problem.empty()) return std::nullopt;
  return Verdict{"InvalidKeyPair", secret_of(input) + " is broken: " + input.secret->problem};
}

std::optional<Verdict> key_does_not_match_certificate(const ReissueInput& input) {
  if (input.secret->pair_problem.empty()) return std::nullopt;
  return Verdict{"InvalidKeyPair", secret_of(input) + " is broken: " + input.secret->pair_problem};
}

// Signed with SHA-1, of a key that is too short: proxies refuse to show it, and clients to take it.
std::optional<Verdict> certificate_cannot_be_shown(const ReissueInput& input) {
  if (input.secret->tls_problem.empty()) return std::nullopt;
  return Verdict{"NotServable", "the certificate in " + secret_of(input) +
                                    " cannot be served: " + input.secret->tls_problem};
}

// The same Secret, the same order, another certificate: somebody has put theirs in its place.
std::optional<Verdict> somebody_else_changed_it(const ReissueInput& input) {
  const api::CertificateStatus& status = input.certificate.status;
  const SecretContent& secret = *input.secret;
  if (status.revision == 0 || status.fingerprint_sha256.empty()) return std::nullopt;
  if (secret.leaf->fingerprint_sha256 == status.fingerprint_sha256) return std::nullopt;
  // Another order of ours: status is older than the Secret, as after a restored backup.
  if (!secret.order_url.empty() && secret.order_url != status.last_order_url) return std::nullopt;
  return Verdict{kSecretContested,
                 "the certificate in " + secret_of(input) + " has serial " + secret.leaf->serial +
                     " and the one that was issued " + status.serial_number,
                 is_for_all_names(input) && input.now < secret.leaf->not_after};
}

// One that is good for more is good: a CA may add "www.", and people merge certificates.
std::optional<Verdict> certificate_is_for_other_names(const ReissueInput& input) {
  if (is_for_all_names(input)) return std::nullopt;
  const base::CertificateInfo& leaf = *input.secret->leaf;
  std::vector<std::string> has = leaf.dns_names;
  has.insert(has.end(), leaf.ip_addresses.begin(), leaf.ip_addresses.end());
  return Verdict{"RequestChanged", "the certificate in " + secret_of(input) + " is for " +
                                       joined(has) + " and spec wants " +
                                       joined(input.certificate.all_names())};
}

// A Secret that says nothing of our issuer (imported by hand, or cert-manager's) is believed until
// its renewal: to move over orders nothing on the day.
std::optional<Verdict> issued_by_another_issuer(const ReissueInput& input) {
  const api::IssuerRef& wanted = input.certificate.spec.issuer_ref;
  const SecretContent& secret = *input.secret;
  const bool other_name = !secret.issuer_name.empty() && secret.issuer_name != wanted.name;
  const bool other_kind = !secret.issuer_kind.empty() && secret.issuer_kind != wanted.kind;
  if (!other_name && !other_kind) return std::nullopt;
  return Verdict{"IncorrectIssuer",
                 "the certificate in " + secret_of(input) + " is of " + secret.issuer_kind + " " +
                     secret.issuer_name + " and spec wants " + wanted.kind + " " + wanted.name,
                 true};
}

// An issuer's server that was edited in place: from staging to production, mostly.
std::optional<Verdict> issued_by_another_server(const ReissueInput& input) {
  const std::string& has = input.secret->server;
  if (has.empty() || input.server.empty() || has == input.server) return std::nullopt;
  return Verdict{"IncorrectServer",
                 "the certificate in " + secret_of(input) + " is of " + has +
                     " and its issuer is now at " + input.server,
                 true};
}

std::optional<Verdict> key_settings_changed(const ReissueInput& input) {
  // Of a certificate that was moved here only the next one is made with the key that spec wants.
  const bool is_ours = !input.secret->issuer_name.empty();
  if (!is_ours || !input.certificate.spec.key) return std::nullopt;
  const base::KeySpec has = *input.secret->key;
  const base::KeySpec wanted = *input.certificate.spec.key;
  if (has == wanted) return std::nullopt;
  return Verdict{"SecretMismatch",
                 "the key in " + secret_of(input) + " is " + text_of(has) + " and spec wants " +
                     text_of(wanted),
                 true};
}

std::optional<Verdict> certificate_has_expired(const ReissueInput& input) {
  const base::WallTime end = input.secret->leaf->not_after;
  if (input.now < end) return std::nullopt;
  return Verdict{kExpired,
                 "the certificate in " + secret_of(input) + " expired at " + base::to_rfc3339(end)};
}

std::optional<Verdict> renewal_is_requested(const ReissueInput& input) {
  const std::string request = input.certificate.metadata.annotation(api::kRenewRequestedAnnotation);
  if (request.empty() || request == input.certificate.status.last_renewal_request) {
    return std::nullopt;
  }
  return Verdict{kManuallyTriggered,
                 std::string("renewal is requested by the annotation ") +
                     api::kRenewRequestedAnnotation + "=" + request,
                 true};
}

std::optional<Verdict> renewal_is_due(const ReissueInput& input) {
  const base::WallTime due = renewal_time(input.certificate, *input.secret->leaf);
  if (input.now < due) return std::nullopt;
  return Verdict{kRenewing, "renewal is due since " + base::to_rfc3339(due), true};
}

constexpr std::array kChecks = {
    NamedCheck{"secret_is_missing", secret_is_missing},
    NamedCheck{"secret_lacks_data", secret_lacks_data},
    NamedCheck{"secret_data_is_broken", secret_data_is_broken},
    NamedCheck{"key_does_not_match_certificate", key_does_not_match_certificate},
    NamedCheck{"certificate_cannot_be_shown", certificate_cannot_be_shown},
    NamedCheck{"somebody_else_changed_it", somebody_else_changed_it},
    NamedCheck{"certificate_is_for_other_names", certificate_is_for_other_names},
    NamedCheck{"certificate_has_expired", certificate_has_expired},
    NamedCheck{"issued_by_another_issuer", issued_by_another_issuer},
    NamedCheck{"issued_by_another_server", issued_by_another_server},
    NamedCheck{"key_settings_changed", key_settings_changed},
    NamedCheck{"renewal_is_requested", renewal_is_requested},
    NamedCheck{"renewal_is_due", renewal_is_due},
};

}  // namespace

std::span<const NamedCheck> reissue_checks() {
  return kChecks;
}

std::optional<Verdict> needs_reissue(const ReissueInput& input) {
  for (const NamedCheck& named : kChecks) {
    if (auto verdict = named.check(input)) return verdict;
  }
  return std::nullopt;
}

}  // namespace certificate
