#include "operator/ingress/route_path.h"

namespace ingress {
namespace {

constexpr std::size_t kPathMax = 4096;

bool is_unreserved(char c) {  // RFC 3986 §2.3
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
         c == '.' || c == '_' || c == '~';
}

// §3.3: what may stand in a path as it is, beside the unreserved and "/".
bool is_plain_in_path(char c) {
  return is_unreserved(c) || std::string_view("/!$&'()*+,;=:@").find(c) != std::string_view::npos;
}

int hex_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

void append_escaped(std::string& text, unsigned char byte) {
  constexpr char kDigits[] = "0123456789ABCDEF";
  text.push_back('%');
  text.push_back(kDigits[byte >> 4]);
  text.push_back(kDigits[byte & 15]);
}

bool is_control(unsigned char byte) {
  return byte < 0x20 || byte == 0x7f;
}

bool has_dot_segment(std::string_view path) {
  while (!path.empty()) {
    path.remove_prefix(1);  // the "/"
    const auto end = path.find('/');
    const std::string_view segment = path.substr(0, end);
    if (segment == "." || segment == "..") return true;
    if (end == std::string_view::npos) return false;
    path.remove_prefix(end);
  }
  return false;
}

}  // namespace

std::optional<std::string> route_path(std::string_view path) {
  if (path.empty() || path.front() != '/' || path.size() > kPathMax) return std::nullopt;
  std::string normal;
  normal.reserve(path.size());
  for (std::size_t i = 0; i < path.size(); ++i) {
    unsigned char byte = static_cast<unsigned char>(path[i]);
    bool escaped = false;
    if (byte == '%') {
      if (i + 2 >= path.size()) return std::nullopt;
      const int high = hex_value(path[i + 1]);
      const int low = hex_value(path[i + 2]);
      if (high < 0 || low < 0) return std::nullopt;
      byte = static_cast<unsigned char>(high * 16 + low);
      escaped = true;
      i += 2;
    }
    if (is_control(byte)) return std::nullopt;
    const char c = static_cast<char>(byte);
    if (escaped ? is_unreserved(c) : is_plain_in_path(c)) {
      normal.push_back(c);
    } else {
      append_escaped(normal, byte);
    }
  }
  if (has_dot_segment(normal) || normal.size() > kPathMax) return std::nullopt;
  return normal;
}

std::string without_star(std::string path, kube::PathType type) {
  if (type == kube::PathType::implementation_specific && path.ends_with("/*")) path.pop_back();
  return path;
}

bool has_operators(std::string_view path) {
  return path.find_first_of("()[]{}*+?^$|\\") != std::string_view::npos;
}

bool looks_like_expression(std::string_view path) {
  if (path.find_first_of("*[]{}|^?\\") != std::string_view::npos) return true;
  return path.find(".+") != std::string_view::npos || path.ends_with('$');
}

std::optional<std::string> route_expression(std::string_view path, kube::PathType type) {
  if (path == "/") return std::nullopt;
  const bool is_plain_type = type != kube::PathType::implementation_specific;
  if (is_plain_type && !has_operators(path)) return std::nullopt;
  constexpr std::string_view kEscaped = " \"<>";
  std::string expression;
  int class_depth = 0;  // in "[...]" a character stands for itself, and an escape for three
  for (std::size_t i = 0; i < path.size(); ++i) {
    const char c = path[i];
    const auto byte = static_cast<unsigned char>(c);
    if (c == '\\' && i + 1 < path.size()) {
      expression.append({c, path[++i]});
      continue;
    }
    if (c == '[') class_depth = 1;
    if (c == ']') class_depth = 0;
    const bool is_escaped = byte >= 0x80 || kEscaped.find(c) != std::string_view::npos;
    if (!is_escaped || class_depth > 0) {
      expression.push_back(c);
      continue;
    }
    expression += "(?:";
    append_escaped(expression, byte);
    expression += ")";
  }
  return expression;
}

std::optional<std::string> expression_of(std::string_view path, bool host_has_expressions) {
  constexpr std::string_view kKongMark = "/~";
  if (path.starts_with(kKongMark)) return std::string(path.substr(kKongMark.size()));
  if (!has_operators(path) && !host_has_expressions) return std::nullopt;
  return std::string(path);
}

}  // namespace ingress
