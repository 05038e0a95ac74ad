#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/http_server.h"

namespace base {

// Reads the requests of one connection (RFC 9112), in pieces of any size. Strict: what can be read
// in two ways is refused, and after a refusal nothing more is read. Holds one head and one body at
// most, and what was fed beyond them. No I/O; one thread.
class RequestReader {
 public:
  struct Limits {
    std::size_t head_bytes_max = 32u << 10;  // a token of 16 KiB, and what a client says besides
    std::size_t fields_max = 64;
    std::size_t body_bytes_max = 1u << 20;
  };
  enum class Outcome : std::uint8_t {
    needs_more,
    wants_continue,  // said once: the client waits for "100 Continue" before it sends the body
    complete,        // take_request()
    refused,         // refusal()
  };
  struct Refusal {
    int status = 400;
    std::string sentence;
  };

  explicit RequestReader(Limits limits) : limits_(limits) {}

  void feed(std::string_view bytes) { bytes_.append(bytes); }
  Outcome read();

  // Once, after `complete`. The next read() is about the next request.
  ServedRequest take_request();
  const Refusal& refusal() const { return refusal_; }
  // About the request that was taken last.
  bool keeps_alive() const { return keeps_alive_; }
  bool is_head() const { return is_head_; }

  // Some of a request is there, and not the whole.
  bool has_begun() const { return !bytes_.empty() || stage_ != Stage::head; }
  // The memory for what was fed; a head that is complete is there twice.
  std::size_t held_bytes() const { return bytes_.capacity() + head_bytes_; }

 private:
  enum class Stage : std::uint8_t { head, body, complete, refused };

  bool refuse(int status, std::string sentence);
  bool skip_empty_lines();
  bool find_end_of_head();
  bool read_head(std::string_view head);
  bool read_request_line(std::string_view line);
  bool read_field(std::string_view line);
  bool understand_fields();
  bool read_length();
  Outcome read_body();

  const Limits limits_;
  std::string bytes_;
  std::size_t empty_lines_ = 0;  // that were skipped before this request
  std::size_t scanned_ = 0;      // of bytes_: no end of the head is before it
  std::size_t line_begin_ = 0;   // of the line that scanned_ is in
  std::size_t head_bytes_ = 0;
  std::size_t length_ = 0;  // of the body
  Stage stage_ = Stage::head;
  bool is_http_1_0_ = false;
  bool keeps_alive_ = true;
  bool is_head_ = false;
  bool wants_continue_ = false;
  ServedRequest request_;
  Refusal refusal_;
};

}  // namespace base
