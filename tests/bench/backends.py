"""What is behind the proxies that `attack` looks at: calm and hostile paths, one process for each kind."""

import asyncio
import time

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
