#include "operator/ingress/annotations/other_controllers.h"

#include <algorithm>
#include <iterator>

#include "operator/ingress/annotations/table_words.h"
#include "operator/ingress/annotations/values.h"

namespace ingress::annotations {
namespace {

using namespace table_words;

constexpr std::string_view kPassthrough = "Write it as gatehouse.dev/ssl-passthrough: \"true\".";
constexpr std::string_view kAuth =
    "Let the backend authenticate, and remove it, to have it served.";
constexpr std::string_view kClientCertificates =
    "Let the backend check clients, and remove it, to have it served.";
constexpr std::string_view kExposure =
    "It keeps the Ingress away from some clients; see that they cannot reach the proxy, and remove "
    "it, to have it served.";
constexpr std::string_view kLimits = "Limit in the backend, and remove it, to have it served.";
constexpr std::string_view kMethods =
    "It lets in some requests only; let the backend refuse the others, and remove it, to have it "
    "served.";
constexpr std::string_view kExtensions =
    "What it names may guard, and is not known here; remove it to have it served without.";
constexpr std::string_view kUpstreamTls =
    "Let the Service offer a plain HTTP port, and remove it, to have it served.";
constexpr std::string_view kPlainHttp =
    "Plain HTTP is redirected to https where the host has a certificate; "
    "gatehouse.dev/force-ssl-redirect does so without one.";

// In order of name.
constexpr OtherEntry kTable[] = {
    {"alb.ingress.kubernetes.io/actions.", kGuards, kPaths, kText},
    {"alb.ingress.kubernetes.io/auth-idp-cognito", kGuards, kAuth, kText},
    {"alb.ingress.kubernetes.io/auth-idp-oidc", kGuards, kAuth, kText},
    {"alb.ingress.kubernetes.io/auth-on-unauthenticated-request", kGuards, kAuth, kText},
    {"alb.ingress.kubernetes.io/auth-scope", kGuards, kAuth, kText},
    {"alb.ingress.kubernetes.io/auth-session-cookie", kGuards, kAuth, kText},
    {"alb.ingress.kubernetes.io/auth-session-timeout", kGuards, kAuth, kText},
    {"alb.ingress.kubernetes.io/auth-type", kGuards, kAuth, kText, "none"},
    {"alb.ingress.kubernetes.io/backend-protocol", kGuards, kUpstreamTls, kText, "HTTP"},
    {"alb.ingress.kubernetes.io/backend-protocol-version", kTunes, "", kText},
    {"alb.ingress.kubernetes.io/certificate-arn", kTunes, "", kText},
    {"alb.ingress.kubernetes.io/conditions.", kGuards, kPaths, kText},
    {"alb.ingress.kubernetes.io/customer-owned-ipv4-pool", kTunes, "", kText},
    {"alb.ingress.kubernetes.io/group.name", kTunes, "", kText},
    {"alb.ingress.kubernetes.io/group.order", kTunes, "", kText},
    {"alb.ingress.kubernetes.io/healthcheck-interval-seconds", kTunes, "", kText},
    {"alb.ingress.kubernetes.io/healthcheck-path", kTunes, "", kText},
    {"alb.ingress.kubernetes.io/healthcheck-port", kTunes, "", kText},
    {"alb.ingress.kubernetes.io/healthcheck-protocol", kTunes, "", kText},
    {"alb.ingress.kubernetes.io/healthcheck-timeout-seconds", kTunes, "", kText},
    {"alb.ingress.kubernetes.io/healthy-threshold-count", kTunes, "", kText},
    {"alb.ingress.kubernetes.io/inbound-cidrs", kGuards, kAddresses, kAdmitted, "0.0.0.0/0"},
    {"alb.ingress.kubernetes.io/ip-address-type", kTunes, "", kText},
    {"alb.ingress.kubernetes.io/jwt-validation", kGuards, kAuth, kText},
    {"alb.ingress.kubernetes.io/listen-ports", kTunes, "", kText},
    {"alb.ingress.kubernetes.io/load-balancer-attributes", kTunes, "", kText},
    {"alb.ingress.kubernetes.io/load-balancer-name", kTunes, "", kText},
    {"alb.ingress.kubernetes.io/manage-backend-security-group-rules", kTunes, "", kText},
    {"alb.ingress.kubernetes.io/mutual-authentication", kGuards, kClientCertificates, kText},
    {"alb.ingress.kubernetes.io/scheme", kGuards, kExposure, kText, "internet-facing"},
    {"alb.ingress.kubernetes.io/security-group-prefix-lists", kGuards, kAddresses, kText},
    {"alb.ingress.kubernetes.io/security-groups", kGuards, kAddresses, kText},
    {"alb.ingress.kubernetes.io/shield-advanced-protection", kGuards, kFirewall, kOnOff},
    {"alb.ingress.kubernetes.io/ssl-policy", kTunes, kTlsPolicy, kText},
    {"alb.ingress.kubernetes.io/ssl-redirect", kTunes, "", kText},
    {"alb.ingress.kubernetes.io/subnets", kTunes, "", kText},
    {"alb.ingress.kubernetes.io/success-codes", kTunes, "", kText},
    {"alb.ingress.kubernetes.io/tags", kTunes, "", kText},
    {"alb.ingress.kubernetes.io/target-group-attributes", kTunes, "", kText},
    {"alb.ingress.kubernetes.io/target-node-labels", kTunes, "", kText},
    {"alb.ingress.kubernetes.io/target-type", kTunes, "", kText, "ip"},
    {"alb.ingress.kubernetes.io/transforms.", kGuards, kPaths, kText},
    {"alb.ingress.kubernetes.io/unhealthy-threshold-count", kTunes, "", kText},
    {"alb.ingress.kubernetes.io/waf-acl-id", kGuards, kFirewall, kText},
    {"alb.ingress.kubernetes.io/wafv2-acl-arn", kGuards, kFirewall, kText},
    {"alb.ingress.kubernetes.io/wafv2-acl-name", kGuards, kFirewall, kText},
    {"alb.ingress.kubernetes.io/web-acl-id", kGuards, kFirewall, kText},
    {"appgw.ingress.kubernetes.io/appgw-ssl-certificate", kTunes, "", kText},
    {"appgw.ingress.kubernetes.io/appgw-ssl-profile", kGuards, kClientCertificates, kText},
    {"appgw.ingress.kubernetes.io/appgw-trusted-root-certificate", kGuards, kUpstreamTls, kText},
    {"appgw.ingress.kubernetes.io/backend-hostname", kTunes, "", kText},
    {"appgw.ingress.kubernetes.io/backend-path-prefix", kGuards, kPaths, kText},
    {"appgw.ingress.kubernetes.io/backend-protocol", kGuards, kUpstreamTls, kText, "http"},
    {"appgw.ingress.kubernetes.io/connection-draining", kTunes, "", kText},
    {"appgw.ingress.kubernetes.io/connection-draining-timeout", kTunes, "", kText},
    {"appgw.ingress.kubernetes.io/cookie-based-affinity", kTunes, "", kText},
    {"appgw.ingress.kubernetes.io/cookie-based-affinity-distinct-name", kTunes, "", kText},
    {"appgw.ingress.kubernetes.io/hostname-extension", kTunes, "", kText},
    {"appgw.ingress.kubernetes.io/override-frontend-port", kTunes, "", kText},
    {"appgw.ingress.kubernetes.io/request-timeout", kTunes, "", kText},
    {"appgw.ingress.kubernetes.io/rewrite-rule-set", kGuards, kPaths, kText},
    {"appgw.ingress.kubernetes.io/rewrite-rule-set-custom-resource", kGuards, kPaths, kText},
    {"appgw.ingress.kubernetes.io/rule-priority", kTunes, "", kText},
    {"appgw.ingress.kubernetes.io/ssl-redirect", kTunes, "", kText},
    {"appgw.ingress.kubernetes.io/use-private-ip", kGuards, kExposure, kOnOff},
    {"appgw.ingress.kubernetes.io/waf-policy-for-path", kGuards, kFirewall, kText},
    {"appprotect.f5.com/", kGuards, kFirewall, kOnOff},
    {"appprotectdos.f5.com/", kGuards, kFirewall, kOnOff},
    {"configuration.konghq.com", kGuards, kExtensions, kText},
    {"haproxy-ingress.github.io/affinity", kTunes, "", kText},
    {"haproxy-ingress.github.io/allowlist-source-header", kGuards, kAddresses, kText},
    {"haproxy-ingress.github.io/allowlist-source-range", kGuards, kAddresses, kAdmitted},
    {"haproxy-ingress.github.io/app-root", kTunes, "", kText},
    {"haproxy-ingress.github.io/auth-headers-fail", kGuards, kAuth, kText},
    {"haproxy-ingress.github.io/auth-headers-request", kGuards, kAuth, kText},
    {"haproxy-ingress.github.io/auth-headers-succeed", kGuards, kAuth, kText},
    {"haproxy-ingress.github.io/auth-method", kGuards, kAuth, kText},
    {"haproxy-ingress.github.io/auth-proxy", kGuards, kAuth, kText},
    {"haproxy-ingress.github.io/auth-realm", kGuards, kAuth, kText},
    {"haproxy-ingress.github.io/auth-secret", kGuards, kAuth, kText},
    {"haproxy-ingress.github.io/auth-signin", kGuards, kAuth, kText},
    {"haproxy-ingress.github.io/auth-tls-cert-header", kGuards, kClientCertificates, kText},
    {"haproxy-ingress.github.io/auth-tls-error-page", kGuards, kClientCertificates, kText},
    {"haproxy-ingress.github.io/auth-tls-secret", kGuards, kClientCertificates, kText},
    {"haproxy-ingress.github.io/auth-tls-strict", kGuards, kClientCertificates, kText},
    {"haproxy-ingress.github.io/auth-tls-verify-client", kGuards, kClientCertificates, kOnOff},
    {"haproxy-ingress.github.io/auth-url", kGuards, kAuth, kText},
    {"haproxy-ingress.github.io/backend-protocol", kGuards, kUpstreamTls, kText,
     "h1,http,http/1,http/1.1"},
    {"haproxy-ingress.github.io/balance-algorithm", kTunes, "", kText},
    {"haproxy-ingress.github.io/blue-green-balance", kTunes, "", kText},
    {"haproxy-ingress.github.io/config-backend", kGuards, kSnippet, kText},
    {"haproxy-ingress.github.io/config-backend-early", kGuards, kSnippet, kText},
    {"haproxy-ingress.github.io/config-backend-late", kGuards, kSnippet, kText},
    {"haproxy-ingress.github.io/config-defaults", kGuards, kSnippet, kText},
    {"haproxy-ingress.github.io/config-frontend", kGuards, kSnippet, kText},
    {"haproxy-ingress.github.io/config-tcp-service", kGuards, kSnippet, kText},
    {"haproxy-ingress.github.io/cors-enable", kTunes, "", kText},
    {"haproxy-ingress.github.io/denylist-source-range", kGuards, kAddresses, kText},
    {"haproxy-ingress.github.io/headers", kTunes, "", kText},
    {"haproxy-ingress.github.io/health-check-uri", kTunes, "", kText},
    {"haproxy-ingress.github.io/hsts", kTunes, "", kText},
    {"haproxy-ingress.github.io/limit-connections", kGuards, kLimits, kNumber},
    {"haproxy-ingress.github.io/limit-rps", kGuards, kLimits, kNumber},
    {"haproxy-ingress.github.io/limit-whitelist", kGuards, kLimits, kText},
    {"haproxy-ingress.github.io/maxconn-server", kTunes, "", kText},
    {"haproxy-ingress.github.io/oauth", kGuards, kAuth, kText},
    {"haproxy-ingress.github.io/oauth-headers", kGuards, kAuth, kText},
    {"haproxy-ingress.github.io/oauth-uri-prefix", kGuards, kAuth, kText},
    {"haproxy-ingress.github.io/path-type", kGuards, kPaths, kText, "begin,prefix,exact"},
    {"haproxy-ingress.github.io/path-type-order", kTunes, "", kText},
    {"haproxy-ingress.github.io/proxy-body-size", kTunes, "", kText},
    {"haproxy-ingress.github.io/redirect-from", kGuards, kRedirects, kText},
    {"haproxy-ingress.github.io/redirect-to", kGuards, kRedirects, kText},
    {"haproxy-ingress.github.io/rewrite-target", kGuards, kPaths, kText},
    {"haproxy-ingress.github.io/secure-backends", kGuards, kUpstreamTls, kOnOff},
    {"haproxy-ingress.github.io/secure-crt-secret", kGuards, kUpstreamTls, kText},
    {"haproxy-ingress.github.io/secure-verify-ca-secret", kGuards, kUpstreamTls, kText},
    {"haproxy-ingress.github.io/server-alias", kTunes, "", kText},
    {"haproxy-ingress.github.io/server-alias-regex", kGuards, kPaths, kText},
    {"haproxy-ingress.github.io/session-cookie-name", kTunes, "", kText},
    {"haproxy-ingress.github.io/ssl-passthrough", kTunes, kPassthrough, kText},
    {"haproxy-ingress.github.io/ssl-redirect", kTunes, "", kText},
    {"haproxy-ingress.github.io/timeout-client", kTunes, "", kText},
    {"haproxy-ingress.github.io/timeout-connect", kTunes, "", kText},
    {"haproxy-ingress.github.io/timeout-server", kTunes, "", kText},
    {"haproxy-ingress.github.io/timeout-tunnel", kTunes, "", kText},
    {"haproxy-ingress.github.io/waf", kGuards, kFirewall, kText},
    {"haproxy-ingress.github.io/waf-mode", kGuards, kFirewall, kOnOff},
    {"haproxy-ingress.github.io/whitelist-source-range", kGuards, kAddresses, kAdmitted},
    {"haproxy.org/abortonclose", kTunes, "", kText},
    {"haproxy.org/allow-list", kGuards, kAddresses, kAdmitted},
    {"haproxy.org/auth-realm", kGuards, kAuth, kText},
    {"haproxy.org/auth-secret", kGuards, kAuth, kText},
    {"haproxy.org/auth-type", kGuards, kAuth, kText},
    {"haproxy.org/backend-config-snippet", kGuards, kSnippet, kText},
    {"haproxy.org/backend-switch", kTunes, "", kText},
    {"haproxy.org/blacklist", kGuards, kAddresses, kText},
    {"haproxy.org/check", kTunes, "", kText},
    {"haproxy.org/check-http", kTunes, "", kText},
    {"haproxy.org/check-interval", kTunes, "", kText},
    {"haproxy.org/client-ca", kGuards, kClientCertificates, kText},
    {"haproxy.org/client-crt-optional", kGuards, kClientCertificates, kOnOff},
    {"haproxy.org/cookie-persistence", kTunes, "", kText},
    {"haproxy.org/cors-enable", kTunes, "", kText},
    {"haproxy.org/deny-list", kGuards, kAddresses, kText},
    {"haproxy.org/forwarded-for", kTunes, "", kText},
    {"haproxy.org/frontend-config-snippet", kGuards, kSnippet, kText},
    {"haproxy.org/global-config-snippet", kGuards, kSnippet, kText},
    {"haproxy.org/ingress.class", kTunes, "", kText},
    {"haproxy.org/load-balance", kTunes, "", kText},
    {"haproxy.org/path-rewrite", kGuards, kPaths, kText},
    {"haproxy.org/pod-maxconn", kTunes, "", kText},
    {"haproxy.org/rate-limit-period", kGuards, kLimits, kText},
    {"haproxy.org/rate-limit-requests", kGuards, kLimits, kNumber},
    {"haproxy.org/rate-limit-size", kGuards, kLimits, kText},
    {"haproxy.org/rate-limit-status-code", kGuards, kLimits, kText},
    {"haproxy.org/rate-limit-whitelist", kGuards, kLimits, kText},
    {"haproxy.org/request-capture", kTunes, "", kText},
    {"haproxy.org/request-redirect", kGuards, kRedirects, kText},
    {"haproxy.org/request-redirect-code", kGuards, kRedirects, kText},
    {"haproxy.org/request-set-header", kTunes, "", kText},
    {"haproxy.org/response-set-header", kTunes, "", kText},
    {"haproxy.org/route-acl", kGuards, kPaths, kText},
    {"haproxy.org/server-ca", kGuards, kUpstreamTls, kText},
    {"haproxy.org/server-crt", kGuards, kUpstreamTls, kText},
    {"haproxy.org/server-proto", kGuards, kUpstreamTls, kText},
    {"haproxy.org/server-ssl", kGuards, kUpstreamTls, kOnOff},
    {"haproxy.org/set-host", kTunes, "", kText},
    {"haproxy.org/src-ip-header", kTunes, "", kText},
    {"haproxy.org/ssl-certificate", kTunes, "", kText},
    {"haproxy.org/ssl-passthrough", kTunes, kPassthrough, kText},
    {"haproxy.org/ssl-redirect", kTunes, "", kText},
    {"haproxy.org/ssl-redirect-code", kTunes, "", kText},
    {"haproxy.org/ssl-redirect-port", kTunes, "", kText},
    {"haproxy.org/standalone-backend", kTunes, "", kText},
    {"haproxy.org/stats-config-snippet", kGuards, kSnippet, kText},
    {"haproxy.org/timeout-check", kTunes, "", kText},
    {"haproxy.org/timeout-connect", kTunes, "", kText},
    {"haproxy.org/timeout-server", kTunes, "", kText},
    {"haproxy.org/timeout-tunnel", kTunes, "", kText},
    {"haproxy.org/whitelist", kGuards, kAddresses, kAdmitted},
    {"haproxy.router.openshift.io/balance", kTunes, "", kText},
    {"haproxy.router.openshift.io/disable_cookies", kTunes, "", kText},
    {"haproxy.router.openshift.io/hsts_header", kTunes, "", kText},
    {"haproxy.router.openshift.io/ip_allowlist", kGuards, kAddresses, kAdmitted},
    {"haproxy.router.openshift.io/ip_whitelist", kGuards, kAddresses, kAdmitted},
    {"haproxy.router.openshift.io/pod-concurrent-connections", kTunes, "", kText},
    {"haproxy.router.openshift.io/rate-limit-connections", kGuards, kLimits, kOnOff},
    {"haproxy.router.openshift.io/rate-limit-connections.concurrent-tcp", kGuards, kLimits,
     kNumber},
    {"haproxy.router.openshift.io/rate-limit-connections.rate-http", kGuards, kLimits, kNumber},
    {"haproxy.router.openshift.io/rate-limit-connections.rate-tcp", kGuards, kLimits, kNumber},
    {"haproxy.router.openshift.io/rewrite-target", kGuards, kPaths, kText},
    {"haproxy.router.openshift.io/set-forwarded-headers", kTunes, "", kText},
    {"haproxy.router.openshift.io/timeout", kTunes, "", kText},
    {"haproxy.router.openshift.io/timeout-tunnel", kTunes, "", kText},
    {"ingress.gcp.kubernetes.io/pre-shared-cert", kTunes, "", kText},
    {"ingress.kubernetes.io/auth-secret", kGuards, kAuth, kText},
    {"ingress.kubernetes.io/auth-type", kGuards, kAuth, kText},
    {"ingress.kubernetes.io/auth-url", kGuards, kAuth, kText},
    {"ingress.kubernetes.io/backends", kTunes, "", kText},
    {"ingress.kubernetes.io/forwarding-rule", kTunes, "", kText},
    {"ingress.kubernetes.io/https-forwarding-rule", kTunes, "", kText},
    {"ingress.kubernetes.io/https-target-proxy", kTunes, "", kText},
    {"ingress.kubernetes.io/rewrite-target", kGuards, kPaths, kText},
    {"ingress.kubernetes.io/ssl-cert", kTunes, "", kText},
    {"ingress.kubernetes.io/static-ip", kTunes, "", kText},
    {"ingress.kubernetes.io/target-proxy", kTunes, "", kText},
    {"ingress.kubernetes.io/url-map", kTunes, "", kText},
    {"ingress.kubernetes.io/whitelist-source-range", kGuards, kAddresses, kAdmitted},
    {"ingress.pomerium.io/", kGuards, kAuth, kText},
    {"k8s.apisix.apache.org/allowlist-source-range", kGuards, kAddresses, kAdmitted},
    {"k8s.apisix.apache.org/auth-type", kGuards, kAuth, kText},
    {"k8s.apisix.apache.org/auth-uri", kGuards, kAuth, kText},
    {"k8s.apisix.apache.org/blocklist-source-range", kGuards, kAddresses, kText},
    {"k8s.apisix.apache.org/csrf-key", kGuards, kAuth, kText},
    {"k8s.apisix.apache.org/enable-cors", kTunes, "", kText},
    {"k8s.apisix.apache.org/enable-csrf", kGuards, kAuth, kOnOff},
    {"k8s.apisix.apache.org/enable-websocket", kTunes, "", kText},
    {"k8s.apisix.apache.org/http-allow-methods", kGuards, kMethods, kText},
    {"k8s.apisix.apache.org/http-block-methods", kGuards, kMethods, kText},
    {"k8s.apisix.apache.org/http-redirect", kGuards, kRedirects, kText},
    {"k8s.apisix.apache.org/http-to-https", kTunes, "", kText},
    {"k8s.apisix.apache.org/plugin-config-name", kGuards, kExtensions, kText},
    {"k8s.apisix.apache.org/rewrite-target", kGuards, kPaths, kText},
    {"k8s.apisix.apache.org/rewrite-target-regex", kGuards, kPaths, kText},
    {"k8s.apisix.apache.org/rewrite-target-regex-template", kGuards, kPaths, kText},
    {"k8s.apisix.apache.org/upstream-scheme", kGuards, kUpstreamTls, kText, "http"},
    {"k8s.apisix.apache.org/use-regex", kGuards, kPaths, kOnOff},
    {"konghq.com/ca-certificates-configmaps", kGuards, kUpstreamTls, kText},
    {"konghq.com/ca-certificates-secrets", kGuards, kUpstreamTls, kText},
    {"konghq.com/client-cert", kGuards, kUpstreamTls, kText},
    {"konghq.com/connect-timeout", kTunes, "", kText},
    {"konghq.com/headers.", kGuards, kMethods, kText},
    {"konghq.com/host-aliases", kTunes, "", kText},
    {"konghq.com/host-header", kTunes, "", kText},
    {"konghq.com/https-redirect-status-code", kTunes, "", kText},
    {"konghq.com/methods", kGuards, kMethods, kText},
    {"konghq.com/override", kGuards, kExtensions, kText},
    {"konghq.com/path", kTunes, "", kText},
    {"konghq.com/plugins", kGuards, kExtensions, kText},
    {"konghq.com/preserve-host", kTunes, "", kText},
    {"konghq.com/protocol", kGuards, kUpstreamTls, kText, "http"},
    {"konghq.com/protocols", kTunes, "", kText},
    {"konghq.com/read-timeout", kTunes, "", kText},
    {"konghq.com/regex-priority", kTunes, "", kText},
    {"konghq.com/request-buffering", kTunes, "", kText},
    {"konghq.com/response-buffering", kTunes, "", kText},
    {"konghq.com/retries", kTunes, "", kText},
    {"konghq.com/rewrite", kGuards, kPaths, kText},
    {"konghq.com/snis", kGuards, kMethods, kText},
    {"konghq.com/strip-path", kGuards, kPaths, kOnOff},
    {"konghq.com/tags", kTunes, "", kText},
    {"konghq.com/tls-verify", kGuards, kUpstreamTls, kOnOff},
    {"konghq.com/upstream-policy", kTunes, "", kText},
    {"konghq.com/write-timeout", kTunes, "", kText},
    {"kubernetes.io/ingress.allow-http", kTunes, kPlainHttp, kText, "true"},
    {"kubernetes.io/ingress.global-static-ip-name", kTunes, "", kText},
    {"kubernetes.io/ingress.regional-static-ip-name", kTunes, "", kText},
    {"networking.gke.io/managed-certificates", kTunes, "", kText},
    {"networking.gke.io/v1beta1.FrontendConfig", kTunes, "", kText},
    {"nginx.com/health-checks", kTunes, "", kText},
    {"nginx.com/jwt-key", kGuards, kAuth, kText},
    {"nginx.com/jwt-login-url", kGuards, kAuth, kText},
    {"nginx.com/jwt-realm", kGuards, kAuth, kText},
    {"nginx.com/jwt-token", kGuards, kAuth, kText},
    {"nginx.com/slow-start", kTunes, "", kText},
    {"nginx.com/sticky-cookie-services", kTunes, "", kText},
    {"nginx.org/app-root", kTunes, "", kText},
    {"nginx.org/basic-auth-realm", kGuards, kAuth, kText},
    {"nginx.org/basic-auth-secret", kGuards, kAuth, kText},
    {"nginx.org/client-body-buffer-size", kTunes, "", kText},
    {"nginx.org/client-max-body-size", kTunes, "", kText},
    {"nginx.org/fail-timeout", kTunes, "", kText},
    {"nginx.org/grpc-services", kGuards, kUpstreamTls, kText},
    {"nginx.org/hsts", kTunes, "", kText},
    {"nginx.org/http-redirect-code", kTunes, "", kText},
    {"nginx.org/keepalive", kTunes, "", kText},
    {"nginx.org/lb-method", kTunes, "", kText},
    {"nginx.org/limit-req-burst", kGuards, kLimits, kText},
    {"nginx.org/limit-req-rate", kGuards, kLimits, kText},
    {"nginx.org/limit-req-zone-size", kGuards, kLimits, kText},
    {"nginx.org/listen-ports", kTunes, "", kText},
    {"nginx.org/listen-ports-ssl", kTunes, "", kText},
    {"nginx.org/location-snippets", kGuards, kSnippet, kText},
    {"nginx.org/max-conns", kTunes, "", kText},
    {"nginx.org/max-fails", kTunes, "", kText},
    {"nginx.org/mergeable-ingress-type", kTunes, "", kText},
    {"nginx.org/path-regex", kGuards, kPaths, kText},
    {"nginx.org/policies", kGuards, kExtensions, kText},
    {"nginx.org/proxy-buffer-size", kTunes, "", kText},
    {"nginx.org/proxy-buffering", kTunes, "", kText},
    {"nginx.org/proxy-buffers", kTunes, "", kText},
    {"nginx.org/proxy-connect-timeout", kTunes, "", kText},
    {"nginx.org/proxy-hide-headers", kTunes, "", kText},
    {"nginx.org/proxy-max-temp-file-size", kTunes, "", kText},
    {"nginx.org/proxy-pass-headers", kTunes, "", kText},
    {"nginx.org/proxy-read-timeout", kTunes, "", kText},
    {"nginx.org/proxy-send-timeout", kTunes, "", kText},
    {"nginx.org/proxy-set-headers", kTunes, "", kText},
    {"nginx.org/redirect-to-https", kTunes, "", kText},
    {"nginx.org/rewrite-target", kGuards, kPaths, kText},
    {"nginx.org/rewrites", kGuards, kPaths, kText},
    {"nginx.org/server-snippets", kGuards, kSnippet, kText},
    {"nginx.org/server-tokens", kTunes, "", kText},
    {"nginx.org/ssl-ciphers", kTunes, kTlsPolicy, kText},
    {"nginx.org/ssl-prefer-server-ciphers", kTunes, kTlsPolicy, kText},
    {"nginx.org/ssl-services", kGuards, kUpstreamTls, kText},
    {"nginx.org/sticky-cookie-services", kTunes, "", kText},
    {"nginx.org/upstream-zone-size", kTunes, "", kText},
    {"nginx.org/use-cluster-ip", kTunes, "", kText},
    {"nginx.org/websocket-services", kTunes, "", kText},
    {"plugins.konghq.com", kGuards, kExtensions, kText},
    {"projectcontour.io/num-retries", kTunes, "", kText},
    {"projectcontour.io/response-timeout", kTunes, "", kText},
    {"projectcontour.io/retry-on", kTunes, "", kText},
    {"projectcontour.io/tls-minimum-protocol-version", kTunes, kTlsPolicy, kText},
    {"projectcontour.io/websocket-routes", kTunes, "", kText},
    {"route.openshift.io/destination-ca-certificate-secret", kGuards, kUpstreamTls, kText},
    {"route.openshift.io/termination", kGuards, kUpstreamTls, kText, "edge"},
    {"traefik.ingress.kubernetes.io/auth-secret", kGuards, kAuth, kText},
    {"traefik.ingress.kubernetes.io/auth-type", kGuards, kAuth, kText},
    {"traefik.ingress.kubernetes.io/auth-url", kGuards, kAuth, kText},
    {"traefik.ingress.kubernetes.io/max-conn-amount", kGuards, kLimits, kText},
    {"traefik.ingress.kubernetes.io/pass-client-tls-cert", kGuards, kClientCertificates, kText},
    {"traefik.ingress.kubernetes.io/protocol", kGuards, kUpstreamTls, kText, "http"},
    {"traefik.ingress.kubernetes.io/rate-limit", kGuards, kLimits, kText},
    {"traefik.ingress.kubernetes.io/redirect-permanent", kGuards, kRedirects, kText},
    {"traefik.ingress.kubernetes.io/redirect-regex", kGuards, kRedirects, kText},
    {"traefik.ingress.kubernetes.io/redirect-replacement", kGuards, kRedirects, kText},
    {"traefik.ingress.kubernetes.io/request-modifier", kGuards, kPaths, kText},
    {"traefik.ingress.kubernetes.io/rewrite-target", kGuards, kPaths, kText},
    {"traefik.ingress.kubernetes.io/router.entrypoints", kGuards, kExposure, kText,
     "web,websecure,http,https"},
    {"traefik.ingress.kubernetes.io/router.middlewares", kGuards, kExtensions, kText},
    {"traefik.ingress.kubernetes.io/router.observability.", kTunes, "", kText},
    {"traefik.ingress.kubernetes.io/router.pathmatcher", kGuards, kPaths, kText, "PathPrefix"},
    {"traefik.ingress.kubernetes.io/router.priority", kTunes, "", kText},
    {"traefik.ingress.kubernetes.io/router.tls", kTunes, "", kText},
    {"traefik.ingress.kubernetes.io/router.tls.certresolver", kTunes, "", kText},
    {"traefik.ingress.kubernetes.io/router.tls.domains.", kTunes, "", kText},
    {"traefik.ingress.kubernetes.io/router.tls.options", kGuards, kExtensions, kText},
    {"traefik.ingress.kubernetes.io/rule-type", kGuards, kPaths, kText, "PathPrefix"},
    {"traefik.ingress.kubernetes.io/service.nativelb", kTunes, "", kText},
    {"traefik.ingress.kubernetes.io/service.passhostheader", kTunes, "", kText},
    {"traefik.ingress.kubernetes.io/service.serversscheme", kGuards, kUpstreamTls, kText, "http"},
    {"traefik.ingress.kubernetes.io/service.serverstransport", kGuards, kUpstreamTls, kText},
    {"traefik.ingress.kubernetes.io/service.sticky.", kTunes, "", kText},
    {"traefik.ingress.kubernetes.io/whitelist-source-range", kGuards, kAddresses, kAdmitted},
    {"zalando.org/backend-load-balancing", kTunes, "", kText},
    {"zalando.org/skipper-backend-protocol", kTunes, "", kText},
    {"zalando.org/skipper-filter", kGuards, kExtensions, kText},
    {"zalando.org/skipper-ingress-path-mode", kTunes, "", kText},
    {"zalando.org/skipper-ingress-redirect", kTunes, "", kText},
    {"zalando.org/skipper-predicate", kGuards, kExtensions, kText},
    {"zalando.org/skipper-routes", kGuards, kExtensions, kText},
};

constexpr bool is_sorted_by_name() {
  for (std::size_t i = 1; i < std::size(kTable); ++i) {
    if (!(kTable[i - 1].name < kTable[i].name)) return false;
  }
  return true;
}
static_assert(is_sorted_by_name(), "look_up_other() searches by halving");

// Whatever stands below these is read by one of these controllers.
constexpr OtherController kPrefixes[] = {
    {"alb.ingress.kubernetes.io/", "AWS Load Balancer Controller"},
    {"appgw.ingress.kubernetes.io/", "Azure Application Gateway"},
    {"appprotect.f5.com/", "F5 NGINX Ingress Controller"},
    {"appprotectdos.f5.com/", "F5 NGINX Ingress Controller"},
    {"contour.heptio.com/", "Contour"},
    {"getambassador.io/", "Ambassador"},
    {"haproxy-ingress.github.io/", "HAProxy Ingress"},
    {"haproxy.org/", "HAProxy Technologies"},
    {"haproxy.router.openshift.io/", "OpenShift"},
    {"higress.io/", "Higress"},
    {"ingress.appscode.com/", "Voyager"},
    {"ingress.bluemix.net/", "IBM Cloud"},
    {"ingress.cilium.io/", "Cilium"},
    {"ingress.citrix.com/", "Citrix"},
    {"ingress.gcp.kubernetes.io/", "Google Cloud"},
    {"ingress.kubernetes.io/", "the old community prefix"},
    {"ingress.pomerium.io/", "Pomerium"},
    {"k8s.apisix.apache.org/", "Apache APISIX"},
    {"konghq.com/", "Kong"},
    {"mse.ingress.kubernetes.io/", "Alibaba Cloud"},
    {"networking.gke.io/", "Google Cloud"},
    {"nginx.com/", "F5 NGINX Ingress Controller"},
    {"nginx.org/", "F5 NGINX Ingress Controller"},
    {"projectcontour.io/", "Contour"},
    {"route.openshift.io/", "OpenShift"},
    {"traefik.ingress.kubernetes.io/", "Traefik"},
    {"voyager.appscode.com/", "Voyager"},
    {"zalando.org/", "Skipper"},
};

// Of what they read beside those, under prefixes that others use, too.
constexpr OtherController kElsewhere[] = {
    {"configuration.konghq.com", "Kong"},
    {"plugins.konghq.com", "Kong"},
    {"kubernetes.io/ingress.", "Google Cloud"},
};

bool is_family(std::string_view name) {
  return name.back() == '.' || name.back() == '/';
}

// The entry of this name, or of the family that it belongs to. A family stands before its members,
// with nothing between but members and other entries that begin in the same way.
const OtherEntry* find_entry(std::string_view name) {
  const auto* after = std::upper_bound(
      std::begin(kTable), std::end(kTable), name,
      [](std::string_view wanted, const OtherEntry& entry) { return wanted < entry.name; });
  while (after != std::begin(kTable)) {
    --after;
    if (after->name == name) return after;
    if (is_family(after->name) && name.starts_with(after->name)) return after;
    if (after->name.substr(0, 2) != name.substr(0, 2)) return nullptr;
  }
  return nullptr;
}

bool is_one_of(std::string_view word, std::string_view list) {
  while (!list.empty()) {
    const std::size_t comma = std::min(list.find(','), list.size());
    if (is_same_word(list.substr(0, comma), word)) return true;
    list.remove_prefix(std::min(comma + 1, list.size()));
  }
  return false;
}

}  // namespace

std::optional<OtherEntry> look_up_other(std::string_view name) {
  if (const OtherEntry* const entry = find_entry(name)) return *entry;
  for (const auto& [prefix, controller] : kPrefixes) {
    if (!name.starts_with(prefix)) continue;
    // What ingress-nginx documents means the same to most of them.
    const CatalogueEntry entry = look_up(name.substr(prefix.size()));
    if (entry.treatment == kHonoured && keeps_somebody_out(entry)) {
      return OtherEntry{name, kGuards,
                        "Write it below nginx.ingress.kubernetes.io/, where it is honoured.",
                        entry.value};
    }
    const bool guards = entry.treatment == kGuards;
    return OtherEntry{name, guards ? kGuards : kTunes, entry.remedy, entry.value};
  }
  return std::nullopt;
}

bool asks_for_nothing(const OtherEntry& entry, std::string_view value) {
  if (asks_for_nothing(CatalogueEntry{entry.name, entry.treatment, entry.remedy, entry.value},
                       value)) {
    return true;
  }
  if (entry.harmless.empty()) return false;
  while (!value.empty()) {
    const std::size_t comma = std::min(value.find(','), value.size());
    if (!is_one_of(value.substr(0, comma), entry.harmless)) return false;
    value.remove_prefix(std::min(comma + 1, value.size()));
  }
  return true;
}

std::span<const OtherEntry> other_controllers() {
  return kTable;
}

std::span<const OtherController> known_prefixes() {
  return kPrefixes;
}

std::string_view controller_of(std::string_view name) {
  for (const std::span<const OtherController> among :
       {known_prefixes(), std::span<const OtherController>(kElsewhere)}) {
    for (const auto& [prefix, controller] : among) {
      if (name.starts_with(prefix)) return controller;
    }
  }
  return {};
}

}  // namespace ingress::annotations
