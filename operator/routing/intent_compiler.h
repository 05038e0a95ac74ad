#pragma once

#include <cstddef>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "operator/routing/arbitration.h"
#include "operator/routing/asked_certificates.h"
#include "operator/routing/backend_resolver.h"
#include "operator/routing/backend_troubles.h"
#include "operator/routing/claimant_key.h"
#include "operator/routing/complaint.h"
#include "operator/routing/guard_table.h"
#include "operator/routing/host_owners.h"
#include "operator/routing/host_table.h"
#include "operator/routing/intent.h"
#include "operator/routing/resources.h"
#include "operator/routing/shape_table.h"
#include "operator/routing/sni_table.h"
#include "proxy/config/model.h"

namespace routing {

// What came of the intents of one claimant.
struct Outcome {
  std::vector<std::string> hosts;         // those that it has routes on, in ProxyConfig's spelling
  std::vector<std::string> hosts_denied;  // those of its rules that another namespace owns
  std::size_t paths_served = 0;           // reach a cluster
  std::size_t paths_closed = 0;           // answer with an error instead
  std::vector<std::string> tls_names;     // SNI names that a certificate of its own is served for
  std::vector<std::string> tls_missing;   // SNI names that it asked for in vain
};

// What all intents together came to. What is of no claimant, as answers to challenges are, is not
// in the configuration.
struct CompiledIntents {
  proxy::config::ProxyConfig config;
  Complaints complaints;  // in no order; see bounded()
  std::map<ClaimantKey, Outcome> outcomes;
  HostOwners owners;
};

// Makes the configuration of what claimants ask for, whatever kinds they are. One whose intent
// cannot be met is told, and what it concerns is closed; it never harms another one and never opens
// anything. Lives for one compilation, in one thread.
class IntentCompiler {
 public:
  // claims: of all claimants, in the order in which they have their say. resources and backends
  // must outlive it; backends are those of the whole compilation, as front ends have some to
  // resolve themselves.
  IntentCompiler(const Resources& resources, BackendResolver& backends,
                 const std::vector<HostClaims>& claims, bool hosts_may_be_shared)
      : arbitration_(claims, hosts_may_be_shared), backends_(backends), sni_(resources) {}
  IntentCompiler(const IntentCompiler&) = delete;
  IntentCompiler& operator=(const IntentCompiler&) = delete;

  const Arbitration& arbitration() const { return arbitration_; }
  GuardTable& guards() { return guards_; }
  ShapeTable& shapes() { return shapes_; }
  void complain(Complaint complaint) { complaints_.push_back(std::move(complaint)); }

  // In the order in which they have their say.
  void add(const Intent& intent);
  // It joins when all there is to join is there, whatever their age.
  void add(SplitIntent split) { splits_.push_back(std::move(split)); }
  // After all others: the hosts of who has no place in the configuration. What it would have
  // guarded is not open because another claimant, of its own namespace mostly, has the host; and
  // nobody reads what was to be read by its backend alone.
  void close_beside(const Claimant& absent, const std::vector<std::string>& hosts, bool guards);

  // All of it. Nothing else may be asked of it then.
  CompiledIntents finish();

 private:
  // An intent that is added, and what comes of it.
  struct Adding {
    const Intent& intent;
    Outcome& outcome;
    const Claimant& claimant() const { return intent.rank.claimant; }
  };

  void complain(const Claimant& claimant, std::string reason, std::string message,
                Severity severity = Severity::warning);
  Outcome& begin_with(const Claimant& claimant);
  // outcome: of who was begun with last.
  bool asks_for(const Rank& by, const std::string& host, Outcome& outcome);

  void add_host(const Adding& adding, const HostIntent& host);
  bool open_host(const Adding& adding, const std::string& host);
  bool settle_tls(const Adding& adding, const HostIntent& host);
  void pass_tls(const Adding& adding, const HostIntent& host);
  void report_paths(const Adding& adding, const HostIntent& host, const PathIntent& chosen);
  void add_rest(const Adding& adding, const std::string& host, const RestIntent& rest);
  void add_path(const Adding& adding, const std::string& host, const PathIntent& path);
  bool claim_path(const Adding& adding, const std::string& host, const PathIntent& path);
  void add_expression(const Adding& adding, const std::string& host, const PathIntent& path);
  void close_host(const Adding& adding, const std::string& host, const std::string& text,
                  const std::string& why);
  void close_expression(const Adding& adding, const std::string& host, const PathIntent& path);
  void note_client_certificates(const Adding& adding);
  void add_certificate(const Rank& rank, const CertificateIntent& certificate);

  ResolvedBackend resolve(const Rank& by, const BackendIntent& backend, const Timeouts& timeouts,
                          const BackendProtocol& protocol, const EndpointChoice& choice);
  proxy::config::Action action_for(const Adding& adding, const BackendIntent& backend,
                                   const std::string& where);
  static proxy::config::Action counted(Outcome& outcome, proxy::config::Action action);

  void join(const SplitIntent& split);
  void join(const SplitIntent& split, const SplitIntent::Place& place, Outcome& outcome);
  static bool is_guarded_as(const SplitIntent& split, const kube::ObjectKey& owner,
                            const proxy::config::Guards& standing);
  // Why it cannot; nothing: it has joined.
  std::optional<std::string> join_standing(const SplitIntent& split, const BackendIntent& backend,
                                           const HostTable::Standing& standing);

  void close_hosts();
  void add_fallbacks();
  void record(const std::vector<SniTable::Outcome>& outcomes);

  Arbitration arbitration_;
  BackendResolver& backends_;
  SniTable sni_;
  HostTable hosts_;
  GuardTable guards_;
  ShapeTable shapes_;
  std::set<std::string> passed_;  // hosts whose backend was chosen
  std::vector<SplitIntent> splits_;
  AskedCertificates asked_;
  std::map<std::string, FallbackIntent> fallbacks_;  // by host
  Complaints complaints_;
  BackendTroubles troubles_;
  std::map<ClaimantKey, Outcome> outcomes_;
  // In the outcome of the claimant that was begun with last, which may have thousands.
  std::set<std::string> hosts_named_;
};

}  // namespace routing
