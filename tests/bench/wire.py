"""Clients that do not keep to the rules: TLS and HTTP/2 by hand, for `attack`."""

import ctypes
import ctypes.util
import socket
import ssl
import struct
import time

from servers import HOST

# RFC 9113 §6: the types of frames.
DATA, HEADERS, PRIORITY, RST_STREAM, SETTINGS, PING, WINDOW_UPDATE, CONTINUATION = 0, 1, 2, 3, 4, 6, 8, 9
END_STREAM, END_HEADERS, ACK = 1, 4, 1
INITIAL_WINDOW_SIZE = 4
WINDOW_MAX = 2**31 - 1


def frame(kind, flags, stream, payload=b""):
    return struct.pack(">I", len(payload))[1:] + bytes([kind, flags]) + struct.pack(">I", stream) + payload


def text(value):
    """A string literal of HPACK, without Huffman (RFC 7541 §5.2)."""
    if len(value) < 127:
        return bytes([len(value)]) + value
    out, rest = b"\x7f", len(value) - 127
    while rest >= 128:
        out, rest = out + bytes([rest % 128 + 128]), rest // 128
    return out + bytes([rest]) + value


def head(path, method=b"GET", host=HOST.encode(), more=b""):
    """A header block that leaves nothing in the dynamic table, so it may be sent any number of times."""
    known = {b"GET": b"\x82", b"POST": b"\x83"}[method]
    return known + b"\x87" + b"\x04" + text(path) + b"\x01" + text(host) + more


def window(stream, bytes_more):
    return frame(WINDOW_UPDATE, 0, stream, struct.pack(">I", bytes_more))


class Gone(OSError):
    """The server has ended the connection, as it should."""


class Target:
    """What an attack is told: where the server is, and until when."""

    # How long an attack may take to get its connections up, on a busy machine, before its time begins to count.
    PREPARATION = 15

    def __init__(self, plain, tls, seconds):
        self.ports = {"plain": plain, "tls": tls}
        self.seconds = seconds
        self.end = time.monotonic() + seconds
        self.refused = 0  # connections that the server has ended

    def is_on(self):
        return time.monotonic() < self.end

    def again(self, once):
        """The same again on a new connection for as long as the attack takes."""
        while self.is_on():
            try:
                once()
            except OSError:
                self.refused += 1
                time.sleep(0.02)

    def wait(self, each=lambda: None, pause=0.2):
        while self.is_on():
            each()
            time.sleep(pause)

    def plain(self, receive_buffer=None):
        return self._connect("plain", receive_buffer)

    def tls(self, alpn=("http/1.1",), receive_buffer=None):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        context.set_alpn_protocols(list(alpn))
        return context.wrap_socket(self._connect("tls", receive_buffer), server_hostname=HOST)

    def h2(self, settings=b"", acknowledge=True, receive_buffer=None):
        """An HTTP/2 connection after both SETTINGS."""
        s = self.tls(("h2",), receive_buffer)
        s.sendall(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + frame(SETTINGS, 0, 0, settings))
        if acknowledge:
            s.recv(16384)
            s.sendall(frame(SETTINGS, ACK, 0))
        return s

    def _connect(self, port, receive_buffer):
        s = socket.socket()
        if receive_buffer:
            s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        s.settimeout(max(0.1, self.end - time.monotonic() + 1))
        s.connect(("127.0.0.1", self.ports[port]))
        return s

    def flood(self, s, block, reads=False):
        """Sends the block over and over."""
        while self.is_on():
            s.sendall(block)
            if reads:
                soak(s)

    def hold(self, make, count, each=lambda s: None, pause=0.5):
        """Holds so many connections, each made anew when it is gone; `each` is done to one now and then."""
        held, tries = [], 0
        self.end = time.monotonic() + self.PREPARATION
        while self.is_on():
            while len(held) < count and self.is_on():
                tries += 1
                if tries == count:
                    self.end = min(self.end, time.monotonic() + self.seconds)
                try:
                    held.append(make())
                except OSError:
                    self.refused += 1
                    time.sleep(0.02)
                    break
            for s in list(held):
                try:
                    each(s)
                except OSError:
                    self.refused += 1
                    s.close()
                    held.remove(s)
            time.sleep(pause)


def soak(s):
    """Takes what has arrived; Gone when the server has ended the connection."""
    before = s.gettimeout()
    s.settimeout(0)
    try:
        while True:
            if not s.recv(262144):
                raise Gone("the server has ended the connection")
    except (BlockingIOError, ssl.SSLWantReadError):
        pass
    finally:
        s.settimeout(before)


def reset(s):
    """Closes without TIME_WAIT, of which thousands would leave no port for the next."""
    s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    s.close()


def client_hello():
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    out = ssl.MemoryBIO()
    tls = context.wrap_bio(ssl.MemoryBIO(), out, server_hostname=HOST)
    try:
        tls.do_handshake()
    except ssl.SSLWantReadError:
        pass
    return out.read()


class OpenSsl:
    """What Python's ssl module has not: renegotiation (TLS 1.2) and KeyUpdate (TLS 1.3)."""

    TLS1_2_VERSION, TLS1_3_VERSION = 0x0303, 0x0304
    SET_MIN_PROTO_VERSION, SET_MAX_PROTO_VERSION = 123, 124  # SSL_CTX_ctrl, openssl/ssl.h
    KEY_UPDATE_REQUESTED = 1

    def __init__(self, version):
        self.lib = ctypes.CDLL(ctypes.util.find_library("ssl"))
        for name in ("TLS_client_method", "SSL_CTX_new", "SSL_new"):
            getattr(self.lib, name).restype = ctypes.c_void_p
        self.context = ctypes.c_void_p(self.lib.SSL_CTX_new(ctypes.c_void_p(self.lib.TLS_client_method())))
        for command in (self.SET_MIN_PROTO_VERSION, self.SET_MAX_PROTO_VERSION):
            self.lib.SSL_CTX_ctrl(self.context, command, ctypes.c_long(version), None)

    def connect(self, s):
        tls = ctypes.c_void_p(self.lib.SSL_new(self.context))
        s.setblocking(True)
        s.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, struct.pack("ll", 1, 0))
        s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, struct.pack("ll", 1, 0))
        self.lib.SSL_set_fd(tls, s.fileno())
        if self.lib.SSL_connect(tls) != 1:
            raise Gone("no handshake")
        return tls

    def write(self, tls, data):
        if self.lib.SSL_write(tls, data, len(data)) <= 0:
            raise Gone("the server takes no more")

    def update_key(self, tls):
        if (self.lib.SSL_key_update(tls, self.KEY_UPDATE_REQUESTED) != 1 or
                self.lib.SSL_do_handshake(tls) != 1):
            raise Gone("the server takes no more KeyUpdates")

    def renegotiate(self, tls):
        if self.lib.SSL_renegotiate(tls) != 1 or self.lib.SSL_do_handshake(tls) != 1:
            raise Gone("the server does not renegotiate")

    def free(self, tls):
        self.lib.SSL_free(tls)
