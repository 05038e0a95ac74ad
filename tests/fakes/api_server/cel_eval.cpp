#include <charconv>
#include <cmath>
#include <ctime>
#include <functional>
#include <map>
#include <optional>
#include <regex>
#include <set>

#include <nlohmann/json.hpp>

#include "tests/fakes/api_server/cel_tree.h"
#include "tests/fakes/api_server/patch.h"

namespace fakes::api_server::cel {
namespace {

// A JSON value, or a time value: a duration or a timestamp in nanoseconds.
struct Value {
  enum class Type { json, duration, timestamp };
  Type type = Type::json;
  Json json;
  std::int64_t nanoseconds = 0;

  bool operator==(const Value& other) const {
    return type == other.type && nanoseconds == other.nanoseconds && json == other.json;
  }
};
using Result = tl::expected<Value, std::string>;
using Scope = std::map<std::string, Value>;

Value plain(Json json) {
  return {Value::Type::json, std::move(json), 0};
}
tl::unexpected<std::string> error(std::string why) {
  return tl::unexpected<std::string>(std::move(why));
}

Result evaluated(const Node& node, const Scope& scope);

bool is_bool(const Value& value) {
  return value.type == Value::Type::json && value.json.is_boolean();
}
bool is_int(const Value& value) {
  return value.type == Value::Type::json && value.json.is_number_integer();
}
bool is_number(const Value& value) {
  return value.type == Value::Type::json && value.json.is_number();
}
bool is_string(const Value& value) {
  return value.type == Value::Type::json && value.json.is_string();
}

// Go's duration text: "1h30m", "-1.5s", "100ms".
std::optional<std::int64_t> duration_of(std::string_view text) {
  if (text.empty()) return std::nullopt;
  const bool is_negative = text.front() == '-';
  if (text.front() == '-' || text.front() == '+') text.remove_prefix(1);
  if (text == "0") return 0;
  if (text.empty()) return std::nullopt;
  static const std::pair<std::string_view, double> units[] = {
      {"ns", 1}, {"us", 1e3}, {"ms", 1e6}, {"s", 1e9}, {"m", 60e9}, {"h", 3600e9}};
  double total = 0;
  while (!text.empty()) {
    const std::size_t digits = text.find_first_not_of("0123456789.");
    if (digits == 0 || digits == std::string_view::npos) return std::nullopt;
    double amount = 0;
    if (std::from_chars(text.data(), text.data() + digits, amount).ptr != text.data() + digits) {
      return std::nullopt;
    }
    text.remove_prefix(digits);
    const std::size_t letters = std::min(text.find_first_of("0123456789."), text.size());
    const std::string_view unit = text.substr(0, letters);
    bool is_known = false;
    for (const auto& [name, size] : units) {
      if (unit != name) continue;
      total += amount * size;
      is_known = true;
    }
    if (!is_known || total > 9.2e18) return std::nullopt;
    text.remove_prefix(letters);
  }
  return static_cast<std::int64_t>(is_negative ? -total : total);
}

std::optional<std::int64_t> timestamp_of(const std::string& text) {
  std::tm parts{};
  const char* rest = strptime(text.c_str(), "%Y-%m-%dT%H:%M:%S", &parts);
  if (rest == nullptr) return std::nullopt;
  std::int64_t nanoseconds = static_cast<std::int64_t>(timegm(&parts)) * 1'000'000'000;
  if (*rest == '.') {
    std::int64_t unit = 100'000'000;
    for (++rest; std::isdigit(static_cast<unsigned char>(*rest)) != 0; ++rest, unit /= 10) {
      nanoseconds += (*rest - '0') * unit;
    }
  }
  if (std::string_view(rest) != "Z") return std::nullopt;
  return nanoseconds;
}

Result sized(const Value& value) {
  if (is_string(value)) {
    // In code points, not bytes.
    std::int64_t points = 0;
    for (const unsigned char c : value.json.get_ref<const std::string&>()) {
      if ((c & 0xc0) != 0x80) ++points;
    }
    return plain(points);
  }
  if (value.type == Value::Type::json && value.json.is_structured()) {
    return plain(static_cast<std::int64_t>(value.json.size()));
  }
  return error("no such overload: size()");
}

Result called(const std::string& name, const Value& argument) {
  if (name == "size") return sized(argument);
  if (name == "duration" && is_string(argument)) {
    const auto read = duration_of(argument.json.get<std::string>());
    if (!read) return error("invalid duration: " + argument.json.dump());
    return Value{Value::Type::duration, Json(), *read};
  }
  if (name == "timestamp" && is_string(argument)) {
    const auto read = timestamp_of(argument.json.get<std::string>());
    if (!read) return error("invalid timestamp: " + argument.json.dump());
    return Value{Value::Type::timestamp, Json(), *read};
  }
  if (name == "string" && argument.type == Value::Type::json && !argument.json.is_structured()) {
    return plain(is_string(argument) ? argument.json : Json(argument.json.dump()));
  }
  if (name == "int") {
    if (is_int(argument)) return argument;
    if (is_number(argument)) {
      const double number = argument.json.get<double>();
      if (std::abs(number) >= 9.2e18) return error("integer overflow");
      return plain(static_cast<std::int64_t>(number));
    }
    if (is_string(argument)) {
      const std::string text = argument.json.get<std::string>();
      std::int64_t value = 0;
      const auto read = std::from_chars(text.data(), text.data() + text.size(), value);
      if (read.ec == std::errc() && read.ptr == text.data() + text.size() && !text.empty()) {
        return plain(value);
      }
      return error("type conversion error from string to int: " + text);
    }
  }
  return error("no such overload: " + name + "()");
}

Result method_called(const std::string& name, const Value& on, const Value* argument) {
  if (name == "size") return sized(on);
  if (!is_string(on) || argument == nullptr || !is_string(*argument)) {
    return error("no such overload: " + name + "()");
  }
  const std::string& text = on.json.get_ref<const std::string&>();
  const std::string& other = argument->json.get_ref<const std::string&>();
  if (name == "startsWith") return plain(text.starts_with(other));
  if (name == "endsWith") return plain(text.ends_with(other));
  if (name == "contains") return plain(text.find(other) != std::string::npos);
  try {
    return plain(std::regex_search(text, std::regex(other)));
  } catch (const std::regex_error&) {
    return error("matches(): the pattern cannot be read: " + other);
  }
}

template <class T>
std::optional<bool> ordered(const std::string& sign, const T& a, const T& b) {
  if (sign == "<") return a < b;
  if (sign == "<=") return a <= b;
  if (sign == ">") return a > b;
  if (sign == ">=") return a >= b;
  return std::nullopt;
}

Result compared(const std::string& sign, const Value& a, const Value& b) {
  std::optional<bool> result;
  if (a.type != b.type) return error("no such overload: " + sign);
  if (a.type != Value::Type::json) {
    result = ordered(sign, a.nanoseconds, b.nanoseconds);
  } else if (is_int(a) && is_int(b)) {
    result = ordered(sign, a.json.get<std::int64_t>(), b.json.get<std::int64_t>());
  } else if (is_number(a) && is_number(b)) {
    result = ordered(sign, a.json.get<double>(), b.json.get<double>());
  } else if (is_string(a) && is_string(b)) {
    result =
        ordered(sign, a.json.get_ref<const std::string&>(), b.json.get_ref<const std::string&>());
  } else if (is_bool(a) && is_bool(b)) {
    result = ordered(sign, a.json.get<bool>(), b.json.get<bool>());
  }
  if (!result) return error("no such overload: " + sign);
  return plain(*result);
}

Result calculated(const std::string& sign, const Value& a, const Value& b) {
  if (sign == "+" && is_string(a) && is_string(b)) {
    return plain(a.json.get<std::string>() + b.json.get<std::string>());
  }
  if (sign == "+" && a.json.is_array() && b.json.is_array()) {
    Json joined = a.json;
    for (const Json& item : b.json) joined.push_back(item);
    return plain(std::move(joined));
  }
  if (is_int(a) && is_int(b)) {
    const auto x = a.json.get<std::int64_t>();
    const auto y = b.json.get<std::int64_t>();
    std::int64_t result = 0;
    bool overflows = false;
    if (sign == "+") overflows = __builtin_add_overflow(x, y, &result);
    if (sign == "-") overflows = __builtin_sub_overflow(x, y, &result);
    if (sign == "*") overflows = __builtin_mul_overflow(x, y, &result);
    if (sign == "/" || sign == "%") {
      if (y == 0) return error("division by zero");
      if (y == -1 && x == INT64_MIN) return error("integer overflow");
      result = sign == "/" ? x / y : x % y;
    }
    if (overflows) return error("integer overflow");
    return plain(result);
  }
  if (is_number(a) && is_number(b) && !is_int(a) && !is_int(b) && sign != "%") {
    const double x = a.json.get<double>();
    const double y = b.json.get<double>();
    return plain(sign == "+" ? x + y : sign == "-" ? x - y : sign == "*" ? x * y : x / y);
  }
  const bool is_time = a.type != Value::Type::json && b.type == Value::Type::duration;
  if (is_time && (sign == "+" || sign == "-")) {
    return Value{a.type, Json(),
                 sign == "+" ? a.nanoseconds + b.nanoseconds : a.nanoseconds - b.nanoseconds};
  }
  if (sign == "-" && a.type == Value::Type::timestamp && b.type == Value::Type::timestamp) {
    return Value{Value::Type::duration, Json(), a.nanoseconds - b.nanoseconds};
  }
  return error("no such overload: " + sign);
}

// A determined side decides, though the other is an error (cel-spec, "Logical Operators").
Result logical(const Node& node, const Scope& scope) {
  const bool deciding = node.name == "||";
  const Result left = evaluated(*node.children[0], scope);
  if (left && is_bool(*left) && left->json.get<bool>() == deciding) return left;
  const Result right = evaluated(*node.children[1], scope);
  if (right && is_bool(*right) && right->json.get<bool>() == deciding) return right;
  if (!left) return left;
  if (!right) return right;
  if (!is_bool(*left) || !is_bool(*right)) return error("no such overload: " + node.name);
  return plain(!deciding);
}

Result binary(const Node& node, const Scope& scope) {
  if (node.name == "&&" || node.name == "||") return logical(node, scope);
  const Result left = evaluated(*node.children[0], scope);
  if (!left) return left;
  const Result right = evaluated(*node.children[1], scope);
  if (!right) return right;
  if (node.name == "==") return plain(*left == *right);
  if (node.name == "!=") return plain(!(*left == *right));
  if (node.name == "in") {
    if (right->json.is_object() && is_string(*left)) {
      return plain(right->json.contains(left->json.get<std::string>()));
    }
    if (!right->json.is_array()) return error("no such overload: in");
    bool found = false;
    for (const Json& item : right->json) found |= item == left->json;
    return plain(found && left->type == Value::Type::json);
  }
  if (node.name.front() == '<' || node.name.front() == '>') {
    return compared(node.name, *left, *right);
  }
  return calculated(node.name, *left, *right);
}

Result selected(const Node& node, const Scope& scope) {
  const Result from = evaluated(*node.children[0], scope);
  if (!from) return from;
  if (!from->json.is_object()) return error("no such overload: ." + node.name);
  const bool has = from->json.contains(node.name);
  if (node.kind == Node::Kind::test) return plain(has);
  if (!has) return error("no such key: " + node.name);
  return plain(from->json[node.name]);
}

Result indexed(const Node& node, const Scope& scope) {
  const Result from = evaluated(*node.children[0], scope);
  if (!from) return from;
  const Result at = evaluated(*node.children[1], scope);
  if (!at) return at;
  if (from->json.is_array() && is_int(*at)) {
    const auto index = at->json.get<std::int64_t>();
    if (index < 0 || index >= static_cast<std::int64_t>(from->json.size())) {
      return error("index out of bounds: " + std::to_string(index));
    }
    return plain(from->json[static_cast<std::size_t>(index)]);
  }
  if (from->json.is_object() && is_string(*at)) {
    const std::string name = at->json.get<std::string>();
    if (!from->json.contains(name)) return error("no such key: " + name);
    return plain(from->json[name]);
  }
  return error("no such overload: []");
}

// all and exists are folded && and ||, with the same way of absorbing errors.
Result macro(const Node& node, const Scope& scope) {
  const Result over = evaluated(*node.children[0], scope);
  if (!over) return over;
  if (!over->json.is_structured()) return error("no such overload: ." + node.name + "()");
  Json collected = Json::array();
  int matches = 0;
  std::optional<std::string> failure;
  const auto visit = [&](const Json& item) -> bool {  // false: decided
    Scope inner = scope;
    inner[node.variable] = plain(item);
    const Result result = evaluated(*node.children[1], inner);
    if (node.name == "map") {
      if (result) collected.push_back(result->json);
      if (!result) failure = result.error();
      return result.has_value();
    }
    if (!result || !is_bool(*result)) {
      failure = result ? "no such overload: ." + node.name + "()" : result.error();
      return node.name == "all" || node.name == "exists";
    }
    const bool fits = result->json.get<bool>();
    if (fits) ++matches;
    if (node.name == "filter" && fits) collected.push_back(item);
    if ((node.name == "all" && !fits) || (node.name == "exists" && fits)) {
      failure.reset();
      collected = fits;
      return false;
    }
    return true;
  };
  // A map is walked by its keys.
  if (over->json.is_object()) {
    for (const auto& [key, value] : over->json.items()) {
      if (!visit(key)) break;
    }
  } else {
    for (const Json& item : over->json) {
      if (!visit(item)) break;
    }
  }
  if (collected.is_boolean()) return plain(collected);
  if (failure) return error(*failure);
  if (node.name == "all") return plain(true);
  if (node.name == "exists") return plain(false);
  if (node.name == "exists_one") return plain(matches == 1);
  return plain(std::move(collected));
}

Result evaluated(const Node& node, const Scope& scope) {
  switch (node.kind) {
    case Node::Kind::literal:
      return plain(*node.value);
    case Node::Kind::variable: {
      const auto found = scope.find(node.name);
      if (found == scope.end()) return error("undeclared reference to '" + node.name + "'");
      return found->second;
    }
    case Node::Kind::select:
    case Node::Kind::test:
      return selected(node, scope);
    case Node::Kind::index:
      return indexed(node, scope);
    case Node::Kind::list: {
      Json list = Json::array();
      for (const NodePtr& child : node.children) {
        const Result item = evaluated(*child, scope);
        if (!item) return item;
        list.push_back(item->json);
      }
      return plain(std::move(list));
    }
    case Node::Kind::map: {
      Json map = Json::object();
      for (std::size_t i = 0; i + 1 < node.children.size(); i += 2) {
        const Result key = evaluated(*node.children[i], scope);
        if (!key) return key;
        if (!is_string(*key)) return error("only strings are keys here");
        const Result value = evaluated(*node.children[i + 1], scope);
        if (!value) return value;
        map[key->json.get<std::string>()] = value->json;
      }
      return plain(std::move(map));
    }
    case Node::Kind::unary: {
      const Result of = evaluated(*node.children[0], scope);
      if (!of) return of;
      if (node.name == "!" && is_bool(*of)) return plain(!of->json.get<bool>());
      if (node.name == "-" && is_int(*of)) {
        return calculated("-", plain(std::int64_t{0}), *of);
      }
      if (node.name == "-" && is_number(*of)) return plain(-of->json.get<double>());
      return error("no such overload: " + node.name);
    }
    case Node::Kind::binary:
      return binary(node, scope);
    case Node::Kind::conditional: {
      const Result condition = evaluated(*node.children[0], scope);
      if (!condition) return condition;
      if (!is_bool(*condition)) return error("no such overload: ?:");
      return evaluated(*node.children[condition->json.get<bool>() ? 1 : 2], scope);
    }
    case Node::Kind::call: {
      const Result argument = evaluated(*node.children[0], scope);
      return argument ? called(node.name, *argument) : argument;
    }
    case Node::Kind::method: {
      const Result on = evaluated(*node.children[0], scope);
      if (!on) return on;
      if (node.children.size() == 1) return method_called(node.name, *on, nullptr);
      const Result argument = evaluated(*node.children[1], scope);
      return argument ? method_called(node.name, *on, &*argument) : argument;
    }
    case Node::Kind::macro:
      return macro(node, scope);
  }
  return error("unreachable");
}

// ---- Reading: names and fields are checked against the schema, as far as it knows them.

using Schemas = std::map<std::string, const Json*>;  // null: unknown

struct Unfit {
  std::string why;
};

const Json* checked(const Node& node, const Schemas& known, bool& uses_old_self) {
  switch (node.kind) {
    case Node::Kind::variable: {
      if (node.name == "oldSelf") uses_old_self = true;
      const auto found = known.find(node.name);
      if (found == known.end()) throw Unfit{"undeclared reference to '" + node.name + "'"};
      return found->second;
    }
    case Node::Kind::select:
    case Node::Kind::test: {
      const Json* from = checked(*node.children[0], known, uses_old_self);
      if (from == nullptr || from->is_null()) return nullptr;
      if (text(*from, {"type"}) != "object") {
        throw Unfit{"type '" + text(*from, {"type"}) + "' does not support field selection"};
      }
      const Json& member = schema_of_member(*from, node.name);
      if (member.is_null() && !from->value("x-kubernetes-preserve-unknown-fields", false)) {
        throw Unfit{"undefined field '" + node.name + "'"};
      }
      return member.is_null() ? nullptr : &member;
    }
    case Node::Kind::index: {
      const Json* from = checked(*node.children[0], known, uses_old_self);
      checked(*node.children[1], known, uses_old_self);
      if (from == nullptr) return nullptr;
      if (text(*from, {"type"}) == "array") return &schema_of_items(*from);
      const Json* rest = field(*from, {"additionalProperties"});
      return rest != nullptr && rest->is_object() ? rest : nullptr;
    }
    case Node::Kind::macro: {
      const Json* over = checked(*node.children[0], known, uses_old_self);
      Schemas inner = known;
      const bool is_list = over != nullptr && text(*over, {"type"}) == "array";
      inner[node.variable] = is_list ? &schema_of_items(*over) : nullptr;
      checked(*node.children[1], inner, uses_old_self);
      return node.name == "filter" ? over : nullptr;
    }
    default:
      for (const NodePtr& child : node.children) checked(*child, known, uses_old_self);
      return nullptr;
  }
}

}  // namespace

tl::expected<Rule, std::string> Rule::read(const std::string& text, const Json& schema) {
  auto root = parsed(text);
  if (!root) return tl::unexpected<std::string>(root.error());
  Rule rule;
  rule.root_ = std::move(*root);
  try {
    checked(*rule.root_, {{"self", &schema}, {"oldSelf", &schema}}, rule.uses_old_self_);
  } catch (const Unfit& unfit) {
    return tl::unexpected<std::string>(unfit.why);
  }
  return rule;
}

tl::expected<bool, std::string> Rule::holds(const Json& self, const Json* old_self) const {
  Scope scope{{"self", plain(self)}};
  if (old_self != nullptr) scope["oldSelf"] = plain(*old_self);
  const Result result = evaluated(*root_, scope);
  if (!result) return tl::unexpected<std::string>(result.error());
  if (!is_bool(*result)) return tl::unexpected<std::string>("the rule is no boolean");
  return result->json.get<bool>();
}

}  // namespace fakes::api_server::cel
