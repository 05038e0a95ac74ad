#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/alike.h"
#include "base/rare.h"
#include "operator/routing/backend.h"
#include "operator/routing/backend_resolver.h"
#include "operator/routing/host_table.h"
#include "operator/routing/rank.h"
#include "proxy/config/model.h"
#include "proxy/config/tls_policy.h"

// What claimants ask for, read by the front end of their kind: IntentCompiler makes the
// configuration of it. Values that live as long as it takes to compile them. Hosts are in
// ProxyConfig's spelling, policies in the contract's words; guards and shapes are named by the ids
// that GuardTable and ShapeTable gave them.
namespace routing {

// Where requests go.
struct BackendIntent {
  ServiceBackend service{};               // of the claimant's namespace
  base::Rare<ResolvedBackend> nowhere{};  // in place of it: there is none, and why; see closed()
};

// A sentence to the claimant.
struct Remark {
  std::string reason;
  std::string message;
};

// A path that is compared with a request's as it is.
struct PlainPath {
  proxy::config::PathMatch match = proxy::config::PathMatch::prefix;
  std::string path;
  base::Alike<proxy::config::Policies> policies{};
};

// A path that is a regular expression. Beside a plain one it is what that may be meant as, and
// counts where that has its place.
struct PathExpression {
  std::string expression;
  base::Alike<proxy::config::Policies> policies{};
  // Of a refused claimant: closed also where the plain path is an older one's.
  bool is_meant = false;
};

// A path of a host, as it was written, and what is made of it.
struct PathIntent {
  std::string text;  // "/" for an empty one
  // Neither: no request has such a path.
  std::optional<PlainPath> plain{};
  base::Rare<PathExpression> expression{};
  BackendIntent backend{};
  // Told with the expression, where there is one.
  base::Rare<Remark> remark{};
};

// Who answers what no path of a host matches.
struct RestIntent {
  BackendIntent backend{};
  base::Alike<proxy::config::Policies> policies{};
  // In place of a backend, whatever else the claimant asks for.
  std::optional<proxy::config::FixedAnswer> answer{};
};

// What "/" alone is answered, before all paths of a host.
struct RootIntent {
  proxy::config::FixedAnswer answer;
  base::Alike<proxy::config::Policies> policies{};
};

struct HostIntent {
  std::string host;
  std::vector<PathIntent> paths{};
  std::optional<RestIntent> rest{};
  std::optional<RootIntent> root{};
  // It is a rule for the host, so that its claimant has a say about where TLS for it ends.
  bool is_rule = true;
};

// The certificate of a Secret of the claimant's namespace, for these names.
struct CertificateIntent {
  std::string secret;
  std::set<std::string> names;
  bool is_ordered = false;  // see SniTable::offer()
};

// Who answers what nobody else does on hosts of some claimants, where one of them is the first on
// it. Nothing that a claimant guards is behind it.
struct FallbackIntent {
  std::string namespace_;
  ServiceBackend backend;
  Timeouts timeouts{};
  std::uint64_t body_bytes_max = 0;
};

// All that one claimant asks for.
struct Intent {
  Rank rank;
  // Something that it guards is not honoured: nothing of it is reached.
  bool is_refused = false;
  // In place of its backends, which are not asked about then.
  std::optional<proxy::config::FixedAnswer> answer{};
  // How its backends are asked.
  Timeouts timeouts{};
  BackendProtocol protocol{};
  EndpointChoice choice{};
  bool has_pages = false;  // in place of a backend that nobody answers for
  std::string guards{};    // of all of its routes; empty: they guard nothing

  PlainHttp plain_http{};
  std::optional<proxy::config::TlsPolicy> tls_policy{};
  bool passes_tls = false;  // TLS for its hosts ends at backends
  std::optional<proxy::config::ClientCertificates> client_certificates{};
  std::optional<FallbackIntent> fallback{};
  std::vector<HostIntent> hosts{};
  std::vector<CertificateIntent> certificates{};
};

// A share of the requests for places that another claimant of the same namespace has: a canary. It
// has no place of its own.
struct SplitIntent {
  struct Place {
    std::string host;
    HostTable::Sought sought;
    BackendIntent backend;
    std::string what;  // for messages: "the path /shop"
  };

  Rank rank;
  proxy::config::Split split;  // but for its cluster
  // How its backends are asked; whether clients stay with an endpoint is as in the place.
  Timeouts timeouts{};
  BackendProtocol protocol{};
  EndpointChoice choice{};
  // All that it says that guards; see are_kept(). Nothing: more than can be honoured.
  std::optional<proxy::config::Guards> guards{};
  // What it would guard without being a split, where that is more, and as good.
  std::optional<proxy::config::Guards> guards_alone{};
  bool asks_whom_the_place_asks = false;  // in guards_alone
  std::vector<Place> places{};
};

}  // namespace routing
