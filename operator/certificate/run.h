#pragma once

#include <memory>
#include <optional>

#include "operator/certificate/context.h"
#include "operator/certificate/issuance.h"
#include "operator/certificate/issuer_access.h"
#include "operator/certificate/memory.h"
#include "operator/certificate/permission.h"
#include "operator/certificate/record.h"
#include "operator/certificate/reissue_policy.h"
#include "operator/certificate/renewal_info_watch.h"
#include "operator/certificate/secret_content.h"
#include "operator/certificate/serving_watch.h"

namespace certificate {

// One reconcile of one Certificate: whether there is anything to do, and what becomes of a Secret
// that others write, too. The members that return an End end it.
class Run {
 public:
  Run(Context& context, Memory& memory, api::Certificate certificate);

  End go();

 private:
  End look();
  void account_for_order();
  void tell_of_trouble(const base::Error& error);
  std::shared_ptr<const api::Certificate> older_claimant() const;
  End go_on_with_order();
  End decide();
  End keep(const kube::Secret& secret, const SecretContent& content);
  std::optional<End> renew_metadata(bool is_edited);
  End start(const Verdict& verdict);
  End begin(const Verdict& verdict);
  std::optional<End> put_back();
  End write_again();
  End leave_to_others(const Verdict& verdict, Delay look_again);

  api::Certificate& certificate() { return record_.certificate(); }
  const api::CertificateStatus& status() const { return record_.status(); }

  Context& context_;
  Memory& memory_;
  Record record_;
  IssuerAccess issuer_;
  Permission permission_;
  ServingWatch serving_;
  RenewalInfoWatch renewal_info_;
  Issuance issuance_;
};

}  // namespace certificate
