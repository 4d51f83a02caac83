# SPDX-FileCopyrightText: 2026 The AioGuest authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""looks.py: how often the guest looks at its selector for messages that come one by one.

Prints, for each message, the number of looks while a callback of the host sends it, and the number
of ticks, then and when both ends are in the loop.
"""

import asyncio
import ctypes
import socket

from hosts import OPTIONS, AioGuest, GLib

MESSAGES = 400

shim = ctypes.CDLL(None)


class Echo(asyncio.Protocol):
    def connection_made(self, transport):
        self._transport = transport

    def data_received(self, data):
        self._transport.write(data)


class Client(asyncio.Protocol):
    def __init__(self):
        self.over = asyncio.get_running_loop().create_future()
        self._left = MESSAGES

    def connection_made(self, transport):
        self._transport = transport
        transport.write(b"x")

    def data_received(self, data):
        self._left -= 1
        if self._left > 0:
            self._transport.write(data)
        else:
            self.over.set_result(None)


async def serve():
    """Returns the other end's socket."""
    ours, theirs = socket.socketpair()
    await asyncio.get_running_loop().connect_accepted_socket(Echo, theirs)
    return ours


def ask_from_host(sock):
    """Message by message, in callbacks of the host: each answer has been sent by a tick that is over."""
    over = asyncio.get_running_loop().create_future()
    left = MESSAGES

    def on_readable(fd, condition):
        nonlocal left
        sock.recv(1)
        left -= 1
        if left == 0:
            over.set_result(None)
            return GLib.SOURCE_REMOVE
        sock.send(b"x")
        return GLib.SOURCE_CONTINUE

    GLib.io_add_watch(sock.fileno(), GLib.PRIORITY_DEFAULT, GLib.IOCondition.IN, on_readable)
    sock.send(b"x")
    return over


async def main():
    loop = asyncio.get_running_loop()
    run = AioGuest.get_run()

    with await serve() as sock:
        ticks = run.get_ticks()
        shim.faults_set(b"epoll_wait", 10**9, 1, 1)
        await ask_from_host(sock)
        print(shim.faults_calls(b"epoll_wait") / MESSAGES)
        print((run.get_ticks() - ticks) / MESSAGES)

    ticks = run.get_ticks()
    transport, client = await loop.create_unix_connection(Client, sock=await serve())
    await client.over
    print((run.get_ticks() - ticks) / MESSAGES)
    transport.close()
    await asyncio.sleep(0)


AioGuest.run(main(), **OPTIONS)
