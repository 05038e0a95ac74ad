#pragma once

#include "proxy/session/http1_connection.h"
#include "proxy/session/http2_connection.h"
#include "proxy/session/passthrough_connection.h"

namespace proxy::session {

// What each of the protocols uses that a client's connection may speak. One for a worker.
struct Protocols {
  Http1Connection::Means http1;
  Http2Connection::Means http2;
  PassthroughConnection::Means passthrough;
};

}  // namespace proxy::session
