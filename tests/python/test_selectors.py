# SPDX-FileCopyrightText: 2026 The AioGuest authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Selectors, with a descriptor of their own and without."""

import asyncio
import os
import selectors
import socket

import pytest
from gi.overrides.AioGuest import _core
from gi.repository import AioGuest, GLib

import support

SELECTORS = [
    cls
    for name in ("SelectSelector", "PollSelector", "EpollSelector")
    if (cls := getattr(selectors, name, None))
]
LOOPS = [AioGuest.EventLoop, asyncio.SelectorEventLoop]


@pytest.fixture(params=SELECTORS, ids=lambda cls: cls.__name__)
def selector(request):
    return request.param


@pytest.fixture(params=LOOPS, ids=["EventLoop", "stock"])
def factory(request, selector):
    return lambda: request.param(selector())


def test_the_selector_is_used(run, factory, selector):
    async def main():
        return type(asyncio.get_running_loop()._selector)

    assert run(main(), loop_factory=factory) is selector


def test_streams(run, factory):
    async def echo(reader, writer):
        while data := await reader.read(4096):
            writer.write(data)
            await writer.drain()
        writer.close()

    async def main():
        server = await asyncio.start_server(echo, "127.0.0.1", 0)
        async with server:
            port = server.sockets[0].getsockname()[1]

            async def client(number):
                reader, writer = await asyncio.open_connection("127.0.0.1", port)
                payload = bytes([number]) * 50_000
                writer.write(payload)
                writer.write_eof()
                received = await reader.read()
                writer.close()
                await writer.wait_closed()
                return received == payload

            return await asyncio.gather(*(client(number) for number in range(10)))

    assert run(main(), loop_factory=factory) == [True] * 10


def test_threads_and_timers(run, factory):
    async def main():
        await asyncio.sleep(0.005)
        return await asyncio.to_thread(lambda: 42)

    assert run(main(), loop_factory=factory) == 42


class Host:
    """Registers, changes and removes descriptors between ticks only."""

    def __init__(self, factory):
        self.events = []
        self.over = asyncio.Event()
        self.task = support.start(self.over.wait(), loop_factory=factory)
        self.rescue = support.Rescue()
        self.rescue.settle()
        self.loop = asyncio.get_running_loop()

    def in_callback(self, action, *args):
        done = []
        GLib.idle_add(lambda: done.append(action(*args)))
        while not done:
            self.rescue.turn()

    def until(self, event):
        turns = self.rescue.until(lambda: event in self.events, 50)
        return turns

    def rests(self):
        """Whether there is nothing to do, but for what the poller's thread was about to tell."""
        return sum(self.rescue.context.iteration(False) for _ in range(50)) < 5

    def finish(self):
        self.over.set()
        self.rescue.until(lambda: asyncio._get_running_loop() is None)


@pytest.fixture
def host(factory):
    host = Host(factory)
    yield host
    host.finish()


@pytest.fixture
def pair():
    left, right = socket.socketpair()
    left.setblocking(False)
    right.setblocking(False)
    with left, right:
        yield left, right


def test_reader_added_between_ticks(host, pair):
    left, right = pair

    def readable():
        host.events.append(left.recv(10))

    host.in_callback(host.loop.add_reader, left, readable)
    host.rescue.settle()
    right.send(b"x")
    assert host.until(b"x") <= 3
    right.send(b"y")
    assert host.until(b"y") <= 3
    host.loop.remove_reader(left)


def test_modified_between_ticks(host, pair):
    """A writer beside the reader: the selector's modify(), not register()."""
    left, right = pair

    def writable():
        host.events.append("writable")
        host.loop.remove_writer(left)

    host.in_callback(host.loop.add_reader, left, lambda: host.events.append("readable"))
    host.rescue.settle()
    assert host.events == []
    host.in_callback(host.loop.add_writer, left, writable)
    assert host.until("writable") <= 3
    host.loop.remove_reader(left)


def test_modified_back_between_ticks(host, pair):
    left, right = pair
    host.in_callback(host.loop.add_reader, left, lambda: host.events.append(left.recv(10)))
    host.in_callback(host.loop.add_writer, left, lambda: host.events.append("writable"))
    assert host.until("writable") <= 3
    host.in_callback(host.loop.remove_writer, left)
    host.rescue.settle()
    host.events.clear()
    # Still writable, but nobody asks: the host sleeps again.
    assert host.rests()
    right.send(b"x")
    assert host.until(b"x") <= 3
    assert host.events == [b"x"]
    host.loop.remove_reader(left)


def test_removed_between_ticks(host, pair):
    left, right = pair
    host.in_callback(host.loop.add_reader, left, lambda: host.events.append("readable"))
    host.rescue.settle()
    host.in_callback(host.loop.remove_reader, left)
    right.send(b"x")
    host.rescue.settle()
    assert host.events == []
    assert host.rests()


def test_removed_and_closed_between_ticks(host):
    """A closed descriptor must not be polled any more: its number gets reused."""
    for number in range(20):
        left, right = socket.socketpair()
        with left, right:
            left.setblocking(False)

            def readable():
                host.events.append(left.recv(10))

            host.in_callback(host.loop.add_reader, left, readable)
            right.send(b"%d" % number)
            host.until(b"%d" % number)
            host.in_callback(host.loop.remove_reader, left)


def test_replaced_between_ticks(host):
    """One removed, another added: as many as before."""
    first, second = os.pipe(), os.pipe()

    def readable(fd):
        host.events.append(os.read(fd, 10))

    def replace():
        host.loop.remove_reader(first[0])
        host.loop.add_reader(second[0], readable, second[0])

    host.in_callback(host.loop.add_reader, first[0], readable, first[0])
    host.rescue.settle()
    host.in_callback(replace)
    host.rescue.settle()
    os.write(second[1], b"second")
    assert host.until(b"second") <= 3
    host.loop.remove_reader(second[0])
    for fd in first + second:
        os.close(fd)


def test_watch_of_a_selector_outlives_an_earlier_guest():
    # There is one watch on the selector's dict, and two guests of the loop had it.
    context = GLib.MainContext.default()
    loop = AioGuest.EventLoop(selectors.SelectSelector(), main_context=context)
    loop.set_debug(False)
    receiver, sender = socket.socketpair()
    sender.send(b"x")
    guests = [_core.AsyncioGuest(loop)]

    def forget():
        guests.clear()
        return GLib.SOURCE_REMOVE

    def add_reader():
        loop.add_reader(receiver, loop.stop)
        return GLib.SOURCE_REMOVE

    try:
        GLib.timeout_add(10, forget)
        GLib.timeout_add(50, add_reader)
        # For ever, if the descriptor is not noticed.
        loop.run_forever()
        loop.remove_reader(receiver)
    finally:
        loop.close()
        receiver.close()
        sender.close()
    assert guests == []
