#include "proxy/http2/grpc.h"

#include <chrono>
#include <optional>
#include <string_view>

#include <gtest/gtest.h>

namespace proxy::http2 {
namespace {

using std::chrono::milliseconds;

std::optional<milliseconds> timeout_said(std::string_view value) {
  http::RequestHead head;
  head.fields.push_back({.name = "te", .value = "trailers"});
  head.fields.push_back({.name = "grpc-timeout", .value = value});
  return timeout_of(head);
}

TEST(GrpcTimeout, IsAsManyOfItsUnitsAsItsDigitsSay) {
  const struct {
    std::string_view text;
    milliseconds time;
  } rows[] = {
      {"0S", milliseconds(0)},
      {"1H", std::chrono::hours(1)},
      {"2M", std::chrono::minutes(2)},
      {"5S", std::chrono::seconds(5)},
      {"250m", milliseconds(250)},
      {"2000u", milliseconds(2)},
      {"2001u", milliseconds(3)},
      {"1u", milliseconds(1)},
      {"1000000n", milliseconds(1)},
      {"00000007S", std::chrono::seconds(7)},
      {"99999999H", std::chrono::hours(99'999'999)},
      {"99999999n", milliseconds(100)},
  };
  for (const auto& row : rows) EXPECT_EQ(timeout_said(row.text), row.time) << row.text;
}

TEST(GrpcTimeout, IsNoneThatIsNotDigitsAndAUnit) {
  for (const std::string_view text : {"", "S", "5", "5s", "5 S", " 5S", "5S ", "-5S", "+5S", "5.0S",
                                      "0x5S", "123456789S", "5SS", "m5", "5h"}) {
    EXPECT_EQ(timeout_said(text), std::nullopt) << text;
  }
  EXPECT_EQ(timeout_of(http::RequestHead()), std::nullopt);
}

}  // namespace
}  // namespace proxy::http2
