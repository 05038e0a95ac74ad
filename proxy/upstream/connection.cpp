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
// Records of one read(): as many as a turn's budget has (net::TurnBudget).
constexpr std::size_t kRecordsMax = 128;

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
      fd_(std::move(fd)),
      timer_(static_cast<net::TimerTarget&>(*this)),
      held_(endpoint_->counters().held.endpoint_output),
      held_in_pipe_(endpoint_->counters().held.pipes),
      held_tls_(endpoint_->counters().held.tls) {
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
  if (tls_ != nullptr && tls_->is_established() && unsent() == 0 && !broken_ && !said_no_more_) {
    tls_->write_close_notify();
    send_ciphertext();
  }
  output_.clear();
  tell_held();
  tls_.reset();
  held_tls_.set(0);
  fd_.reset();
  endpoint_->on_closed();
}

void Connection::on_ready(net::Ready ready) {
  if (state_ == State::closed) return;
  if (ready.readable) readable_ = true;
  if (ready.closing) closing_ = true;
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
      if (ready.writable && (unsent() > 0 || finishing_) && flush() && unsent() == 0) {
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
  } else if (state_ == State::connecting && tls_ != nullptr) {
    step_tls();
  }
}

void Connection::on_connect_event(net::Ready ready) {
  if (tls_ != nullptr) {
    if (ready.writable && unsent() > 0) flush();
    if (readable_ || ready.failed) step_tls();
    return;
  }
  if (!ready.writable && !ready.failed) return;
  if (const int error = net::take_connect_error(fd_.get()); error != 0) {
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
  written_by_others_ = written_;
  endpoint_->on_connected();
  user_->on_upstream_connected();
  if (state_ == State::busy && is_readable()) user_->on_upstream_readable();
}

// A socket that was just connected has room for it. Where it has not, what follows waits behind it.
void Connection::send_preface() {
  const std::string preface = std::exchange(preface_, {});
  written_ += preface.size();
  if (!output_.send(fd_.get(), preface)) broken_ = true;  // an event is on its way
  tell_held();
}

// ---- TLS: the same timer goes on, so that the handshake has what is left of the time to connect.

void Connection::begin_tls() {
  tls_ = std::make_unique<tls::ClientConnection>(*endpoint_->tls(), endpoint_->tls_session());
  held_tls_.set(tls::ClientConnection::kBytes);
  step_tls();
}

// One read a turn: what an endpoint says here may be many records, and takes long to be looked at.
void Connection::step_tls() {
  using Handshake = tls::ClientConnection::Handshake;
  if (readable_) {
    using Kind = net::IoResult::Kind;
    const Kind got = receive_ciphertext().kind;
    if (got != Kind::done && got != Kind::would_block) return on_handshake_failed();
  }
  const Handshake made = tls_->step();
  send_ciphertext();
  if (made == Handshake::done) return on_established();
  if (made == Handshake::failed || broken_) return on_handshake_failed();
  if (readable_) {
    endpoint_->counters().turns_spent.add();
    loop_.resume_soon(*this);
  }
}

// Nothing of a request was sent, so another endpoint may have it; and like one that does not
// connect, this one is left alone until a probe says that it is well.
void Connection::on_handshake_failed() {
  const std::string_view reason = tls_->failure_reason();
  endpoint_->on_connect_failed(loop_.now());
  user_->on_upstream_failed(
      {Fault::upstream, Retry::always, 502, reason.empty() ? kHandshakeFailed.reason : reason});
}

net::IoResult Connection::receive_ciphertext() {
  std::array<char, kCipherBytes> cipher;  // NOLINT(cppcoreguidelines-pro-type-member-init)
  const net::IoResult got = net::receive(fd_.get(), cipher.data(), cipher.size());
  readable_ = got.kind == net::IoResult::Kind::done && (got.bytes == cipher.size() || closing_);
  if (got.kind == net::IoResult::Kind::done) tls_->put({cipher.data(), got.bytes});
  return got;
}

// Until there is something to say: what the endpoint sends may be tickets, or part of a record.
net::IoResult Connection::read_tls(char* out, std::size_t size) {
  using Kind = net::IoResult::Kind;
  records_read_ = 0;
  for (;;) {
    if (tls_->has_input()) {
      std::size_t records = kRecordsMax;
      const std::size_t bytes = tls_->read(out, size, records);
      records_read_ += records;
      send_ciphertext();  // the answer to a KeyUpdate, or an alert
      if (bytes > 0) return {Kind::done, bytes};
      if (tls_->has_failed()) return {Kind::failed, 0};
    }
    if (tls_->is_closed_by_peer()) return {Kind::closed, 0};
    if (!readable_) return {Kind::would_block, 0};
    const net::IoResult got = receive_ciphertext();
    if (got.kind != Kind::done) return got;
  }
}

void Connection::send_ciphertext() {
  const std::string_view bytes = tls_->output();
  if (bytes.empty()) return;
  written_ += bytes.size();
  if (!output_.send(fd_.get(), bytes)) broken_ = true;  // an event is on its way
  tls_->clear_output();
  tell_held();
}

void Connection::on_timer(net::Timer&) {
  switch (state_) {
    case State::connecting:
      endpoint_->on_connect_failed(loop_.now());
      user_->on_upstream_failed(tls_ == nullptr ? kConnectTimeout : kHandshakeFailed);
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
  if (watch_.has_stalled(net::acknowledged_bytes(fd_.get()), loop_.now(), send_timeout_)) {
    return false;
  }
  loop_.arm(timer_, net::SendWatch::next_look(send_timeout_));
  return true;
}

net::IoResult Connection::read(char* out, std::size_t size) {
  if (tls_ != nullptr) {
    net::IoResult result = read_tls(out, size);
    result.kind = true_kind(result.kind);
    return result;
  }
  net::IoResult result = net::receive(fd_.get(), out, size);
  // A short read means that the socket is empty; an edge will tell of more. But a FIN that epoll
  // told of already comes with no further edge.
  readable_ = result.kind == net::IoResult::Kind::done && (result.bytes == size || closing_);
  result.kind = true_kind(result.kind);
  return result;
}

net::IoResult::Kind Connection::note_taken(net::IoResult::Kind kind) {
  readable_ = kind == net::IoResult::Kind::done;
  return true_kind(kind);
}

// A reset is told once. When sending was told of it, reading is told of an orderly end, and what
// was cut off would pass for complete.
net::IoResult::Kind Connection::true_kind(net::IoResult::Kind kind) {
  if (kind != net::IoResult::Kind::closed) return kind;
  ended_ = !broken_;
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
  return net::acknowledged_bytes(fd_.get()) > written_by_others_ + kSynBytes;
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

void Connection::tell_held() {
  held_.set(output_.size() - output_.piped());
  held_in_pipe_.set(output_.piped());
}

void Connection::write(std::string_view bytes) {
  if (tls_ != nullptr) {
    if (!tls_->write(bytes)) broken_ = true;
    send_ciphertext();
    return;
  }
  written_ += bytes.size();
  if (!output_.send(fd_.get(), bytes)) broken_ = true;  // an event is on its way
  tell_held();
}

std::optional<net::IoResult> Connection::move_from(int socket, std::size_t size,
                                                   net::Pipes& pipes) {
  const auto moved = output_.move(socket, fd_.get(), size, pipes);
  tell_held();
  if (!moved) return std::nullopt;
  written_ += moved->taken.bytes;
  if (moved->broken) broken_ = true;
  return moved->taken;
}

bool Connection::flush() {
  const net::IoResult::Kind kind = output_.flush(fd_.get());
  tell_held();
  if (kind == net::IoResult::Kind::failed) broken_ = true;
  if (kind != net::IoResult::Kind::done) return false;
  if (finishing_) net::shut_down_sending(fd_.get());
  finishing_ = false;
  return true;
}

void Connection::finish_sending() {
  said_no_more_ = true;
  if (tls_ != nullptr) {
    tls_->write_close_notify();
    send_ciphertext();
  }
  if (unsent() == 0) {
    net::shut_down_sending(fd_.get());
  } else {
    finishing_ = true;
  }
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
  if (rest_max > kNotReusable && !connection->is_one_clients_ &&
      connection->state_ == State::busy && connection->unsent() == 0 && !connection->closing_ &&
      !connection->is_readable() && !connection->said_no_more_) {
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
  written_by_others_ = written_;
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
  // In TLS what comes may be a ticket, which is for us alone.
  if (tls_ != nullptr) readable_ = true;  // for all that is known
  const net::IoResult there = tls_ != nullptr ? read_tls(begin.data(), begin.size())
                                              : net::peek(fd_.get(), begin.data(), begin.size());
  if (there.kind == net::IoResult::Kind::would_block) {
    readable_ = false;
    return !closing_;
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
