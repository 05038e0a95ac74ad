#include "proxy/http2/request_text.h"

#include "proxy/http/field.h"

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

std::string_view default_port_of(std::string_view scheme) {
  if (http::equals_ignoring_case(scheme, "https")) return ":443";
  if (http::equals_ignoring_case(scheme, "http")) return ":80";
  return {};
}

// "shop.test" of "shop.test:443" where that is the port anyway.
std::string_view without_default_port(std::string_view host, std::string_view default_port) {
  if (!default_port.empty() && host.ends_with(default_port)) {
    host.remove_suffix(default_port.size());
  }
  return host;
}

bool has_line_end(std::string_view text) {
  for (const char c : text) {
    if (c == '\r' || c == '\n' || c == '\0') return true;
  }
  return false;
}

}  // namespace

void RequestText::add(std::string_view name, std::string_view value) {
  if (name.starts_with(':')) {
    if (name == ":method") method_.assign(value);
    if (name == ":path") path_.assign(value);
    if (name == ":authority") authority_.assign(value);
    if (name == ":protocol") protocol_.assign(value);
    if (name == ":scheme") default_port_ = default_port_of(value);
    return;
  }
  if (!has_begun_fields_) begin_fields();
  if (name == "host") {
    // §8.3.1: both may be there, but then they say the same.
    if (authority_.empty()) {
      authority_.assign(value);
      append("Host", value);
    } else if (!is_authority(value)) {
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
  // §5 of RFC 8441: it is of no use there, and ours is another one.
  if (!protocol_.empty() && name == "sec-websocket-key") return;
  // RFC 9110 §9.3.6: what asks for a tunnel has no content. With some it would be a GET.
  if (!protocol_.empty() && name == "content-length") is_malformed_ = true;
  append(name, value);
}

// Another protocol than that, or CONNECT itself, is refused by who reads the head.
bool RequestText::opens_websocket() const {
  return method_ == "CONNECT" && protocol_ == "websocket";
}

void RequestText::begin_fields() {
  has_begun_fields_ = true;
  // §8.5: a request for a tunnel has no path, and HTTP/1.1 puts the authority there.
  const bool asks_for_tunnel = method_ == "CONNECT" && protocol_.empty();
  if (asks_for_tunnel && path_.empty()) path_ = authority_;
  // "*" or a path: never the absolute form, which would carry a second authority.
  if (!is_one_word(method_) || !is_one_word(path_) ||
      (path_[0] != '/' && path_ != "*" && !asks_for_tunnel)) {
    is_malformed_ = true;
    return;
  }
  const bool is_upgrade = opens_websocket();
  if (is_upgrade) method_ = "GET";
  text_.append(method_).append(" ").append(path_).append(" HTTP/1.1\r\n");
  if (!authority_.empty()) append("Host", authority_);
  if (is_upgrade) text_.append("Connection: Upgrade\r\nUpgrade: websocket\r\n");
}

// RFC 9110 §4.2.3: a host with the scheme's own port is the host without a port.
bool RequestText::is_authority(std::string_view host) const {
  return http::equals_ignoring_case(without_default_port(authority_, default_port_),
                                    without_default_port(host, default_port_));
}

void RequestText::append(std::string_view name, std::string_view value) {
  if (has_line_end(name) || has_line_end(value)) {
    is_malformed_ = true;
    return;
  }
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
  for (std::string* const text : {&method_, &path_, &authority_, &protocol_, &cookie_, &text_}) {
    if (text->capacity() > kKeptBytes) {
      std::string().swap(*text);
    } else {
      text->clear();
    }
  }
  default_port_ = {};
  has_begun_fields_ = is_malformed_ = false;
}

std::size_t RequestText::capacity() const {
  return method_.capacity() + path_.capacity() + authority_.capacity() + protocol_.capacity() +
         cookie_.capacity() + text_.capacity();
}

}  // namespace proxy::http2
