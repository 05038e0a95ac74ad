#pragma once

#include <ctime>
#include <string>
#include <string_view>

#include "proxy/net/loop.h"

namespace proxy::session {

// The Date of one worker's responses, made once a second. That worker's thread only.
class DateText {
 public:
  explicit DateText(const net::Loop& loop) : loop_(loop) {}

  // As an IMF-fixdate (RFC 9110 §5.6.7); valid until the next call.
  std::string_view now();

 private:
  const net::Loop& loop_;
  std::string text_;
  std::time_t second_ = 0;  // that text_ is of
};

}  // namespace proxy::session
