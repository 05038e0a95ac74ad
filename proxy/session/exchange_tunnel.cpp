#include "proxy/session/exchange.h"
#include "proxy/session/worker.h"

// After 101: bytes both ways until both sides are done. Back-pressure is that of a request's and a
// response's body.
namespace proxy::session {

void Exchange::begin_tunnel(char* begin, char* end) {
  stage_ = Stage::tunnel;
  was_upgraded_ = true;
  worker_.counters().upgraded_open.add();
  Piece piece{begin, static_cast<std::size_t>(end - begin), 0, 0};
  piece.room_before = worker_.buffers().upstream.room_before(begin);
  response_bytes_ += piece.size;
  downstream_->send_head(response_, piece, false);
  if (stage_ == Stage::tunnel) downstream_->want_request_body();
}

// No bytes: the endpoint is done.
void Exchange::pass_to_client(char* begin, char* end) {
  if (begin == end) {
    endpoint_finished_ = true;
    // A WebSocket has no half-open life: what is on its way is delivered, then it ends.
    complete_response();
    return;
  }
  const Piece piece{begin, static_cast<std::size_t>(end - begin), 0, 0};
  response_bytes_ += piece.size;
  downstream_->send_body(piece, false);
}

void Exchange::on_client_finished() {
  if (stage_ != Stage::tunnel || client_finished_) return;
  client_finished_ = true;
  connection_->finish_sending();
}

}  // namespace proxy::session
