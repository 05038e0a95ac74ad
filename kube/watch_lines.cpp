#include "kube/watch_lines.h"

#include <algorithm>
#include <utility>

#include <nlohmann/json.hpp>

#include "kube/json_reader.h"

namespace kube {

namespace {

base::ErrorKind kind_of(int http_status) {
  switch (http_status) {
    case 401:
    case 403:
      return base::ErrorKind::denied;
    case 404:
      return base::ErrorKind::not_found;
    case 409:
      return base::ErrorKind::conflict;
    case 410:
      return base::ErrorKind::expired;
    case 429:
      return base::ErrorKind::rate_limited;
    default:
      break;
  }
  if (http_status >= 500 || http_status == 408) return base::ErrorKind::unavailable;
  return http_status >= 400 ? base::ErrorKind::invalid : base::ErrorKind::protocol;
}

base::Error protocol_error(std::string message) {
  return {base::ErrorKind::protocol, std::move(message)};
}

// An ERROR event carries a Status whose code is the HTTP status that a fresh request would get.
base::Error read_error_event(const nlohmann::json& status) {
  JsonReader::Fault fault;
  const auto code = JsonReader(status, fault).integer("code", 0, 999);
  return error_from_status(code == 0 ? 500 : static_cast<int>(code), "", status);
}

std::string read_version(const nlohmann::json& object) {
  JsonReader::Fault fault;
  return JsonReader(object, fault).object("metadata").text("resourceVersion");
}

}  // namespace

base::Status LineSplitter::push(std::string_view bytes, const OnLine& on_line) {
  while (!bytes.empty()) {
    const std::size_t end = bytes.find('\n');
    const std::string_view piece = bytes.substr(0, end);
    if (pending_.size() + piece.size() > line_bytes_max_) {
      return base::failure(base::ErrorKind::protocol,
                           "the API server sent a watch event of more than " +
                               std::to_string(line_bytes_max_) + " bytes");
    }
    if (end == std::string_view::npos) {
      pending_.append(piece);
      return {};
    }
    bytes.remove_prefix(end + 1);
    // A line that came in one piece, as nearly all do, is not copied.
    std::string whole;
    std::string_view line = piece;
    if (!pending_.empty()) {
      whole = std::exchange(pending_, {}).append(piece);
      line = whole;
    }
    if (!line.empty() && line.back() == '\r') line.remove_suffix(1);
    if (!line.empty() && !on_line(line)) return {};
  }
  return {};
}

base::Status read_watch_line(std::string_view line,
                             const std::function<void(const WatchEvent&)>& deliver) {
  static const std::pair<std::string_view, WatchEventType> kTypes[] = {
      {"ADDED", WatchEventType::added},
      {"MODIFIED", WatchEventType::modified},
      {"DELETED", WatchEventType::deleted},
      {"BOOKMARK", WatchEventType::bookmark}};
  const auto event = nlohmann::json::parse(line.begin(), line.end(), nullptr, false);
  JsonReader::Fault fault;
  const JsonReader reader(event, fault);
  const std::string type = reader.text("type");
  const auto object = event.is_object() ? event.find("object") : event.end();
  if (!fault.empty() || object == event.end() || !object->is_object()) {
    return base::failure(protocol_error("the API server sent a line that is not a watch event"));
  }
  if (type == "ERROR") return base::failure(read_error_event(*object));
  const auto known = std::find_if(std::begin(kTypes), std::end(kTypes),
                                  [&type](const auto& one) { return one.first == type; });
  if (known == std::end(kTypes)) {
    return base::failure(protocol_error("the API server sent a watch event of the unknown type \"" +
                                        type.substr(0, 40) + "\""));
  }
  std::string version = read_version(*object);
  if (version.empty()) {
    return base::failure(
        protocol_error("the API server sent a watch event " + type + " without a resourceVersion"));
  }
  deliver(WatchEvent{known->second, *object, std::move(version)});
  return {};
}

base::Error error_from_status(int http_status, std::string_view doing, const nlohmann::json& body) {
  base::Error error{kind_of(http_status), {}};
  JsonReader::Fault fault;
  if (body.is_object()) {
    const JsonReader status(body, fault);
    error.message = status.text("message");
    error.reason = status.text("reason");
    const auto wait = status.object("details").integer("retryAfterSeconds", 0, 86400);
    if (wait > 0) error.retry_after = std::chrono::seconds(wait);
  }
  if (error.message.empty()) {
    error.message = "the API server answered HTTP " + std::to_string(http_status);
  } else {
    error.message += " (HTTP " + std::to_string(http_status) + ")";
  }
  return doing.empty() ? error : base::while_doing(doing, std::move(error));
}

}  // namespace kube
