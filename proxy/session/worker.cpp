#include "proxy/session/worker.h"

#include <utility>

#include <malloc.h>
#include <spdlog/spdlog.h>

#include "proxy/reason/words.h"
#include "proxy/session/client_connection.h"
#include "proxy/session/http2_connection.h"

namespace proxy::session {
namespace {

constexpr std::size_t kPooledExchangesMax = 512;
// With these a turn stays short, however many HTTP/2 connections have more to send.
constexpr int kFlushesPerTurn = 64;

}  // namespace

base::Result<std::unique_ptr<Worker>> Worker::create(const Options& options,
                                                     admin::AccessLog& access_log,
                                                     admin::SpanExport* spans,
                                                     PasswordChecks& passwords,
                                                     Inspectors& inspectors, std::size_t index) {
  auto loop = net::Loop::create();
  if (!loop) return base::failure(loop.error());
  auto tls = tls::ServerContext::create({});
  if (!tls) return base::failure(tls.error());
  return std::unique_ptr<Worker>(new Worker(options, access_log, spans, passwords, inspectors,
                                            index, std::move(*loop), std::move(*tls)));
}

Worker::Worker(const Options& options, admin::AccessLog& access_log, admin::SpanExport* spans,
               PasswordChecks& passwords, Inspectors& inspectors, std::size_t index,
               std::unique_ptr<net::Loop> loop, std::unique_ptr<tls::ServerContext> tls)
    : options_(options),
      loop_(std::move(loop)),
      tls_(std::move(tls)),
      buffers_(options_.pipes_max),
      access_lines_(access_log),
      spans_(spans),
      passwords_(*loop_, passwords),
      inspections_(*loop_, inspectors),
      clusters_(options_.pools, counters_, index),
      reach_(*loop_, counters_, clusters_, options_.endpoint_connections_max),
      streams_({.loop = *loop_,
                .counters = counters_,
                .limits = options_.response_limits,
                .area = buffers_.upstream,
                .gather = buffers_.gather,
                .fields = request_fields_}),
      mirrors_({*loop_, counters_, buffers_, reach_, options_.response_limits}) {
  counters_.held.buffers.add(buffers_.bytes());
}

Worker::~Worker() {
  for_each_connection([](ClientConnection& connection) { connection.close(reason::stopped); });
  on_turn_end();
  mirrors_.end_all();
  clusters_.adopt({});
  loop_->destroy_disposed();  // while what they refer to is still there
}

template <class Visit>
void Worker::for_each_connection(Visit visit) {
  for (ClientConnection* connection = first_; connection != nullptr;) {
    ClientConnection* const next = connection->next;
    visit(*connection);
    connection = next;
  }
}

void Worker::set_public_ports(std::uint16_t http, std::uint16_t https) {
  public_ports_.https = https;
  public_ports_.http_text = std::to_string(http);
  public_ports_.https_text = std::to_string(https);
}

// ---- From other threads

void Worker::accept_from(net::Fd listener, Entrance entrance) {
  // A task is copied, what it owns cannot be.
  const auto fd = std::make_shared<net::Fd>(std::move(listener));
  loop_->post([this, fd, entrance] {
    if (accepts_no_more_) return;
    const Listener::Limits limits{options_.handshakes_ahead_max, options_.handshakes_waiting_max};
    Listener::Owner& owner = *this;
    listeners_.push_back(
        std::make_unique<Listener>(*loop_, owner, limits, std::move(*fd), entrance));
    listeners_.back()->start();
  });
}

void Worker::serve(LiveState state, std::function<void()> done) {
  loop_->post([this, state = std::move(state), done = std::move(done)]() mutable {
    live_ = std::move(state);
    clusters_.adopt(live_.snapshot->routes->clusters());
    tls_->set_certificates(live_.certificates);
    done();
  });
}

void Worker::use_ticket_keys(std::shared_ptr<const tls::TicketKeys> keys) {
  loop_->post([this, keys = std::move(keys)]() mutable { tls_->set_ticket_keys(std::move(keys)); });
}

void Worker::note_memory(MemoryWatermark::Level level) {
  loop_->post([this, level] {
    const bool is_less = level > standing_.memory;
    standing_.memory = level;
    if (!is_less) return;
    for (const auto& exchange : pool_) counters_.held.pools.subtract(exchange->kept_bytes());
    for (const auto& stream : stream_pool_) counters_.held.pools.subtract(stream->kept_bytes());
    pool_.clear();
    stream_pool_.clear();
    streams_.give_memory_back();
    ::malloc_trim(0);
  });
}

void Worker::announce_drain() {
  loop_->post([this] { standing_.announces_drain = true; });
}

void Worker::accept_no_more(std::function<void()> done) {
  loop_->post([this, done = std::move(done)]() mutable {
    close_listeners();
    // In the next turn: they are destroyed at the end of this one.
    loop_->post(std::move(done));
  });
}

void Worker::drain(std::function<void()> done) {
  loop_->post([this, done = std::move(done)]() mutable {
    on_drained_ = std::move(done);
    begin_drain();
  });
}

void Worker::close_listeners() {
  accepts_no_more_ = true;
  for (auto& listener : std::exchange(listeners_, {})) {
    listener->accept_rest();
    loop_->dispose(std::move(listener));
  }
}

void Worker::begin_drain() {
  standing_.announces_drain = true;
  close_listeners();
  for_each_connection([](ClientConnection& connection) { connection.begin_drain(); });
}

void Worker::close_tunnels(std::size_t share) {
  loop_->post([this, share] {
    std::size_t seen = 0;
    for_each_connection([&](ClientConnection& connection) {
      const Protocol* protocol = connection.protocol();
      if (protocol == nullptr || !protocol->is_tunnel()) return;
      if (seen++ % share == 0) connection.close(reason::draining);
    });
  });
}

void Worker::stop() {
  loop_->post([this] { loop_->stop(); });
}

// ---- Connections

void Worker::accept(net::Fd fd, const net::SocketAddress& peer, Entrance entrance) {
  auto* connection = new ClientConnection(*this, std::move(fd), peer, entrance);
  connection->next = first_;
  if (first_ != nullptr) first_->previous = connection;
  first_ = connection;
  ++connection_count_;
  (entrance.secure ? counters_.connections_accepted_tls : counters_.connections_accepted_plain)
      .add();
  counters_.connections_open.add();
  if (!connection->start()) connection->close(reason::out_of_memory);
}

void Worker::forget(ClientConnection& connection) {
  (connection.previous != nullptr ? connection.previous->next : first_) = connection.next;
  if (connection.next != nullptr) connection.next->previous = connection.previous;
  --connection_count_;
  counters_.connections_open.subtract();
  if (waiting_for_step_.is_waiting(connection)) --handshakes_waiting_;
  waiting_for_step_.leave(connection);
  doomed_.leave(connection);
  end_rest(connection);
  loop_->dispose(std::unique_ptr<net::EventHandler>(&connection));
}

void Worker::begin_rest(ClientConnection& connection, bool has_asked) {
  const std::size_t newcomers_max = options_.connections_max / 8 + 1;
  if (has_asked) {
    between_requests_.push_back(connection);
  } else if (connection_count_ + newcomers_max >= options_.connections_max) {
    newcomers_.push_back(connection);
  } else {
    never_asked_.push_back(connection);
  }
}

void Worker::end_rest(ClientConnection& connection) {
  between_requests_.leave(connection);
}

bool Worker::make_room() {
  for (auto* queue : {&newcomers_, &never_asked_, &between_requests_}) {
    ClientConnection* const longest = queue->front();
    if (longest == nullptr) continue;
    const auto enough =
        queue == &newcomers_ ? options_.newcomer_makes_room_after : options_.makes_room_after;
    if (loop_->now() - longest->rests_since() < enough) continue;
    counters_.connections_made_room.add();
    longest->make_room();
    return true;
  }
  return false;
}

void Worker::note_refused_proxy_header(std::string_view peer, std::string_view reason) {
  counters_.proxy_headers_refused.add(reason);
  if (!says_refused_header_.is_due(loop_->now())) return;
  spdlog::warn(
      "closing a connection of {} that does not begin as --proxy-protocol asks for: {} "
      "(said once a minute; gatehouse_proxy_proxy_headers_refused_total counts all)",
      peer, reason);
}

void Worker::note_refused_client(std::string_view address) {
  counters_.connections_refused.add(reason::client_has_too_many);
  if (!says_refused_client_.is_due(loop_->now())) return;
  spdlog::warn(
      "closing a connection of {}, which has {} already, as many as one client may have (said once "
      "a minute; --max-connections-per-client)",
      address, options_.connections_per_client_max);
}

void Worker::note_pause(Listener::Pause pause) {
  const bool is_full = pause == Listener::Pause::full;
  (is_full                               ? counters_.accept_pauses_full
   : pause == Listener::Pause::no_memory ? counters_.accept_pauses_no_memory
                                         : counters_.accept_pauses_no_descriptors)
      .add();
  if (pause == Listener::Pause::no_memory) return;  // the engine says so, for all workers
  // Each has its own cure, so neither is left unsaid for the other.
  if (!(is_full ? says_full_ : says_no_descriptors_).is_due(loop_->now())) return;
  if (is_full) {
    spdlog::warn(
        "accepting clients pauses: there are {} on this worker, as many as there may be; they wait "
        "until others leave (said once a minute; --max-connections, or the limit on open files)",
        connection_count_);
  } else {
    spdlog::error(
        "accepting clients pauses: no file descriptors or memory are left; they wait until others "
        "leave (said once a minute)");
  }
}

void Worker::queue_handshake(ClientConnection& connection) {
  if (waiting_for_step_.is_waiting(connection)) return;
  // Clients that connected before and all speak at once: those who came last are turned away at
  // once, so that the others are not all too late.
  if (handshakes_waiting_ >= options_.handshakes_waiting_max) {
    connection.refuse_handshake();
    return;
  }
  ++handshakes_waiting_;
  waiting_for_step_.push_back(connection);
}

// At most one a turn, after the traffic of established connections: a storm of new clients must not
// hold up those who are there. True: more wait.
bool Worker::make_handshake_step() {
  ClientConnection* const connection = waiting_for_step_.take_front();
  if (connection == nullptr) return false;
  --handshakes_waiting_;
  connection->handshake_step();
  return !waiting_for_step_.empty();
}

void Worker::close_soon(ClientConnection& connection) {
  if (!doomed_.is_waiting(connection)) doomed_.push_back(connection);
}

// ---- The end of a turn

bool Worker::on_turn_end() {
  bool more = false;
  for (const auto& listener : listeners_) {
    if (listener->has_more()) listener->accept_some();
    more = more || listener->has_more();
  }
  more = make_handshake_step() || more;
  more = flush_http2() || more;
  more = close_doomed() || more;
  for (auto& exchange : spent_) {
    exchange->reset();
    if (pool_.size() == kPooledExchangesMax) continue;
    counters_.held.pools.add(exchange->kept_bytes());
    pool_.push_back(std::move(exchange));
  }
  spent_.clear();
  for (auto& stream : spent_streams_) {
    if (stream_pool_.size() == kPooledExchangesMax) continue;
    counters_.held.pools.add(stream->kept_bytes());
    stream_pool_.push_back(std::move(stream));
  }
  spent_streams_.clear();
  streams_.on_turn_end();
  access_lines_.flush();
  spans_.flush();
  give_memory_back();
  check_drained();
  return more || !waiting_for_step_.empty();
}

// True: there are more.
bool Worker::close_doomed() {
  if (doomed_.empty()) return false;
  const net::TurnSlice slice = loop_->begin_slice();
  while (ClientConnection* const connection = doomed_.take_front()) {
    connection->close(reason::client_reset, true);
    if (slice.is_over()) break;
  }
  return !doomed_.empty();
}

void Worker::give_memory_back() {
  const admin::HeldMemory& held = counters_.held;
  const std::uint64_t bytes = held.client_output.get() + held.http2_output.get() +
                              held.client_input.get() + held.endpoint_output.get() +
                              held.endpoint_input.get() + held.request_copies.get() +
                              held.http2_fields.get() + held.tls.get();
  if (ebb_.note(bytes, loop_->now())) ::malloc_trim(0);
}

void Worker::check_drained() {
  if (!on_drained_ || connection_count_ != 0) return;
  std::exchange(on_drained_, nullptr)();
}

std::unique_ptr<Exchange> Worker::take_exchange() {
  if (pool_.empty()) return std::make_unique<Exchange>(means_of_exchanges_);
  std::unique_ptr<Exchange> exchange = std::move(pool_.back());
  pool_.pop_back();
  counters_.held.pools.subtract(exchange->kept_bytes());
  return exchange;
}

void Worker::recycle(std::unique_ptr<Exchange> exchange) {
  spent_.push_back(std::move(exchange));
}

std::unique_ptr<Http2Stream> Worker::take_stream() {
  if (stream_pool_.empty()) return std::make_unique<Http2Stream>(*this);
  std::unique_ptr<Http2Stream> stream = std::move(stream_pool_.back());
  stream_pool_.pop_back();
  counters_.held.pools.subtract(stream->kept_bytes());
  return stream;
}

void Worker::recycle(std::unique_ptr<Http2Stream> stream) {
  spent_streams_.push_back(std::move(stream));
}

void Worker::flush_soon(Http2Connection& connection) {
  if (!to_flush_.is_waiting(connection)) to_flush_.push_back(connection);
}

void Worker::forget_flush(Http2Connection& connection) {
  to_flush_.leave(connection);
}

// True: there is more to flush in the next turn.
bool Worker::flush_http2() {
  if (to_flush_.empty()) return false;
  net::Queue<Http2Connection, Flush> flushing;
  flushing.take_all(to_flush_);
  const net::TurnSlice slice = loop_->begin_slice();
  for (int i = 0; i < kFlushesPerTurn; ++i) {
    Http2Connection* const connection = flushing.take_front();
    if (connection == nullptr) return !to_flush_.empty();
    if (connection->flush()) flush_soon(*connection);
    if (slice.is_over()) break;
  }
  to_flush_.take_all(flushing);  // the rest comes first in the next turn
  return !to_flush_.empty();
}

}  // namespace proxy::session
