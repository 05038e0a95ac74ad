#include "tests/operator/world/world.h"

#include <algorithm>
#include <set>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "base/base64url.h"
#include "base/x509.h"
#include "kube/token_source.h"

namespace operator_test {

using nlohmann::json;
using std::chrono::milliseconds;

// ---- KillSwitch, MortalTransport

void KillSwitch::note_effect() {
  ++effects;
  if (effects_left && --*effects_left == 0) is_dead = true;
}

base::Result<base::HttpResponse> MortalTransport::send(const base::HttpRequest& request,
                                                       std::stop_token stop) {
  if (kill_.is_dead) return base::failure(base::ErrorKind::cancelled, "the process is dead");
  auto response = inner_.send(request, stop);
  if (counts_reads_ || request.method != "GET") kill_.note_effect();
  if (kill_.is_dead) return base::failure(base::ErrorKind::cancelled, "the process is dead");
  return response;
}

base::Result<base::HttpResponse> MortalTransport::stream(const base::HttpRequest& request,
                                                         const OnHead& on_head,
                                                         const OnChunk& on_chunk,
                                                         std::stop_token stop) {
  return inner_.stream(request, on_head, on_chunk, stop);
}

// ---- FakeDataPlane

bool FakeDataPlane::answers(const std::string& host, const std::string& token,
                            const std::string& key_authorization) const {
  bool is_published = false;
  cluster_.each(api::Certificate::type(), [&](const json& object) {
    if (is_published || !object.contains("/status/order"_json_pointer)) return;
    const auto certificate = api::Certificate::from_json(object);
    if (!certificate || !certificate->status.order) return;
    for (const api::AuthorizationStatus& authorization :
         certificate->status.order->authorizations) {
      if (authorization.identifier == host && authorization.token == token &&
          authorization.key_authorization == key_authorization) {
        is_published = true;
      }
    }
  });
  return is_published;
}

bool FakeDataPlane::is_in_a_secret(const std::string& host, const std::string& serial) {
  bool is_found = false;
  cluster_.each(kube::Secret::type(), [&](const json& object) {
    const json::json_pointer chain_at("/data/tls.crt");
    if (is_found || !object.contains(chain_at)) return;
    const std::string encoded = object[chain_at];
    auto leaf = leaves_.find(encoded);
    if (leaf == leaves_.end()) {
      const auto chain = base::read_chain(base::base64_decode(encoded).value_or(""));
      leaf = leaves_.emplace(encoded, chain ? chain->front() : base::CertificateInfo{}).first;
    }
    is_found = leaf->second.serial == serial && base::covers_host(leaf->second, host);
  });
  return is_found;
}

bool FakeDataPlane::is_to_be_waited_for(const kube::ObjectKey& certificate) {
  if (!answers_later || asking_.erase(certificate) != 0) return false;
  asking_.insert(certificate);
  if (wake) wake(certificate);
  return true;
}

std::optional<certificate::ProxyAnswers> FakeDataPlane::check_challenge(
    const kube::ObjectKey& certificate, const std::string& host, const std::string& token,
    const std::string& key_authorization) {
  if (is_to_be_waited_for(certificate)) return std::nullopt;
  ++challenge_looks;
  certificate::ProxyAnswers result;
  result.ready = ready;
  for (std::size_t i = 0; i < ready; ++i) {
    if (i >= ready - silent) {
      ++result.silent;
      result.problems.push_back("10.0.0." + std::to_string(7 + i) + ":80: no answer in 1 s");
    } else if (i >= deaf && answers(host, token, key_authorization)) {
      ++result.right;
    } else {
      result.problems.push_back("10.0.0." + std::to_string(7 + i) + ":80: HTTP 404");
    }
  }
  return result;
}

std::optional<certificate::ProxyAnswers> FakeDataPlane::check_serial(
    const kube::ObjectKey& certificate, const std::string& host, const std::string& serial) {
  if (is_to_be_waited_for(certificate)) return std::nullopt;
  ++serial_looks;
  const bool is_in_secret = is_in_a_secret(host, serial);
  certificate::ProxyAnswers result;
  result.ready = ready;
  for (std::size_t i = 0; i < ready; ++i) {
    if (i >= ready - silent) {
      ++result.silent;
      result.problems.push_back("10.0.0." + std::to_string(7 + i) + ":443: no answer in 1 s");
    } else if (i >= behind && is_in_secret) {
      ++result.right;
    } else {
      result.problems.push_back("10.0.0." + std::to_string(7 + i) + ":443: serves another");
    }
  }
  return result;
}

std::vector<std::string> EventLog::reasons() const {
  std::vector<std::string> all;
  for (const kube::Occurrence& event : events) {
    all.push_back((event.type == kube::EventType::warning ? "Warning " : "Normal ") + event.reason);
  }
  return all;
}

// ---- World

namespace {

constexpr const char* kOtherCa = "https://other.test";

// The network: two ACME servers.
class TwoServers final : public base::HttpTransport {
 public:
  TwoServers(base::HttpTransport& one, base::HttpTransport& other) : one_(one), other_(other) {}
  base::Result<base::HttpResponse> send(const base::HttpRequest& request,
                                        std::stop_token stop) override {
    return at(request).send(request, stop);
  }
  base::Result<base::HttpResponse> stream(const base::HttpRequest& request, const OnHead& on_head,
                                          const OnChunk& on_chunk, std::stop_token stop) override {
    return at(request).stream(request, on_head, on_chunk, stop);
  }

 private:
  base::HttpTransport& at(const base::HttpRequest& request) {
    return request.url.rfind(kOtherCa, 0) == 0 ? other_ : one_;
  }

  base::HttpTransport& one_;
  base::HttpTransport& other_;
};

fakes::AcmeServer::Options with_validation(fakes::AcmeServer::Options options,
                                           const FakeDataPlane& data_plane) {
  if (options.validate) return options;
  options.validate = [&data_plane](const std::string& host, const std::string& token,
                                   const std::string& key_authorization) {
    return data_plane.answers(host, token, key_authorization);
  };
  return options;
}

fakes::AcmeServer::Options other_options() {
  fakes::AcmeServer::Options options;
  options.base_url = kOtherCa;
  return options;
}

}  // namespace

// One process: all that a restart loses.
struct World::Operator {
  Operator(World& world)
      : servers(world.ca, world.other_ca),
        to_ca(std::make_shared<MortalTransport>(servers, world.kill, true)),
        client(std::make_shared<MortalTransport>(world.cluster, world.kill, false),
               "https://k8s.test", kube::fixed_token("token"), world.clock),
        registry(std::make_shared<prometheus::Registry>()),
        requests(*registry),
        metrics(*registry),
        issuers(
            {true, "gatehouse-system", "gatehouse-test", 8,
             [&world](const issuer::IssuerKey& key, const std::set<kube::ObjectKey>& secrets) {
               return world.follow_secrets(key.key, secrets);
             },
             world.options_.is_ours},
            cluster_issuers_store, client, accounts, [this](const std::string&) { return to_ca; },
            world.clock, world.events, requests, stop.get_token()),
        certificates(world.options_,
                     {certificates_store, secrets_store, issuers_store, cluster_issuers_store},
                     client, accounts, world.data_plane, world.clock, world.events, requests,
                     metrics, stop.get_token()) {
    issuers.wake_with([&world](const kube::ObjectKey& key) { world.enqueue({true, key}); });
    certificates.wake_with([&world](const kube::ObjectKey& key) { world.enqueue({false, key}); });
    certificates_store.add_listener([&world](const kube::ObjectChange<api::Certificate>& change) {
      world.enqueue({false, change.key});
    });
    cluster_issuers_store.add_listener([&world](const kube::ObjectChange<api::Issuer>& change) {
      world.enqueue({true, change.key});
    });
    world.data_plane.wake = [&world](const kube::ObjectKey& key) { world.enqueue({false, key}); };
    world.registry = registry;
  }

  std::int64_t synced_to = -1;  // FakeCluster::changes() that the stores have seen
  std::stop_source stop;
  TwoServers servers;
  std::shared_ptr<MortalTransport> to_ca;
  kube::Client client;
  kube::Store<api::Certificate> certificates_store;
  kube::Store<kube::Secret> secrets_store;
  kube::Store<api::Issuer> issuers_store;
  kube::Store<api::Issuer> cluster_issuers_store;
  std::shared_ptr<prometheus::Registry> registry;
  issuer::RequestCounts requests;
  certificate::Metrics metrics;
  issuer::Accounts accounts;
  issuer::Reconciler issuers;
  certificate::Reconciler certificates;
};

World::World(fakes::AcmeServer::Options acme_options, certificate::ReconcilerOptions options)
    : ca(clock, with_validation(std::move(acme_options), data_plane)),
      other_ca(clock, with_validation(other_options(), data_plane)),
      options_(options),
      started_(clock.steady_now()) {
  restart();
}

World::~World() = default;

void World::proxies_changed() {
  operator_->certificates.on_proxies_changed();
}

void World::given_changed(const std::string& secret) {
  operator_->certificates.on_given_changed(secret);
}

void World::owners_changed() {
  operator_->certificates.on_owners_changed();
}

void World::uses_known() {
  operator_->certificates.on_uses_known();
}

void World::restart() {
  operator_.reset();
  queue_.clear();
  followed_.clear();
  failures_.clear();
  kill.is_dead = false;
  kill.effects_left.reset();
  operator_ = std::make_unique<Operator>(*this);
  until_sync_ = 0;
  sync_stores();
  operator_->certificates.begin_to_lead();
}

// Brings a store up to date as a watch would: only what has changed is read and told.
template <class T>
void follow(kube::Store<T>& store, const FakeCluster& cluster, const kube::ResourceType& type,
            const std::function<bool(const json&)>& is_watched) {
  const auto parse = [](const json& object) {
    if constexpr (requires { T::read(object); }) {
      return T::read(object);
    } else {
      return T::from_json(object);
    }
  };
  std::set<kube::ObjectKey> seen;
  std::vector<std::shared_ptr<const T>> changed;
  cluster.each(type, [&](const json& object) {
    if (!is_watched(object)) return;
    const json& metadata = object.at("metadata");
    const kube::ObjectKey key{metadata.value("namespace", ""), metadata.at("name")};
    seen.insert(key);
    const auto known = store.get(key);
    const std::string version = metadata.at("resourceVersion");
    if (known && known->metadata.resource_version == version) return;
    auto parsed = parse(object);
    if (parsed) {
      changed.push_back(std::make_shared<const T>(*std::move(parsed)));
    } else {
      ADD_FAILURE() << parsed.error().message;
    }
  });
  if (!store.has_synced()) return store.replace_all(std::move(changed));
  for (const auto& known : store.list()) {
    if (seen.count(known->metadata.key()) == 0) store.erase(known->metadata.key());
  }
  for (auto& object : changed) store.put(std::move(object));
}

// As a watch would: what is there, and each change after.
bool World::follow_secrets(const kube::ObjectKey& issuer,
                           const std::set<kube::ObjectKey>& secrets) {
  if (!watches_secrets) return false;
  for (const kube::ObjectKey& secret : secrets) {
    const auto [place, is_new] = followed_.try_emplace({issuer, secret});
    if (is_new) place->second = version_of(secret);
  }
  return true;
}

std::string World::version_of(const kube::ObjectKey& secret) const {
  const json object = cluster.get(kube::Secret::type(), secret);
  if (object.is_null()) return {};
  return object.value("/metadata/resourceVersion"_json_pointer, "");
}

void World::wake_followers() {
  for (auto& [followed, version] : followed_) {
    const auto& [issuer, secret] = followed;
    std::string now = version_of(secret);
    if (now == version) continue;
    version = std::move(now);
    enqueue({true, issuer});
  }
}

void World::sync_stores() {
  if (until_sync_-- > 0) return;
  until_sync_ = store_lag;
  if (operator_->synced_to == cluster.changes()) return;
  wake_followers();
  operator_->synced_to = cluster.changes();
  const auto all = [](const json&) { return true; };
  const auto is_tls = [](const json& secret) { return secret.at("type") == kube::kTlsSecretType; };
  follow(operator_->cluster_issuers_store, cluster, api::Issuer::type(true), all);
  follow(operator_->issuers_store, cluster, api::Issuer::type(false), all);
  follow(operator_->secrets_store, cluster, kube::Secret::type(), is_tls);
  follow(operator_->certificates_store, cluster, api::Certificate::type(), all);
}

void World::enqueue(const Due& due, milliseconds delay) {
  const base::SteadyTime at = clock.steady_now() + delay;
  const auto [place, is_new] = queue_.emplace(due, at);
  if (!is_new) place->second = std::min(place->second, at);
}

bool World::run_one(base::SteadyTime until) {
  sync_stores();
  const auto next =
      std::min_element(queue_.begin(), queue_.end(),
                       [](const auto& a, const auto& b) { return a.second < b.second; });
  if (next == queue_.end() || next->second > until) return false;
  const Due due = next->first;
  if (next->second > clock.steady_now()) {
    clock.advance(next->second - clock.steady_now());
    until_sync_ = std::min(until_sync_, 1);  // time heals a lagging store
  }
  queue_.erase(due);
  const auto result = due.is_issuer ? operator_->issuers.reconcile(due.key)
                                    : operator_->certificates.reconcile(due.key);
  if (result) {
    failures_.erase(due);
    if (result->requeue_after) enqueue(due, *result->requeue_after);
  } else if (result.error().kind == base::ErrorKind::invalid) {
    // Waits for a change, as a controller has it.
    EXPECT_FALSE(cluster.refusal_of_status.empty()) << result.error().message;
  } else if (result.error().kind != base::ErrorKind::cancelled) {
    constexpr int kDoublingsMax = 10;  // beyond a minute
    const int doublings = std::min(failures_[due]++, kDoublingsMax);
    enqueue(due,
            std::min<milliseconds>(milliseconds(100) * (1 << doublings), std::chrono::minutes(1)));
  }
  return true;
}

bool World::run_until(const std::function<bool()>& condition, std::chrono::seconds within) {
  const base::SteadyTime until = clock.steady_now() + within;
  for (int runs = 0; runs < 20'000; ++runs) {
    if (condition()) return true;
    if (!run_one(until)) {
      if (until_sync_ <= 0) return condition();
    }
  }
  ADD_FAILURE() << "the reconcilers do not come to rest";
  return false;
}

void World::run_for(milliseconds time) {
  const base::SteadyTime until = clock.steady_now() + time;
  for (int runs = 0; runs < 20'000; ++runs) {
    if (run_one(until)) continue;
    if (until_sync_ <= 0) {
      if (until > clock.steady_now()) clock.advance(until - clock.steady_now());
      return;
    }
  }
  ADD_FAILURE() << "the reconcilers do not come to rest";
}

bool World::run_until_ready(const std::string& name, std::chrono::seconds within) {
  return run_until(
      [&] {
        const api::Certificate seen = certificate(name);
        return kube::is_true(seen.status.conditions, "Ready") && !seen.status.order;
      },
      within);
}

json World::issuer_json() const {
  return issuer_at(ca, "ca");
}

json World::issuer_at(const fakes::AcmeServer& server, const std::string& name) const {
  return {
      {"metadata", {{"name", name}}},
      {"spec", {{"acme", {{"server", server.directory_url()}, {"email", "ops@shop.example"}}}}}};
}

void World::apply_issuer() {
  apply_issuer(issuer_json());
}

void World::apply_issuer(json object) {
  cluster.put(api::Issuer::type(true), std::move(object));
  sync_stores();
}

json World::certificate_json(const std::vector<std::string>& dns_names, const std::string& name) {
  return {{"metadata", {{"name", name}, {"namespace", "shop"}}},
          {"spec",
           {{"secretName", name + "-tls"},
            {"dnsNames", dns_names},
            {"issuerRef", {{"name", "ca"}, {"kind", "ClusterIssuer"}}}}}};
}

void World::apply_certificate(json object) {
  cluster.put(api::Certificate::type(), std::move(object));
  sync_stores();
}

void World::annotate(const std::string& name, const std::string& annotation,
                     const std::string& value) {
  json object = cluster.get(api::Certificate::type(), {"shop", name});
  object["metadata"]["annotations"][annotation] = value;
  cluster.put(api::Certificate::type(), std::move(object));
  sync_stores();
}

api::Certificate World::certificate(const std::string& name) const {
  const json object = cluster.get(api::Certificate::type(), {"shop", name});
  if (object.is_null()) return {};
  return api::Certificate::from_json(object).value();
}

api::Issuer World::issuer() const {
  return api::Issuer::from_json(cluster.get(api::Issuer::type(true), {"", "ca"})).value();
}

json World::secret(const std::string& name) const {
  return cluster.get(kube::Secret::type(), {"shop", name});
}

std::string World::secret_value(const std::string& key, const std::string& name) const {
  const json object = secret(name);
  if (object.is_null()) return {};
  return kube::Secret::from_json(object).value().value(key);
}

const kube::Condition* World::condition(const char* type, const std::string& name) const {
  looked_at_ = certificate(name);
  return kube::find_condition(looked_at_.status.conditions, type);
}

std::string World::message(const char* type, const std::string& name) const {
  const kube::Condition* found = condition(type, name);
  return found ? found->message : "";
}

std::string World::reason(const char* type, const std::string& name) const {
  const kube::Condition* found = condition(type, name);
  return found ? found->reason : "";
}

std::vector<std::string> World::write_texts() const {
  std::vector<std::string> texts;
  for (const FakeCluster::Write& write : cluster.writes()) {
    texts.push_back(write.verb + " " + write.path);
  }
  return texts;
}

milliseconds World::elapsed() const {
  return std::chrono::duration_cast<milliseconds>(clock.steady_now() - started_);
}

}  // namespace operator_test
