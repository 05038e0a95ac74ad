#pragma once

#include <cstdint>

namespace proxy::session {

// What the process has of what it may have, in bytes. limit 0: nobody has said how much that is.
struct MemoryUse {
  std::uint64_t used = 0;
  std::uint64_t limit = 0;
};

// How much new work there is memory for, by what of it is used. Whoever is over the limit is killed
// by the kernel, with every client there is; so some are sent away before. Pure. Its states:
//
//   enough   everybody is served
//   little   what is under way goes on; new requests are answered 503, and come again later
//   none     nor are new clients let in: a handshake alone takes more than an answer gives back
//
// Each is left again only when a good part has been given back.
class MemoryWatermark {
 public:
  enum class Level : std::uint8_t { enough, little, none };

  // In hundredths of the limit. What is under way when the mark is reached may still grow by what
  // it holds for slow peers, and what is freed comes back late.
  static constexpr std::uint64_t kLittle = 90;
  static constexpr std::uint64_t kNone = 95;
  static constexpr std::uint64_t kBackBelow = 5;  // that much

  Level note(const MemoryUse& use) {
    if (use.limit == 0) return level_ = Level::enough;
    const std::uint64_t hundredth = use.limit / 100;
    const auto is_over = [&](std::uint64_t mark, Level level) {
      return use.used >= hundredth * (level_ >= level ? mark - kBackBelow : mark);
    };
    level_ = is_over(kNone, Level::none)       ? Level::none
             : is_over(kLittle, Level::little) ? Level::little
                                               : Level::enough;
    return level_;
  }

  Level level() const { return level_; }

 private:
  Level level_ = Level::enough;
};

}  // namespace proxy::session
