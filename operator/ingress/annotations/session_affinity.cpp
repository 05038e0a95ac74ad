#include "operator/ingress/annotations/session_affinity.h"

#include <algorithm>

#include "operator/ingress/annotations/values.h"
#include "proxy/config/cookie_text.h"
#include "proxy/config/limits.h"

namespace ingress::annotations {
namespace {

using proxy::config::CookieSecure;
using proxy::config::SameSite;
using proxy::config::StickyCookie;

// One of the keys, with its own way to be read. What cannot be read is said, and left as it was.
class Reader {
 public:
  Reader(const AnnotationMap& annotations, Issues& issues)
      : annotations_(annotations), issues_(issues) {}

  void text(std::string_view key, std::string& value, bool (*is_good)(std::string_view),
            std::string_view expected) {
    const auto found = find(annotations_, key);
    if (!found) return;
    if (found->value.size() <= proxy::config::kCookieTextBytesMax && is_good(found->value)) {
      value = found->value;
    } else {
      complain(*found, expected);
    }
  }

  void seconds(std::string_view key, std::uint64_t& value) {
    const auto found = find(annotations_, key);
    if (!found) return;
    const auto number = read_whole_number(found->value, proxy::config::kCookieSecondsMax);
    if (number) {
      value = *number;
    } else {
      complain(*found, "a number of seconds, at most ten years");
    }
  }

  std::optional<bool> flag(std::string_view key) {
    const auto found = find(annotations_, key);
    if (!found) return std::nullopt;
    const auto value = read_bool(found->value);
    if (!value) complain(*found, "true or false");
    return value;
  }

  SameSite same_site() {
    const auto found = find(annotations_, "session-cookie-samesite");
    if (!found) return SameSite::unset;
    if (is_same_word(found->value, "None")) return SameSite::none;
    if (is_same_word(found->value, "Lax")) return SameSite::lax;
    if (is_same_word(found->value, "Strict")) return SameSite::strict;
    complain(*found, "None, Lax or Strict");
    return SameSite::unset;
  }

 private:
  void complain(const Found& found, std::string_view expected) {
    issues_.push_back(bad_value(found, expected, Issue::Effect::tunes));
  }

  const AnnotationMap& annotations_;
  Issues& issues_;
};

// As a host has it, or with a dot before it, as RFC 2109 had it.
bool is_domain(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '.';
  });
}

bool is_path(std::string_view text) {
  return text.substr(0, 1) == "/" && proxy::config::is_cookie_text(text);
}

// "balanced" has it when it is written: who says nothing keeps a client at its endpoint for as long
// as that is there.
bool read_is_balanced(const AnnotationMap& annotations, Issues& issues) {
  const auto mode = find(annotations, "affinity-mode");
  if (!mode || is_same_word(mode->value, "persistent")) return false;
  if (is_same_word(mode->value, "balanced")) return true;
  issues.push_back(bad_value(*mode, "balanced or persistent", Issue::Effect::tunes));
  return false;
}

}  // namespace

std::optional<StickyCookie> read_session_affinity(const AnnotationMap& annotations,
                                                  Issues& issues) {
  const auto affinity = find(annotations, "affinity");
  if (!affinity) return std::nullopt;
  if (!is_same_word(affinity->value, "cookie")) {
    issues.push_back(bad_value(*affinity, "cookie", Issue::Effect::tunes));
    return std::nullopt;
  }
  StickyCookie cookie;
  cookie.names_client = read_is_balanced(annotations, issues);
  cookie.path.clear();
  Reader reader(annotations, issues);
  reader.text("session-cookie-name", cookie.name, proxy::config::is_cookie_name,
              "a cookie's name: letters, digits, '-', '_' and '.'");
  reader.text("session-cookie-path", cookie.path, is_path,
              "a path that starts with \"/\", without spaces, ';' or ','");
  reader.text("session-cookie-domain", cookie.domain, is_domain,
              "a domain: letters, digits, '-' and '.'");
  reader.seconds("session-cookie-max-age", cookie.max_age);
  reader.seconds("session-cookie-expires", cookie.expires);
  if (const auto secure = reader.flag("session-cookie-secure")) {
    cookie.secure = *secure ? CookieSecure::always : CookieSecure::never;
  }
  cookie.same_site = reader.same_site();
  cookie.same_site_none_if_known =
      reader.flag("session-cookie-conditional-samesite-none").value_or(false);
  cookie.change_on_failure = reader.flag("session-cookie-change-on-failure").value_or(false);
  return cookie;
}

bool read_prefers_least_requests(const AnnotationMap& annotations, Issues& issues) {
  const auto found = find(annotations, "load-balance");
  if (!found || is_same_word(found->value, "round_robin")) return false;
  for (const std::string_view word : {"ewma", "least_conn", "least_requests"}) {
    if (is_same_word(found->value, word)) return true;
  }
  issues.push_back(
      bad_value(*found, "round_robin, ewma, least_conn or least_requests", Issue::Effect::tunes));
  return false;
}

}  // namespace ingress::annotations
