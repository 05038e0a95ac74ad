#include "proxy/upstream/connection.h"

#include <array>
#include <cerrno>
#include <utility>

#include "proxy/reason/words.h"
#include "proxy/upstream/endpoint.h"

namespace proxy::upstream {
namespace {

constexpr Failure kConnectTimeout{Fault::upstream, Retry::always, 502, reason::connect_timeout,
                                  FailureKind::timeout};
constexpr Failure kHandshakeFailed{Fault::upstream, Retry::always, 502,
                                   reason::upstream_tls_handshake};

// Longer than a record can be (RFC 8446 §5.2), so that each read makes some way.
constexpr std::size_t kCipherBytes = 20u << 10;

// What may lie at an endpoint's host before its program has taken any of it: less than the window
// with which a host begins (64 KiB).
constexpr std::uint64_t kUnreadBytesMax = 48u << 10;

// What the kernel counts as acknowledged of a connection on which nothing was sent: its SYN.
constexpr std::uint64_t kSynBytes = 1;

}  // namespace

std::unique_ptr<Connection> Connection::connect(net::Loop& loop, std::shared_ptr<Endpoint> endpoint,
                                                User& user, std::chrono::milliseconds timeout,
                                                std::string preface) {
  endpoint->make_room();
  net::Fd fd = net::start_connect(endpoint->address());
  if (!fd.is_open()) {
    if (net::is_peers_connect_failure(errno)) endpoint->on_connect_failed(loop.now());
    return nullptr;
  }
  const int number = fd.get();
  std::unique_ptr<Connection> connection(
      new Connection(loop, std::move(endpoint), user, std::move(fd)));
  connection->is_one_clients_ = !preface.empty();
  connection->preface_ = std::move(preface);
  if (!loop.add(number, *connection)) return nullptr;
  loop.arm(connection->timer_, timeout);
  return connection;
}

Connection::Connection(net::Loop& loop, std::shared_ptr<Endpoint> endpoint, User& user, net::Fd fd)
    : loop_(loop),
      endpoint_(std::move(endpoint)),
      user_(&user),
      channel_(std::move(fd), endpoint_->counters().held,
               endpoint_->counters().held.endpoint_output),
      timer_(static_cast<net::TimerTarget&>(*this)) {
  endpoint_->on_opened();
}

Connection::~Connection() {
  close_socket();
}

void Connection::close_socket() {
  if (state_ == State::closed) return;
  state_ = State::closed;
  timer_.disarm();
  net::Loop::forget_turn(*this);
  // Without it the endpoint may not reuse the session, and may complain in its log.
  if (unsent() == 0 && !channel_.is_broken() && !said_no_more_) channel_.write_close_notify();
  channel_.close();
  channel_.drop_tls();
  endpoint_->on_closed();
}

void Connection::on_ready(net::Ready ready) {
  if (state_ == State::closed) return;
  channel_.note(ready);
  switch (state_) {
    case State::connecting:
      on_connect_event(ready);
      return;
    case State::idle:
      // The first event after a connect says "writable", which is no news. Nor is one of bytes that
      // were read before it was told of.
      if (ready.readable && !is_quiet()) endpoint_->discard(*this);
      return;
    case State::busy:
      if (ready.writable && unsent() > 0 && channel_.flush() && unsent() == 0) {
        user_->on_upstream_drained();
      }
      if (state_ == State::busy && is_readable() && !net::Loop::is_waiting_for_turn(*this)) {
        user_->on_upstream_readable();
      }
      return;
    case State::closed:
      return;
  }
}

// The user may hold what it read, so it is told whether or not there is more.
void Connection::on_resumed() {
  if (state_ == State::busy) {
    user_->on_upstream_readable();
  } else if (state_ == State::connecting && !is_plain()) {
    step_tls();
  }
}

void Connection::on_connect_event(net::Ready ready) {
  if (!is_plain()) {
    if (ready.writable && unsent() > 0) channel_.flush();
    if (is_readable() || ready.failed) step_tls();
    return;
  }
  if (!ready.writable && !ready.failed) return;
  if (const int error = net::take_connect_error(channel_.fd()); error != 0) {
    if (net::is_peers_connect_failure(error)) endpoint_->on_connect_failed(loop_.now());
    user_->on_upstream_failed(
        {Fault::upstream, Retry::always, 502, net::connect_failure_reason(error)});
    return;
  }
  if (!preface_.empty()) send_preface();
  if (endpoint_->tls() != nullptr) {
    begin_tls();
  } else {
    on_established();
  }
}

void Connection::on_established() {
  state_ = State::busy;
  timer_.disarm();
  written_by_others_ = channel_.written();
  watch_host();
  endpoint_->on_connected();
  user_->on_upstream_connected();
  if (state_ == State::busy && is_readable()) user_->on_upstream_readable();
}

// Not before it is connected: for that there is a time of its own.
void Connection::watch_host() {
  note_heard();
  if (std::exchange(is_watched_, true)) return;
  net::watch_host(channel_.fd());
}

// An upload waits for a program that is busy; its time is the cluster's.
void Connection::look_at_unread() {
  if (channel_.written() - unread_from_ <= kUnreadBytesMax) return;
  is_watched_ = false;
  net::bear_unread(channel_.fd());
}

// A socket that was just connected has room for it. Where it has not, what follows waits behind it.
void Connection::send_preface() {
  channel_.write(std::exchange(preface_, {}));
}

// ---- TLS: the same timer goes on, so that the handshake has what is left of the time to connect.

void Connection::begin_tls() {
  admin::HeldMemory& held = endpoint_->counters().held;
  channel_.start_tls(
      std::make_unique<tls::ClientConnection>(*endpoint_->tls(), endpoint_->tls_session()), held,
      held.endpoint_input);
  step_tls();
}

// One read a turn: what an endpoint says here may be many records, and takes long to be looked at.
void Connection::step_tls() {
  using Handshake = tls::Connection::Handshake;
  const Handshake made = take_tls_step();
  if (made == Handshake::done) return on_established();
  if (made == Handshake::failed || channel_.is_broken()) return on_handshake_failed();
  if (is_readable()) {
    endpoint_->counters().turns_spent.add();
    loop_.resume_soon(*this);
  }
}

tls::Connection::Handshake Connection::take_tls_step() {
  using Kind = net::IoResult::Kind;
  if (!is_readable()) return channel_.step({});
  std::array<char, kCipherBytes> cipher;  // NOLINT(cppcoreguidelines-pro-type-member-init)
  const net::IoResult got = channel_.receive(cipher.data(), cipher.size());
  if (got.kind == Kind::done) return channel_.step({cipher.data(), got.bytes});
  return got.kind == Kind::would_block ? channel_.step({}) : tls::Connection::Handshake::failed;
}

// Nothing of a request was sent, so another endpoint may have it; and like one that does not
// connect, this one is left alone until a probe says that it is well.
void Connection::on_handshake_failed() {
  const std::string_view reason = channel_.tls()->failure_reason();
  endpoint_->on_connect_failed(loop_.now());
  user_->on_upstream_failed(
      {Fault::upstream, Retry::always, 502, reason.empty() ? kHandshakeFailed.reason : reason});
}

void Connection::on_timer(net::Timer&) {
  switch (state_) {
    case State::connecting:
      endpoint_->on_connect_failed(loop_.now());
      user_->on_upstream_failed(is_plain() ? kConnectTimeout : kHandshakeFailed);
      return;
    case State::idle:
      endpoint_->discard(*this);
      return;
    case State::busy:
      if (waiting_ == Waiting::none || (waiting_ == Waiting::to_send && takes_bytes())) return;
      user_->on_upstream_failed(waiting_ == Waiting::to_send ? kSendTimeout : kReadTimeout);
      return;
    case State::closed:
      return;
  }
}

bool Connection::takes_bytes() {
  if (watch_.has_stalled(net::acknowledged_bytes(channel_.fd()), loop_.now(), send_timeout_)) {
    return false;
  }
  loop_.arm(timer_, net::SendWatch::next_look(send_timeout_));
  return true;
}

net::IoResult Connection::read(char* out, std::size_t size, net::TurnBudget& budget) {
  net::IoResult result =
      is_plain() ? channel_.read(out, size, budget, {}) : read_tls(out, size, budget);
  result.kind = true_kind(result.kind);
  return result;
}

// Until there is something to say: what the endpoint sends may be tickets, or part of a record.
net::IoResult Connection::read_tls(char* out, std::size_t size, net::TurnBudget& budget) {
  std::array<char, kCipherBytes> cipher;  // NOLINT(cppcoreguidelines-pro-type-member-init)
  for (;;) {
    const net::IoResult got = channel_.read(out, size, budget, cipher);
    if (got.kind != net::IoResult::Kind::would_block || !is_readable()) return got;
  }
}

net::IoResult::Kind Connection::note_taken(net::IoResult::Kind kind) {
  channel_.note_taken(kind);
  return true_kind(kind);
}

// A reset is told once. When sending was told of it, reading is told of an orderly end, and what
// was cut off would pass for complete.
net::IoResult::Kind Connection::true_kind(net::IoResult::Kind kind) {
  if (kind != net::IoResult::Kind::closed) return kind;
  ended_ = !channel_.is_broken();
  return ended_ ? kind : net::IoResult::Kind::failed;
}

// A FIN says how much had arrived when it was sent. An endpoint that only stopped sending could
// read what comes after it, and could not answer: those who do so wait for our end, and drop what
// they read (RFC 9112 §9.6).
bool Connection::was_left_unread() const {
  return ended_ && !may_be_answered();
}

// Whatever an endpoint says acknowledges what it has.
bool Connection::may_be_answered() const {
  return net::acknowledged_bytes(channel_.fd()) > written_by_others_ + kSynBytes;
}

bool Connection::is_stray_answer() {
  if (!was_reused()) return false;
  const base::SteadyTime here = now();
  const bool is_soon = here - used_since_ < soonest_answer_;
  if (!is_soon && !endpoint_->has_answered_unasked(here)) return false;
  if (!may_be_answered()) return true;
  if (is_soon) soonest_answer_ = here - used_since_;
  return false;
}

std::optional<net::IoResult> Connection::move_from(int socket, std::size_t size,
                                                   net::Pipes& pipes) {
  const auto moved = channel_.move_from(socket, size, pipes);
  if (!moved) return std::nullopt;
  if (is_watched_) look_at_unread();
  return moved->taken;
}

void Connection::finish_sending() {
  said_no_more_ = true;
  channel_.finish();
}

void Connection::wait(Waiting waiting, std::chrono::milliseconds timeout) {
  const bool waits_already = waiting_ == waiting && timer_.is_armed();
  waiting_ = waiting;
  if (waiting == Waiting::none) {
    timer_.disarm();
  } else if (waiting == Waiting::to_send) {
    // More to send is no progress.
    if (waits_already) return;
    send_timeout_ = timeout;
    watch_.begin(loop_.now());
    loop_.arm(timer_, net::SendWatch::next_look(timeout));
  } else {
    loop_.arm(timer_, timeout);
  }
}

void Connection::release(std::unique_ptr<Connection> connection,
                         std::chrono::milliseconds rest_max) {
  Endpoint& endpoint = *connection->endpoint_;
  // Whoever has read all that he awaited, and as much as he asked for, has not been told whether
  // more is there: then the socket is asked.
  if (rest_max > kNotReusable && !connection->is_one_clients_ &&
      connection->state_ == State::busy && connection->unsent() == 0 &&
      !connection->said_no_more_ && !connection->channel_.peer_has_closed() &&
      (!connection->is_readable() || connection->is_quiet())) {
    endpoint.keep(std::move(connection), rest_max);
  } else {
    close(std::move(connection));
  }
}

void Connection::close(std::unique_ptr<Connection> connection) {
  net::Loop& loop = connection->loop_;
  connection->close_socket();
  loop.dispose(std::move(connection));
}

void Connection::take_from_pool(User& user) {
  user_ = &user;
  state_ = State::busy;
  waiting_ = Waiting::none;
  written_by_others_ = channel_.written();
  watch_host();
  used_since_ = now();
  ++uses_;
  timer_.disarm();
}

// Between requests an endpoint has nothing to say. What comes then is the end, or an answer to
// nobody's request: it must not become the answer to the next one.
bool Connection::is_quiet() {
  // RFC 9110 §15.5.9: some say so before they close a connection on which nothing came.
  constexpr std::string_view kFarewell = "HTTP/1.1 408";
  std::array<char, kFarewell.size()> begin{};
  net::TurnBudget budget;
  // In TLS what comes may be a ticket, which is for us alone.
  const net::IoResult there = is_plain() ? net::peek(channel_.fd(), begin.data(), begin.size())
                                         : read_tls(begin.data(), begin.size(), budget);
  if (there.kind == net::IoResult::Kind::would_block) {
    channel_.note_taken(there.kind);
    return !channel_.peer_has_closed();
  }
  if (there.kind == net::IoResult::Kind::done &&
      std::string_view(begin.data(), there.bytes) != kFarewell) {
    endpoint_->on_unsolicited_bytes(loop_.now());
  }
  return false;
}

void Connection::rest_in_pool(std::chrono::milliseconds idle_timeout) {
  user_ = nullptr;
  state_ = State::idle;
  rests_since_ = now();
  loop_.arm(timer_, idle_timeout);
}

}  // namespace proxy::upstream
