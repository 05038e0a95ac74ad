#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "proxy/tls/control_messages.h"
#include "proxy/tls/wire.h"

struct ssl_st;  // OpenSSL's SSL

namespace proxy::tls {

class RecordLayer;

// One TLS connection, of either role: a server's to its client, a client's to a backend. Bytes in,
// bytes out, no socket: ciphertext to send is appended to output(), which is its wire's, and
// belongs to whoever called last. What only one role has is told by those who derive from it;
// nothing of that is on the way of data. After the handshake its records may be RecordLayer's in
// place of OpenSSL's, which keeps no connection then. One thread, that of its wire, which outlives
// it.
class Connection {
 public:
  virtual ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  enum class Role : std::uint8_t { server, client };
  Role role() const { return role_; }
  // Ciphertext that was made since it was cleared last.
  std::string& output() { return wire_.output(); }

  enum class Handshake : std::uint8_t { needs_more, done, failed };
  // Goes as far as the ciphertext leads, and takes what it used off its front. After `done` the
  // rest is for read(). After `failed` there may be an alert to send; failure_reason() says why.
  Handshake step(std::string_view& ciphertext);
  bool is_established() const { return is_established_; }
  // A stable token: "unrecognized_name", "certificate_broken", "no_common_protocol", ...
  std::string_view failure_reason() const { return failure_reason_; }

  enum class State : std::uint8_t { open, closed_by_peer, failed };
  // Decrypts until the ciphertext is used up, `out` is full or `records` were read, takes what it
  // used off the ciphertext's front, and returns the number of bytes; `records` then says how many.
  // The peer's end is in state().
  std::size_t read(std::string_view& ciphertext, char* out, std::size_t size, std::size_t& records);
  // The last read() filled `out` before the end of a record: there is more without ciphertext.
  bool has_rest() const { return has_rest_; }
  State state() const { return state_; }

  // Encrypts in records of at most 16 KiB. False: the connection is broken.
  bool write(std::string_view plain);
  void write_close_notify();

  // After the handshake.
  bool was_resumed() const { return was_resumed_; }
  std::string_view version() const { return version_; }  // "TLSv1.3"

  // What is allocated for it now, about, for the account of memory.
  virtual std::size_t bytes() const = 0;

 protected:
  // Takes over what was made; nullptr: it could not be made, and the connection has failed.
  Connection(Wire& wire, Role role, ssl_st* made);
  // nullptr: there is none, or its records have been taken over.
  ssl_st* ssl() const { return ssl_; }
  // The first reason stays.
  void fail(std::string_view reason);
  // After a message that carries no data, from OpenSSL's callbacks.
  void note_control_message();
  // `said`: what the last step of the handshake had to say, with its end and after it.
  virtual void on_established(std::string_view said) { (void)said; }
  // From now on records are these, and OpenSSL's connection is gone.
  void take_over(std::unique_ptr<RecordLayer> records);
  const RecordLayer* records() const { return records_.get(); }
  // Why a handshake failed, by OpenSSL's error.
  virtual std::string_view reason_of(unsigned long error) const = 0;

 private:
  std::size_t read_records(std::string_view& ciphertext, char* out, std::size_t size,
                           std::size_t& records);

  Wire& wire_;
  ssl_st* ssl_;
  std::unique_ptr<RecordLayer> records_;  // nullptr: OpenSSL's
  ControlMessages control_messages_;      // since it was established
  std::string_view failure_reason_;
  std::string_view version_;
  State state_ = State::open;
  Role role_;
  bool is_established_ = false;
  bool was_resumed_ = false;
  bool has_rest_ = false;
};

}  // namespace proxy::tls
