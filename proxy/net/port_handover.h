#pragma once

#include <optional>

namespace proxy::net {

// Which sockets of those that share a port are given new clients, by their place in the kernel's
// row of them: the first of these, and how many.
struct Row {
  unsigned first = 0;
  unsigned count = 0;
  friend bool operator==(const Row&, const Row&) = default;
};

// How one who leaves a shared port (SO_REUSEPORT) loses no client. The kernel deals clients out to
// all sockets of the port, and resets those whose handshake a socket began that is closed before it
// was accepted. So first all new clients are sent to the others' sockets
// (SO_ATTACH_REUSEPORT_CBPF), handshakes that had begun have time to end, and then one socket of
// ours is closed after the other.
//
// Sockets are in the row in the order in which they began to listen, and the last takes the place
// of one that is closed. So ours have to be the oldest: of a younger process that leaves first the
// choice would name its own sockets. Where the kernel does not let us choose, clients are dealt out
// as before.
class PortHandover {
 public:
  // `listener` is one of `ours` sockets that listen on its port; it is the last to be closed.
  // Nothing: nobody else listens there.
  static std::optional<PortHandover> begin(int listener, unsigned ours);

  // Sends new clients to all sockets of the others.
  void send_to_others() const;
  // Sends them to where the next closing, of the last of `left` sockets of ours in the row, changes
  // nothing. Behind the last the kernel deals out as if nobody had chosen.
  void before_closing_one_of(unsigned left) const;

  static Row row_while_closing(unsigned left, unsigned others);

 private:
  PortHandover(int listener, unsigned ours, unsigned others)
      : listener_(listener), ours_(ours), others_(others) {}
  void choose(Row row) const;

  int listener_;
  unsigned ours_;
  unsigned others_;
};

// Takes back what others chose for the port that this one listens on: it was for as many sockets as
// there were then.
void deal_out_to_all(int listener);

// How many sockets listen on the address of this one, itself among them; 0: it cannot be told.
unsigned count_listeners(int listener);

}  // namespace proxy::net
