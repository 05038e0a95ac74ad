#pragma once

#include <cstddef>
#include <string_view>

#include "proxy/net/queue.h"
#include "proxy/session/handshake_line.h"
#include "proxy/session/once_a_minute.h"
#include "proxy/session/tools.h"

namespace proxy::session {

class ClientConnection;
struct EndOfTurn;
struct HandshakeStep;
struct Rest;

// All clients of one worker, and those of them that wait: for the next step of their handshake, to
// be closed at the end of the turn, or for nothing, so that they make room when it is needed. That
// worker's thread only.
class ClientQueues {
 public:
  explicit ClientQueues(const Tools& tools) : tools_(tools) {}
  ClientQueues(const ClientQueues&) = delete;
  ClientQueues& operator=(const ClientQueues&) = delete;

  // ---- for connections
  // It is there, and owned from now to forget().
  void add(ClientConnection& connection);
  void forget(ClientConnection& connection);  // it is closed: destroyed at the end of the turn
  void begin_rest(ClientConnection& connection, bool has_asked);
  void end_rest(ClientConnection& connection);
  void queue_handshake(ClientConnection& connection);
  void close_soon(ClientConnection& connection);
  // A client had as many connections as it may, and one that it made was closed: said once a
  // minute, counted always.
  void note_refused_client(std::string_view address);
  // A connection was closed for how it began, where a PROXY header was due or had begun: likewise.
  void note_refused_proxy_header(std::string_view peer, std::string_view reason);

  // ---- for whoever accepts them
  std::size_t count() const { return count_; }
  bool is_full() const { return count_ >= tools_.options.connections_max; }
  std::size_t handshakes_waiting() const { return waiting_for_step_.size(); }
  // Closes the one that has been silent for longest, if that is long enough: first among newcomers,
  // then among others that never asked for anything. False: there is none.
  bool make_room();

  // ---- for the end of a turn
  // At most one step, after the traffic of established connections: a storm of new clients must not
  // hold up those who are there. True: more wait.
  bool make_handshake_step();
  // True: there are more.
  bool close_doomed() { return !doomed_.empty() && close_some_doomed(); }

  // ---- for the end of all
  void begin_drain();
  // One in `share` of the tunnels that are left.
  void close_tunnels(std::size_t share);
  void close_all();

 private:
  template <class Visit>
  void for_each(Visit visit);
  bool close_some_doomed();

  Tools tools_;
  ClientConnection* first_ = nullptr;
  std::size_t count_ = 0;
  // Clients without anything under way, the one that is silent for longest first.
  net::Queue<ClientConnection, Rest> newcomers_;  // to the last eighth of the places
  net::Queue<ClientConnection, Rest> never_asked_;
  net::Queue<ClientConnection, Rest> between_requests_;
  OnceAMinute says_refused_header_, says_refused_client_;
  HandshakeLine<ClientConnection, HandshakeStep> waiting_for_step_;
  net::Queue<ClientConnection, EndOfTurn> doomed_;
};

}  // namespace proxy::session
