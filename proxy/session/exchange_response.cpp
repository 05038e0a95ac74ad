#include <utility>

#include "proxy/http/trailer.h"
#include "proxy/http2/grpc.h"
#include "proxy/reason/words.h"
#include "proxy/session/client_stay.h"
#include "proxy/session/exchange.h"
#include "proxy/session/response_guard.h"

// What an endpoint answers, on its way to the client.
namespace proxy::session {
namespace {

using upstream::Fault;
using upstream::Retry;
using Use = upstream::RequestStream::Use;

constexpr upstream::Failure kUpgradeRefused{Fault::upstream, Retry::never, 502,
                                            reason::upstream_upgrade_refused,
                                            upstream::FailureKind::invalid_answer};
constexpr upstream::Failure kTooManyInterim{Fault::upstream, Retry::never, 502,
                                            reason::too_many_interim_responses};
// "103 Early Hints" comes once or twice. Each is passed on at once, so an endpoint that says no
// more than that would fill what its client has not taken yet.
constexpr unsigned kInterimHeadsMax = 16;
// Of them that wait for the client, where the endpoint cannot be read more slowly for them.
constexpr std::size_t kInterimBytesMax = 16u << 10;
// Of a client's connection with more requests than that the windows towards endpoints do not grow:
// it may stop to take any of them at any time, and what they let in is ours to hold.
constexpr std::size_t kGrowingRequestsMax = 8;
// What a message leaves of its memory to the next one.
constexpr std::size_t kKeptBytes = 1u << 10;

}  // namespace

void Exchange::on_interim_head(const http::ResponseHead& head, std::size_t bytes) {
  kept_.clear(kKeptBytes);
  if (++interim_heads_ > kInterimHeadsMax) {
    fail(kTooManyInterim);
    return;
  }
  // We took Expect away, so a 100 answers nobody; nor did the client ask for a page. A stream of
  // HTTP/2 cannot be read more slowly for the heads on it, so a client that takes nothing gets no
  // more of them.
  if (head.status == 100 || is_asking_for_page()) return;
  const bool takes_it =
      !stream_->speaks_http2() || downstream_->unsent() + bytes <= kInterimBytesMax;
  if (takes_it) downstream_->send_interim(head);
}

void Exchange::on_response_head(http::ResponseHead& head, bool last) {
  response_ = &head;
  cluster_->note_answer(*endpoint_, head.status, means_.loop.now());
  if (passes_on(head.status)) {
    ask_another();
    return;
  }
  if (replaces_with_page(head.status)) {
    ask_for_page_of_response();
    return;
  }
  if (is_refused_upgrade()) {
    response_ = nullptr;
    fail(kUpgradeRefused);
    return;
  }
  kept_.clear(kKeptBytes);
  take_final_head();
  if (head.framing == http::Framing::tunnel) {  // which begins with what comes now
    response_guard_.reset();
    return;
  }
  stage_ = Stage::responding;
  answers_call_ = is_call() && http2::is_grpc(head);
  if (last && head.framing == http::Framing::until_close) {
    // RFC 9113 §8.1: it ended with its head. HTTP/1.1 needs to be told so by a length.
    head.framing = http::Framing::length;
    if (protocol_ != Protocol::http2) head.content_length = 0;
  }
  if (response_guard_ != nullptr) meet_response();
}

// The head of the response is here, however it came.
void Exchange::take_final_head() {
  status_ = response_->status;
  slow_body_.leave();
  if (is_asking_for_page()) note_page();
  if (shape_ != nullptr) {
    shape_->apply_to_response({origin_, is_https_}, response_->fields, response_->unfolded);
  }
  responded_ = means_.loop.now();
  tell_sticky();
  if (stay_key_) {
    note_stay(*stay_key_, *endpoint_, *means_.live.client_places, means_.loop.now());
  }
  if (sets_granted_cookies()) set_granted_cookies(response_->fields);
}

void Exchange::on_response_body(const upstream::Piece& piece, bool last) {
  if (response_guard_ != nullptr) {
    guard_response_body(piece, last);
    return;
  }
  if (http::ResponseHead* const head = std::exchange(response_, nullptr)) {
    if (head->framing == http::Framing::tunnel) {
      begin_tunnel(*head, piece);
      return;
    }
    response_bytes_ += piece.size;
    downstream_->send_head(*head, piece, last);
  } else if (stage_ == Stage::tunnel && last) {
    end_tunnel();
    return;
  } else {
    response_bytes_ += piece.size;
    downstream_->send_body(piece, last);
  }
  if (last && stage_ != Stage::over) complete_response();
}

void Exchange::on_response_end(std::vector<http::Field> trailer) {
  if (response_guard_ != nullptr) {
    guard_response_end(std::move(trailer));
    return;
  }
  send_response_trailer(std::move(trailer));
  if (stage_ != Stage::over) complete_response();
}

// The end of the body, and what may follow it.
void Exchange::send_response_trailer(std::vector<http::Field> trailer) {
  http::keep_what_may_trail(trailer);
  if (shape_ != nullptr) shape_->apply_to_response_trailer(trailer);
  if (trailer.empty()) {
    downstream_->send_body({}, true);
  } else {
    downstream_->send_trailer(trailer);
  }
}

void Exchange::complete_response() {
  // The connection goes back first: the next request of this client may already wait for it.
  give_stream_back();
  finish();
}

// All of the response is here.
void Exchange::give_stream_back() {
  // An endpoint that waits for the rest of a request would take the next one for it. Who refuses
  // one may not have read its body, and ends the connection without a word when that is in the way:
  // the next request would stand behind it.
  const bool was_read = request_complete_ && !(status_ >= 400 && request_bytes_ > 0);
  detach(was_read ? Use::complete : Use::broken);
}

bool Exchange::may_let_in_more() const {
  return downstream_->others() < kGrowingRequestsMax;
}

}  // namespace proxy::session
