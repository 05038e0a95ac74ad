#include "tests/fakes/api_server/json_path.h"

#include <charconv>

#include <nlohmann/json.hpp>

namespace fakes::api_server {
namespace {

using Values = std::vector<const Json*>;

Values members(const Values& from, const std::string& name) {
  Values found;
  for (const Json* value : from) {
    if (value->is_object() && value->contains(name)) found.push_back(&(*value)[name]);
  }
  return found;
}

Values all_items(const Values& from) {
  Values found;
  for (const Json* value : from) {
    if (value->is_structured()) {
      for (const Json& item : *value) found.push_back(&item);
    }
  }
  return found;
}

std::string_view unquoted(std::string_view text) {
  if (text.size() >= 2 && (text.front() == '\'' || text.front() == '"')) {
    text.remove_prefix(1);
    text.remove_suffix(1);
  }
  return text;
}

// ?(@.type=="Ready")
Values matching(const Values& from, std::string_view filter) {
  const std::size_t equals = filter.find("==");
  if (equals == std::string_view::npos) return {};
  const std::size_t at = filter.find("@.");
  if (at == std::string_view::npos || at > equals) return {};
  std::string_view name = filter.substr(at + 2, equals - at - 2);
  std::string_view wanted = filter.substr(equals + 2);
  if (!wanted.empty() && wanted.back() == ')') wanted.remove_suffix(1);
  while (!name.empty() && name.back() == ' ') name.remove_suffix(1);
  while (!wanted.empty() && wanted.front() == ' ') wanted.remove_prefix(1);
  while (!wanted.empty() && wanted.back() == ' ') wanted.remove_suffix(1);
  Values found;
  for (const Json* item : all_items(from)) {
    const Json* value = field(*item, {name});
    if (value == nullptr) continue;
    const std::string shown = value->is_string() ? value->get<std::string>() : value->dump();
    if (shown == unquoted(wanted)) found.push_back(item);
  }
  return found;
}

Values indexed(const Values& from, std::string_view inside) {
  if (inside == "*") return all_items(from);
  if (inside.starts_with("?")) return matching(from, inside);
  if (inside.starts_with("'") || inside.starts_with("\"")) {
    return members(from, std::string(unquoted(inside)));
  }
  std::size_t index = 0;
  if (std::from_chars(inside.data(), inside.data() + inside.size(), index).ec != std::errc()) {
    return {};
  }
  Values found;
  for (const Json* value : from) {
    if (value->is_array() && index < value->size()) found.push_back(&(*value)[index]);
  }
  return found;
}

std::string member_name(std::string_view& path) {
  std::string name;
  while (!path.empty() && path.front() != '.' && path.front() != '[') {
    if (path.front() == '\\' && path.size() > 1) path.remove_prefix(1);
    name += path.front();
    path.remove_prefix(1);
  }
  return name;
}

// The end of [...], not fooled by brackets in quotes.
std::size_t closing(std::string_view path) {
  char quote = 0;
  for (std::size_t i = 1; i < path.size(); ++i) {
    if (quote != 0) {
      if (path[i] == quote) quote = 0;
    } else if (path[i] == '\'' || path[i] == '"') {
      quote = path[i];
    } else if (path[i] == ']') {
      return i;
    }
  }
  return std::string_view::npos;
}

}  // namespace

std::vector<Json> at_path(const Json& object, std::string_view path) {
  if (path.starts_with("{") && path.ends_with("}")) path = path.substr(1, path.size() - 2);
  if (path.starts_with("$")) path.remove_prefix(1);
  Values at{&object};
  while (!path.empty()) {
    if (path.front() == '[') {
      const std::size_t end = closing(path);
      if (end == std::string_view::npos) return {};
      at = indexed(at, path.substr(1, end - 1));
      path.remove_prefix(end + 1);
    } else {
      if (path.front() == '.') path.remove_prefix(1);
      if (path.empty() || path.front() == '[') continue;
      const std::string name = member_name(path);
      at = name == "*" ? all_items(at) : members(at, name);
    }
  }
  std::vector<Json> values;
  for (const Json* value : at) values.push_back(*value);
  return values;
}

Json first_at_path(const Json& object, std::string_view path) {
  const std::vector<Json> values = at_path(object, path);
  return values.empty() ? Json() : values.front();
}

}  // namespace fakes::api_server
