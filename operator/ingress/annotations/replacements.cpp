#include "operator/ingress/annotations/replacements.h"

#include <optional>
#include <string>
#include <utility>

#include "operator/ingress/annotations/values.h"
#include "proxy/config/field_name.h"

namespace ingress::annotations {
namespace {

using proxy::config::Replacement;

bool is_space(char c) {
  return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

// A word, or what stands in quotes, from the front. Nothing: there is none.
std::optional<std::string_view> take_word(std::string_view& text) {
  text = trimmed(text);
  if (text.empty()) return std::nullopt;
  if (text.front() == '"' || text.front() == '\'') {
    const std::size_t end = text.find(text.front(), 1);
    if (end == std::string_view::npos) return std::nullopt;
    const std::string_view word = text.substr(1, end - 1);
    text.remove_prefix(end + 1);
    if (!text.empty() && !is_space(text.front())) return std::nullopt;
    return word;
  }
  const std::size_t end = std::min(text.find_first_of(" \t\r\n"), text.size());
  const std::string_view word = text.substr(0, end);
  text.remove_prefix(end);
  return word;
}

bool is_plain(std::string_view from, std::string_view to) {
  return !from.empty() && !from.starts_with('~') && proxy::config::is_field_text(from) &&
         proxy::config::is_field_text(to) && from.find('$') == std::string_view::npos &&
         to.find('$') == std::string_view::npos;
}

std::vector<Replacement> read_pair(const AnnotationMap& annotations, std::string_view key,
                                   Issues& issues) {
  const auto found = find(annotations, key);
  if (!found || is_same_word(found->value, "off")) return {};
  std::string_view rest = found->value;
  const auto from = take_word(rest);
  const auto to = take_word(rest);
  if (from && to && trimmed(rest).empty() && is_plain(*from, *to)) {
    return {{std::string(*from), std::string(*to)}};
  }
  issues.push_back(bad_value(
      *found,
      "two words, of which the second stands in place of the first, without variables and "
      "regular expressions",
      Issue::Effect::tunes));
  return {};
}

std::vector<Replacement> read_redirect(const AnnotationMap& annotations, Issues& issues) {
  const auto from = find(annotations, "proxy-redirect-from");
  const auto to = find(annotations, "proxy-redirect-to");
  for (const auto& one : {from, to}) {
    if (one && is_same_word(one->value, "off")) return {};
  }
  if (!from && !to) return {};
  if (!from || !to) {
    const Found& alone = from ? *from : *to;
    issues.push_back({Issue::Effect::tunes, alone.name,
                      std::string("says nothing without ") +
                          (from ? "proxy-redirect-to" : "proxy-redirect-from"),
                      ""});
    return {};
  }
  const std::string_view is = trimmed(from->value);
  const std::string_view becomes = trimmed(to->value);
  if (is == "default" || !is_plain(is, becomes)) {
    issues.push_back(bad_value(
        *from,
        "the beginning of an address, without variables and regular expressions, beside " +
            to->name + " likewise",
        Issue::Effect::tunes));
    return {};
  }
  return {{std::string(is), std::string(becomes)}};
}

}  // namespace

void read_replacements(const AnnotationMap& annotations, proxy::config::Shape& shape,
                       Issues& issues) {
  shape.cookie_domains = read_pair(annotations, "proxy-cookie-domain", issues);
  shape.cookie_paths = read_pair(annotations, "proxy-cookie-path", issues);
  shape.locations = read_redirect(annotations, issues);
}

}  // namespace ingress::annotations
