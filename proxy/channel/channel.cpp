#include "proxy/channel/channel.h"

#include <utility>

namespace proxy::channel {

using net::IoResult;
using Handshake = tls::Connection::Handshake;
using Role = tls::Connection::Role;
using State = tls::Connection::State;

namespace {

// A turn's bulk with its records, and some more.
constexpr std::size_t kKeptCiphertextBytes = 512u << 10;

}  // namespace

void Channel::Encrypted::hold(std::string_view ciphertext) {
  if (ciphertext.empty()) return;
  unread.append(ciphertext);
  held_input.set(unread.size());
}

void Channel::Encrypted::drop_unread() {
  unread.release();
  held_input.set(0);
}

// ---- TLS

void Channel::start_tls(std::unique_ptr<tls::Connection> made, admin::HeldMemory& held,
                        admin::Counter& input) {
  encrypted_ = std::make_unique<Encrypted>(std::move(made), held, input);
  encrypted_->held.set(encrypted_->connection->bytes());
}

Handshake Channel::step(std::string_view ciphertext) {
  Encrypted& encrypted = *encrypted_;
  tls::Connection& tls = *encrypted.connection;
  tls.output().clear();
  const Handshake made = tls.step(ciphertext);
  if (made == Handshake::done) encrypted.held.set(tls.bytes());
  encrypted.hold(ciphertext);
  // In TLS 1.3 what a server has to say after the handshake is its ticket, and only that. It waits
  // for the response where the request has come already; else it goes at once and takes the
  // acknowledgement along, which the kernel keeps for 40 ms otherwise: a client with Nagle's
  // algorithm would hold its request back that long.
  if (made == Handshake::done && tls.role() == Role::server && !encrypted.unread.empty() &&
      tls.version() == "TLSv1.3") {
    encrypted.ticket.assign(tls.output());
  } else {
    send_ciphertext();
  }
  return made;
}

// ---- Reading

// Fewer bytes than there was room for mean that the socket is empty; an edge will tell of more. But
// a FIN that epoll told of already comes with no further edge.
IoResult Channel::receive(char* out, std::size_t size) {
  const IoResult got = net::receive(fd_.get(), out, size);
  readable_ = got.kind == IoResult::Kind::done && (got.bytes == size || closing_);
  return got;
}

IoResult Channel::read_tls(char* out, std::size_t size, net::TurnBudget& budget,
                           std::span<char> cipher) {
  using Unit = net::TurnBudget::Unit;
  Encrypted& encrypted = *encrypted_;
  tls::Connection& tls = *encrypted.connection;
  if (!ended_) {
    const bool had_rest = tls.has_rest();
    const bool was_held = encrypted.has_more();
    std::string_view input = encrypted.unread.view();
    if (!was_held) {
      const IoResult got = receive(cipher.data(), cipher.size());
      budget.spend(got.bytes);
      if (got.kind != IoResult::Kind::done) return got;
      input = {cipher.data(), got.bytes};
    }
    tls.output().clear();
    const std::size_t before = input.size();
    std::size_t records = net::TurnBudget::units_per_step(Unit::tls_record);
    const std::size_t bytes = tls.read(input, out, size, records);
    budget.spend(Unit::tls_record, records);
    encrypted.held.set(tls.bytes());
    if (had_rest) budget.spend(bytes);
    // A KeyUpdate to be answered, or an alert.
    if (!tls.output().empty()) send_ciphertext();
    ended_ = tls.state() != State::open;
    if (ended_) {
      encrypted.drop_unread();
    } else if (was_held) {
      encrypted.unread.consume(before - input.size());
      if (encrypted.unread.empty()) encrypted.unread.release();
      encrypted.held_input.set(encrypted.unread.size());
    } else {
      encrypted.hold(input);
    }
    // What an endpoint said before it broke off may be all of its answer; a client that did so
    // waits for none.
    const bool is_lost = tls.state() == State::failed && tls.role() == Role::server;
    if (bytes > 0 && !is_lost) return {IoResult::Kind::done, bytes};
    if (!ended_) return {IoResult::Kind::would_block, 0};
  }
  ended_ = readable_ = false;
  return {tls.state() == State::failed ? IoResult::Kind::failed : IoResult::Kind::closed, 0};
}

// ---- Sending

bool Channel::write(std::string_view plain) {
  if (encrypted_ == nullptr) return send(plain);
  tls::Connection& tls = *encrypted_->connection;
  tls.output().clear();
  const bool is_encrypted = tls.write(plain);
  if (!is_encrypted) broken_ = true;
  return send_ciphertext() && is_encrypted;
}

bool Channel::send_ciphertext() {
  std::string& output = encrypted_->connection->output();
  std::string& ticket = encrypted_->ticket;
  if (!ticket.empty()) output.insert(0, std::exchange(ticket, {}));
  const bool is_sound = output.empty() || send(output);
  // It is all connections' of the worker, and a large body that went out at once made it large.
  if (output.capacity() > kKeptCiphertextBytes) std::string().swap(output);
  return is_sound;
}

bool Channel::send(std::string_view bytes) {
  written_ += bytes.size();
  const bool is_sound = output_.send(fd_.get(), bytes);
  if (!is_sound) broken_ = true;
  tell_held();
  return is_sound;
}

bool Channel::flush() {
  const IoResult::Kind kind = output_.flush(fd_.get());
  tell_held();
  if (kind == IoResult::Kind::failed) broken_ = true;
  if (kind != IoResult::Kind::done) return kind == IoResult::Kind::would_block;
  if (finishing_) net::shut_down_sending(fd_.get());
  finishing_ = false;
  return true;
}

std::optional<net::Output::Moved> Channel::move_from(int socket, std::size_t size,
                                                     net::Pipes& pipes) {
  const auto moved = output_.move(socket, fd_.get(), size, pipes);
  tell_held();
  if (!moved) return moved;
  written_ += moved->taken.bytes;
  if (moved->broken) broken_ = true;
  return moved;
}

void Channel::tell_held() {
  held_output_.set(output_.size() - output_.piped());
  held_in_pipe_.set(output_.piped());
}

// ---- The end

void Channel::write_close_notify() {
  if (encrypted_ == nullptr) return;
  tls::Connection& tls = *encrypted_->connection;
  tls.output().clear();
  tls.write_close_notify();
  send_ciphertext();
}

void Channel::finish() {
  write_close_notify();
  if (unsent() == 0) {
    net::shut_down_sending(fd_.get());
  } else {
    finishing_ = true;
  }
}

void Channel::close() {
  output_.clear();
  tell_held();
  fd_.reset();
}

}  // namespace proxy::channel
