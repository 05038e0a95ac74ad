#include "proxy/http/lower_case.h"

#include <string>

#include <gtest/gtest.h>

namespace proxy::http {
namespace {

TEST(WriteLower, ChangesCapitalsAndNothingElseWhateverTheirPlaceAndTheLength) {
  for (std::size_t size = 0; size <= 33; ++size) {
    for (int byte = 0; byte < 256; ++byte) {
      const std::string text(size, static_cast<char>(byte));
      std::string out(size, '?');
      write_lower(text, out.data());
      const bool is_capital = byte >= 'A' && byte <= 'Z';
      EXPECT_EQ(out, std::string(size, static_cast<char>(is_capital ? byte + 32 : byte))) << byte;
    }
  }
  std::string name = "X-Forwarded_FOR.\xc3\x84[Z]@";
  write_lower(name, name.data());
  EXPECT_EQ(name, "x-forwarded_for.\xc3\x84[z]@");
}

}  // namespace
}  // namespace proxy::http
