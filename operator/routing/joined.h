#pragma once

#include <cstddef>
#include <string>
#include <vector>

namespace routing {

// "a, b, c" for a message; the first five, and how many more there are.
inline std::string joined(const std::vector<std::string>& texts) {
  constexpr std::size_t kShownMax = 5;
  std::string text;
  for (std::size_t i = 0; i < texts.size() && i < kShownMax; ++i) {
    text += (i ? ", " : "") + texts[i];
  }
  if (texts.size() <= kShownMax) return text;
  return text + " and " + std::to_string(texts.size() - kShownMax) + " more";
}

}  // namespace routing
