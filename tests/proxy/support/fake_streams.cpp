#include "tests/proxy/support/fake_streams.h"

#include <cerrno>
#include <iterator>

#include <gtest/gtest.h>

namespace proxy::support {
namespace {

// Before and behind what comes of a body, as in a worker's buffer.
constexpr std::size_t kRoom = 8u << 10;

const http1::Limits kLimits{.fields_max = 1000};

}  // namespace

FakeStream::FakeStream(std::shared_ptr<upstream::Endpoint> endpoint,
                       const upstream::StreamWishes& wishes, User& user, bool is_open)
    : endpoint_(std::move(endpoint)),
      user_(user),
      speaks_http2_(wishes.cluster.config().speaks_http2),
      question_(wishes.question),
      is_open_(is_open) {}

bool FakeStream::send(const upstream::RequestPart& part) {
  EXPECT_FALSE(released_);
  EXPECT_TRUE(is_open_) << "nothing can be sent yet";
  EXPECT_FALSE(is_complete_) << "the request was complete";
  EXPECT_EQ(part.head.empty(), has_head()) << "the head is of the first part";
  if (!part.head.empty()) {
    head_ = part.head;
    is_chunked_ = part.is_chunked;
  }
  body_ += part.body.text();
  trailer_ += part.trailer;
  is_complete_ = part.last;
  return true;
}

void FakeStream::release(Use use) {
  EXPECT_FALSE(released_) << "it was released";
  released_ = use;
}

void FakeStream::open() {
  ASSERT_FALSE(is_open_);
  is_open_ = true;
  user_.on_stream_open();
}

void FakeStream::parse(std::string_view head) {
  EXPECT_FALSE(released_);
  response_has_begun_ = true;
  text_ = head;
  response_.reset();
  http1::ResponseParser parser(kLimits);
  EXPECT_EQ(parser.parse(text_, question_, response_), http1::ResponseParser::Outcome::complete);
}

upstream::Piece FakeStream::piece_of(std::string_view body) {
  buffer_.assign(kRoom, ' ');
  buffer_ += body;
  buffer_.append(kRoom, ' ');
  return {buffer_.data() + kRoom, body.size(), kRoom, kRoom};
}

void FakeStream::say_interim(std::string_view head) {
  parse(head);
  ASSERT_TRUE(response_.is_interim());
  user_.on_interim_head(response_, text_.size());
}

void FakeStream::say_head(std::string_view head, std::string_view body, bool last) {
  parse(head);
  ASSERT_FALSE(response_.is_interim());
  user_.on_response_head(response_, false);
  if (!released_) user_.on_response_body(piece_of(body), last);
  EXPECT_TRUE(!last || released_);
}

void FakeStream::say_head_and_nonsense(std::string_view head) {
  parse(head);
  user_.on_response_head(response_, false);
  if (released_) return;
  user_.on_stream_failed({upstream::Fault::upstream, upstream::Retry::never, 502,
                          "malformed_response", upstream::FailureKind::invalid_answer},
                         Cause::failed);
}

void FakeStream::say_body(std::string_view body, bool last) {
  ASSERT_FALSE(released_);
  user_.on_response_body(piece_of(body), last);
  EXPECT_TRUE(!last || released_);
}

void FakeStream::say_end(std::vector<http::Field> trailer) {
  ASSERT_FALSE(released_);
  user_.on_response_end(std::move(trailer));
  EXPECT_TRUE(released_);
}

void FakeStream::take_all() {
  unsent_bytes = 0;
  user_.on_request_sent();
}

void FakeStream::fail(const upstream::Failure& failure, Cause cause) {
  ASSERT_FALSE(released_);
  user_.on_stream_failed(failure, cause);
  EXPECT_TRUE(released_) << "it is of no more use";
}

upstream::RequestStream* FakeStreams::take_ready(
    const std::shared_ptr<upstream::Endpoint>& endpoint, const upstream::StreamWishes& wishes,
    upstream::RequestStream::User& user) {
  if (ready == 0) return nullptr;
  --ready;
  streams_.emplace_back(endpoint, wishes, user, true);
  streams_.back().reused = true;
  streams_.back().unsent_bytes = unsent_bytes;
  return &streams_.back();
}

upstream::RequestStream* FakeStreams::connect(const std::shared_ptr<upstream::Endpoint>& endpoint,
                                              const upstream::StreamWishes& wishes,
                                              upstream::RequestStream::User& user) {
  if (refused > 0) {
    --refused;
    errno = ECONNREFUSED;
    return nullptr;
  }
  // A stream of HTTP/2 can be begun while its connection is made.
  streams_.emplace_back(endpoint, wishes, user, wishes.cluster.config().speaks_http2);
  streams_.back().unsent_bytes = unsent_bytes;
  return &streams_.back();
}

FakeStream& FakeStreams::at(std::size_t place) {
  return *std::next(streams_.begin(), static_cast<std::ptrdiff_t>(place));
}

}  // namespace proxy::support
