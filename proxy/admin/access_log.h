#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/result.h"
#include "proxy/config/line_form.h"

namespace proxy::admin {

// What the access log says about one request, after it ended.
struct AccessRecord {
  base::WallTime time{};  // when its head was complete
  std::string_view client{};
  std::string_view host{};  // as the client sent it
  std::string_view method{};
  std::string_view path{};          // with the query, as the client sent it
  std::string_view protocol{};      // "HTTP/1.1", "HTTP/2"
  int status = 0;                   // 0: the client left before there was one
  std::uint64_t request_bytes = 0;  // bodies, without framing
  std::uint64_t response_bytes = 0;
  std::chrono::microseconds duration{};
  std::string_view upstream{};  // "10.1.2.3:8080"; empty: none was asked
  std::optional<std::chrono::microseconds> upstream_time{};  // to its response head
  std::string_view reason{};  // why this status, when the proxy itself decided it; else empty
  std::string_view request_id{};
  std::string_view trace_id{};     // of W3C Trace Context; empty: it is of none
  std::string_view tls_version{};  // "TLSv1.3"; empty: plain
  std::string_view user{};         // who a guard has found it to be from; empty: none has
  // Of a request that a firewall let pass: "detected", or why it could not look; else empty.
  std::string_view firewall{};
  std::string_view firewall_rules{};  // ids of rules that matched, by commas; empty: none
  // What the client says of itself, where the form of the line has it; empty: nothing.
  std::string_view referer{};
  std::string_view user_agent{};
};

// Appends one line, its line feed included. Whatever bytes a client sent, one of JSON is valid JSON
// in UTF-8: bytes that are not become U+FFFD. One of httpd's formats is ASCII: as httpd has
// it, what would end a field or the line, and all bytes that are not ASCII, become "\xhh".
void append_access_line(const AccessRecord& record, std::string& out,
                        const config::LineForm& form = {});

// Writes lines to a file descriptor from a thread of its own. Nothing here blocks a worker: when
// the reader of the log is too slow, lines are dropped and counted.
class AccessLog {
 public:
  // What one worker writes into; used by that worker's thread only. The log outlives it.
  class Lines {
   public:
    explicit Lines(AccessLog& log) : log_(log), is_off_(log.is_off()) {}
    ~Lines();  // hands over what is left
    Lines(const Lines&) = delete;
    Lines& operator=(const Lines&) = delete;

    bool are_wanted() const { return !is_off_; }
    void add(const AccessRecord& record, const config::LineForm& form = {});
    // Hands the lines over to the writing thread; call it once per loop turn. Never waits: when
    // that thread is just taking lines, they stay until the next turn.
    void flush();

   private:
    AccessLog& log_;
    const bool is_off_;
    std::string lines_;
    std::uint64_t count_ = 0;  // lines in lines_
  };

  static constexpr std::size_t kPendingBytesMax = 8u << 20;  // waiting for the writing thread
  static constexpr std::size_t kWorkerBytesMax = 1u << 20;   // waiting in one worker

  // "-" is standard output, "off" writes nothing, else a file that is appended to.
  static base::Result<std::unique_ptr<AccessLog>> open(const std::string& where);

  virtual ~AccessLog() = default;  // writes what is pending, for at most a second
  virtual bool is_off() const = 0;
  virtual std::uint64_t dropped_lines() const = 0;  // any thread

 protected:
  // Takes the lines (then `lines` is empty), or drops them when there is no room. False: it would
  // have to wait for that.
  virtual bool take(std::string& lines, std::uint64_t count) = 0;
  virtual void drop(std::uint64_t count) = 0;
};

}  // namespace proxy::admin
