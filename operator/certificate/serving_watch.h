#pragma once

#include <optional>
#include <string>

#include "base/x509.h"
#include "operator/certificate/context.h"
#include "operator/certificate/record.h"
#include "operator/certificate/serving_schedule.h"

namespace certificate {

// Keeps the condition Serving: whether the proxies serve the certificate that is in the Secret.
// When they are asked is serving_schedule.h's to say.
class ServingWatch {
 public:
  ServingWatch(Context& context, ServingLooks& looks, Record& record)
      : context_(context), looks_(looks), record_(record) {}

  // Asks the proxies if it is time, and says in status (not written yet) what is known.
  void look(const base::CertificateInfo& leaf);
  // The next look() asks.
  void look_soon() { looks_.next_look = context_.steady_now(); }
  // Some that can be asked do not serve it yet, as far as is known.
  bool is_awaited() const { return is_awaited_; }
  // The quick looks after an issuance are over: from here on the pace is that of any certificate.
  void end_quick_looks();
  // When to look again; nothing: not until something changes.
  std::optional<base::SteadyTime> next_look() const;

 private:
  bool ask(const ServingInput& input);

  Context& context_;
  ServingLooks& looks_;
  Record& record_;
  bool is_awaited_ = false;
  bool is_asking_ = false;
};

}  // namespace certificate
