#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/descriptor.h"
#include "base/http_server.h"
#include "base/listening_socket.h"
#include "base/openssl.h"
#include "base/request_reader.h"

namespace base {

// One client of an HttpServer: the TLS handshake, its requests one after the other, the answers to
// them. Never blocks; every state but that of waiting for the handler has a deadline. The server's
// thread alone uses it.
class ServedConnection {
 public:
  enum class State : std::uint8_t {
    shaking_hands,
    reading,
    waiting,  // the request is the handler's; answer() ends it
    writing,
    lingering,  // all is said; what still comes is thrown away, so that the answer is not (RFC 9112
                // §9.6)
    over,
  };
  // Asked when a client has something to say: idle ones cost no TLS state. Empty: there is no
  // usable certificate, and the connection ends.
  using MakeSsl = std::function<SslPtr()>;

  // make_ssl: none for plain HTTP.
  ServedConnection(Descriptor descriptor, Peer peer, MakeSsl make_ssl,
                   const RequestReader::Limits& limits, const HttpServer::Times& times,
                   SteadyTime now);

  // As far as it goes. In `waiting` only the peer's going ends it.
  State go_on(SteadyTime now);
  // Once per time that it waits.
  ServedRequest take_request();
  // Begins to write; in `waiting` only. is_last: closes it afterwards.
  void answer(const ServedAnswer& answer, bool is_last, SteadyTime now);
  // The peer has sent its end, or the connection is gone.
  void on_peer_gone();

  State state() const { return state_; }
  SteadyTime deadline() const { return deadline_; }
  // What the deadline is for: a stable token.
  const char* awaited() const;
  int fd() const { return descriptor_.get(); }
  std::uint32_t wanted_events() const;  // of epoll
  const Peer& peer() const { return peer_; }
  // It was given what it asked for last, or is being given it.
  bool is_known() const { return is_known_; }
  // Memory for what it has sent and nobody has taken yet.
  std::size_t held_bytes() const { return reader_.held_bytes(); }

 private:
  enum class Moved : std::uint8_t { some, would_block, end };

  void shake_hands(SteadyTime now);
  void read(SteadyTime now);
  void read_what_is_there(SteadyTime now);
  void write(SteadyTime now);
  void finish_answer(SteadyTime now);
  void linger();
  void refuse(SteadyTime now);
  void write_text(std::string text, SteadyTime now);
  std::string_view unwritten() const;
  Moved receive(std::string_view& bytes);
  Moved send(std::string_view bytes, std::size_t& sent);
  Moved tls_outcome(int result);

  Descriptor descriptor_;
  const Peer peer_;
  const MakeSsl make_ssl_;
  const HttpServer::Times times_;
  SslPtr ssl_;
  RequestReader reader_;
  State state_;
  SteadyTime deadline_;
  bool is_known_ = false;
  bool closes_ = false;          // after the answer
  bool is_interim_ = false;      // what is written is "100 Continue"
  std::uint32_t tls_wants_ = 0;  // events of epoll; TLS may have to read in order to write
  std::string out_;
  std::shared_ptr<const std::string> shared_out_;  // behind it
  std::size_t written_ = 0;                        // of both
  SteadyTime write_ends_{};                        // however well it goes
  std::size_t discarded_ = 0;
};

}  // namespace base
