#include "acme/text.h"

#include <algorithm>

#include "base/ascii_text.h"
#include "base/utf8.h"

namespace acme {
namespace {

constexpr std::string_view kCut = "...";

// C1 controls, line and paragraph separators, and the bidirectional overrides that make a text read
// otherwise than it is.
bool is_deceptive(std::string_view character) {
  if (character.size() == 2 && character[0] == '\xC2') {
    return static_cast<unsigned char>(character[1]) < 0xA0;
  }
  if (character.size() != 3 || character[0] != '\xE2') return false;
  const auto second = static_cast<unsigned char>(character[1]);
  const auto third = static_cast<unsigned char>(character[2]);
  if (second == 0x80) return third == 0x8E || third == 0x8F || (third >= 0xA8 && third <= 0xAE);
  return second == 0x81 && third >= 0xA6 && third <= 0xA9;
}

void append_space(std::string& out) {
  if (!out.empty() && out.back() != ' ') out += ' ';
}

}  // namespace

std::string one_line(std::string_view text, std::size_t bytes_max) {
  std::string out;
  while (!text.empty()) {
    const std::size_t length = base::utf8_character_bytes(text);
    const std::string_view character = text.substr(0, std::max<std::size_t>(length, 1));
    if (out.size() + character.size() > bytes_max) {
      if (bytes_max < kCut.size()) return out;
      while (out.size() + kCut.size() > bytes_max) {
        while (!out.empty() && (static_cast<unsigned char>(out.back()) & 0xC0) == 0x80) {
          out.pop_back();
        }
        if (!out.empty()) out.pop_back();
      }
      return out.append(kCut);
    }
    text.remove_prefix(character.size());
    if (length == 0) {
      out += '?';
    } else if (length == 1 &&
               (character[0] == ' ' || (character[0] >= '\t' && character[0] <= '\r'))) {
      append_space(out);
    } else if (length == 1 && (character[0] < ' ' || character[0] == 0x7F)) {
      continue;
    } else if (!is_deceptive(character)) {
      out += character;
    }
  }
  while (!out.empty() && out.back() == ' ') out.pop_back();
  return out;
}

std::string ascii_excerpt(std::string_view bytes, std::size_t bytes_max) {
  // More than is shown, so that a cut is seen as one.
  std::string ascii(bytes.substr(0, 4 * bytes_max));
  std::replace_if(
      ascii.begin(), ascii.end(), [](char c) { return static_cast<unsigned char>(c) >= 0x80; },
      '?');
  return one_line(ascii, bytes_max);
}

std::string media_type_of(std::string_view content_type) {
  return base::in_lower_case(base::trimmed(content_type.substr(0, content_type.find(';'))));
}

}  // namespace acme
