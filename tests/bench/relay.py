#!/usr/bin/env python3
"""A path that takes its time: passes TCP connections on to a port, and what is sent either way later by so many milliseconds.

    relay.py PORT TARGET_PORT MILLISECONDS

Nothing is lost, and no bandwidth is missing, as far as this program's own core goes. What is on the way is at most 64 MiB in each
direction. It serves until it is ended.
"""

import asyncio
import contextlib
import sys

PIECE_BYTES = 64 << 10
PIECES_MAX = 1024


async def take(reader, on_the_way, delay):
    """An empty piece is the end."""
    data = b"begin"
    while data:
        try:
            data = await reader.read(PIECE_BYTES)
        except OSError:
            data = b""
        await on_the_way.put((asyncio.get_running_loop().time() + delay, data))


async def give(writer, on_the_way):
    while True:
        due, data = await on_the_way.get()
        await asyncio.sleep(due - asyncio.get_running_loop().time())
        with contextlib.suppress(OSError):
            if not data:
                writer.write_eof()
                return
            writer.write(data)
            await writer.drain()


async def pass_on(reader, writer, delay):
    on_the_way = asyncio.Queue(PIECES_MAX)
    await asyncio.gather(take(reader, on_the_way, delay), give(writer, on_the_way))


async def serve(port, target, delay):
    async def relay(reader, writer):
        try:
            there, to_there = await asyncio.open_connection("127.0.0.1", target)
        except OSError:
            writer.close()
            return
        await asyncio.gather(pass_on(reader, to_there, delay), pass_on(there, writer, delay))
        writer.close()
        to_there.close()

    server = await asyncio.start_server(relay, "127.0.0.1", port)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(serve(int(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3]) / 1000))
