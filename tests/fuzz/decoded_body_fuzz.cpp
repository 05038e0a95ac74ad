#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "proxy/firewall/decoded_body.h"

// A body that an endpoint says is compressed, behind a byte that says how and one for how much is
// wanted of it, in KiB: whatever comes, there is no more than that, and of half of what is wanted
// the beginning is the same.
namespace {

using proxy::http::ContentCoding;

void require(bool holds) {
  if (!holds) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) return 0;
  const ContentCoding coding = data[0] % 2 == 0 ? ContentCoding::gzip : ContentCoding::deflate;
  const std::size_t bytes_max = std::size_t{data[1]} << 10;
  const std::string_view coded(reinterpret_cast<const char*>(data) + 2, size - 2);
  const auto decoded = proxy::firewall::decode_body(coded, coding, bytes_max);
  if (!decoded) return 0;
  require(decoded->bytes.size() <= bytes_max);
  require(decoded->is_whole || decoded->bytes.size() == bytes_max);
  const auto half = proxy::firewall::decode_body(coded, coding, bytes_max / 2);
  require(half.has_value());
  require(decoded->bytes.starts_with(half->bytes));
  return 0;
}
