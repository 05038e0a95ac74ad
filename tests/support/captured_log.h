#pragma once

#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include <spdlog/sinks/base_sink.h>
#include <spdlog/spdlog.h>

namespace support {

// What is logged while it lives, one message per line, instead of on the screen. It may begin, end
// and be asked while other threads log: spdlog's default logger must not be replaced under them, so
// one that can be diverted takes its place before main(). One at a time.
class CapturedLog {
 public:
  CapturedLog() { Diversion::get().begin(); }
  ~CapturedLog() { Diversion::get().end(); }
  CapturedLog(const CapturedLog&) = delete;
  CapturedLog& operator=(const CapturedLog&) = delete;

  std::string text() const { return Diversion::get().text(); }

 private:
  class Diversion final : public spdlog::sinks::base_sink<std::mutex> {
   public:
    static Diversion& get() {
      static const std::shared_ptr<Diversion> it = take_its_place();
      return *it;
    }

    void begin() {
      const std::lock_guard lock(mutex_);
      is_captured_ = true;
      text_.clear();
    }
    void end() {
      const std::lock_guard lock(mutex_);
      is_captured_ = false;
    }
    std::string text() {
      const std::lock_guard lock(mutex_);
      return text_;
    }

   private:
    static std::shared_ptr<Diversion> take_its_place() {
      auto diversion = std::make_shared<Diversion>();
      diversion->screen_ = spdlog::default_logger()->sinks();
      spdlog::set_default_logger(std::make_shared<spdlog::logger>("", diversion));
      return diversion;
    }
    void sink_it_(const spdlog::details::log_msg& message) override {
      if (!is_captured_) {
        for (const auto& before : screen_) before->log(message);
        return;
      }
      text_.append(message.payload.data(), message.payload.size()).push_back('\n');
    }
    void flush_() override {}

    std::vector<spdlog::sink_ptr> screen_;
    bool is_captured_ = false;
    std::string text_;
  };

  static inline Diversion& before_main_ = Diversion::get();
};

}  // namespace support
