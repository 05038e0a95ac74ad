#include "proxy/session/flush_queue.h"

#include "proxy/session/http2_connection.h"

namespace proxy::session {
namespace {

// With these a turn stays short, however many connections have more to send.
constexpr int kFlushesPerTurn = 64;

}  // namespace

void FlushQueue::add(Http2Connection& connection) {
  if (!waiting_.is_waiting(connection)) waiting_.push_back(connection);
}

void FlushQueue::leave(Http2Connection& connection) {
  waiting_.leave(connection);
}

bool FlushQueue::flush_waiting() {
  net::Queue<Http2Connection, Flush> flushing;
  flushing.take_all(waiting_);
  const net::TurnSlice slice = loop_.begin_slice();
  for (int i = 0; i < kFlushesPerTurn; ++i) {
    Http2Connection* const connection = flushing.take_front();
    if (connection == nullptr) return !waiting_.empty();
    if (connection->flush()) add(*connection);
    if (slice.is_over()) break;
  }
  waiting_.take_all(flushing);  // the rest comes first in the next turn
  return !waiting_.empty();
}

}  // namespace proxy::session
