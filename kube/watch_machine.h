#pragma once

#include <string>
#include <variant>

#include "base/result.h"

namespace kube {

// Decides what a reflector asks the API server next. No I/O, no time, no threads: the reflector
// performs the request and reports what happened; tests drive it with plain calls.
//
//   list page -> ... -> last page -> watch -> watch ends -> watch from the last version
//                                      \-> 410 Gone -> list again
class WatchMachine {
 public:
  struct List {
    std::string continue_token;  // empty for the first page
    bool operator==(const List&) const = default;
  };
  struct Watch {
    std::string resource_version;
    bool operator==(const Watch&) const = default;
  };
  using Request = std::variant<List, Watch>;

  Request next() const { return next_; }

  // Returns true when this was the last page and the new listing is complete.
  bool on_list_page(std::string resource_version, std::string continue_token);
  // Call for ADDED, MODIFIED, DELETED and BOOKMARK alike: each moves the resume point.
  void on_watch_event(std::string resource_version);
  void on_watch_ended();
  // 410 starts a new listing, also between pages (a continue token expires); whatever else goes on
  // from where it was. Returns true when the pages so far are void.
  bool on_error(const base::Error& error);

 private:
  Request next_ = List{};
  std::string version_;
};

}  // namespace kube
