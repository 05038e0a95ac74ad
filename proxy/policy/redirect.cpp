#include "proxy/policy/redirect.h"

#include <algorithm>
#include <array>

#include "proxy/http/host_name.h"

namespace proxy::policy {
namespace {

bool is_name_character(char c) {
  return (c >= 'a' && c <= 'z') || c == '_';
}

}  // namespace

std::string location(std::string_view text, const RedirectedRequest& request) {
  const std::string_view path = request.path == "*" ? std::string_view("/") : request.path;
  const bool has_arguments = request.query.size() > 1;
  const std::string_view arguments = has_arguments ? request.query.substr(1) : std::string_view();
  const std::string whole = std::string(path).append(request.query);
  struct Variable {
    std::string_view name;
    std::string_view value;
    bool is_of_host = false;
  };
  const std::array<Variable, 8> variables = {{{"scheme", request.secure ? "https" : "http"},
                                              {"host", http::without_port(request.host), true},
                                              {"http_host", request.host, true},
                                              {"request_uri", whole},
                                              {"uri", request.normalized_path},
                                              {"args", arguments},
                                              {"query_string", arguments},
                                              {"is_args", has_arguments ? "?" : ""}}};
  std::string made;
  while (!text.empty()) {
    const std::size_t literal = std::min(text.find('$'), text.size());
    made += text.substr(0, literal);
    text.remove_prefix(literal);
    if (text.empty()) break;
    std::size_t end = 1;
    while (end < text.size() && is_name_character(text[end])) ++end;
    const std::string_view name = text.substr(1, end - 1);
    const auto* const found =
        std::find_if(variables.begin(), variables.end(),
                     [name](const Variable& variable) { return variable.name == name; });
    if (found == variables.end() || (found->is_of_host && !http::is_host_text(request.host)))
      return {};
    made += found->value;
    text.remove_prefix(end);
    if (made.size() > kLocationBytesMax) return {};
  }
  return made;
}

}  // namespace proxy::policy
