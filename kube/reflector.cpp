#include "kube/reflector.h"

#include <nlohmann/json.hpp>
#include <spdlog/spdlog.h>

#include "kube/outage_log.h"
#include "kube/watch_lines.h"

namespace kube {

namespace {

// The server ends a watch at its timeout; a connection that is silent for longer is dead.
constexpr std::chrono::seconds kIdleGrace{5};

}  // namespace

void log_unreadable(const ResourceType& type, const ObjectKey& key, const base::Error& error) {
  spdlog::warn("reading a listed or watched {} ({}): {}; leaving it as it was", type.kind,
               key.text(), error.message);
}

ReflectorLoop::ReflectorLoop(Client& client, ResourceType type, ReflectorOptions options,
                             Sink& sink)
    : client_(client),
      type_(std::move(type)),
      options_(std::move(options)),
      sink_(sink),
      backoff_(options_.backoff_first, options_.backoff_limit, options_.random) {}

void ReflectorLoop::start() {
  thread_ = std::jthread([this](const std::stop_token& stop) { run(stop); });
}

void ReflectorLoop::stop() {
  thread_.request_stop();
  if (thread_.joinable()) thread_.join();
}

void ReflectorLoop::run(const std::stop_token& stop) {
  while (!stop.stop_requested()) {
    const base::Status stepped = step(stop);
    if (!stepped && !recover(stepped.error(), stop)) return;
  }
}

base::Status ReflectorLoop::step(const std::stop_token& stop) {
  const WatchMachine::Request request = machine_.next();
  base::Status done = std::holds_alternative<WatchMachine::List>(request)
                          ? list(std::get<WatchMachine::List>(request), stop)
                          : watch(std::get<WatchMachine::Watch>(request), stop);
  if (!done && machine_.on_error(done.error())) sink_.drop_listing();
  return done;
}

base::Status ReflectorLoop::list(const WatchMachine::List& request, const std::stop_token& stop) {
  ListOptions options;
  options.namespace_ = options_.namespace_;
  options.label_selector = options_.label_selector;
  options.field_selector = options_.field_selector;
  options.limit = options_.page_size;
  options.continue_token = request.continue_token;
  auto page = client_.list(type_, options, stop);
  if (!page) return base::failure(std::move(page.error()));
  backoff_.reset();
  for (const nlohmann::json& object : page->items) sink_.add_to_listing(object);
  if (machine_.on_list_page(std::move(page->resource_version), std::move(page->continue_token))) {
    sink_.finish_listing();
  }
  return {};
}

base::Status ReflectorLoop::watch(const WatchMachine::Watch& request, const std::stop_token& stop) {
  WatchOptions options;
  options.namespace_ = options_.namespace_;
  options.label_selector = options_.label_selector;
  options.field_selector = options_.field_selector;
  options.resource_version = request.resource_version;
  options.server_timeout = std::chrono::duration_cast<std::chrono::seconds>(
      options_.watch_timeout * (1.0 + options_.random()));
  options.idle_timeout = options.server_timeout + kIdleGrace;
  bool has_news = false;
  const auto on_event = [&](const WatchEvent& event) {
    has_news = true;
    backoff_.reset();
    switch (event.type) {
      case WatchEventType::added:
      case WatchEventType::modified:
        sink_.put(event.object);
        break;
      case WatchEventType::deleted:
        sink_.erase(read_key(event.object));
        break;
      case WatchEventType::bookmark:
        break;
    }
    machine_.on_watch_event(event.resource_version);
    return !stop.stop_requested();
  };
  auto ended = client_.watch(type_, options, on_event, stop);
  if (!ended) return ended;
  machine_.on_watch_ended();
  // A server or proxy that ends every watch at once must not be asked in a tight circle. A watch
  // that lived had at least a bookmark.
  if (!has_news) options_.pause(options_.backoff_first, stop);
  return {};
}

// Waits before the next try; false when stop was requested.
bool ReflectorLoop::recover(const base::Error& error, const std::stop_token& stop) {
  if (stop.stop_requested() || error.kind == base::ErrorKind::cancelled) return false;
  // The server answers: only what we know is too old. After an outage that is the first answer.
  if (error.kind == base::ErrorKind::expired) backoff_.reset();
  std::chrono::milliseconds delay = backoff_.next();
  if (error.retry_after) delay = std::max<std::chrono::milliseconds>(delay, *error.retry_after);
  if (error.kind == base::ErrorKind::expired) {
    spdlog::info("{}; listing {} again", error.message, type_.plural);
  } else {
    spdlog::log(is_outage(error) ? spdlog::level::debug : spdlog::level::warn,
                "{}; trying again in {} ms", error.message, delay.count());
    if (options_.on_failure) options_.on_failure();
  }
  return options_.pause(delay, stop);
}

}  // namespace kube
