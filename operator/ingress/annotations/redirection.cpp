#include "operator/ingress/annotations/redirection.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <string>

#include "operator/ingress/annotations/values.h"
#include "operator/ingress/route_path.h"
#include "proxy/config/limits.h"

namespace ingress::annotations {
namespace {

bool is_name_character(char c) {
  return (c >= 'a' && c <= 'z') || c == '_';
}

// Those of nginx's variables that the proxy knows, and no other use of "$".
bool has_known_variables_only(std::string_view text) {
  constexpr std::array<std::string_view, 8> kKnown = {
      "scheme", "host", "http_host", "request_uri", "uri", "args", "query_string", "is_args"};
  for (std::size_t at = text.find('$'); at != std::string_view::npos; at = text.find('$', at + 1)) {
    std::size_t end = at + 1;
    while (end < text.size() && is_name_character(text[end])) ++end;
    const std::string_view name = text.substr(at + 1, end - at - 1);
    if (std::find(kKnown.begin(), kKnown.end(), name) == kKnown.end()) return false;
  }
  return true;
}

bool is_address(std::string_view text) {
  const auto is_visible = [](char c) { return c > ' ' && c <= '~'; };
  const bool is_plain = std::all_of(text.begin(), text.end(), is_visible) &&
                        text.find_first_of("\"<>\\") == std::string_view::npos;
  if (!is_plain || text.size() > proxy::config::kTextBytesMax) return false;
  for (const std::string_view scheme : {"https://", "http://", "$scheme://"}) {
    if (text.starts_with(scheme)) return text.size() > scheme.size();
  }
  return text.starts_with('/') && !text.starts_with("//");
}

int read_code(const AnnotationMap& annotations, std::string_view key, int otherwise,
              Issues& issues) {
  const auto found = find(annotations, key);
  if (!found) return otherwise;
  const std::string_view text = trimmed(found->value);
  int code = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), code);
  if (error == std::errc() && end == text.data() + text.size() && code >= 300 && code <= 308 &&
      code != 304) {
    return code;
  }
  issues.push_back(bad_value(*found,
                             "a status from 300 to 308 that has a Location; " +
                                 std::to_string(otherwise) + " is used instead",
                             Issue::Effect::tunes));
  return otherwise;
}

std::optional<proxy::config::Redirection> read_one(const AnnotationMap& annotations,
                                                   const std::string& key, int code,
                                                   Issues& issues) {
  const auto found = find(annotations, key);
  if (!found || says_no(found->value)) return std::nullopt;
  const std::string_view text = trimmed(found->value);
  if (!is_address(text) || !has_known_variables_only(text)) {
    issues.push_back(
        bad_value(*found,
                  "an address (\"https://...\", or a path from \"/\" on) in which $scheme, "
                  "$host, $http_host, $request_uri, $uri, $args and $is_args are the "
                  "only variables",
                  Issue::Effect::guards));
    return std::nullopt;
  }
  return proxy::config::Redirection{read_code(annotations, key + "-code", code, issues),
                                    std::string(text)};
}

// relative-redirects: of those that the proxy makes itself. Others are as they were written, or
// lead to another host.
bool are_relative(const AnnotationMap& annotations, Issues& issues) {
  const auto found = find(annotations, "relative-redirects");
  if (!found) return false;
  const auto value = read_bool(found->value);
  if (!value) issues.push_back(bad_value(*found, "\"true\" or \"false\"", Issue::Effect::tunes));
  return value.value_or(false);
}

}  // namespace

std::optional<proxy::config::Redirection> read_error_page(const AnnotationMap& annotations,
                                                          const std::string& key, Issues& issues) {
  const auto found = find(annotations, key);
  if (!found) return std::nullopt;
  const std::string_view text = trimmed(found->value);
  if (is_address(text) && has_known_variables_only(text)) {
    return proxy::config::Redirection{302, std::string(text)};
  }
  issues.push_back(bad_value(*found, "an address (\"https://...\", or a path from \"/\" on)",
                             Issue::Effect::tunes));
  return std::nullopt;
}

Redirections read_redirections(const AnnotationMap& annotations, Issues& issues) {
  Redirections redirections;
  redirections.of_all = read_one(annotations, "temporal-redirect", 302, issues);
  auto permanent = read_one(annotations, "permanent-redirect", 301, issues);
  if (!redirections.of_all) redirections.of_all = std::move(permanent);
  if (const auto found = find(annotations, "app-root")) {
    const std::string_view text = trimmed(found->value);
    const std::string before =
        are_relative(annotations, issues) ? std::string() : "$scheme://$http_host";
    if (is_address(text) && text.starts_with('/') && text != "/" &&
        text.find('$') == std::string_view::npos &&
        before.size() + text.size() <= proxy::config::kTextBytesMax) {
      redirections.of_root = proxy::config::Redirection{302, before + std::string(text)};
    } else {
      issues.push_back(bad_value(*found, "a path below \"/\"", Issue::Effect::tunes));
    }
  }
  return redirections;
}

}  // namespace ingress::annotations
