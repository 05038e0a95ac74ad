#include "base/hkdf.h"

#include <gtest/gtest.h>

#include "base/digest.h"

namespace base {
namespace {

std::string run_of(unsigned from, unsigned to) {
  std::string bytes;
  for (unsigned byte = from; byte <= to; ++byte) bytes += static_cast<char>(byte);
  return bytes;
}

TEST(Hkdf, GivesTheBytesOfRfc5869AppendixA1) {
  const std::string derived =
      hkdf_sha256(std::string(22, '\x0b'), run_of(0x00, 0x0c), run_of(0xf0, 0xf9), 42);
  EXPECT_EQ(
      hex_pairs(derived),
      "3c:b2:5f:25:fa:ac:d5:7a:90:43:4f:64:d0:36:2f:2a:2d:2d:0a:90:cf:1a:5a:4c:5d:b0:2d:56:ec:"
      "c4:c5:bf:34:00:72:08:d5:b8:87:18:58:65");
}

}  // namespace
}  // namespace base
