# SPDX-FileCopyrightText: 2026 The AioGuest authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Asynchronous functions of Gio, awaited."""

import asyncio

from gi.repository import AioGuest, Gio, GLib

from .operations import number, operation, seconds


@operation(3, size=number(1, 1000))
def call(storm, size):
    over = storm.ledger.expect("call of Gio")
    content = bytes(size)

    async def read():
        stream = Gio.MemoryInputStream.new_from_bytes(GLib.Bytes.new(content))
        result = await AioGuest.call(stream.read_bytes_async, 2 * size, GLib.PRIORITY_DEFAULT)
        if result.get_data() != content:
            storm.ledger.object(f"Gio read {result.get_size()} bytes of {size}")
        over.happen()

    AioGuest.spawn(read())


@operation(3, until=seconds(0.002))
def cancel_call(storm, until):
    """The cancellation reaches the operation, and comes out when that has ended."""
    over = storm.ledger.expect("cancelled call of Gio")
    near, far = storm.make_pair()

    async def read():
        socket = Gio.Socket.new_from_fd(near.detach())
        connection = socket.connection_factory_create_connection()
        stream = connection.get_input_stream()
        try:
            await AioGuest.call(stream.read_bytes_async, 1, GLib.PRIORITY_DEFAULT)
        except asyncio.CancelledError:
            # Cancelled a second time, by the end of the run, it does not wait.
            if stream.has_pending() and not storm.ending:
                storm.ledger.object("a call is cancelled while its operation goes on")
        else:
            storm.ledger.object("Gio read what nobody wrote")
        finally:
            socket.close()
            far.close()
        over.happen()

    async def watch():
        task = asyncio.ensure_future(read())
        asyncio.get_running_loop().call_later(until, task.cancel)
        await asyncio.wait([task])
        # Cancelled before its first step it has done nothing.
        if near.fileno() >= 0:
            near.close()
            far.close()
            over.call_off()
        await task

    AioGuest.spawn(watch())
