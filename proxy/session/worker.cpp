#include "proxy/session/worker.h"

#include <string>
#include <utility>

#include <malloc.h>
#include <spdlog/spdlog.h>

#include "proxy/reason/words.h"

namespace proxy::session {

base::Result<std::unique_ptr<Worker>> Worker::create(const Options& options,
                                                     admin::AccessLog& access_log,
                                                     admin::SpanExport* spans,
                                                     PasswordChecks& passwords,
                                                     Inspectors& inspectors, std::size_t index) {
  auto loop = net::Loop::create();
  if (!loop) return base::failure(loop.error());
  auto tls = tls::ServerContext::create({.own_records = options.own_tls_records});
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
  clients_.close_all();
  on_turn_end();
  mirrors_.end_all();
  clusters_.adopt({});
  loop_->destroy_disposed();  // while what they refer to is still there
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
    wide_windows_.note_memory(standing_.has_little_memory());
    if (!is_less) return;
    exchanges_.give_memory_back();
    http2_streams_.give_memory_back();
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
  clients_.begin_drain();
}

void Worker::close_tunnels(std::size_t share) {
  loop_->post([this, share] { clients_.close_tunnels(share); });
}

void Worker::stop() {
  loop_->post([this] { loop_->stop(); });
}

// ---- Connections

void Worker::accept(net::Fd fd, const net::SocketAddress& peer, Entrance entrance) {
  auto* connection = new ClientConnection(means_of_connections_, std::move(fd), peer, entrance);
  clients_.add(*connection);
  (entrance.secure ? counters_.connections_accepted_tls : counters_.connections_accepted_plain)
      .add();
  if (!connection->start()) connection->close(reason::out_of_memory);
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
        clients_.count());
  } else {
    spdlog::error(
        "accepting clients pauses: no file descriptors or memory are left; they wait until others "
        "leave (said once a minute)");
  }
}

// ---- The end of a turn

bool Worker::on_turn_end() {
  bool more = false;
  for (const auto& listener : listeners_) {
    if (listener->has_more()) listener->accept_some();
    more = more || listener->has_more();
  }
  more = clients_.make_handshake_step() || more;
  more = to_flush_.flush_some() || more;
  more = clients_.close_doomed() || more;
  exchanges_.on_turn_end();
  http2_streams_.on_turn_end();
  streams_.on_turn_end();
  buffers_.give_back();
  access_lines_.flush();
  spans_.flush();
  give_memory_back();
  check_drained();
  return more || clients_.handshakes_waiting() > 0;
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
  if (!on_drained_ || clients_.count() != 0) return;
  std::exchange(on_drained_, nullptr)();
}

}  // namespace proxy::session
