#include <algorithm>
#include <cerrno>

#include "proxy/http2/grpc.h"
#include "proxy/http2/request_fields.h"
#include "proxy/reason/words.h"
#include "proxy/session/exchange.h"
#include "proxy/session/worker.h"

// The way of a request to an endpoint that speaks HTTP/2, and of its response back. One connection
// carries many, so a request has a stream of it and never the socket; frames say where a body ends,
// so it passes as it is.
namespace proxy::session {
namespace {

using upstream::Fault;
using upstream::Retry;

constexpr upstream::Failure kSendTimeout{Fault::upstream, Retry::never, 504,
                                         reason::upstream_send_timeout,
                                         upstream::FailureKind::timeout};
constexpr upstream::Failure kReadTimeout{Fault::upstream, Retry::never, 504,
                                         reason::upstream_read_timeout,
                                         upstream::FailureKind::timeout};
constexpr upstream::Failure kTooManyInterim{Fault::upstream, Retry::never, 502,
                                            reason::too_many_interim_responses};
// As over HTTP/1.1 (exchange_forward.cpp).
constexpr unsigned kInterimHeadsMax = 16;
// Of them that wait for the client.
constexpr std::size_t kInterimBytesMax = 16u << 10;
// Of a client's connection with more requests than that the windows towards endpoints do not grow:
// it may stop to take any of them at any time, and what they let in is ours to hold.
constexpr std::size_t kGrowingRequestsMax = 8;
// From a connection that takes fewer requests than was thought, or that is about to close: each new
// one takes at least one of those that are moved.
constexpr unsigned kMovesMax = 16;

}  // namespace

void Exchange::forward_http2(const Client& client, const config::Policies& policies,
                             const Piece& piece, bool last) {
  request_.chunked = false;
  request_.upgrade = {};  // HTTP/2 has none (RFC 9113 §8.6)
  can_replay_ = true;
  const bool client_waits = request_.expects_continue && !last && piece.empty();
  sent_.assign(compose_head(client, policies));
  unframed_head_ = sent_.size();
  sent_.append(piece.text());
  try_endpoints_http2();
  watch_client();
  if (client_waits && stage_ != Stage::over && !is_asking_for_page()) downstream_->send_continue();
}

void Exchange::try_endpoints_http2() {
  stage_ = Stage::requesting;
  const config::Cluster& config = cluster_->config();
  int error = 0;
  for (auto endpoint = pick_endpoint(); endpoint != nullptr;
       endpoint = may_connect_elsewhere() ? pick_endpoint() : nullptr) {
    upstream::Http2Connection* carrier = endpoint->http2_with_room();
    if (carrier != nullptr) {
      worker_.counters().upstream_reused.add();
    } else if (worker_.may_connect()) {
      carrier = upstream::Endpoint::connect_http2(endpoint, worker_.loop(), config.connect_timeout,
                                                  config.send_timeout);
    } else {
      answer_for_endpoint(503, reason::no_descriptors);
      return;
    }
    if (carrier == nullptr) {
      error = errno;
      tried_.push_back(std::move(endpoint));
      worker_.counters().upstream_failures.add(net::connect_failure_reason(error));
      continue;
    }
    endpoint_ = std::move(endpoint);
    endpoint_->request_begins();
    if (begin_stream(*carrier)) {
      update_stream_wait();
    } else {
      answer_for_endpoint(503, reason::no_memory);
    }
    return;
  }
  answer_without_connection(error);
}

bool Exchange::begin_stream(upstream::Http2Connection& carrier) {
  const std::string_view head = sent_.view().substr(0, unframed_head_);
  const std::string_view body = sent_.view().substr(unframed_head_);
  const bool with_body = !request_complete_ || !body.empty() || !judged_request_trailer().empty();
  carrier_ = &carrier;
  carrier_was_used_ = carrier.was_used();
  stream_ = std::make_unique<http2::ClientStream>(static_cast<http2::ClientStream::User&>(*this));
  const auto& fields = worker_.request_fields().of(head, cluster_->config().tls ? "https" : "http");
  if (!carrier.begin(*stream_, fields, with_body)) return false;
  if (with_body) append_to_stream(body, request_complete_);
  return true;
}

void Exchange::append_to_stream(std::string_view bytes, bool last) {
  if (last && !request_trailer_.empty()) {
    stream_->finish(bytes, worker_.request_fields().of_trailer(judged_request_trailer()));
  } else {
    stream_->append(bytes, last);
  }
}

// What was taken from the client is kept while nothing of it was sent, else while it is little.
void Exchange::send_to_stream(std::string_view bytes, bool last) {
  if (can_replay_) {
    const bool is_little = sent_.size() + bytes.size() <= upstream::kReplayBytesMax;
    if (is_little || !stream_->is_out()) {
      sent_.append(bytes);
    } else {
      can_replay_ = false;
      sent_.take();
    }
  }
  append_to_stream(bytes, last);
  update_stream_wait();
  watch_client();
}

// ---- What the stream says

void Exchange::on_request_sent() {
  // Of many calls that wait for their answers, large heads are not kept for the few that are
  // refused.
  if (can_replay_ && unframed_head_ > upstream::kReplayBytesMax) {
    can_replay_ = false;
    sent_.take();
  }
  update_stream_wait();
  if (request_complete_) return;
  watch_client();
  downstream_->want_request_body();
}

void Exchange::on_response_head(std::string_view head, bool last) {
  using Outcome = http1::ResponseParser::Outcome;
  response_has_begun_ = true;
  response_parser_.reset();
  response_.reset();
  if (response_parser_.parse(head, {is_head_, {}}, response_) != Outcome::complete) {
    const http::Failure failure = response_parser_.failure() == http::Failure::none
                                      ? http::Failure::head_too_large
                                      : response_parser_.failure();
    fail({Fault::upstream, Retry::never, 502, http::response_reason_of(failure),
          upstream::FailureKind::invalid_answer});
    return;
  }
  if (!response_.is_interim()) {
    cluster_->note_answer(*endpoint_, response_.status, worker_.loop().now());
  }
  if (!response_.is_interim() && passes_on(response_.status)) {
    ask_another();
    return;
  }
  if (!response_.is_interim() && replaces_with_page(response_.status)) {
    ask_for_page_of_response(nullptr, nullptr);
    return;
  }
  can_replay_ = false;
  sent_.take();
  if (response_.is_interim()) {
    if (++interim_heads_ > kInterimHeadsMax) {
      fail(kTooManyInterim);
      return;
    }
    // We took Expect away, so a 100 answers nobody. A stream cannot be read more slowly for the
    // heads on it, so a client that takes nothing gets no more of them.
    const bool takes_it = downstream_->unsent() + head.size() <= kInterimBytesMax;
    if (response_.status != 100 && takes_it) downstream_->send_interim(response_);
    update_stream_wait();
    return;
  }
  take_final_head();
  stage_ = Stage::responding;
  answers_call_ = is_grpc_ && http2::is_grpc(response_);
  const bool is_all = last || response_.framing == http::Framing::none;
  if (last && response_.framing == http::Framing::until_close) {
    // RFC 9113 §8.1: it ended with its head. HTTP/1.1 needs to be told so by a length.
    response_.framing = http::Framing::length;
    if (protocol_ != Protocol::http2) response_.content_length = 0;
  }
  downstream_->send_head(response_, {}, is_all);
  if (stage_ == Stage::over) return;
  if (is_all) {
    complete_response();
  } else {
    update_stream_wait();
  }
}

void Exchange::on_response_data(std::string_view data) {
  response_bytes_ += data.size();
  // No room around it, so it is only read.
  downstream_->send_body({const_cast<char*>(data.data()), data.size(), 0, 0}, false);
  if (stage_ != Stage::over) take_more();
}

// The endpoint may send more while the client takes what there is.
void Exchange::take_more() {
  if (downstream_->unsent() <= worker_.options().unsent_bytes_high && room_for_response() > 0) {
    stream_->consume(downstream_->others() < kGrowingRequestsMax);
  }
  update_stream_wait();
}

void Exchange::on_response_end(const std::vector<http::Field>& trailer) {
  send_response_trailer(trailer);
  if (stage_ != Stage::over) complete_response();
}

// A client with a connection of its own to the endpoint would make UNAVAILABLE of its loss, which
// it may try again; a reset by us it takes for INTERNAL, which it may not.
void Exchange::end_as_unavailable(std::string_view reason) {
  reason_ = reason;
  constexpr int kUnavailable = 503;
  downstream_->send_trailer({{.name = "grpc-status", .value = http2::grpc_status_of(kUnavailable)},
                             {.name = "grpc-message", .value = reason}});
  if (stage_ != Stage::over) finish();
}

void Exchange::on_stream_ended(http2::ClientStream::End end) {
  const bool is_moved = end == http2::ClientStream::End::no_room &&
                        !carrier_->has_failed_to_connect() && can_replay_ && ++moves_ <= kMovesMax;
  if (!is_moved) {
    const bool is_lost_call = end == http2::ClientStream::End::connection_lost && answers_call_;
    fail(carrier_->failure_of(end), is_lost_call ? Ending::unavailable : Ending::broken_off);
    return;
  }
  // Nobody has failed: it is only in the wrong place.
  detach(upstream::Connection::kNotReusable);
  endpoint_.reset();
  try_endpoints_http2();
}

// ---- The endpoint's clock

// It runs only while the endpoint is the one who is awaited. A call that was answered may be silent
// for as long as a tunnel: what is still to come is up to the two.
void Exchange::update_stream_wait() {
  if (stream_ == nullptr) return;
  const config::Cluster& config = cluster_->config();
  if (stream_->unsent() > 0) {
    if (awaits_sending_ && timer_.is_armed()) return;  // more to send is no progress
    awaits_sending_ = true;
    sent_when_armed_ = stream_->body_sent();
    worker_.loop().arm(timer_, config.send_timeout);
    return;
  }
  awaits_sending_ = false;
  const bool is_conversation = is_call() && stage_ == Stage::responding;
  if (is_conversation) {
    worker_.loop().arm(timer_,
                       std::max(config.read_timeout, worker_.options().timeouts.tunnel_idle));
  } else if (request_complete_ && stream_->unconsumed() == 0) {
    worker_.loop().arm(timer_, config.read_timeout);
  } else {
    timer_.disarm();
  }
}

void Exchange::on_stream_timeout() {
  if (!awaits_sending_) {
    carrier_->doubt();
    fail(kReadTimeout);
  } else if (stream_->unsent() == 0 || stream_->body_sent() != sent_when_armed_) {
    awaits_sending_ = false;
    update_stream_wait();
  } else {
    carrier_->doubt();
    fail(kSendTimeout);
  }
}

}  // namespace proxy::session
