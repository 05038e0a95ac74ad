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

constexpr std::array<NamedVariable, 18> kVariables = {{
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
    {"remote_user", Variable::remote_user},
}};

// With variable none: there is no such one.
TemplatePart find_variable(std::string_view name) {
  const auto* const found =
      std::find_if(kVariables.begin(), kVariables.end(),
                   [name](const NamedVariable& one) { return one.name == name; });
  if (found != kVariables.end()) return {"", found->variable};
  for (const auto& [prefix, variable] :
       {NamedVariable{"http_", Variable::field}, NamedVariable{"cookie_", Variable::cookie}}) {
    if (name.starts_with(prefix) && name.size() > prefix.size()) {
      return {std::string(name.substr(prefix.size())), variable};
    }
  }
  return {};
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

bool is_of_fields(Variable variable) {
  return variable == Variable::remote_user || variable == Variable::field ||
         variable == Variable::cookie;
}

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
    TemplatePart part = find_variable(mention.name);
    if (part.variable == Variable::none || mention.size == 0) return std::nullopt;
    parts.push_back(std::move(part));
    text.remove_prefix(mention.size);
  }
  return parts;
}

std::string_view unknown_variable(std::string_view text, TextPlace place) {
  for (std::size_t at = text.find('$'); at != std::string_view::npos; at = text.find('$', at + 1)) {
    const Mention mention = mention_at(text.substr(at));
    const Variable variable = find_variable(mention.name).variable;
    const bool is_out_of_place = place == TextPlace::address && is_of_fields(variable);
    if (variable == Variable::none || is_out_of_place || mention.size == 0) {
      return text.substr(at, std::max<std::size_t>(mention.size, mention.name.size() + 1));
    }
  }
  return {};
}

}  // namespace proxy::config
