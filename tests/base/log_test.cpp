#include "base/log.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace base {
namespace {

constexpr WallTime kNoon{std::chrono::seconds{1'795'262'400}};

TEST(Log, AJsonLineIsOneObject) {
  EXPECT_EQ(json_log_line(kNoon, "info", "issuing certificate shop/www: order placed"),
            "{\"time\":\"2026-11-21T12:00:00.000000Z\",\"level\":\"info\","
            "\"message\":\"issuing certificate shop/www: order placed\"}\n");
}

TEST(Log, AMessageOfAnotherCannotBreakOutOfItsLine) {
  const std::string wild = std::string("\"},{\n\r\\\x01\x7f \xff\xc3(\0end", 18);
  const std::string line = json_log_line(kNoon, "warning", wild);
  EXPECT_EQ(line.find('\n'), line.size() - 1);
  const auto read = nlohmann::json::parse(line);
  EXPECT_EQ(read["level"], "warn");
  EXPECT_TRUE(read["message"].get<std::string>().starts_with("\"},{\n\r\\\x01"));
}

TEST(Log, SaysWhatIsAllowed) {
  const auto format = configure_log("xml", "info");
  ASSERT_FALSE(format);
  EXPECT_EQ(format.error().message, "the log format \"xml\" is unknown; there are text and json");
  const auto level = configure_log("text", "loud");
  ASSERT_FALSE(level);
  EXPECT_EQ(level.error().message,
            "the log level \"loud\" is unknown; there are debug, info, warn and error");
}

TEST(Log, WritesOnlyWhatIsLoudEnough) {
  testing::internal::CaptureStderr();
  ASSERT_TRUE(configure_log("json", "warn"));
  spdlog::info("quiet");
  spdlog::warn("loud");
  ASSERT_TRUE(configure_log("text", "info"));
  spdlog::info("as text");
  const std::string written = testing::internal::GetCapturedStderr();
  EXPECT_EQ(written.find("quiet"), std::string::npos);
  EXPECT_NE(written.find("\"level\":\"warn\",\"message\":\"loud\"}\n"), std::string::npos);
  EXPECT_NE(written.find("Z info as text\n"), std::string::npos);
}

}  // namespace
}  // namespace base
