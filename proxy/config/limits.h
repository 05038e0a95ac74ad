#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>

// What a configuration never exceeds. Far above what anybody runs: they bound what a broken or
// hostile source can make a proxy do.
namespace proxy::config {

inline constexpr std::size_t kDocumentBytesMax = 256u << 20;
// Of JSON: a byte or two of a document become some tens in memory when they are a value.
inline constexpr std::size_t kValuesMax = 4'000'000;
inline constexpr std::size_t kEntriesMax = 200'000;   // of each section
inline constexpr std::size_t kEndpointsMax = 20'000;  // of a cluster
inline constexpr std::size_t kRoutesMax = 20'000;     // of a host
// Of a list of addresses. All annotations of an object are 256 KiB at most; one network is 4 bytes
// at least, and most have 12.
inline constexpr std::size_t kNetworksMax = 65'536;
// Of who is trusted: each connection is compared with all, and the largest CDNs have some two
// hundred.
inline constexpr std::size_t kTrustedProxiesMax = 1024;
inline constexpr std::size_t kSplitsMax = 1;  // of a route, as ingress-nginx has it
inline constexpr std::uint64_t kWeightMax = 1'000'000;
inline constexpr std::size_t kReplacementsMax = 20;  // of a route, of each kind
inline constexpr std::size_t kFieldNameBytesMax = 256;
inline constexpr std::size_t kFieldLinesMax =
    100;  // of a route, each way; as many as a request has
inline constexpr std::size_t kLoggedFieldsMax = 64;               // of a line of the access log
inline constexpr std::uint64_t kCachedSecondsMax = 24ull * 3600;  // of what an auth server said
inline constexpr std::size_t kCachedStatusesMax = 102;            // 200 to 299, 401, 403
inline constexpr std::size_t kErrorStatusesMax = 200;             // all from 400 to 599
inline constexpr std::uint64_t kPortMax = 65'535;
inline constexpr std::size_t kOriginsMax = 1000;            // of a route
inline constexpr std::uint64_t kMaxAgeMax = 2'147'483'648;  // RFC 9111 §1.2.2: as good as for ever
inline constexpr std::size_t kIdBytesMax = 512;             // "namespace/service:port"
// Of one htpasswd: a Secret is 1 MiB at most, which has room for so many with the longest hashes.
inline constexpr std::size_t kUsersMax = 10'000;
inline constexpr std::size_t kUserNameBytesMax = 255;  // as Apache's htpasswd has it
inline constexpr std::size_t kPasswordHashBytesMax = 255;
inline constexpr std::size_t kRealmBytesMax = 255;
inline constexpr std::size_t kPathBytesMax = 4096;
inline constexpr std::size_t kClosedMax = 100;            // expressions of a host
inline constexpr std::size_t kExpressionRoutesMax = 100;  // of a host
// Instructions of a compiled expression. "/pay(/|$)(.*)" has some 20.
inline constexpr int kExpressionInstructionsMax = 1000;
// Of all expressions of a host, times the bytes that they are compared with for one request: as
// many steps as RE2 needs where it has to simulate all states, each some 10 ns. With a path of
// 8 KiB that may be read in one way there may be some twenty like the one above.
inline constexpr std::size_t kComparisonStepsMax = 8u << 20;
// Compiled, and for the states that it has been in, which RE2 keeps: a tenant may have tens of
// thousands, and a client can have each of them see many. The one above has some ten states.
inline constexpr std::size_t kExpressionMemoryMax = 256u << 10;
static_assert(kExpressionMemoryMax * (kClosedMax + kExpressionRoutesMax) <= 64u << 20,
              "of one host");
inline constexpr std::size_t kReasonBytesMax = 47;     // it becomes a label of a metric
inline constexpr std::size_t kHostBytesMax = 253;      // RFC 1035 §3.1, as text
inline constexpr std::uint64_t kVerifyDepthMax = 100;  // as OpenSSL without one
inline constexpr std::size_t kPemBytesMax = 1u << 20;
// Of one route's: some hundred authorities, and revocation lists with some ten thousand entries.
inline constexpr std::size_t kAuthoritiesBytesMax = 256u << 10;
inline constexpr std::size_t kRevokedBytesMax = 768u << 10;
inline constexpr std::size_t kTokenBytesMax = 256;
inline constexpr std::size_t kKeyAuthorizationBytesMax = 512;
inline constexpr std::size_t kOtherAnswersMax = 1000;    // hosts beside the first with one token
inline constexpr std::size_t kCookieTextBytesMax = 256;  // each part of a sticky cookie
inline constexpr std::size_t kAffinityKeyBytesMax = 128;
inline constexpr std::uint64_t kCookieSecondsMax = 10ull * 366 * 24 * 3600;
inline constexpr std::size_t kAuthorityBytesMax = kHostBytesMax + 6;  // ":65535"
inline constexpr std::size_t kTextBytesMax = 4096;                    // any other text
inline constexpr std::size_t kHashPartsMax = 16;
inline constexpr std::uint64_t kStaySecondsMax = 86'400;       // as a Service's timeoutSeconds
inline constexpr std::uint64_t kEndpointShareMax = 1'000'000;  // requests or connections at a time
inline constexpr std::uint64_t kEjectAfterMax = 1'000;         // failures in a row
inline constexpr std::uint64_t kSlowStartSecondsMax = 3'600;
inline constexpr std::size_t kZonesMax = 64;      // that endpoints of a cluster are for
inline constexpr std::size_t kZoneBytesMax = 63;  // the value of a label of a node
inline constexpr std::size_t kHashNameBytesMax = 128;
inline constexpr std::uint64_t kTriesMax = 1000;  // endpoints that one request asks
inline constexpr std::uint64_t kTrySecondsMax = 24ull * 3600;
inline constexpr std::size_t kCipherListBytesMax = 1024;
inline constexpr std::size_t kTicketKeysMax = 8;
inline constexpr std::size_t kTicketKeyBytes = 16 + 32 + 32;  // name, cipher's key, MAC's key
inline constexpr std::chrono::milliseconds kTimeoutMax = std::chrono::hours(24);
inline constexpr std::uint64_t kBodyBytesMax = std::uint64_t{1} << 50;
// Of one client, in a second or a minute: above it a limit is none.
inline constexpr std::uint64_t kRequestRateMax = 1'000'000'000;
inline constexpr std::uint64_t kBurstMultiplierMax = 1'000'000;
inline constexpr std::uint64_t kConnectionsLimitMax = 1'000'000;
inline constexpr std::uint64_t kParanoiaLevelMax = 4;  // of the core rule set
inline constexpr std::uint64_t kAnomalyThresholdMax = 100'000;
inline constexpr std::uint64_t kRuleIdMax = 999'999'999;
inline constexpr std::size_t kExcludedRulesMax = 200;  // of a route; the core rule set has as many
// Of a body that a firewall looks at: half of what a worker gathers of all bodies.
inline constexpr std::uint64_t kInspectedBytesMax = 8u << 20;
inline constexpr std::size_t kInspectedTypesBytesMax = 1024;  // media types of responses, together

}  // namespace proxy::config
