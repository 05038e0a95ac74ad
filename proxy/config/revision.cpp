#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>

#include "base/digest.h"
#include "proxy/config/certificate_hashes.h"
#include "proxy/config/wire.h"

namespace proxy::config {
namespace {

// A state as bytes in exactly one way: every text with its length before it, maps in key order.
class Canonical {
 public:
  Canonical& text(std::string_view value) {
    number(value.size());
    bytes_ += value;
    return *this;
  }
  Canonical& number(std::uint64_t value) {
    bytes_ += std::to_string(value);
    bytes_ += ':';
    return *this;
  }
  std::string hash() const { return base::sha256_hex(bytes_); }

 private:
  std::string bytes_;
};

void add(Canonical& out, std::chrono::milliseconds timeout) {
  out.number(static_cast<std::uint64_t>(timeout.count()));
}

void add(Canonical& out, const Cluster& cluster) {
  out.number(cluster.endpoints.size());
  for (const Endpoint& endpoint : cluster.endpoints) {
    out.text(endpoint.address).number(endpoint.port);
  }
  out.number(static_cast<std::uint64_t>(cluster.balancing));
  add(out, cluster.connect_timeout);
  add(out, cluster.read_timeout);
  add(out, cluster.send_timeout);
}

void add(Canonical& out, const Action& action) {
  if (const auto* const forward = std::get_if<Forward>(&action)) {
    out.text("cluster").text(forward->cluster);
    return;
  }
  const auto& answer = std::get<FixedAnswer>(action);
  out.text("answer").number(static_cast<std::uint64_t>(answer.status)).text(answer.reason);
}

void add(Canonical& out, const VirtualHost& host) {
  out.number(host.routes.size());
  for (const Route& route : host.routes) {
    out.number(static_cast<std::uint64_t>(route.match)).text(route.path);
    out.number(route.body_bytes_max);
    add(out, route.action);
  }
  out.number(host.default_action ? 1 : 0);
  if (host.default_action) add(out, *host.default_action);
  out.number(host.https_redirect ? 1 : 0);
}

void add(Canonical& out, const ChallengeAnswer& answer) {
  out.text(answer.host).text(answer.key_authorization);
}

template <class T>
void add(Canonical& out, std::string_view name, const ProxyConfig::Section<T>& section) {
  out.text(name).number(section.size());
  for (const auto& [key, value] : section) {
    out.text(key);
    add(out, *value);
  }
}

// Hashes by address, for as long as the certificate at that address lives.
class HashMemory {
 public:
  std::string hash_of(const std::shared_ptr<const Certificate>& certificate) {
    {
      const std::lock_guard lock(mutex_);
      const auto found = entries_.find(certificate.get());
      if (found != entries_.end() && found->second.owner.lock() == certificate) {
        return found->second.hash;
      }
    }
    std::string hash = certificate_hash(*certificate);
    const std::lock_guard lock(mutex_);
    if (entries_.size() >= sweep_at_) sweep();
    entries_[certificate.get()] = {certificate, hash};
    return hash;
  }

 private:
  struct Entry {
    std::weak_ptr<const Certificate> owner;
    std::string hash;
  };

  void sweep() {
    std::erase_if(entries_, [](const auto& entry) { return entry.second.owner.expired(); });
    sweep_at_ = 2 * entries_.size() + kSweepAtLeast;
  }

  static constexpr std::size_t kSweepAtLeast = 64;
  std::mutex mutex_;
  std::unordered_map<const Certificate*, Entry> entries_;
  std::size_t sweep_at_ = kSweepAtLeast;
};

}  // namespace

std::string certificate_hash(const Certificate& certificate) {
  return Canonical().text(certificate.chain_pem).text(certificate.key_pem).hash();
}

std::string hash_once(const std::shared_ptr<const Certificate>& certificate) {
  static HashMemory memory;
  return memory.hash_of(certificate);
}

std::string revision_of(const ProxyConfig& config) {
  Canonical out;
  add(out, "clusters", config.clusters);
  add(out, "hosts", config.hosts);
  add(out, "challenges", config.challenges);
  out.text("certificates").number(config.certificates.size());
  for (const auto& [id, certificate] : config.certificates) {
    out.text(id).text(hash_once(certificate));
  }
  out.text("sni").number(config.sni.size());
  for (const auto& [name, id] : config.sni) out.text(name).text(id);
  return out.hash();
}

}  // namespace proxy::config
