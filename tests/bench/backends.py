"""What is behind the proxies that `attack` looks at: calm and hostile paths, one process for each kind, and one with
a port for each way of an endpoint that speaks HTTP/2."""

import asyncio
import struct
import time

from wire import (ACK, DATA, END_HEADERS, HEADERS, INITIAL_WINDOW_SIZE, PING, RST_STREAM, SETTINGS, WINDOW_UPDATE, frame,
                  text, window)

BLOCK = b"x" * 65536


async def send_for_ever(writer, begin, block, each=None):
    writer.write(begin)
    while True:
        writer.write(block)
        await (each() if each else writer.drain())


async def ahead(writer):
    """A little ahead of its reader, then 20 MB a second."""
    chunk = b"400\r\n" + b"x" * 1024 + b"\r\n"
    begin, sent = time.monotonic(), 0
    writer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + chunk * 160)
    while True:
        due = int(((time.monotonic() - begin) * 20e6 - sent) / 1024)
        if due > 0:
            writer.write(chunk * due)
            sent += due * 1024
            await writer.drain()
        await asyncio.sleep(0.002)


async def answer(path, fields, reader, writer):
    """Answers one request; False ends the connection."""
    if path.endswith("sink"):
        if b"chunked" in fields:
            while await reader.read(262144):
                pass
            return False
        left = int(fields.split(b"content-length:")[1].split(b"\r\n")[0])
        while left > 0:
            got = await reader.read(min(left, 262144))
            if not got:
                return False
            left -= len(got)
    chunked = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    if path == "/big":
        await send_for_ever(writer, b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % (1 << 40) + BLOCK * 4,
                            BLOCK)
    elif path == "/hold":
        await reader.read(1)
        return False
    elif path == "/interim":
        await send_for_ever(writer, b"", b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n" * 1000)
    elif path == "/chunks":
        await send_for_ever(writer, chunked, b"1\r\nx\r\n" * 10000)
    elif path == "/head":
        await send_for_ever(writer, b"HTTP/1.1 200 OK\r\n", b"X-More: " + b"x" * 100 + b"\r\n")
    elif path == "/ahead":
        await ahead(writer)
    else:
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
        await writer.drain()
    return True


async def serve_one(reader, writer):
    try:
        while True:
            head = await reader.readuntil(b"\r\n\r\n")
            line, _, fields = head.lower().partition(b"\r\n")
            if not await answer(line.split(b" ")[1].decode(), fields, reader, writer):
                break
    except (OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
        pass
    finally:
        writer.transport.abort()


def serve(tell_port):
    """Runs until the process is ended."""
    async def run():
        server = await asyncio.start_server(serve_one, "127.0.0.1", 0, backlog=1024, limit=1 << 20)
        tell_port(server.sockets[0].getsockname()[1])
        await server.serve_forever()
    asyncio.run(run())


# ---- HTTP/2 with prior knowledge, by hand. What a request says is not read: a port has one way.

OK = b"\x88"  # ":status: 200" of HPACK's static table
EARLY_HINTS = b"\x08" + text(b"103") + b"\x00" + text(b"link") + text(b"x" * 100)
MAX_CONCURRENT_STREAMS = 3


class Http2:
    """One connection. `way`: "big" (bodies without end, as far as the windows allow), "interim" (1xx heads without
    end) or "hold" (nothing)."""

    def __init__(self, way, reader, writer):
        self.way, self.reader, self.writer = way, reader, writer
        self.initial, self.window = 65535, 65535
        self.streams = {}  # open ones, and their windows
        self.woken = asyncio.Event()

    async def read(self):
        await self.reader.readexactly(len(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"))
        while True:
            begin = await self.reader.readexactly(9)
            size = int.from_bytes(begin[:3], "big")
            self.take(begin[3], begin[4], int.from_bytes(begin[5:], "big"), await self.reader.readexactly(size))
            self.woken.set()

    def take(self, kind, flags, stream, payload):
        if kind == HEADERS:
            self.streams[stream] = self.initial
            if self.way == "big":
                self.writer.write(frame(HEADERS, END_HEADERS, stream, OK))
        elif kind == RST_STREAM:
            self.streams.pop(stream, None)
        elif kind == WINDOW_UPDATE:
            more = int.from_bytes(payload, "big")
            if stream == 0:
                self.window += more
            elif stream in self.streams:
                self.streams[stream] += more
        elif kind == DATA and payload:
            self.writer.write(window(0, len(payload)) + window(stream, len(payload)))
        elif kind == PING and not flags & ACK:
            self.writer.write(frame(PING, ACK, 0, payload))
        elif kind == SETTINGS and not flags & ACK:
            for at in range(0, len(payload), 6):
                identifier, value = struct.unpack(">HI", payload[at:at + 6])
                if identifier == INITIAL_WINDOW_SIZE:
                    for one in self.streams:
                        self.streams[one] += value - self.initial
                    self.initial = value
            self.writer.write(frame(SETTINGS, ACK, 0))

    def say(self):
        """What may be said now to each of the streams."""
        for stream, may in list(self.streams.items()):
            if self.way == "interim":
                self.writer.write(frame(HEADERS, END_HEADERS, stream, EARLY_HINTS) * 100)
            size = min(16384, may, self.window) if self.way == "big" else 0
            if size > 0:
                self.writer.write(frame(DATA, 0, stream, BLOCK[:size]))
                self.streams[stream] -= size
                self.window -= size

    def has_more(self):
        return (self.way == "interim" and self.streams) or (
            self.way == "big" and self.window > 0 and any(may > 0 for may in self.streams.values()))

    async def write(self):
        self.writer.write(frame(SETTINGS, 0, 0, struct.pack(">HI", MAX_CONCURRENT_STREAMS, 1000)))
        while True:
            self.say()
            await self.writer.drain()
            if self.has_more():
                await asyncio.sleep(0)
            else:
                self.woken.clear()
                await self.woken.wait()


async def serve_one_http2(way, reader, writer):
    connection = Http2(way, reader, writer)
    writes = asyncio.ensure_future(connection.write())
    try:
        await connection.read()
    except (OSError, asyncio.IncompleteReadError):
        pass
    finally:
        writes.cancel()
        writer.transport.abort()


def serve_http2(tell_ports):
    """Tells the port of each way, and runs until the process is ended."""
    async def run():
        ports, servers = {}, []
        for way in ("big", "interim", "hold"):
            servers.append(await asyncio.start_server(
                lambda reader, writer, way=way: serve_one_http2(way, reader, writer), "127.0.0.1", 0, backlog=1024))
            ports["http2-" + way] = servers[-1].sockets[0].getsockname()[1]
        tell_ports(ports)
        await asyncio.gather(*(server.serve_forever() for server in servers))
    asyncio.run(run())
