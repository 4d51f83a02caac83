# SPDX-FileCopyrightText: 2026 The AioGuest authors
# SPDX-License-Identifier: LGPL-2.1-or-later

"""Work that keeps a guest busy while something else is measured."""

import asyncio
import contextlib
import socket
import subprocess
import sys
from pathlib import Path

CLIENT = Path(__file__).parents[1] / 'clients/echo.py'


class Load:
    """What the guest has done so far."""

    done = 0


@contextlib.asynccontextmanager
async def idle(load):
    """A guest that waits."""
    yield


@contextlib.asynccontextmanager
async def sleep0(load):
    """A task that never waits for anything."""

    async def flood():
        while True:
            await asyncio.sleep(0)
            load.done += 1

    task = asyncio.create_task(flood())
    try:
        yield
    finally:
        task.cancel()


@contextlib.asynccontextmanager
async def readable(load):
    """A descriptor that is readable at all times."""

    def on_readable():
        load.done += 1

    loop = asyncio.get_running_loop()
    ours, theirs = socket.socketpair()
    with ours, theirs:
        theirs.send(b'x')
        loop.add_reader(ours, on_readable)
        try:
            yield
        finally:
            loop.remove_reader(ours)


class Echo(asyncio.Protocol):
    def __init__(self, load):
        self.load = load

    def connection_made(self, transport):
        self.transport = transport

    def data_received(self, data):
        self.load.done += 1
        self.transport.write(data)


@contextlib.asynccontextmanager
async def echo(load):
    """An echo server with ten clients, in another process, that send as fast as they can."""
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: Echo(load), '127.0.0.1', 0)
    port = server.sockets[0].getsockname()[1]
    # subprocess, not asyncio's: not every bridge can start a process.
    command = [sys.executable, '-S', CLIENT, str(port), '10', '64', '60']
    with subprocess.Popen(command, stderr=subprocess.DEVNULL) as client:
        try:
            while not load.done:
                await asyncio.sleep(0.01)
            yield
        finally:
            client.kill()
            server.close()


LOADS = {'idle': idle, 'sleep(0)': sleep0, 'readable': readable, 'echo': echo}
