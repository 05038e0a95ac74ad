#include "proxy/http2/request_text.h"

#include "proxy/http1/field.h"

namespace proxy::http2 {
namespace {

// What would end a word of the request line early. Line ends never come this far, but this is where
// they would do harm.
bool is_one_word(std::string_view text) {
  for (const char c : text) {
    if (static_cast<unsigned char>(c) <= ' ' || c == 0x7f) return false;
  }
  return !text.empty();
}

bool has_line_end(std::string_view text) {
  return text.find_first_of(std::string_view("\r\n\0", 3)) != std::string_view::npos;
}

}  // namespace

void RequestText::add(std::string_view name, std::string_view value) {
  if (name.starts_with(':')) {
    if (name == ":method") method_.assign(value);
    if (name == ":path") path_.assign(value);
    if (name == ":authority") authority_.assign(value);
    return;
  }
  if (!has_begun_fields_) begin_fields();
  if (name == "host") {
    // §8.3.1: both may be there, but then they say the same.
    if (authority_.empty()) {
      authority_.assign(value);
      append("Host", value);
    } else if (!http1::equals_ignoring_case(authority_, value)) {
      is_malformed_ = true;
    }
    return;
  }
  if (name == "cookie") {
    // §8.2.3: crumbs are put together again before they go to HTTP/1.1.
    if (!cookie_.empty()) cookie_.append("; ");
    cookie_.append(value);
    return;
  }
  append(name, value);
}

void RequestText::begin_fields() {
  has_begun_fields_ = true;
  // "*" or a path: never the absolute form, which would carry a second authority.
  if (!is_one_word(method_) || !is_one_word(path_) || (path_[0] != '/' && path_ != "*")) {
    is_malformed_ = true;
    return;
  }
  text_.append(method_).append(" ").append(path_).append(" HTTP/1.1\r\n");
  if (!authority_.empty()) append("Host", authority_);
}

void RequestText::append(std::string_view name, std::string_view value) {
  if (has_line_end(name) || has_line_end(value)) {
    is_malformed_ = true;
    return;
  }
  // The parser's own limit is below this one, so a text that was cut short is refused by it.
  if (text_.size() > kBytesMax) return;
  text_.append(name).append(": ").append(value).append("\r\n");
}

std::string_view RequestText::finish() {
  if (!has_begun_fields_) begin_fields();
  if (!cookie_.empty()) append("cookie", cookie_);
  if (is_malformed_) return {};
  text_.append("\r\n");
  return text_;
}

void RequestText::reset() {
  method_.clear();
  path_.clear();
  authority_.clear();
  cookie_.clear();
  text_.clear();
  has_begun_fields_ = is_malformed_ = false;
}

}  // namespace proxy::http2
