#include "proxy/config/text_template.h"

#include <algorithm>
#include <array>
#include <utility>

namespace proxy::config {
namespace {

struct NamedVariable {
  std::string_view name;
  Variable variable;
};

constexpr std::array<NamedVariable, 17> kVariables = {{
    {"scheme", Variable::scheme},
    {"pass_access_scheme", Variable::scheme},
    {"host", Variable::host},
    {"http_host", Variable::http_host},
    {"best_http_host", Variable::http_host},
    {"request_uri", Variable::request_uri},
    {"escaped_request_uri", Variable::escaped_request_uri},
    {"uri", Variable::uri},
    {"document_uri", Variable::uri},
    {"args", Variable::args},
    {"query_string", Variable::args},
    {"is_args", Variable::is_args},
    {"request_method", Variable::request_method},
    {"remote_addr", Variable::remote_addr},
    {"the_real_ip", Variable::remote_addr},
    {"server_port", Variable::server_port},
    {"pass_server_port", Variable::server_port},
}};

Variable find_variable(std::string_view name) {
  const auto* const found =
      std::find_if(kVariables.begin(), kVariables.end(),
                   [name](const NamedVariable& one) { return one.name == name; });
  return found == kVariables.end() ? Variable::none : found->variable;
}

bool is_name_character(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

// What stands at the beginning of a text that begins with "$".
struct Mention {
  std::string_view name;
  std::size_t size = 0;  // of all of it; 0: its brace is not closed
};

Mention mention_at(std::string_view text) {
  const bool is_braced = text.starts_with("${");
  const std::size_t begin = is_braced ? 2 : 1;
  std::size_t end = begin;
  while (end < text.size() && is_name_character(text[end])) ++end;
  const std::string_view name = text.substr(begin, end - begin);
  if (!is_braced) return {name, end};
  if (end == text.size() || text[end] != '}') return {text.substr(0, end), 0};
  return {name, end + 1};
}

}  // namespace

std::optional<TextTemplate> read_template(std::string_view text) {
  TextTemplate parts;
  while (!text.empty()) {
    const std::size_t literal = std::min(text.find('$'), text.size());
    if (literal > 0) {
      parts.push_back({std::string(text.substr(0, literal)), Variable::none});
      text.remove_prefix(literal);
      continue;
    }
    const Mention mention = mention_at(text);
    const Variable variable = find_variable(mention.name);
    if (variable == Variable::none || mention.size == 0) return std::nullopt;
    parts.push_back({"", variable});
    text.remove_prefix(mention.size);
  }
  return parts;
}

std::string_view unknown_variable(std::string_view text) {
  for (std::size_t at = text.find('$'); at != std::string_view::npos; at = text.find('$', at + 1)) {
    const Mention mention = mention_at(text.substr(at));
    if (find_variable(mention.name) == Variable::none || mention.size == 0) {
      return text.substr(at, std::max<std::size_t>(mention.size, mention.name.size() + 1));
    }
  }
  return {};
}

}  // namespace proxy::config
