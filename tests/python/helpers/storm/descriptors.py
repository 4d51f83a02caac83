# SPDX-FileCopyrightText: 2026 The AioGuest authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Descriptors: read, written, closed while registered, and their numbers used again."""

import asyncio
import contextlib
import os

from gi.repository import AioGuest, GLib

from .operations import chance, host_priority, number, operation


@operation(5, count=number(1, 30), by_host=chance(0.5), priority=host_priority)
def stream(storm, count, by_host, priority):
    """Bytes that callbacks of asyncio or the host write are read in order, all of them."""
    loop = asyncio.get_running_loop()
    near, far = storm.make_pair()
    over = storm.ledger.expect("stream")
    received = bytearray()
    sent = bytes(range(count))

    def read():
        try:
            received.extend(near.recv(7))
        except BlockingIOError:
            return  # another's event, of the time when the number was its
        if len(received) == count:
            if received != sent:
                storm.ledger.object(f"stream of {count}: {received!r}")
            loop.remove_reader(near)
            near.close()
            far.close()
            over.happen()

    numbers = iter(range(count))

    def write():
        number = next(numbers)
        far.send(sent[number : number + 1])
        more = number + 1 < count
        if more and not by_host:
            loop.call_soon(write)
        return more

    loop.add_reader(near, read)
    if by_host:
        GLib.idle_add(write, priority=priority)
    else:
        loop.call_soon(write)


@operation(3, count=number(1, 10), reading=chance(0.5))
def writable(storm, count, reading):
    """A descriptor that is always writable is told of until it is removed, while it may be read too."""
    loop = asyncio.get_running_loop()
    near, far = storm.make_pair()
    over = storm.ledger.expect("writer")
    left = count

    def read_nothing():
        try:
            storm.ledger.object(f"read {near.recv(1)!r}, which nobody wrote")
        except BlockingIOError:
            pass  # as above

    def write():
        nonlocal left
        left -= 1
        if left == 0:
            loop.remove_writer(near)
            if reading:
                loop.remove_reader(near)
            near.close()
            far.close()
            over.happen()

    loop.add_writer(near, write)
    if reading:
        loop.add_reader(near, read_nothing)


@operation(3, yields=number(0, 3), reader=chance(0.7))
def close_registered(storm, yields, reader):
    """Closed while registered, the number taken by another at once, and only then removed."""
    loop = asyncio.get_running_loop()
    near, far = storm.make_pair()
    number = near.fileno()
    over = storm.ledger.expect("close")

    def read_closed():
        if number not in storm.duplicated:
            storm.ledger.object(f"descriptor {number} is told of after it was closed")

    def reuse():
        nonlocal yields
        if yields > 0:
            yields -= 1
            loop.call_soon(reuse)
            return
        (loop.remove_reader if reader else loop.remove_writer)(number)
        for end in (near, far, other, another):
            end.close()
        over.happen()

    if reader:
        loop.add_reader(near, read_closed)
    else:
        loop.add_writer(near, lambda: None)
    # From now on `near` is a duplicate of `other`; what it was is closed.
    other, another = storm.make_pair()
    os.dup2(other.fileno(), number, inheritable=False)
    reuse()


@operation(2, turns=number(0, 4))
def close_duplicated(storm, turns):
    """Closed while a duplicate lives: epoll goes on to tell of a number that is nobody's."""
    loop = asyncio.get_running_loop()
    near, far = storm.make_pair()
    number = near.fileno()
    duplicate = near.dup()
    storm.sockets.append(duplicate)
    storm.duplicated.add(number)
    over = storm.ledger.expect_in_host("duplicate")

    loop.add_reader(near, lambda: None)
    far.send(b"x")
    near.close()

    def end():
        nonlocal turns
        if turns > 0:
            turns -= 1
            return GLib.SOURCE_CONTINUE
        duplicate.close()
        far.close()
        over.happen()
        return GLib.SOURCE_REMOVE

    # Before another registers its number.
    loop.remove_reader(number)
    GLib.idle_add(end)


@operation(3, size=number(1, 300_000))
def transports(storm, size):
    """asyncio's own streams, with more than the socket takes at once, both ways."""
    over = storm.ledger.expect("transports")
    sent = os.urandom(1024) * (size // 1024 + 1)

    async def send(writer):
        writer.write(sent)
        await writer.drain()
        writer.write_eof()

    async def talk():
        # Both are aborted before either is waited for: the second to be aborted could be told meanwhile
        # that the first is gone.
        async with contextlib.AsyncExitStack() as waits, contextlib.AsyncExitStack() as aborts:
            ends = [await open_end(waits, aborts, end) for end in storm.make_pair()]
            results = await asyncio.gather(
                *[reader.read() for reader, _ in ends], *[send(writer) for _, writer in ends]
            )
            for received in results[: len(ends)]:
                if received != sent:
                    storm.ledger.object(f"{len(received)} bytes received of {len(sent)} sent")
        over.happen()

    async def open_end(waits, aborts, end):
        reader, writer = await asyncio.open_connection(sock=end)
        waits.push_async_callback(writer.wait_closed)
        aborts.callback(writer.transport.abort)
        return reader, writer

    AioGuest.spawn(talk())
