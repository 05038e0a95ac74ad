// The server's side of HTTP/2 without a socket, against libnghttp2's client side and against frames
// that no well-behaved client sends.
#include "proxy/http2/server_session.h"

#include <gtest/gtest.h>
#include <nghttp2/nghttp2.h>

namespace proxy::http2 {
namespace {

using std::chrono::milliseconds;

// Answers nothing.
class SilentStream final : public Stream {
 public:
  void on_head(RequestText&, bool) override {}
  void on_data(std::string_view, bool) override {}
  void on_body_sent() override {}
  void on_stream_closed() override {}
};

class Source final : public StreamSource {
 public:
  std::unique_ptr<Stream> make_stream() override {
    ++begun;
    auto stream = std::make_unique<SilentStream>();
    last = stream.get();
    return stream;
  }
  void recycle_stream(std::unique_ptr<Stream> stream) override {
    if (stream.get() == last) last = nullptr;
  }
  base::SteadyTime now() const override { return time; }

  int begun = 0;
  Stream* last = nullptr;
  base::SteadyTime time{milliseconds(1'000'000)};
};

std::string frame(std::uint8_t type, std::uint8_t flags, int stream, std::string_view payload) {
  std::string bytes;
  for (const int shift : {16, 8, 0}) bytes += static_cast<char>(payload.size() >> shift);
  bytes += static_cast<char>(type);
  bytes += static_cast<char>(flags);
  for (const int shift : {24, 16, 8, 0}) bytes += static_cast<char>(stream >> shift);
  return bytes.append(payload);
}

// GET http://a/ with indexed fields of HPACK's static table, and ":authority: a".
std::string get(int stream,
                std::uint8_t flags = NGHTTP2_FLAG_END_HEADERS | NGHTTP2_FLAG_END_STREAM) {
  return frame(NGHTTP2_HEADERS, flags, stream, "\x82\x86\x84\x01\x01\x61");
}
std::string reset(int stream) {
  return frame(NGHTTP2_RST_STREAM, 0, stream, {"\0\0\0\x08", 4});
}
// Makes the server's window for the stream larger than there are numbers: RFC 9113 §6.9.1 asks for
// a reset of the stream.
std::string overflow(int stream) {
  return frame(NGHTTP2_WINDOW_UPDATE, 0, stream, "\x7f\xff\xff\xff");
}

class ResetLimit : public ::testing::Test {
 protected:
  ResetLimit() {
    limits.resets_burst = 10;
    limits.resets_per_second = 5;
    session = ServerSession::create(limits, source);
    turn(std::string(NGHTTP2_CLIENT_MAGIC) + frame(NGHTTP2_SETTINGS, 0, 0, ""));
  }

  // False: the session is over.
  bool turn(const std::string& bytes) {
    const bool received = session->receive(bytes);
    out.clear();
    const bool sent = session->send(out, 1 << 20);
    return received && sent && !session->is_over();
  }

  // How many of these streams the session bears.
  template <class Abuse>
  int count_until_over(Abuse abuse) {
    for (int count = 0; count < 1'000; ++count, next_stream += 2) {
      if (!turn(abuse(next_stream))) return count;
    }
    return 1'000;
  }

  Limits limits;
  Source source;
  std::unique_ptr<ServerSession> session;
  std::string out;
  int next_stream = 1;
};

TEST_F(ResetLimit, HoldsForResetsByTheClient) {
  EXPECT_EQ(count_until_over([](int id) { return get(id) + reset(id); }), 10);
  EXPECT_TRUE(session->had_too_many_resets());
}

TEST_F(ResetLimit, HoldsForResetsThatTheServerIsMadeToSend) {
  EXPECT_EQ(count_until_over([](int id) { return get(id) + overflow(id); }), 10);
  EXPECT_TRUE(session->had_too_many_resets());
  // The last words are GOAWAY, with ENHANCE_YOUR_CALM.
  EXPECT_NE(out.find(std::string("\0\0\0\x0b", 4)), std::string::npos);
}

TEST_F(ResetLimit, IsOneForBothKinds) {
  EXPECT_EQ(
      count_until_over([](int id) { return get(id) + (id % 4 == 1 ? reset(id) : overflow(id)); }),
      10);
}

TEST_F(ResetLimit, ComesBackWithTime) {
  int count = 0;
  for (; count < 100; ++count, next_stream += 2) {
    source.time += milliseconds(200);
    ASSERT_TRUE(turn(get(next_stream) + overflow(next_stream))) << count;
  }
  source.time += std::chrono::hours(1);
  EXPECT_EQ(count_until_over([](int id) { return get(id) + reset(id); }), 10);
}

TEST_F(ResetLimit, ManyInOneReadBeginNoMoreThanTheyMay) {
  std::string flood;
  for (int i = 0; i < 100; ++i, next_stream += 2) flood += get(next_stream) + reset(next_stream);
  EXPECT_FALSE(turn(flood));
  EXPECT_LE(source.begun, 11);
}

TEST_F(ResetLimit, IsNotForResetsOfOurOwn) {
  for (int i = 0; i < 100; ++i, next_stream += 2) {
    ASSERT_TRUE(session->receive(get(next_stream, NGHTTP2_FLAG_END_HEADERS)));
    session->reset(*source.last,
                   i % 2 == 0 ? ServerSession::Why::internal_error : ServerSession::Why::cancel);
    ASSERT_TRUE(turn("")) << i;
  }
}

TEST_F(ResetLimit, IsNotForAnAnswerBeforeTheEndOfTheRequest) {
  for (int i = 0; i < 100; ++i, next_stream += 2) {
    ASSERT_TRUE(session->receive(get(next_stream, NGHTTP2_FLAG_END_HEADERS)));
    std::string status = ":status", code = "413";
    session->respond(*source.last,
                     {{reinterpret_cast<std::uint8_t*>(status.data()),
                       reinterpret_cast<std::uint8_t*>(code.data()), status.size(), code.size(),
                       NGHTTP2_NV_FLAG_NONE}},
                     false);
    ASSERT_TRUE(turn("")) << i;
  }
}

}  // namespace
}  // namespace proxy::http2
