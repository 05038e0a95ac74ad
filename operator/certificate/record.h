#pragma once

#include <optional>
#include <string>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "acme/renewal_time.h"
#include "acme/resources.h"
#include "operator/api/certificate.h"
#include "operator/certificate/context.h"
#include "operator/certificate/memory.h"
#include "operator/certificate/reissue_policy.h"
#include "operator/certificate/secret_content.h"
#include "operator/certificate/secret_writer.h"

namespace certificate {

// One Certificate and its Secret, as one reconcile reads and writes them.
class Record {
 public:
  // context and memory outlive it.
  Record(Context& context, Memory& memory, api::Certificate certificate);

  // ---- The Certificate. Its status is changed in place and then written.
  api::Certificate& certificate() { return certificate_; }
  const api::Certificate& certificate() const { return certificate_; }
  api::CertificateStatus& status() { return certificate_.status; }
  const api::CertificateStatus& status() const { return certificate_.status; }
  const api::CertificateStatus& written() const { return written_; }  // as the API server has it
  // A newer version than the one that this reconcile began with.
  void take_over(api::Certificate newer);

  std::string name() const { return certificate_.display_name(); }
  kube::ObjectKey key() const { return certificate_.metadata.key(); }
  kube::ObjectKey secret_key() const {
    return {certificate_.metadata.namespace_, certificate_.spec.secret_name};
  }
  issuer::IssuerKey issuer_key() const {
    return issuer::resolve(certificate_.metadata.namespace_, certificate_.spec.issuer_ref);
  }
  std::vector<acme::Identifier> identifiers() const;
  double chance() const { return acme::chance_of(certificate_.metadata.uid); }
  SecretMetadataOptions metadata_options() const {
    return {context_.options.secret_owner_reference};
  }

  // Why a Secret with this content (null: none) is not what is wanted; nothing: it is.
  std::optional<Verdict> judge(const SecretContent* content) const;
  // A certificate that is neither ours nor given into our keeping.
  bool is_foreign(const SecretContent& content) const;
  bool is_renewal_requested() const;

  // ---- Writing
  // Only what differs, and only upon the version that was decided on.
  base::Status write_status();
  // The Secret as the API server has it now, into memory.
  base::Status read_secret();
  base::Status write_secret(const nlohmann::json& object);
  static End after_write(base::Status status, End end);

  // Says in status that something which only a change elsewhere can remove is in the way.
  // look_again: where no change wakes us. verdict: as show_blocked() has it.
  End block(const std::string& reason, const std::string& message,
            const std::optional<Verdict>& verdict, std::optional<Delay> look_again = std::nullopt);
  // Says what the Kubernetes API refuses; what this reconcile thought of besides is not written.
  void tell_trouble(const std::string& message);
  void warn(const std::string& reason, const std::string& message);

 private:
  std::vector<kube::ObjectReference> ingresses() const;

  Context& context_;
  Memory& memory_;
  api::Certificate certificate_;
  api::CertificateStatus written_;
};

}  // namespace certificate
