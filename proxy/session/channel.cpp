#include "proxy/session/channel.h"

#include <algorithm>
#include <utility>

namespace proxy::session {

using net::IoResult;

namespace {

// RFC 8446 §5.1: a record is its type, a version, its length in two bytes, and so many more. What
// cannot be the first one of a handshake counts as whole, for OpenSSL to say what is wrong with it.
bool is_whole_record(std::string_view bytes) {
  constexpr char kHandshake = 22;
  constexpr std::size_t kHeader = 5;
  constexpr std::size_t kLengthMax = 1u << 14;
  if (bytes.front() != kHandshake) return true;
  if (bytes.size() < kHeader) return false;
  const auto at = [&](std::size_t i) { return static_cast<unsigned char>(bytes[i]); };
  const std::size_t length = static_cast<std::size_t>(at(3)) << 8 | at(4);
  return length > kLengthMax || bytes.size() >= kHeader + length;
}

}  // namespace

Channel::~Channel() {
  if (tls_ != nullptr) counters_.tls_open.subtract();
}

void Channel::start_tls(tls::ServerContext& context) {
  tls_context_ = &context;
}

void Channel::note(net::Ready ready) {
  if (ready.readable) readable_ = true;
  if (ready.closing) closing_ = true;
}

Channel::Opening Channel::handshake(const router::RouteTable* table) {
  const bool looks = tls_ == nullptr && table != nullptr && table->has_passages();
  // What is gathered has a bound, and so has what may come with its end.
  const std::size_t most = looks ? tls::ClientHelloReader::kBytesMax : Buffers::kReadBytes;
  const IoResult got = net::receive(fd_.get(), buffers_.cipher.get(), most);
  readable_ = got.kind == IoResult::Kind::done && (got.bytes == most || closing_);
  if (got.kind == IoResult::Kind::would_block) return Opening::needs_more;
  if (got.kind != IoResult::Kind::done) return Opening::failed;
  std::string_view input(buffers_.cipher.get(), got.bytes);
  tls_context_->output().clear();
  std::string first;  // while `input` is in it
  if (tls_ == nullptr) {
    const Opening opening = gather_first_words(input, first, looks ? table : nullptr);
    if (opening != Opening::done) return opening;
    tls_ = std::make_unique<tls::ServerConnection>(*tls_context_);
    counters_.tls_open.add();
    held_tls_.set(tls_->bytes());
  }
  const auto result = tls_->step(input);
  if (result == tls::ServerConnection::Handshake::done) {
    held_tls_.set(tls_->bytes());
  }
  hold(input);
  // In TLS 1.3 what a server has to say after the handshake is its ticket, and only that. It waits
  // for the response where the request has come already; else it goes at once and takes the
  // acknowledgement along, which the kernel keeps for 40 ms otherwise: a client with Nagle's
  // algorithm would hold its request back that long.
  if (result == tls::ServerConnection::Handshake::done && !ciphertext_.empty() &&
      tls_->version() == "TLSv1.3") {
    ticket_.assign(tls_context_->output());
  } else {
    send_ciphertext();
  }
  switch (result) {
    case tls::ServerConnection::Handshake::needs_more:
      return Opening::needs_more;
    case tls::ServerConnection::Handshake::done:
      return Opening::done;
    case tls::ServerConnection::Handshake::failed:
      return Opening::failed;
  }
  return Opening::failed;
}

// done: `input` is whole, and in `first` where it came in several pieces.
Channel::Opening Channel::gather_first_words(std::string_view& input, std::string& first,
                                             const router::RouteTable* passages) {
  using Outcome = tls::ClientHelloReader::Outcome;
  const bool came_in_pieces = !first_words_.empty();
  if (came_in_pieces) first_words_.append(input);
  const std::string_view all = came_in_pieces ? std::string_view(first_words_) : input;
  const Outcome outcome = passages != nullptr ? hello_.read(all) : Outcome::other;
  const bool passes =
      outcome == Outcome::complete && passages->find_passage(tls::server_name_of(all)) != nullptr;
  const bool is_whole = passages != nullptr ? outcome != Outcome::needs_more : is_whole_record(all);
  if (!is_whole || passes) {
    if (!came_in_pieces) first_words_.assign(input);
    held_input_.set(first_words_.capacity());
    return passes ? Opening::passes : Opening::needs_more;
  }
  if (came_in_pieces) {
    first = std::exchange(first_words_, {});
    held_input_.set(0);
    input = first;
  }
  return Opening::done;
}

std::string Channel::leave_tls() {
  tls_context_ = nullptr;
  held_input_.set(0);
  return std::exchange(first_words_, {});
}

IoResult Channel::read(char* out, std::size_t size, net::TurnBudget& budget, std::size_t most) {
  if (tls_ != nullptr) return read_tls(out, size, budget, most);
  const IoResult got = net::receive(fd_.get(), out, std::min(size, most));
  budget.spend(got.bytes);
  readable_ = got.kind == IoResult::Kind::done && (got.bytes == std::min(size, most) || closing_);
  return got;
}

IoResult Channel::read_tls(char* out, std::size_t size, net::TurnBudget& budget, std::size_t most) {
  using Unit = net::TurnBudget::Unit;
  if (ended_) return {IoResult::Kind::closed, 0};
  const bool was_held = !ciphertext_.empty();
  std::string_view input = ciphertext_.view();
  if (!was_held) {
    const IoResult got = net::receive(fd_.get(), buffers_.cipher.get(), most);
    budget.spend(got.bytes);
    readable_ = got.kind == IoResult::Kind::done && (got.bytes == most || closing_);
    if (got.kind != IoResult::Kind::done) return got;
    input = {buffers_.cipher.get(), got.bytes};
  }
  tls_context_->output().clear();
  const std::size_t before = input.size();
  std::size_t records = net::TurnBudget::units_per_step(Unit::tls_record);
  const std::size_t bytes = tls_->read(input, out, size, records);
  budget.spend(Unit::tls_record, records);
  if (was_held) {
    ciphertext_.consume(before - input.size());
    if (ciphertext_.empty()) ciphertext_.release();
    held_input_.set(ciphertext_.size());
  } else if (tls_->state() == tls::ServerConnection::State::open) {
    hold(input);
  }
  // A KeyUpdate to be answered, or an alert.
  if (!tls_context_->output().empty()) send_ciphertext();
  if (tls_->state() == tls::ServerConnection::State::failed) return {IoResult::Kind::failed, 0};
  ended_ = tls_->state() == tls::ServerConnection::State::closed_by_peer;
  if (bytes > 0) return {IoResult::Kind::done, bytes};
  return {ended_ ? IoResult::Kind::closed : IoResult::Kind::would_block, 0};
}

void Channel::hold(std::string_view ciphertext) {
  if (ciphertext.empty()) return;
  ciphertext_.append(ciphertext);
  held_input_.set(ciphertext_.size());
}

bool Channel::write(std::string_view plain) {
  if (tls_ == nullptr) return send(plain);
  tls_context_->output().clear();
  return tls_->write(plain) && send_ciphertext();
}

bool Channel::send_ciphertext() {
  std::string& output = tls_context_->output();
  if (!ticket_.empty()) output.insert(0, std::exchange(ticket_, {}));
  return output.empty() || send(output);
}

void Channel::tell_held() {
  held_.set(output_.size() - output_.piped());
  held_in_pipe_.set(output_.piped());
}

bool Channel::send(std::string_view bytes) {
  const bool is_sound = output_.send(fd_.get(), bytes);
  tell_held();
  return is_sound;
}

std::optional<net::Output::Moved> Channel::move_from(int socket, std::size_t size) {
  const auto moved = output_.move(socket, fd_.get(), size, buffers_.pipes);
  tell_held();
  return moved;
}

bool Channel::flush() {
  const IoResult::Kind kind = output_.flush(fd_.get());
  tell_held();
  if (kind != IoResult::Kind::done) return kind == IoResult::Kind::would_block;
  if (finishing_) net::shut_down_sending(fd_.get());
  finishing_ = false;
  return true;
}

void Channel::finish() {
  if (tls_ != nullptr) {
    tls_context_->output().clear();
    tls_->write_close_notify();
    send_ciphertext();
  }
  if (unsent() == 0) {
    net::shut_down_sending(fd_.get());
  } else {
    finishing_ = true;
  }
}

}  // namespace proxy::session
