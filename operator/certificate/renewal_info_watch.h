#pragma once

#include "base/x509.h"
#include "operator/certificate/context.h"
#include "operator/certificate/issuer_access.h"
#include "operator/certificate/memory.h"
#include "operator/certificate/record.h"

namespace certificate {

// Keeps what the server suggests about the renewal of a certificate (RFC 9773) in status.
class RenewalInfoWatch {
 public:
  RenewalInfoWatch(Context& context, Memory::RenewalInfo& memory, Record& record,
                   IssuerAccess& issuer)
      : context_(context), memory_(memory), record_(record), issuer_(issuer) {}

  // Asks the server if it is time, and says in status (not written yet) what is known.
  void look(const base::CertificateInfo& leaf);
  std::optional<base::SteadyTime> next_look() const { return memory_.next_fetch; }

 private:
  void begin();
  void fetch(const base::CertificateInfo& leaf);

  Context& context_;
  Memory::RenewalInfo& memory_;
  Record& record_;
  IssuerAccess& issuer_;
};

}  // namespace certificate
