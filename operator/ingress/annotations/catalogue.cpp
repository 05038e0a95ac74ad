#include "operator/ingress/annotations/catalogue.h"

#include <algorithm>
#include <array>
#include <iterator>

namespace ingress::annotations {
namespace {

constexpr Treatment kHonoured = Treatment::honoured;
constexpr Treatment kGuards = Treatment::guards;
constexpr Treatment kTunes = Treatment::tunes;

constexpr std::string_view kAuth =
    "Let the backend authenticate, and remove the auth-* annotations, to have it served.";
constexpr std::string_view kClientCertificates =
    "Let the backend check clients, and remove the auth-tls-* annotations, to have it served.";
constexpr std::string_view kAddresses =
    "Restrict addresses in front of the proxy or with a NetworkPolicy, and remove it, to have it "
    "served.";
constexpr std::string_view kLimits =
    "Limit in the backend, and remove the limit annotations, to have it served.";
constexpr std::string_view kSnippet =
    "Configuration text is never taken from annotations; remove it to have it served.";
constexpr std::string_view kFirewall =
    "There is no web application firewall here; remove it to have it served without one.";
constexpr std::string_view kRegex =
    "Write the paths as Exact or Prefix paths that the backend knows, and remove it.";
constexpr std::string_view kRedirects = "Answer the redirect from a backend, and remove it.";
constexpr std::string_view kMirror = "Remove the mirror annotations to have it served.";
constexpr std::string_view kFastCgi = "Put an HTTP server in front of the FastCGI program.";
constexpr std::string_view kUpstreamTls =
    "Let the Service offer a plain HTTP port, and remove the proxy-ssl-* annotations.";

// In order of key.
constexpr CatalogueEntry kTable[] = {
    {"affinity", kTunes, "", false},
    {"affinity-canary-behavior", kTunes, "", false},
    {"affinity-mode", kTunes, "", false},
    {"allowlist-source-range", kGuards, kAddresses, false},
    {"app-root", kTunes, "", false},
    {"auth-always-set-cookie", kGuards, kAuth, true},
    {"auth-cache-duration", kGuards, kAuth, false},
    {"auth-cache-key", kGuards, kAuth, false},
    {"auth-keepalive", kGuards, kAuth, false},
    {"auth-keepalive-requests", kGuards, kAuth, false},
    {"auth-keepalive-share-vars", kGuards, kAuth, true},
    {"auth-keepalive-timeout", kGuards, kAuth, false},
    {"auth-method", kGuards, kAuth, false},
    {"auth-proxy-set-headers", kGuards, kAuth, false},
    {"auth-realm", kGuards, kAuth, false},
    {"auth-request-redirect", kGuards, kAuth, false},
    {"auth-response-headers", kGuards, kAuth, false},
    {"auth-secret", kGuards, kAuth, false},
    {"auth-secret-type", kGuards, kAuth, false},
    {"auth-signin", kGuards, kAuth, false},
    {"auth-signin-redirect-param", kGuards, kAuth, false},
    {"auth-snippet", kGuards, kSnippet, false},
    {"auth-tls-error-page", kGuards, kClientCertificates, false},
    {"auth-tls-match-cn", kGuards, kClientCertificates, false},
    {"auth-tls-pass-certificate-to-upstream", kGuards, kClientCertificates, true},
    {"auth-tls-secret", kGuards, kClientCertificates, false},
    {"auth-tls-verify-client", kGuards, kClientCertificates, false},
    {"auth-tls-verify-depth", kGuards, kClientCertificates, false},
    {"auth-type", kGuards, kAuth, false},
    {"auth-url", kGuards, kAuth, false},
    {"backend-protocol", kHonoured, "", false},
    {"blacklist-source-range", kGuards, kAddresses, false},
    {"canary", Treatment::joins, "", true},
    {"canary-by-cookie", kTunes, "", false},
    {"canary-by-header", kTunes, "", false},
    {"canary-by-header-pattern", kTunes, "", false},
    {"canary-by-header-value", kTunes, "", false},
    {"canary-weight", kTunes, "", false},
    {"canary-weight-total", kTunes, "", false},
    {"client-body-buffer-size", kTunes, "", false},
    {"cluster-issuer", kHonoured, "", false},
    {"common-name", kHonoured, "", false},
    {"configuration-snippet", kGuards, kSnippet, false},
    {"connection-proxy-header", kTunes, "", false},
    {"cors-allow-credentials", kTunes, "", true},
    {"cors-allow-headers", kTunes, "", false},
    {"cors-allow-methods", kTunes, "", false},
    {"cors-allow-origin", kTunes, "", false},
    {"cors-expose-headers", kTunes, "", false},
    {"cors-max-age", kTunes, "", false},
    {"custom-headers", kTunes, "", false},
    {"custom-http-errors", kTunes, "", false},
    {"default-backend", kTunes, "", false},
    {"denylist-source-range", kGuards, kAddresses, false},
    {"disable-proxy-intercept-errors", kTunes, "", true},
    {"enable-access-log", kTunes, "", false},
    {"enable-cors", kTunes, "", true},
    {"enable-global-auth", kTunes, "", true},
    {"enable-modsecurity", kGuards, kFirewall, true},
    {"enable-opentelemetry", kTunes, "", true},
    {"enable-opentracing", kTunes, "", true},
    {"enable-owasp-core-rules", kGuards, kFirewall, true},
    {"enable-owasp-modsecurity-crs", kGuards, kFirewall, true},
    {"enable-rewrite-log", kTunes, "", true},
    {"fastcgi-index", kGuards, kFastCgi, false},
    {"fastcgi-params-configmap", kGuards, kFastCgi, false},
    {"force-ssl-redirect", kHonoured, "", false},
    {"from-to-www-redirect", kTunes, "", true},
    {"global-rate-limit", kGuards, kLimits, false},
    {"global-rate-limit-header-based", kGuards, kLimits, false},
    {"global-rate-limit-ignored-cidrs", kGuards, kLimits, false},
    {"global-rate-limit-key", kGuards, kLimits, false},
    {"global-rate-limit-window", kGuards, kLimits, false},
    {"http2-push-preload", kTunes, "", true},
    {"issuer", kHonoured, "", false},
    {"issuer-group", kHonoured, "", false},
    {"issuer-kind", kHonoured, "", false},
    {"limit-allowlist", kGuards, kLimits, false},
    {"limit-burst-multiplier", kGuards, kLimits, false},
    {"limit-connections", kGuards, kLimits, false},
    {"limit-rate", kGuards, kLimits, false},
    {"limit-rate-after", kGuards, kLimits, false},
    {"limit-rpm", kGuards, kLimits, false},
    {"limit-rps", kGuards, kLimits, false},
    {"limit-whitelist", kGuards, kLimits, false},
    {"load-balance", kTunes, "", false},
    {"mirror-host", kGuards, kMirror, false},
    {"mirror-request-body", kGuards, kMirror, false},
    {"mirror-target", kGuards, kMirror, false},
    {"modsecurity-snippet", kGuards, kSnippet, false},
    {"modsecurity-transaction-id", kGuards, kFirewall, false},
    {"opentelemetry-operation-name", kTunes, "", false},
    {"opentelemetry-trust-incoming-span", kTunes, "", true},
    {"opentracing-trust-incoming-span", kTunes, "", true},
    // A redirect stands in front of a backend that is often a placeholder; serving that one instead
    // would open it.
    {"permanent-redirect", kGuards, kRedirects, false},
    {"permanent-redirect-code", kTunes, "", false},
    {"preserve-trailing-slash", kHonoured, "", false},
    {"private-key-algorithm", kHonoured, "", false},
    {"private-key-rotation-policy", kHonoured, "", false},
    {"private-key-size", kHonoured, "", false},
    {"proxy-body-size", kHonoured, "", false},
    {"proxy-buffer-size", kTunes, "", false},
    {"proxy-buffering", kTunes, "", false},
    {"proxy-buffers-number", kTunes, "", false},
    {"proxy-busy-buffers-size", kTunes, "", false},
    {"proxy-connect-timeout", kHonoured, "", false},
    {"proxy-cookie-domain", kTunes, "", false},
    {"proxy-cookie-path", kTunes, "", false},
    {"proxy-http-version", kTunes, "", false},
    {"proxy-max-temp-file-size", kTunes, "", false},
    {"proxy-next-upstream", kTunes, "", false},
    {"proxy-next-upstream-timeout", kTunes, "", false},
    {"proxy-next-upstream-tries", kTunes, "", false},
    {"proxy-read-timeout", kHonoured, "", false},
    {"proxy-redirect-from", kTunes, "", false},
    {"proxy-redirect-to", kTunes, "", false},
    {"proxy-request-buffering", kTunes, "", false},
    {"proxy-send-timeout", kHonoured, "", false},
    {"proxy-ssl-ciphers", kGuards, kUpstreamTls, false},
    {"proxy-ssl-name", kGuards, kUpstreamTls, false},
    {"proxy-ssl-protocols", kGuards, kUpstreamTls, false},
    {"proxy-ssl-secret", kGuards, kUpstreamTls, false},
    {"proxy-ssl-server-name", kGuards, kUpstreamTls, true},
    {"proxy-ssl-verify", kGuards, kUpstreamTls, true},
    {"proxy-ssl-verify-depth", kGuards, kUpstreamTls, false},
    {"relative-redirects", kTunes, "", true},
    {"renew-before", kHonoured, "", false},
    {"renew-before-percentage", kHonoured, "", false},
    // Without the rewrite, paths of the backend that it kept out of reach would be reachable.
    {"rewrite-target", kGuards, kRegex, false},
    {"satisfy", kGuards, kAuth, false},
    {"secret-template", kHonoured, "", false},
    {"secure-backends", kGuards, kUpstreamTls, true},
    {"secure-verify-ca-secret", kGuards, kUpstreamTls, false},
    {"server-alias", kTunes, "", false},
    {"server-snippet", kGuards, kSnippet, false},
    {"service-upstream", kTunes, "", true},
    {"session-cookie-change-on-failure", kTunes, "", true},
    {"session-cookie-conditional-samesite-none", kTunes, "", true},
    {"session-cookie-domain", kTunes, "", false},
    {"session-cookie-expires", kTunes, "", false},
    {"session-cookie-hash", kTunes, "", false},
    {"session-cookie-max-age", kTunes, "", false},
    {"session-cookie-name", kTunes, "", false},
    {"session-cookie-path", kTunes, "", false},
    {"session-cookie-samesite", kTunes, "", false},
    {"session-cookie-secure", kTunes, "", true},
    {"ssl-ciphers", kTunes, "", false},
    // The connection ends here instead, or fails without a certificate: nothing opens.
    {"ssl-passthrough", kTunes, "", true},
    {"ssl-prefer-server-ciphers", kTunes, "", true},
    {"ssl-redirect", kHonoured, "", false},
    {"stream-snippet", kGuards, kSnippet, false},
    {"temporal-redirect", kGuards, kRedirects, false},
    {"temporal-redirect-code", kTunes, "", false},
    {"upstream-hash-by", kTunes, "", false},
    {"upstream-hash-by-subset", kTunes, "", true},
    {"upstream-hash-by-subset-size", kTunes, "", false},
    {"upstream-vhost", kTunes, "", false},
    // A regular expression matched as plain text matches less, and a request meant for it would
    // fall through to another Ingress's wider path.
    {"use-regex", kGuards, kRegex, true},
    {"whitelist-source-range", kGuards, kAddresses, false},
    {"x-forwarded-prefix", kTunes, "", false},
};

constexpr bool is_sorted_by_key() {
  for (std::size_t i = 1; i < std::size(kTable); ++i) {
    if (!(kTable[i - 1].key < kTable[i].key)) return false;
  }
  return true;
}
static_assert(is_sorted_by_key(), "look_up() searches by halving");

bool smells_of_a_guard(std::string_view key) {
  constexpr std::array<std::string_view, 22> kSmells = {
      "auth",  "allow",  "deny",   "white",    "black",   "limit", "snippet", "secur",
      "range", "satisf", "verify", "restrict", "protect", "jwt",   "oauth",   "oidc",
      "waf",   "block",  "forbid", "firewall", "lua",     "secret"};
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
    return {key, kGuards, "Check its spelling, or remove it to have it served.", false};
  }
  return {key, kTunes, "Check its spelling.", false};
}

std::span<const CatalogueEntry> catalogue() {
  return kTable;
}

}  // namespace ingress::annotations
