#include "proxy/session/flush_queue.h"

#include "proxy/session/http2_connection.h"

namespace proxy::session {
namespace {

// With these a turn stays short, however many connections have more to send.
constexpr int kFlushesPerTurn = 64;

}  // namespace

void FlushQueue::add(Http2Connection& connection) {
  waiting_.add(connection);
}

void FlushQueue::leave(Http2Connection& connection) {
  waiting_.leave(connection);
}

bool FlushQueue::flush_waiting() {
  return waiting_.serve_some(kFlushesPerTurn, loop_.begin_slice(),
                             [](Http2Connection& connection) { return connection.flush(); });
}

}  // namespace proxy::session
