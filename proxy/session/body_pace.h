#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>

namespace proxy::session {

// Whether a request's body comes fast enough: a byte now and then would keep an endpoint's
// connection for as long as a client likes. It is judged by periods, and only by those in which it
// was the client who was awaited all the time. Pure.
class BodyPace {
 public:
  // As Apache's mod_reqtimeout asks for unless told otherwise: a tenth of what a modem of 1990
  // does.
  static constexpr std::uint64_t kLeastBytesPerSecond = 500;

  void begin_period() { bytes_ = 0; }
  void note(std::size_t bytes) { bytes_ += bytes; }
  // At the end of a period of this length.
  bool was_enough(std::chrono::milliseconds period) const {
    return bytes_ >= kLeastBytesPerSecond * static_cast<std::uint64_t>(period.count()) / 1000;
  }

 private:
  std::uint64_t bytes_ = 0;  // in this period
};

}  // namespace proxy::session
