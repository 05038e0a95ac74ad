#include "proxy/router/path.h"

#include <algorithm>

namespace proxy::router {
namespace {

// RFC 3986 §2.3
bool is_unreserved(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
         c == '.' || c == '_' || c == '~';
}

void append_escape(std::string& out, unsigned byte) {
  constexpr std::string_view kDigits = "0123456789ABCDEF";
  out += '%';
  out += kDigits[byte >> 4];
  out += kDigits[byte & 15];
}

// RFC 3986 §3.3 has them escaped, and so do rules; some clients send them as they are.
bool must_be_escaped(char c) {
  return static_cast<unsigned char>(c) >= 0x80 || c == '"' || c == '<' || c == '>';
}

// Whether the path must be looked at more closely: in one pass, since most need nothing.
bool is_normal(std::string_view path) {
  char before = 0;
  for (const char c : path) {
    if (c == '%' || must_be_escaped(c) || (before == '/' && (c == '/' || c == '.'))) return false;
    before = c;
  }
  return true;
}

}  // namespace

bool decode_unreserved(std::string_view path, std::string& out) {
  for (std::size_t i = 0; i < path.size(); ++i) {
    if (path[i] != '%') {
      if (must_be_escaped(path[i])) {
        append_escape(out, static_cast<unsigned char>(path[i]));
      } else {
        out += path[i];
      }
      continue;
    }
    if (path.size() - i < 3) return false;
    const int high = hex_value(path[i + 1]);
    const int low = hex_value(path[i + 2]);
    if (high < 0 || low < 0) return false;
    const auto byte = static_cast<unsigned>(high << 4 | low);
    if (byte < 0x20 || byte == 0x7f) return false;
    if (is_unreserved(static_cast<char>(byte))) {
      out += static_cast<char>(byte);
    } else {
      append_escape(out, byte);
    }
    i += 2;
  }
  return true;
}

bool remove_dot_segments(std::string& path) {
  std::size_t kept = 0;  // path[0, kept) is done; it ends without a slash
  for (std::size_t at = 0; at < path.size();) {
    std::size_t end = path.find('/', at + 1);
    if (end == std::string::npos) end = path.size();
    const std::string_view segment = std::string_view(path).substr(at + 1, end - at - 1);
    const bool is_dot = segment == ".";
    const bool is_dot_dot = segment == "..";
    if (is_dot_dot) {
      if (kept == 0) return false;
      kept = path.rfind('/', kept - 1);
    }
    if (!is_dot && !is_dot_dot) {
      path.replace(kept, end - at, path, at, end - at);
      kept += end - at;
    } else if (end == path.size()) {
      path[kept++] = '/';  // "/a/." is "/a/"
    }
    at = end;
  }
  path.resize(kept);
  return true;
}

void merge_slashes(std::string& path) {
  const auto both_slashes = [](char a, char b) { return a == '/' && b == '/'; };
  path.erase(std::unique(path.begin(), path.end(), both_slashes), path.end());
}

std::optional<std::string_view> normalize_path(std::string_view path, std::string& storage) {
  if (is_normal(path)) return path;
  storage.clear();
  if (!decode_unreserved(path, storage)) return std::nullopt;
  if (!remove_dot_segments(storage)) return std::nullopt;
  merge_slashes(storage);
  return storage;
}

}  // namespace proxy::router
