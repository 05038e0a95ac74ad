#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include <nlohmann/json_fwd.hpp>
#include <prometheus/registry.h>

#include "base/x509.h"
#include "kube/client.h"
#include "kube/event_recorder.h"
#include "operator/api/certificate.h"
#include "operator/api/issuer.h"
#include "operator/certificate/reconciler.h"
#include "operator/issuer/reconciler.h"
#include "tests/fakes/acme_server/acme_server.h"
#include "tests/fakes/clock.h"
#include "tests/operator/world/fake_cluster.h"

namespace operator_test {

// Ends the life of the operator after so many effects on the world outside: requests to the ACME
// server, and writes to the API. The last effect happens, but nobody hears of it.
struct KillSwitch {
  std::optional<int> effects_left;
  int effects = 0;
  bool is_dead = false;

  void note_effect();
};

// A transport that the kill switch cuts.
class MortalTransport final : public base::HttpTransport {
 public:
  MortalTransport(base::HttpTransport& inner, KillSwitch& kill, bool counts_reads)
      : inner_(inner), kill_(kill), counts_reads_(counts_reads) {}
  base::Result<base::HttpResponse> send(const base::HttpRequest& request,
                                        std::stop_token stop) override;
  base::Result<base::HttpResponse> stream(const base::HttpRequest& request, const OnHead& on_head,
                                          const OnChunk& on_chunk, std::stop_token stop) override;

 private:
  base::HttpTransport& inner_;
  KillSwitch& kill_;
  const bool counts_reads_;
};

// Proxies that answer what the Certificates' status publishes and serve what the Secrets hold, the
// moment the API has it, unless told otherwise.
class FakeDataPlane final : public certificate::DataPlane {
 public:
  explicit FakeDataPlane(const FakeCluster& cluster) : cluster_(cluster) {}

  std::size_t ready = 2;
  std::size_t deaf = 0;    // of the ready ones: do not answer challenges
  std::size_t behind = 0;  // of the ready ones: serve another certificate
  std::size_t silent = 0;  // of the ready ones: cannot be reached
  bool has_taken_over = true;
  certificate::Given given = certificate::Given::taken_over;  // of every certificate
  bool answers_later = false;  // each question is answered when it is asked again, after a wake
  int challenge_looks = 0;
  int serial_looks = 0;
  std::function<void(const kube::ObjectKey&)> wake;

  std::string proxies() const override { return ready == 0 ? "" : std::to_string(ready); }
  certificate::Given is_given_token(const std::string&, const std::string&) const override {
    return has_taken_over ? certificate::Given::taken_over : certificate::Given::on_its_way;
  }
  certificate::Given is_given_certificate(const kube::ObjectKey&,
                                          const std::string&) const override {
    return given;
  }
  std::optional<certificate::ProxyAnswers> check_challenge(
      const kube::ObjectKey& certificate, const std::string& host, const std::string& token,
      const std::string& key_authorization) override;
  std::optional<certificate::ProxyAnswers> check_serial(const kube::ObjectKey& certificate,
                                                        const std::string& host,
                                                        const std::string& serial) override;
  void forget(const kube::ObjectKey& certificate) override { asking_.erase(certificate); }
  // What the ACME server's validation finds.
  bool answers(const std::string& host, const std::string& token,
               const std::string& key_authorization) const;

 private:
  bool is_to_be_waited_for(const kube::ObjectKey& certificate);
  bool is_in_a_secret(const std::string& host, const std::string& serial);

  const FakeCluster& cluster_;
  std::set<kube::ObjectKey> asking_;
  std::map<std::string, base::CertificateInfo> leaves_;  // by tls.crt in base64: read once
};

class EventLog final : public kube::EventSink {
 public:
  explicit EventLog(const KillSwitch& kill) : kill_(kill) {}
  void record(kube::Occurrence occurrence) override {
    if (!kill_.is_dead) events.push_back(std::move(occurrence));
  }
  std::vector<std::string> reasons() const;
  std::vector<kube::Occurrence> events;

 private:
  const KillSwitch& kill_;
};

// The issuer and certificate reconcilers with everything around them, on one thread and a clock
// that jumps to whatever is due next. ACME server and API are strict fakes behind the transports.
class World {
 public:
  explicit World(fakes::AcmeServer::Options acme_options = {},
                 certificate::ReconcilerOptions options = {});
  ~World();

  // ---- Setting the scene
  nlohmann::json issuer_json() const;  // ClusterIssuer "ca"
  void apply_issuer();
  void apply_issuer(nlohmann::json object);
  nlohmann::json issuer_at(const fakes::AcmeServer& server, const std::string& name) const;
  static nlohmann::json certificate_json(const std::vector<std::string>& dns_names,
                                         const std::string& name = "www");
  void apply_certificate(nlohmann::json object);
  void annotate(const std::string& name, const std::string& annotation, const std::string& value);

  // ---- Letting it run. Each reconciles until nothing is due within `within`, or the condition
  // holds; false when it does not.
  bool run_until(const std::function<bool()>& condition,
                 std::chrono::seconds within = std::chrono::seconds(60));
  void run_for(std::chrono::milliseconds time);
  bool run_until_ready(const std::string& name = "www",
                       std::chrono::seconds within = std::chrono::seconds(60));
  void proxies_changed();
  void owners_changed();
  void given_changed(const std::string& secret);  // "shop/www-tls"
  void uses_known();
  // The process dies and another takes over.
  void restart();

  // ---- Looking
  api::Certificate certificate(const std::string& name = "www") const;
  api::Issuer issuer() const;
  nlohmann::json secret(const std::string& name = "www-tls") const;
  std::string secret_value(const std::string& key, const std::string& name = "www-tls") const;
  const kube::Condition* condition(const char* type, const std::string& name = "www") const;
  std::string message(const char* type, const std::string& name = "www") const;
  std::string reason(const char* type, const std::string& name = "www") const;
  std::vector<std::string> write_texts() const;  // "patch certificates/shop/www/status"
  std::chrono::milliseconds elapsed() const;     // since construction

  fakes::FakeClock clock;
  FakeCluster cluster;
  FakeDataPlane data_plane{cluster};
  KillSwitch kill;
  EventLog events{kill};
  fakes::AcmeServer ca;
  fakes::AcmeServer other_ca;  // at https://other.test, for another issuer
  std::shared_ptr<prometheus::Registry> registry = std::make_shared<prometheus::Registry>();
  // The stores see a write only after so many further reconciles.
  int store_lag = 0;
  // Whether the Secrets that issuers name are watched.
  bool watches_secrets = true;

 private:
  struct Operator;
  struct Due {
    bool is_issuer = false;
    kube::ObjectKey key;
    auto operator<=>(const Due&) const = default;
  };

  void sync_stores();
  bool follow_secrets(const kube::ObjectKey& issuer, const std::set<kube::ObjectKey>& secrets);
  std::string version_of(const kube::ObjectKey& secret) const;
  void wake_followers();
  void enqueue(const Due& due, std::chrono::milliseconds delay = {});
  bool run_one(base::SteadyTime until);

  const certificate::ReconcilerOptions options_;
  const base::SteadyTime started_;
  std::unique_ptr<Operator> operator_;
  std::map<Due, base::SteadyTime> queue_;
  std::map<Due, int> failures_;
  std::map<std::pair<kube::ObjectKey, kube::ObjectKey>, std::string> followed_;  // to versions
  int until_sync_ = 0;
  mutable api::Certificate looked_at_;
};

}  // namespace operator_test
