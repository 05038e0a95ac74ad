#include "proxy/session/sticky_cookie.h"

#include <algorithm>
#include <array>
#include <ctime>
#include <tuple>

namespace proxy::session {
namespace {

constexpr std::size_t kValuesMax = 4;
constexpr char kClient = 'c';

std::string date_text(base::WallTime at) {
  const auto seconds = base::WallTime::clock::to_time_t(at);
  std::tm parts{};
  ::gmtime_r(&seconds, &parts);
  std::array<char, 32> text{};
  return {text.data(),
          std::strftime(text.data(), text.size(), "%a, %d %b %Y %H:%M:%S GMT", &parts)};
}

bool contains(std::string_view text, std::string_view part) {
  return text.find(part) != std::string_view::npos;
}

// https://www.chromium.org/updates/same-site/incompatible-clients/, as far as ingress-nginx has it:
// Chrome 50 to 69, and Safari of iOS 12 and macOS 10.14.
bool takes_none_for_strict(std::string_view user_agent) {
  if (contains(user_agent, "Chrome/5") || contains(user_agent, "Chrome/6")) {
    const std::size_t version = user_agent.find("Chrome/") + 7;
    return user_agent.substr(version + 1).find('.') == 1;  // two digits
  }
  if (contains(user_agent, "iPhone OS 12_") || contains(user_agent, "iPad; CPU OS 12_"))
    return true;
  return contains(user_agent, "Mac OS X 10_14") && contains(user_agent, "Safari") &&
         !contains(user_agent, "Chrome");
}

std::string_view text_of(config::SameSite same_site) {
  switch (same_site) {
    case config::SameSite::unset:
      return "";
    case config::SameSite::none:
      return "None";
    case config::SameSite::lax:
      return "Lax";
    case config::SameSite::strict:
      return "Strict";
  }
  return "";
}

std::string_view same_site_for(const config::StickyCookie& cookie, std::string_view user_agent) {
  if (cookie.same_site == config::SameSite::none && cookie.same_site_none_if_known &&
      takes_none_for_strict(user_agent)) {
    return "";
  }
  return text_of(cookie.same_site);
}

}  // namespace

std::vector<std::string_view> cookies_named(const std::vector<http::Field>& fields,
                                            std::string_view name) {
  std::vector<std::string_view> values;
  for (const http::Field& field : fields) {
    if (!http::equals_ignoring_case(field.name, "cookie")) continue;
    std::string_view rest = field.value;
    while (!rest.empty() && values.size() < kValuesMax) {
      const std::size_t end = std::min(rest.find(';'), rest.size());
      std::string_view pair = rest.substr(0, end);
      rest.remove_prefix(std::min(end + 1, rest.size()));
      while (pair.starts_with(' ')) pair.remove_prefix(1);
      if (pair.size() > name.size() && pair.starts_with(name) && pair[name.size()] == '=') {
        values.push_back(pair.substr(name.size() + 1));
      }
    }
  }
  return values;
}

std::string make_client_name(http::RequestIds& random) {
  http::RequestIds::Text text;
  random.next(text);
  return std::string(1, kClient).append(text.data(), text.size());
}

bool is_client_name(std::string_view value) {
  if (value.size() != 1 + std::tuple_size_v<http::RequestIds::Text>) return false;
  if (value.front() != kClient) return false;
  value.remove_prefix(1);
  return std::all_of(value.begin(), value.end(),
                     [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); });
}

std::string attributes_of(const config::StickyCookie& cookie, bool is_https,
                          std::string_view user_agent, base::WallTime now) {
  std::string text = "; Path=" + cookie.path;
  if (!cookie.domain.empty()) text += "; Domain=" + cookie.domain;
  if (cookie.max_age != 0) text += "; Max-Age=" + std::to_string(cookie.max_age);
  if (cookie.expires != 0) {
    text += "; Expires=" + date_text(now + std::chrono::seconds(cookie.expires));
  }
  const bool is_secure = cookie.secure == config::CookieSecure::always ||
                         (cookie.secure == config::CookieSecure::when_https && is_https);
  if (is_secure) text += "; Secure";
  text += "; HttpOnly";
  const std::string_view same_site = same_site_for(cookie, user_agent);
  if (!same_site.empty()) text.append("; SameSite=").append(same_site);
  return text;
}

}  // namespace proxy::session
