#include <charconv>

#include <nlohmann/json.hpp>

#include "tests/fakes/api_server/api.h"

namespace fakes::api_server {

Answer<std::uint64_t> requested_version(const Request& request, std::uint64_t current);

using Clock = std::chrono::steady_clock;

// One watch: what it selects, where it stands, how it ends. Used by its connection's thread only.
struct Api::Watching {
  KindPtr kind;
  std::string namespace_;
  std::string name;
  Selector selects;
  View view = View::object;
  std::string include_object;
  std::uint64_t position = 0;
  std::vector<Object> initial;
  bool ends_initial_by_bookmark = false;
  bool wants_bookmarks = false;
  Clock::time_point deadline;
  std::uint64_t epoch = 0;
  int events_max = 0;
  int events_sent = 0;
  bool columns_sent = false;

  bool covers(const Json& object) const {
    return (namespace_.empty() || namespace_of(object) == namespace_) &&
           selects(to_served(*kind, object));
  }
};

namespace {

Refusal too_old(std::uint64_t wanted, std::uint64_t oldest) {
  return expired("too old resource version: " + std::to_string(wanted) + " (" +
                 std::to_string(oldest) + ")");
}

std::string event_line(std::string_view type, const Json& object) {
  return Json{{"type", type}, {"object", object}}.dump() + "\n";
}

Answer<void> check_initial_events(const Request& request) {
  const bool asked = request.has("sendInitialEvents");
  const std::string match = request.parameter("resourceVersionMatch");
  if (!asked && !match.empty()) {
    return refuse(invalid("meta.k8s.io", "ListOptions", "",
                          {forbidden_value("resourceVersionMatch",
                                           "resourceVersionMatch is forbidden for watch unless "
                                           "sendInitialEvents is provided")}));
  }
  if (asked && match != "NotOlderThan") {
    return refuse(invalid("meta.k8s.io", "ListOptions", "",
                          {forbidden_value("resourceVersionMatch",
                                           "sendInitialEvents requires setting "
                                           "resourceVersionMatch to NotOlderThan")}));
  }
  return {};
}

std::chrono::seconds timeout_of(const Request& request) {
  const std::string wanted = request.parameter("timeoutSeconds");
  long long seconds = 0;
  std::from_chars(wanted.data(), wanted.data() + wanted.size(), seconds);
  return std::chrono::seconds(seconds > 0 ? seconds : 1800);
}

}  // namespace

Answer<Reply> Api::watch(Call& call) {
  auto selects = selector_of(call);
  if (!selects) return refuse(selects.error());
  if (auto checked = check_initial_events(call.request); !checked) return refuse(checked.error());
  const auto asked = requested_version(call.request, store_.version());
  if (!asked) return refuse(asked.error());

  Watching watching;
  watching.kind = call.kind;
  watching.namespace_ = call.target.namespace_;
  watching.selects = std::move(*selects);
  watching.view = call.view;
  watching.include_object = call.request.parameter("includeObject");
  watching.position = *asked;
  watching.wants_bookmarks = call.request.parameter("allowWatchBookmarks") == "true" ||
                             call.request.parameter("allowWatchBookmarks") == "1";
  watching.deadline = Clock::now() + timeout_of(call.request);
  watching.epoch = misbehaviour_.watch_epoch();
  watching.events_max = misbehaviour_.watch_events_max();

  const std::string initial = call.request.parameter("sendInitialEvents");
  const bool is_initial_wanted = initial == "true" || initial == "1";
  // Without a version, or with 0, a watch begins with the present state unless told otherwise.
  const bool begins_with_state = initial.empty() ? *asked == 0 : is_initial_wanted;
  if (begins_with_state || *asked == 0) watching.position = store_.version();
  if (begins_with_state) {
    watching.initial = store_.list(call.kind->storage, call.target.namespace_);
    watching.ends_initial_by_bookmark = is_initial_wanted && watching.wants_bookmarks;
  }
  Reply reply;
  if (!store_.changes_after(call.kind->storage, watching.position)) {
    const Refusal refusal = too_old(watching.position, store_.compacted_version());
    if (misbehaviour_.expires_by_status()) return refuse(refusal);
    reply.stream = [line = event_line("ERROR", status_object(refusal))](Stream& stream) {
      return stream.write(line);
    };
    return reply;
  }
  // The stream runs after the lock is given back.
  reply.stream = [this, watching = std::move(watching)](Stream& stream) {
    return stream_watch(watching, stream);
  };
  return reply;
}

namespace {

// How a change looks through a selector: an object that begins to fit is added, one that stops
// fitting is deleted.
struct Seen {
  const char* type = nullptr;
  Object object;
};

// The state that watchers see in DELETED by selector: the object as it last fitted, with the
// version of the change.
Object last_fitting(const Change& change) {
  Json object = *change.before;
  metadata_of(object)["resourceVersion"] = std::to_string(change.version);
  return std::make_shared<const Json>(std::move(object));
}

Json bookmark(const Kind& kind, std::uint64_t version, bool ends_initial) {
  Json metadata = {{"resourceVersion", std::to_string(version)}, {"creationTimestamp", nullptr}};
  if (ends_initial) metadata["annotations"] = {{"k8s.io/initial-events-end", "true"}};
  return {{"kind", kind.kind}, {"apiVersion", kind.api_version()}, {"metadata", metadata}};
}

}  // namespace

bool Api::stream_watch(Watching watching, Stream& stream) {
  const auto send = [&](const char* type, const Json& object) {
    const Json body = shown(*watching.kind, object, watching.view, watching.include_object,
                            !watching.columns_sent);
    watching.columns_sent = true;
    if (!stream.write(event_line(type, body))) return false;
    ++watching.events_sent;
    return true;
  };
  const auto is_spent = [&] {
    return watching.events_max > 0 && watching.events_sent >= watching.events_max;
  };
  const auto seen = [&](const Change& change) -> Seen {
    const bool fitted = change.before && watching.covers(*change.before);
    const bool fits = change.after && watching.covers(*change.after);
    if (fits) return {fitted ? "MODIFIED" : "ADDED", change.after};
    if (!fitted) return {};
    return {"DELETED", change.after ? last_fitting(change) : change.before};
  };

  for (const Object& object : watching.initial) {
    if (!watching.covers(*object)) continue;
    if (!send("ADDED", *object)) return false;
    if (is_spent()) return true;
  }
  watching.initial.clear();
  if (watching.ends_initial_by_bookmark &&
      !stream.write(event_line("BOOKMARK", bookmark(*watching.kind, watching.position, true)))) {
    return false;
  }

  auto next_bookmark = Clock::now() + bookmark_interval_;
  for (;;) {
    std::unique_lock lock(mutex_);
    const auto has_news = [&] {
      return is_stopping_ || store_.version() > watching.position ||
             misbehaviour_.watch_epoch() != watching.epoch;
    };
    // The short wait is only to see a peer that has gone.
    changed_.wait_for(lock, std::chrono::milliseconds(100), has_news);
    const std::uint64_t now_at = store_.version();
    const auto changes = store_.changes_after(watching.kind->storage, watching.position);
    lock.unlock();

    if (is_stopping_) return false;
    if (misbehaviour_.watch_epoch() != watching.epoch) return !misbehaviour_.drops_hang_up();
    if (misbehaviour_.is_paused()) {
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
      continue;
    }
    if (!changes) {
      return stream.write(event_line("ERROR", status_object(too_old(watching.position, now_at))));
    }
    for (const Change& change : *changes) {
      const Seen it = seen(change);
      if (it.type == nullptr) continue;
      if (!send(it.type, *it.object)) return false;
      if (is_spent()) return true;
    }
    watching.position = now_at;

    const bool is_over = Clock::now() >= watching.deadline;
    if (watching.wants_bookmarks && !misbehaviour_.skips_bookmarks() &&
        (is_over || Clock::now() >= next_bookmark)) {
      next_bookmark = Clock::now() + bookmark_interval_;
      if (!stream.write(event_line("BOOKMARK", bookmark(*watching.kind, now_at, false)))) {
        return false;
      }
    }
    if (is_over) return true;
    if (!stream.is_open()) return false;
  }
}

}  // namespace fakes::api_server
