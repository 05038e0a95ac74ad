#pragma once

#include "proxy/net/loop.h"
#include "proxy/session/turn_line.h"

namespace proxy::session {

class Http2Connection;
struct Flush;

// The connections of HTTP/2 that have something to send: each is flushed at the end of a turn,
// once, whatever was written to it. One worker's thread only.
class FlushQueue {
 public:
  // `loop` outlives it.
  explicit FlushQueue(const net::Loop& loop) : loop_(loop) {}

  // At the end of the turn, once.
  void add(Http2Connection& connection);
  void leave(Http2Connection& connection);
  // The turn ends. True: there is more to flush in the next one.
  bool flush_some() { return !waiting_.empty() && flush_waiting(); }
  // Some wait for their flush since an earlier turn: nothing large is to pass them by.
  bool is_behind() const { return waiting_.is_behind(); }

 private:
  bool flush_waiting();

  const net::Loop& loop_;
  TurnLine<Http2Connection, Flush> waiting_;
};

}  // namespace proxy::session
