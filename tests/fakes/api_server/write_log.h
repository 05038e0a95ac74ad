#pragma once

#include <functional>
#include <mutex>
#include <string>
#include <vector>

namespace fakes::api_server {

// One write that changed something (no dry run, no refused one, no no-op).
struct Write {
  std::string verb;      // create, update, patch, apply, delete
  std::string resource;  // "secrets", "certificates.gatehouse.dev/status"
  std::string namespace_;
  std::string name;
  std::string user;
  std::string manager;  // field manager
  std::string version;  // resourceVersion that it made
};

// Thread-safe.
class WriteLog {
 public:
  void add(Write write) {
    const std::lock_guard lock(mutex_);
    if (listener_) listener_(write);
    writes_.push_back(std::move(write));
  }
  // Called for each write once it is done and before it is answered; it must not call the server.
  void on_write(std::function<void(const Write&)> listener) {
    const std::lock_guard lock(mutex_);
    listener_ = std::move(listener);
  }
  std::vector<Write> all() const {
    const std::lock_guard lock(mutex_);
    return writes_;
  }
  void clear() {
    const std::lock_guard lock(mutex_);
    writes_.clear();
  }

 private:
  mutable std::mutex mutex_;
  std::vector<Write> writes_;
  std::function<void(const Write&)> listener_;
};

}  // namespace fakes::api_server
