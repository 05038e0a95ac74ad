// What one change costs in operator and proxy, by the size of the cluster: the pure parts that a
// change goes through from the compiler to a worker's tables, in one thread, without a network.
//
//   bench-scale [--json FILE] [SIZE...]
//   bench-scale --check [SIZE...]
//
// Processor time of this thread, the least of several changes of a kind, since what disturbs a
// measurement adds to it; beside it, of the wall, how long a proxy takes from a delta that has come
// until each of its workers serves it. The exponent tells how a row grows with the size: 0 is flat,
// 1 linear. With --check memory allocations are counted in place of time, which no other load
// disturbs: what copies, sorts or makes again allocates. Fails where a row grows faster than it
// may.
#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <ctime>
#include <functional>
#include <iostream>
#include <map>
#include <memory>
#include <new>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include <malloc.h>
#include <nlohmann/json.hpp>

#include "base/key.h"
#include "base/x509.h"
#include "operator/control/history.h"
#include "operator/ingress/incremental_compiler.h"
#include "proxy/admin/access_log.h"
#include "proxy/admin/counters.h"
#include "proxy/config/valid_config.h"
#include "proxy/config/wire.h"
#include "proxy/control/snapshot.h"
#include "proxy/session/engine.h"
#include "proxy/tls/certificate_table.h"
#include "proxy/upstream/cluster.h"
#include "tests/bench/sizes.h"
#include "tests/operator/ingress/cluster_builder.h"

namespace {

thread_local std::uint64_t allocations = 0;

}  // namespace

void* operator new(std::size_t size) {
  ++allocations;
  if (void* const memory = std::malloc(size != 0 ? size : 1)) return memory;
  throw std::bad_alloc();
}
// std::stable_sort allocates by this one and frees by the plain delete: whoever replaces one
// replaces both. Where GCC 12 puts a delete in line it takes free() for the wrong partner of new.
void* operator new(std::size_t size, const std::nothrow_t&) noexcept {
  ++allocations;
  return std::malloc(size != 0 ? size : 1);
}
[[gnu::noinline]] void operator delete(void* memory) noexcept {
  std::free(memory);
}
[[gnu::noinline]] void operator delete(void* memory, std::size_t) noexcept {
  std::free(memory);
}

namespace {

using ingress_test::an_ingress;
using ingress_test::key_of;
using proxy::config::ProxyConfig;
using proxy::config::Revisions;

constexpr int kRounds = 15;

// A tree that is ten times as large is some levels deeper: 1.4 times from 100 to 1,000.
constexpr double kExponentMax = 0.25;
// Of so few nobody can tell how they grow.
constexpr double kCountMin = 50;

// That an operator's compiler, its check and what it publishes hold of a shop, without the objects.
// Where the allocator does not tell (under a sanitizer) nothing is held.
constexpr const char* kHeldByOperator = "operator: held, KB";
constexpr double kHeldKilobytesMax = 12;

bool is_check = false;

// The heap that is in use: what a process holds, without what its allocator keeps for later.
double heap_kilobytes() {
  const struct mallinfo2 info = mallinfo2();
  return static_cast<double>(info.uordblks + info.hblkhd) / 1024;
}

// Microseconds, or allocations.
double spent() {
  if (is_check) return static_cast<double>(allocations);
  timespec now{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) * 1e6 + static_cast<double>(now.tv_nsec) / 1e3;
}

// Whose certificate a shop has under tls for its host, or that of all for the wildcard over it.
enum class Certificates { of_each, of_all, of_all_for_a_wildcard };

// So many shops, each with an Ingress, a Service with one endpoint, and a certificate.
class Cluster final : public ingress::ClusterSource {
 public:
  Cluster(int shops, Certificates certificates) : shops_(shops), whose_(certificates) {
    const auto key = base::PrivateKey::generate({}).value();
    base::SelfSignedOptions options;
    options.names.dns_names = {"shop.example"};
    chain_ = base::make_self_signed(key, options).value();
    key_ = key.to_pem();
    for (int shop = 0; shop < shops; ++shop) {
      put_ingress(shop, false);
      put_endpoint(shop, "10.0.0.1");
      if (whose_ == Certificates::of_each) put_certificate(shop, 0);
    }
    if (whose_ != Certificates::of_each) put_secret({"shops", kOfAll}, kWildcard, "all");
  }

  static std::string name_of(int shop) { return "s" + std::to_string(shop); }
  static std::string host_of(int shop) { return name_of(shop) + ".example"; }
  static kube::ObjectKey object_of(int shop) { return {"shops", name_of(shop)}; }
  int shops() const { return shops_; }

  void put_ingress(int shop, bool has_more) {
    const std::string name = name_of(shop);
    auto ingress = an_ingress("shops/" + name).path(host_of(shop), "/", name, 80);
    if (has_more) ingress.path(host_of(shop), "/more", name, 80);
    ingresses_[object_of(shop)] =
        ingress.tls({whose_ == Certificates::of_all_for_a_wildcard ? kWildcard : host_of(shop)},
                    whose_ == Certificates::of_each ? name : kOfAll);
  }
  void erase_ingress(int shop) { ingresses_.erase(object_of(shop)); }
  void put_endpoint(int shop, const std::string& address) {
    const std::string name = "shops/" + name_of(shop);
    services_[object_of(shop)] =
        std::make_shared<const kube::Service>(ingress_test::a_service(name, 80));
    slices_[object_of(shop)] = {std::make_shared<const kube::EndpointSlice>(
        ingress_test::a_slice(name, "http", 8080, {address}))};
  }
  void put_certificate(int shop, int generation) {
    put_secret(object_of(shop), host_of(shop),
               "shop " + std::to_string(shop) + ", " + std::to_string(generation));
  }

  // ---- As ClusterSource.

  Objects<kube::Ingress> ingresses() const override {
    Objects<kube::Ingress> all;
    for (const auto& [key, ingress] : ingresses_) all.push_back(ingress);
    return all;
  }
  Objects<api::Certificate> certificates() const override { return {}; }
  Objects<kube::IngressClass> classes() const override { return defaults_.view.classes; }
  ingress::ParametersByName parameters() const override { return {}; }
  Object<routing::ResolvedName> external_name(const std::string&) const override { return nullptr; }
  std::set<std::string> ending_namespaces() const override { return {}; }
  Object<kube::Ingress> ingress(const kube::ObjectKey& key) const override {
    return find(ingresses_, key);
  }
  Object<api::Certificate> certificate(const kube::ObjectKey&) const override { return nullptr; }
  Object<kube::Service> service(const kube::ObjectKey& key) const override {
    return find(services_, key);
  }
  Object<routing::TlsSecret> tls_secret(const kube::ObjectKey& key) const override {
    return find(secrets_, key);
  }
  Object<routing::AuthSecret> auth_secret(const kube::ObjectKey&) const override { return nullptr; }
  Object<routing::FieldMap> field_map(const kube::ObjectKey&) const override { return nullptr; }
  Objects<kube::EndpointSlice> slices_of(const kube::ObjectKey& service) const override {
    const auto found = slices_.find(service);
    return found == slices_.end() ? Objects<kube::EndpointSlice>{} : found->second;
  }

 private:
  void put_secret(const kube::ObjectKey& key, const std::string& host, const std::string& mark) {
    ingress_test::ViewBuilder one;
    one.secret("any/secret", {host});
    routing::TlsSecret secret = *one.view.secrets.begin()->second;
    secret.material = std::make_shared<const proxy::config::Certificate>(
        proxy::config::Certificate{mark + "\n" + chain_, key_});
    secrets_[key] = std::make_shared<const routing::TlsSecret>(std::move(secret));
  }

  template <class T>
  using ByKey = std::map<kube::ObjectKey, Object<T>>;
  template <class T>
  static Object<T> find(const ByKey<T>& objects, const kube::ObjectKey& key) {
    const auto found = objects.find(key);
    return found == objects.end() ? nullptr : found->second;
  }

  inline static const std::string kOfAll = "of-all";
  inline static const std::string kWildcard = "*.example";

  const int shops_;
  const Certificates whose_;
  const ingress_test::ViewBuilder defaults_;
  std::string chain_, key_;
  ByKey<kube::Ingress> ingresses_;
  ByKey<kube::Service> services_;
  ByKey<routing::TlsSecret> secrets_;
  std::map<kube::ObjectKey, Objects<kube::EndpointSlice>> slices_;
};

// Of each step of a change: microseconds, or allocations.
using Steps = std::map<std::string, double>;

// Microseconds of the wall. With all of a proxy's workers, which it has where time is measured.
constexpr const char* kLive = "live in all workers, wall";
constexpr std::size_t kWorkers = 2;

// An operator and one worker of a proxy, as far as a configuration concerns them.
class Both {
 public:
  explicit Both(const Cluster& cluster) : cluster_(cluster) {
    ingress::ClusterChanges everything;
    everything.everything = true;
    const double before = heap_kilobytes();
    operate(everything);
    const double between = heap_kilobytes();
    follow(*history_.answer("", ""));
    held_[kHeldByOperator] = between - before;
    held_["proxy: held, KB"] = heap_kilobytes() - between;
    if (!is_check) start_workers();
  }

  // By everything that was made of the cluster, without the cluster.
  const Steps& held() const { return held_; }

  Steps change(const ingress::ClusterChanges& changes) {
    steps_.clear();
    const std::string before = history_.revision();
    operate(changes);
    std::shared_ptr<const std::string> told;
    measure("operator: say", [&] { told = history_.answer(before, ""); });
    steps_["told, bytes"] = told ? static_cast<double>(told->size()) : 0;
    if (told) follow(*told);
    return steps_;
  }

 private:
  using WallTime = std::chrono::duration<double, std::micro>;

  template <class Work>
  WallTime measure(const char* step, const Work& work) {
    const auto wall_begin = std::chrono::steady_clock::now();
    const double begin = spent();
    work();
    steps_[step] += spent() - begin;
    return std::chrono::steady_clock::now() - wall_begin;
  }

  void start_workers() {
    access_log_ = proxy::admin::AccessLog::open("off").value();
    proxy::session::EngineSettings settings;
    settings.workers = kWorkers;
    engine_ = proxy::session::Engine::start(settings, *access_log_).value();
    publish();
  }
  WallTime publish() {
    const auto begin = std::chrono::steady_clock::now();
    if (const auto status = engine_->publish(snapshot_); !status) {
      std::cerr << "bench-scale: " << status.error().message << "\n";
      std::exit(2);
    }
    return std::chrono::steady_clock::now() - begin;
  }

  void operate(const ingress::ClusterChanges& changes) {
    measure("operator: compile", [&] { compiler_.update(changes, cluster_, ingress_test::kNow); });
    measure("operator: validate", [&] {
      valid_ = valid_.changed_to(compiler_.config()).value();
      published_ = std::make_shared<const ProxyConfig>(valid_.config());
    });
    measure("operator: hand out", [&] {
      owners_ = compiler_.owners();
      findings_ = compiler_.findings();
    });
    measure("operator: publish", [&] { history_.publish(published_); });
  }

  void follow(const std::string& told) {
    proxy::config::Delta delta;
    WallTime live =
        measure("proxy: read", [&] { delta = proxy::config::delta_from_json(told).value(); });
    std::vector<std::string> hashes;
    for (const auto& [id, hash] : delta.certificates.set) hashes.push_back(hash);
    const auto certificates = history_.find_certificates(hashes);
    proxy::config::ValidConfig next;
    live += measure("proxy: apply",
                    [&] { next = proxy::config::apply(live_, delta, certificates).value(); });
    std::shared_ptr<const proxy::control::Snapshot> snapshot;
    live += measure("proxy: routes", [&] {
      snapshot = proxy::control::make_snapshot(next.config(), delta.revision, snapshot_.get());
    });
    std::shared_ptr<const proxy::tls::CertificateTable> table;
    measure("proxy: certificates", [&] {
      table = std::make_shared<const proxy::tls::CertificateTable>(*snapshot->config, table_.get());
    });
    measure("proxy: clusters", [&] { clusters_.adopt(snapshot->routes->clusters()); });
    measure("proxy: let go of the last", [&] {
      live_ = std::move(next);
      snapshot_ = std::move(snapshot);
      table_ = std::move(table);
    });
    if (engine_ != nullptr) steps_[kLive] = (live + publish()).count();
  }

  const Cluster& cluster_;
  Steps steps_;
  Steps held_;
  ingress::IncrementalCompiler compiler_{ingress::ReleaseSettings{}};
  proxy::config::ValidConfig valid_;
  std::shared_ptr<const ProxyConfig> published_;
  routing::HostOwners owners_;
  ingress::Findings findings_;
  control::History history_{control::History::kRememberedMax, Revisions::of_tree};

  proxy::config::ValidConfig live_;
  std::shared_ptr<const proxy::control::Snapshot> snapshot_;
  std::shared_ptr<const proxy::tls::CertificateTable> table_;
  proxy::admin::WorkerCounters counters_;
  proxy::upstream::Clusters clusters_{{}, counters_, 0};
  std::unique_ptr<proxy::admin::AccessLog> access_log_;
  std::unique_ptr<proxy::session::Engine> engine_;  // with tables of its own
};

struct Kind {
  const char* name;
  std::function<ingress::ClusterChanges(Cluster&, int round)> change;
};

ingress::ClusterChanges of_ingress(int shop) {
  ingress::ClusterChanges changes;
  changes.ingresses = {Cluster::object_of(shop)};
  return changes;
}

// Each round concerns another shop.
std::vector<Kind> kinds() {
  return {
      {"path",
       [](Cluster& cluster, int round) {
         cluster.put_ingress(round, true);
         return of_ingress(round);
       }},
      {"endpoint",
       [](Cluster& cluster, int round) {
         cluster.put_endpoint(round, "10.0.0.2");
         ingress::ClusterChanges changes;
         changes.services = {Cluster::object_of(round)};
         return changes;
       }},
      {"certificate",
       [](Cluster& cluster, int round) {
         cluster.put_certificate(round, 1);
         ingress::ClusterChanges changes;
         changes.secrets = {Cluster::object_of(round)};
         return changes;
       }},
      {"host goes",
       [](Cluster& cluster, int round) {
         cluster.erase_ingress(round);
         return of_ingress(round);
       }},
      {"host comes",
       [](Cluster& cluster, int round) {
         cluster.put_ingress(round, false);
         return of_ingress(round);
       }},
  };
}

// By kind and step, with the sums of both programs.
using Rows = std::map<std::string, Steps>;

// The least of some changes of a kind.
Steps least_of(const Kind& kind, Cluster& cluster, Both& both) {
  Steps least;
  for (int round = 0; round < kRounds; ++round) {
    Steps steps = both.change(kind.change(cluster, round));
    for (const auto& [step, time] : Steps(steps)) {
      const std::size_t colon = step.find(':');
      if (colon != std::string::npos) steps[step.substr(0, colon) + ": all"] += time;
    }
    for (const auto& [step, time] : steps) {
      const auto known = least.try_emplace(step, time).first;
      known->second = std::min(known->second, time);
    }
  }
  return least;
}

Steps path_where_all_have(Certificates certificates, int size) {
  Cluster cluster(size, certificates);
  Both both(cluster);
  return least_of(kinds().front(), cluster, both);
}

Rows measured(int size) {
  Rows rows;
  rows["path of one Secret"] = path_where_all_have(Certificates::of_all, size);
  rows["path of one wildcard"] = path_where_all_have(Certificates::of_all_for_a_wildcard, size);
  Cluster cluster(size, Certificates::of_each);
  Both both(cluster);
  rows["everything"] = both.held();
  for (const Kind& kind : kinds()) rows[kind.name] = least_of(kind, cluster, both);
  return rows;
}

int run(const std::vector<int>& sizes, const std::string& json_file) {
  std::map<int, Rows> by_size;
  for (const int size : sizes) by_size[size] = measured(size);
  nlohmann::json document = nlohmann::json::array();
  bool is_flat = true;
  constexpr bench::Columns kColumns{42, 11};
  std::cout << (is_check ? "allocations" : "microseconds of processor time")
            << " for one change\n\n"
            << bench::head(kColumns, sizes) << "\n";
  for (const auto& [kind, steps] : by_size.begin()->second) {
    for (const auto& [step, unused] : steps) {
      bench::Numbers numbers;
      for (const int size : sizes) numbers[size] = by_size[size][kind][step];
      const double grown =
          bench::exponent(bench::points_of(numbers), is_check ? kCountMin : 0.1).value_or(0);
      const bool is_too_much = is_check && kind == "everything" && step == kHeldByOperator &&
                               numbers[sizes.back()] > kHeldKilobytesMax * sizes.back();
      const bool may_grow =
          kind == "everything" ? !is_too_much : !is_check || grown <= kExponentMax;
      is_flat = is_flat && may_grow;
      std::cout << bench::line(kColumns, kind + ", " + step, sizes, numbers, grown)
                << (may_grow      ? "\n"
                    : is_too_much ? "  is too much\n"
                                  : "  grows too fast\n");
      document.push_back({{"kind", kind},
                          {"step", step},
                          {"numbers", bench::json_of(numbers)},
                          {"exponent", grown}});
    }
    std::cout << "\n";
  }
  return is_flat && bench::write_json(document, json_file) ? 0 : 1;
}

}  // namespace

int main(int argc, char** argv) {
  bench::Arguments arguments =
      bench::read_arguments(argc, argv, kRounds, [](const std::string& flag, const auto&) {
        if (flag != "--check") return false;
        is_check = true;
        return true;
      });
  std::vector<int>& sizes = arguments.sizes;
  if (sizes.empty() && is_check) sizes = {100, 1'000};
  if (sizes.empty()) sizes = {100, 1'000, 10'000};
  return run(sizes, arguments.json_file);
}
