#include "proxy/firewall/decoded_body.h"

#include <algorithm>

#include <zlib.h>

namespace proxy::firewall {
namespace {

// What is made room for at a time: most pages are less.
constexpr std::size_t kStepBytes = 64u << 10;
// Members of a gzip body. Each costs something, though there be nothing in it; who compresses in
// blocks makes some hundred of what is inspected at most.
constexpr std::size_t kMembersMax = 1'000;
// zlib.h, of inflateInit2(): the window's bits, with 16 more for gzip, negative without wrapping.
constexpr int kZlib = MAX_WBITS;
constexpr int kGzip = 16 + MAX_WBITS;
constexpr int kRaw = -MAX_WBITS;

// RFC 1950 §2.2: the method, and a check of the first two bytes.
bool has_zlib_header(std::string_view coded) {
  if (coded.size() < 2) return true;
  const unsigned first = static_cast<unsigned char>(coded[0]);
  const unsigned second = static_cast<unsigned char>(coded[1]);
  constexpr unsigned kDeflate = 8;
  return (first & 0x0f) == kDeflate && (first * 256 + second) % 31 == 0;
}

class Inflater {
 public:
  explicit Inflater(int window_bits) : is_ready_(inflateInit2(&stream_, window_bits) == Z_OK) {}
  ~Inflater() {
    if (is_ready_) inflateEnd(&stream_);
  }
  Inflater(const Inflater&) = delete;
  Inflater& operator=(const Inflater&) = delete;

  enum class End { of_input, of_member, of_room, broken };
  // Adds to `text` until it is of this size, and takes from `coded` what that took.
  End add(std::string_view& coded, std::string& text, std::size_t bytes_max) {
    if (!is_ready_) return End::broken;
    // It is only read.
    stream_.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(coded.data()));
    stream_.avail_in = static_cast<uInt>(coded.size());
    while (text.size() < bytes_max) {
      const std::size_t before = text.size();
      text.resize(before + std::min(kStepBytes, bytes_max - before));
      stream_.next_out = reinterpret_cast<Bytef*>(text.data() + before);
      stream_.avail_out = static_cast<uInt>(text.size() - before);
      const int result = ::inflate(&stream_, Z_NO_FLUSH);
      text.resize(text.size() - stream_.avail_out);
      coded.remove_prefix(coded.size() - stream_.avail_in);
      if (result == Z_STREAM_END) return End::of_member;
      if (result == Z_BUF_ERROR) return End::of_input;  // there was nothing to read
      if (result != Z_OK) return End::broken;
    }
    return End::of_room;
  }
  bool begin_member() { return inflateReset(&stream_) == Z_OK; }

 private:
  z_stream stream_{};
  bool is_ready_;
};

int window_bits_of(http::ContentCoding coding, std::string_view coded) {
  if (coding == http::ContentCoding::gzip) return kGzip;
  return has_zlib_header(coded) ? kZlib : kRaw;
}

}  // namespace

std::optional<DecodedBody> decode_body(std::string_view coded, http::ContentCoding coding,
                                       std::size_t bytes_max) {
  const bool is_gzip = coding == http::ContentCoding::gzip;
  if (!is_gzip && coding != http::ContentCoding::deflate) return std::nullopt;
  DecodedBody decoded;
  Inflater inflater(window_bits_of(coding, coded));
  for (std::size_t members = 0; members < kMembersMax; ++members) {
    // One byte more says that there is more.
    const Inflater::End end = inflater.add(coded, decoded.bytes, bytes_max + 1);
    if (end == Inflater::End::broken) return std::nullopt;
    if (decoded.bytes.size() > bytes_max) {
      decoded.bytes.resize(bytes_max);
      decoded.is_whole = false;
      return decoded;
    }
    if (end == Inflater::End::of_input || coded.empty()) return decoded;
    if (!is_gzip || !inflater.begin_member()) return std::nullopt;
  }
  return std::nullopt;
}

}  // namespace proxy::firewall
