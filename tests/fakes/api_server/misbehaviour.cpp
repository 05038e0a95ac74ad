#include "tests/fakes/api_server/misbehaviour.h"

namespace fakes::api_server {

void Misbehaviour::add(Rule rule) {
  const std::lock_guard lock(mutex_);
  rules_.push_back(std::move(rule));
}

void Misbehaviour::clear() {
  const std::lock_guard lock(mutex_);
  rules_.clear();
  watch_events_max_ = 0;
  skips_bookmarks_ = false;
  expires_by_status_ = false;
  paused_until_ = 0;
}

std::optional<Misbehaviour::Rule> Misbehaviour::take(const Request& request) {
  const std::string watch = request.parameter("watch");
  const bool is_watch = watch == "true" || watch == "1";
  const std::string& method = is_watch ? "WATCH" : request.method;
  const std::lock_guard lock(mutex_);
  for (auto it = rules_.begin(); it != rules_.end(); ++it) {
    if (!it->method.empty() && it->method != method) continue;
    if (request.path.find(it->path_contains) == std::string::npos) continue;
    const Rule rule = *it;
    if (--it->times <= 0) rules_.erase(it);
    return rule;
  }
  return std::nullopt;
}

void Misbehaviour::drop_watches(bool hang_up) {
  drops_hang_up_ = hang_up;
  ++watch_epoch_;
}

void Misbehaviour::pause_for(std::chrono::milliseconds time) {
  paused_until_ = (std::chrono::steady_clock::now() + time).time_since_epoch().count();
}

bool Misbehaviour::is_paused() const {
  return std::chrono::steady_clock::now().time_since_epoch().count() < paused_until_;
}

}  // namespace fakes::api_server
