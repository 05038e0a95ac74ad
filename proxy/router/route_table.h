#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/alike.h"
#include "base/rare.h"
#include "base/shared_map.h"
#include "base/shared_table.h"
#include "proxy/config/expression.h"
#include "proxy/config/model.h"
#include "proxy/config/tls_policy.h"
#include "proxy/policy/error_pages.h"
#include "proxy/policy/guards.h"
#include "proxy/policy/mirror.h"
#include "proxy/policy/shape.h"
#include "proxy/policy/split.h"

namespace proxy::router {

// What a route leads to: the place of one of RouteTable::clusters(), or an answer. What every
// request looks at is here, and small: of ten thousand hosts none is in the processor's cache when
// its turn comes.
struct Target {
  static constexpr std::uint32_t kNoCluster = UINT32_MAX;
  // What few targets have.
  struct Rest {
    // Of whose requests another cluster answers some; nullptr: none.
    std::shared_ptr<const policy::Split> split{};
    // Who is asked for what is said in place of errors; nullptr: nobody.
    std::shared_ptr<const policy::ErrorPages> error_pages{};
    // Who gets a copy of its requests; nullptr: nobody.
    std::shared_ptr<const policy::Mirror> mirror{};
    // What the path had to match; nullptr: its route is no expression's.
    std::shared_ptr<const config::Expression> expression{};
    std::string reason{};                                   // of the status, for the access log
    std::shared_ptr<const config::Redirection> redirect{};  // in place of the status
    std::shared_ptr<const config::FixedPage> page{};        // likewise
  };
  std::uint32_t cluster = kNoCluster;
  int status = 0;  // with kNoCluster: what to answer
  // Hold before either. Where many routes have the same, what all requests look at is one thing,
  // which stays in the processor's cache.
  base::Alike<config::Policies> policies{};
  // Who may pass; nullptr: everybody. Lives as long as the table.
  const policy::Guards* guards = nullptr;
  // What is done to requests and responses; nullptr: nothing.
  std::shared_ptr<const policy::Shape> shape{};

  const Rest& rest() const { return rest_ ? *rest_ : blank(); }
  Rest& change_rest() { return rest_ ? *rest_ : rest_.emplace(); }

 private:
  static const Rest& blank();
  base::Rare<Rest> rest_{};
};

// Guards that hold for a request beside those of its target: in another reading its path is theirs.
// Filled from the front; nullptr: no more.
using OtherGuards = std::array<const policy::Guards*, 2>;

// A cluster with its place. A worker keeps its own state of it (pools, balancing) there in a
// vector, and carries that over to the next table by id. While the cluster is there its place stays
// the same from one table to the next.
struct ClusterReference {
  std::uint32_t place = 0;
  std::shared_ptr<const config::Cluster> cluster{};
  bool operator==(const ClusterReference&) const = default;
};
using ClusterReferences = base::SharedMap<ClusterReference>;  // by id

// Where the bytes of a host whose TLS ends at an endpoint go, and who may send any.
struct Passage {
  std::uint32_t cluster = Target::kNoCluster;
  const policy::Guards* guards = nullptr;  // nullptr: everybody. Lives as long as the table.
};

// What the rules of a host refer to, by id.
struct References {
  ClusterReferences clusters{};
  base::SharedMap<std::shared_ptr<const policy::Guards>> guards{};
  base::SharedMap<std::shared_ptr<const policy::Shape>> shapes{};
};

// The rules of one host. A rule that answers instead of forwarding is a guard, one that not
// everybody may pass is, and so is a closed expression: what they keep must stay kept however the
// backend behind another rule reads the path.
class Host {
 public:
  Host(const config::VirtualHost& host, const References& references);
  Host(const Host&) = delete;  // guards point to rules
  Host& operator=(const Host&) = delete;

  // By normalised path: Exact when byte-equal, else the longest Prefix by elements or, where its
  // text is longer than that, the expression with the longest text of those that match; else the
  // default action; nullptr: 404. (ingress-nginx takes the longest first, too.) Never another
  // host's rules. The strict reading alone: choose() is for requests.
  const Target* find(std::string_view path) const;

  // What becomes of a request: the target that find() gives, or the guard that stands over it in
  // one of the path's readings (readings.h). A guard stands over a route that is less specific than
  // itself: "/admin" over "/", and not over "/admin/public". Where it lets some pass, these go to
  // the target that find() gives. ambiguous: nobody can tell, or not in the time that a request may
  // take from others (config::kComparisonStepsMax).
  struct Choice {
    const Target* target = nullptr;
    bool ambiguous = false;
    OtherGuards others{};
  };
  Choice choose(std::string_view path_as_received, std::string_view normalized_path) const;

  bool https_redirect() const { return https_redirect_; }
  bool refuses_plain_http() const { return refuses_plain_http_; }
  config::TlsPolicy tls_policy() const { return tls_policy_; }
  // nullptr: its TLS ends here.
  const Passage* passage() const {
    return rest_ != nullptr && rest_->passage ? &*rest_->passage : nullptr;
  }
  // Whether a path, normalised, belongs to a rule of its own at or below
  // "/.well-known/acme-challenge/". An ACME server looks there over plain http (RFC 8555 §8.3), and
  // whoever else answers it, such as a cert-manager in the same cluster, has no certificate yet.
  bool has_challenge_rule(std::string_view normalized_path) const;

 private:
  struct Rule {
    std::string path;  // normalised; a prefix without its trailing slash, so "" matches all
    Target target;
    // Its path in a generous reading, and how specific it is: a guard of a higher rank stands over
    // it. Both only where the host has guards.
    base::Rare<std::string> generous{};
    int rank = 0;
    std::uint32_t written_bytes = 0;  // of its path in the configuration
  };
  static_assert(sizeof(Rule) <= 104, "most hosts have one, and nothing but a cluster in it");
  // With the expression in its target.
  struct ExpressionRule {
    Rule rule;
    bool is_guard = false;
  };
  // By generous path. Empty where nothing guards: then there is nothing to do beside find().
  struct Guard {
    std::string path;  // as Rule::generous
    const Rule* rule;
  };
  struct Closed {
    config::Expression expression;
    std::size_t written_bytes;
    Target target;
  };
  // What few hosts have.
  struct Rest {
    std::vector<ExpressionRule> expressions;  // the longest text first; of equal ones the greater
    std::optional<Passage> passage;
    std::vector<Guard> exact_guards, prefix_guards;
    std::size_t guard_elements_max = 0;
    std::vector<Closed> closed;
    std::size_t instructions = 0;  // of all expressions
    // An expression cannot be compiled, so nothing is open; nullptr: all can.
    std::unique_ptr<Target> all_closed;
  };
  const Rest& rest() const { return rest_ ? *rest_ : blank(); }
  Rest& change_rest() { return rest_ ? *rest_ : *(rest_ = std::make_unique<Rest>()); }
  static const Rest& blank();

  const Rule* find_rule(std::string_view path) const;
  // To compare so many bytes with all expressions.
  bool takes_too_long(std::size_t bytes) const;
  void gather_guards();
  void compile_expressions(const std::vector<config::ExpressionRoute>& routes,
                           const References& references);
  void compile_closed(const std::vector<config::ClosedExpression>& closed);
  static bool is_under(const Rule& rule, std::string_view reading);
  // The closed expression, or the answer of one, which matches, unless this rule's path is longer;
  // else nullptr.
  const Target* closed_by(std::string_view text, std::size_t written_bytes) const;
  // Adds the guards of the longest such expression that lets some pass. False: there are too many.
  bool add_guards_of_expression(std::string_view text, const Rule& chosen,
                                std::size_t written_bytes, OtherGuards& others) const;
  // The guard that stands over this rule when the path is read so; nullptr: none.
  const Rule* guard_over(const Rule& rule, std::string_view reading) const;

  // What every request looks at comes first, so that it is few lines of the cache: of ten thousand
  // hosts none is there when its turn comes.
  bool https_redirect_ = false;
  bool refuses_plain_http_ = false;
  bool has_challenge_rules_ = false;
  bool has_guards_ = false;
  bool has_guarding_expressions_ = false;
  // Every guard's path has one reading. A request path that has one, too, needs find() only.
  bool guards_are_plain_ = true;
  config::TlsPolicy tls_policy_ = config::TlsPolicy::intermediate;
  std::uint32_t prefix_elements_max_ = 0;
  // Sorted by path, each path once: of several rules for one, the first in the configuration.
  std::vector<Rule> exact_;
  std::vector<Rule> prefix_;
  std::unique_ptr<Rule> default_;  // nullptr: there is none
  std::unique_ptr<Rest> rest_;     // nullptr: it has nothing of that
};
static_assert(sizeof(Host) <= 80, "there are ten thousand, and most have one rule");

// Host, then path, to a target. Immutable once built: any number of threads may read it. Lookups
// allocate nothing; their cost does not grow with the number of hosts.
class RouteTable {
 public:
  // The configuration must be valid (config::validate). The table shares with `previous` what their
  // configurations have in common and costs what they do not; it needs it no longer than this call.
  explicit RouteTable(const config::ProxyConfig& config, const RouteTable* previous = nullptr);

  // `host` as the client sent it: case, a port and one trailing dot do not count. Exact name, then
  // the wildcard of one label, then "". nullptr: no such host, 404.
  const Host* find_host(std::string_view host) const;

  // The answer for this exact path when it is "/.well-known/acme-challenge/<token>" of a token that
  // we hold for this host (RFC 8555 §8.3); else nullptr. Looked up before anything else.
  const std::string* find_challenge(std::string_view host, std::string_view path) const;

  // Whether any host's TLS ends at an endpoint: else nobody need look for what a client asks for.
  bool has_passages() const { return passages_ != 0; }
  // Where TLS goes of a client that names this host; nullptr: it ends here, as it does for who
  // names no host, or one that has no rules but those for every host.
  const Passage* find_passage(std::string_view server_name) const;

  // The strictest TLS that any host asks for: what comes over a connection that is good for it may
  // come to every host.
  config::TlsPolicy strictest_tls_policy() const {
    return modern_hosts_ != 0 ? config::TlsPolicy::modern : config::TlsPolicy::intermediate;
  }

  const ClusterReferences& clusters() const { return references_.clusters; }
  std::size_t host_count() const { return hosts_.size(); }

 private:
  void follow_clusters(const config::ProxyConfig& next);
  void follow_guards_and_shapes(const config::ProxyConfig& next);
  void follow_hosts(const config::ProxyConfig& next);
  void follow_challenges(const config::ProxyConfig& next);

  config::ProxyConfig config_;  // that all of this is made of
  References references_;       // those of guards and shapes are whom hosts point to
  std::uint32_t places_ = 0;    // of clusters, taken or free
  std::vector<std::uint32_t> free_places_;
  base::SharedTable<Host> hosts_;      // exact names and ""
  base::SharedTable<Host> wildcards_;  // "shop.example" for "*.shop.example"
  base::SharedTable<std::shared_ptr<const config::ChallengeAnswer>> challenges_;
  std::size_t passages_ = 0;  // hosts whose TLS ends at an endpoint
  std::size_t modern_hosts_ = 0;
};

// What to do with a request. Pure; the one place where the order of the questions stands.
struct Decision {
  enum class Kind {
    forward,    // to target->cluster
    answer,     // status and reason
    redirect,   // 308 to https
    challenge,  // 200 with *challenge, application/octet-stream
  };
  Kind kind = Kind::answer;
  int status = 0;
  // "no_host", "no_path", "bad_path", "ambiguous_path", "missing_host", or the target's
  std::string_view reason;
  const Target* target = nullptr;
  OtherGuards others{};
  const std::string* challenge = nullptr;
};

struct RequestLine {
  std::string_view host{};
  std::string_view path{};  // as received, without the query
  bool secure = false;      // the client came over TLS: to us, or to a trusted proxy before us
};
// `storage` may be used for the normalised path. The result points into the table.
Decision decide(const RouteTable& table, const RequestLine& request, std::string& storage);

// Location for a redirect to https: the host without its port, `https_port` unless 443, and path
// and query as received.
std::string https_location(std::string_view host, std::string_view path, std::string_view query,
                           std::uint16_t https_port);

}  // namespace proxy::router
