#include "tests/proxy/support/compressed.h"

#include <gtest/gtest.h>
#include <zlib.h>

namespace proxy::support {

std::string compressed(std::string_view text, Wrapping wrapping) {
  // zlib.h, of deflateInit2().
  constexpr int kMemory = 8;
  const int bits = wrapping == Wrapping::gzip   ? 16 + MAX_WBITS
                   : wrapping == Wrapping::zlib ? MAX_WBITS
                                                : -MAX_WBITS;
  z_stream stream{};
  EXPECT_EQ(
      deflateInit2(&stream, Z_BEST_COMPRESSION, Z_DEFLATED, bits, kMemory, Z_DEFAULT_STRATEGY),
      Z_OK);
  std::string out(deflateBound(&stream, static_cast<uLong>(text.size())), '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
  stream.avail_in = static_cast<uInt>(text.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  EXPECT_EQ(deflate(&stream, Z_FINISH), Z_STREAM_END);
  out.resize(out.size() - stream.avail_out);
  deflateEnd(&stream);
  return out;
}

}  // namespace proxy::support
