#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "base/result.h"
#include "proxy/admin/access_log.h"
#include "proxy/admin/counters.h"
#include "proxy/admin/span_export.h"
#include "proxy/http/request_id.h"
#include "proxy/http2/request_fields.h"
#include "proxy/http2/response_fields.h"
#include "proxy/http2/wide_windows.h"
#include "proxy/net/loop.h"
#include "proxy/net/socket_address.h"
#include "proxy/policy/auth_cache.h"
#include "proxy/session/auth_places.h"
#include "proxy/session/buffers.h"
#include "proxy/session/client.h"
#include "proxy/session/client_connection.h"
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
#include "proxy/session/protocols.h"
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
  net::Loop& loop() { return *loop_; }  // to post to

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
  http2::ResponseFields response_fields_;
  http2::RequestFields request_fields_;
  const Http2Stream::Means means_of_http2_streams_{tools_, exchanges_, response_fields_, date_};
  RequestPool<Http2Stream> http2_streams_{means_of_http2_streams_, counters_.held.pools};
  FlushQueue to_flush_{*loop_};
  http2::WideWindows wide_windows_{http2::kWideWindowsBytesMax};

  ClientQueues clients_{tools_};
  const Protocols protocols_{{tools_, clients_, exchanges_, standing_, date_},
                             {tools_, http2_streams_, to_flush_, wide_windows_},
                             {tools_, serving_, clients_}};
  const ClientConnection::Means means_of_connections_{tools_,        live_, clients_,
                                                      public_ports_, *tls_, protocols_};
  std::vector<std::unique_ptr<Listener>> listeners_;
  OnceAMinute says_full_, says_no_descriptors_;

  Ebb ebb_;
  bool accepts_no_more_ = false;
  std::function<void()> on_drained_;
};

}  // namespace proxy::session
