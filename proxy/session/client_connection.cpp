#include "proxy/session/client_connection.h"

#include <algorithm>
#include <utility>

#include "proxy/client/proxy_header.h"
#include "proxy/client/trusted_networks.h"
#include "proxy/control/snapshot.h"
#include "proxy/net/turn_budget.h"
#include "proxy/reason/words.h"
#include "proxy/session/client_queues.h"
#include "proxy/session/live_state.h"
#include "proxy/session/protocols.h"
#include "proxy/session/public_ports.h"
#include "proxy/tls/server_context.h"

namespace proxy::session {
namespace {

// Clients delay acknowledgements to send them with data, most kernels by 200 ms at most (RFC 9293
// §3.8.6.3).
constexpr std::chrono::milliseconds kAcknowledgedWithin{250};

}  // namespace

ClientConnection::ClientConnection(const Means& means, net::Fd fd, const net::SocketAddress& peer,
                                   Entrance entrance)
    : means_(means),
      channel_(std::move(fd), means.counters.held, means.counters.held.client_output),
      first_stage_(entrance, means.counters.held.client_input),
      timer_(static_cast<net::TimerTarget&>(*this)),
      state_(State::first_words) {
  client_.address = {address_text_.data(), peer.write_ip(address_text_)};
  client_.secure = client_.is_https = entrance.secure;
  client_.port = means.ports.text(entrance.secure);
  client_.source_port = peer.port();
  client_.socket = channel_.fd();
  trusted_proxies_ = means.live.trusted_proxies;
  note_trust();
  const bool may_send_header = means.live.takes_proxy_headers && client_.is_trusted_proxy();
  if (entrance.header == HeaderRule::may_come && !may_send_header) first_stage_.expect_no_header();
  if (first_stage_.awaits() == FirstStage::Awaits::nothing) state_ = State::open;
  begin_rest(false);
}

ClientConnection::~ClientConnection() {
  if (!channel_.is_plain()) means_.counters.tls_open.subtract();
}

void ClientConnection::note_trust() {
  const client::TrustedNetworks* const trusted = trusted_proxies_.get();
  if (trusted == nullptr || trusted->empty()) return;
  const auto address = config::IpAddress::parse(client_.address);
  const bool is_on_list = address && trusted->contains(*address);
  client_.trusted_proxies = is_on_list ? trusted : nullptr;
  // Those of the options are among `trusted`.
  client_.may_attest = is_on_list && means_.options.trusted_proxies.contains(*address);
}

bool ClientConnection::start() {
  if (!means_.loop.add(channel_.fd(), *this)) return false;
  if (first_stage_.awaits() != FirstStage::Awaits::proxy_header) {
    begin_conversation();
  } else if (client_.is_trusted_proxy()) {
    await_proxy_header();
  } else {
    refuse_proxy_header(reason::untrusted_peer);
  }
  return true;
}

// A PROXY header is awaited, or a request in the clear, and nothing has come.
bool ClientConnection::may_begin_with_request() const {
  return state_ == State::first_words && !client_.secure && first_stage_.may_go_without_header();
}

// Whoever may do without has as long for its first words as on a port where none is taken.
void ClientConnection::await_proxy_header() {
  const Timeouts& timeouts = means_.options.timeouts;
  arm(may_begin_with_request() ? timeouts.request_header : timeouts.handshake);
}

// False: its client has as many as it may.
bool ClientConnection::takes_place() {
  const std::size_t max = means_.options.connections_per_client_max;
  policy::LimitTables* const tables = means_.live.limits.get();
  if (max == 0 || tables == nullptr || client_.is_trusted_proxy()) return true;
  place_ = policy::enter_connection(client_.address, max, *tables);
  return static_cast<bool>(place_);
}

void ClientConnection::begin_conversation() {
  if (!takes_place()) {
    means_.clients.note_refused_client(client_.address);
    close(reason::client_has_too_many);
    return;
  }
  if (client_.secure) {
    arm(draining_ ? kFirstRequestAtDrain : means_.options.timeouts.handshake);
  } else {
    choose_protocol();
  }
}

void ClientConnection::on_first_words(net::Ready ready) {
  if (first_stage_.awaits() == FirstStage::Awaits::proxy_header) {
    if (ready.failed) {
      give_up_header(reason::client_closed);
    } else if (ready.readable) {
      read_proxy_header();
    }
    return;
  }
  // Nobody is left to greet, or nobody who could still say what a handshake needs: that is known
  // without a step, which would take its turn, and a signature, from those who wait.
  if (ready.failed || ready.closing) {
    fail_handshake(reason::client_closed);
  } else if (ready.readable) {
    means_.clients.queue_handshake(*this);
  }
}

void ClientConnection::read_proxy_header() {
  char* const begin = means_.buffers.client.begin();
  const net::IoResult seen = net::peek(channel_.fd(), begin, client::ProxyHeader::kBytesMax);
  if (seen.kind == net::IoResult::Kind::would_block) return;
  if (seen.kind != net::IoResult::Kind::done) {
    give_up_header(reason::client_closed);
    return;
  }
  const client::ProxyHeader header = first_stage_.look_for_header({begin, seen.bytes});
  switch (header.outcome) {
    case client::ProxyHeader::Outcome::needs_more:
      // No more of it will come, and no event says so again.
      if (channel_.peer_has_closed()) refuse_proxy_header(reason::client_closed);
      return;
    case client::ProxyHeader::Outcome::failed:
      refuse_proxy_header(header.problem);
      return;
    case client::ProxyHeader::Outcome::complete:
      break;
  }
  if (header.bytes > 0) {
    channel_.receive(begin, header.bytes);
  } else {
    means_.counters.proxy_headers_absent.add();
  }
  if (header.source) {
    const auto text = net::SocketAddress::from_ip(header.source->text(), 0);
    client_.address = {address_text_.data(), text.value().write_ip(address_text_)};
    client_.source_port = header.source_port;
    const bool peer_may_attest = client_.may_attest;
    note_trust();
    // A header makes nobody more than the peer that wrote it.
    client_.may_attest = client_.may_attest && peer_may_attest;
  }
  begin_conversation();
  if (state_ == State::first_words) means_.clients.queue_handshake(*this);
  if (state_ == State::open && draining_) protocol_->begin_drain();
  if (state_ == State::open) use_input();
}

// Its client has left, or has said too little in time.
void ClientConnection::give_up_header(std::string_view reason) {
  if (!first_stage_.may_go_without_header()) {
    refuse_proxy_header(reason);
  } else if (client_.secure) {
    fail_handshake(reason);
  } else {
    if (reason == reason::timeout) note_silence();
    close(reason::client_closed);
  }
}

// Its client has not said in time what comes before a request. A stop that came between is no fault
// of its, and is told nobody; whoever waits for a step of ours then has said all that it can.
void ClientConnection::give_up_beginning() {
  if (draining_ && net::Queue<ClientConnection, HandshakeStep>::is_waiting(*this)) {
    arm(kFirstRequestAtDrain);
  } else if (draining_) {
    close(reason::draining);
  } else if (first_stage_.awaits() == FirstStage::Awaits::proxy_header) {
    give_up_header(reason::timeout);
  } else {
    fail_handshake(reason::timeout);
  }
}

void ClientConnection::refuse_proxy_header(std::string_view reason) {
  means_.clients.note_refused_proxy_header(client_.address, reason);
  close(reason::proxy_header_refused);
}

void ClientConnection::choose_protocol() {
  state_ = State::open;
  arm(means_.options.timeouts.request_header);
  if (client_.secure && tls()->negotiated_http2()) {
    auto http2 = std::make_unique<Http2Connection>(means_.protocols.http2, *this);
    const bool started = http2->start();
    protocol_ = std::move(http2);
    if (!started) close(reason::out_of_memory);
    return;
  }
  protocol_ = std::make_unique<Http1Connection>(means_.protocols.http1, *this);
}

void ClientConnection::on_ready(net::Ready ready) {
  if (state_ == State::closed) return;
  channel_.note(ready);
  if (state_ == State::first_words) {
    on_first_words(ready);
    return;
  }
  if (state_ == State::handshake) {
    // What the socket had no room for: the client says nothing before it has that, and the socket
    // does not say again that it has room.
    const bool has_room = ready.writable && channel_.unsent() > 0;
    if (ready.failed || (has_room && !channel_.flush())) {
      fail_handshake(reason::client_closed);
    } else if (ready.readable) {
      means_.clients.queue_handshake(*this);
    }
    return;
  }
  if (ready.writable && channel_.unsent() > 0) {
    if (!channel_.flush()) {
      close(reason::client_reset);
      return;
    }
    if (channel_.unsent() == 0 && state_ == State::open) protocol_->on_drained();
    if (state_ == State::lingering) wait_to_linger();
  }
  has_failed_ = has_failed_ || ready.failed;
  if (state_ == State::open && ready.closing) {
    // Whoever leaves waits for nothing, and many who leave at once must not be in the way of those
    // who do: it may be a hundred requests that end with one of them.
    means_.loop.resume_soon(*this);
  } else if (!net::Loop::is_waiting_for_turn(*this)) {
    use_input();
  }
}

void ClientConnection::on_resumed() {
  if (state_ == State::open && has_failed_ && !protocol_->reads_to_the_end()) {
    // Both directions are gone: nobody is left to answer.
    close(reason::client_closed);
  } else {
    use_input();
  }
}

void ClientConnection::use_input() {
  if (state_ == State::lingering) {
    drop_input();
  } else if (state_ == State::open) {
    protocol_->on_readable();
  }
}

void ClientConnection::handshake_step() {
  if (state_ != State::first_words && state_ != State::handshake) return;
  const bool is_first = state_ == State::first_words;
  const control::Snapshot* const snapshot = means_.live.snapshot.get();
  const router::RouteTable* const routes = snapshot == nullptr ? nullptr : snapshot->routes.get();
  char* const cipher = means_.buffers.cipher.get();
  const net::IoResult got =
      channel_.receive(cipher, is_first ? FirstStage::bytes_max(routes) : Buffers::kReadBytes);
  if (got.kind == net::IoResult::Kind::would_block) return;
  if (got.kind != net::IoResult::Kind::done) return fail_handshake(reason::client_closed);
  std::string_view input(cipher, got.bytes);
  std::string first;  // while `input` is in it
  if (is_first) {
    const FirstStage::Finding finding = first_stage_.look(input, routes);
    if (finding == FirstStage::Finding::needs_more) return await_handshake();
    if (finding == FirstStage::Finding::passes) return pass_through();
    first = first_stage_.take();
    if (!first.empty()) input = first;
    begin_tls();
  }
  switch (channel_.step(input)) {
    case tls::Connection::Handshake::needs_more:
      return await_handshake();
    case tls::Connection::Handshake::done:
      return on_handshake_done();
    case tls::Connection::Handshake::failed: {
      const std::string_view reason = tls()->failure_reason();
      return fail_handshake(reason.empty() ? reason::client_closed : reason);
    }
  }
}

void ClientConnection::await_handshake() {
  if (channel_.is_readable()) means_.clients.queue_handshake(*this);
}

void ClientConnection::begin_tls() {
  state_ = State::handshake;
  if (draining_) arm(kFirstRequestAtDrain);
  admin::WorkerCounters& counters = means_.counters;
  channel_.start_tls(std::make_unique<tls::ServerConnection>(means_.tls), counters.held,
                     counters.held.client_input);
  counters.tls_open.add();
}

// That of begin_tls(), and no other.
const tls::ServerConnection* ClientConnection::tls() const {
  return static_cast<const tls::ServerConnection*>(channel_.tls());
}

// Its TLS is an endpoint's.
void ClientConnection::pass_through() {
  state_ = State::open;
  end_rest();
  disarm();
  auto made = std::make_unique<PassthroughConnection>(means_.protocols.passthrough, *this,
                                                      first_stage_.take());
  PassthroughConnection& passthrough = *made;
  protocol_ = std::move(made);
  passthrough.start();
}

void ClientConnection::on_handshake_done() {
  const tls::ServerConnection& tls = *this->tls();
  means_.counters.handshakes_ok.add();
  if (tls.was_resumed()) means_.counters.handshakes_resumed.add();
  client_.tls_version = tls.version();
  client_.met_policy = tls.met_policy();
  client_.server_name = tls.server_name();
  client_.certificate = tls.certificate().get();
  client_.was_asked_for_certificate = tls.asked_for_certificate();
  client_.shown = tls.shown_certificate();
  choose_protocol();
  if (draining_ && state_ == State::open) protocol_->begin_drain();
  if (state_ == State::open && channel_.is_readable()) protocol_->on_readable();
}

void ClientConnection::fail_handshake(std::string_view reason) {
  means_.counters.handshake_failures.add(reason);
  close(reason::handshake_failed);
}

void ClientConnection::arm(std::chrono::milliseconds timeout) {
  means_.loop.arm(timer_, timeout);
}

void ClientConnection::watch_sending(std::chrono::milliseconds limit) {
  watch_.begin(means_.loop.now());
  arm(net::SendWatch::next_look(limit));
}

bool ClientConnection::has_stalled(std::chrono::milliseconds limit) {
  const std::uint64_t acknowledged = net::acknowledged_bytes(channel_.fd());
  if (watch_.has_stalled(acknowledged, means_.loop.now(), limit)) return true;
  arm(net::SendWatch::next_look(limit));
  return false;
}

void ClientConnection::wait_to_linger() {
  const Timeouts& timeouts = means_.options.timeouts;
  if (channel_.unsent() > 0) {
    watch_sending(timeouts.body_idle);
  } else {
    arm(timeouts.linger);
  }
}

void ClientConnection::on_timer(net::Timer&) {
  switch (state_) {
    case State::first_words:
    case State::handshake:
      give_up_beginning();
      return;
    case State::open:
      protocol_->on_timeout();
      return;
    case State::lingering:
      if (channel_.unsent() > 0 && !has_stalled(means_.options.timeouts.body_idle)) return;
      close(reason::client_closed);
      return;
    case State::closed:
      return;
  }
}

net::IoResult ClientConnection::read(char* out, std::size_t size, net::TurnBudget& budget,
                                     std::size_t most) {
  return channel_.read(out, channel_.is_plain() ? std::min(size, most) : size, budget,
                       {means_.buffers.cipher.get(), most});
}

std::optional<net::Output::Moved> ClientConnection::move_from(int socket, std::size_t size) {
  return channel_.move_from(socket, size, means_.buffers.pipes);
}

void ClientConnection::write(std::string_view bytes) {
  if (state_ == State::closed) return;
  if (!channel_.write(bytes)) means_.clients.close_soon(*this);
}

void ClientConnection::linger(std::uint64_t input_max) {
  if (state_ == State::closed || state_ == State::lingering) return;
  input_left_ = input_max;
  channel_.finish();
  state_ = State::lingering;
  wait_to_linger();
  drop_input();
}

void ClientConnection::leave() {
  const bool all_arrived = channel_.unsent() == 0 && net::unacknowledged_bytes(channel_.fd()) == 0;
  if (all_arrived) {
    channel_.finish();
    close(reason::idle);
  } else if (!std::exchange(waited_to_leave_, true)) {
    arm(kAcknowledgedWithin);
  } else {
    linger();
  }
}

void ClientConnection::begin_rest(bool has_asked) {
  if (net::Queue<ClientConnection, Rest>::is_waiting(*this)) return;  // what is no request is none
  if (channel_.unsent() > 0) return;  // it still takes what it is owed, and rests after that
  rests_since_ = means_.loop.now();
  means_.clients.begin_rest(*this, has_asked);
}

void ClientConnection::end_rest() {
  means_.clients.end_rest(*this);
}

void ClientConnection::make_room() {
  if (state_ == State::open) channel_.finish();
  close(reason::made_room);
}

void ClientConnection::drop_input() {
  net::TurnBudget budget;
  while (state_ == State::lingering && channel_.is_readable()) {
    if (budget.is_spent() || means_.loop.is_late()) {
      means_.resume_soon(*this);
      return;
    }
    const net::IoResult got = channel_.receive(means_.buffers.client.begin(), Buffers::kReadBytes);
    if (got.kind == net::IoResult::Kind::would_block) return;
    // A client that only says no more may still take what it is owed.
    if (got.kind == net::IoResult::Kind::closed && channel_.unsent() > 0) return;
    if (got.kind != net::IoResult::Kind::done) close(reason::client_closed);
    budget.spend(got.bytes);
    if (state_ == State::lingering && got.bytes > input_left_) close(reason::client_closed);
    input_left_ -= got.bytes;
  }
}

void ClientConnection::close_stalled(bool reset) {
  means_.counters.connections_stalled.add(reason::client_send_timeout);
  close(reason::client_send_timeout, reset);
}

void ClientConnection::note_silence() {
  if (waited_to_leave_) return;  // it has been said
  means_.counters.connections_stalled.add(reason::request_header_timeout);
}

void ClientConnection::close(const char* reason, bool reset) {
  if (state_ == State::closed) return;
  state_ = State::closed;
  place_.leave();
  timer_.disarm();
  net::Loop::forget_turn(*this);
  if (protocol_ != nullptr) protocol_->on_closed(reason);
  if (reset) net::reset_on_close(channel_.fd());
  channel_.close();
  means_.clients.forget(*this);
}

void ClientConnection::begin_drain() {
  draining_ = true;
  if (state_ == State::open) {
    protocol_->begin_drain();
  } else if (state_ == State::first_words || state_ == State::handshake) {
    arm(kFirstRequestAtDrain);
  }
}

}  // namespace proxy::session
