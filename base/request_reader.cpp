#include "base/request_reader.h"

#include <algorithm>
#include <charconv>
#include <iterator>
#include <utility>

#include "base/ascii_text.h"
#include "base/request_target.h"

namespace base {
namespace {

constexpr std::size_t kMethodBytesMax = 32;
// Before a request. One is usual; without an end to them a client would keep the reader for ever.
constexpr std::size_t kEmptyLinesMax = 8;
// Memory that one who asks for nothing may keep; the answer to a poll is awaited for a minute.
constexpr std::size_t kKeptBytes = 4'096;

// RFC 9110 §5.5: visible bytes, spaces, tabs, and what is not ASCII.
bool is_field_value(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return (byte >= 0x20 && byte != 0x7f) || c == '\t';
  });
}

// A comma-separated list (RFC 9110 §5.6.1) that names the option, in any case.
bool names_option(std::string_view list, std::string_view option) {
  while (!list.empty()) {
    const std::size_t comma = std::min(list.find(','), list.size());
    if (in_lower_case(trimmed(list.substr(0, comma))) == option) return true;
    list.remove_prefix(std::min(comma + 1, list.size()));
  }
  return false;
}

}  // namespace

bool RequestReader::refuse(int status, std::string sentence) {
  stage_ = Stage::refused;
  keeps_alive_ = false;
  refusal_ = {status, std::move(sentence)};
  std::string().swap(bytes_);
  head_bytes_ = 0;
  return false;
}

RequestReader::Outcome RequestReader::read() {
  if (stage_ == Stage::head && find_end_of_head()) {
    if (read_head(std::string_view(bytes_).substr(0, head_bytes_))) stage_ = Stage::body;
  }
  switch (stage_) {
    case Stage::head:
      return Outcome::needs_more;
    case Stage::refused:
      return Outcome::refused;
    case Stage::body:
    case Stage::complete:
      break;
  }
  return read_body();
}

// RFC 9112 §2.2: a CRLF too many after the last body is no request.
bool RequestReader::skip_empty_lines() {
  std::size_t skipped = 0;
  while (std::string_view(bytes_).substr(skipped).starts_with("\r\n")) skipped += 2;
  if (skipped == 0) return true;
  empty_lines_ += skipped / 2;
  if (empty_lines_ > kEmptyLinesMax) return refuse(400, "only empty lines come, and no request");
  bytes_.erase(0, skipped);
  scanned_ = 0;
  return true;
}

// RFC 9112 §2.1. Lines end in CRLF and nothing else: a lone LF is where two readers of one head
// part.
bool RequestReader::find_end_of_head() {
  if (line_begin_ == 0 && !skip_empty_lines()) return false;
  while (scanned_ < bytes_.size()) {
    const std::size_t end = bytes_.find('\n', scanned_);
    if (std::min(end, bytes_.size()) >= limits_.head_bytes_max) {
      return refuse(431, "the head of the request is too large");
    }
    if (end == std::string::npos) {
      scanned_ = bytes_.size();
      return false;
    }
    if (end == line_begin_ || bytes_[end - 1] != '\r') {
      return refuse(400, "a line of the head does not end in CRLF");
    }
    scanned_ = end + 1;
    if (end == line_begin_ + 1) {
      head_bytes_ = scanned_;
      return true;
    }
    line_begin_ = scanned_;
  }
  return false;
}

bool RequestReader::read_head(std::string_view head) {
  request_ = {};
  std::size_t fields = 0;
  for (bool is_first = true; head != "\r\n"; is_first = false) {
    const std::string_view line = head.substr(0, head.find("\r\n"));
    head.remove_prefix(line.size() + 2);
    if (is_first) {
      if (!read_request_line(line)) return false;
      continue;
    }
    if (++fields > limits_.fields_max) return refuse(431, "the request has too many header fields");
    if (!read_field(line)) return false;
  }
  return understand_fields();
}

// RFC 9112 §3
bool RequestReader::read_request_line(std::string_view line) {
  const std::size_t first = line.find(' ');
  const std::size_t last = line.rfind(' ');
  if (first == std::string_view::npos || first == last) {
    return refuse(400, "the first line is no request line");
  }
  const std::string_view method = line.substr(0, first);
  const std::string_view version = line.substr(last + 1);
  if (!is_token(method) || method.size() > kMethodBytesMax) {
    return refuse(400, "the method is no method");
  }
  is_http_1_0_ = version == "HTTP/1.0";
  if (version != "HTTP/1.1" && !is_http_1_0_) {
    return version.starts_with("HTTP/") ? refuse(505, "only HTTP/1.1 is spoken here")
                                        : refuse(400, "the first line is no request line");
  }
  auto target = read_request_target(line.substr(first + 1, last - first - 1));
  if (!target) return refuse(400, "the URI does not decode");
  request_.method = method;
  request_.path = std::move(target->path);
  request_.query = std::move(target->query);
  return true;
}

// RFC 9112 §5. A name with a space before the colon, and a line that goes on with the one before,
// are no fields here.
bool RequestReader::read_field(std::string_view line) {
  const std::size_t colon = line.find(':');
  if (colon == std::string_view::npos || !is_token(line.substr(0, colon))) {
    return refuse(400, "a header field has no valid name");
  }
  const std::string_view value = trimmed(line.substr(colon + 1));
  if (!is_field_value(value)) return refuse(400, "a header field has no valid value");
  request_.headers.emplace(in_lower_case(line.substr(0, colon)), value);
  return true;
}

bool RequestReader::understand_fields() {
  const auto& headers = request_.headers;
  // RFC 9112 §3.2
  if (headers.count("host") > 1 || (headers.count("host") == 0 && !is_http_1_0_)) {
    return refuse(400, "a request names its host once");
  }
  if (headers.contains("transfer-encoding")) {
    return refuse(411, "a body needs a Content-Length here");
  }
  if (!read_length()) return false;
  keeps_alive_ = !is_http_1_0_;
  const auto [connection, connections_end] = headers.equal_range("connection");
  for (auto field = connection; field != connections_end; ++field) {
    if (names_option(field->second, "close")) keeps_alive_ = false;
  }
  wants_continue_ = false;
  const auto expect = headers.find("expect");
  if (expect != headers.end()) {
    // RFC 9110 §10.1.1
    if (in_lower_case(expect->second) != "100-continue") {
      return refuse(417, "this expectation cannot be met");
    }
    wants_continue_ = !is_http_1_0_ && length_ > 0;
  }
  is_head_ = request_.method == "HEAD";
  return true;
}

// RFC 9112 §6.3: two lengths, or none that is a number, are no length.
bool RequestReader::read_length() {
  length_ = 0;
  const auto [first, end] = request_.headers.equal_range("content-length");
  if (first == end) return true;
  const std::string& text = first->second;
  const bool is_number = !text.empty() && std::all_of(text.begin(), text.end(),
                                                      [](char c) { return c >= '0' && c <= '9'; });
  if (!is_number || std::next(first) != end) {
    return refuse(400, "Content-Length is no number, or there are two");
  }
  const auto read = std::from_chars(text.data(), text.data() + text.size(), length_);
  if (read.ec != std::errc() || length_ > limits_.body_bytes_max) {
    return refuse(413, "the body is too large");
  }
  return true;
}

RequestReader::Outcome RequestReader::read_body() {
  if (bytes_.size() - head_bytes_ >= length_) {
    stage_ = Stage::complete;
    return Outcome::complete;
  }
  return std::exchange(wants_continue_, false) ? Outcome::wants_continue : Outcome::needs_more;
}

ServedRequest RequestReader::take_request() {
  request_.body = bytes_.substr(head_bytes_, length_);
  bytes_.erase(0, head_bytes_ + length_);
  if (bytes_.capacity() > kKeptBytes) std::string(bytes_).swap(bytes_);
  stage_ = Stage::head;
  empty_lines_ = scanned_ = line_begin_ = head_bytes_ = length_ = 0;
  return std::move(request_);
}

}  // namespace base
