#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <stop_token>
#include <string>
#include <vector>

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
  std::chrono::milliseconds timeout = std::chrono::seconds(2);  // of one question to one proxy
  std::size_t at_once_max = 16;
  std::size_t problems_max = 3;  // told
};

// The DataPlane of a cluster: asks the Pods behind the proxy Service directly, so neither a load
// balancer nor a NAT is between.
class ProxyProbe final : public DataPlane {
 public:
  // The leaf that address:port presents for this server name; base::read_served_certificate.
  using ReadServed = std::function<base::Result<base::CertificateInfo>(
      const std::string& address, std::uint16_t port, const std::string& server_name,
      std::chrono::milliseconds timeout, std::stop_token stop)>;

  // slices and transport outlive it. on_change is called, from the store's writer, when the set of
  // ready proxies changes. Construct before the reflector starts.
  ProxyProbe(ProxyProbeOptions options, kube::Store<kube::EndpointSlice>& slices,
             base::HttpTransport& transport, ReadServed read_served, std::stop_token stop);

  void on_change(std::function<void()> listener) { listener_ = std::move(listener); }

  std::string proxies() const override;
  ProxyAnswers check_challenge(const std::string& host, const std::string& token,
                               const std::string& key_authorization) override;
  ProxyAnswers check_serial(const std::string& host, const std::string& serial) override;

 private:
  // Empty when the proxy gave the wanted answer, else what is wrong.
  using Question = std::function<std::string(const ProxyEndpoint&)>;
  ProxyAnswers ask_all(const std::vector<ProxyEndpoint>& proxies, const Question& question) const;
  std::vector<ProxyEndpoint> ready() const;

  static constexpr const char* kByService = "proxies-by-service";

  const ProxyProbeOptions options_;
  kube::Store<kube::EndpointSlice>& slices_;
  base::HttpTransport& transport_;
  const ReadServed read_served_;
  const std::stop_token stop_;
  std::function<void()> listener_;
  mutable std::mutex mutex_;
  std::string last_seen_;  // proxies() when the listener was last called
};

}  // namespace certificate
