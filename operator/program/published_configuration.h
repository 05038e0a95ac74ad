#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <string>

#include "kube/object.h"
#include "operator/certificate/data_plane.h"
#include "proxy/config/model.h"

namespace program {

// The configuration that the proxies are given, as far as certificates ask for it: whether they
// have a token or a certificate already. Thread-safe.
class PublishedConfiguration {
 public:
  using Pointer = std::shared_ptr<const proxy::config::ProxyConfig>;

  // is_taken_over: whether the proxies that poll us have what was published last. Those that poll
  // another replica are not heard of here; that replica compiles the same at the same time.
  explicit PublishedConfiguration(std::function<bool()> is_taken_over)
      : is_taken_over_(std::move(is_taken_over)) {}

  bool is(const Pointer& config) const;
  // Calls on_changed with each Secret whose certificate differs from what was given before. What
  // stays the same has the same address.
  void replace(Pointer config, const std::function<void(const std::string& secret)>& on_changed);

  certificate::Given is_given_token(const std::string& host, const std::string& token) const;
  certificate::Given is_given_certificate(const kube::ObjectKey& secret,
                                          const std::string& fingerprint) const;

 private:
  Pointer get() const;
  certificate::Given given() const;

  const std::function<bool()> is_taken_over_;
  mutable std::mutex mutex_;
  Pointer config_;  // null: none yet
};

}  // namespace program
