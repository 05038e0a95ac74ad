#include "proxy/policy/rewrite.h"

#include <algorithm>

#include "proxy/reason/words.h"

namespace proxy::policy {
namespace {

bool is_hex_digit(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

// "$1" to "$9" at this place: the index of the group. -1: none.
int group_at(std::string_view text, std::size_t at) {
  const bool is_group =
      text[at] == '$' && at + 1 < text.size() && text[at + 1] >= '1' && text[at + 1] <= '9';
  return is_group ? text[at + 1] - '1' : -1;
}

bool has_groups(std::string_view text) {
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (group_at(text, i) >= 0) return true;
  }
  return false;
}

// In a parameter's value, what would end it is data.
void append_to_query(std::string& out, std::string_view group) {
  constexpr std::string_view kEnds = "&+;=?";
  constexpr std::string_view kDigits = "0123456789ABCDEF";
  for (const char c : group) {
    if (kEnds.find(c) == std::string_view::npos) {
      out += c;
      continue;
    }
    const auto byte = static_cast<unsigned char>(c);
    out += '%';
    out += kDigits[byte >> 4];
    out += kDigits[byte & 15];
  }
}

// Every escape is whole, and none stands for a control character, or for a dot: those are decoded
// in whatever was normalised, so that one which is there was put together.
bool has_sound_escapes(std::string_view text) {
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') continue;
    if (text.size() - i < 3 || !is_hex_digit(text[i + 1]) || !is_hex_digit(text[i + 2])) {
      return false;
    }
    const char low = text[i + 2];
    if (text[i + 1] < '2' || (text[i + 1] == '2' && (low == 'e' || low == 'E')) ||
        (text[i + 1] == '7' && (low == 'f' || low == 'F'))) {
      return false;
    }
  }
  return true;
}

bool has_dot_segment(std::string_view path) {
  for (std::size_t at = 0; at < path.size();) {
    const std::size_t end = std::min(path.find('/', at), path.size());
    const std::string_view element = path.substr(at, end - at);
    if (element == "." || element == "..") return true;
    at = end + 1;
  }
  return false;
}

// Behind `begin`.
void merge_slashes(std::string& text, std::size_t begin) {
  const auto both_slashes = [](char a, char b) { return a == '/' && b == '/'; };
  const auto from = text.begin() + static_cast<std::ptrdiff_t>(begin);
  text.erase(std::unique(from, text.end(), both_slashes), text.end());
}

Rewritten refused(std::string_view why) {
  return {{}, {}, why};
}

}  // namespace

Rewritten rewrite(std::string_view target, const config::Expression* expression,
                  std::string_view normalized_path, std::string_view query, std::string& storage) {
  config::Expression::Groups groups{};
  if (expression != nullptr) {
    const bool is_match = has_groups(target) ? expression->matches(normalized_path, groups)
                                             : expression->matches(normalized_path);
    if (!is_match) return refused(reason::ambiguous_path);
  }
  const std::size_t mark = std::min(target.find('?'), target.size());
  const bool has_parameters = mark < target.size();
  const bool drops_query = has_parameters && target.back() == '?';
  if (drops_query) target.remove_suffix(1);

  storage.clear();
  std::size_t path_bytes = 0;
  for (std::size_t i = 0; i < target.size(); ++i) {
    if (i == mark) path_bytes = storage.size();
    const int group = group_at(target, i);
    if (group < 0) {
      storage += target[i];
    } else if (i < mark) {
      storage += groups[static_cast<std::size_t>(group)];
      ++i;
    } else {
      append_to_query(storage, groups[static_cast<std::size_t>(group)]);
      ++i;
    }
    if (storage.size() > kRewrittenBytesMax) return refused(reason::rewritten_path_too_long);
  }
  if (mark >= target.size()) path_bytes = storage.size();

  std::string parameters = storage.substr(path_bytes);
  storage.resize(path_bytes);
  merge_slashes(storage, 0);
  if (!has_sound_escapes(storage) || has_dot_segment(storage) || !storage.starts_with('/')) {
    return refused(reason::bad_rewritten_path);
  }
  path_bytes = storage.size();
  storage += parameters;
  if (!drops_query && !query.empty()) {
    if (parameters.empty()) {
      storage += query;
    } else if (query.size() > 1) {
      storage += '&';
      storage += query.substr(1);
    }
  }
  const std::string_view all = storage;
  return {all.substr(0, path_bytes), all.substr(path_bytes)};
}

}  // namespace proxy::policy
