#include "proxy/http2/client_session.h"

#include <array>
#include <chrono>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/proxy/http2/frames.h"

namespace proxy::http2 {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

std::vector<nghttp2_nv> fields(const std::vector<std::pair<std::string, std::string>>& texts) {
  std::vector<nghttp2_nv> list;
  const auto bytes = [](const std::string& text) {
    return reinterpret_cast<std::uint8_t*>(const_cast<char*>(text.data()));
  };
  for (const auto& [name, value] : texts) {
    list.push_back({bytes(name), bytes(value), name.size(), value.size(), NGHTTP2_NV_FLAG_NONE});
  }
  return list;
}

// An endpoint in memory: libnghttp2's server side, driven by the test.
class Endpoint {
 public:
  explicit Endpoint(std::uint32_t streams_max) {
    nghttp2_session_callbacks* callbacks = nullptr;
    nghttp2_session_callbacks_new(&callbacks);
    nghttp2_session_callbacks_set_on_frame_recv_callback(
        callbacks, [](nghttp2_session*, const nghttp2_frame* frame, void* user) {
          auto& self = *static_cast<Endpoint*>(user);
          if (frame->hd.type == NGHTTP2_HEADERS) self.asked.push_back(frame->hd.stream_id);
          if (frame->hd.type == NGHTTP2_RST_STREAM) {
            self.resets.push_back(frame->rst_stream.error_code);
          }
          return 0;
        });
    nghttp2_session_server_new(&session_, callbacks, this);
    nghttp2_session_callbacks_del(callbacks);
    const nghttp2_settings_entry entry{NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, streams_max};
    nghttp2_submit_settings(session_, NGHTTP2_FLAG_NONE, &entry, 1);
  }
  ~Endpoint() { nghttp2_session_del(session_); }
  Endpoint(const Endpoint&) = delete;
  Endpoint& operator=(const Endpoint&) = delete;

  void take(const std::string& bytes) {
    nghttp2_session_mem_recv(session_, reinterpret_cast<const std::uint8_t*>(bytes.data()),
                             bytes.size());
  }
  std::string output() {
    std::string out;
    const std::uint8_t* bytes = nullptr;
    for (ssize_t size = 0; (size = nghttp2_session_mem_send(session_, &bytes)) > 0;) {
      out.append(reinterpret_cast<const char*>(bytes), static_cast<std::size_t>(size));
    }
    return out;
  }
  nghttp2_session* operator*() { return session_; }

  std::vector<int> asked;
  std::vector<std::uint32_t> resets;

 private:
  nghttp2_session* session_ = nullptr;
};

class Request final : private ClientStream::User {
 public:
  ClientStream& stream() { return *stream_; }
  void cancel() { stream_.reset(); }

  std::vector<std::string> heads;
  std::string body;
  std::vector<std::pair<std::string, std::string>> trailer;
  bool is_whole = false;
  int told_sent = 0;
  std::optional<ClientStream::End> ended;

 private:
  void on_response_head(std::string_view head, bool last) override {
    heads.emplace_back(head);
    is_whole = last;
  }
  void on_response_data(std::string_view data) override { body.append(data); }
  void on_response_end(const std::vector<http::Field>& fields) override {
    for (const http::Field& field : fields) trailer.emplace_back(field.name, field.value);
    is_whole = true;
  }
  void on_request_sent() override { ++told_sent; }
  void on_stream_ended(ClientStream::End end) override { ended = end; }

  std::unique_ptr<ClientStream> stream_ =
      std::make_unique<ClientStream>(static_cast<ClientStream::User&>(*this));
};

class ClientSessionTest : public ::testing::Test, public ClientOutput {
 protected:
  void on_output() override {}
  base::SteadyTime now() const override { return time; }
  void begin(Request& request, bool with_body = false) {
    EXPECT_TRUE(session->begin(request.stream(),
                               fields({{":method", "POST"},
                                       {":scheme", "http"},
                                       {":path", "/"},
                                       {":authority", "shop.test"}}),
                               with_body));
  }
  // Both sides say what they have to say, until there is no more.
  void talk() {
    for (bool goes_on = true; goes_on;) {
      std::string out;
      EXPECT_TRUE(session->send(out, 1u << 20));
      session->tell_sent();
      endpoint.take(out);
      const std::string back = endpoint.output();
      std::size_t frames = 0;
      is_sound = is_sound && session->receive(back, frames);
      goes_on = !back.empty() || !out.empty();
    }
  }
  void respond(int stream, const std::vector<std::pair<std::string, std::string>>& head,
               bool last = false) {
    const auto list = fields(head);
    nghttp2_submit_headers(*endpoint, last ? NGHTTP2_FLAG_END_STREAM : NGHTTP2_FLAG_NONE, stream,
                           nullptr, list.data(), list.size(), nullptr);
  }

  bool is_sound = true;
  base::SteadyTime time = base::SteadyTime{} + std::chrono::hours(1);
  Endpoint endpoint{2};
  std::unique_ptr<ClientSession> session = ClientSession::create({}, *this);
};

TEST_F(ClientSessionTest, HeadsAreWrittenDownAsHttp1HasThemAndTrailersAreFields) {
  Request request;
  begin(request);
  talk();
  respond(1, {{":status", "103"}, {"link", "</a>"}});
  respond(1, {{":status", "200"}, {"x-mine", "yes"}});
  respond(1, {{"grpc-status", "0"}}, true);
  talk();
  EXPECT_THAT(request.heads, ElementsAre("HTTP/1.1 103 \r\nlink: </a>\r\n\r\n",
                                         "HTTP/1.1 200 \r\nx-mine: yes\r\n\r\n"));
  EXPECT_THAT(request.trailer, ElementsAre(std::pair("grpc-status", "0")));
  EXPECT_TRUE(request.is_whole);
  EXPECT_EQ(session->stream_count(), 0U);
  EXPECT_EQ(request.ended, std::nullopt);
}

TEST_F(ClientSessionTest, AllButTheFirstWaitUntilTheEndpointHasSaidHowManyItTakes) {
  std::array<Request, 4> requests;
  for (Request& request : requests) begin(request);
  std::string out;
  session->send(out, 1u << 20);
  endpoint.take(out);
  EXPECT_THAT(endpoint.asked, ElementsAre(1));
  talk();
  EXPECT_THAT(endpoint.asked, ElementsAre(1, 3));
  EXPECT_EQ(requests[1].ended, std::nullopt);
  EXPECT_EQ(requests[2].ended, ClientStream::End::no_room);
  EXPECT_EQ(requests[3].ended, ClientStream::End::no_room);
  EXPECT_FALSE(session->has_room());
  respond(1, {{":status", "200"}}, true);
  talk();
  EXPECT_TRUE(session->has_room());
}

TEST_F(ClientSessionTest, WhatWasRefusedMakesNoRoomUntilAnotherEnds) {
  std::array<Request, 2> requests;
  for (Request& request : requests) begin(request);
  talk();
  nghttp2_submit_rst_stream(*endpoint, NGHTTP2_FLAG_NONE, 3, NGHTTP2_REFUSED_STREAM);
  talk();
  EXPECT_EQ(requests[1].ended, ClientStream::End::not_processed);
  EXPECT_FALSE(session->has_room());
  EXPECT_FALSE(session->is_leaving());
  respond(1, {{":status", "200"}}, true);
  talk();
  EXPECT_TRUE(session->has_room());
}

TEST_F(ClientSessionTest, AGoawayLeavesThoseAboveItsLastStreamOut) {
  std::array<Request, 2> requests;
  for (Request& request : requests) begin(request);
  talk();
  nghttp2_submit_goaway(*endpoint, NGHTTP2_FLAG_NONE, 1, NGHTTP2_NO_ERROR, nullptr, 0);
  talk();
  EXPECT_EQ(requests[0].ended, std::nullopt);
  EXPECT_EQ(requests[1].ended, ClientStream::End::not_processed);
  EXPECT_TRUE(session->is_leaving());
  respond(1, {{":status", "200"}}, true);
  talk();
  EXPECT_TRUE(requests[0].is_whole);
}

TEST_F(ClientSessionTest, ARequestThatIsCancelledIsResetAndOneThatIsOverIsNot) {
  std::array<Request, 2> requests;
  for (Request& request : requests) begin(request);
  talk();
  requests[0].cancel();
  talk();
  EXPECT_THAT(endpoint.resets, ElementsAre(NGHTTP2_CANCEL));
  respond(3, {{":status", "200"}}, true);
  talk();
  requests[1].cancel();
  talk();
  EXPECT_THAT(endpoint.resets, ElementsAre(NGHTTP2_CANCEL));
  EXPECT_TRUE(is_sound);
}

TEST_F(ClientSessionTest, ARequestThatIsCancelledBeforeItWentOutNeverGoesOut) {
  Request request;
  begin(request, true);
  request.stream().append("hello", true);
  request.cancel();
  talk();
  EXPECT_THAT(endpoint.asked, IsEmpty());
  EXPECT_EQ(session->stream_count(), 0U);
  EXPECT_EQ(session->bodies_queued(), 0U);
}

TEST_F(ClientSessionTest, AResponseThatIsMalformedBreaksItsStreamAlone) {
  std::array<Request, 2> requests;
  for (Request& request : requests) begin(request);
  talk();
  respond(1, {{":status", "200"}, {"connection", "close"}});
  talk();
  EXPECT_EQ(requests[0].ended, ClientStream::End::broken);
  EXPECT_THAT(requests[0].heads, IsEmpty());
  respond(3, {{":status", "200"}}, true);
  talk();
  EXPECT_TRUE(requests[1].is_whole);
}

TEST_F(ClientSessionTest, FieldsWithoutEndEndTheirStream) {
  session = ClientSession::create({.fields = {.bytes_max = 8u << 10}}, *this);
  Request request;
  begin(request);
  talk();
  std::vector<std::pair<std::string, std::string>> head = {{":status", "200"}};
  for (int i = 0; i < 3; ++i) head.emplace_back("x-" + std::to_string(i), std::string(4'000, 'x'));
  respond(1, head);
  talk();
  EXPECT_EQ(request.ended, ClientStream::End::too_large);
  EXPECT_TRUE(is_sound);
}

TEST_F(ClientSessionTest, ItsUserIsToldWhenAllThatThereWasIsOut) {
  Request request;
  begin(request, true);
  talk();
  EXPECT_EQ(request.told_sent, 1);  // the head
  request.stream().append("hello", false);
  EXPECT_EQ(request.stream().unsent(), 5U);
  talk();
  EXPECT_EQ(request.told_sent, 2);
  EXPECT_EQ(request.stream().body_sent(), 5U);
  request.stream().append("", true);
  talk();
  EXPECT_EQ(request.told_sent, 3);
}

TEST_F(ClientSessionTest, WhenTheConnectionIsLostSoAreItsRequests) {
  std::array<Request, 2> requests;
  begin(requests[0]);
  talk();
  begin(requests[1]);
  session->end_all(ClientStream::End::connection_lost);
  EXPECT_EQ(requests[0].ended, ClientStream::End::connection_lost);
  EXPECT_EQ(requests[1].ended, ClientStream::End::no_room);  // nothing of it was sent
  EXPECT_TRUE(session->is_leaving());
}

TEST_F(ClientSessionTest, WhatTheWindowsOfRequestsThatWereGivenUpAllowedIsFreeAndNoMore) {
  constexpr int kWindow = 1'000;
  constexpr int kIdleFrames = 50;
  session = ClientSession::create({.stream_window = kWindow,
                                   .stream_window_max = kWindow,
                                   .idle_frames_burst = kIdleFrames,
                                   .idle_frames_per_second = 0},
                                  *this);
  std::array<Request, 2> requests;
  begin(requests[0]);
  talk();
  begin(requests[1]);
  talk();
  for (Request& each : requests) each.cancel();
  talk();
  std::size_t frames = 0;
  const std::string of_both = frame(NGHTTP2_DATA, 0, 1, "x") + frame(NGHTTP2_DATA, 0, 3, "x");
  for (int i = 0; i < kWindow; ++i) ASSERT_TRUE(session->receive(of_both, frames)) << i;
  for (frames = 0; frames < 200 && session->receive(frame(NGHTTP2_DATA, 0, 1, "x"), frames);) {
  }
  EXPECT_TRUE(session->was_flooded());
  EXPECT_LE(frames, kIdleFrames + 1u);
}

TEST_F(ClientSessionTest, AStreamsWindowIsSmallUntilWhatComesIsTaken) {
  constexpr std::int32_t kFirst = 8 << 10;
  Request request;
  begin(request);
  talk();
  respond(1, {{":status", "200"}});
  talk();
  std::int32_t came = 0;
  // What the endpoint was allowed, without what it sent.
  const auto window = [&] {
    return nghttp2_session_get_stream_remote_window_size(*endpoint, 1) - came;
  };
  const auto take = [&](bool may_grow) {
    std::size_t frames = 0;
    const std::string data(kFirst / 2, 'x');
    ASSERT_TRUE(session->receive(frame(NGHTTP2_DATA, 0, 1, data), frames));
    came += kFirst / 2;
    request.stream().consume(may_grow);
    talk();
  };
  EXPECT_EQ(window(), kFirst);
  for (int i = 0; i < 20; ++i) take(false);
  EXPECT_EQ(window(), kFirst);
  // Three ways there and back for 64 KiB.
  take(true);
  EXPECT_GE(window(), 4 * kFirst - kFirst / 2);
  for (int i = 0; i < 100; ++i) take(true);
  EXPECT_GE(window(), 64 << 10);
  EXPECT_LE(window(), 128 << 10);
}

// Frames of an endpoint that bring no response, nor a part of one.
struct Nothing {
  const char* what;
  std::string bytes;
};

class EndpointsIdleFrames : public ClientSessionTest,
                            public ::testing::WithParamInterface<Nothing> {
 protected:
  EndpointsIdleFrames() {
    session = ClientSession::create({.idle_frames_burst = 50, .idle_frames_per_second = 10}, *this);
    begin(request, true);
    begin(given_up);
    talk();
    respond(1, {{":status", "200"}});
    talk();
    given_up.cancel();
    talk();
    time += std::chrono::minutes(1);  // what was earned by that and more
  }
  bool receive(const std::string& bytes) {
    std::string out;
    EXPECT_TRUE(session->send(out, 1u << 20));
    std::size_t frames = 0;
    return session->receive(bytes, frames);
  }
  // What the endpoint is told at the end.
  std::uint32_t error_of_goaway() {
    std::string out;
    session->send(out, 1u << 20);
    std::uint32_t error = NGHTTP2_NO_ERROR;
    for_each_frame(out, [&](std::uint8_t type, std::uint8_t, int, std::string_view payload) {
      if (type == NGHTTP2_GOAWAY) error = static_cast<std::uint8_t>(payload[7]);
    });
    return error;
  }

  Request request, given_up;
};

TEST_P(EndpointsIdleFrames, HaveABudget) {
  int frames = 0;
  while (frames < 200 && receive(GetParam().bytes)) ++frames;
  EXPECT_GE(frames, 50);
  EXPECT_LT(frames, 60);
  EXPECT_TRUE(session->was_flooded());
  EXPECT_FALSE(session->has_room());
  EXPECT_EQ(error_of_goaway(), static_cast<std::uint32_t>(NGHTTP2_ENHANCE_YOUR_CALM));
}

TEST_P(EndpointsIdleFrames, NowAndThenAreBorne) {
  for (int i = 0; i < 200; ++i) {
    time += std::chrono::milliseconds(200);
    ASSERT_TRUE(receive(GetParam().bytes)) << i;
  }
}

INSTANTIATE_TEST_SUITE_P(
    All, EndpointsIdleFrames,
    ::testing::Values(
        Nothing{"empty_data", frame(NGHTTP2_DATA, 0, 1, "")},
        Nothing{"data_of_padding", frame(NGHTTP2_DATA, NGHTTP2_FLAG_PADDED, 1, {"\x02\0\0", 3})},
        Nothing{"empty_data_of_a_request_that_was_given_up", frame(NGHTTP2_DATA, 0, 3, "")},
        Nothing{"priority", frame(NGHTTP2_PRIORITY, 0, 1, {"\0\0\0\0\x05", 5})},
        Nothing{"ping", frame(NGHTTP2_PING, 0, 0, "12345678")},
        Nothing{"ping_answer", frame(NGHTTP2_PING, NGHTTP2_FLAG_ACK, 0, "12345678")},
        Nothing{"settings", frame(NGHTTP2_SETTINGS, 0, 0, "")},
        Nothing{"window_update", window_update(1, 1)},
        Nothing{"window_update_of_all", window_update(0, 1)},
        Nothing{"goaway", frame(NGHTTP2_GOAWAY, 0, 0, {"\x7f\xff\xff\xff\0\0\0\0", 8})},
        Nothing{"origin", frame(0x0c, 0, 0, {"\0\x0ahttps://a.b", 13})},
        Nothing{"unknown", frame(0x77, 0, 1, "what")},
        Nothing{"unknown_empty", frame(0x77, 0, 0, "")}),
    [](const auto& test) { return std::string(test.param.what); });

TEST_F(EndpointsIdleFrames, WindowUpdatesAndPingsForEachMessageThatItGotAreFree) {
  for (int i = 0; i < 500; ++i) {
    request.stream().append("x", false);
    ASSERT_TRUE(receive("")) << i;
    ASSERT_TRUE(
        receive(window_update(1, 1) + window_update(0, 1) + frame(NGHTTP2_PING, 0, 0, "12345678")))
        << i;
  }
}

TEST_F(EndpointsIdleFrames, WindowUpdatesForEachPartOfABodyThatWasReadAreFree) {
  ASSERT_TRUE(receive(window_update(1, 1 << 30) + window_update(0, 1 << 30)));
  request.stream().append(std::string(1 << 20, 'x'), false);
  while (session->bodies_queued() > 0) ASSERT_TRUE(receive(""));
  std::string updates;
  for (int i = 0; i < 2 << 10; ++i) updates += window_update(1, 512) + window_update(0, 512);
  EXPECT_TRUE(receive(updates));
}

TEST_F(EndpointsIdleFrames, ABodyInTheSmallestFramesIsNone) {
  for (int i = 0; i < 500; ++i) ASSERT_TRUE(receive(frame(NGHTTP2_DATA, 0, 1, "x"))) << i;
  EXPECT_EQ(request.body.size(), 500u);
}

}  // namespace
}  // namespace proxy::http2
