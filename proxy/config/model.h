#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/alike.h"
#include "base/pem_text.h"
#include "base/rare.h"
#include "base/shared_map.h"
#include "proxy/config/network.h"

// The contract between operator and proxy: what a proxy is told, and all it is ever told. Typed
// values; no text is parsed later but expressions and the groups in what they become, no user's
// file path, no Kubernetes type. A field that is added here is added to proxy/config/fields.h,
// which says how it travels.
namespace proxy::config {

struct Endpoint {
  std::string address;  // IPv4 or IPv6 literal
  std::uint16_t port = 0;
  auto operator<=>(const Endpoint&) const = default;
};

enum class Balancing { round_robin, least_requests };

// How an endpoint is spoken to in TLS, and what its certificate must be.
struct BackendTls {
  std::string server_name{};  // sent to it (RFC 6066 §3); empty: none is
  // PEM of the authorities one of which must have issued the endpoint's certificate; empty: any
  // certificate is taken, for any name.
  std::string trusted_pem{};
  std::string verified_name{};     // whom it must be for: a host name or an address
  std::uint64_t verify_depth = 1;  // intermediate certificates, as SSL_CTX_set_verify_depth()
  std::string chain_pem{};         // of the proxy itself, shown to an endpoint that asks; or empty
  std::string key_pem{};
  std::string ciphers{};  // of TLS 1.2; see base/cipher_list.h; empty: OpenSSL's own list
  bool operator==(const BackendTls&) const = default;
};

// What of a request: its path and query as they came, the client's address, the host, a field, a
// cookie, an argument of the query.
enum class HashSource { request_uri, client_address, host, field, cookie, argument };
struct HashPart {
  HashSource source = HashSource::request_uri;
  std::string name{};  // of a field, cookie or argument, whatever its case; "-" is as "_"
  bool operator==(const HashPart&) const = default;
};

// Whether a connection to an endpoint begins with a PROXY header that says who its client is, and
// of which version (haproxy's proxy-protocol.txt). Such a connection is one client's alone.
enum class ProxyProtocol { none, v1, v2 };

// The endpoints of a cluster that requests are to be answered by which came to a proxy of this
// zone, while one of them is well.
struct ZoneEndpoints {
  std::string zone;                   // as the proxy's --zone
  std::vector<Endpoint> endpoints{};  // some of the cluster's; sorted, unique
  bool operator==(const ZoneEndpoints&) const = default;
};

// How much an endpoint is asked, and when it is passed over. What is 0 is as the proxy was told for
// all clusters: by --max-requests-per-endpoint and its kin.
struct EndpointRules {
  std::uint64_t requests_max = 0;     // at a time, of all workers of a proxy
  std::uint64_t connections_max = 0;  // likewise, those at rest among them
  std::uint64_t eject_after = 0;      // so many failures in a row
  std::uint64_t slow_start_seconds = 0;
  bool operator==(const EndpointRules&) const = default;
};

// A set of interchangeable endpoints. No endpoints is legal and answers 503.
struct Cluster {
  std::vector<Endpoint> endpoints;  // sorted, unique
  Balancing balancing = Balancing::round_robin;
  ProxyProtocol proxy_protocol = ProxyProtocol::none;
  bool speaks_http2 = false;  // with prior knowledge, or by ALPN in TLS
  // With tls: the authorities that the proxy's own system trusts stand for endpoints, in place of
  // those of trusted_pem.
  bool trusts_system = false;
  bool tls13_only = false;  // with tls: no other version is spoken
  std::chrono::milliseconds connect_timeout{5'000};
  std::chrono::milliseconds read_timeout{60'000};  // between two reads from the endpoint
  std::chrono::milliseconds send_timeout{60'000};  // between two writes to the endpoint
  base::Rare<BackendTls> tls{};                    // nothing: plain
  // By which the names of endpoints in sticky cookies are made; empty: there are none. Clients do
  // not know it.
  std::string affinity_key{};
  // Requests that have all of these in common get one endpoint, and most keep it when others come
  // and go. Empty, or where a request has none of them: balancing.
  std::vector<HashPart> hash_by{};
  // Endpoints that serve and are about to end: for a client that is bound to one of them, by its
  // cookie or by client_stay_seconds, and for nobody else. Sorted, unique; none of `endpoints`.
  std::vector<Endpoint> leaving{};
  // For so long after its last request a client (an IPv4 address, or the /64 of an IPv6 one) comes
  // back to the endpoint that it had; 0: nothing is remembered. What hash_by says is for its first
  // request then.
  std::uint64_t client_stay_seconds = 0;
  // A zone that has no entry has all endpoints. Of what hash_by or a cookie chooses they say
  // nothing.
  std::vector<ZoneEndpoints> zones{};
  base::Rare<EndpointRules> endpoint_rules{};  // nothing: as the proxy was told
  bool operator==(const Cluster&) const = default;
};

// Answers from the cluster with this id.
struct Forward {
  std::string cluster;
  bool operator==(const Forward&) const = default;
};

// To another address. In the location "$scheme", "$host", "$http_host", "$request_uri", "$uri",
// "$args" and "$is_args" stand for what the request has there.
struct Redirection {
  int status = 302;  // from 300 to 308
  std::string location;
  bool operator==(const Redirection&) const = default;
};

// Something that is said as it stands, in place of a backend.
struct FixedPage {
  int status = 200;    // 200, 204, or from 400 to 599
  std::string text{};  // none with 204
  std::string type{};  // the field Content-Type; empty: plain text
  bool operator==(const FixedPage&) const = default;
};

// Answers without an upstream: a backend that cannot be served, with the reason for the access log.
struct FixedAnswer {
  int status = 503;
  std::string reason;                  // a short token, "service_not_found"
  base::Rare<Redirection> redirect{};  // in place of the status
  base::Rare<FixedPage> page{};        // likewise, without a redirect
  bool operator==(const FixedAnswer&) const = default;
};

using Action = std::variant<Forward, FixedAnswer>;

enum class PathMatch { exact, prefix };  // prefix is by path element (KEP-1453)

// Somebody who may come in with a password (RFC 7617).
struct PasswordUser {
  std::string name;
  std::string hash;  // see password_hash.h; one that is not known here fits no password
  bool operator==(const PasswordUser&) const = default;
};

struct BasicAuth {
  std::string realm;
  std::vector<PasswordUser> users;  // of two with one name the first counts
  bool operator==(const BasicAuth&) const = default;
};

// How much of each client may pass: of an IPv4 address, or of the /64 of an IPv6 one.
struct Limits {
  std::string id;                         // whose they are: limits of one id and number are one
  std::uint64_t requests_per_second = 0;  // 0: as many as may be; so for the next ones
  std::uint64_t requests_per_minute = 0;
  std::uint64_t burst_multiplier = 5;  // so many times that number at once, beyond the rate
  std::uint64_t connections = 0;       // requests under way at a time
  std::vector<Network> exempt{};       // sorted, unique; they are not limited
  int status = 503;                    // of what is beyond
  bool operator==(const Limits&) const = default;
};

// required: who shows none, or none that these authorities stand for, may not pass. optional: who
// shows none may. unverified: who shows any may, too; the backend is told what it is worth.
enum class ClientProof { required, optional, unverified };

// What a client must show of itself in its TLS handshake with the very host (RFC 8446 §4.3.2). Over
// plain http nobody passes.
struct ClientCertificates {
  std::string trusted_pem;         // of the authorities; no certificate in it: nobody passes
  std::string revoked_pem{};       // lists of all of them (RFC 5280 §5), or empty
  std::uint64_t verify_depth = 1;  // intermediate certificates, as SSL_CTX_set_verify_depth()
  ClientProof proof = ClientProof::required;
  // A regular expression that finds something in the one common name of a verified certificate;
  // others may not pass, and who shows none may not. Empty: any name will do.
  std::string common_name{};
  bool passes_certificate = false;          // the backend gets it, beside what is known of it
  std::optional<Redirection> error_page{};  // in place of 400
  bool operator==(const ClientCertificates&) const = default;
};

// A field that is taken over by its name.
struct CopiedField {
  std::string name;  // config::may_be_shaped()
  bool operator==(const CopiedField&) const = default;
};

// A field of a question, in place of what it would have by that name.
struct SaidField {
  std::string name;   // config::may_be_said()
  std::string value;  // with variables
  bool operator==(const SaidField&) const = default;
};

// How long an answer with a status may be kept.
struct CachedStatus {
  std::uint64_t status = 0;
  std::uint64_t seconds = 0;
  bool operator==(const CachedStatus&) const = default;
};

// Another service is asked about each request: 2xx lets it pass, 401 and 403 are the answer, and
// whatever else comes, or does not, is 500. Texts with variables: see text_template.h; one that
// cannot be read closes.
struct ExternalAuth {
  // Who is asked. Empty: the route that this proxy itself has for the host and target, which must
  // have no guards of its own but limits.
  std::string cluster{};
  std::string host{};    // the field Host, with variables
  std::string target{};  // path and query, with variables
  std::string method = "GET";
  std::string asked_for{};  // X-Auth-Request-Redirect, with variables
  // Where who is to show something first (401) is sent, with variables; empty: 401.
  std::string signin{};
  std::vector<CopiedField> copied{};  // from its answer into the request, in place of the client's
  bool always_sets_cookies = false;   // with what is refused or fails, too
  std::vector<SaidField> said{};
  // What tells who asks, with variables: what was said to one holds for a while for all that have
  // this in common. Empty: each request is asked about.
  std::string cache_key{};
  std::vector<CachedStatus> cached{};
  bool operator==(const ExternalAuth&) const = default;
};

// What becomes of a request that the rules take for an attack: 403, or nothing but a line in the
// access log.
enum class FirewallMode { block, detect };

// Rules by their ids, both among them.
struct RuleRange {
  std::uint64_t first = 0;
  std::uint64_t last = 0;
  bool operator==(const RuleRange&) const = default;
};

// A response's head and body are compared with the core rule set's rules about what leaks, before
// any of it is sent to the client.
struct ResponseInspection {
  std::uint64_t anomaly_threshold = 4;        // the score that makes a leak
  std::uint64_t body_bytes_max = 512u << 10;  // of a body, from its beginning, are inspected
  // A response whose body is larger, or goes on for too long to be waited for; else what follows
  // passes, once its beginning was inspected.
  bool refuses_larger = false;
  // Media types in lower case, by single spaces; empty: those of ModSecurity's recommended
  // configuration.
  std::string types{};
  bool operator==(const ResponseInspection&) const = default;
};

// A request's head and body are compared with the OWASP core rule set before it goes on.
struct Firewall {
  FirewallMode mode = FirewallMode::block;
  bool core_rules = true;                   // else only whether a body can be read
  std::uint64_t paranoia_level = 1;         // from 1 to 4; see tx.paranoia_level of the rule set
  std::uint64_t anomaly_threshold = 5;      // the score that makes an attack
  std::vector<RuleRange> excluded_rules{};  // they count for nothing
  std::uint64_t body_bytes_max = 1u << 20;  // of a body, from its beginning, are inspected
  // A request that is not inspected as a whole, for want of time or room or because its body is
  // larger than that, goes on; else it is refused. Where nothing is refused it goes on anyway.
  bool passes_uninspected = false;
  // Of what a request that may pass is answered by its endpoint; needs core_rules.
  std::optional<ResponseInspection> responses{};
  bool operator==(const Firewall&) const = default;
};

// Who may pass, of those that a route or a default is for. What cannot be decided lets nobody pass.
struct Guards {
  bool closed = false;                    // there is a guard that is not known here: 503
  std::vector<Network> denied;            // sorted, unique; 403, whatever else is said
  std::vector<Network> allowed{};         // sorted, unique; if any, 403 to everybody else
  std::optional<BasicAuth> basic_auth{};  // 401 to who is none of its users
  // One is enough: to be allowed, to have a password, to be let in by external_auth.
  bool satisfy_any = false;
  std::optional<Limits> limits{};
  std::optional<ClientCertificates> client_certificates{};
  std::optional<ExternalAuth> external_auth{};
  std::optional<Firewall> firewall{};
  bool operator==(const Guards&) const = default;
};

// Which scripts of other origins may read what a route answers: the CORS protocol (Fetch §3.2).
struct Cors {
  bool any_origin = false;
  // config::is_origin_pattern(): "https://shop.example:8443", "https://*.shop.example". Sorted,
  // unique.
  std::vector<std::string> origins{};
  bool credentials = false;
  // Values of Access-Control-Allow-Methods, -Allow-Headers and -Expose-Headers; empty: no field.
  std::string methods{};
  std::string headers{};
  std::string exposed_headers{};
  std::uint64_t max_age = 0;  // seconds
  bool operator==(const Cors&) const = default;
};

// A header field that stands in place of all of its name that came; without a value none does.
struct FieldLine {
  std::string name;  // config::may_be_shaped()
  std::string value;
  bool operator==(const FieldLine&) const = default;
};

// Text that stands in place of another one.
struct Replacement {
  std::string from;
  std::string to;
  bool operator==(const Replacement&) const = default;
};

// How the access log writes a line: an object of JSON, httpd's Common Log Format
// (https://www.w3.org/Daemon/User/Config/Logging.html#common-logfile-format), or that with the
// fields Referer and User-Agent (NCSA's "combined").
enum class LogFormat { json, common, combined };

// A field of such an object, by its name there; one that is not known here is none.
struct LoggedField {
  std::string name;
  bool operator==(const LoggedField&) const = default;
};

struct AccessLine {
  LogFormat format = LogFormat::json;
  // Beside the time, of JSON; none: all but those of the request's own fields.
  std::vector<LoggedField> fields{};
  bool operator==(const AccessLine&) const = default;
};

// What is sent either way gets and loses, beside what every request and response does, and how it
// is logged.
struct Shape {
  std::optional<Cors> cors{};
  std::vector<FieldLine> request_fields{};   // several of one name: all of them
  std::vector<FieldLine> response_fields{};  // likewise; also of answers of the proxy's own
  // See policy/replacements.h; of the endpoint's own responses.
  std::vector<Replacement> cookie_domains{};
  std::vector<Replacement> cookie_paths{};
  std::vector<Replacement> locations{};
  // The field Strict-Transport-Security of responses and answers to who comes by https (RFC 6797
  // §7.2); empty: none of the proxy's.
  std::string transport_security{};
  std::optional<AccessLine> access_line{};  // nothing: all of it, as JSON
  bool operator==(const Shape&) const = default;
};

enum class CookieSecure { when_https, never, always };
enum class SameSite { unset, none, lax, strict };

// A client is told which endpoint of the cluster it got, and gets the same one again. The cookie is
// HttpOnly. Times in seconds, 0: not said.
struct StickyCookie {
  std::string name = "INGRESSCOOKIE";
  std::string path = "/";
  std::string domain;
  std::uint64_t max_age = 0;
  std::uint64_t expires = 0;
  CookieSecure secure = CookieSecure::when_https;
  SameSite same_site = SameSite::unset;
  bool same_site_none_if_known = false;  // not for browsers that take "None" for "Strict"
  // A client whose endpoint is there but fails is told another one, and stays there.
  bool change_on_failure = false;
  // It names the client in place of the endpoint, which follows from that name and from the
  // endpoints that there are: one that comes has its share of all clients.
  bool names_client = false;
  bool operator==(const StickyCookie&) const = default;
};

// Which of a route's requests another cluster answers: those that say so in a header, then those
// that do in a cookie, then by chance. Where the cluster has no endpoints it answers none.
struct Split {
  std::string cluster;
  std::string header{};  // "always" and "never" decide, or one of the next two; empty: none does
  std::string header_value{};    // takes this one
  std::string header_pattern{};  // takes what this finds (config::Expression); without a value
  std::string cookie{};          // "always" and "never" decide; empty: none does
  std::uint64_t weight = 0;      // this many of weight_total
  std::uint64_t weight_total = 100;
  bool operator==(const Split&) const = default;
};

// When another endpoint is asked for what one did not do. What may have had an effect is sent again
// only where that changes nothing (RFC 9110 §9.2.2), or somebody says that it may.
struct NextUpstream {
  bool error = true;            // it does not connect, or ends before it answers
  bool timeout = true;          // it is too slow to connect, or to answer
  bool invalid_answer = false;  // HTTP knows no such answer
  // It answers with one of these.
  bool status_403 = false;
  bool status_404 = false;
  bool status_429 = false;
  bool status_500 = false;
  bool status_502 = false;
  bool status_503 = false;
  bool status_504 = false;
  bool non_idempotent = false;  // whatever effect the request may have had
  std::uint64_t tries = 3;      // endpoints, in all; 0: as many as there are
  std::uint64_t seconds = 0;    // after so long nobody else is asked; 0: there is no such time
  bool operator==(const NextUpstream&) const = default;
};

// Who is asked for what a client gets in place of an error: with GET, and the fields X-Code,
// X-Format, X-Original-URI, X-Request-ID and these. Its answer is the client's, with its own
// status.
struct ErrorPages {
  std::string cluster;
  std::vector<int> statuses{};     // of the route's own cluster; sorted, unique
  bool without_endpoints = false;  // also where that has none, whatever the statuses are
  std::string namespace_{};        // X-Namespace; empty: no such field, as for the next ones
  std::string ingress{};           // X-Ingress-Name
  std::string service{};           // X-Service-Name
  std::uint64_t port = 0;          // X-Service-Port
  bool operator==(const ErrorPages&) const = default;
};

// How fast a response may be sent.
struct Pace {
  std::uint64_t bytes_per_second = 0;  // not 0
  std::uint64_t free_bytes = 0;        // before that holds
  bool operator==(const Pace&) const = default;
};

// Who gets a copy of each request, and is not waited for: neither what becomes of it nor whether
// there is room for it changes anything for the request.
struct Mirror {
  std::string cluster{};
  std::string host{};    // the field Host, with variables
  std::string target{};  // path and query, with variables
  bool with_body = true;
  bool operator==(const Mirror&) const = default;
};

// Whether a backend is told of which trace its request is part (W3C Trace Context).
enum class Tracing {
  off,      // what the client says of it passes as it is
  trusted,  // that of the client, or a new one
  own,      // a new one
};

// What holds for every request that a route or a default takes, before its action has a say.
struct Policies {
  std::uint64_t body_bytes_max = 0;  // 0: no limit; above it 413
  // A request's body is gathered, as far as little memory goes, before an endpoint is chosen for
  // it; else it is sent on as it comes.
  bool buffers_request = false;
  std::string guards{};  // a key of ProxyConfig::guards; empty: everybody may pass
  // What a backend is asked for in place of the path that came: "/$2", with the groups of the
  // route's expression; what follows a "?" comes before the client's own query. Empty: as it came.
  std::string rewrite_target{};
  std::string forwarded_prefix{};  // X-Forwarded-Prefix; empty: none
  std::string shape{};             // a key of ProxyConfig::shapes; empty: nothing is done
  base::Rare<StickyCookie> sticky{};
  std::vector<Split> splits{};               // at most one; has a say only where a cluster answers
  base::Rare<NextUpstream> next_upstream{};  // nothing: only where nothing can have had effect
  std::string upstream_host{};           // the field Host that a backend gets; empty: the client's
  base::Rare<ErrorPages> error_pages{};  // nothing: errors are the client's as they are
  base::Rare<Pace> pace{};               // nothing: as fast as the client takes it
  Tracing tracing = Tracing::off;
  base::Rare<Mirror> mirror{};  // nothing: nobody gets a copy
  bool unlogged = false;        // the access log has no line for it
  bool operator==(const Policies&) const = default;
};

// What a request must be, what holds for it, and who answers it.
struct Route {
  PathMatch match = PathMatch::prefix;
  std::string path = "/";  // starts with "/"; compared with the normalised request path
  Action action;
  base::Alike<Policies> policies{};
  bool operator==(const Route&) const = default;
};

// The route of whatever no path of a host matches.
struct DefaultRoute {
  Action action;
  base::Alike<Policies> policies{};
  bool operator==(const DefaultRoute&) const = default;
};

// A route of whatever a regular expression matches (config::Expression), in the strict reading of a
// path. Among the routes of a host it has its place by the length of its text: see router::Host.
struct ExpressionRoute {
  std::string expression;  // "/pay(/|$)(.*)"; one that cannot be compiled closes the host
  Action action;
  base::Alike<Policies> policies{};
  bool operator==(const ExpressionRoute&) const = default;
};

// A regular expression over paths (config::Expression) whose matches get this answer, in every
// spelling and whatever route they would have. A route with a longer path than the expression is
// excepted: ingress-nginx, which has them in order of length, takes that one.
struct ClosedExpression {
  std::string expression;  // "/admin(/|$)(.*)"; one that cannot be compiled closes the host
  FixedAnswer answer;
  bool operator==(const ClosedExpression&) const = default;
};

// TLS that ends at an endpoint: the bytes of a connection that asks for the host pass on as they
// are.
struct Passthrough {
  std::string cluster;   // in the clear, for all that the proxy does
  std::string guards{};  // a key of ProxyConfig::guards, asked once for each connection; or empty
  bool operator==(const Passthrough&) const = default;
};

// One host's rules. Its key in ProxyConfig::hosts is the exact name in lower case ("shop.example"),
// a wildcard of one label ("*.shop.example"), or "" for every other host.
struct VirtualHost {
  std::vector<Route> routes;               // any order; the router sorts
  base::Rare<DefaultRoute> default_route;  // no path matches; none: 404
  bool https_redirect = false;             // plain http gets 308, except the ACME challenge path
  // The certificates of a wildcard over it, and for clients that name no host, are not for it: with
  // none by its very name it has none.
  bool own_certificate_only = false;
  std::vector<ClosedExpression> closed;      // at most kClosedMax
  std::vector<ExpressionRoute> expressions;  // any order; at most kExpressionRoutesMax
  // Then the routes are for what comes over plain http alone. Not for "": who names no host, or one
  // that is not known, is not led by a name.
  base::Rare<Passthrough> passthrough{};
  // What a client must speak in TLS, beside what all do: see tls_policy.h. With the first the
  // second has no meaning.
  bool tls13_only = false;
  bool takes_old_ciphers = false;  // of TLS 1.2
  // Plain http gets 403, except the ACME challenge path; before any redirect.
  bool refuses_plain_http = false;
  bool operator==(const VirtualHost&) const = default;
};

// What ten thousand hosts have of these is most of what they take: what is mostly not there stands
// beside them (base::Rare), and what many have in common is shared (base::Alike).
static_assert(sizeof(FixedAnswer) <= 56, "an answer has no room for a page that it has not");
static_assert(sizeof(Route) <= 120, "a route has no room for policies that others have, too");
static_assert(sizeof(VirtualHost) <= 104, "a host has no room for a default that it has not");
static_assert(sizeof(Cluster) <= 192, "a cluster has no room for TLS that it does not speak");

// A certificate chain and its key, in PEM. Content-addressed: see certificate_hash().
struct Certificate {
  base::PemText chain_pem;  // leaf first
  base::PemText key_pem;
  bool operator==(const Certificate&) const = default;
};

// A host that shares its token with another one, and its own answer.
struct OtherAnswer {
  std::string host;               // lower case
  std::string key_authorization;  // the whole body
  bool operator==(const OtherAnswer&) const = default;
};

// What answers GET /.well-known/acme-challenge/<token> (RFC 8555 §8.3), to each host for itself. A
// token is the choice of whoever names the ACME server, so two hosts may come with the same one.
struct ChallengeAnswer {
  std::string host;                   // lower case; the one that had the token first
  std::string key_authorization;      // the whole body
  std::vector<OtherAnswer> others{};  // sorted by host, each once, none of them `host`
  bool operator==(const ChallengeAnswer&) const = default;

  // The answer for this host, as above; nullptr: the token is nothing to it.
  const std::string* find(std::string_view asked) const;
};

// What holds for whoever connects, before any host is named.
struct Arrivals {
  // Who may say who their client is, beside those whom the proxy itself was told of. Sorted,
  // unique.
  std::vector<Network> trusted_proxies{};
  // A connection of one of all those may begin with a PROXY header.
  bool takes_proxy_headers = false;
  bool operator==(const Arrivals&) const = default;
};

// Everything, keyed so that a change is a small delta. Values are shared and immutable: a copy of a
// ProxyConfig costs nothing, a change in it what is changed, and what two have in common is not
// looked at where they are compared (base/shared_map.h). An unchanged entry keeps its address.
struct ProxyConfig {
  template <class T>
  using Section = base::SharedMap<std::shared_ptr<const T>, true>;

  Section<Cluster> clusters;          // by id, "namespace/service:port"
  Section<VirtualHost> hosts;         // by host, see VirtualHost
  Section<Certificate> certificates;  // by id, "namespace/secret-name"
  // SNI name (exact or one-label wildcard, lower case; "" for clients that name no known host) to
  // certificate id. A name that is absent has no certificate: the handshake fails with
  // unrecognized_name, and another host's key is never used.
  using Names = base::SharedMap<std::string, true>;
  Names sni;
  Section<ChallengeAnswer> challenges;  // by token, and in it by host
  // By id, guards_id(): many routes have the same, and hold it once.
  Section<Guards> guards;
  Section<Shape> shapes;  // likewise, by shape_id()
  // By "", for all ports; no other key is known.
  Section<Arrivals> arrivals;
};

inline const std::string* ChallengeAnswer::find(std::string_view asked) const {
  if (asked == host) return &key_authorization;
  const auto at = std::lower_bound(
      others.begin(), others.end(), asked,
      [](const OtherAnswer& other, std::string_view wanted) { return other.host < wanted; });
  return at != others.end() && at->host == asked ? &at->key_authorization : nullptr;
}

}  // namespace proxy::config
