#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "base/byte_queue.h"
#include "proxy/admin/held_bytes.h"
#include "proxy/net/fd.h"
#include "proxy/net/loop.h"
#include "proxy/net/output.h"
#include "proxy/net/socket.h"
#include "proxy/net/turn_budget.h"
#include "proxy/tls/connection.h"

namespace proxy::channel {

// The bytes of one connection, a client's or an endpoint's, in the clear for whoever uses it; plain
// on the wire, or TLS in either role. Owns the descriptor, and what is still to be sent. Knows what
// epoll said, so that nothing is tried that cannot work. It has no timer and calls nobody: who
// holds it decides what an end means, and how long a step may take. Held by value; one thread.
class Channel {
 public:
  // `output`: the gauge of what its socket has not taken yet.
  Channel(net::Fd fd, admin::HeldMemory& held, admin::Counter& output)
      : fd_(std::move(fd)), held_output_(output), held_in_pipe_(held.pipes) {}
  Channel(const Channel&) = delete;
  Channel& operator=(const Channel&) = delete;

  int fd() const { return fd_.get(); }

  // ---- What is known of the socket

  void note(net::Ready ready) {
    if (ready.readable) readable_ = true;
    if (ready.closing) closing_ = true;
  }
  // True while reading may give something without an event first.
  bool is_readable() const {
    return readable_ || ended_ || (encrypted_ != nullptr && encrypted_->has_more());
  }
  // A FIN or worse is somewhere in the socket.
  bool peer_has_closed() const { return closing_; }
  // Sending failed. A reset is told once: reading may be told of an orderly end then.
  bool is_broken() const { return broken_; }

  // ---- TLS

  // From now on what is on the wire is TLS; without it the channel is plain. `input`: the gauge of
  // what was read and is not decrypted yet.
  void start_tls(std::unique_ptr<tls::Connection> made, admin::HeldMemory& held,
                 admin::Counter& input);
  bool is_plain() const { return encrypted_ == nullptr; }
  // nullptr: plain.
  const tls::Connection* tls() const {
    return encrypted_ == nullptr ? nullptr : encrypted_->connection.get();
  }
  // What the socket has, as it is on the wire: for a step of the handshake, and for whoever looks
  // before it begins.
  net::IoResult receive(char* out, std::size_t size);
  // One step over that. What there is to say is sent; whether that could be, is_broken() says.
  tls::Connection::Handshake step(std::string_view ciphertext);

  // ---- Bytes in the clear

  // Plain: takes up to `size` bytes from the socket. TLS: up to the size of `cipher`, which is
  // memory for this call; where `out` has room for that, and for a record that was held, no record
  // is taken in parts. What was taken is spent of the budget: TLS may make little of it, or nothing
  // at all (would_block, while it is readable still), and take long for it.
  net::IoResult read(char* out, std::size_t size, net::TurnBudget& budget, std::span<char> cipher) {
    if (encrypted_ != nullptr) return read_tls(out, size, budget, cipher);
    const net::IoResult got = receive(out, size);
    budget.spend(got.bytes);
    return got;
  }
  // Sends what the socket takes and keeps the rest. False: the connection is broken.
  bool write(std::string_view plain);
  std::size_t unsent() const { return output_.size(); }
  // Bytes on the wire that were written so far, whether or not they were sent.
  std::uint64_t written() const { return written_; }
  // After "writable". False: the connection is broken.
  bool flush();

  // Bytes of a plain connection may pass inside the kernel: into its socket by move_from(), as
  // net::Output::move(), and out of it by whoever calls note_taken() then.
  std::optional<net::Output::Moved> move_from(int socket, std::size_t size, net::Pipes& pipes);
  void note_taken(net::IoResult::Kind kind) { readable_ = kind == net::IoResult::Kind::done; }

  // ---- The end

  // "No more from us" in TLS, where a handshake is done; the socket stays open both ways.
  void write_close_notify();
  // Says goodbye once all is sent: close_notify and FIN.
  void finish();
  // Now, whatever is unsent. What tls() says stays, until drop_tls().
  void close();
  void drop_tls() { encrypted_.reset(); }

 private:
  // What only TLS needs, made with it: plain connections pay a pointer for it.
  struct Encrypted {
    Encrypted(std::unique_ptr<tls::Connection> made, admin::HeldMemory& memory,
              admin::Counter& input)
        : connection(std::move(made)), held_input(input), held(memory.tls) {}
    bool has_more() const { return !unread.empty() || connection->has_rest(); }
    void hold(std::string_view ciphertext);
    void drop_unread();

    std::unique_ptr<tls::Connection> connection;
    // What was read and not decrypted yet: it came together with the end of the handshake, or in
    // more records than a step deals with, or than there was room for.
    base::ByteQueue unread;
    // A session ticket that goes with the response to a request which came with the handshake's
    // end.
    std::string ticket;
    admin::HeldBytes held_input;  // in unread
    admin::HeldBytes held;        // by the connection
  };

  net::IoResult read_tls(char* out, std::size_t size, net::TurnBudget& budget,
                         std::span<char> cipher);
  bool send(std::string_view bytes);
  bool send_ciphertext();
  void tell_held();

  net::Fd fd_;
  bool readable_ = false;
  bool closing_ = false;
  bool broken_ = false;
  bool ended_ = false;      // TLS: the end was seen, and is still to be told
  bool finishing_ = false;  // FIN once all is sent
  std::unique_ptr<Encrypted> encrypted_;
  std::uint64_t written_ = 0;
  net::Output output_;
  admin::HeldBytes held_output_;  // in output_, in memory
  admin::HeldBytes held_in_pipe_;
};

}  // namespace proxy::channel
