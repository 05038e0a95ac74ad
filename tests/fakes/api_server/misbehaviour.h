#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <list>
#include <mutex>
#include <optional>
#include <string>

#include "tests/fakes/api_server/http.h"

namespace fakes::api_server {

// Faults on order. Thread-safe; tests set them while the server answers.
class Misbehaviour {
 public:
  // The next "times" requests whose method and path fit are answered so instead.
  struct Rule {
    std::string method;         // empty: any; a watch is "WATCH"
    std::string path_contains;  // empty: any
    int times = 1;
    int status = 503;  // 0: answer as usual (after the delay)
    std::optional<int> retry_after_seconds;
    bool hang_up = false;        // close the connection instead of answering
    bool hang_up_after = false;  // do the work, then close without answering: the lost answer
    std::chrono::milliseconds delay{0};
  };
  void add(Rule rule);
  void clear();
  // The rule for a request, counted down.
  std::optional<Rule> take(const Request& request);

  // Ends all watches that run now: well, or by hanging up.
  void drop_watches(bool hang_up = true);
  std::uint64_t watch_epoch() const { return watch_epoch_; }
  bool drops_hang_up() const { return drops_hang_up_; }

  // Every watch from now on ends after so many events; 0: never.
  void close_watches_after(int events) { watch_events_max_ = events; }
  int watch_events_max() const { return watch_events_max_; }

  void skip_bookmarks(bool skip) { skips_bookmarks_ = skip; }
  bool skips_bookmarks() const { return skips_bookmarks_; }

  // A too-old watch is answered by HTTP status 410 instead of 200 and an ERROR event.
  void expire_by_status(bool by_status) { expires_by_status_ = by_status; }
  bool expires_by_status() const { return expires_by_status_; }

  // Nothing is answered, and no watch says a word, until then.
  void pause_for(std::chrono::milliseconds time);
  bool is_paused() const;

 private:
  std::mutex mutex_;
  std::list<Rule> rules_;
  std::atomic<std::uint64_t> watch_epoch_{0};
  std::atomic<bool> drops_hang_up_{true};
  std::atomic<int> watch_events_max_{0};
  std::atomic<bool> skips_bookmarks_{false};
  std::atomic<bool> expires_by_status_{false};
  std::atomic<std::chrono::steady_clock::rep> paused_until_{0};
};

}  // namespace fakes::api_server
