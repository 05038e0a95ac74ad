#include "proxy/router/readings.h"

#include <algorithm>
#include <array>
#include <cstdint>

#include "proxy/router/ascii_forms.h"
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

// What becomes of bytes that are no UTF-8: some decoders take what they come to, overlong forms and
// whatever follows a first byte among it ("%C0%AF" is "/", "%C1a" is "a"); others drop them.
enum class BadUtf8 : std::uint8_t { taken, dropped };

struct Character {
  std::uint32_t code = 0;
  std::size_t bytes = 1;
  bool is_sound = true;
};

Character character_at(std::string_view text, std::size_t at) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[at + i]); };
  const unsigned first = byte(0);
  if (first < 0x80) return {first, 1};
  // What separates or climbs does so for whoever drops what is no UTF-8, too ("%C1%2F").
  if ((first & 0xfeu) == 0xc0 && text.size() - at > 1 &&
      (text[at + 1] == '.' || is_separator(text[at + 1]))) {
    return {byte(1), 2, false};
  }
  const std::size_t bytes = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
  if (first < 0xc0 || first >= 0xf8 || text.size() - at < bytes) return {first, 1, false};
  std::uint32_t code = first & (0x7fu >> bytes);
  bool goes_on = true;
  for (std::size_t i = 1; i < bytes; ++i) {
    goes_on = goes_on && (byte(i) & 0xc0) == 0x80;
    code = code << 6 | (byte(i) & 0x3f);
  }
  // The shortest form, and no half of a pair of UTF-16 (RFC 3629 §3).
  constexpr std::array<std::uint32_t, 5> kLeast{0, 0, 0x80, 0x800, 0x10000};
  const bool is_sound =
      goes_on && code >= kLeast.at(bytes) && code <= 0x10ffff && (code < 0xd800 || code > 0xdfff);
  // Some take the low bits of whatever follows ("%C1%1C", "%C0o", "%E0%80%2F").
  return goes_on || code < 0x80 ? Character{code, bytes, is_sound} : Character{first, 1, false};
}

// Characters that nobody sees, and that file systems and comparisons leave out (Default_Ignorable
// in Unicode): soft hyphens, joiners, marks of direction, selectors of variants.
bool is_invisible(std::uint32_t code) {
  constexpr std::array<std::array<std::uint32_t, 2>, 17> kRanges{{{0xad, 0xad},
                                                                  {0x34f, 0x34f},
                                                                  {0x61c, 0x61c},
                                                                  {0x115f, 0x1160},
                                                                  {0x17b4, 0x17b5},
                                                                  {0x180b, 0x180f},
                                                                  {0x200b, 0x200f},
                                                                  {0x202a, 0x202e},
                                                                  {0x2060, 0x206f},
                                                                  {0x3164, 0x3164},
                                                                  {0xfe00, 0xfe0f},
                                                                  {0xfeff, 0xfeff},
                                                                  {0xffa0, 0xffa0},
                                                                  {0xfff0, 0xfff8},
                                                                  {0x1bca0, 0x1bca3},
                                                                  {0x1d173, 0x1d17a},
                                                                  {0xe0000, 0xe0fff}}};
  return std::any_of(kRanges.begin(), kRanges.end(),
                     [&](const auto& range) { return range[0] <= code && code <= range[1]; });
}

// What normalisation (NFKC), upper-casing or a "best fit" into another character set makes of a
// character beyond ASCII; empty: no ASCII.
std::string_view ascii_of(std::uint32_t code) {
  switch (code) {
    case 0x131:  // dotless i, I with dot
    case 0x130:
      return "i";
    case 0x3002:  // ideographic full stop, also half as wide
    case 0xff61:
      return ".";
    case 0x2044:  // fraction slash, division slash
    case 0x2215:
      return "/";
    case 0x2216:  // set minus
    case 0xa5:    // yen and won: what code pages 932 and 949 have in its place
    case 0x20a9:
      return "\\";
    default:
      return ascii_form(code);
  }
}

// Latin, Greek and Cyrillic as far as capitals stand in rows; what is sent as UTF-8 of two bytes.
std::uint32_t small_letter(std::uint32_t code) {
  const auto in = [code](std::uint32_t first, std::uint32_t last) {
    return first <= code && code <= last;
  };
  if (in(0xc0, 0xde) && code != 0xd7) return code + 32;
  if (in(0x391, 0x3a9) || in(0x410, 0x42f)) return code + 32;
  if (in(0x400, 0x40f)) return code + 80;
  const bool even_is_capital = in(0x100, 0x137) || in(0x14a, 0x177) || in(0x460, 0x481);
  const bool odd_is_capital = in(0x139, 0x148) || in(0x179, 0x17e);
  if ((even_is_capital && code % 2 == 0) || (odd_is_capital && code % 2 == 1)) return code + 1;
  return code;
}

void append_utf8(std::string& text, std::uint32_t code) {
  const auto add = [&](std::uint32_t byte) { text += static_cast<char>(byte); };
  if (code < 0x80) {
    add(code);
    return;
  }
  if (code < 0x800) {
    add(0xc0 | code >> 6);
  } else {
    add(0xe0 | code >> 12);
    add(0x80 | (code >> 6 & 0x3f));
  }
  add(0x80 | (code & 0x3f));
}

// NUL stays, other control characters go, as browsers' URL parsers drop them. True: there were
// bytes that may be taken or dropped.
bool make_ascii(std::string& text, BadUtf8 bad) {
  bool may_be_taken = false;
  std::string made;
  made.reserve(text.size());
  for (std::size_t i = 0; i < text.size();) {
    const Character character = character_at(text, i);
    const std::size_t begin = i;
    const bool stands_for_ascii = character.code < 0x80;
    may_be_taken = may_be_taken || (!character.is_sound && stands_for_ascii);
    if (!character.is_sound && (bad == BadUtf8::dropped || !stands_for_ascii)) {
      ++i;  // what goes on behind it is no character, either
      continue;
    }
    i += character.bytes;
    if (stands_for_ascii) {
      const bool is_control =
          (character.code < 0x20 && character.code != 0) || character.code == 0x7f;
      if (!is_control) made += static_cast<char>(character.code);
    } else if (const std::string_view ascii = ascii_of(character.code); !ascii.empty()) {
      made.append(ascii);
    } else if (const std::uint32_t small = small_letter(character.code); small != character.code) {
      append_utf8(made, small);
    } else if (!is_invisible(character.code)) {
      made.append(text, begin, character.bytes);
    }
  }
  text.swap(made);
  return may_be_taken;
}

// ---- Decoding

enum class Decoded { nothing, something, slash_in_parameter };

// "%u0061", as IIS reads it: the character's number behind "%u"; -1: none.
int wide_escape_at(std::string_view text, std::size_t at) {
  constexpr std::size_t kBytes = 6;
  if (text.size() - at < kBytes || lower(text[at + 1]) != 'u') return -1;
  int code = 0;
  for (std::size_t i = at + 2; i < at + kBytes; ++i) {
    const int digit = hex_value(text[i]);
    if (digit < 0) return -1;
    code = code * 16 + digit;
  }
  return code;
}

// One layer of escapes.
Decoded decode_layer(std::string& text) {
  Decoded decoded = Decoded::nothing;
  bool in_parameter = false;
  std::string made;
  made.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    char c = text[i];
    if (c == '/') in_parameter = false;
    if (c == ';') in_parameter = true;
    if (c == '%' && text.size() - i > 2) {
      const int high = hex_value(text[i + 1]);
      const int low = hex_value(text[i + 2]);
      const int wide = wide_escape_at(text, i);
      if (high >= 0 && low >= 0) {
        c = static_cast<char>(high << 4 | low);
        if (is_separator(c) && in_parameter) return Decoded::slash_in_parameter;
        decoded = Decoded::something;
        i += 2;
      } else if (wide >= 0) {
        if (wide < 0x80 && is_separator(static_cast<char>(wide)) && in_parameter) {
          return Decoded::slash_in_parameter;
        }
        append_utf8(made, static_cast<std::uint32_t>(wide));
        decoded = Decoded::something;
        i += 5;
        continue;
      }
    }
    made += c;
  }
  text.swap(made);
  return decoded;
}

// All of them. False when it is not clear what they stand for. `may_be_taken` is set where bytes
// that are no UTF-8 make a difference.
bool decode_all(std::string& text, BadUtf8 bad, bool& may_be_taken) {
  for (int layer = 0; layer <= kLayersMax; ++layer) {
    const Decoded decoded = decode_layer(text);
    if (decoded == Decoded::slash_in_parameter) return false;
    may_be_taken = make_ascii(text, bad) || may_be_taken;
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

// NTFS opens a file or a folder by the name of its own stream, too: "x::$DATA",
// "x:$I30:$INDEX_ALLOCATION".
std::string_view without_stream(std::string_view element) {
  const bool has_stream = element.find(":$") != std::string_view::npos;
  return has_stream ? element.substr(0, element.find(':')) : element;
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
    element = without_spaces(without_stream(element));
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

bool add_decoded(std::string_view decoded, DotDot dot_dot, std::vector<std::string>& readings) {
  Elements elements(dot_dot);
  if (!elements.add_all(decoded)) return false;
  elements.give(readings);
  return true;
}

bool add_readings(const std::string& path, BadUtf8 bad, DotDot dot_dot,
                  std::vector<std::string>& readings) {
  std::string decoded = path;
  bool may_be_taken = false;
  if (!decode_all(decoded, bad, may_be_taken)) return false;
  if (!add_decoded(decoded, dot_dot, readings)) return false;
  // Who decodes a path as if it were a form's field takes "+" for a space.
  if (decoded.find('+') != std::string::npos) {
    std::replace(decoded.begin(), decoded.end(), '+', ' ');
    if (!add_decoded(decoded, dot_dot, readings)) return false;
  }
  const bool is_all = bad == BadUtf8::dropped || !may_be_taken;
  return is_all || add_readings(path, BadUtf8::dropped, dot_dot, readings);
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
             c == '#' || c == '+' || c == '$';
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
    if (!add_readings(decoded, BadUtf8::taken, DotDot::refused, readings)) return std::nullopt;
    return readings;
  }
  std::string removed = decoded;
  if (!elements_are_clear(decoded) || !remove_dot_segments(removed)) return std::nullopt;
  const bool is_clear = add_readings(removed, BadUtf8::taken, DotDot::refused, readings) &&
                        add_readings(decoded, BadUtf8::taken, DotDot::kept, readings);
  if (!is_clear) return std::nullopt;
  return readings;
}

std::string generous_rule(std::string_view path) {
  std::vector<std::string> readings;
  if (!add_readings(std::string(path), BadUtf8::taken, DotDot::kept, readings)) {
    return std::string(path);
  }
  return readings.front();
}

std::string generous_rule_of_form(std::string_view path) {
  std::string spaced(path);
  std::replace(spaced.begin(), spaced.end(), '+', ' ');
  return generous_rule(spaced);
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
