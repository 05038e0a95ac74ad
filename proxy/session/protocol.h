#pragma once

namespace proxy::session {

// What is spoken on a client's connection. Owned by its ClientConnection, which tells it what
// happens to the bytes; it may close the connection in any of these.
class Protocol {
 public:
  virtual ~Protocol() = default;
  // The connection may have something to read, or it is its turn after Tools::resume_soon().
  virtual void on_readable() = 0;
  // All that was waiting to be sent is sent.
  virtual void on_drained() = 0;
  // The time that was armed last is over.
  virtual void on_timeout() = 0;
  // The connection is closed: exchanges under way are abandoned, with this reason.
  virtual void on_closed(const char* reason) = 0;
  // Finish what is under way, take nothing new, then close.
  virtual void begin_drain() = 0;
  // Both directions are over, or about to be, and it still has to read what came before that.
  virtual bool reads_to_the_end() const { return false; }
  // Draining has taken long enough for a tunnel.
  virtual bool is_tunnel() const = 0;
};

}  // namespace proxy::session
