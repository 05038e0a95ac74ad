#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "proxy/admin/access_log.h"
#include "proxy/admin/counters.h"
#include "proxy/admin/span_export.h"
#include "proxy/control/snapshot.h"
#include "proxy/http/request_id.h"
#include "proxy/http2/request_fields.h"
#include "proxy/http2/response_fields.h"
#include "proxy/net/loop.h"
#include "proxy/net/socket_address.h"
#include "proxy/policy/auth_cache.h"
#include "proxy/policy/client_places.h"
#include "proxy/policy/limits.h"
#include "proxy/session/auth_places.h"
#include "proxy/session/buffers.h"
#include "proxy/session/client.h"
#include "proxy/session/client_queues.h"
#include "proxy/session/date_text.h"
#include "proxy/session/ebb.h"
#include "proxy/session/exchange.h"
#include "proxy/session/flush_queue.h"
#include "proxy/session/gathered_shares.h"
#include "proxy/session/inspection_gate.h"
#include "proxy/session/listener.h"
#include "proxy/session/live_state.h"
#include "proxy/session/memory_watermark.h"
#include "proxy/session/mirrors.h"
#include "proxy/session/once_a_minute.h"
#include "proxy/session/options.h"
#include "proxy/session/password_gate.h"
#include "proxy/session/public_ports.h"
#include "proxy/session/reach.h"
#include "proxy/session/request_pool.h"
#include "proxy/session/scratch.h"
#include "proxy/session/serving.h"
#include "proxy/session/slow_bodies.h"
#include "proxy/session/standing.h"
#include "proxy/session/tools.h"
#include "proxy/tls/server_context.h"
#include "proxy/upstream/cluster.h"
#include "proxy/upstream/request_streams.h"

namespace proxy::session {

class ClientConnection;
class Http2Connection;
class Http2Stream;

// One core's share of the proxy: a loop with its listeners, clients, pools and buffers. It shares
// nothing with other workers but immutable snapshots, the threads that hash passwords and inspect
// requests, and the tables of limits and of clients that stay, which are atomic. Made by any
// thread, then used by the one that calls run(); only post-like calls (those that say so) may come
// from others.
class Worker final : private net::TurnEnd, private Listener::Owner {
 public:
  static base::Result<std::unique_ptr<Worker>> create(const Options& options,
                                                      admin::AccessLog& access_log,
                                                      admin::SpanExport* spans,
                                                      PasswordChecks& passwords,
                                                      Inspectors& inspectors, std::size_t index);
  ~Worker();

  // Before run(). With the listeners' real ports as clients see them.
  void set_public_ports(std::uint16_t http, std::uint16_t https);

  void run() { loop_->run(*this); }

  // ---- any thread
  void serve(LiveState state, std::function<void()> done);
  // Accepts clients from this from now on. Not after drain().
  void accept_from(net::Fd listener, Entrance entrance);
  void use_ticket_keys(std::shared_ptr<const tls::TicketKeys> keys);
  void note_memory(MemoryWatermark::Level level);
  void announce_drain();  // say "Connection: close", but go on accepting
  // Closes the listeners, when all have been accepted who had connected. Calls `done` then, from
  // the worker's thread.
  void accept_no_more(std::function<void()> done);
  // Accept nothing more, close what is idle, finish the rest; `done` when no connection is left.
  void drain(std::function<void()> done);
  // Closes one in `share` of the tunnels that are left.
  void close_tunnels(std::size_t share);
  void stop();
  std::int64_t last_tick_millis() const { return loop_->last_tick_millis(); }
  const admin::WorkerCounters& read_counters() const { return counters_; }

  // ---- for the parts of this worker
  net::Loop& loop() { return *loop_; }
  Buffers& buffers() { return buffers_; }
  const Options& options() const { return options_; }
  admin::WorkerCounters& counters() { return counters_; }
  upstream::Clusters& clusters() { return clusters_; }
  tls::ServerContext& tls() { return *tls_; }
  std::string& credentials_storage() { return scratch_.credentials; }
  // nullptr: there is no configuration yet.
  const control::Snapshot* snapshot() const { return live_.snapshot.get(); }
  policy::LimitTables* limits() const { return live_.limits.get(); }
  policy::ClientPlaces* client_places() const { return live_.client_places.get(); }
  bool is_draining() const { return standing_.announces_drain; }
  std::string_view public_port_text(bool secure) const { return public_ports_.text(secure); }
  bool logs_access() const { return access_lines_.are_wanted(); }
  admin::AccessLog::Lines& access_lines() { return access_lines_; }
  // Now, as an IMF-fixdate.
  std::string_view date() { return date_.now(); }

  std::unique_ptr<Exchange> take_exchange() { return exchanges_.take(); }
  void recycle(std::unique_ptr<Exchange> exchange) { exchanges_.give_back(std::move(exchange)); }

  std::unique_ptr<Http2Stream> take_stream();
  void recycle(std::unique_ptr<Http2Stream> stream);
  http2::ResponseFields& response_fields() { return response_fields_; }
  void flush_soon(Http2Connection& connection) { to_flush_.add(connection); }
  void forget_flush(Http2Connection& connection) { to_flush_.leave(connection); }

  // See Tools.
  void resume_soon(net::EventHandler& handler) { tools_.resume_soon(handler); }

  void begin_rest(ClientConnection& connection, bool has_asked) {
    clients_.begin_rest(connection, has_asked);
  }
  void end_rest(ClientConnection& connection) { clients_.end_rest(connection); }
  // There is no memory for requests that are yet to begin.
  bool has_little_memory() const { return standing_.has_little_memory(); }
  void note_refused_client(std::string_view address) { clients_.note_refused_client(address); }
  void note_refused_proxy_header(std::string_view peer, std::string_view reason) {
    clients_.note_refused_proxy_header(peer, reason);
  }
  // See Reach.
  bool may_connect() { return reach_.may_connect(); }
  std::shared_ptr<upstream::Endpoint> pick_endpoint(upstream::Cluster& cluster,
                                                    const upstream::Cluster::Past& past) {
    return reach_.pick_endpoint(cluster, past);
  }
  void queue_handshake(ClientConnection& connection) { clients_.queue_handshake(connection); }
  void close_soon(ClientConnection& connection) { clients_.close_soon(connection); }
  void forget(ClientConnection& connection) { clients_.forget(connection); }

 private:
  Worker(const Options& options, admin::AccessLog& access_log, admin::SpanExport* spans,
         PasswordChecks& passwords, Inspectors& inspectors, std::size_t index,
         std::unique_ptr<net::Loop> loop, std::unique_ptr<tls::ServerContext> tls);
  bool on_turn_end() override;
  void accept(net::Fd fd, const net::SocketAddress& peer, Entrance entrance) override;
  bool has_no_memory() const override { return standing_.has_no_memory(); }
  bool is_full() const override { return clients_.is_full(); }
  std::size_t handshakes_waiting() const override { return clients_.handshakes_waiting(); }
  bool make_room() override { return clients_.make_room(); }
  // Said once a minute, counted always.
  void note_pause(Listener::Pause pause) override;
  void close_listeners();
  void begin_drain();
  void give_memory_back();
  void check_drained();

  Options options_;
  std::unique_ptr<net::Loop> loop_;
  std::unique_ptr<tls::ServerContext> tls_;
  Buffers buffers_;
  admin::WorkerCounters counters_;
  const Tools tools_{*loop_, counters_, buffers_, options_};
  admin::AccessLog::Lines access_lines_;
  admin::SpanExport::Spans spans_;
  http::RequestIds request_ids_;
  Scratch scratch_;
  DateText date_{*loop_};
  PublicPorts public_ports_;
  Standing standing_;
  PasswordGate passwords_;
  InspectionGate inspections_;
  AuthPlaces auth_places_;
  GatheredShares gathered_shares_{counters_.gathered_bytes, options_.gathered_bytes_max};
  SlowBodies slow_bodies_;
  policy::AuthCache auth_cache_;
  LiveState live_;
  upstream::Clusters clusters_;
  Reach reach_;
  upstream::RequestStreams streams_;
  Mirrors mirrors_;
  const Serving serving_{live_, standing_, clusters_, reach_, scratch_, access_lines_};

  const Exchange::Means means_of_exchanges_{
      tools_,           serving_,
      streams_,         {passwords_, inspections_, auth_places_, auth_cache_},
      gathered_shares_, slow_bodies_,
      mirrors_,         request_ids_,
      spans_,           date_,
      public_ports_,
  };
  RequestPool<Exchange> exchanges_{means_of_exchanges_, counters_.held.pools};
  std::vector<std::unique_ptr<Http2Stream>> spent_streams_;
  std::vector<std::unique_ptr<Http2Stream>> stream_pool_;
  http2::ResponseFields response_fields_;
  http2::RequestFields request_fields_;
  FlushQueue to_flush_{*loop_};

  std::vector<std::unique_ptr<Listener>> listeners_;
  ClientQueues clients_{tools_};
  OnceAMinute says_full_, says_no_descriptors_;

  Ebb ebb_;
  bool accepts_no_more_ = false;
  std::function<void()> on_drained_;
};

}  // namespace proxy::session
