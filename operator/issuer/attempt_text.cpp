#include "operator/issuer/attempt_text.h"

#include <chrono>

#include "base/time_text.h"

namespace issuer {

namespace {

constexpr const char* kTryingAgain = "; trying again at ";
constexpr const char* kRemedy = "; remedy: ";

}  // namespace

std::string clock_text(base::WallTime time, base::WallTime now) {
  const std::string text = base::to_rfc3339(time);  // 2026-11-21T12:40:00Z
  std::string clock = text.substr(11, 8) + " UTC";
  if (time - now < std::chrono::hours(24)) return clock;
  return text.substr(0, 10) + " " + clock;
}

std::string failure_text(std::string_view what, base::WallTime next_attempt,
                         std::string_view remedy, base::WallTime now) {
  while (!what.empty() && (what.back() == '.' || what.back() == ' ')) what.remove_suffix(1);
  std::string text(what);
  text += kTryingAgain + clock_text(next_attempt, now);
  if (!remedy.empty()) text.append(kRemedy).append(remedy);
  return text;
}

std::string without_time(std::string_view failure_text) {
  const std::size_t time = failure_text.find(kTryingAgain);
  if (time == std::string_view::npos) return std::string(failure_text);
  const std::size_t remedy = failure_text.find(kRemedy, time);
  std::string text(failure_text.substr(0, time));
  if (remedy != std::string_view::npos) text += failure_text.substr(remedy);
  return text;
}

}  // namespace issuer
