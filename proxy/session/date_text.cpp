#include "proxy/session/date_text.h"

#include <array>
#include <chrono>

namespace proxy::session {

std::string_view DateText::now() {
  const std::time_t second = std::chrono::system_clock::to_time_t(loop_.wall_now());
  if (second != second_ || text_.empty()) {
    std::tm parts{};
    ::gmtime_r(&second, &parts);
    std::array<char, 32> text{};
    text_.assign(text.data(),
                 std::strftime(text.data(), text.size(), "%a, %d %b %Y %H:%M:%S GMT", &parts));
    second_ = second;
  }
  return text_;
}

}  // namespace proxy::session
