#include "operator/ingress/annotations/catalogue.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <iterator>

#include "operator/ingress/annotations/table_words.h"
#include "operator/ingress/annotations/values.h"

namespace ingress::annotations {
namespace {

using namespace table_words;

constexpr std::string_view kDenyList = "Write it as denylist-source-range.";
constexpr std::string_view kAuthSnippet =
    "Configuration text is never taken from annotations. Who is asked is told X-Forwarded-Host, "
    "X-Original-URL and their kin anyway; further fields are those of a ConfigMap that "
    "auth-proxy-set-headers names. Remove it to have it served.";
// What people write who look for a key by its name in nginx.
constexpr std::string_view kBodySize = "Write it as proxy-body-size.";
constexpr std::string_view kBuffers = "No such key is needed: responses are sent on as they come.";
constexpr std::string_view kBufferSize =
    "The head of a response may have 32 KiB, whatever is said; a larger one is answered with 502 "
    "(upstream_head_too_large). Let the backend say less, which mostly is in cookies, or remove "
    "it.";
// As proxy::session::Options::response_limits; a test of ServedKeys has both.
constexpr std::uint64_t kResponseHeadBytes = 32u << 10;
constexpr std::string_view kGrpc = "Write gatehouse.dev/backend-protocol: GRPC.";
constexpr std::string_view kHsts =
    "Write it as a field in gatehouse.dev/response-headers, or let those who run the cluster say "
    "hsts in the EdgeParameters of the class.";
constexpr std::string_view kRequestFields =
    "Write the fields, one \"Name: value\" a line, in gatehouse.dev/request-headers.";
constexpr std::string_view kResponseFields =
    "Write the fields, one \"Name: value\" a line, in gatehouse.dev/response-headers.";
constexpr std::string_view kWebSockets = "No such key is needed: WebSockets pass.";
constexpr std::string_view kLimits =
    "Limit in the backend, and remove the limit annotations, to have it served.";
constexpr std::string_view kFastCgi = "Put an HTTP server in front of the FastCGI program.";
constexpr std::string_view kUpstreamTls =
    "Let the Service offer a plain HTTP port, and remove the proxy-ssl-* annotations.";

// In order of key.
constexpr CatalogueEntry kTable[] = {
    {"add-headers", kTunes, kResponseFields, kText},
    {"affinity", kHonoured, "", kText},
    {"affinity-canary-behavior", kTunes, "", kText},
    {"affinity-mode", kHonoured, "", kText},
    {"allowlist-source-range", kHonoured, "", kAdmitted},
    {"app-root", kHonoured, "", kText},
    {"auth-always-set-cookie", kHonoured, "", kOnOff},
    {"auth-cache-duration", kHonoured, "", kText},
    {"auth-cache-key", kHonoured, "", kText},
    {"auth-keepalive", kHonoured, "", kNumber},
    {"auth-keepalive-requests", kHonoured, "", kNumber},
    {"auth-keepalive-share-vars", kHonoured, "", kOnOff},
    {"auth-keepalive-timeout", kHonoured, "", kNumber},
    {"auth-method", kHonoured, "", kText},
    {"auth-proxy-set-headers", kHonoured, "", kText},
    {"auth-realm", kHonoured, "", kText},
    {"auth-request-redirect", kHonoured, "", kText},
    {"auth-response-headers", kHonoured, "", kText},
    {"auth-secret", kHonoured, "", kText},
    {"auth-secret-type", kHonoured, "", kText},
    {"auth-signin", kHonoured, "", kText},
    {"auth-signin-redirect-param", kHonoured, "", kText},
    {"auth-snippet", kGuards, kAuthSnippet, kText},
    {"auth-tls-error-page", kHonoured, "", kText},
    {"auth-tls-match-cn", kHonoured, "", kOnOff},
    {"auth-tls-pass-certificate-to-upstream", kHonoured, "", kText},
    {"auth-tls-secret", kHonoured, "", kText},
    {"auth-tls-verify-client", kHonoured, "", kOnOff},
    {"auth-tls-verify-depth", kHonoured, "", kNumber},
    {"auth-type", kHonoured, "", kText},
    {"auth-url", kHonoured, "", kText},
    {"backend-protocol", kHonoured, "", kOnOff},
    {"blacklist-source-range", kGuards, kDenyList, kText},
    {"canary", kHonoured, "", kOnOff},
    {"canary-by-cookie", kHonoured, "", kText},
    {"canary-by-header", kHonoured, "", kText},
    {"canary-by-header-pattern", kHonoured, "", kText},
    {"canary-by-header-value", kHonoured, "", kText},
    {"canary-weight", kHonoured, "", kNumber},
    {"canary-weight-total", kHonoured, "", kText},
    {"client-body-buffer-size", kTunes, "", kText},
    {"client-max-body-size", kTunes, kBodySize, kText},
    {"cluster-issuer", kHonoured, "", kText},
    {"common-name", kHonoured, "", kText},
    {"configuration-snippet", kGuards, kSnippet, kText},
    {"connection-proxy-header", kTunes, "", kText, "keep-alive"},
    {"cors-allow-credentials", kHonoured, "", kOnOff},
    {"cors-allow-headers", kHonoured, "", kText},
    {"cors-allow-methods", kHonoured, "", kText},
    {"cors-allow-origin", kHonoured, "", kText},
    {"cors-expose-headers", kHonoured, "", kText},
    {"cors-max-age", kHonoured, "", kText},
    {"custom-headers", kHonoured, "", kText},
    {"custom-http-errors", kHonoured, "", kText},
    {"default-backend", kHonoured, "", kText},
    {"denylist-source-range", kHonoured, "", kText},
    {"disable-proxy-intercept-errors", kHonoured, "", kOnOff},
    {"eject-after", kHonoured, "", kNumber},
    {"enable-access-log", kHonoured, "", kText},
    {"enable-cors", kHonoured, "", kOnOff},
    {"enable-global-auth", kHonoured, "", kOnOff},
    {"enable-modsecurity", kHonoured, "", kOnOff},
    {"enable-opentelemetry", kHonoured, "", kOnOff},
    {"enable-opentracing", kTunes, "", kOnOff},
    {"enable-owasp-core-rules", kHonoured, "", kOnOff},
    {"enable-owasp-modsecurity-crs", kHonoured, "", kOnOff},
    {"enable-rewrite-log", kTunes, "", kOnOff},
    {"fastcgi-index", kGuards, kFastCgi, kText},
    {"fastcgi-params-configmap", kGuards, kFastCgi, kText},
    {"firewall-anomaly-threshold", kHonoured, "", kText},
    {"firewall-excluded-rules", kHonoured, "", kOnOff},
    {"firewall-mode", kHonoured, "", kOnOff},
    {"firewall-paranoia-level", kHonoured, "", kText},
    {"firewall-request-body-limit", kHonoured, "", kText},
    {"firewall-response-anomaly-threshold", kHonoured, "", kText},
    {"firewall-response-body-access", kHonoured, "", kOnOff},
    {"firewall-response-body-limit", kHonoured, "", kText},
    {"firewall-response-body-limit-action", kHonoured, "", kText},
    {"firewall-response-body-types", kHonoured, "", kText},
    {"firewall-uninspected", kHonoured, "", kText},
    {"fixed-answer", kHonoured, "", kOnOff},
    {"fixed-answer-text", kHonoured, "", kText},
    {"fixed-answer-type", kHonoured, "", kText},
    {"force-ssl-redirect", kHonoured, "", kText},
    {"from-to-www-redirect", kHonoured, "", kText},
    {"global-rate-limit", kGuards, kLimits, kNumber},
    {"global-rate-limit-header-based", kGuards, kLimits, kText},
    {"global-rate-limit-ignored-cidrs", kGuards, kLimits, kAdmitted},
    {"global-rate-limit-key", kGuards, kLimits, kText},
    {"global-rate-limit-window", kGuards, kLimits, kNumber},
    {"grpc-backend", kTunes, kGrpc, kOnOff},
    {"hidden-headers", kHonoured, "", kText},
    {"hsts", kTunes, kHsts, kOnOff},
    {"hsts-include-subdomains", kTunes, kHsts, kOnOff},
    {"hsts-max-age", kTunes, kHsts, kText},
    {"hsts-preload", kTunes, kHsts, kOnOff},
    {"http2-push-preload", kTunes, "", kOnOff},
    {"issuer", kHonoured, "", kText},
    {"issuer-group", kHonoured, "", kText},
    {"issuer-kind", kHonoured, "", kText},
    {"large-client-header-buffers", kTunes, kBuffers, kText},
    {"limit-allowlist", kHonoured, "", kAdmitted},
    {"limit-burst-multiplier", kHonoured, "", kNumber},
    {"limit-connections", kHonoured, "", kNumber},
    {"limit-rate", kHonoured, "", kNumber},
    {"limit-rate-after", kHonoured, "", kNumber},
    {"limit-rpm", kHonoured, "", kNumber},
    {"limit-rps", kHonoured, "", kNumber},
    {"limit-status", kHonoured, "", kText},
    {"limit-whitelist", kHonoured, "", kAdmitted},
    {"load-balance", kHonoured, "", kText},
    {"max-connections-per-endpoint", kHonoured, "", kNumber},
    {"max-requests-per-endpoint", kHonoured, "", kNumber},
    {"mirror-host", kHonoured, "", kText},
    {"mirror-request-body", kHonoured, "", kText},
    {"mirror-target", kHonoured, "", kText},
    {"modsecurity-snippet", kGuards, kSnippet, kText},
    {"modsecurity-transaction-id", kHonoured, "", kText},
    {"opentelemetry-operation-name", kTunes, "", kText},
    {"opentelemetry-trust-incoming-span", kHonoured, "", kOnOff},
    {"opentracing-trust-incoming-span", kTunes, "", kOnOff},
    {"permanent-redirect", kHonoured, "", kOnOff},
    {"permanent-redirect-code", kHonoured, "", kText},
    {"plain-http", kHonoured, "", kText},
    {"preserve-trailing-slash", kHonoured, "", kText},
    {"private-key-algorithm", kHonoured, "", kText},
    {"private-key-rotation-policy", kHonoured, "", kText},
    {"private-key-size", kHonoured, "", kText},
    {"proxy-body-size", kHonoured, "", kText},
    {"proxy-buffer-size", kTunes, kBufferSize, kHead},
    {"proxy-buffering", kTunes, "", kOnOff},
    {"proxy-buffers", kTunes, kBuffers, kText},
    {"proxy-buffers-number", kTunes, kBuffers, kText},
    {"proxy-busy-buffers-size", kTunes, kBuffers, kText},
    {"proxy-connect-timeout", kHonoured, "", kText},
    {"proxy-cookie-domain", kHonoured, "", kText},
    {"proxy-cookie-path", kHonoured, "", kText},
    {"proxy-http-version", kTunes, "", kText, "1.1"},
    {"proxy-max-temp-file-size", kTunes, "", kText},
    {"proxy-next-upstream", kHonoured, "", kText},
    {"proxy-next-upstream-timeout", kHonoured, "", kText},
    {"proxy-next-upstream-tries", kHonoured, "", kText},
    {"proxy-protocol-to-backend", kHonoured, "", kOnOff},
    {"proxy-read-timeout", kHonoured, "", kText},
    {"proxy-redirect-from", kHonoured, "", kText},
    {"proxy-redirect-to", kHonoured, "", kText},
    {"proxy-request-buffering", kHonoured, "", kText},
    {"proxy-send-timeout", kHonoured, "", kText},
    {"proxy-set-headers", kTunes, kRequestFields, kText},
    {"proxy-ssl-ciphers", kHonoured, "", kText},
    {"proxy-ssl-configmap", kHonoured, "", kText},
    {"proxy-ssl-name", kHonoured, "", kText},
    {"proxy-ssl-protocols", kHonoured, "", kOnOff},
    {"proxy-ssl-secret", kHonoured, "", kText},
    {"proxy-ssl-server-name", kHonoured, "", kOnOff},
    {"proxy-ssl-verify", kHonoured, "", kOnOff},
    {"proxy-ssl-verify-depth", kHonoured, "", kNumber},
    {"relative-redirects", kHonoured, "", kOnOff},
    {"renew-before", kHonoured, "", kText},
    {"renew-before-percentage", kHonoured, "", kText},
    {"request-headers", kHonoured, "", kText},
    {"response-headers", kHonoured, "", kText},
    {"rewrite-target", kHonoured, "", kText},
    {"satisfy", kHonoured, "", kOnOff},
    {"secret-template", kHonoured, "", kText},
    {"secure-backends", kGuards, kUpstreamTls, kOnOff},
    {"secure-verify-ca-secret", kGuards, kUpstreamTls, kText},
    {"server-alias", kHonoured, "", kText},
    {"server-snippet", kGuards, kSnippet, kText},
    {"service-upstream", kHonoured, "", kText},
    {"session-cookie-change-on-failure", kHonoured, "", kOnOff},
    {"session-cookie-conditional-samesite-none", kHonoured, "", kOnOff},
    {"session-cookie-domain", kHonoured, "", kText},
    {"session-cookie-expires", kHonoured, "", kText},
    {"session-cookie-hash", kTunes, "", kText},
    {"session-cookie-max-age", kHonoured, "", kText},
    {"session-cookie-name", kHonoured, "", kText},
    {"session-cookie-path", kHonoured, "", kText},
    {"session-cookie-samesite", kHonoured, "", kText},
    {"session-cookie-secure", kHonoured, "", kOnOff},
    {"slow-start", kHonoured, "", kText},
    {"ssl-ciphers", kTunes, kTlsPolicy, kText},
    {"ssl-passthrough", kHonoured, "", kOnOff},
    {"ssl-prefer-server-ciphers", kTunes, kTlsPolicy, kText},
    {"ssl-redirect", kHonoured, "", kText},
    {"stream-snippet", kGuards, kSnippet, kText},
    {"temporal-redirect", kHonoured, "", kOnOff},
    {"temporal-redirect-code", kHonoured, "", kText},
    {"tls-policy", kHonoured, "", kText},
    {"upstream-hash-by", kHonoured, "", kText},
    {"upstream-hash-by-subset", kTunes, "", kOnOff},
    {"upstream-hash-by-subset-size", kTunes, "", kNumber},
    {"upstream-vhost", kHonoured, "", kText},
    {"use-regex", kHonoured, "", kOnOff},
    {"websocket-services", kTunes, kWebSockets, kText},
    {"whitelist-source-range", kHonoured, "", kAdmitted},
    {"x-forwarded-prefix", kHonoured, "", kText},
};

constexpr bool is_sorted_by_key() {
  for (std::size_t i = 1; i < std::size(kTable); ++i) {
    if (!(kTable[i - 1].key < kTable[i].key)) return false;
  }
  return true;
}
static_assert(is_sorted_by_key(), "look_up() searches by halving");

bool smells_of_a_guard(std::string_view key) {
  // An attribute of a cookie, and what is put on the Secret of a certificate.
  if (key == "secret-template" ||
      (key.find("cookie") != std::string_view::npos && key.ends_with("secure"))) {
    return false;
  }
  constexpr std::array<std::string_view, 23> kSmells = {
      "auth",  "allow",  "deny",   "white",    "black",   "limit",  "snippet", "secur",
      "range", "satisf", "verify", "restrict", "protect", "jwt",    "oauth",   "oidc",
      "waf",   "block",  "forbid", "firewall", "lua",     "secret", "owasp"};
  return std::any_of(kSmells.begin(), kSmells.end(), [key](std::string_view smell) {
    return key.find(smell) != std::string_view::npos;
  });
}

}  // namespace

CatalogueEntry look_up(std::string_view key) {
  const auto* found = std::lower_bound(
      std::begin(kTable), std::end(kTable), key,
      [](const CatalogueEntry& entry, std::string_view k) { return entry.key < k; });
  if (found != std::end(kTable) && found->key == key) return *found;
  if (smells_of_a_guard(key)) {
    return {key, kGuards, "Check its spelling, or remove it to have it served.", kNumber};
  }
  return {key, kTunes, "Check its spelling.", kText};
}

bool keeps_somebody_out(const CatalogueEntry& honoured) {
  constexpr std::array<std::string_view, 4> kPathsMean = {"permanent-redirect", "rewrite-target",
                                                          "temporal-redirect", "use-regex"};
  // Who may read an answer is the browser's to keep.
  if (honoured.key.starts_with("cors-")) return false;
  return smells_of_a_guard(honoured.key) ||
         std::find(kPathsMean.begin(), kPathsMean.end(), honoured.key) != kPathsMean.end();
}

bool asks_for_nothing(const CatalogueEntry& entry, std::string_view value) {
  if (is_blank(value)) return true;
  if (!entry.harmless.empty() && is_same_word(value, entry.harmless)) return true;
  switch (entry.value) {
    case ValueKind::text:
      return false;
    case ValueKind::on_off:
      return read_bool(value) == false;
    case ValueKind::number:
      return says_no(value);
    case ValueKind::admitted:
      return admits_everybody(value);
    case ValueKind::head: {
      const auto size = read_size(value);
      return size && *size <= kResponseHeadBytes;
    }
  }
  return false;
}

std::span<const CatalogueEntry> catalogue() {
  return kTable;
}

}  // namespace ingress::annotations
