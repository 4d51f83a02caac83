# SPDX-FileCopyrightText: 2026 The AioGuest authors
# SPDX-License-Identifier: LGPL-2.1-or-later

"""The scenarios whose instructions are counted; run by count.py, under callgrind.

Each is made to do the same work however fast the machine is: nothing waits for a time to come, and
the slice is so long that no tick is cut short.
"""

import asyncio
import contextlib
import ctypes
import functools
import gc
import socket
import sys


ROUNDS = 1000


async def sleep_chain():
    """Steps of a task that only lets others run."""
    for _ in range(2 * ROUNDS):
        await asyncio.sleep(0)


async def call_soon_burst():
    """Callbacks that stand in the queue together."""
    loop = asyncio.get_running_loop()
    done = loop.create_future()
    for _ in range(5 * ROUNDS):
        loop.call_soon(id, None)
    loop.call_soon(done.set_result, None)
    await done


async def thread_safe_calls():
    """Callbacks as from other threads: each writes to the loop's pipe, which is read."""
    loop = asyncio.get_running_loop()
    for _ in range(ROUNDS):
        done = loop.create_future()
        loop.call_soon_threadsafe(done.set_result, None)
        await done


async def timers():
    """10,000 timers pushed in no order; a half is cancelled, a half runs."""
    loop = asyncio.get_running_loop()
    done = loop.create_future()
    start = loop.time() - 100
    handles = [loop.call_at(start + (i * 7919) % 10000 * 1e-3, id, None) for i in range(10000)]
    for handle in handles[::2]:
        handle.cancel()
    loop.call_at(start + 50, done.set_result, None)
    await done


async def timeouts():
    """Timers that are cancelled before they are due."""
    for _ in range(ROUNDS):
        async with asyncio.timeout(1000):
            await asyncio.sleep(0)


async def ping_pong(n_idle):
    """A byte to and fro between two protocols' transports, beside descriptors that are idle."""
    loop = asyncio.get_running_loop()
    done = loop.create_future()
    left = ROUNDS // 2

    class End(asyncio.Protocol):
        def connection_made(self, transport):
            self.transport = transport

        def data_received(self, data):
            nonlocal left
            left -= 1
            if left > 0:
                self.transport.write(data)
            elif not done.done():
                done.set_result(None)

    with contextlib.ExitStack() as stack:
        # Each has a partner that never writes; duplicates of one would be as idle, and cheaper.
        readers = [stack.enter_context(end) for end in socket.socketpair()]
        idle = [stack.enter_context(readers[0].dup()) for _ in range(n_idle)]
        for each in idle:
            loop.add_reader(each, id)
        ends = [await loop.create_connection(End, sock=s) for s in socket.socketpair()]
        with counting(f'ping_pong_{n_idle}'):
            ends[0][0].write(b'x')
            await done
        for each in idle:
            loop.remove_reader(each)
        for transport, _ in ends:
            transport.close()


async def sock_methods():
    """Bytes through sock_recv() and sock_sendall(): a reader is added and removed each time."""
    loop = asyncio.get_running_loop()
    ends = socket.socketpair()
    for end in ends:
        end.setblocking(False)

    async def echo():
        while data := await loop.sock_recv(ends[1], 100):
            await loop.sock_sendall(ends[1], data)

    task = loop.create_task(echo())
    for _ in range(ROUNDS // 2):
        await loop.sock_sendall(ends[0], b'x')
        await loop.sock_recv(ends[0], 100)
    ends[0].close()
    await task
    ends[1].close()


async def turns():
    """Turns of the main loop in which a callback of the host has something for the guest."""
    from gi.repository import GLib

    loop = asyncio.get_running_loop()
    done = loop.create_future()
    left = ROUNDS

    def callback():
        nonlocal left
        left -= 1
        loop.call_soon(id if left else done.set_result, None)
        return left > 0

    GLib.idle_add(callback)
    await done


async def nothing():
    """A run, from its start to its end."""


def run_asyncio(main):
    with asyncio.Runner() as runner:
        return runner.run(main)


def run_aioguest(main):
    import gi
    gi.require_version('AioGuest', '1.0')
    from gi.repository import AioGuest

    return AioGuest.run(main, slice_us=600_000_000)


class Marks:
    """What is counted; outside of callgrind nothing is."""

    def __init__(self, path):
        self._library = ctypes.CDLL(path)
        self.active = False

    @contextlib.contextmanager
    def counting(self, name):
        if not self.active:
            yield
            return
        gc.collect()
        gc.disable()
        self._library.marks_begin()
        yield
        self._library.marks_end(name.encode())
        gc.enable()


def counting(name):
    return MARKS.counting(name)


async def inside(scenario, name):
    """Count what is run, not how the run starts and ends."""
    with counting(name):
        await scenario()


def main(system, only):
    run = {'asyncio': run_asyncio, 'aioguest': run_aioguest}[system]
    tasks = {
        scenario.__name__: functools.partial(inside, scenario, scenario.__name__)
        for scenario in (sleep_chain, call_soon_burst, thread_safe_calls, timers, timeouts,
                         sock_methods)
    }
    if system == 'aioguest':
        tasks['turns'] = functools.partial(inside, turns, 'turns')
    tasks |= {f'ping_pong_{n}': functools.partial(ping_pong, n) for n in (10, 2000)}
    for name, task in tasks.items():
        if only and name not in only:
            continue
        # The first time warms up whatever is specialised or cached.
        for MARKS.active in (False, True):
            run(task())
    if not only or 'start_and_end' in only:
        for MARKS.active in (False, True):
            with counting('start_and_end'):
                for _ in range(10):
                    run(nothing())


if __name__ == '__main__':
    MARKS = Marks(sys.argv[1])
    main(sys.argv[2], sys.argv[3:])
