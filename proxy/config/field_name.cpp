#include "proxy/config/field_name.h"

#include <algorithm>
#include <array>

#include "proxy/config/limits.h"

namespace proxy::config {
namespace {

constexpr std::string_view kMarks = "!#$%&'*+-.^_`|~";

bool is_letter_or_digit(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

// CGI makes "_" of "-" (RFC 3875 §4.1.18), and some servers make it of every mark.
char folded(char c) {
  if (c >= 'A' && c <= 'Z') return static_cast<char>(c - 'A' + 'a');
  return is_letter_or_digit(c) ? c : '-';
}

bool begins_with(std::string_view name, std::string_view known) {
  return name.size() >= known.size() && std::equal(known.begin(), known.end(), name.begin(),
                                                   [](char k, char c) { return k == folded(c); });
}

}  // namespace

bool is_field_name(std::string_view name) {
  return !name.empty() && name.size() <= kFieldNameBytesMax &&
         std::all_of(name.begin(), name.end(), [](char c) {
           return is_letter_or_digit(c) || kMarks.find(c) != std::string_view::npos;
         });
}

bool is_field_text(std::string_view value) {
  return value.size() <= kTextBytesMax && std::all_of(value.begin(), value.end(), [](char c) {
           return (c >= ' ' && c <= '~') || c == '\t';
         });
}

bool may_be_shaped(std::string_view name) {
  // Hop by hop (RFC 9110 §7.6.1), framing, and what the proxy says of itself and of the client.
  constexpr std::array<std::string_view, 15> kOurs = {
      "connection", "content-length",    "date",       "expect",    "forwarded",
      "host",       "http2-settings",    "keep-alive", "proxy",     "te",
      "trailer",    "transfer-encoding", "upgrade",    "x-real-ip", "x-request-id",
  };
  constexpr std::array<std::string_view, 2> kFamilies = {"proxy-", "x-forwarded-"};
  if (!is_field_name(name)) return false;
  return std::none_of(kOurs.begin(), kOurs.end(),
                      [name](std::string_view known) {
                        return name.size() == known.size() && begins_with(name, known);
                      }) &&
         std::none_of(kFamilies.begin(), kFamilies.end(),
                      [name](std::string_view known) { return begins_with(name, known); });
}

bool may_be_said(std::string_view name) {
  constexpr std::string_view kFamily = "x-forwarded-";
  constexpr std::string_view kWho = "for";
  if (may_be_shaped(name)) return true;
  if (!is_field_name(name) || !begins_with(name, kFamily)) return false;
  const std::string_view rest = name.substr(kFamily.size());
  return !rest.empty() && !(rest.size() == kWho.size() && begins_with(rest, kWho));
}

}  // namespace proxy::config
