# SPDX-FileCopyrightText: 2026 The AioGuest authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""A peer that keeps an echo server as busy as it can, in a process of its own.

echo_client.py PORT CONNECTIONS: says "connected" once it is, and goes on until
its standard input is closed.
"""

import asyncio
import sys


async def ping(reader, writer):
    payload = b"x" * 64
    while True:
        writer.write(payload)
        await reader.readexactly(len(payload))


async def main(port, count):
    streams = [await asyncio.open_connection("127.0.0.1", port) for _ in range(count)]
    print("connected", flush=True)
    tasks = [asyncio.create_task(ping(*stream)) for stream in streams]
    loop = asyncio.get_running_loop()
    over = loop.create_future()
    loop.add_reader(sys.stdin, over.set_result, None)
    await over
    loop.remove_reader(sys.stdin)
    for task in tasks:
        task.cancel()


asyncio.run(main(int(sys.argv[1]), int(sys.argv[2])))
