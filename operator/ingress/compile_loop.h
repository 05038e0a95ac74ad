#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <ctime>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <stop_token>
#include <string>
#include <thread>
#include <vector>

#include <prometheus/registry.h>

#include "base/clock.h"
#include "kube/resources/namespace.h"
#include "kube/resources/secret.h"
#include "kube/store.h"
#include "operator/ingress/certificate_plan.h"
#include "operator/ingress/cluster_changes.h"
#include "operator/ingress/compiler.h"
#include "operator/ingress/incremental_compiler.h"
#include "operator/ingress/parameters_in_force.h"
#include "proxy/config/valid_config.h"

namespace ingress {

// Compiles the cluster each time that something has changed that an Ingress may depend on, on a
// thread of its own: at once where it is at rest (CompilePace), and changes that come within a few
// milliseconds after that are one compilation, of what they concern (IncrementalCompiler). What no
// Ingress names costs a look into an index.
// Nothing is compiled before every store has its first whole listing. A configuration that is not
// valid is logged and never leaves; the last good one stays.
class CompileLoop {
 public:
  struct Stores {
    kube::Store<kube::Ingress>& ingresses;
    kube::Store<kube::IngressClass>& classes;
    kube::Store<kube::Service>& services;
    kube::Store<kube::EndpointSlice>& slices;
    kube::Store<kube::Secret>& tls_secrets;
    kube::Store<api::Certificate>& certificates;
    kube::Store<kube::Namespace>& namespaces;
    routing::AuthSecrets* auth_secrets = nullptr;            // null: there are none
    routing::ExternalNames* external_names = nullptr;        // null: nobody asks for any
    kube::Store<api::EdgeParameters>* parameters = nullptr;  // null: classes have none
    const ParametersInForce* in_force = nullptr;             // of those; null: as these
    routing::FieldMaps* field_maps = nullptr;                // null: there are none
  };
  struct Options {
    ReleaseSettings settings;
    // The Services that whoever listens reads beside what was compiled.
    std::set<kube::ObjectKey> read_beside;
    std::chrono::milliseconds coalesce{5};
    // Namespaces only say who is about to go. Where they may not be listed, compiling begins
    // without them.
    std::chrono::seconds namespaces_wait{3};
    // The first compilation waits so long for the Secrets that Ingresses name for passwords, and
    // the ConfigMaps that they name: to begin without them would close what they guard, wherever
    // it is served now.
    std::chrono::seconds auth_secrets_wait{10};
    // Likewise for the names of ExternalName Services.
    std::chrono::seconds external_names_wait{10};
    // At least this often, for what only time changes: certificates expire.
    std::chrono::seconds at_least{10};
  };
  // The cluster after a compilation. config is null when it was not valid, and has the address that
  // it had when nothing in it has changed; so have the owners.
  struct Outcome {
    std::shared_ptr<const proxy::config::ProxyConfig> config;
    Findings findings;
    std::shared_ptr<const routing::HostOwners> owners;
  };
  // Called on the loop's thread, one at a time, in order: when something of it may have changed,
  // and each round.
  using Listener = std::function<void(const Outcome&)>;

  // Adds listeners and indexes to the stores, so it comes before the reflectors start. Stores and
  // clock must outlive it.
  CompileLoop(Stores stores, Options options, const base::Clock& clock,
              prometheus::Registry& registry, Listener listener);
  CompileLoop(const CompileLoop&) = delete;
  CompileLoop& operator=(const CompileLoop&) = delete;
  ~CompileLoop();  // stops

  void start();
  void stop();

  // It has come, changed or gone. Any thread.
  void note_auth_secret(const kube::ObjectKey& key);
  void note_field_map(const kube::ObjectKey& key);
  // What DNS says of it has changed. Any thread.
  void note_external_name(const std::string& name);

  // Whether an Ingress in the store names it, or for a Service a class. Any thread.
  bool is_secret_of_an_ingress(const kube::ObjectKey& secret) const;
  bool is_service_of_an_ingress(const kube::ObjectKey& service) const;

  // For /livez: how often it has come round, and the processor time of its thread. It comes round
  // each ten seconds where nothing happens, and more often while it waits for the first listings.
  std::uint64_t rounds() const { return rounds_; }
  std::chrono::nanoseconds processor_time() const;
  // Once true it stays so: the first compilation was handed out.
  bool has_compiled() const { return has_compiled_; }
  // A class names parameters that have not been listed, or namespaces have not that these select:
  // without them nobody knows whom to keep out.
  bool lacks_parameters() const;

 private:
  class Metrics;

  void listen();
  class Source;

  // note: adds to the changes that wait.
  void poke(const std::function<void(ClusterChanges&)>& note);
  void run(const std::stop_token& stop);
  void rest(std::unique_lock<std::mutex>& lock, const std::stop_token& stop,
            std::chrono::steady_clock::duration time);
  bool wait_for_stores(const std::stop_token& stop);
  bool have_stores_synced(base::SteadyTime since) const;
  void follow_named() const;
  std::set<kube::ObjectKey> named_tls_secrets() const;
  std::set<routing::NamedOutside> external_names_of_services() const;
  void compile(const ClusterChanges& changes);
  void follow_what_is_named() const;
  Outcome outcome();
  void take_config();

  const Stores stores_;
  const Options options_;
  const base::Clock& clock_;
  const std::unique_ptr<Metrics> metrics_;
  const Listener listener_;
  // The loop's alone.
  const std::unique_ptr<Source> source_;
  IncrementalCompiler compiler_;
  bool is_valid_ = false;  // what the compiler has made is last_config_
  proxy::config::ValidConfig last_valid_;
  std::shared_ptr<const proxy::config::ProxyConfig> last_config_;
  std::shared_ptr<const routing::HostOwners> last_owners_;

  mutable std::mutex mutex_;
  std::condition_variable_any changed_;
  ClusterChanges changes_;  // since the last compilation began
  std::atomic<std::uint64_t> rounds_ = 0;
  std::atomic<clockid_t> processor_clock_{};  // of the thread; none before it runs
  std::atomic<bool> has_compiled_ = false;
  std::jthread thread_;
};

}  // namespace ingress
