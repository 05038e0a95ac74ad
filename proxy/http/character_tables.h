#pragma once

#include <array>
#include <cstdint>
#include <string_view>

// Which bytes may stand where. One table of bit sets, so that a loop over a token is one load and
// one test per byte.
namespace proxy::http {

enum CharacterClass : std::uint8_t {
  kToken = 1,       // tchar, RFC 9110 §5.6.2
  kFieldValue = 2,  // VCHAR, obs-text, SP, HTAB, RFC 9110 §5.5
  kTarget = 4,      // what we take in a request-target
  kRegName = 8,     // unreserved and sub-delims, RFC 3986 §3.2.2
  kHexDigit = 16,
  kPathForbidden = 32,
};

namespace detail {

constexpr bool contains(std::string_view set, unsigned byte) {
  return set.find(static_cast<char>(byte)) != std::string_view::npos;
}

constexpr std::array<std::uint8_t, 256> make_classes() {
  std::array<std::uint8_t, 256> classes{};
  for (unsigned c = 0; c < 256; ++c) {
    const bool alnum = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
    const bool visible = c > 0x20 && c < 0x7f;
    std::uint8_t set = 0;
    if (alnum || (visible && contains("!#$%&'*+-.^_`|~", c))) set |= kToken;
    if (visible || c == ' ' || c == '\t' || c >= 0x80) set |= kFieldValue;
    // RFC 3986 has fewer, but clients send all of these unescaped, UTF-8 too, and none of them can
    // end the target for anybody. "#" would: some servers take what follows for a fragment.
    if ((visible && c != '#') || c >= 0x80) set |= kTarget;
    // No "%": an escaped host would be one name for us and another for the endpoint.
    if (alnum || (visible && contains("-._~!$&'()*+,;=", c))) set |= kRegName;
    if ((c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F')) {
      set |= kHexDigit;
    }
    // Some servers take "\" for "/": it would be one path for us and another for them.
    if (c == '\\') set |= kPathForbidden;
    classes[c] = set;
  }
  return classes;
}

// Lower case, and each mark that a token may have as "-": CGI makes "_" of "-" (RFC 3875 §4.1.18),
// and some servers make it of every mark.
constexpr std::array<char, 256> make_folds() {
  std::array<char, 256> folds{};
  for (unsigned c = 0; c < 256; ++c) {
    const bool is_mark = c > 0x20 && c < 0x7f && contains("!#$%&'*+.^_`|~", c);
    folds[c] = static_cast<char>(c >= 'A' && c <= 'Z' ? c + 32 : is_mark ? '-' : c);
  }
  return folds;
}

}  // namespace detail

inline constexpr std::array<std::uint8_t, 256> kCharacterClasses = detail::make_classes();
inline constexpr std::array<char, 256> kFolded = detail::make_folds();

inline bool is_in_class(char c, std::uint8_t classes) {
  return (kCharacterClasses[static_cast<unsigned char>(c)] & classes) != 0;
}

inline bool all_in_class(std::string_view text, std::uint8_t classes) {
  for (const char c : text) {
    if (!is_in_class(c, classes)) return false;
  }
  return true;
}

inline char lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
}

}  // namespace proxy::http
