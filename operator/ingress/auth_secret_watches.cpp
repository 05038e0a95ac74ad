#include "operator/ingress/auth_secret_watches.h"

#include <algorithm>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>
#include <spdlog/spdlog.h>

#include "kube/object_watch.h"
#include "kube/resources/secret.h"

namespace ingress {
namespace {

std::shared_ptr<const AuthSecret> unread() {
  static const auto kUnread = [] {
    AuthSecret secret;
    secret.is_unread = true;
    return std::make_shared<const AuthSecret>(std::move(secret));
  }();
  return kUnread;
}

}  // namespace

struct AuthSecretWatches::Watch {
  Watch(kube::Client& client, const kube::ObjectKey& key, kube::ReflectorOptions options,
        const std::function<void()>& wake)
      : object(client, key, std::move(options), wake) {}

  std::shared_ptr<const AuthSecret> get() {
    if (!object.is_known()) return unread();
    const auto now = object.get();
    if (now == nullptr) return nullptr;
    if (now != seen) {
      seen = now;
      read = std::make_shared<const AuthSecret>(read_auth_secret(*now));
    }
    return read;
  }

  kube::ObjectWatch<kube::Secret> object;
  std::shared_ptr<const kube::Secret> seen;
  std::shared_ptr<const AuthSecret> read;  // of that
};

AuthSecretWatches::AuthSecretWatches(kube::Client& client, Options options, Wake wake)
    : client_(client), options_(std::move(options)), wake_(std::move(wake)) {}

AuthSecretWatches::~AuthSecretWatches() {
  stop();
}

void AuthSecretWatches::follow(const std::set<kube::ObjectKey>& secrets) {
  std::vector<std::unique_ptr<Watch>> ended;  // joined without the lock: their threads may want it
  {
    const std::lock_guard lock(mutex_);
    if (is_stopped_) return;
    for (auto one = watches_.begin(); one != watches_.end();) {
      if (secrets.count(one->first) != 0) {
        ++one;
        continue;
      }
      one->second->object.request_stop();
      ended.push_back(std::move(one->second));
      one = watches_.erase(one);
    }
    std::erase_if(reads_, [&](const auto& one) { return secrets.count(one.first) == 0; });
    for (const kube::ObjectKey& key : secrets) {
      if (watches_.count(key) == 0) add(key);
    }
  }
}

void AuthSecretWatches::add(const kube::ObjectKey& key) {
  if (watches_.size() < options_.max) {
    // What was read stays until the watch has begun: nothing is closed by it.
    watches_[key] =
        std::make_unique<Watch>(client_, key, options_.reflector, [this, key] { wake_(key); });
    return;
  }
  if (!reads_.try_emplace(key).second) return;
  has_unread_ = true;
  if (!reader_.joinable()) {
    reader_ = std::jthread([this](const std::stop_token& stop) { read_in_turn(stop); });
  }
  changed_.notify_all();
}

void AuthSecretWatches::read_in_turn(const std::stop_token& stop) {
  std::unique_lock lock(mutex_);
  while (!stop.stop_requested()) {
    has_unread_ = false;
    std::vector<kube::ObjectKey> keys;
    for (const auto& [key, one] : reads_) keys.push_back(key);
    lock.unlock();
    for (const kube::ObjectKey& key : keys) {
      if (!stop.stop_requested()) read(key, stop);
    }
    lock.lock();
    changed_.wait_for(lock, stop, options_.read_every, [this] { return has_unread_; });
  }
}

void AuthSecretWatches::read(const kube::ObjectKey& key, const std::stop_token& stop) {
  const auto secret = client_.get<kube::Secret>(key, stop);
  if (!secret && secret.error().kind != base::ErrorKind::not_found) {
    if (!stop.stop_requested()) {
      spdlog::warn("reading Secret {} for guards: {}; what is known of it stays", key.text(),
                   secret.error().message);
    }
    return;
  }
  const std::string version = secret ? secret->metadata.resource_version : std::string();
  {
    const std::lock_guard lock(mutex_);
    const auto at = reads_.find(key);
    if (at == reads_.end()) return;
    Read& known = at->second;
    if (known.is_read && known.version == version) return;
    known = {true, version,
             secret ? std::make_shared<const AuthSecret>(read_auth_secret(*secret)) : nullptr};
  }
  wake_(key);
}

bool AuthSecretWatches::are_read() const {
  const std::lock_guard lock(mutex_);
  return std::all_of(watches_.begin(), watches_.end(),
                     [](const auto& one) { return one.second->object.is_known(); }) &&
         std::all_of(reads_.begin(), reads_.end(),
                     [](const auto& one) { return one.second.is_read; });
}

std::shared_ptr<const AuthSecret> AuthSecretWatches::get(const kube::ObjectKey& key) const {
  const std::lock_guard lock(mutex_);
  const auto read = reads_.find(key);
  if (const auto watch = watches_.find(key); watch != watches_.end()) {
    const auto watched = watch->second->get();
    const bool is_known = read != reads_.end() && read->second.is_read;
    return watched && watched->is_unread && is_known ? read->second.secret : watched;
  }
  if (read == reads_.end() || !read->second.is_read) return unread();
  return read->second.secret;
}

void AuthSecretWatches::stop() {
  std::map<kube::ObjectKey, std::unique_ptr<Watch>> ended;
  std::jthread reader;
  {
    const std::lock_guard lock(mutex_);
    is_stopped_ = true;
    ended.swap(watches_);
    reader.swap(reader_);
  }
  reader.request_stop();
  for (const auto& [key, watch] : ended) watch->object.request_stop();
}

}  // namespace ingress
