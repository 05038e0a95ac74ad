#include "proxy/router/readings.h"

#include <algorithm>
#include <array>
#include <cstdint>

#include "proxy/router/path.h"

namespace proxy::router {
namespace {

// Nobody encodes a path so often by accident: a browser, a client library and a mistake are three.
constexpr int kLayersMax = 4;

char lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
}

bool is_separator(char c) {
  return c == '/' || c == '\\';
}

// ---- From bytes to ASCII

// A UTF-8 sequence as lenient decoders take it, overlong forms among them ("%C0%AF" is "/").
struct Character {
  std::uint32_t code = 0;
  std::size_t bytes = 1;
};
Character character_at(std::string_view text, std::size_t at) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[at + i]); };
  const unsigned first = byte(0);
  // What separates or climbs does so for whoever drops what is no UTF-8, too ("%C1%2F").
  if ((first & 0xfeu) == 0xc0 && text.size() - at > 1 &&
      (text[at + 1] == '.' || is_separator(text[at + 1]))) {
    return {byte(1), 2};
  }
  const std::size_t bytes = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : first >= 0xc0 ? 2 : 1;
  if (first < 0xc0 || first >= 0xf8 || text.size() - at < bytes) return {first, 1};
  std::uint32_t code = first & (0x7fu >> bytes);
  bool goes_on = true;
  for (std::size_t i = 1; i < bytes; ++i) {
    goes_on = goes_on && (byte(i) & 0xc0) == 0x80;
    code = code << 6 | (byte(i) & 0x3f);
  }
  // Some take the low bits of whatever follows ("%C1%1C", "%C0o", "%E0%80%2F").
  return goes_on || code < 0x80 ? Character{code, bytes} : Character{first, 1};
}

// What normalisation (NFKC), upper-casing or a "best fit" into another character set makes of a
// character: the ASCII that it becomes, or 0.
char ascii_of(std::uint32_t code) {
  if (code < 0x80) return static_cast<char>(code);
  if (code >= 0xff01 && code <= 0xff5e) return static_cast<char>(code - 0xff01 + 0x21);
  switch (code) {
    case 0x131:  // dotless i, I with dot
    case 0x130:
      return 'i';
    case 0x17f:  // long s
      return 's';
    case 0x212a:  // Kelvin
      return 'k';
    case 0x2024:  // one dot leader
    case 0x3002:  // ideographic full stop
    case 0xfe52:
      return '.';
    case 0x2044:  // fraction slash, division slash
    case 0x2215:
      return '/';
    case 0x2216:  // set minus
    case 0xfe68:
      return '\\';
    case 0xa0:  // spaces
    case 0x3000:
      return ' ';
    default:
      return 0;
  }
}

// In place. NUL stays, other control characters go, as browsers' URL parsers drop them.
void make_ascii(std::string& text) {
  std::size_t kept = 0;
  for (std::size_t i = 0; i < text.size();) {
    const Character character = character_at(text, i);
    const char ascii = ascii_of(character.code);
    const bool is_control =
        (character.code < 0x20 && character.code != 0) || character.code == 0x7f;
    if (ascii != 0 || character.code == 0) {
      if (!is_control) text[kept++] = ascii;
    } else if (character.code == 0x2025) {  // two dot leader
      text[kept++] = '.';
      text[kept++] = '.';
    } else {
      for (std::size_t k = 0; k < character.bytes; ++k) text[kept++] = text[i + k];
    }
    i += character.bytes;
  }
  text.resize(kept);
}

// ---- Decoding

enum class Decoded { nothing, something, slash_in_parameter };

// One layer of escapes, in place.
Decoded decode_layer(std::string& text) {
  Decoded decoded = Decoded::nothing;
  bool in_parameter = false;
  std::size_t kept = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    char c = text[i];
    if (c == '/') in_parameter = false;
    if (c == ';') in_parameter = true;
    if (c == '%' && text.size() - i > 2) {
      const int high = hex_value(text[i + 1]);
      const int low = hex_value(text[i + 2]);
      if (high >= 0 && low >= 0) {
        c = static_cast<char>(high << 4 | low);
        if (is_separator(c) && in_parameter) return Decoded::slash_in_parameter;
        decoded = Decoded::something;
        i += 2;
      }
    }
    text[kept++] = c;
  }
  text.resize(kept);
  return decoded;
}

// All of them. False when it is not clear what they stand for.
bool decode_all(std::string& text) {
  for (int layer = 0; layer <= kLayersMax; ++layer) {
    const Decoded decoded = decode_layer(text);
    if (decoded == Decoded::slash_in_parameter) return false;
    make_ascii(text);
    if (decoded == Decoded::nothing) return true;
  }
  return false;
}

// ---- From text to elements

enum class DotDot { refused, kept };

std::string_view without_spaces(std::string_view element) {
  while (!element.empty() && element.front() == ' ') element.remove_prefix(1);
  while (!element.empty() && element.back() == ' ') element.remove_suffix(1);
  return element;
}

// Some file systems do not see dots and spaces at the end of a name.
std::string_view without_tail(std::string_view element) {
  while (!element.empty() && (element.back() == ' ' || element.back() == '.')) {
    element.remove_suffix(1);
  }
  return element;
}

// "..", and what some take for it: ".. .", "...".
bool is_climbing(std::string_view element) {
  return std::count(element.begin(), element.end(), '.') > 1 && without_tail(element).empty();
}

// Builds the text of a reading, and of what stands before the first character that may end a path.
class Elements {
 public:
  explicit Elements(DotDot dot_dot) : dot_dot_(dot_dot) {}

  // False when there is a ".." that must not be there.
  bool add_all(std::string_view decoded) {
    std::size_t begin = 0;
    while (begin < decoded.size()) {
      const auto end = static_cast<std::size_t>(
          std::find_if(decoded.begin() + static_cast<std::ptrdiff_t>(begin), decoded.end(),
                       is_separator) -
          decoded.begin());
      const std::size_t bytes = text_.size();
      if (!add(decoded.substr(begin, end - begin))) return false;
      is_open_ = end < decoded.size() || text_.size() == bytes;
      begin = end + 1;
    }
    if (is_open_ || text_.empty()) text_ += '/';
    return true;
  }

  void give(std::vector<std::string>& readings) {
    for (std::string* const text : {&text_, &before_parameter_, &before_end_}) {
      const bool is_new = std::find(readings.begin(), readings.end(), *text) == readings.end();
      if (!text->empty() && is_new) readings.push_back(std::move(*text));
    }
  }

 private:
  bool add(std::string_view element) {
    constexpr std::string_view kEnds("?#\0", 3);
    const std::size_t parameter = element.find(';');
    const std::size_t end = element.find_first_of(kEnds);
    element = element.substr(0, parameter);
    if (before_end_.empty() && end != std::string_view::npos) {
      before_end_ = text_;
      if (!put(element.substr(0, end), before_end_)) return false;
      if (before_end_.size() == text_.size()) before_end_ += '/';
    }
    const std::size_t bytes = text_.size();
    if (!put(element, text_)) return false;
    if (before_parameter_.empty() && parameter != std::string_view::npos) {
      before_parameter_ = text_;
      if (text_.size() == bytes) before_parameter_ += '/';
    }
    return true;
  }

  bool put(std::string_view element, std::string& into) const {
    element = without_spaces(element);
    const bool climbs = is_climbing(element);
    if (climbs && dot_dot_ == DotDot::refused) return false;
    if (!climbs) element = without_tail(element);
    if (element.empty()) return true;
    into += '/';
    std::transform(element.begin(), element.end(), std::back_inserter(into), lower);
    return true;
  }

  DotDot dot_dot_;
  bool is_open_ = false;  // ends in a separator, or in an element that is nothing
  std::string text_, before_parameter_, before_end_;
};

bool add_readings(std::string path, DotDot dot_dot, std::vector<std::string>& readings) {
  if (!decode_all(path)) return false;
  Elements elements(dot_dot);
  if (!elements.add_all(path)) return false;
  elements.give(readings);
  return true;
}

bool has_dot_dot(const std::string& path) {
  return (path + "/").find("/../") != std::string::npos;
}

// What ".." takes away depends on what counts as an element, and that is clear only for these.
bool elements_are_clear(const std::string& path) {
  if (path.find("//") != std::string::npos) return false;
  return std::all_of(path.begin(), path.end(), [](char c) {
    return c > 0x20 && c < 0x7f && c != '%' && c != ';' && c != '\\';
  });
}

// ---- The paths that have one reading

constexpr std::array<bool, 256> make_odd() {
  std::array<bool, 256> odd{};
  for (unsigned c = 0; c < 256; ++c) {
    const bool is_upper = c >= 'A' && c <= 'Z';
    odd[c] = c <= 0x20 || c >= 0x7f || is_upper || c == '%' || c == '\\' || c == ';' || c == '?' ||
             c == '#';
  }
  return odd;
}
constexpr std::array<bool, 256> kOdd = make_odd();

}  // namespace

std::optional<std::vector<std::string>> generous_readings(std::string_view path) {
  std::vector<std::string> readings;
  std::string decoded;
  if (!decode_unreserved(path, decoded)) return std::nullopt;
  if (!has_dot_dot(decoded)) {
    if (!add_readings(std::move(decoded), DotDot::refused, readings)) return std::nullopt;
    return readings;
  }
  std::string removed = decoded;
  if (!elements_are_clear(decoded) || !remove_dot_segments(removed)) return std::nullopt;
  const bool is_clear = add_readings(std::move(removed), DotDot::refused, readings) &&
                        add_readings(std::move(decoded), DotDot::kept, readings);
  if (!is_clear) return std::nullopt;
  return readings;
}

std::string generous_rule(std::string_view path) {
  std::vector<std::string> readings;
  if (!add_readings(std::string(path), DotDot::kept, readings)) return std::string(path);
  return readings.front();
}

bool has_one_reading(std::string_view path) {
  char before = 0;
  for (const char c : path) {
    if (kOdd[static_cast<unsigned char>(c)]) return false;
    if (before == '/' && (c == '/' || c == '.')) return false;
    if (before == '.' && c == '/') return false;
    before = c;
  }
  return before != '.';
}

std::string decoded_once(std::string_view normalized_path) {
  std::string text(normalized_path);
  decode_layer(text);
  merge_slashes(text);
  return text;
}

}  // namespace proxy::router
