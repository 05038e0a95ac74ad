#include "operator/issuer/registration.h"

#include <cstddef>
#include <utility>

#include "kube/event_series.h"

namespace issuer {

namespace {

std::string names_of(const acme::Directory& directory) {
  std::string names;
  for (const auto& [name, description] : directory.profiles) {
    names += (names.empty() ? "" : ", ") + name;
  }
  // What is to be done stands behind them.
  constexpr std::size_t kNamesBytesMax = 1024;
  return names.empty() ? "none" : kube::shortened(std::move(names), kNamesBytesMax);
}

}  // namespace

std::optional<Trouble> unmet_demand(const api::Issuer& issuer, const acme::Directory& directory) {
  const api::AcmeSpec& spec = issuer.acme;
  // A person agrees, never a program (RFC 8555 §7.3.3).
  if (!directory.terms_of_service.empty() && !spec.terms_of_service_agreed) {
    return Trouble{
        "TermsOfServiceNotAgreed",
        "the server asks for agreement to its terms of service, " + directory.terms_of_service,
        "read them, and if you agree set spec.acme.termsOfServiceAgreed to true",
        acme::ErrorClass::user_action_required};
  }
  if (directory.external_account_required && !spec.external_account_binding) {
    return Trouble{"ExternalAccountRequired",
                   "the server accepts only accounts that are bound to one at the certificate "
                   "authority",
                   "set spec.acme.externalAccountBinding to the key ID and key that it gave you",
                   acme::ErrorClass::external_account_required};
  }
  if (!spec.profile.empty() && directory.profiles.count(spec.profile) == 0) {
    return Trouble{"ProfileNotOffered",
                   "the server offers no certificate profile \"" + spec.profile +
                       "\" (offered: " + names_of(directory) + ")",
                   "set spec.acme.profile to one that is offered, or remove it",
                   acme::ErrorClass::invalid_profile};
  }
  return std::nullopt;
}

Registration next_registration(const api::Issuer& issuer, const std::string& key_hash,
                               const std::string& lost_account_url) {
  const api::AcmeIssuerStatus& status = issuer.acme_status;
  if (status.uri.empty() || status.uri == lost_account_url) return Registration::register_;
  if (status.server != issuer.acme.server) return Registration::register_;
  if (status.last_private_key_hash != key_hash) return Registration::register_;
  if (status.last_registered_email != issuer.acme.email) return Registration::update_contact;
  return Registration::none;
}

Trouble trouble_of(const std::string& reason, const acme::AcmeError& error) {
  Trouble trouble;
  trouble.reason = reason;
  trouble.message = error.error.message;
  trouble.remedy = acme::remedy_for(error.error_class, error.error.message);
  trouble.error_class = error.error_class;
  trouble.retry_after = error.error.retry_after;
  if (!error.problem && error.error.kind == base::ErrorKind::denied) {
    trouble.reason = "UntrustedServer";
    trouble.remedy =
        "set spec.acme.caBundle to the CA certificate of the server (PEM in base64), if it is to "
        "be trusted";
  }
  return trouble;
}

std::vector<std::string> contact_of(const api::Issuer& issuer) {
  if (issuer.acme.email.empty()) return {};
  return {"mailto:" + issuer.acme.email};
}

std::vector<std::string> profile_texts(const acme::Directory& directory) {
  // As the CRD has it.
  constexpr std::size_t kProfilesMax = 32;
  constexpr std::size_t kProfileBytesMax = 1024;
  std::vector<std::string> texts;
  for (const auto& [name, description] : directory.profiles) {
    if (texts.size() == kProfilesMax) break;
    texts.push_back(
        kube::shortened(description.empty() ? name : name + ": " + description, kProfileBytesMax));
  }
  return texts;
}

}  // namespace issuer
