#include "base/base64url.h"

#include <array>
#include <cstdint>

namespace base {
namespace {

constexpr std::string_view kStandard =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
constexpr std::string_view kUrlSafe =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

constexpr std::uint8_t kNoDigit = 0xff;

constexpr std::array<std::uint8_t, 256> digits_of(std::string_view alphabet) {
  std::array<std::uint8_t, 256> digits{};
  digits.fill(kNoDigit);
  for (std::size_t i = 0; i < alphabet.size(); ++i) {
    digits[static_cast<unsigned char>(alphabet[i])] = static_cast<std::uint8_t>(i);
  }
  return digits;
}

std::string encode(std::string_view bytes, std::string_view alphabet) {
  std::string text;
  text.reserve((bytes.size() + 2) / 3 * 4);
  std::uint32_t pending = 0;
  int pending_bits = 0;
  for (const char c : bytes) {
    pending = pending << 8 | static_cast<unsigned char>(c);
    pending_bits += 8;
    while (pending_bits >= 6) {
      pending_bits -= 6;
      text += alphabet[pending >> pending_bits & 0x3f];
    }
  }
  if (pending_bits > 0) text += alphabet[pending << (6 - pending_bits) & 0x3f];
  return text;
}

// Digits only, no padding.
std::optional<std::string> decode(std::string_view text,
                                  const std::array<std::uint8_t, 256>& digits) {
  if (text.size() % 4 == 1) return std::nullopt;
  const std::size_t groups = text.size() / 4;
  const std::size_t left = text.size() % 4;
  std::string bytes(groups * 3 + (left == 0 ? 0 : left - 1), '\0');
  const auto digit_at = [&](std::size_t i) -> std::uint32_t {
    return digits[static_cast<unsigned char>(text[i])];
  };
  // Certificates are kilobytes of this, so the groups are not built up digit by digit.
  std::size_t out = 0;
  for (std::size_t i = 0; i < groups * 4; i += 4) {
    const std::uint32_t a = digit_at(i), b = digit_at(i + 1), c = digit_at(i + 2),
                        d = digit_at(i + 3);
    if ((a | b | c | d) > 63) return std::nullopt;
    const std::uint32_t group = a << 18 | b << 12 | c << 6 | d;
    bytes[out++] = static_cast<char>(group >> 16 & 0xff);
    bytes[out++] = static_cast<char>(group >> 8 & 0xff);
    bytes[out++] = static_cast<char>(group & 0xff);
  }
  if (left == 0) return bytes;
  std::uint32_t pending = 0;
  for (std::size_t i = groups * 4; i < text.size(); ++i) {
    const std::uint32_t digit = digit_at(i);
    if (digit == kNoDigit) return std::nullopt;
    pending = pending << 6 | digit;
  }
  // Left-over bits that are not zero would give one value two spellings (RFC 4648 §3.5).
  const unsigned spare_bits = left == 2 ? 4 : 2;
  if ((pending & ((1u << spare_bits) - 1)) != 0) return std::nullopt;
  pending >>= spare_bits;
  if (left == 3) bytes[out++] = static_cast<char>(pending >> 8 & 0xff);
  bytes[out] = static_cast<char>(pending & 0xff);
  return bytes;
}

}  // namespace

std::string base64url_encode(std::string_view bytes) {
  return encode(bytes, kUrlSafe);
}

std::optional<std::string> base64url_decode(std::string_view text) {
  static constexpr auto digits = digits_of(kUrlSafe);
  return decode(text, digits);
}

std::string base64_encode(std::string_view bytes) {
  std::string text = encode(bytes, kStandard);
  while (text.size() % 4 != 0) text += '=';
  return text;
}

std::optional<std::string> base64_decode(std::string_view text) {
  static constexpr auto digits = digits_of(kStandard);
  std::string joined;
  if (text.find_first_of("\r\n") != std::string_view::npos) {
    joined.reserve(text.size());
    for (const char c : text) {
      if (c != '\n' && c != '\r') joined += c;
    }
    text = joined;
  }
  if (text.size() % 4 != 0) return std::nullopt;
  for (int padding = 0; padding < 2 && text.ends_with('='); ++padding) text.remove_suffix(1);
  return decode(text, digits);
}

}  // namespace base
