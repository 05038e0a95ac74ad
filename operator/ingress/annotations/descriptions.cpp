#include "operator/ingress/annotations/descriptions.h"

namespace ingress::annotations {
namespace {

// As people look for them: by what they are about.
constexpr Description kOfRequests[] = {
    {"ssl-redirect", "true, false, on, off",
     "plain HTTP is answered with 308 to https where the host has a certificate; on "
     "when nothing is said"},
    {"force-ssl-redirect", "true, false, on, off", "the same also without a certificate of ours"},
    {"plain-http", "`redirect`, `serve`, `refuse`",
     "what becomes of plain HTTP, in place of what the two above say: 308 to https "
     "where the host has a certificate; served; 403. Challenges of ACME servers are "
     "answered all the same. One decision for a host: where one Ingress says `refuse`, "
     "it is refused"},
    {"preserve-trailing-slash", "any",
     "nothing to do: a redirect to https keeps the path as it was sent"},
    {"tls-policy", "`modern`, `intermediate`, `old`",
     "what TLS the hosts of the Ingress speak: 1.3; 1.2 and 1.3 (when nothing is said, "
     "here or in the [parameters of the class](edge-parameters.md)); also ciphers of "
     "1.2 without AEAD, for clients that know no others. Of several Ingresses of a host "
     "the strictest counts, and the others are told "
     "([0076](decisions/0076-tls-policies-by-name.md))"},
    {"ssl-passthrough", "true, false",
     "TLS for the hosts of the Ingress ends at the backend of the path `/`, else of the "
     "first one: see below"},
    {"proxy-protocol-to-backend", "`v1`, `v2`, `off`",
     "each connection to the backend begins with a PROXY header that names the client, "
     "and carries one request, or one client's TLS; not with HTTP/2 to the backend "
     "([0077](decisions/0077-proxy-headers-to-backends.md))"},
    {"proxy-body-size", "`512k`, `8m`, `1g`; `0`: no limit",
     "a larger request body is 413; 1m when nothing is said"},
    {"proxy-request-buffering", "`on`, `off`",
     "`on`: a request's body is gathered before an endpoint is chosen for it, up to 64 "
     "KiB or, when its length is not announced, for a second; `off`: it is sent on as "
     "it comes, as it always is to an endpoint that is spoken to in HTTP/2; as the "
     "operator's `--request-buffering` says (on; the chart's "
     "`operator.requestBuffering`) when nothing is said"},
    {"proxy-connect-timeout", "seconds, `5s`, `1m`", "to connect to one endpoint"},
    {"proxy-read-timeout", "seconds, `60s`, `1h`",
     "between two reads from the endpoint; where it or the next is more than `60s`, a WebSocket, "
     "another tunnel or a gRPC call, "
     "which may be silent for an hour (`proxy.timeouts.tunnel`), may be for so long, if that is "
     "more"},
    {"proxy-send-timeout", "seconds, `60s`, `1h`", "between two writes to the endpoint"},
    {"use-regex", "true, false",
     "paths of this Ingress with an operator (`(`, `*`, `[`, ...), and all of type "
     "ImplementationSpecific, are regular expressions"},
    {"rewrite-target", "a path with `$1` to `$9`",
     "what the backend is asked for in place of the path; implies `use-regex`; the "
     "query is kept"},
    {"x-forwarded-prefix", "a path", "the field X-Forwarded-Prefix that the backend gets"},
    {"permanent-redirect, temporal-redirect",
     "an address with `$request_uri`, `$uri`, `$args`, `$is_args`, `$scheme`, `$host`, "
     "`$http_host`",
     "answers all paths of the Ingress with 301 or 302, whatever their backends; the "
     "temporal one counts where both stand"},
    {"permanent-redirect-code, temporal-redirect-code", "300 to 308, not 304", "the status of it"},
    {"server-alias", "hosts, by commas",
     "each has the paths of the first rule, as if it stood in one; at most 100"},
    {"from-to-www-redirect", "true, false",
     "`www.HOST` is 308 to each HOST of a rule, or the other way; what has rules of its "
     "own there keeps them"},
    {"app-root", "a path", "\"/\" alone is 302 to it"},
    {"canary", "true, false",
     "this Ingress serves no path of its own: it takes a part of the requests for the "
     "same host, path and pathType of another Ingress of its namespace"},
    {"canary-by-header", "a name", "`always` takes the request, `never` leaves it"},
    {"canary-by-header-value, canary-by-header-pattern", "a value; a regular expression",
     "takes the requests whose header is it, or has it somewhere, in place of the two "
     "words"},
    {"canary-by-cookie", "a name", "`always` takes the request, `never` leaves it"},
    {"canary-weight, canary-weight-total", "numbers",
     "so many of 100, or of the total, of the requests that neither header nor cookie "
     "decides about"},
    {"fixed-answer", "200, 204, 400 to 599",
     "answers all paths of the Ingress with this status, whatever their backends, in "
     "every spelling of them: an Ingress for `/admin` with 403 keeps people out of it"},
    {"fixed-answer-text, fixed-answer-type", "a text; a media type, `application/json`",
     "what that answer says: an Ingress for `/robots.txt` with 200; at most 4 KiB, "
     "plain text when nothing is said"},
    {"relative-redirects", "true, false", "what `app-root` makes has no scheme and no host"},
    {"proxy-cookie-domain, proxy-cookie-path", "`FROM TO`, `off`",
     "in cookies of the backend: the whole domain, the beginning of the path; TO in "
     "quotes may have further attributes (`/ \"/; Secure\"`)"},
    {"proxy-redirect-from, proxy-redirect-to", "the beginnings of addresses, `off`",
     "in Location and Refresh of the backend"},
    {"enable-cors", "true, false",
     "answers preflights at the edge with 204, and says who may read; the backend's own "
     "`Access-Control-*` fields are replaced"},
    {"cors-allow-origin",
     "origins by commas: `https://shop.example`, `https://*.shop.example:8443` (one "
     "label), `*`, `null`",
     "`*` when nothing is said; an entry that is none admits nobody"},
    {"cors-allow-methods, cors-allow-headers, cors-expose-headers", "tokens by commas",
     "ingress-nginx's lists when nothing is said; nothing is exposed"},
    {"cors-allow-credentials", "true, false",
     "when nothing is said: true; where `*` admits all none are allowed, whatever is "
     "said"},
    {"cors-max-age", "seconds", "1728000 when nothing is said"},
    {"request-headers", "one `Name: value` a line",
     "the backend gets these in place of what the client sent by the same names; "
     "without a value the field is taken away"},
    {"response-headers", "the same",
     "the client gets these in place of the backend's, with answers of the proxy's own, "
     "too"},
    {"custom-headers", "a ConfigMap of the Ingress's namespace, as `NAME` or `NAMESPACE/NAME`",
     "each of its keys is a field that the client gets with that value, with answers of "
     "the proxy's own, too; the three keys beside this one come first"},
    {"hidden-headers", "names, by lines or commas",
     "fields of the backend that the client does not get"},
    {"proxy-next-upstream",
     "words: `error`, `timeout`, `invalid_header`, `http_403`, `http_404`, `http_429`, "
     "`http_500`, `http_502`, `http_503`, `http_504`, `non_idempotent`, `off`",
     "when another endpoint is asked, never one twice "
     "([0057](decisions/0057-when-another-endpoint-is-asked.md)); when no key of the "
     "three is there: where an endpoint does not connect"},
    {"proxy-next-upstream-tries", "a number, 3 when nothing is said",
     "endpoints in all that one request asks, 32 at most; 0: as many of these as there are"},
    {"proxy-next-upstream-timeout", "seconds, 0 when nothing is said",
     "after so long no other endpoint is asked; 0: there is no such time"},
    {"enable-opentelemetry", "true, false",
     "the backend is told by `traceparent` (W3C Trace Context) of which trace the "
     "request is part, and the access log has it as `trace_id`: the client's, or a new "
     "one where it has none or one that breaks the rules. Where the proxies have a "
     "collector (`proxy.otlpTracesUrl` of the chart), each sampled request is a span there, "
     "and the backend's parent is that span"},
    {"opentelemetry-trust-incoming-span", "true, false",
     "`false`: always a new one; true when nothing is said"},
    {"mirror-target",
     "`http://NAME.NAMESPACE.svc:PORT/PATH` (or https) of the Ingress's namespace, "
     "`https://HOST/PATH` outside; with variables",
     "gets a copy of each request, `$request_uri` when no path is said; nobody waits "
     "for it, and what it answers is dropped"},
    {"mirror-host", "a host, with variables",
     "the field Host of copies; that of `mirror-target` when nothing is said"},
    {"mirror-request-body", "on, off",
     "whether copies have the request's body; on when nothing is said"},
    {"enable-access-log", "true, false",
     "`false`: the access log has no line for requests of the Ingress; counters count "
     "them all the same"},
    {"service-upstream", "true, false",
     "the Service's own address in place of its Pods', so that the cluster's network, "
     "or a mesh, chooses among them; a headless one has none, and its Pods are asked"},
    {"upstream-hash-by",
     "`$request_uri`, `$remote_addr`, `$binary_remote_addr`, `$host`, `$http_NAME`, "
     "`$cookie_NAME`, `$arg_NAME`, one or several",
     "requests that have these in common get one endpoint, and most keep it when others "
     "come and go ([0059](decisions/0059-one-endpoint-by-what-is-asked-for.md)); those "
     "that have none of them get one in turn; a sticky cookie comes first"},
    {"upstream-vhost",
     "a host, `web.internal:8080`, with `$service_name`, `$service_port`, `$namespace`",
     "the field Host that the backend gets; X-Forwarded-Host stays the client's"},
    {"enable-modsecurity, enable-owasp-core-rules, enable-owasp-modsecurity-crs", "true, false",
     "requests are compared with the OWASP core rule set before they go on, and attacks "
     "are 403; the last two mean the same. With `enable-owasp-core-rules: false` only "
     "bodies that cannot be read are refused. All of [the firewall](firewall.md)"},
    {"firewall-mode", "`block`, `detect`, `off`",
     "what becomes of attacks; decides before the three above"},
    {"firewall-paranoia-level, firewall-anomaly-threshold", "1 to 4; 1 to 100000",
     "how many rules count, and the score that makes an attack; 1 and 5 when nothing is "
     "said"},
    {"firewall-excluded-rules", "`920350, 942100-942199`", "these rules count for nothing"},
    {"firewall-request-body-limit", "a size up to `8m`",
     "so much of a body is inspected; `1m` when nothing is said"},
    {"firewall-uninspected", "`refuse`, `pass`",
     "what becomes of a request, or a response, that cannot be inspected as a whole or in time; "
     "`refuse` when nothing is said"},
    {"firewall-response-body-access", "true, false",
     "`true`: what backends answer is compared with the core rule set's rules about "
     "leaks, too, before any of it is sent, and a leak is 403; `false` when nothing is "
     "said"},
    {"firewall-response-body-limit, firewall-response-body-limit-action",
     "a size up to `8m`; `pass`, `refuse`",
     "so much of a response's body is inspected, `512k` when nothing is said; what "
     "follows passes, as when nothing is said, or the response is 502"},
    {"firewall-response-body-types", "`text/html, application/json`",
     "the media types that are inspected; `text/plain`, `text/html` and `text/xml` when "
     "nothing is said"},
    {"firewall-response-anomaly-threshold", "1 to 100000",
     "the score that makes a leak; 4 when nothing is said"},
    {"modsecurity-transaction-id", "`$request_id`",
     "nothing to do: the access log has `request_id` beside the rules that matched"},
    {"custom-http-errors", "statuses from 400 to 599 by commas",
     "what a backend answers with one of these, or does not answer at all (502, 503, "
     "504), is replaced by what the default backend answers"},
    {"default-backend", "a Service of the Ingress's namespace",
     "who is asked for that, at its first port; also where a backend has no endpoints "
     "or is not there. Without it: `spec.defaultBackend`, for the statuses alone"},
    {"disable-proxy-intercept-errors", "true, false",
     "`true`: what backends answer passes as it is"},
    {"affinity", "`cookie`",
     "a client is told by a cookie which endpoint it got, and gets the same one while "
     "that is there and connects; then another one"},
    {"affinity-mode", "`balanced`, `persistent`",
     "`balanced`: the cookie is the client's own, and an endpoint that comes takes its share of "
     "the "
     "clients from the others, one that ends leaves its own to them at once. `persistent`, as when "
     "nothing is said: new endpoints take nobody from the old ones"},
    {"session-cookie-name", "a name", "`INGRESSCOOKIE` when nothing is said"},
    {"session-cookie-path", "a path",
     "the path of the rule when nothing is said; `/` where that is an expression"},
    {"session-cookie-domain", "a domain", "none when nothing is said"},
    {"session-cookie-max-age, session-cookie-expires", "seconds",
     "at most ten years; until the browser ends when nothing is said"},
    {"session-cookie-secure", "true, false", "where the client came by https when nothing is said"},
    {"session-cookie-samesite", "`None`, `Lax`, `Strict`", ""},
    {"session-cookie-conditional-samesite-none", "true, false",
     "no `SameSite=None` for browsers that take it for `Strict`"},
    {"session-cookie-change-on-failure", "true, false",
     "a client whose endpoint does not connect stays at the one that it got instead"},
    {"load-balance", "`round_robin`; `ewma`, `least_conn`, `least_requests`",
     "in turn; the endpoint with the fewest requests under way at this proxy's worker (of more "
     "than 16: of two), "
     "for `ewma`, too"},
    {"max-requests-per-endpoint", "a number",
     "so many requests of this Ingress has an endpoint under way at a time, of a proxy; others go "
     "to other endpoints, or are answered with 503 (`endpoints_busy`). As the proxies were told "
     "(`proxy.endpoints` of the chart) when nothing is said, as of the three below"},
    {"max-connections-per-endpoint", "a number", "so many connections has it, likewise"},
    {"eject-after", "a number",
     "an endpoint that fails so many requests in a row is passed over for a while"},
    {"slow-start", "seconds, `30s`, `2m`",
     "an endpoint that comes to others gets a share of its turns that grows for so long"},
    {"allowlist-source-range, whitelist-source-range",
     "networks and addresses, `10.0.0.0/8,2001:db8::/32`",
     "everybody else is answered with 403 (reason `address_not_allowed`)"},
    {"denylist-source-range", "the same",
     "these are answered with 403 (`address_denied`), also where an allow list has them"},
    {"backend-protocol", "`HTTP`, `HTTPS`, `GRPC`, `GRPCS`, `AUTO_HTTP`",
     "HTTP/1.1 to the Pods, plain or in TLS; for `GRPC` and `GRPCS` HTTP/2, likewise "
     "([0056](decisions/0056-streams-to-backends.md)). When nothing is said, and for "
     "`AUTO_HTTP`, as the `appProtocol` of the Service's port says (`https`, `HTTPS` or "
     "`kubernetes.io/wss`: TLS; `kubernetes.io/h2c` or `grpc`: HTTP/2). Any other value "
     "is refused"},
    {"proxy-ssl-secret", "`namespace/name`, `name`",
     "a Secret of the Ingress's namespace and of type `kubernetes.io/tls`: `tls.crt` "
     "and `tls.key`, unless both are empty, are shown to Pods that ask for a "
     "certificate, `ca.crt` is for `proxy-ssl-verify`. What cannot be used closes the "
     "paths with 503"},
    {"proxy-ssl-configmap", "`namespace/name`, `name`",
     "a ConfigMap of the Ingress's namespace whose `ca.crt` (256 KiB) is for `proxy-ssl-verify`, "
     "which is on "
     "then, in place of that of a Secret (trust-manager and `kube-root-ca.crt` have such)"},
    {"proxy-ssl-verify", "on, off",
     "the Pod's certificate must be of an authority in `ca.crt` and for the name below; "
     "off when nothing is said"},
    {"proxy-ssl-name", "a name",
     "that name; the Service's `NAME.NAMESPACE.svc` when nothing is said"},
    {"proxy-ssl-server-name", "on, off",
     "the name is sent to the Pod as well (SNI); off when nothing is said"},
    {"proxy-ssl-verify-depth", "0 to 100",
     "intermediate certificates between the Pod's and its authority; 1 when nothing is "
     "said"},
    {"proxy-ssl-protocols", "`TLSv1.2`, `TLSv1.3` and older ones, by blanks",
     "`TLSv1.3` without `TLSv1.2`: no other version is spoken to Pods; else 1.2 and 1.3"},
    {"proxy-ssl-ciphers", "a list as OpenSSL has it, `HIGH:!MD5`",
     "what Pods are offered in TLS 1.2, never without encryption or certificate; those of 1.3 are "
     "not chosen by it"},
    {"auth-type", "`basic`", "a password is asked for (401); `digest` is refused"},
    {"auth-secret", "a Secret of the Ingress's namespace, as `NAME` or `NAMESPACE/NAME`",
     "who may come in; one of another namespace is refused"},
    {"auth-secret-type", "`auth-file`, `auth-map`",
     "lines of htpasswd under the key `auth` (when nothing is said), or a hash under "
     "the name of each user"},
    {"auth-realm", "a text in ASCII, up to 255 characters",
     "what the browser may show; `Authentication Required` when nothing is said"},
    {"auth-url",
     "`http://NAME.NAMESPACE.svc.cluster.local:PORT/PATH` (or https), "
     "`https://$host/PATH`, `https://HOST/PATH` of a host that an Ingress has or of one "
     "outside; with variables",
     "is asked about each request: 2xx lets it pass, 401 and 403 are the answer, "
     "anything else or nothing is 500"},
    {"auth-method", "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS",
     "of the question; GET when nothing is said. Who is of another namespace, or "
     "outside, is asked with GET, HEAD or OPTIONS alone"},
    {"auth-signin", "an address, with variables",
     "a 401 becomes a 302 to it, with `rd=` and the way back unless it has that "
     "parameter itself"},
    {"auth-signin-redirect-param", "a name", "in place of `rd`"},
    {"auth-response-headers", "names by commas",
     "fields of the answer that the backend gets; what the client sent under these "
     "names it never gets"},
    {"auth-request-redirect", "text with variables",
     "the field X-Auth-Request-Redirect of the question; path and query as they came "
     "when nothing is said"},
    {"auth-proxy-set-headers",
     "a ConfigMap of the Ingress's namespace, as `NAME` or `NAMESPACE/NAME`",
     "each of its keys is a field of the question with that value, with variables"},
    {"auth-cache-key", "text with variables, `$cookie_session`, `$remote_user$http_authorization`",
     "what was said to one holds for a while for whoever has this in common on the same "
     "host; who shows none of it is asked about each time. One that has nothing of a client is "
     "left out"},
    {"auth-cache-duration", "statuses and a time by commas, `200 202 10m, 401 1m`; `any`",
     "for how long; `200 202 401 5m` when nothing is said"},
    {"auth-always-set-cookie", "true, false",
     "the answer's cookies go to the client with what is refused or fails, too"},
    {"auth-keepalive, auth-keepalive-requests, auth-keepalive-share-vars, "
     "auth-keepalive-timeout",
     "any", "nothing to do: connections to who is asked are kept as those to backends are"},
    {"enable-global-auth", "true, false",
     "`false`: whom the [class](edge-parameters.md) has asked about each request is not asked; "
     "`true`, where the class has nobody asked, closes the Ingress; true when nothing is said and "
     "the "
     "class has somebody asked"},
    {"satisfy", "`any`, `all`",
     "with `any` an address on the allow list needs neither password nor the word of "
     "`auth-url`, and who has one of these need not be on the list; a denied address "
     "never passes"},
    {"auth-tls-secret", "a Secret of the Ingress's namespace, as `NAME` or `NAMESPACE/NAME`",
     "whose authorities (key `ca.crt`, with lists of what they revoked in `ca.crl`, if "
     "there is one) stand for clients; one of another namespace is refused"},
    {"auth-tls-verify-client", "`on`, `off`, `optional`, `optional_no_ca`",
     "`on` when nothing is said: 400 to who shows no certificate, or none that the "
     "authorities stand for; `optional`: who shows none may pass; `optional_no_ca`: "
     "whoever shows any may, too"},
    {"auth-tls-verify-depth", "0 to 100",
     "certificates between the client's and its authority; 1 when nothing is said"},
    {"auth-tls-match-cn", "`CN=` and a regular expression, `CN=(ann\\|bob)`",
     "403 to who has another common name than the whole of that, or no verified "
     "certificate"},
    {"auth-tls-pass-certificate-to-upstream", "true, false",
     "the backend gets the certificate in `ssl-client-cert`, as PEM text with the "
     "escapes of a URL"},
    {"auth-tls-error-page", "an address, or a path, with the variables of `permanent-redirect`",
     "302 to it in place of 400"},
    {"limit-rps, limit-rpm", "requests",
     "of each client in a second or a minute; beyond that, and the burst, 503 (see "
     "`limit-status`) with Retry-After (`rate_limited`)"},
    {"limit-burst-multiplier", "a factor, 5 when nothing is said",
     "so many times the rate may come at once, beyond it"},
    {"limit-connections", "requests",
     "of each client that are under way at a time, each stream of HTTP/2 for itself; "
     "beyond that 503 with Retry-After (`connections_limited`)"},
    {"limit-rate", "KiB a second", "how fast one response is sent; a second's worth comes at once"},
    {"limit-rate-after", "KiB, 0 when nothing is said", "so much of it comes before that holds"},
    {"limit-status", "429, 503",
     "what is answered beyond a limit; what the [parameters of the "
     "class](edge-parameters.md) say, else 503, when nothing is said"},
    {"limit-allowlist, limit-whitelist", "networks and addresses", "these are not limited"},
};

constexpr Description kOfCertificates[] = {
    {"cluster-issuer", "a name",
     "orders a certificate for each `tls` entry from this ClusterIssuer"},
    {"issuer", "a name", "the same from an Issuer of the Ingress's namespace"},
    {"issuer-kind", "`Issuer`, `ClusterIssuer`", "what `issuer` names"},
    {"issuer-group", "`gatehouse.dev`, `cert-manager.io`", "any other: no certificate is ordered"},
    {"common-name", "a host name of at most 64 characters", "the common name that is asked for"},
    {"private-key-algorithm", "`ECDSA`, `RSA`", "ECDSA when nothing is said"},
    {"private-key-size", "256, 384; 2048, 3072, 4096", ""},
    {"private-key-rotation-policy", "`Always`, `Never`",
     "a new key with each certificate, or the same"},
    {"renew-before", "`720h`", "renewal this long before the end"},
    {"renew-before-percentage", "1 to 99", "renewal when this part of the life is left"},
    {"secret-template", "JSON with `labels`, `annotations`", "both are put on the Secret"},
};

}  // namespace

std::span<const Description> descriptions() {
  return kOfRequests;
}

std::span<const Description> certificate_descriptions() {
  return kOfCertificates;
}

}  // namespace ingress::annotations
