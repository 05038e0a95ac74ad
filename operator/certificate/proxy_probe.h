#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <stop_token>
#include <string>
#include <vector>

#include <prometheus/family.h>
#include <prometheus/gauge.h>
#include <prometheus/registry.h>

#include "base/clock.h"
#include "base/http.h"
#include "base/result.h"
#include "base/x509.h"
#include "kube/object.h"
#include "kube/resources/endpoint_slice.h"
#include "kube/store.h"
#include "operator/certificate/data_plane.h"

namespace certificate {

// One ready proxy replica, by the addresses of its Pod. A port of 0 means that the Service does not
// name it.
struct ProxyEndpoint {
  std::string address;
  std::uint16_t http_port = 0;
  std::uint16_t https_port = 0;
  auto operator<=>(const ProxyEndpoint&) const = default;
};

// The ready endpoints of this Service with its ports named "http" and "https"; sorted, unique.
// Pure.
std::vector<ProxyEndpoint> ready_proxies(
    const std::vector<std::shared_ptr<const kube::EndpointSlice>>& slices,
    const kube::ObjectKey& service);

struct ProxyProbeOptions {
  kube::ObjectKey service;                                      // --proxy-service
  std::chrono::milliseconds timeout = std::chrono::seconds(1);  // of one question to one proxy
  std::size_t at_once_max = 16;
  std::size_t problems_max = 3;  // told
  // A proxy that gave no answer is not asked again for so long, doubling: it would cost every
  // question its time.
  std::chrono::milliseconds deaf_first = std::chrono::seconds(2);
  std::chrono::milliseconds deaf_max = std::chrono::minutes(1);
};

// Asks the Pods behind the proxy Service directly, so neither a load balancer nor a NAT is between.
// Each question waits for the answers of all.
class ProxyProbe final : public ProxyQuestions {
 public:
  // The leaf that address:port presents for this server name; base::read_served_certificate.
  using ReadServed = std::function<base::Result<base::CertificateInfo>(
      const std::string& address, std::uint16_t port, const std::string& server_name,
      std::chrono::milliseconds timeout, std::stop_token stop)>;

  // slices and transport outlive it. on_change is called, from the store's writer, when the set of
  // ready proxies changes. Construct before the reflector starts.
  ProxyProbe(ProxyProbeOptions options, kube::Store<kube::EndpointSlice>& slices,
             base::HttpTransport& transport, ReadServed read_served, const base::Clock& clock,
             prometheus::Registry& registry, std::stop_token stop);

  void on_change(std::function<void()> listener) { listener_ = std::move(listener); }
  // Called once for each ready proxy that gives no answer any more, with what it said instead
  // ("10.0.0.7:80: no answer in 1 s"); from the thread that asked, without a lock held.
  void on_unreachable(std::function<void(const std::string& problem)> listener) {
    unreachable_listener_ = std::move(listener);
  }

  std::string proxies() const;  // as DataPlane has it
  std::size_t count() const { return ready().size(); }
  ProxyAnswers check_challenge(const std::string& host, const std::string& token,
                               const std::string& key_authorization) override;
  ProxyAnswers check_serial(const std::string& host, const std::string& serial) override;

 private:
  struct Deaf {
    base::SteadyTime until{};
    std::chrono::milliseconds pause{};
    std::string problem;
  };
  // What is wrong with an answer; empty: nothing.
  struct Answer {
    std::string problem;
    bool is_silent = false;
  };
  using Question = std::function<Answer(const ProxyEndpoint&)>;
  ProxyAnswers ask_all(const std::vector<ProxyEndpoint>& proxies, const Question& question);
  Answer ask(const ProxyEndpoint& proxy, const Question& question);
  bool note(const ProxyEndpoint& proxy, const Answer& answer);
  static Answer not_heard(const std::string& place, const base::Error& error);
  void forget_others(const std::vector<ProxyEndpoint>& proxies);
  std::vector<ProxyEndpoint> ready() const;

  static constexpr const char* kByService = "proxies-by-service";

  const ProxyProbeOptions options_;
  kube::Store<kube::EndpointSlice>& slices_;
  base::HttpTransport& transport_;
  const ReadServed read_served_;
  const base::Clock& clock_;
  // gatehouse_proxy_unreachable{proxy}: 1 for a ready proxy that the operator does not reach.
  prometheus::Family<prometheus::Gauge>& unreachable_;
  const std::stop_token stop_;
  std::function<void()> listener_;
  std::function<void(const std::string&)> unreachable_listener_;
  mutable std::mutex mutex_;
  std::string last_seen_;  // proxies() when the listener was last called
  std::map<ProxyEndpoint, Deaf> deaf_;
};

}  // namespace certificate
