#pragma once

#include <memory>
#include <mutex>
#include <string>

#include <spdlog/sinks/base_sink.h>
#include <spdlog/spdlog.h>

namespace support {

// What is logged while it lives, one message per line, instead of on the screen. Begin and end it
// while no other thread logs; text() may be asked at any time.
class CapturedLog {
 public:
  CapturedLog() : before_(spdlog::default_logger()) {
    auto logger = std::make_shared<spdlog::logger>("", sink_);
    spdlog::set_default_logger(std::move(logger));
  }
  ~CapturedLog() { spdlog::set_default_logger(before_); }
  CapturedLog(const CapturedLog&) = delete;
  CapturedLog& operator=(const CapturedLog&) = delete;

  std::string text() const { return sink_->text(); }

 private:
  struct Sink final : spdlog::sinks::base_sink<std::mutex> {
    std::string text() {
      const std::lock_guard lock(mutex_);
      return text_;
    }
    void sink_it_(const spdlog::details::log_msg& message) override {
      text_.append(message.payload.data(), message.payload.size()).push_back('\n');
    }
    void flush_() override {}
    std::string text_;
  };

  std::shared_ptr<spdlog::logger> before_;
  std::shared_ptr<Sink> sink_ = std::make_shared<Sink>();
};

}  // namespace support
