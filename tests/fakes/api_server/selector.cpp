#include "tests/fakes/api_server/selector.h"

#include <algorithm>
#include <optional>

#include <nlohmann/json.hpp>

namespace fakes::api_server {
namespace {

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
  while (!text.empty() && text.back() == ' ') text.remove_suffix(1);
  return text;
}

// Splits at commas that are not inside parentheses.
std::vector<std::string_view> terms(std::string_view text) {
  std::vector<std::string_view> found;
  int depth = 0;
  std::size_t begin = 0;
  for (std::size_t i = 0; i <= text.size(); ++i) {
    if (i == text.size() || (text[i] == ',' && depth == 0)) {
      if (const auto term = trimmed(text.substr(begin, i - begin)); !term.empty()) {
        found.push_back(term);
      }
      begin = i + 1;
    } else if (text[i] == '(') {
      ++depth;
    } else if (text[i] == ')') {
      --depth;
    }
  }
  return found;
}

std::optional<std::string> label(const Json& object, const std::string& key) {
  const Json* value = field(object, {"metadata", "labels", key});
  if (value == nullptr || !value->is_string()) return std::nullopt;
  return value->get<std::string>();
}

struct Comparison {
  std::string key;
  std::string value;
  bool is_equal = true;
};

std::optional<Comparison> comparison(std::string_view term) {
  for (const std::string_view sign : {"!=", "==", "="}) {
    const std::size_t at = term.find(sign);
    if (at == std::string_view::npos) continue;
    return Comparison{std::string(trimmed(term.substr(0, at))),
                      std::string(trimmed(term.substr(at + sign.size()))), sign != "!="};
  }
  return std::nullopt;
}

bool is_label_key(std::string_view key) {
  return !key.empty() && std::all_of(key.begin(), key.end(), [](unsigned char c) {
    return std::isalnum(c) != 0 || c == '-' || c == '_' || c == '.' || c == '/';
  });
}

// "key in (a, b)" and "key notin (a, b)"
std::optional<Selector> membership(std::string_view term) {
  const std::size_t open = term.find('(');
  if (open == std::string_view::npos || term.back() != ')') return std::nullopt;
  std::string_view head = trimmed(term.substr(0, open));
  const std::size_t space = head.rfind(' ');
  if (space == std::string_view::npos) return std::nullopt;
  const std::string_view word = head.substr(space + 1);
  if (word != "in" && word != "notin") return std::nullopt;
  const std::string key(trimmed(head.substr(0, space)));
  if (!is_label_key(key)) return std::nullopt;
  std::vector<std::string> values;
  for (const auto value : terms(term.substr(open + 1, term.size() - open - 2))) {
    values.emplace_back(value);
  }
  return [key, values, wanted = word == "in"](const Json& object) {
    const auto found = label(object, key);
    const bool is_in = found && std::find(values.begin(), values.end(), *found) != values.end();
    return is_in == wanted;
  };
}

Selector all_of(std::vector<Selector> parts) {
  return [parts = std::move(parts)](const Json& object) {
    return std::all_of(parts.begin(), parts.end(),
                       [&object](const Selector& part) { return part(object); });
  };
}

std::string value_at(const Json& object, std::string_view path) {
  const Json* at = &object;
  while (!path.empty()) {
    const std::string_view step = path.substr(0, path.find('.'));
    path.remove_prefix(std::min(step.size() + 1, path.size()));
    at = field(*at, {step});
    if (at == nullptr) return "";
  }
  if (at->is_string()) return at->get<std::string>();
  return at->is_object() ? "" : at->dump();
}

// A field's place in the object where its name is not its path.
std::string place_of(const Kind& kind, const std::string& name) {
  if (kind.kind == "Event" && name == "source") return "source.component";
  return name;
}

}  // namespace

Answer<Selector> label_selector(std::string_view text) {
  std::vector<Selector> parts;
  for (const std::string_view term : terms(text)) {
    if (auto member = membership(term)) {
      parts.push_back(std::move(*member));
    } else if (const auto compared = comparison(term)) {
      if (!is_label_key(compared->key)) {
        return refuse(bad_request("unable to parse requirement: " + std::string(term)));
      }
      parts.push_back([wanted = *compared](const Json& object) {
        const auto found = label(object, wanted.key);
        return wanted.is_equal ? found == wanted.value : found != wanted.value;
      });
    } else {
      const bool absent = term.front() == '!';
      const std::string key(trimmed(absent ? term.substr(1) : term));
      if (!is_label_key(key)) {
        return refuse(bad_request("unable to parse requirement: " + std::string(term)));
      }
      parts.push_back(
          [key, absent](const Json& object) { return label(object, key).has_value() != absent; });
    }
  }
  return all_of(std::move(parts));
}

Answer<Selector> field_selector(const Kind& kind, std::string_view text) {
  std::vector<Selector> parts;
  for (const std::string_view term : terms(text)) {
    const auto compared = comparison(term);
    if (!compared) return refuse(bad_request("invalid selector: '" + std::string(term) + "'"));
    const auto& offered = kind.selectable_fields;
    const bool is_known = compared->key == "metadata.name" ||
                          (compared->key == "metadata.namespace" && kind.is_namespaced) ||
                          std::find(offered.begin(), offered.end(), compared->key) != offered.end();
    if (!is_known) {
      return refuse(bad_request("field label not supported: " + compared->key));
    }
    parts.push_back(
        [wanted = *compared, place = place_of(kind, compared->key)](const Json& object) {
          return (value_at(object, place) == wanted.value) == wanted.is_equal;
        });
  }
  return all_of(std::move(parts));
}

}  // namespace fakes::api_server
