#include <array>

#include <openssl/evp.h>

#include "proxy/session/exchange.h"
#include "proxy/session/tunnel_time.h"

// After 101: bytes both ways until both sides are done. Back-pressure is that of a request's and a
// response's body.
namespace proxy::session {

// RFC 6455 §4.1: 16 bytes that are chosen at random.
void Exchange::add_websocket_key() {
  const std::array<std::uint64_t, 2> random = {means_.request_ids.draw(),
                                               means_.request_ids.draw()};
  constexpr std::size_t kTextBytes = 24;
  std::array<unsigned char, kTextBytes + 1> text{};
  ::EVP_EncodeBlock(text.data(), reinterpret_cast<const unsigned char*>(random.data()),
                    static_cast<int>(sizeof random));
  websocket_key_.assign(reinterpret_cast<const char*>(text.data()), kTextBytes);
  request_.fields.push_back({.name = "Sec-WebSocket-Key", .value = websocket_key_});
}

std::chrono::milliseconds Exchange::tunnel_idle() const {
  return session::tunnel_idle(means_.options.timeouts, cluster_->config());
}

// Over HTTP/2 any 2xx opens the tunnel (RFC 9110 §9.3.6), so one that does not must not get there.
bool Exchange::is_refused_upgrade() const {
  return !websocket_key_.empty() && response_->framing != http::Framing::tunnel &&
         response_->status >= 200 && response_->status < 300;
}

void Exchange::begin_tunnel(http::ResponseHead& head, const upstream::Piece& piece) {
  stage_ = Stage::tunnel;
  if (protocol_ == Protocol::http2) {
    // RFC 8441 §5: the key is of the hop to the endpoint.
    status_ = head.status = 200;
    for (http::Field& field : head.fields) {
      if (http::equals_ignoring_case(field.name, "sec-websocket-accept")) field.dropped = true;
    }
  }
  was_upgraded_ = true;
  means_.counters.upgraded_open.add();
  response_bytes_ += piece.size;
  downstream_->send_head(head, piece, false);
  if (stage_ == Stage::tunnel) downstream_->want_request_body();
}

// The endpoint is done. A WebSocket has no half-open life: what is on its way is delivered, then it
// ends.
void Exchange::end_tunnel() {
  if (protocol_ == Protocol::http2) downstream_->send_body({}, true);
  if (stage_ != Stage::over) complete_response();
}

void Exchange::on_client_finished() {
  if (stage_ != Stage::tunnel || client_finished_) return;
  client_finished_ = true;
  stream_->finish_sending();
}

}  // namespace proxy::session
