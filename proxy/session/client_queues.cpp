#include "proxy/session/client_queues.h"

#include <memory>

#include <spdlog/spdlog.h>

#include "proxy/reason/words.h"
#include "proxy/session/client_connection.h"

namespace proxy::session {

template <class Visit>
void ClientQueues::for_each(Visit visit) {
  for (ClientConnection* connection = first_; connection != nullptr;) {
    ClientConnection* const next = connection->next;
    visit(*connection);
    connection = next;
  }
}

void ClientQueues::add(ClientConnection& connection) {
  connection.next = first_;
  if (first_ != nullptr) first_->previous = &connection;
  first_ = &connection;
  ++count_;
  tools_.counters.connections_open.add();
}

void ClientQueues::forget(ClientConnection& connection) {
  (connection.previous != nullptr ? connection.previous->next : first_) = connection.next;
  if (connection.next != nullptr) connection.next->previous = connection.previous;
  --count_;
  tools_.counters.connections_open.subtract();
  waiting_for_step_.leave(connection);
  doomed_.leave(connection);
  end_rest(connection);
  tools_.loop.dispose(std::unique_ptr<net::EventHandler>(&connection));
}

// ---- Those that rest

void ClientQueues::begin_rest(ClientConnection& connection, bool has_asked) {
  const std::size_t newcomers_max = tools_.options.connections_max / 8 + 1;
  if (has_asked) {
    between_requests_.push_back(connection);
  } else if (count_ + newcomers_max >= tools_.options.connections_max) {
    newcomers_.push_back(connection);
  } else {
    never_asked_.push_back(connection);
  }
}

void ClientQueues::end_rest(ClientConnection& connection) {
  between_requests_.leave(connection);
}

bool ClientQueues::make_room() {
  const Options& options = tools_.options;
  for (auto* queue : {&newcomers_, &never_asked_, &between_requests_}) {
    ClientConnection* const longest = queue->front();
    if (longest == nullptr) continue;
    const auto enough =
        queue == &newcomers_ ? options.newcomer_makes_room_after : options.makes_room_after;
    if (tools_.loop.now() - longest->rests_since() < enough) continue;
    tools_.counters.connections_made_room.add();
    longest->make_room();
    return true;
  }
  return false;
}

// ---- Those that shake hands

void ClientQueues::queue_handshake(ClientConnection& connection) {
  if (waiting_for_step_.is_waiting(connection)) return;
  // Clients that connected before and all speak at once: those who came last are turned away at
  // once, so that the others are not all too late.
  if (waiting_for_step_.size() >= tools_.options.handshakes_waiting_max) {
    connection.refuse_handshake();
    return;
  }
  waiting_for_step_.add(connection, connection.state() == ClientConnection::State::handshake);
}

bool ClientQueues::make_handshake_step() {
  ClientConnection* const connection = waiting_for_step_.take();
  if (connection == nullptr) return false;
  connection->handshake_step();
  return !waiting_for_step_.empty();
}

// ---- Those that are to be closed

void ClientQueues::close_soon(ClientConnection& connection) {
  if (!doomed_.is_waiting(connection)) doomed_.push_back(connection);
}

bool ClientQueues::close_some_doomed() {
  const net::TurnSlice slice = tools_.loop.begin_slice();
  while (ClientConnection* const connection = doomed_.take_front()) {
    connection->close(reason::client_reset, true);
    if (slice.is_over()) break;
  }
  return !doomed_.empty();
}

void ClientQueues::begin_drain() {
  for_each([](ClientConnection& connection) { connection.begin_drain(); });
}

void ClientQueues::close_tunnels(std::size_t share) {
  std::size_t seen = 0;
  for_each([&](ClientConnection& connection) {
    const Protocol* protocol = connection.protocol();
    if (protocol == nullptr || !protocol->is_tunnel()) return;
    if (seen++ % share == 0) connection.close(reason::draining);
  });
}

void ClientQueues::close_all() {
  for_each([](ClientConnection& connection) { connection.close(reason::stopped); });
}

// ---- Those that were let in no further

void ClientQueues::note_refused_proxy_header(std::string_view peer, std::string_view reason) {
  tools_.counters.proxy_headers_refused.add(reason);
  if (!says_refused_header_.is_due(tools_.loop.now())) return;
  spdlog::warn(
      "closing a connection of {} that does not begin with a PROXY header as it should: {} (said "
      "once a minute; gatehouse_proxy_proxy_headers_refused_total counts all)",
      peer, reason);
}

void ClientQueues::note_refused_client(std::string_view address) {
  tools_.counters.connections_refused.add(reason::client_has_too_many);
  if (!says_refused_client_.is_due(tools_.loop.now())) return;
  spdlog::warn(
      "closing a connection of {}, which has {} already, as many as one client may have (said once "
      "a minute; --max-connections-per-client)",
      address, tools_.options.connections_per_client_max);
}

}  // namespace proxy::session
