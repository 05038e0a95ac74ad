#include "kube/watch_machine.h"

#include <utility>

namespace kube {

bool WatchMachine::on_list_page(std::string resource_version, std::string continue_token) {
  if (!continue_token.empty()) {
    next_ = List{std::move(continue_token)};
    return false;
  }
  version_ = std::move(resource_version);
  next_ = Watch{version_};
  return true;
}

void WatchMachine::on_watch_event(std::string resource_version) {
  version_ = std::move(resource_version);
}

void WatchMachine::on_watch_ended() {
  next_ = Watch{version_};
}

bool WatchMachine::on_error(const base::Error& error) {
  const bool was_listing = std::holds_alternative<List>(next_);
  if (error.kind == base::ErrorKind::expired) {
    next_ = List{};
    return was_listing;
  }
  if (!was_listing) next_ = Watch{version_};
  return false;
}

}  // namespace kube
