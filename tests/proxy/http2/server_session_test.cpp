// The server's side of HTTP/2 without a socket, against libnghttp2's client side and against frames
// that no well-behaved client sends.
#include "proxy/http2/server_session.h"

#include <algorithm>
#include <functional>
#include <tuple>

#include <gtest/gtest.h>
#include <nghttp2/nghttp2.h>

#include "tests/proxy/http2/frames.h"

namespace proxy::http2 {
namespace {

using std::chrono::milliseconds;

class Source;

// Answers nothing by itself; what happens to it is told to its source.
class SilentStream final : public Stream {
 public:
  explicit SilentStream(Source& source) : source_(source) {}
  void on_head(RequestText& text, bool) override;
  void on_fields_too_large(RequestText& text) override;
  void on_data(std::string_view data, bool) override;
  void on_sent() override;
  void on_stream_closed(std::string_view refusal) override;

 private:
  Source& source_;
};

class Source final : public StreamSource {
 public:
  std::unique_ptr<Stream> make_stream() override {
    ++begun;
    auto stream = std::make_unique<SilentStream>(*this);
    last = stream.get();
    return stream;
  }
  void recycle_stream(std::unique_ptr<Stream> stream) override {
    if (stream.get() == last) last = nullptr;
  }
  base::SteadyTime now() const override { return time; }
  bool may_widen(std::size_t bytes) override {
    if (bytes > wider) return false;
    wider -= bytes;
    return true;
  }

  std::size_t wider = 0;             // so much a window may still be
  ServerSession* session = nullptr;  // where fields that are too large are answered
  int begun = 0;
  int too_large = 0;
  int sent = 0;
  std::size_t data = 0;
  int pieces = 0;
  bool could_pass_body = false;  // of a response, when a part of its request was told
  std::vector<std::string> heads;
  std::vector<std::string> refusals;
  Stream* last = nullptr;
  base::SteadyTime time{milliseconds(1'000'000)};
};

// ":status: NUMBER", which must live as long as it is used.
class Status {
 public:
  explicit Status(std::string number) : number_(std::move(number)) {
    fields_ = {{bytes(name_), bytes(number_), name_.size(), number_.size(), NGHTTP2_NV_FLAG_NONE}};
  }
  const std::vector<nghttp2_nv>& fields() const { return fields_; }

 private:
  static std::uint8_t* bytes(std::string& text) {
    return reinterpret_cast<std::uint8_t*>(text.data());
  }
  std::string name_ = ":status", number_;
  std::vector<nghttp2_nv> fields_;
};

void SilentStream::on_head(RequestText& text, bool) {
  source_.heads.emplace_back(text.finish());
}

void SilentStream::on_fields_too_large(RequestText&) {
  ++source_.too_large;
  if (source_.session != nullptr) source_.session->respond(*this, Status("431").fields(), false);
}

void SilentStream::on_data(std::string_view data, bool) {
  source_.could_pass_body = source_.session != nullptr && source_.session->may_pass_body(*this);
  source_.data += data.size();
  ++source_.pieces;
}

void SilentStream::on_sent() {
  ++source_.sent;
}

void SilentStream::on_stream_closed(std::string_view refusal) {
  source_.refusals.emplace_back(refusal);
}

// Makes the server's window for the stream larger than there are numbers: RFC 9113 §6.9.1 asks for
// a reset of the stream.
std::string overflow(int stream) {
  return window_update(stream, 0x7fff'ffff);
}

class ResetLimit : public ::testing::Test {
 protected:
  ResetLimit() {
    limits.resets_burst = 10;
    limits.resets_per_second = 5;
    session = ServerSession::create(limits, source);
    turn(preface());
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
  EXPECT_STREQ(session->ended_for(), "http2_reset_flood");
}

TEST_F(ResetLimit, HoldsForResetsThatTheServerIsMadeToSend) {
  EXPECT_EQ(count_until_over([](int id) { return get(id) + overflow(id); }), 10);
  EXPECT_STREQ(session->ended_for(), "http2_reset_flood");
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
    session->respond(*source.last, Status("413").fields(), false);
    ASSERT_TRUE(turn("")) << i;
  }
}

// ":status: 200" and so many KiB of fields.
const std::vector<nghttp2_nv>& large_head(std::size_t kibibytes) {
  static Status status("200");
  static std::string name = "x";
  static std::string value(1'000, 'v');
  static std::vector<nghttp2_nv> fields;
  fields.assign(kibibytes, {reinterpret_cast<std::uint8_t*>(name.data()),
                            reinterpret_cast<std::uint8_t*>(value.data()), name.size(),
                            value.size(), NGHTTP2_NV_FLAG_NO_INDEX});
  fields.insert(fields.begin(), status.fields().front());
  return fields;
}

// A session whose client says what no library would.
class Session : public ::testing::Test {
 protected:
  explicit Session(const Limits& limits = {}) { begin(limits); }

  void begin(const Limits& limits = {}) {
    session = ServerSession::create(limits, source);
    source.session = session.get();
    turn(preface());
  }

  // False: the session is over.
  bool turn(const std::string& bytes) {
    const bool received = session->receive(bytes);
    out.clear();
    const bool sent = session->send(out, 1 << 20);
    session->tell_sent();
    return received && sent && !session->is_over();
  }

  int frames(std::uint8_t type) const {
    int count = 0;
    for_each_frame(out, [&](std::uint8_t seen, std::uint8_t, int, std::string_view) {
      count += seen == type ? 1 : 0;
    });
    return count;
  }
  // Of the first frame of that type.
  std::uint32_t error(std::uint8_t type) const {
    std::uint32_t code = UINT32_MAX;
    for_each_frame(out, [&](std::uint8_t seen, std::uint8_t, int, std::string_view payload) {
      if (seen != type || code != UINT32_MAX) return;
      const std::string_view number = payload.substr(type == NGHTTP2_GOAWAY ? 4 : 0, 4);
      code = 0;
      for (const char c : number) code = code << 8 | static_cast<std::uint8_t>(c);
    });
    return code;
  }

  Source source;
  std::unique_ptr<ServerSession> session;
  std::string out;
};

// ---- Fields (RFC 9113 §10.5.1)

// A crumb of 4,000 bytes goes into the table (RFC 7541 §6.2.1); each further byte means it again.
std::string crumbs(std::size_t count) {
  std::string block(kGetFields);
  block += std::string("\x60\x7f\xa1\x1e", 4) + std::string(4'000, 'x');
  return block.append(count, '\xbe');
}

TEST_F(Session, FieldsThatGrowWithoutEndAreAnsweredAndResetAndKeptNoFurther) {
  // 100 KB on the wire are 400 MB of fields.
  ASSERT_TRUE(turn(headers(1, crumbs(100'000), kWholeRequest)));
  EXPECT_EQ(source.too_large, 1);
  EXPECT_EQ(frames(NGHTTP2_HEADERS), 1);
  EXPECT_EQ(session->stream_count(), 0u);
  EXPECT_TRUE(source.heads.empty());
  // In a record of its own, so that the answer is seen.
  EXPECT_EQ(frames(NGHTTP2_RST_STREAM), 0);
  EXPECT_TRUE(session->wants_to_send());
  ASSERT_TRUE(turn(""));
  EXPECT_EQ(error(NGHTTP2_RST_STREAM), static_cast<std::uint32_t>(NGHTTP2_NO_ERROR));
  EXPECT_FALSE(session->wants_to_send());
  // The compression's state was kept: 0xbe is the same field as before, and one is not too many.
  ASSERT_TRUE(turn(headers(3, std::string(kGetFields) + "\xbe", kWholeRequest)));
  ASSERT_EQ(source.heads.size(), 1u);
  EXPECT_NE(source.heads[0].find("cookie: " + std::string(4'000, 'x')), std::string::npos);
}

TEST_F(Session, FieldsALittleAboveTheLimitAreAnsweredWithoutAReset) {
  ASSERT_TRUE(turn(headers(1, crumbs(10), kWholeRequest)));
  EXPECT_EQ(source.too_large, 1);
  EXPECT_EQ(frames(NGHTTP2_HEADERS), 1);
  EXPECT_EQ(frames(NGHTTP2_RST_STREAM), 0);
  EXPECT_EQ(session->stream_count(), 0u);
  EXPECT_TRUE(source.heads.empty());
}

TEST_F(Session, ManySmallFieldsAreTooManyFields) {
  std::string block(kGetFields);
  for (int i = 0; i < 500; ++i) block += field("a", "b");
  ASSERT_TRUE(turn(headers(1, block, kWholeRequest)));
  EXPECT_EQ(source.too_large, 1);
}

TEST_F(Session, ATrailerCountsWithTheHead) {
  std::string block(kGetFields);
  for (int i = 0; i < 200; ++i) block += field("name", std::string(100, 'v'));
  ASSERT_TRUE(turn(headers(1, block, 0)));
  ASSERT_EQ(source.heads.size(), 1u);
  ASSERT_TRUE(turn(headers(1, block.substr(kGetFields.size()), kWholeRequest)));
  EXPECT_EQ(source.too_large, 1);
}

TEST_F(Session, HeadsThatAreFarTooLargeAreBoundedAsResetsAre) {
  int count = 0;
  while (count < 1'000 && turn(headers(2 * count + 1, crumbs(200), kWholeRequest))) ++count;
  EXPECT_EQ(count, 200);
  EXPECT_STREQ(session->ended_for(), "http2_reset_flood");
}

TEST_F(Session, OfFieldsThatAreFarTooLargeNothingMoreIsLookedAtWithinTheirFrame) {
  // A kibibyte on the wire is 4 MB of fields.
  const auto received = session->receive(headers(1, crumbs(1'000), kWholeRequest), SIZE_MAX);
  EXPECT_TRUE(received.is_sound);
  EXPECT_LT(received.work, 300u);
  ASSERT_TRUE(turn(""));
  EXPECT_EQ(source.too_large, 1);
  EXPECT_EQ(session->stream_count(), 0u);
}

TEST_F(Session, FieldsThatEndWhereTheyAreFarTooLargeAreFollowedByTheNextRequest) {
  for (const std::size_t count : {31, 32, 33, 34}) {
    SCOPED_TRACE(count);
    const int first = static_cast<int>(count - 31) * 4 + 1;
    ASSERT_TRUE(turn(headers(first, crumbs(count), kWholeRequest) + get(first + 2)));
  }
  EXPECT_EQ(source.too_large, 4);
  EXPECT_EQ(source.heads.size(), 4u);
}

// ---- Frames that bring nothing

struct Nothing {
  const char* what;
  std::string bytes;
};

class IdleFrames : public Session, public ::testing::WithParamInterface<Nothing> {
 protected:
  static Limits few() {
    Limits limits;
    limits.idle_frames_burst = 50;
    limits.idle_frames_per_second = 10;
    limits.concurrent_streams_max = 1;
    return limits;
  }
  IdleFrames() : Session(few()) { turn(get(1, NGHTTP2_FLAG_END_HEADERS)); }
};

TEST_P(IdleFrames, HaveABudget) {
  std::string flood;
  for (int i = 0; i < 200; ++i) flood += GetParam().bytes;
  EXPECT_FALSE(turn(flood));
  EXPECT_STREQ(session->ended_for(), "http2_frame_flood");
  EXPECT_EQ(error(NGHTTP2_GOAWAY), static_cast<std::uint32_t>(NGHTTP2_ENHANCE_YOUR_CALM));
}

TEST_P(IdleFrames, NowAndThenAreBorne) {
  for (int i = 0; i < 200; ++i) {
    source.time += milliseconds(200);
    ASSERT_TRUE(turn(GetParam().bytes)) << i;
  }
}

INSTANTIATE_TEST_SUITE_P(
    All, IdleFrames,
    ::testing::Values(Nothing{"empty_data", frame(NGHTTP2_DATA, 0, 1, "")},
                      Nothing{"data_of_padding",
                              frame(NGHTTP2_DATA, NGHTTP2_FLAG_PADDED, 1, {"\x02\0\0", 3})},
                      Nothing{"priority", frame(NGHTTP2_PRIORITY, 0, 1, {"\0\0\0\0\x05", 5})},
                      Nothing{"ping", frame(NGHTTP2_PING, 0, 0, "12345678")},
                      Nothing{"ping_answer", frame(NGHTTP2_PING, NGHTTP2_FLAG_ACK, 0, "12345678")},
                      Nothing{"settings", frame(NGHTTP2_SETTINGS, 0, 0, "")},
                      Nothing{"window_update", window_update(1, 1)},
                      Nothing{"window_update_of_all", window_update(0, 1)},
                      Nothing{"unknown", frame(0x77, 0, 1, "what")},
                      Nothing{"unknown_empty", frame(0x77, 0, 0, "")}),
    [](const auto& test) { return std::string(test.param.what); });

TEST_F(IdleFrames, RequestsAboveTheLimitAreAmongThemAndHaveAWordOfTheirOwn) {
  // Before the client has acknowledged the limit; afterwards one is a connection error (RFC 9113
  // §5.1.2).
  int stream = 3;
  while (stream < 1'000 && turn(get(stream))) stream += 2;
  EXPECT_LT(stream, 200);
  EXPECT_STREQ(session->ended_for(), "http2_too_many_streams");
  EXPECT_EQ(source.begun, 1);
}

TEST_F(IdleFrames, WindowUpdatesForWhatWasSentAreFree) {
  session->respond(*source.last, Status("200").fields(), true);
  for (int i = 0; i < 500; ++i) {
    session->append_body(*source.last, "x", false);
    ASSERT_TRUE(turn(window_update(1, 1) + window_update(0, 1))) << i;
  }
}

TEST_F(IdleFrames, WindowUpdatesForEachKibibyteThatWasSentAreFreeHoweverLateTheyCome) {
  ASSERT_TRUE(turn(window_update(1, 1 << 30) + window_update(0, 1 << 30)));
  session->respond(*source.last, Status("200").fields(), true);
  session->append_body(*source.last, std::string(4 << 20, 'x'), false);
  while (session->bodies_queued() > 0) ASSERT_TRUE(turn(""));
  std::string updates;
  for (int i = 0; i < 4 << 10; ++i) updates += window_update(1, 1'000) + window_update(0, 1'000);
  EXPECT_TRUE(turn(updates));
  EXPECT_FALSE(turn(updates));
}

TEST_F(IdleFrames, DataThatSaysSomethingIsFree) {
  for (int i = 0; i < 500; ++i) ASSERT_TRUE(turn(frame(NGHTTP2_DATA, 0, 1, "x"))) << i;
  EXPECT_EQ(source.data, 500u);
}

// RFC 9113 §6.9: a path with a long way to go holds more than the window that a stream begins with.
TEST_F(Session, AStreamsWindowGrowsWhileItsBodyIsTakenAsItComesAndNotBeyondTheConnections) {
  ASSERT_TRUE(turn(get(1, NGHTTP2_FLAG_END_HEADERS)));
  std::int64_t window = 65'535, highest = window;
  const std::string piece(16'000, 'x');
  const auto read_window = [&] {
    for_each_frame(out, [&](std::uint8_t type, std::uint8_t, int stream, std::string_view payload) {
      if (type != NGHTTP2_WINDOW_UPDATE || stream != 1) return;
      std::int64_t by = 0;
      for (const char c : payload) by = by << 8 | static_cast<std::uint8_t>(c);
      window += by;
    });
    highest = std::max(highest, window);
  };
  for (int i = 0; i < 500; ++i) {
    ASSERT_GE(window, 16'000) << i;
    ASSERT_TRUE(turn(frame(NGHTTP2_DATA, 0, 1, piece)));
    window -= 16'000;
    session->consume(*source.last);
    ASSERT_TRUE(turn(""));
    read_window();
  }
  EXPECT_GT(highest, 900'000);
  EXPECT_LE(highest, 1 << 20);
  // What is not taken opens nothing.
  const std::int64_t left = window;
  ASSERT_TRUE(turn(frame(NGHTTP2_DATA, 0, 1, piece)));
  read_window();
  EXPECT_EQ(window, left);
}

// What a client may send that keeps to its windows, of stream 1.
class Sender {
 public:
  void read(const std::string& out) {
    for_each_frame(out, [&](std::uint8_t type, std::uint8_t, int stream, std::string_view payload) {
      if (type != NGHTTP2_WINDOW_UPDATE) return;
      std::int64_t by = 0;
      for (const char c : payload) by = by << 8 | static_cast<std::uint8_t>(c);
      (stream == 0 ? of_all_ : of_stream_) += by;
    });
  }
  // So much in one frame, if it may; 0: it may not.
  std::size_t next(std::size_t wanted) {
    const std::int64_t may = std::min(
        {std::min(of_all_, of_stream_), std::int64_t{16'384}, static_cast<std::int64_t>(wanted)});
    if (may <= 0) return 0;
    of_all_ -= may;
    of_stream_ -= may;
    return static_cast<std::size_t>(may);
  }
  std::int64_t of_all() const { return of_all_; }

 private:
  std::int64_t of_all_ = 65'535, of_stream_ = 65'535;
};

// An upload of 10 MiB by a long path: in each round trip the client sends what it may, and what
// that opens is known to it in the next one.
int round_trips(ServerSession& session, Source& source, Sender& sender,
                const std::function<std::string(const std::string&)>& turn) {
  std::size_t left = 10u << 20;
  int count = 0;
  for (; left > 0 && count < 200; ++count) {
    std::string opened;
    for (std::size_t size = sender.next(left); size > 0; size = sender.next(left)) {
      left -= size;
      opened += turn(frame(NGHTTP2_DATA, 0, 1, std::string(size, 'x')));
      session.consume(*source.last);
      opened += turn("");
    }
    sender.read(opened);
  }
  return count;
}

TEST_F(Session, AnUploadFromFarAwayTakesFewRoundTripsAndWindowsStayInTheirBounds) {
  for (const auto& [wider, most, widest] :
       {std::tuple(0u, 21, 1 << 20), std::tuple(3u << 20, 8, 4 << 20)}) {
    begin();
    source.wider = wider;
    Sender sender;
    sender.read(out);
    ASSERT_TRUE(turn(get(1, NGHTTP2_FLAG_END_HEADERS)));
    sender.read(out);
    EXPECT_LE(round_trips(*session, source, sender,
                          [this](const std::string& bytes) {
                            EXPECT_TRUE(turn(bytes));
                            return out;
                          }),
              most);
    EXPECT_LE(sender.of_all(), widest);
    EXPECT_EQ(source.wider, 0u);
  }
}

// RFC 9113 §5.2: what a client may send, by the WINDOW_UPDATE that it gets.
TEST_F(Session, RequestsThatStallHoldWhatTheConnectionsWindowLetsInAtMost) {
  std::string begin;
  for (int i = 0; i < 100; ++i) begin += get(2 * i + 1, NGHTTP2_FLAG_END_HEADERS);
  ASSERT_TRUE(turn(begin));
  std::int64_t window = 1 << 20;
  const std::string piece(16'000, 'x');
  const auto read_windows = [&] {
    for_each_frame(out, [&](std::uint8_t type, std::uint8_t, int stream, std::string_view payload) {
      if (type != NGHTTP2_WINDOW_UPDATE || stream != 0) return;
      std::int64_t by = 0;
      for (const char c : payload) by = by << 8 | static_cast<std::uint8_t>(c);
      window += by;
    });
  };
  std::size_t sent = 0;
  for (int i = 0; i < 400 && window >= 16'000; ++i) {
    ASSERT_TRUE(turn(frame(NGHTTP2_DATA, 0, 2 * (i / 4) + 1, piece)));
    window -= 16'000;
    sent += piece.size();
    read_windows();
  }
  EXPECT_LT(sent, (512u << 10) + (1u << 20) + 32'000);
  EXPECT_GT(sent, 900'000u);
  // What is dealt with opens it again, and so does a stream that ends.
  const std::int64_t shut = window;
  session->for_each_stream([&](Stream& stream) {
    if (stream.id() % 4 == 1) session->consume(stream);
  });
  ASSERT_TRUE(turn(""));
  read_windows();
  EXPECT_GT(window, shut + 100'000);
  std::string resets;
  for (int i = 0; i < 100; ++i) resets += reset(2 * i + 1);
  ASSERT_TRUE(turn(resets));
  read_windows();
  EXPECT_GT(window, (1 << 20) - 600'000);
}

TEST_F(Session, SmallDataIsToldTogether) {
  ASSERT_TRUE(turn(get(1, NGHTTP2_FLAG_END_HEADERS) + get(3, NGHTTP2_FLAG_END_HEADERS)));
  std::string flood;
  for (int i = 0; i < 5'000; ++i) flood += frame(NGHTTP2_DATA, 0, i % 2 == 0 ? 1 : 3, "x");
  ASSERT_TRUE(turn(flood));
  EXPECT_EQ(source.data, 5'000u);
  EXPECT_EQ(source.pieces, 2);
  ASSERT_TRUE(turn(frame(NGHTTP2_DATA, 0, 1, "x") +
                   frame(NGHTTP2_DATA, 0, 1, std::string(2'000, 'x')) +
                   frame(NGHTTP2_DATA, NGHTTP2_FLAG_END_STREAM, 1, "x")));
  EXPECT_EQ(source.data, 7'002u);
  EXPECT_EQ(source.pieces, 5);
}

TEST_F(Session, AHeadInTooManyPiecesIsToldToCalmDown) {
  std::string flood = frame(NGHTTP2_HEADERS, 0, 1, kGetFields);
  for (int i = 0; i < 100; ++i) flood += frame(NGHTTP2_CONTINUATION, 0, 1, field("a", "b"));
  EXPECT_FALSE(turn(flood));
  EXPECT_STREQ(session->ended_for(), "http2_frame_flood");
  EXPECT_EQ(error(NGHTTP2_GOAWAY), static_cast<std::uint32_t>(NGHTTP2_ENHANCE_YOUR_CALM));
}

// ---- What a stream may not do any more (RFC 9113 §5.1)

TEST_F(Session, AStreamThatTheClientResetIsClosedForItsFrames) {
  for (const std::string& more : {frame(NGHTTP2_DATA, 0, 1, "x"), get(1)}) {
    begin();
    ASSERT_TRUE(turn(get(1, NGHTTP2_FLAG_END_HEADERS) + reset(1)));
    EXPECT_FALSE(turn(more));
    EXPECT_EQ(error(NGHTTP2_GOAWAY), static_cast<std::uint32_t>(NGHTTP2_STREAM_CLOSED));
  }
}

TEST_F(Session, AStreamThatEndedIsClosedForTheClientsFrames) {
  for (const std::string& more : {frame(NGHTTP2_DATA, 0, 1, "x"), get(1)}) {
    begin();
    ASSERT_TRUE(turn(get(1)));
    session->respond(*source.last, Status("200").fields(), false);
    ASSERT_TRUE(turn(""));
    ASSERT_EQ(session->stream_count(), 0u);
    EXPECT_TRUE(turn(window_update(1, 1)));  // may have been on its way
    EXPECT_FALSE(turn(more));
    EXPECT_EQ(error(NGHTTP2_GOAWAY), static_cast<std::uint32_t>(NGHTTP2_STREAM_CLOSED));
  }
}

TEST_F(Session, WhatWasOnItsWayWhenWeResetAStreamIsNoError) {
  ASSERT_TRUE(turn(get(1, NGHTTP2_FLAG_END_HEADERS)));
  session->reset(*source.last, ServerSession::Why::cancel);
  ASSERT_TRUE(turn(""));
  EXPECT_TRUE(turn(frame(NGHTTP2_DATA, 0, 1, "x")));
  EXPECT_TRUE(turn(headers(1, field("trailer", "x"), kWholeRequest)));
}

TEST_F(Session, AStreamNumberThatWasPassedOverCannotBeginAnyMore) {
  ASSERT_TRUE(turn(get(5)));
  EXPECT_FALSE(turn(get(3)));
  EXPECT_EQ(error(NGHTTP2_GOAWAY), static_cast<std::uint32_t>(NGHTTP2_PROTOCOL_ERROR));
}

TEST_F(Session, PriorityIsOfAStreamAndOfAnotherThanItself) {
  EXPECT_FALSE(turn(frame(NGHTTP2_PRIORITY, 0, 0, {"\0\0\0\1\x05", 5})));
  EXPECT_EQ(error(NGHTTP2_GOAWAY), static_cast<std::uint32_t>(NGHTTP2_PROTOCOL_ERROR));
  begin();
  EXPECT_FALSE(turn(frame(NGHTTP2_PRIORITY, 0, 1, {"\0\0\0\1\x05", 5})));
  EXPECT_EQ(error(NGHTTP2_GOAWAY), static_cast<std::uint32_t>(NGHTTP2_PROTOCOL_ERROR));
}

// ---- The client's own GOAWAY (RFC 9113 §6.8): it takes no stream of ours, and may still begin its

const std::string kGoodbye = frame(NGHTTP2_GOAWAY, 0, 0, std::string(8, '\0') + "bye");

TEST_F(Session, ARequestBehindTheClientsOwnGoawayIsServedHoweverItsBytesCome) {
  for (const std::size_t piece : {1u, 5u, 9u, 13u, 1'000u}) {
    source.heads.clear();
    session = ServerSession::create({}, source);
    source.session = session.get();
    const std::string bytes = preface() + kGoodbye + get(1);
    for (std::string_view rest = bytes; !rest.empty();) {
      const std::string_view part = rest.substr(0, piece);
      ASSERT_TRUE(session->receive(part)) << piece;
      rest.remove_prefix(part.size());
    }
    ASSERT_EQ(source.heads.size(), 1u) << piece;
    EXPECT_FALSE(session->is_over());
    session->respond(*source.last, Status("200").fields(), false);
    EXPECT_FALSE(turn(""));
    EXPECT_TRUE(session->is_over());
    EXPECT_EQ(frames(NGHTTP2_HEADERS), 1);
    EXPECT_EQ(session->ended_for(), nullptr);
  }
}

TEST_F(Session, IsOverAfterTheClientsGoawayWhenNothingIsUnderWay) {
  ASSERT_TRUE(turn(get(1)));
  EXPECT_TRUE(turn(kGoodbye));
  session->respond(*source.last, Status("200").fields(), false);
  EXPECT_FALSE(turn(""));
  EXPECT_EQ(session->ended_for(), nullptr);
}

TEST_F(Session, AGoawayThatIsNotSoundIsAnError) {
  for (const std::string& bytes :
       {frame(NGHTTP2_GOAWAY, 0, 1, std::string(8, '\0')), frame(NGHTTP2_GOAWAY, 0, 0, "short"),
        frame(NGHTTP2_GOAWAY, 0, 0, {"\0\0\0\1\0\0\0\0", 8}), get(1, 0) + kGoodbye}) {
    begin();
    EXPECT_FALSE(turn(bytes));
    EXPECT_EQ(frames(NGHTTP2_GOAWAY), 1);
    EXPECT_NE(error(NGHTTP2_GOAWAY), static_cast<std::uint32_t>(NGHTTP2_NO_ERROR));
  }
}

// ---- Requests that libnghttp2 refuses

TEST_F(Session, ARefusedRequestSaysWhy) {
  const std::string with_length_2 =
      headers(1, std::string(kGetFields) + field("content-length", "2"), 0);
  const std::vector<std::pair<std::string, std::string>> cases = {
      {headers(1, std::string(kGetFields) + field("Upper", "x"), kWholeRequest), "http2_bad_field"},
      {headers(1, std::string(kGetFields) + field("bad name", "x"), kWholeRequest),
       "http2_bad_field"},
      {headers(1, std::string(kGetFields) + field("a", "b\rc"), kWholeRequest), "http2_bad_field"},
      {headers(1, std::string(kGetFields) + field("connection", "x"), kWholeRequest),
       "http2_bad_field"},
      {headers(1, "\x82\x86", kWholeRequest), "http2_malformed_request"},
      {with_length_2 + frame(NGHTTP2_DATA, 0, 1, "xyz"), "content_length_mismatch"},
      {with_length_2 + frame(NGHTTP2_DATA, NGHTTP2_FLAG_END_STREAM, 1, "x"),
       "content_length_mismatch"},
      {get(1) + overflow(1), "http2_flow_control"},
  };
  for (const auto& [bytes, refusal] : cases) {
    source.refusals.clear();
    begin();
    EXPECT_TRUE(turn(bytes));
    EXPECT_EQ(frames(NGHTTP2_RST_STREAM), 1) << refusal;
    EXPECT_EQ(source.refusals, std::vector<std::string>{refusal});
  }
}

// ---- Output

TEST_F(Session, AnEarlyAnswersResetLeavesInALaterTurn) {
  ASSERT_TRUE(turn(get(1, NGHTTP2_FLAG_END_HEADERS)));
  session->respond(*source.last, Status("413").fields(), true);
  session->append_body(*source.last, "no", true);
  ASSERT_TRUE(turn(""));
  EXPECT_EQ(frames(NGHTTP2_DATA), 1);
  EXPECT_EQ(frames(NGHTTP2_RST_STREAM), 0);
  EXPECT_TRUE(session->wants_to_send());
  ASSERT_TRUE(turn(""));
  EXPECT_EQ(frames(NGHTTP2_RST_STREAM), 1);
  EXPECT_EQ(error(NGHTTP2_RST_STREAM), static_cast<std::uint32_t>(NGHTTP2_NO_ERROR));
  EXPECT_FALSE(session->wants_to_send());
}

TEST_F(Session, AnAnswerBeforeARequestThatThenEndsNeedsNoReset) {
  ASSERT_TRUE(turn(get(1, NGHTTP2_FLAG_END_HEADERS)));
  session->respond(*source.last, Status("413").fields(), false);
  ASSERT_TRUE(turn(""));
  ASSERT_TRUE(turn(frame(NGHTTP2_DATA, NGHTTP2_FLAG_END_STREAM, 1, "")));
  EXPECT_EQ(frames(NGHTTP2_RST_STREAM), 0);
  EXPECT_EQ(session->stream_count(), 0u);
}

// An endpoint may fill its head, and what the route adds comes on top of it.
TEST_F(Session, ALargeHeadIsSentInAsManyFramesAsItTakes) {
  ASSERT_TRUE(turn(get(1)));
  session->respond(*source.last, large_head(100), false);
  ASSERT_TRUE(turn(""));
  EXPECT_EQ(frames(NGHTTP2_HEADERS), 1);
  EXPECT_GE(frames(NGHTTP2_CONTINUATION), 5);
  EXPECT_EQ(frames(NGHTTP2_RST_STREAM), 0);
  EXPECT_EQ(session->stream_count(), 0u);
}

TEST_F(Session, AHeadThatIsTooLargeToBeSentEndsItsStream) {
  ASSERT_TRUE(turn(get(1) + get(3)));
  session->for_each_stream([&](Stream& stream) {
    const bool with_body = stream.id() == 1;
    session->respond(stream, large_head(1'000), with_body);
    if (with_body) session->append_body(stream, "body", true);
  });
  ASSERT_TRUE(turn(""));
  ASSERT_TRUE(turn(""));
  EXPECT_EQ(session->stream_count(), 0u);
  EXPECT_EQ(session->owed(), 0u);
  EXPECT_EQ(session->bodies_queued(), 0u);
  ASSERT_TRUE(turn(get(5)));
  session->respond(*source.last, Status("200").fields(), false);
  ASSERT_TRUE(turn(""));
  EXPECT_EQ(frames(NGHTTP2_HEADERS), 1);
}

TEST_F(Session, OwesWhatWaitsBeforeItIsSent) {
  EXPECT_EQ(session->owed(), 0u);
  ASSERT_TRUE(session->receive(get(1)));
  const Status early("103");
  for (int i = 0; i < 100; ++i) session->respond_interim(*source.last, early.fields());
  EXPECT_GE(session->owed(), 100 * (7u + 3u));
  EXPECT_EQ(source.last->heads_queued(), 100 * (7u + 3u));
  ASSERT_TRUE(turn(""));
  EXPECT_EQ(session->owed(), 0u);
  EXPECT_EQ(source.last->heads_queued(), 0u);
  EXPECT_GE(source.sent, 1);
  for (int i = 0; i < 100; ++i)
    ASSERT_TRUE(session->receive(frame(NGHTTP2_PING, 0, 0, "12345678")));
  EXPECT_GE(session->owed(), 100 * 17u);
}

TEST_F(Session, HeadsOfAStreamThatIsGoneAreNotOwed) {
  ASSERT_TRUE(session->receive(get(1, NGHTTP2_FLAG_END_HEADERS)));
  session->respond_interim(*source.last, Status("103").fields());
  ASSERT_TRUE(session->receive(reset(1)));
  ASSERT_TRUE(turn(""));
  EXPECT_EQ(session->owed(), 0u);
}

TEST_F(Session, AStreamThatIsAlwaysALittleBehindHoldsNoMoreForAllThatPassed) {
  turn(window_update(0, 1 << 30));
  ASSERT_TRUE(turn(get(1)));
  session->respond(*source.last, Status("200").fields(), true);
  session->append_body(*source.last, std::string(100'000, 'b'), false);
  const std::string piece(1'000, 'p');
  std::size_t held = 0;
  for (int i = 0; i < 5'000; ++i) {
    session->append_body(*source.last, piece, false);
    ASSERT_TRUE(turn(window_update(1, 1'000)));
    held = std::max(held, source.last->body_capacity());
  }
  EXPECT_GT(source.last->body_queued(), 0u);
  EXPECT_LE(held, 500'000u);
}

TEST_F(Session, TheWindowIsThatOfTheStreamAndTheConnection) {
  ASSERT_TRUE(turn(get(1) + get(3)));
  EXPECT_EQ(session->window(*source.last), 65'535u);
  session->respond(*source.last, Status("200").fields(), true);
  session->append_body(*source.last, std::string(100'000, 'b'), false);
  EXPECT_EQ(session->bodies_queued(), 100'000u);
  ASSERT_TRUE(turn(""));
  EXPECT_EQ(session->bodies_queued(), 100'000u - 65'535u);
  EXPECT_EQ(session->window(*source.last), 0u);
  ASSERT_TRUE(turn(window_update(3, 10)));
  EXPECT_EQ(session->window(*source.last), 0u);
  ASSERT_TRUE(turn(reset(3)));
  EXPECT_EQ(session->bodies_queued(), 0u);
}

// ---- How much of what came is looked at in one go

TEST(ReceivingInSteps, FramesAreTakenUpToSoMuchWorkAndTheNextStepGoesOnThere) {
  Source source;
  const auto session = ServerSession::create({}, source);
  ASSERT_TRUE(session->receive(preface() + get(1, NGHTTP2_FLAG_END_HEADERS)));
  std::string bytes;
  for (int i = 0; i < 100; ++i) bytes += frame(NGHTTP2_DATA, 0, 1, "x");
  std::string_view left = bytes;
  int steps = 0;
  for (; !left.empty(); ++steps) {
    const auto received = session->receive(left, 30);
    EXPECT_TRUE(received.is_sound);
    EXPECT_LE(received.work, 30u);
    ASSERT_GT(received.bytes, 0u);
    left.remove_prefix(received.bytes);
  }
  EXPECT_EQ(steps, 4);
  EXPECT_EQ(source.data, 100u);
}

TEST(ReceivingInSteps, ARequestIsMoreWorkThanAFrameThatSaysLittle) {
  Source source;
  const auto session = ServerSession::create({}, source);
  ASSERT_TRUE(session->receive(preface()));
  const std::string requests = get(1) + get(3) + get(5) + get(7);
  const auto received = session->receive(requests, 32);
  EXPECT_EQ(source.begun, 2);
  EXPECT_EQ(received.bytes, requests.size() / 2);
}

TEST(ReceivingInSteps, FieldsAreAsMuchWorkAsTheyAreDecoded) {
  Source source;
  const auto session = ServerSession::create({}, source);
  ASSERT_TRUE(session->receive(preface() + headers(1, crumbs(0), kWholeRequest)));
  std::string requests;
  for (int i = 1; i <= 20; ++i) {
    requests += frame(NGHTTP2_HEADERS, kWholeRequest, 2 * i + 1,
                      std::string(kGetFields) + std::string(30, '\xbe'));  // 120 KB
  }
  const auto received = session->receive(requests, 256);
  EXPECT_EQ(source.begun, 1 + 2);
  EXPECT_EQ(received.bytes, requests.size() / 10);
}

TEST(ReceivingInSteps, AFrameThatIsNotCompleteIsTakenAsFarAsItCame) {
  Source source;
  const auto session = ServerSession::create({}, source);
  ASSERT_TRUE(session->receive(preface() + get(1, NGHTTP2_FLAG_END_HEADERS)));
  const std::string data = frame(NGHTTP2_DATA, 0, 1, std::string(1'000, 'x'));
  const auto received = session->receive(std::string_view(data).substr(0, 500), 1);
  EXPECT_EQ(received.bytes, 500u);
  EXPECT_EQ(received.work, 0u);
}

TEST(ReceivingInSteps, OfAClientThatWasToldToGoNothingIsLeftOver) {
  Source source;
  const auto session = ServerSession::create({}, source);
  std::string flood = preface();
  for (int i = 0; i < 5'000; ++i) flood += frame(NGHTTP2_PRIORITY, 0, 3, {"\0\0\0\0\1", 5});
  const auto received = session->receive(flood, 1'000'000);
  EXPECT_NE(session->ended_for(), nullptr);
  EXPECT_EQ(received.bytes, flood.size());
}

// ---- Bodies of responses

// A request whose head is answered, on a connection that lets as much pass as there may be.
class Response : public Session {
 protected:
  Response() {
    turn(window_update(0, 1 << 30) + get(1) + window_update(1, 1 << 30));
    session->respond(*source.last, Status("200").fields(), true);
    turn("");
  }

  // How much of it is in each DATA frame of `out`.
  std::vector<std::size_t> data_sizes() const {
    std::vector<std::size_t> sizes;
    for_each_frame(out, [&](std::uint8_t type, std::uint8_t, int, std::string_view payload) {
      if (type == NGHTTP2_DATA) sizes.push_back(payload.size());
    });
    return sizes;
  }

  // All that is in the DATA frames of `bytes`.
  static std::string body_in(std::string_view bytes) {
    std::string body;
    for_each_frame(bytes, [&](std::uint8_t type, std::uint8_t, int, std::string_view payload) {
      if (type == NGHTTP2_DATA) body += payload;
    });
    return body;
  }

  // So many bytes, no two parts of which are alike.
  static std::string numbers(std::size_t size) {
    std::string text;
    for (int i = 0; text.size() < size; ++i) text += std::to_string(i) + " ";
    text.resize(size);
    return text;
  }

  // Passes a part of the body on; what went out is in `out`.
  void pass(std::string_view data, std::size_t bytes_max = 1 << 20) {
    ASSERT_TRUE(session->may_pass_body(*source.last));
    out.clear();
    ASSERT_TRUE(session->pass_body(*source.last, data, out, bytes_max));
  }

  static constexpr std::size_t kFull = ServerSession::kDataBytesMax;
  static constexpr std::size_t kRecordBytes = 16'384;
};

TEST_F(Response, InFullFramesFillsWholeRecordsOfTls) {
  session->append_body(*source.last, std::string(4 * kFull, 'b'), false);
  ASSERT_TRUE(turn(""));
  EXPECT_EQ(data_sizes(), std::vector<std::size_t>(4, kFull));
  EXPECT_EQ(out.size(), 4 * kRecordBytes);
}

TEST_F(Response, TakesALittleRestAlongWhereTheNextFrameWouldHaveToWait) {
  session->append_body(*source.last, std::string(2 * kFull + 100, 'b'), false);
  out.clear();
  ASSERT_TRUE(session->send(out, 2 * kRecordBytes));
  EXPECT_EQ(data_sizes(), (std::vector<std::size_t>{kFull, kFull, 100}));
  session->append_body(*source.last, std::string(3 * kFull, 'b'), false);
  out.clear();
  ASSERT_TRUE(session->send(out, 2 * kRecordBytes));
  EXPECT_EQ(data_sizes(), (std::vector<std::size_t>{kFull, kFull}));
  EXPECT_EQ(source.last->body_queued(), kFull);
}

TEST_F(Response, PassesWhereNothingWaits) {
  const int told = source.sent;
  const std::string body = numbers(2 * kFull);
  pass(body);
  EXPECT_EQ(out.size(), 2 * kRecordBytes);
  EXPECT_EQ(body_in(out), body);
  EXPECT_EQ(source.last->body_queued(), 0u);
  EXPECT_EQ(source.last->body_sent(), 2 * kFull);
  EXPECT_EQ(session->bodies_queued(), 0u);
  EXPECT_FALSE(session->wants_to_send());
  session->tell_sent();
  EXPECT_EQ(source.sent, told + 1);
}

TEST_F(Response, IsToldOnceThatItWentOutInSeveralPasses) {
  const int told = source.sent;
  for (int i = 0; i < 3; ++i) pass(numbers(kFull));
  session->tell_sent();
  EXPECT_EQ(source.sent, told + 1);
}

TEST_F(Response, ComesInOrderWhetherItPassesOrWaits) {
  const std::string body = numbers(5 * kFull);
  const std::string_view all = body;
  pass(all.substr(0, kFull));
  std::string came = body_in(out);
  session->append_body(*source.last, all.substr(kFull, 100), false);
  EXPECT_FALSE(session->may_pass_body(*source.last));
  session->append_body(*source.last, all.substr(kFull + 100, kFull), false);
  ASSERT_TRUE(turn(""));
  came += body_in(out);
  pass(all.substr(2 * kFull + 100, kFull));
  came += body_in(out);
  session->append_body(*source.last, all.substr(3 * kFull + 100), true);
  EXPECT_FALSE(session->may_pass_body(*source.last));
  ASSERT_TRUE(turn(""));
  came += body_in(out);
  EXPECT_EQ(came, body);
  EXPECT_EQ(session->stream_count(), 0u);
}

TEST_F(Response, WaitsFromWhereTheOutputIsFull) {
  const std::string body = numbers(5 * kFull);
  pass(body, 2 * kRecordBytes);
  std::string came = body_in(out);
  EXPECT_EQ(came.size(), 2 * kFull);
  EXPECT_EQ(source.last->body_queued(), 3 * kFull);
  EXPECT_EQ(session->bodies_queued(), 3 * kFull);
  EXPECT_FALSE(session->may_pass_body(*source.last));
  ASSERT_TRUE(turn(""));
  came += body_in(out);
  EXPECT_EQ(came, body);
  EXPECT_TRUE(session->may_pass_body(*source.last));
}

TEST_F(Response, OfWhichTheWindowClosesInTheMiddleWaitsFromThere) {
  ASSERT_TRUE(turn(get(3)));  // with a window of 65,535 bytes
  session->respond(*source.last, Status("200").fields(), true);
  ASSERT_TRUE(turn(""));
  const std::string body = numbers(100'000);
  pass(body);
  std::string came = body_in(out);
  EXPECT_EQ(came.size(), 65'535u);
  EXPECT_EQ(source.last->body_queued(), 100'000u - 65'535u);
  EXPECT_EQ(session->bodies_queued(), 100'000u - 65'535u);
  EXPECT_FALSE(session->may_pass_body(*source.last));
  ASSERT_TRUE(turn(window_update(3, 10'000)));
  came += body_in(out);
  EXPECT_EQ(came.size(), 75'535u);
  EXPECT_FALSE(session->may_pass_body(*source.last));
  ASSERT_TRUE(turn(window_update(3, 50'000)));
  came += body_in(out);
  EXPECT_EQ(came, body);
  EXPECT_TRUE(session->may_pass_body(*source.last));
}

TEST_F(Response, WithoutAWindowDoesNotPass) {
  ASSERT_TRUE(turn(get(3)));
  session->respond(*source.last, Status("200").fields(), true);
  ASSERT_TRUE(turn(""));
  pass(numbers(65'535));
  EXPECT_EQ(source.last->body_queued(), 0u);
  EXPECT_FALSE(session->may_pass_body(*source.last));
  ASSERT_TRUE(turn(window_update(3, 1)));
  EXPECT_TRUE(session->may_pass_body(*source.last));
}

TEST_F(Response, ThatIsResetWhileTheRestOfItWaitsLeavesNothing) {
  pass(numbers(4 * kFull), kRecordBytes);
  ASSERT_GT(session->bodies_queued(), 0u);
  ASSERT_TRUE(turn(reset(1)));
  EXPECT_EQ(session->bodies_queued(), 0u);
  EXPECT_EQ(session->stream_count(), 0u);
}

TEST_F(Response, PassesNothingThatWaitsForIt) {
  Stream& first = *source.last;
  EXPECT_TRUE(session->may_pass_body(first));
  // The answer to a PING.
  ASSERT_TRUE(session->receive(frame(NGHTTP2_PING, 0, 0, "12345678")));
  EXPECT_FALSE(session->may_pass_body(first));
  ASSERT_TRUE(turn(""));
  EXPECT_TRUE(session->may_pass_body(first));
  // The head, and then the body, of another response.
  ASSERT_TRUE(turn(get(3)));
  session->respond(*source.last, Status("200").fields(), true);
  EXPECT_FALSE(session->may_pass_body(first));
  ASSERT_TRUE(turn(""));
  EXPECT_TRUE(session->may_pass_body(first));
  session->append_body(*source.last, "other", false);
  EXPECT_FALSE(session->may_pass_body(first));
  ASSERT_TRUE(turn(""));
  EXPECT_TRUE(session->may_pass_body(first));
  // Its own reset.
  session->reset(first, ServerSession::Why::internal_error);
  EXPECT_FALSE(session->may_pass_body(first));
}

TEST_F(Response, PassesBesideOneThatWaitsForItsWindow) {
  Stream& first = *source.last;
  ASSERT_TRUE(turn(get(3)));
  session->respond(*source.last, Status("200").fields(), true);
  session->append_body(*source.last, numbers(100'000), false);
  ASSERT_TRUE(turn(""));
  ASSERT_EQ(source.last->body_queued(), 100'000u - 65'535u);
  ASSERT_TRUE(session->may_pass_body(first));
  out.clear();
  const std::string body = numbers(kFull);
  ASSERT_TRUE(session->pass_body(first, body, out, 1 << 20));
  EXPECT_EQ(body_in(out), body);
  EXPECT_EQ(session->bodies_queued(), 100'000u - 65'535u);
}

TEST_F(Session, AHeadThatWaitsIsNotOvertakenByItsBody) {
  ASSERT_TRUE(turn(get(1)));
  session->respond(*source.last, Status("200").fields(), true);
  EXPECT_FALSE(session->may_pass_body(*source.last));
  ASSERT_TRUE(turn(""));
  EXPECT_TRUE(session->may_pass_body(*source.last));
}

TEST_F(Session, NothingIsPassedWhileBytesAreReceived) {
  ASSERT_TRUE(turn(get(1, NGHTTP2_FLAG_END_HEADERS)));
  session->respond(*source.last, Status("200").fields(), true);
  ASSERT_TRUE(turn(""));
  EXPECT_TRUE(session->may_pass_body(*source.last));
  ASSERT_TRUE(turn(frame(NGHTTP2_DATA, 0, 1, "x")));
  ASSERT_EQ(source.pieces, 1);
  EXPECT_FALSE(source.could_pass_body);
}

}  // namespace
}  // namespace proxy::http2
