#pragma once

#include <chrono>
#include <cstddef>
#include <string_view>

#include "base/result.h"
#include "proxy/net/fd.h"
#include "proxy/net/socket_address.h"

// Socket system calls. Everything is non-blocking; nothing here raises SIGPIPE.
namespace proxy::net {

struct IoResult {
  enum class Kind : std::uint8_t {
    done,         // `bytes` were moved, at least one
    would_block,  // nothing now; epoll will say when
    closed,       // reading only: the peer sent FIN
    failed,       // the connection is gone: reset, timed out
  };
  Kind kind = Kind::failed;
  std::size_t bytes = 0;
};

IoResult receive(int fd, char* out, std::size_t size);
IoResult send(int fd, std::string_view bytes);
// The same, but what came stays there for the next receive().
IoResult peek(int fd, char* out, std::size_t size);

// A listening socket, for one of several threads that share the port (SO_REUSEPORT). The error
// names the address and the cause.
base::Result<Fd> listen_on(const SocketAddress& address);
// The same in two steps: one that has the address already, and refuses connections until the
// second.
base::Result<Fd> bind_listener(const SocketAddress& address);
base::Status start_listening(int fd);
// True when somebody else listens there already. SO_REUSEPORT alone would share the port with
// another process of the same user without a word.
base::Status check_address_is_free(const SocketAddress& address);
SocketAddress local_address(int fd);

struct Accepted {
  Fd fd;  // closed: nothing to accept
  SocketAddress peer;
  bool out_of_descriptors = false;
};
Accepted accept_from(int listener);
bool has_waiting_client(int listener);

// Begins to connect; the result comes as an event (take_connect_error). A closed Fd: it failed at
// once, errno says why.
Fd start_connect(const SocketAddress& address);
// 0 when connected, else an errno.
int take_connect_error(int fd);
// A short stable token: "connect_refused", "connect_unreachable", "connect_reset",
// "connect_failed", and "no_descriptors" of our own.
std::string_view connect_failure_reason(int error);
// True for an errno of a connect that says something about who was to be connected to. Others say
// that this process or host has no more descriptors, ports or memory.
bool is_peers_connect_failure(int error);

// Has the kernel ask a peer that is silent whether it is there; if it is not, the socket fails.
void keep_alive(int fd);
// Has the socket fail when the peer's host is gone: when it has acknowledged nothing for
// kHostSilence of what was sent to it, or answered nothing for as long while nothing was. A host
// that is there does both, whatever its programs do; but for bear_unread().
inline constexpr std::chrono::milliseconds kHostSilence{25'000};
void watch_host(int fd);
// For what is sent to a program that may take nothing for long: the kernel does not tell one whose
// window has been full for so long from a host that is gone (TCP_USER_TIMEOUT). From now on only
// the host's silence counts while all that was sent is acknowledged. watch_host() takes it back.
void bear_unread(int fd);
// Tells the peer that nothing more will be sent (FIN).
void shut_down_sending(int fd);
// Bytes that were sent, and that the peer's kernel has not acknowledged yet.
std::size_t unacknowledged_bytes(int fd);
// All bytes that the peer's kernel ever acknowledged; for SendWatch.
std::uint64_t acknowledged_bytes(int fd);
// Makes the next close() send RST: the peer must not take what it got for complete.
void reset_on_close(int fd);
// Raises the limit on open files as far as it goes; returns it.
std::size_t raise_open_files_limit();

}  // namespace proxy::net
