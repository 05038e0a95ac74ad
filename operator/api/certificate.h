#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "base/clock.h"
#include "base/key.h"
#include "base/rare.h"
#include "base/result.h"
#include "base/text_map.h"
#include "kube/conditions.h"
#include "kube/object.h"

namespace api {

// Set this annotation on a Certificate to any new value (the time, say) to force a renewal; the
// value that was served last is status.lastRenewalRequest.
inline constexpr const char* kRenewRequestedAnnotation = "gatehouse.dev/renew-requested";

// On the Secrets that we write.
inline constexpr const char* kCertificateNameAnnotation = "gatehouse.dev/certificate-name";
inline constexpr const char* kIssuerNameAnnotation = "gatehouse.dev/issuer-name";
inline constexpr const char* kIssuerKindAnnotation = "gatehouse.dev/issuer-kind";

// Condition types of a Certificate.
inline constexpr const char* kReady = "Ready";      // a valid certificate for spec is in the Secret
inline constexpr const char* kIssuing = "Issuing";  // an order is under way, or the last one failed
inline constexpr const char* kServing = "Serving";  // what the proxies present in a handshake

struct IssuerRef {
  std::string name;
  std::string kind = "Issuer";  // Issuer | ClusterIssuer
  bool is_cluster_issuer() const { return kind == "ClusterIssuer"; }
  bool operator==(const IssuerRef&) const = default;
};

enum class RotationPolicy { always, never };

struct CertificateSpec {
  std::string secret_name;
  base::TextMap secret_labels;       // secretTemplate
  base::TextMap secret_annotations;  // secretTemplate
  IssuerRef issuer_ref;
  std::string ingress_class;  // of the release in charge; empty: of the one for those without
  std::string common_name;
  std::vector<std::string> dns_names;
  std::vector<std::string> ip_addresses;
  std::optional<base::KeySpec> key;  // nothing: nobody asked for one
  RotationPolicy rotation_policy = RotationPolicy::always;
  std::optional<std::chrono::seconds> renew_before;
  std::optional<int> renew_before_percentage;
  bool operator==(const CertificateSpec&) const = default;

  // The key to be made: what is asked for, else as the present one (moved here from elsewhere),
  // else the default.
  base::KeySpec key_after(const std::optional<base::KeySpec>& present) const {
    return key ? *key : present.value_or(base::KeySpec{});
  }
};

// One authorization of the order under way (RFC 8555 §7.1.4). token and key_authorization are what
// the proxies answer; both are public by nature.
struct AuthorizationStatus {
  std::string identifier;
  std::string url;
  std::string state;  // the server's word: pending, valid, invalid, ...
  std::string challenge_url;
  std::string token;
  std::string key_authorization;
  std::string problem;  // the server's own words
  bool operator==(const AuthorizationStatus&) const = default;
};

struct OrderStatus {
  std::string url;
  std::string account_url;  // whose order it is: another account cannot go on with it
  std::string state;        // the server's word; "invalid" when the order is lost
  std::string finalize_url;
  std::string renewal_request;  // the renew-requested annotation that this order serves
  std::optional<base::WallTime> placed_at;
  std::optional<base::WallTime> expires;
  std::vector<AuthorizationStatus> authorizations;
  std::string problem;
  bool operator==(const OrderStatus&) const = default;
};

// RFC 9773.
struct RenewalInfoStatus {
  base::WallTime window_start;
  base::WallTime window_end;
  std::string explanation_url;
  base::WallTime next_check;
  bool operator==(const RenewalInfoStatus&) const = default;
};

// One object tells the whole story: what is served, what is under way, what failed and why, what
// happens next and when. It is also all that a restarted operator needs, with the Secret.
struct CertificateStatus {
  std::vector<kube::Condition> conditions;  // Ready, Issuing, Serving
  std::optional<base::WallTime> not_before;
  std::optional<base::WallTime> not_after;
  std::optional<base::WallTime> renewal_time;
  std::string serial_number;
  std::string fingerprint_sha256;
  std::string issuer;   // the certificate's issuer, RFC 2253 text
  std::string subject;  // likewise; empty where the CA leaves it out
  std::string public_key_sha256;
  int chain_length = 0;  // certificates in tls.crt
  std::int64_t revision = 0;
  base::Rare<OrderStatus> order;     // the order under way, or the last that failed
  std::string last_order_url;        // of the certificate in the Secret
  std::string last_renewal_request;  // the renew-requested annotation that was served last
  // When this Certificate was issued: the newest, and others of the last day. They pace the orders.
  std::vector<base::WallTime> recent_issuances;
  // When orders were begun that led to nothing yet, each written before it was placed: after a
  // crash nobody knows more of it. They pace the orders likewise.
  std::vector<base::WallTime> begun_orders;
  std::optional<RenewalInfoStatus> renewal_info;
  int failed_issuance_attempts = 0;  // in a row
  std::optional<base::WallTime> last_failure_time;
  std::string last_failure_class;  // acme::name_of()
  // What a rate limit is about: the account, and the names when it says so.
  std::string last_failure_account;
  std::vector<std::string> last_failure_names;
  std::string last_failure;  // the server's own words
  std::optional<base::WallTime> next_attempt_time;
  std::string next_attempt_reason;
  std::int64_t observed_generation = 0;
  bool operator==(const CertificateStatus&) const = default;
};

struct Certificate {
  kube::ObjectMeta metadata;
  // Why spec or status cannot be read, though the definition lets it pass: nothing is done for this
  // Certificate but to say so. Empty: all is well.
  std::string problem;
  CertificateSpec spec;
  CertificateStatus status;

  static const kube::ResourceType& type();
  // invalid when there is a problem; read() gives the object with it, so that it can be told there.
  static base::Result<Certificate> from_json(const nlohmann::json& object);
  static base::Result<Certificate> read(const nlohmann::json& object);

  // What a certificate must cover, exactly: dnsNames and the common name, ipAddresses in RFC 5952
  // form; lower case, sorted, unique.
  std::vector<std::string> dns_names() const;
  std::vector<std::string> ip_addresses() const;
  std::vector<std::string> all_names() const;  // dns_names(), then ip_addresses()

  std::string display_name() const { return "Certificate " + metadata.key().text(); }
};

nlohmann::json spec_to_json(const CertificateSpec& spec);
nlohmann::json status_to_json(const CertificateStatus& status);

}  // namespace api
