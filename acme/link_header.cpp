#include "acme/link_header.h"

#include <algorithm>

#include "acme/resources.h"
#include "base/ascii_text.h"

namespace acme {
namespace {

constexpr std::size_t kLinksMax = 32;

// Takes text up to one of the stops that stands outside quotes; the stop stays.
std::string_view take_until(std::string_view& text, std::string_view stops) {
  bool is_quoted = false;
  std::size_t i = 0;
  for (; i < text.size(); ++i) {
    if (is_quoted && text[i] == '\\') {
      ++i;
    } else if (text[i] == '"') {
      is_quoted = !is_quoted;
    } else if (!is_quoted && stops.find(text[i]) != std::string_view::npos) {
      break;
    }
  }
  i = std::min(i, text.size());
  const std::string_view taken = text.substr(0, i);
  text.remove_prefix(i);
  return taken;
}

// rel holds one relation or, quoted, several apart by spaces (§3.3).
bool names_relation(std::string_view parameter, std::string_view relation) {
  const auto equals = parameter.find('=');
  if (equals == std::string_view::npos) return false;
  if (base::in_lower_case(base::trimmed(parameter.substr(0, equals))) != "rel") return false;
  std::string_view value = base::trimmed(parameter.substr(equals + 1));
  if (value.size() >= 2 && value.front() == '"' && value.back() == '"') {
    value = value.substr(1, value.size() - 2);
  }
  const std::string relations = " " + base::in_lower_case(value) + " ";
  return relations.find(" " + std::string(relation) + " ") != std::string::npos;
}

void read_field(std::string_view field, std::string_view relation, std::vector<std::string>& out) {
  while (!field.empty() && out.size() < kLinksMax) {
    const auto open = field.find('<');
    const auto close = field.find('>');
    if (open == std::string_view::npos || close == std::string_view::npos || close < open) return;
    const std::string_view target = field.substr(open + 1, close - open - 1);
    field.remove_prefix(close + 1);
    bool is_wanted = false;
    take_until(field, ";,");
    while (!field.empty() && field.front() == ';') {
      field.remove_prefix(1);
      is_wanted = names_relation(take_until(field, ";,"), relation) || is_wanted;
    }
    if (is_wanted && is_https_url(target)) out.emplace_back(target);
    if (!field.empty()) field.remove_prefix(1);  // the comma
  }
}

}  // namespace

std::vector<std::string> linked_urls(const base::HttpHeaders& headers, std::string_view relation) {
  std::vector<std::string> out;
  const auto [first, last] = headers.equal_range("link");
  for (auto field = first; field != last; ++field) read_field(field->second, relation, out);
  return out;
}

}  // namespace acme
