#pragma once

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <stop_token>
#include <thread>

#include "kube/client.h"
#include "kube/reflector.h"
#include "operator/ingress/auth_secret.h"

namespace ingress {

// Watches the Secrets that guards of Ingresses name, each by its name alone, as issuers' are
// (issuer::SecretWatches): nobody else's Secret is read. A watch is a thread and a connection, so
// there are so many; what is beyond them is read each minute. Thread-safe.
class AuthSecretWatches final : public AuthSecrets {
 public:
  // This Secret has come, changed or gone. Called without a lock held, from any thread.
  using Wake = std::function<void(const kube::ObjectKey& secret)>;

  struct Options {
    std::size_t max = 64;
    std::chrono::seconds read_every{60};
    kube::ReflectorOptions reflector{};
  };

  // client must outlive it.
  AuthSecretWatches(kube::Client& client, Options options, Wake wake);
  AuthSecretWatches(const AuthSecretWatches&) = delete;
  AuthSecretWatches& operator=(const AuthSecretWatches&) = delete;
  ~AuthSecretWatches() override;  // stops

  void follow(const std::set<kube::ObjectKey>& secrets) override;
  bool are_read() const override;
  std::shared_ptr<const AuthSecret> get(const kube::ObjectKey& key) const override;
  void stop();

 private:
  struct Watch;
  // One that finds no room for a watch.
  struct Read {
    bool is_read = false;
    std::string version{};
    std::shared_ptr<const AuthSecret> secret{};
  };

  void add(const kube::ObjectKey& key);
  void read_in_turn(const std::stop_token& stop);
  void read(const kube::ObjectKey& key, const std::stop_token& stop);

  kube::Client& client_;
  const Options options_;
  const Wake wake_;
  mutable std::mutex mutex_;
  std::condition_variable_any changed_;
  bool is_stopped_ = false;
  std::map<kube::ObjectKey, std::unique_ptr<Watch>> watches_;
  std::map<kube::ObjectKey, Read> reads_;
  bool has_unread_ = false;  // in reads_
  std::jthread reader_;
};

}  // namespace ingress
