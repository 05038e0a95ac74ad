#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "operator/api/certificate.h"
#include "operator/certificate/secret_content.h"

// Whether a Certificate needs a new certificate, and why. Pure: a list of named checks, each a
// function of what is recorded.
namespace certificate {

// Verdict::reason when the Secret holds another certificate than the one that was issued.
inline constexpr const char* kSecretContested = "SecretContested";

// The same when a renewal is due, or asked for.
inline constexpr const char* kRenewing = "Renewing";
inline constexpr const char* kManuallyTriggered = "ManuallyTriggered";

// Likewise of one that is over.
inline constexpr const char* kExpired = "Expired";

struct ReissueInput {
  const api::Certificate& certificate;
  const SecretContent* secret;  // null: there is no Secret
  base::WallTime now;
  std::string server{};  // the directory URL that the issuer has now; empty: not known
};

// Goes straight into conditions and Events.
struct Verdict {
  std::string reason;   // CamelCase; cert-manager's words
  std::string message;  // a sentence without its full stop
  // The certificate in the Secret is as spec wants it and still valid: only its successor is due.
  bool is_usable_meanwhile = false;
};

using Check = std::optional<Verdict> (*)(const ReissueInput&);

struct NamedCheck {
  std::string_view name;
  Check check;
};

// In the order in which they are asked; each may rely on the earlier ones having passed.
std::span<const NamedCheck> reissue_checks();

// The first check that fails; nothing when the certificate is good and not due.
std::optional<Verdict> needs_reissue(const ReissueInput& input);

}  // namespace certificate
