#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>

#include "base/alike.h"
#include "base/rare.h"
#include "proxy/config/limits.h"
#include "proxy/config/model.h"

// Every field of the contract, once. Reading, writing, the revision, validation, what a proxy of
// another version is told, and the random configurations of the tests all come from these lists.
//
// To add a field: add the member to its struct in model.h, and one line at the end of the list
// below, in added() or guard(). Both say that proxies of the first release do not have it:
//   added   tunes. A proxy that does not know it is told the rest.
//   guard   keeps somebody out. A proxy that does not know it answers 503 in place of what it
//           guards: the route or default, for a host all of them, for a cluster what leads to it.
// A field has no influence on the revision while it has its default value, so that a release that
// adds fields changes nothing for who does not use them (docs/version-skew.md).
// Neither the order nor the rules of the fields without added() or guard() may change: proxies of
// the first release compute the revision from exactly these, in this order.
namespace proxy::config {

// A rule for texts that are all as long at most.
template <std::size_t count>
struct TextUpTo {
  static constexpr std::size_t bytes_max = count;
};

// What a value may be. Each rule is checked when it is read and by validate().
struct Flag {};  // bool
struct Number {
  std::uint64_t max;
};                  // std::uint64_t
struct Status {};   // int, from 400 to 599
struct Timeout {};  // milliseconds: "60s"; more than 0, at most kTimeoutMax
struct Text {
  std::size_t bytes_max;
};                                             // std::string
struct Path : TextUpTo<kPathBytesMax> {};      // std::string that the router can compare with
struct Reason : TextUpTo<kReasonBytesMax> {};  // std::string: a token for logs and metrics
struct Pem : TextUpTo<kPemBytesMax> {};        // base::PemText: not empty, ASCII
struct CookieName : TextUpTo<kCookieTextBytesMax> {};  // std::string: a token (RFC 6265 §4.1.1)
struct CookieText : TextUpTo<kCookieTextBytesMax> {};  // std::string: an attribute's value
// std::string: a host, perhaps with a port; or empty
struct Authority : TextUpTo<kAuthorityBytesMax> {};
struct HostText : TextUpTo<kTextBytesMax> {};  // std::string: a host name or an address
struct ClusterId : TextUpTo<kIdBytesMax> {};   // std::string: a key of ProxyConfig::clusters
// std::string: likewise, or empty
struct ClusterIdOrNone : TextUpTo<kIdBytesMax> {};
struct GuardsId : TextUpTo<kIdBytesMax> {};  // std::string: a key of ProxyConfig::guards, or empty
struct ShapeId : TextUpTo<kIdBytesMax> {};   // std::string: a key of ProxyConfig::shapes, or empty
struct List {
  std::size_t entries_max;
};                    // std::vector of Endpoint, Network or of a struct with fields
struct Part {};       // a struct with fields, or a MayBeMissing of one
struct OneAction {};  // Action: "cluster" or "answer" in the object itself
template <std::size_t count>
struct Choice {  // an enum, by its values from 0 on
  std::array<const char*, count> names;
};

struct RedirectStatus {};  // int, from 300 to 308
struct PageStatus {};      // int, 200, 204, or from 400 to 599
// std::string: "/", visible ASCII, "$1" to "$9" for groups
struct PathTemplate : TextUpTo<kPathBytesMax> {};
struct FieldValue {  // std::string: the value of a header field (RFC 9110 §5.5), in ASCII
  std::size_t bytes_max;
};

struct FieldName : TextUpTo<kFieldNameBytesMax> {};  // std::string: may_be_shaped()
struct SaidName : TextUpTo<kFieldNameBytesMax> {};   // std::string: may_be_said()
struct Token : TextUpTo<kFieldNameBytesMax> {};      // std::string: is_field_name(), or empty
struct Origins {  // std::vector<std::string> of is_origin_pattern(), sorted, unique
  std::size_t entries_max;
};

struct Statuses {  // std::vector<int>: each a Status, sorted, unique
  std::size_t entries_max;
};

// std::optional and base::Rare.
template <class T>
inline constexpr bool kMayBeMissing = false;
template <class T>
inline constexpr bool kMayBeMissing<std::optional<T>> = true;
template <class T>
inline constexpr bool kMayBeMissing<base::Rare<T>> = true;
template <class T>
concept MayBeMissing = kMayBeMissing<T>;

enum class Presence { when_set, always, required };  // always: written, but need not be there
enum class IfUnknown { skip, close };

template <class Owner, class Value, class Rule>
struct Field {
  const char* name;
  Value Owner::*member;
  Rule rule;
  Presence presence = Presence::when_set;
  bool in_first_release = true;
  IfUnknown if_unknown = IfUnknown::skip;
};

// The fields of a member, a struct or an Alike of one, stand in its owner's own object.
template <class Owner, class Inner>
struct Embedded {
  Inner Owner::*member;
  bool in_first_release = true;
};

template <class Owner, class Value, class Rule>
constexpr auto field(const char* name, Value Owner::*member, Rule rule) {
  // Does not compile: an object's list of its members that guard has this name.
  if (std::string_view(name) == "guards") throw "the name is taken";
  return Field<Owner, Value, Rule>{name, member, rule};
}
template <class F>
constexpr F required(F field) {
  field.presence = Presence::required;
  return field;
}
template <class F>
constexpr F always(F field) {
  field.presence = Presence::always;
  return field;
}
template <class F>
constexpr F added(F field) {
  field.in_first_release = false;
  return field;
}
template <class F>
constexpr F guard(F field) {
  field.in_first_release = false;
  field.if_unknown = IfUnknown::close;
  return field;
}
template <class Owner, class Inner>
constexpr auto embedded(Inner Owner::*member) {
  return Embedded<Owner, Inner>{member};
}

// kName stands in the names of features ("default.bodyBytesMax"), by which a proxy says what it
// knows beyond the first release.
template <class T>
struct Fields;

template <>
struct Fields<Redirection> {
  static constexpr const char* kName = "redirect";
  static constexpr auto kList =
      std::tuple(required(field("status", &Redirection::status, RedirectStatus{})),
                 required(field("location", &Redirection::location, FieldValue{kTextBytesMax})));
};

template <>
struct Fields<FixedPage> {
  static constexpr const char* kName = "page";
  static constexpr auto kList =
      std::tuple(required(field("status", &FixedPage::status, PageStatus{})),
                 field("text", &FixedPage::text, Text{kTextBytesMax}),
                 field("type", &FixedPage::type, FieldValue{kTextBytesMax}));
};

template <>
struct Fields<FixedAnswer> {
  static constexpr const char* kName = "answer";
  static constexpr auto kList =
      std::tuple(required(field("status", &FixedAnswer::status, Status{})),
                 required(field("reason", &FixedAnswer::reason, Reason{})),
                 guard(field("redirect", &FixedAnswer::redirect, Part{})),
                 guard(field("page", &FixedAnswer::page, Part{})));
};

template <>
struct Fields<BackendTls> {
  static constexpr const char* kName = "cluster.tls";
  static constexpr auto kList =
      std::tuple(field("serverName", &BackendTls::server_name, Text{kHostBytesMax}),
                 field("trusted", &BackendTls::trusted_pem, Text{kPemBytesMax}),
                 field("verifiedName", &BackendTls::verified_name, Text{kHostBytesMax}),
                 field("verifyDepth", &BackendTls::verify_depth, Number{kVerifyDepthMax}),
                 field("chain", &BackendTls::chain_pem, Text{kPemBytesMax}),
                 field("key", &BackendTls::key_pem, Text{kPemBytesMax}),
                 // Who does not know it would take others.
                 guard(field("ciphers", &BackendTls::ciphers, Text{kCipherListBytesMax})));
};

template <>
struct Fields<HashPart> {
  static constexpr const char* kName = "hashPart";
  static constexpr auto kList = std::tuple(
      required(
          field("source", &HashPart::source,
                Choice<6>{{"requestUri", "clientAddress", "host", "field", "cookie", "argument"}})),
      field("name", &HashPart::name, Text{kHashNameBytesMax}));
};

template <>
struct Fields<ZoneEndpoints> {
  static constexpr const char* kName = "cluster.zone";
  static constexpr auto kList =
      std::tuple(required(field("zone", &ZoneEndpoints::zone, Text{kZoneBytesMax})),
                 field("endpoints", &ZoneEndpoints::endpoints, List{kEndpointsMax}));
};

template <>
struct Fields<EndpointRules> {
  static constexpr const char* kName = "cluster.endpointRules";
  static constexpr auto kList = std::tuple(
      field("requestsMax", &EndpointRules::requests_max, Number{kEndpointShareMax}),
      field("connectionsMax", &EndpointRules::connections_max, Number{kEndpointShareMax}),
      field("ejectAfter", &EndpointRules::eject_after, Number{kEjectAfterMax}),
      field("slowStartSeconds", &EndpointRules::slow_start_seconds, Number{kSlowStartSecondsMax}));
};

template <>
struct Fields<Cluster> {
  static constexpr const char* kName = "cluster";
  static constexpr auto kList = std::tuple(
      required(field("endpoints", &Cluster::endpoints, List{kEndpointsMax})),
      field("balancing", &Cluster::balancing, Choice<2>{{"roundRobin", "leastRequests"}}),
      field("connectTimeout", &Cluster::connect_timeout, Timeout{}),
      field("readTimeout", &Cluster::read_timeout, Timeout{}),
      field("sendTimeout", &Cluster::send_timeout, Timeout{}),
      // Who does not know it would send in the clear what is meant to be hidden.
      guard(field("tls", &Cluster::tls, Part{})),
      added(field("affinityKey", &Cluster::affinity_key, Text{kAffinityKeyBytesMax})),
      added(field("hashBy", &Cluster::hash_by, List{kHashPartsMax})),
      // Who does not know it would ask in HTTP/1.1, and hear nothing that makes sense.
      guard(field("http2", &Cluster::speaks_http2, Flag{})),
      // Who does not know it would be taken for the client, and the endpoint hear no sense.
      guard(field("proxyProtocol", &Cluster::proxy_protocol, Choice<3>{{"none", "v1", "v2"}})),
      // Who does not know it would take any certificate.
      guard(field("trustsSystem", &Cluster::trusts_system, Flag{})),
      // Without it a client goes elsewhere a little earlier.
      added(field("leaving", &Cluster::leaving, List{kEndpointsMax})),
      // Without it a client is kept by hashBy alone.
      added(field("clientStaySeconds", &Cluster::client_stay_seconds, Number{kStaySecondsMax})),
      // Without them all endpoints are asked.
      added(field("zones", &Cluster::zones, List{kZonesMax})),
      // Who does not know it would speak what is not to be spoken.
      guard(field("tls13Only", &Cluster::tls13_only, Flag{})),
      // Without them it is asked as much as any other.
      added(field("endpointRules", &Cluster::endpoint_rules, Part{})));
};

template <>
struct Fields<StickyCookie> {
  static constexpr const char* kName = "sticky";
  static constexpr auto kList = std::tuple(
      field("name", &StickyCookie::name, CookieName{}),
      field("path", &StickyCookie::path, CookieText{}),
      field("domain", &StickyCookie::domain, CookieText{}),
      field("maxAge", &StickyCookie::max_age, Number{kCookieSecondsMax}),
      field("expires", &StickyCookie::expires, Number{kCookieSecondsMax}),
      field("secure", &StickyCookie::secure, Choice<3>{{"whenHttps", "never", "always"}}),
      field("sameSite", &StickyCookie::same_site, Choice<4>{{"unset", "None", "Lax", "Strict"}}),
      field("sameSiteNoneIfKnown", &StickyCookie::same_site_none_if_known, Flag{}),
      field("changeOnFailure", &StickyCookie::change_on_failure, Flag{}),
      // Without it a client stays where it is.
      added(field("namesClient", &StickyCookie::names_client, Flag{})));
};

template <>
struct Fields<Limits> {
  static constexpr const char* kName = "guardSet.limits";
  static constexpr auto kList =
      std::tuple(required(field("id", &Limits::id, Text{kIdBytesMax})),
                 field("requestsPerSecond", &Limits::requests_per_second, Number{kRequestRateMax}),
                 field("requestsPerMinute", &Limits::requests_per_minute, Number{kRequestRateMax}),
                 field("burstMultiplier", &Limits::burst_multiplier, Number{kBurstMultiplierMax}),
                 field("connections", &Limits::connections, Number{kConnectionsLimitMax}),
                 field("exempt", &Limits::exempt, List{kNetworksMax}),
                 added(field("status", &Limits::status, Status{})));
};

template <>
struct Fields<PasswordUser> {
  static constexpr const char* kName = "guardSet.user";
  static constexpr auto kList =
      std::tuple(required(field("name", &PasswordUser::name, Text{kUserNameBytesMax})),
                 required(field("hash", &PasswordUser::hash, Text{kPasswordHashBytesMax})));
};

template <>
struct Fields<BasicAuth> {
  static constexpr const char* kName = "guardSet.basicAuth";
  static constexpr auto kList =
      std::tuple(required(field("realm", &BasicAuth::realm, FieldValue{kRealmBytesMax})),
                 required(field("users", &BasicAuth::users, List{kUsersMax})));
};

template <>
struct Fields<ClientCertificates> {
  static constexpr const char* kName = "guardSet.clientCertificates";
  static constexpr auto kList = std::tuple(
      required(field("trusted", &ClientCertificates::trusted_pem, Text{kAuthoritiesBytesMax})),
      field("revoked", &ClientCertificates::revoked_pem, Text{kRevokedBytesMax}),
      field("verifyDepth", &ClientCertificates::verify_depth, Number{kVerifyDepthMax}),
      field("proof", &ClientCertificates::proof, Choice<3>{{"required", "optional", "unverified"}}),
      field("commonName", &ClientCertificates::common_name, Text{kPathBytesMax}),
      field("passesCertificate", &ClientCertificates::passes_certificate, Flag{}),
      field("errorPage", &ClientCertificates::error_page, Part{}));
};

template <>
struct Fields<CopiedField> {
  static constexpr const char* kName = "copiedField";
  static constexpr auto kList =
      std::tuple(required(field("name", &CopiedField::name, FieldName{})));
};

template <>
struct Fields<SaidField> {
  static constexpr const char* kName = "saidField";
  static constexpr auto kList =
      std::tuple(required(field("name", &SaidField::name, SaidName{})),
                 field("value", &SaidField::value, FieldValue{kTextBytesMax}));
};

template <>
struct Fields<CachedStatus> {
  static constexpr const char* kName = "cachedStatus";
  static constexpr auto kList =
      std::tuple(required(field("status", &CachedStatus::status, Number{599})),
                 required(field("seconds", &CachedStatus::seconds, Number{kCachedSecondsMax})));
};

template <>
struct Fields<ExternalAuth> {
  static constexpr const char* kName = "guardSet.externalAuth";
  static constexpr auto kList =
      std::tuple(field("cluster", &ExternalAuth::cluster, ClusterIdOrNone{}),
                 required(field("host", &ExternalAuth::host, FieldValue{kTextBytesMax})),
                 required(field("target", &ExternalAuth::target, FieldValue{kTextBytesMax})),
                 field("method", &ExternalAuth::method, Token{}),
                 field("askedFor", &ExternalAuth::asked_for, FieldValue{kTextBytesMax}),
                 field("signin", &ExternalAuth::signin, FieldValue{kTextBytesMax}),
                 field("copied", &ExternalAuth::copied, List{kFieldLinesMax}),
                 field("alwaysSetsCookies", &ExternalAuth::always_sets_cookies, Flag{}),
                 // Who is asked may go by them.
                 guard(field("said", &ExternalAuth::said, List{kFieldLinesMax})),
                 // Without them each request is asked about.
                 added(field("cacheKey", &ExternalAuth::cache_key, FieldValue{kTextBytesMax})),
                 added(field("cached", &ExternalAuth::cached, List{kCachedStatusesMax})));
};

template <>
struct Fields<RuleRange> {
  static constexpr const char* kName = "guardSet.ruleRange";
  static constexpr auto kList =
      std::tuple(required(field("first", &RuleRange::first, Number{kRuleIdMax})),
                 required(field("last", &RuleRange::last, Number{kRuleIdMax})));
};

template <>
struct Fields<ResponseInspection> {
  static constexpr const char* kName = "guardSet.firewall.responseInspection";
  static constexpr auto kList = std::tuple(
      field("anomalyThreshold", &ResponseInspection::anomaly_threshold,
            Number{kAnomalyThresholdMax}),
      field("bodyBytesMax", &ResponseInspection::body_bytes_max, Number{kInspectedBytesMax}),
      field("refusesLarger", &ResponseInspection::refuses_larger, Flag{}),
      field("types", &ResponseInspection::types, FieldValue{kInspectedTypesBytesMax}));
};

template <>
struct Fields<Firewall> {
  static constexpr const char* kName = "guardSet.firewall";
  static constexpr auto kList = std::tuple(
      field("mode", &Firewall::mode, Choice<2>{{"block", "detect"}}),
      field("coreRules", &Firewall::core_rules, Flag{}),
      field("paranoiaLevel", &Firewall::paranoia_level, Number{kParanoiaLevelMax}),
      field("anomalyThreshold", &Firewall::anomaly_threshold, Number{kAnomalyThresholdMax}),
      field("excludedRules", &Firewall::excluded_rules, List{kExcludedRulesMax}),
      field("bodyBytesMax", &Firewall::body_bytes_max, Number{kInspectedBytesMax}),
      field("passesUninspected", &Firewall::passes_uninspected, Flag{}),
      // Who does not know it would let out what is to be kept in.
      guard(field("responses", &Firewall::responses, Part{})));
};

template <>
struct Fields<NextUpstream> {
  static constexpr const char* kName = "nextUpstream";
  static constexpr auto kList =
      std::tuple(field("error", &NextUpstream::error, Flag{}),
                 field("timeout", &NextUpstream::timeout, Flag{}),
                 field("invalidAnswer", &NextUpstream::invalid_answer, Flag{}),
                 field("403", &NextUpstream::status_403, Flag{}),
                 field("404", &NextUpstream::status_404, Flag{}),
                 field("429", &NextUpstream::status_429, Flag{}),
                 field("500", &NextUpstream::status_500, Flag{}),
                 field("502", &NextUpstream::status_502, Flag{}),
                 field("503", &NextUpstream::status_503, Flag{}),
                 field("504", &NextUpstream::status_504, Flag{}),
                 field("nonIdempotent", &NextUpstream::non_idempotent, Flag{}),
                 field("tries", &NextUpstream::tries, Number{kTriesMax}),
                 field("seconds", &NextUpstream::seconds, Number{kTrySecondsMax}));
};

// The section came with the fields "guardedBy" of routes and defaults: who knows those knows what
// is not guard() here, and who does not is told none of it.
template <>
struct Fields<Guards> {
  static constexpr const char* kName = "guardSet";
  static constexpr auto kList =
      std::tuple(field("closed", &Guards::closed, Flag{}),
                 field("denied", &Guards::denied, List{kNetworksMax}),
                 field("allowed", &Guards::allowed, List{kNetworksMax}),
                 guard(field("basicAuth", &Guards::basic_auth, Part{})),
                 // Without it both are asked for.
                 added(field("satisfyAny", &Guards::satisfy_any, Flag{})),
                 guard(field("limits", &Guards::limits, Part{})),
                 guard(field("clientCertificates", &Guards::client_certificates, Part{})),
                 guard(field("externalAuth", &Guards::external_auth, Part{})),
                 guard(field("firewall", &Guards::firewall, Part{})));
};

template <>
struct Fields<Cors> {
  static constexpr const char* kName = "cors";
  static constexpr auto kList =
      std::tuple(field("anyOrigin", &Cors::any_origin, Flag{}),
                 field("origins", &Cors::origins, Origins{kOriginsMax}),
                 field("credentials", &Cors::credentials, Flag{}),
                 field("methods", &Cors::methods, FieldValue{kTextBytesMax}),
                 field("headers", &Cors::headers, FieldValue{kTextBytesMax}),
                 field("exposedHeaders", &Cors::exposed_headers, FieldValue{kTextBytesMax}),
                 field("maxAge", &Cors::max_age, Number{kMaxAgeMax}));
};

template <>
struct Fields<FieldLine> {
  static constexpr const char* kName = "fieldLine";
  static constexpr auto kList =
      std::tuple(required(field("name", &FieldLine::name, FieldName{})),
                 field("value", &FieldLine::value, FieldValue{kTextBytesMax}));
};

template <>
struct Fields<Replacement> {
  static constexpr const char* kName = "replacement";
  static constexpr auto kList =
      std::tuple(required(field("from", &Replacement::from, FieldValue{kTextBytesMax})),
                 required(field("to", &Replacement::to, FieldValue{kTextBytesMax})));
};

template <>
struct Fields<LoggedField> {
  static constexpr const char* kName = "loggedField";
  static constexpr auto kList = std::tuple(required(field("name", &LoggedField::name, Token{})));
};

template <>
struct Fields<AccessLine> {
  static constexpr const char* kName = "shape.accessLine";
  static constexpr auto kList =
      std::tuple(field("format", &AccessLine::format, Choice<3>{{"json", "common", "combined"}}),
                 field("fields", &AccessLine::fields, List{kLoggedFieldsMax}));
};

// The section came with the fields "shapedBy" of routes and defaults.
template <>
struct Fields<Shape> {
  static constexpr const char* kName = "shape";
  static constexpr auto kList = std::tuple(
      field("cors", &Shape::cors, Part{}),
      field("requestFields", &Shape::request_fields, List{kFieldLinesMax}),
      field("responseFields", &Shape::response_fields, List{kFieldLinesMax}),
      added(field("cookieDomains", &Shape::cookie_domains, List{kReplacementsMax})),
      added(field("cookiePaths", &Shape::cookie_paths, List{kReplacementsMax})),
      added(field("locations", &Shape::locations, List{kReplacementsMax})),
      added(field("transportSecurity", &Shape::transport_security, FieldValue{kTextBytesMax})),
      // Without it lines are as they ever were.
      added(field("accessLine", &Shape::access_line, Part{})));
};

template <>
struct Fields<Split> {
  static constexpr const char* kName = "split";
  static constexpr auto kList = std::tuple(
      required(field("cluster", &Split::cluster, ClusterId{})),
      field("header", &Split::header, Token{}),
      field("headerValue", &Split::header_value, FieldValue{kTextBytesMax}),
      field("headerPattern", &Split::header_pattern, Text{kPathBytesMax}),
      field("cookie", &Split::cookie, Token{}), field("weight", &Split::weight, Number{kWeightMax}),
      field("weightTotal", &Split::weight_total, Number{kWeightMax}));
};

template <>
struct Fields<ErrorPages> {
  static constexpr const char* kName = "errorPages";
  static constexpr auto kList =
      std::tuple(required(field("cluster", &ErrorPages::cluster, ClusterId{})),
                 field("statuses", &ErrorPages::statuses, Statuses{kErrorStatusesMax}),
                 field("withoutEndpoints", &ErrorPages::without_endpoints, Flag{}),
                 field("namespace", &ErrorPages::namespace_, FieldValue{kTextBytesMax}),
                 field("ingress", &ErrorPages::ingress, FieldValue{kTextBytesMax}),
                 field("service", &ErrorPages::service, FieldValue{kTextBytesMax}),
                 field("port", &ErrorPages::port, Number{kPortMax}));
};

template <>
struct Fields<Pace> {
  static constexpr const char* kName = "pace";
  static constexpr auto kList =
      std::tuple(required(field("bytesPerSecond", &Pace::bytes_per_second, Number{kBodyBytesMax})),
                 field("freeBytes", &Pace::free_bytes, Number{kBodyBytesMax}));
};

template <>
struct Fields<Mirror> {
  static constexpr const char* kName = "mirror";
  static constexpr auto kList =
      std::tuple(required(field("cluster", &Mirror::cluster, ClusterId{})),
                 required(field("host", &Mirror::host, FieldValue{kTextBytesMax})),
                 required(field("target", &Mirror::target, FieldValue{kTextBytesMax})),
                 field("withBody", &Mirror::with_body, Flag{}));
};

template <>
struct Fields<Policies> {
  static constexpr auto kList = std::tuple(
      field("bodyBytesMax", &Policies::body_bytes_max, Number{kBodyBytesMax}),
      added(field("requestBuffering", &Policies::buffers_request, Flag{})),
      guard(field("guardedBy", &Policies::guards, GuardsId{})),
      // Without it, paths of the backend that it kept out of reach would be reachable.
      guard(field("rewriteTarget", &Policies::rewrite_target, PathTemplate{})),
      added(field("forwardedPrefix", &Policies::forwarded_prefix, FieldValue{kTextBytesMax})),
      added(field("shapedBy", &Policies::shape, ShapeId{})),
      added(field("sticky", &Policies::sticky, Part{})),
      // Without it the route's own cluster answers all.
      added(field("splits", &Policies::splits, List{kSplitsMax})),
      added(field("upstreamHost", &Policies::upstream_host, Authority{})),
      added(field("nextUpstream", &Policies::next_upstream, Part{})),
      // Without it errors are as the route's own cluster has them.
      added(field("errorPages", &Policies::error_pages, Part{})),
      // A limit that somebody believes in.
      guard(field("pace", &Policies::pace, Part{})),
      added(field("tracing", &Policies::tracing, Choice<3>{{"off", "trusted", "own"}})),
      added(field("mirror", &Policies::mirror, Part{})),
      added(field("unlogged", &Policies::unlogged, Flag{})));
};

template <>
struct Fields<Route> {
  static constexpr const char* kName = "route";
  static constexpr auto kList =
      std::tuple(field("match", &Route::match, Choice<2>{{"exact", "prefix"}}),
                 required(field("path", &Route::path, Path{})), embedded(&Route::policies),
                 field("", &Route::action, OneAction{}));
};

template <>
struct Fields<DefaultRoute> {
  static constexpr const char* kName = "default";
  static constexpr auto kList = std::tuple(field("", &DefaultRoute::action, OneAction{}),
                                           added(embedded(&DefaultRoute::policies)));
};

template <>
struct Fields<ExpressionRoute> {
  static constexpr const char* kName = "expression";
  static constexpr auto kList = std::tuple(
      required(field("expression", &ExpressionRoute::expression, Text{kPathBytesMax})),
      embedded(&ExpressionRoute::policies), field("", &ExpressionRoute::action, OneAction{}));
};

template <>
struct Fields<ClosedExpression> {
  static constexpr const char* kName = "closed";
  static constexpr auto kList =
      std::tuple(required(field("expression", &ClosedExpression::expression, Text{kPathBytesMax})),
                 embedded(&ClosedExpression::answer));
};

template <>
struct Fields<Passthrough> {
  static constexpr const char* kName = "passthrough";
  static constexpr auto kList =
      std::tuple(required(field("cluster", &Passthrough::cluster, ClusterId{})),
                 field("guardedBy", &Passthrough::guards, GuardsId{}));
};

template <>
struct Fields<VirtualHost> {
  static constexpr const char* kName = "host";
  static constexpr auto kList = std::tuple(
      always(field("routes", &VirtualHost::routes, List{kRoutesMax})),
      field("default", &VirtualHost::default_route, Part{}),
      field("httpsRedirect", &VirtualHost::https_redirect, Flag{}),
      guard(field("closed", &VirtualHost::closed, List{kClosedMax})),
      // Not guard(): a host is not to go down because a wildcard stands over it.
      added(field("ownCertificateOnly", &VirtualHost::own_certificate_only, Flag{})),
      // What it matches would fall to a wider route, which may be another backend's.
      guard(field("expressions", &VirtualHost::expressions, List{kExpressionRoutesMax})),
      // Who does not know it would end TLS itself, where nobody but the endpoint is to read.
      guard(field("passthrough", &VirtualHost::passthrough, Part{})),
      // Who does not know it would let weaker connections come.
      guard(field("tls13Only", &VirtualHost::tls13_only, Flag{})),
      // Without it fewer clients come.
      added(field("oldTlsCiphers", &VirtualHost::takes_old_ciphers, Flag{})),
      // Who does not know it would serve what nobody else is to read.
      guard(field("plainHttpRefused", &VirtualHost::refuses_plain_http, Flag{})));
};

template <>
struct Fields<Certificate> {
  static constexpr const char* kName = "certificate";
  static constexpr auto kList = std::tuple(required(field("chain", &Certificate::chain_pem, Pem{})),
                                           required(field("key", &Certificate::key_pem, Pem{})));
};

template <>
struct Fields<OtherAnswer> {
  static constexpr const char* kName = "challenge.other";
  static constexpr auto kList =
      std::tuple(required(field("host", &OtherAnswer::host, HostText{})),
                 required(field("keyAuthorization", &OtherAnswer::key_authorization,
                                Text{kKeyAuthorizationBytesMax})));
};

template <>
struct Fields<ChallengeAnswer> {
  static constexpr const char* kName = "challenge";
  static constexpr auto kList =
      std::tuple(required(field("host", &ChallengeAnswer::host, HostText{})),
                 required(field("keyAuthorization", &ChallengeAnswer::key_authorization,
                                Text{kKeyAuthorizationBytesMax})),
                 added(field("others", &ChallengeAnswer::others, List{kOtherAnswersMax})));
};

// A section of its own: who knows none of its fields is told none of it. Such a proxy takes the
// balancer for the client, whom it then knows no better than before; one that does not know
// PROXY headers takes none, and cannot read a connection that begins with one.
template <>
struct Fields<Arrivals> {
  static constexpr const char* kName = "arrivals";
  static constexpr auto kList = std::tuple(
      added(field("trustedProxies", &Arrivals::trusted_proxies, List{kTrustedProxiesMax})),
      added(field("proxyHeaders", &Arrivals::takes_proxy_headers, Flag{})));
};

template <class T>
concept HasFields = requires {
  Fields<T>::kList;
};

// Does not compile when a struct has a member that its list has not: it would not travel.
template <class T>
constexpr void list_every_member(const T& value) {
  constexpr std::size_t kCount = std::tuple_size_v<decltype(Fields<T>::kList)>;
  static_assert(kCount <= 16, "add a case below");
  if constexpr (kCount == 1) {
    [[maybe_unused]] const auto& [a] = value;
  } else if constexpr (kCount == 2) {
    [[maybe_unused]] const auto& [a, b] = value;
  } else if constexpr (kCount == 3) {
    [[maybe_unused]] const auto& [a, b, c] = value;
  } else if constexpr (kCount == 4) {
    [[maybe_unused]] const auto& [a, b, c, d] = value;
  } else if constexpr (kCount == 5) {
    [[maybe_unused]] const auto& [a, b, c, d, e] = value;
  } else if constexpr (kCount == 6) {
    [[maybe_unused]] const auto& [a, b, c, d, e, f] = value;
  } else if constexpr (kCount == 7) {
    [[maybe_unused]] const auto& [a, b, c, d, e, f, g] = value;
  } else if constexpr (kCount == 8) {
    [[maybe_unused]] const auto& [a, b, c, d, e, f, g, h] = value;
  } else if constexpr (kCount == 9) {
    [[maybe_unused]] const auto& [a, b, c, d, e, f, g, h, i] = value;
  } else if constexpr (kCount == 10) {
    [[maybe_unused]] const auto& [a, b, c, d, e, f, g, h, i, j] = value;
  } else if constexpr (kCount == 11) {
    [[maybe_unused]] const auto& [a, b, c, d, e, f, g, h, i, j, k] = value;
  } else if constexpr (kCount == 12) {
    [[maybe_unused]] const auto& [a, b, c, d, e, f, g, h, i, j, k, l] = value;
  } else if constexpr (kCount == 13) {
    [[maybe_unused]] const auto& [a, b, c, d, e, f, g, h, i, j, k, l, m] = value;
  } else if constexpr (kCount == 14) {
    [[maybe_unused]] const auto& [a, b, c, d, e, f, g, h, i, j, k, l, m, n] = value;
  } else if constexpr (kCount == 15) {
    [[maybe_unused]] const auto& [a, b, c, d, e, f, g, h, i, j, k, l, m, n, o] = value;
  } else if constexpr (kCount == 16) {
    [[maybe_unused]] const auto& [a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p] = value;
  }
}

// The embedded struct in a member: itself, or what an Alike shares. Of one that may be changed it
// is a copy of its own, until settle() shares that again.
template <class T>
constexpr T& inner(T& value) {
  return value;
}
template <class T>
const T& inner(const base::Alike<T>& value) {
  return *value;
}
template <class T>
T& inner(base::Alike<T>& value) {
  return value.change();
}
template <class T>
constexpr void settle(T&) {}
template <class T>
void settle(base::Alike<T>& value) {
  value.settle();
}

// Calls visit(field, in_first_release, value...) for each field of T, with that field's value in
// each of the objects, which are all T.
template <class T, class Visit, class... Objects>
constexpr void for_each_field(const Visit& visit, bool in_first_release, Objects&... objects) {
  (list_every_member(objects), ...);
  const auto one = [&]<class Owner, class Value>(const auto& field, Value Owner::*member) {
    const bool in_first = in_first_release && field.in_first_release;
    if constexpr (requires { field.name; }) {
      visit(field, in_first, (objects.*member)...);
    } else {
      using Inner = std::remove_cvref_t<decltype(inner(std::declval<Value&>()))>;
      for_each_field<Inner>(visit, in_first, inner(objects.*member)...);
      (settle(objects.*member), ...);
    }
  };
  std::apply([&](const auto&... fields) { (one(fields, fields.member), ...); }, Fields<T>::kList);
}
template <class T, class Visit, class... Objects>
constexpr void for_each_field(const Visit& visit, Objects&... objects) {
  for_each_field<T>(visit, true, objects...);
}

}  // namespace proxy::config
