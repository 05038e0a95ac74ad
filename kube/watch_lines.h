#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>

#include <nlohmann/json_fwd.hpp>

#include "base/result.h"

namespace kube {

// etcd keeps objects under 1.5 MiB; JSON of one, with managed fields, stays well below this.
inline constexpr std::size_t kWatchLineBytesMax = 16u << 20;

// Cuts a stream of bytes into lines. Pure: bytes in, lines out.
class LineSplitter {
 public:
  explicit LineSplitter(std::size_t line_bytes_max = kWatchLineBytesMax)
      : line_bytes_max_(line_bytes_max) {}

  // Calls on_line for each line that is complete now, without its "\n" or "\r\n"; empty lines are
  // skipped. False from on_line ends the call, and what follows is dropped. protocol: a line is
  // over the limit; the splitter must not be used after that.
  using OnLine = std::function<bool(std::string_view)>;
  base::Status push(std::string_view bytes, const OnLine& on_line);

  std::size_t pending_bytes() const { return pending_.size(); }

 private:
  std::size_t line_bytes_max_;
  std::string pending_;
};

enum class WatchEventType { added, modified, deleted, bookmark };

// One event of a watch. object lives as long as the call that delivers the event.
struct WatchEvent {
  WatchEventType type;
  const nlohmann::json& object;
  std::string resource_version;  // never empty
};

// Reads one line and delivers its event. An ERROR event is its Status as an Error (410: expired).
// protocol: the line is not a watch event, or lacks a resourceVersion.
base::Status read_watch_line(std::string_view line,
                             const std::function<void(const WatchEvent&)>& deliver);

// An API Status object, or any other refusal, as an Error: the kind by the HTTP status, the message
// from doing ("updating Ingress shop/www"; empty: the caller adds it) and the server's words.
base::Error error_from_status(int http_status, std::string_view doing, const nlohmann::json& body);

}  // namespace kube
