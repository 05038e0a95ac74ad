#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/byte_queue.h"
#include "proxy/admin/held_bytes.h"
#include "proxy/net/fd.h"
#include "proxy/net/loop.h"
#include "proxy/net/output.h"
#include "proxy/net/socket.h"
#include "proxy/net/turn_budget.h"
#include "proxy/router/route_table.h"
#include "proxy/session/buffers.h"
#include "proxy/tls/client_hello.h"
#include "proxy/tls/server_connection.h"
#include "proxy/tls/server_context.h"

namespace proxy::session {

// A client's bytes, in the clear for whoever uses it, plain or TLS on the wire. Knows what epoll
// said, so that nothing is tried that cannot work.
class Channel {
 public:
  Channel(net::Fd fd, Buffers& buffers, admin::WorkerCounters& counters)
      : fd_(std::move(fd)), buffers_(buffers), counters_(counters) {}
  ~Channel();

  // Before any other use; without it the connection is plain. What OpenSSL needs for it, some 40
  // KiB in a handshake, is made when the first record is whole: those who only connect, who wait
  // for their step or who stop in the middle of their first words cost none of it.
  void start_tls(tls::ServerContext& context);

  void note(net::Ready ready);
  // True while reading may give something without an event first.
  bool is_readable() const { return readable_ || !ciphertext_.empty() || ended_; }
  bool peer_has_closed() const { return closing_; }

  // One step; what there is to say is sent. `table`: where hosts of it have their TLS end at an
  // endpoint, the client's first words are gathered until they say which host they are for, and
  // before anything is answered; it costs those for other hosts no system call. passes: they are
  // for such a host, and leave_tls() is due.
  enum class Opening : std::uint8_t { needs_more, done, failed, passes };
  Opening handshake(const router::RouteTable* table = nullptr);
  // The client's first words, all that was read. From now on its bytes are what is on the wire.
  std::string leave_tls();

  // Takes up to `most` bytes from the socket; `size` must be at least Buffers::kReadBytes and a TLS
  // record, so that all that they say has room. What it took is spent of the budget: TLS may make
  // little of a read, or nothing at all, and take long for it.
  net::IoResult read(char* out, std::size_t size, net::TurnBudget& budget,
                     std::size_t most = Buffers::kReadBytes);
  // Sends what the socket takes and keeps the rest. False: the connection is broken.
  bool write(std::string_view plain);
  std::size_t unsent() const { return output_.size(); }
  // Bytes of a plain connection may pass inside the kernel, both ways: into the client's socket by
  // move_from(), as net::Output::move(), and out of it by whoever calls note_taken() then.
  bool is_plain() const { return tls_context_ == nullptr; }
  std::optional<net::Output::Moved> move_from(int socket, std::size_t size);
  void note_taken(net::IoResult::Kind kind) { readable_ = kind == net::IoResult::Kind::done; }
  // After "writable". False: the connection is broken.
  bool flush();
  // Says goodbye once all is sent: close_notify and FIN.
  void finish();
  void close() {
    output_.clear();
    tell_held();
    fd_.reset();
  }

  int fd() const { return fd_.get(); }
  // nullptr: plain, or before the first step of the handshake.
  const tls::ServerConnection* tls() const { return tls_.get(); }

 private:
  net::IoResult read_tls(char* out, std::size_t size, net::TurnBudget& budget, std::size_t most);
  void hold(std::string_view ciphertext);
  Opening gather_first_words(std::string_view& input, std::string& first,
                             const router::RouteTable* passages);
  void tell_held();
  bool send(std::string_view bytes);
  bool send_ciphertext();

  net::Fd fd_;
  Buffers& buffers_;
  admin::WorkerCounters& counters_;
  std::unique_ptr<tls::ServerConnection> tls_;
  tls::ServerContext* tls_context_ = nullptr;
  bool readable_ = false;
  bool closing_ = false;    // a FIN or worse is somewhere in the socket
  bool ended_ = false;      // TLS: the end was seen, and is still to be told
  bool finishing_ = false;  // FIN once all is sent
  // A session ticket that goes with the response to a request which came with the handshake's end.
  std::string ticket_;
  std::string first_words_;       // while they are not whole
  tls::ClientHelloReader hello_;  // over them
  // What was read and not decrypted yet: it came together with the end of the handshake, or in
  // more records than a step deals with.
  base::ByteQueue ciphertext_;
  admin::HeldBytes held_input_{counters_.held.client_input};  // in both, and in first_words_
  net::Output output_;
  admin::HeldBytes held_{counters_.held.client_output};  // in output_, in memory
  admin::HeldBytes held_in_pipe_{counters_.held.pipes};
  admin::HeldBytes held_tls_{counters_.held.tls};
};

}  // namespace proxy::session
