#include "base/request_target.h"

#include <algorithm>
#include <exception>

#include <cpprest/base_uri.h>

namespace base {
namespace {

// Printable ASCII but space; all else is to be percent-encoded (RFC 3986 §2). A fragment is never
// sent.
bool is_target_byte(char c) {
  return c > ' ' && c < '\x7f' && c != '#';
}

// Of "http://host/path?query" what an origin server looks at: "/path?query".
std::optional<std::string> origin_form(std::string_view text) {
  if (text.substr(0, 1) == "/") return std::string(text);
  const std::string whole(text);
  if (!web::uri::validate(whole)) return std::nullopt;
  const web::uri uri(whole);
  if (uri.scheme() != "http" && uri.scheme() != "https") return std::nullopt;
  return uri.path() + (uri.query().empty() ? std::string() : "?" + uri.query());
}

}  // namespace

std::optional<RequestTarget> read_request_target(std::string_view text) {
  if (!std::all_of(text.begin(), text.end(), is_target_byte)) return std::nullopt;
  try {
    const auto origin = origin_form(text);
    if (!origin) return std::nullopt;
    const std::size_t mark = std::min(origin->find('?'), origin->size());
    RequestTarget target;
    target.path = web::uri::decode(origin->substr(0, mark));
    if (mark == origin->size()) return target;
    for (const auto& [name, value] : web::uri::split_query(origin->substr(mark + 1))) {
      target.query[web::uri::decode(name)] = web::uri::decode(value);
    }
    return target;
  } catch (const std::exception&) {  // a percent sign without two digits
    return std::nullopt;
  }
}

}  // namespace base
