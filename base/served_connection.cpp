#include "base/served_connection.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <utility>

#include <openssl/err.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include "base/status_phrase.h"

namespace base {
namespace {

constexpr std::size_t kPieceBytes = 16u << 10;  // what a TLS record holds
// So that a large answer does not hold up the others: the rest follows in the next turn.
constexpr std::size_t kWrittenPerTurn = 16 * kPieceBytes;
// Of a body that was refused unread.
constexpr std::size_t kDiscardedMax = 4u << 20;
constexpr std::string_view kContinue = "HTTP/1.1 100 Continue\r\n\r\n";

// One thread serves, so one piece is enough.
thread_local std::array<char, kPieceBytes> piece;

// RFC 9110 §8.6
bool has_no_content(int status) {
  return status < 200 || status == 204 || status == 304;
}

// Without a body that is shared.
std::string to_text(const ServedAnswer& answer, bool is_head, bool closes) {
  const HttpResponse& response = answer.response;
  std::string text = "HTTP/1.1 " + std::to_string(response.status) + " ";
  text.append(status_phrase(response.status)).append("\r\n");
  for (const auto& [name, value] : response.headers) {
    if (name != "connection") text.append(name).append(": ").append(value).append("\r\n");
  }
  if (closes) text.append("connection: close\r\n");
  if (!has_no_content(response.status)) {
    text.append("content-length: ").append(std::to_string(answer.body_bytes())).append("\r\n");
  }
  text.append("\r\n");
  const bool is_whole = !is_head && !has_no_content(response.status);
  if (is_whole && !answer.shared_body) text.append(response.body);
  return text;
}

bool asks_to_close(const HttpResponse& response) {
  return response.header("connection") == "close";
}

}  // namespace

ServedConnection::ServedConnection(Descriptor descriptor, Peer peer, MakeSsl make_ssl,
                                   const RequestReader::Limits& limits,
                                   const HttpServer::Times& times, SteadyTime now)
    : descriptor_(std::move(descriptor)),
      peer_(std::move(peer)),
      make_ssl_(std::move(make_ssl)),
      times_(times),
      reader_(limits),
      state_(make_ssl_ ? State::shaking_hands : State::reading),
      deadline_(now + (make_ssl_ ? times.handshake : times.request)) {}

ServedConnection::State ServedConnection::go_on(SteadyTime now) {
  if (state_ == State::shaking_hands) shake_hands(now);
  if (state_ == State::writing) write(now);
  if (state_ == State::reading) read(now);
  if (state_ == State::lingering) linger();
  return state_;
}

const char* ServedConnection::awaited() const {
  switch (state_) {
    case State::shaking_hands:
      return "handshake";
    case State::reading:
      return is_known_ && !reader_.has_begun() ? "idle" : "request";
    case State::writing:
      return "write";
    case State::waiting:
    case State::lingering:
    case State::over:
      break;
  }
  return "end";
}

std::uint32_t ServedConnection::wanted_events() const {
  switch (state_) {
    case State::shaking_hands:
    case State::reading:
      return tls_wants_ != 0 ? tls_wants_ : EPOLLIN;
    case State::lingering:
      return EPOLLIN;
    case State::waiting:
      return EPOLLRDHUP;
    case State::writing:
      return tls_wants_ != 0 ? tls_wants_ : EPOLLOUT;
    case State::over:
      break;
  }
  return 0;
}

void ServedConnection::on_peer_gone() {
  state_ = State::over;
}

// ---- TLS

ServedConnection::Moved ServedConnection::tls_outcome(int result) {
  const int error = SSL_get_error(ssl_.get(), result);
  tls_wants_ = 0;
  if (error == SSL_ERROR_NONE) return Moved::some;
  if (error == SSL_ERROR_WANT_READ) tls_wants_ = EPOLLIN;
  if (error == SSL_ERROR_WANT_WRITE) tls_wants_ = EPOLLOUT;
  if (tls_wants_ != 0) return Moved::would_block;
  ERR_clear_error();
  return Moved::end;
}

void ServedConnection::shake_hands(SteadyTime now) {
  if (!ssl_) {
    ssl_ = make_ssl_();
    if (!ssl_ || SSL_set_fd(ssl_.get(), descriptor_.get()) != 1) {
      state_ = State::over;
      return;
    }
  }
  ERR_clear_error();
  switch (tls_outcome(SSL_accept(ssl_.get()))) {
    case Moved::some:
      state_ = State::reading;
      deadline_ = now + times_.request;
      return;
    case Moved::would_block:
      return;
    case Moved::end:
      state_ = State::over;
      return;
  }
}

ServedConnection::Moved ServedConnection::receive(std::string_view& bytes) {
  if (ssl_) {
    ERR_clear_error();
    const int got = SSL_read(ssl_.get(), piece.data(), static_cast<int>(piece.size()));
    const Moved moved = tls_outcome(got);
    if (moved == Moved::some) bytes = {piece.data(), static_cast<std::size_t>(got)};
    return moved;
  }
  const ssize_t got = ::recv(descriptor_.get(), piece.data(), piece.size(), 0);
  if (got < 0 && (errno == EAGAIN || errno == EINTR)) return Moved::would_block;
  if (got <= 0) return Moved::end;
  bytes = {piece.data(), static_cast<std::size_t>(got)};
  return Moved::some;
}

ServedConnection::Moved ServedConnection::send(std::string_view bytes, std::size_t& sent) {
  bytes = bytes.substr(0, kPieceBytes);
  if (ssl_) {
    ERR_clear_error();
    const int put = SSL_write(ssl_.get(), bytes.data(), static_cast<int>(bytes.size()));
    const Moved moved = tls_outcome(put);
    if (moved == Moved::some) sent = static_cast<std::size_t>(put);
    return moved;
  }
  const ssize_t put = ::send(descriptor_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
  if (put < 0 && (errno == EAGAIN || errno == EINTR)) return Moved::would_block;
  if (put <= 0) return Moved::end;
  sent = static_cast<std::size_t>(put);
  return Moved::some;
}

// ---- Requests

void ServedConnection::read(SteadyTime now) {
  // What came behind the request before may be one already.
  read_what_is_there(now);
  while (state_ == State::reading) {
    std::string_view bytes;
    const Moved moved = receive(bytes);
    if (moved == Moved::would_block) return;
    if (moved == Moved::end) {
      state_ = State::over;
      return;
    }
    // A request has its whole time from its first byte.
    if (is_known_ && !reader_.has_begun()) deadline_ = now + times_.request;
    reader_.feed(bytes);
    read_what_is_there(now);
  }
}

void ServedConnection::read_what_is_there(SteadyTime now) {
  switch (reader_.read()) {
    case RequestReader::Outcome::needs_more:
      return;
    case RequestReader::Outcome::wants_continue:
      is_interim_ = true;
      return write_text(std::string(kContinue), now);
    case RequestReader::Outcome::complete:
      state_ = State::waiting;
      deadline_ = SteadyTime::max();
      return;
    case RequestReader::Outcome::refused:
      return refuse(now);
  }
}

ServedRequest ServedConnection::take_request() {
  ServedRequest request = reader_.take_request();
  request.peer_address = peer_.ip;
  request.peer_origin = peer_.origin;
  return request;
}

void ServedConnection::refuse(SteadyTime now) {
  is_known_ = false;
  closes_ = true;
  HttpResponse response;
  response.status = reader_.refusal().status;
  response.headers.emplace("content-type", "text/plain; charset=utf-8");
  response.body = reader_.refusal().sentence + "\n";
  write_text(to_text(response, false, true), now);
}

// ---- Answers

void ServedConnection::answer(const ServedAnswer& answer, bool is_last, SteadyTime now) {
  const HttpResponse& response = answer.response;
  is_known_ = response.status < 400;
  closes_ = is_last || !reader_.keeps_alive() || asks_to_close(response);
  if (!reader_.is_head() && !has_no_content(response.status)) shared_out_ = answer.shared_body;
  write_text(to_text(answer, reader_.is_head(), closes_), now);
}

void ServedConnection::write_text(std::string text, SteadyTime now) {
  out_ = std::move(text);
  written_ = 0;
  state_ = State::writing;
  write_ends_ = now + times_.answer;
  deadline_ = std::min(now + times_.progress, write_ends_);
  write(now);
}

void ServedConnection::write(SteadyTime now) {
  const std::size_t pause = written_ + kWrittenPerTurn;
  for (auto left = unwritten(); !left.empty(); left = unwritten()) {
    if (written_ >= pause) return;
    std::size_t sent = 0;
    const Moved moved = send(left, sent);
    if (moved == Moved::would_block) return;
    if (moved == Moved::end) {
      state_ = State::over;
      return;
    }
    written_ += sent;
    deadline_ = std::min(now + times_.progress, write_ends_);
  }
  out_ = {};
  shared_out_.reset();
  finish_answer(now);
}

// What may be sent next; empty: all is.
std::string_view ServedConnection::unwritten() const {
  if (written_ < out_.size()) return std::string_view(out_).substr(written_);
  if (!shared_out_) return {};
  return std::string_view(*shared_out_).substr(written_ - out_.size());
}

void ServedConnection::finish_answer(SteadyTime now) {
  state_ = State::reading;
  if (std::exchange(is_interim_, false)) {
    deadline_ = now + times_.request;
    return;
  }
  if (!closes_) {
    // What came behind the request before has begun already, and has no idle time before it.
    deadline_ = now + (is_known_ && !reader_.has_begun() ? times_.idle : times_.request);
    return;
  }
  if (ssl_) {
    ERR_clear_error();
    SSL_shutdown(ssl_.get());
    ERR_clear_error();
  }
  ::shutdown(descriptor_.get(), SHUT_WR);
  state_ = State::lingering;
  deadline_ = now + times_.linger;
}

void ServedConnection::linger() {
  while (discarded_ < kDiscardedMax) {
    const ssize_t got = ::recv(descriptor_.get(), piece.data(), piece.size(), 0);
    if (got < 0 && (errno == EAGAIN || errno == EINTR)) return;
    if (got <= 0) break;
    discarded_ += static_cast<std::size_t>(got);
  }
  state_ = State::over;
}

}  // namespace base
