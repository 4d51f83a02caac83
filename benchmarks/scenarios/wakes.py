# SPDX-FileCopyrightText: 2026 The AioGuest authors
# SPDX-License-Identifier: LGPL-2.1-or-later

"""Waking the loop: from a callback of the host, and from another thread.

Each time the loop has been asleep for a millisecond or more. The figures are the times from just
before the call until the task, or the callback, runs. "No loop" for the host is what PyGObject and GLib
take for themselves: a callback makes another source ready, which calls Python, without asyncio.
"""

import asyncio
import threading
import time

from cases import Aim, Case
from figures import latencies

ORDER = 40


async def from_host(host, count):
    loop = asyncio.get_running_loop()
    clock = time.perf_counter
    seen = []
    for _ in range(count):
        future = loop.create_future()
        host.call_from_host(lambda: future.set_result(clock()), delay_ms=2)
        called = await future
        seen.append(clock() - called)
    return latencies(seen)


def from_host_to_host(count):
    from gi.repository import GLib

    main_loop = GLib.MainLoop()
    clock = time.perf_counter
    called = 0.0
    seen = []

    def call():
        nonlocal called
        called = clock()
        answer.set_ready_time(0)
        return GLib.SOURCE_REMOVE

    def be_called(*data):
        seen.append(clock() - called)
        answer.set_ready_time(-1)
        if len(seen) < count:
            GLib.timeout_add(2, call)
        else:
            main_loop.quit()
        return GLib.SOURCE_CONTINUE

    # A source that is there already is the quickest way; GLib.idle_add() makes a new one.
    answer = GLib.Timeout(GLib.MAXINT32)
    answer.set_priority(GLib.PRIORITY_DEFAULT)
    answer.set_callback(be_called)
    answer.attach(None)
    GLib.timeout_add(2, call)
    main_loop.run()
    answer.destroy()
    return latencies(seen)


async def trio_from_host(host, count):
    import trio

    clock = time.perf_counter
    seen = []
    for _ in range(count):
        event = trio.Event()
        called = None

        def call():
            nonlocal called
            called = clock()
            event.set()

        host.call_from_host(call, delay_ms=2)
        await event.wait()
        seen.append(clock() - called)
    return latencies(seen)


class Caller(threading.Thread):
    """Calls ``soon(function)`` *count* times, each time after the one before has been answered."""

    def __init__(self, soon, count, finish):
        super().__init__()
        self.soon = soon
        self.count = count
        self.finish = finish
        self.answered = threading.Event()
        self.seen = []

    def run(self):
        for _ in range(self.count):
            # The loop is to be asleep when it is called.
            time.sleep(0.001)
            self.answered.clear()
            self.called = time.perf_counter()
            self.soon(self.answer)
            self.answered.wait()
        self.soon(self.finish)

    def answer(self):
        self.seen.append(time.perf_counter() - self.called)
        self.answered.set()


async def from_thread(host, count):
    loop = asyncio.get_running_loop()
    over = loop.create_future()
    caller = Caller(loop.call_soon_threadsafe, count, lambda: over.set_result(None))
    caller.start()
    await over
    caller.join()
    return latencies(caller.seen)


async def trio_from_thread(host, count):
    import trio

    over = trio.Event()
    caller = Caller(trio.lowlevel.current_trio_token().run_sync_soon, count, over.set)
    caller.start()
    await over.wait()
    caller.join()
    return latencies(caller.seen)


CASES = [
    Case(
        'wake from a host callback',
        unit='µs',
        better='lower',
        measure=from_host,
        trio=trio_from_host,
        no_loop=from_host_to_host,
        needs_host=True,
        parameters={'count': 150},
        quick={'count': 80},
        tiny={'count': 3},
        aim={'p50': Aim('value', '<=', 15)},
        limit=5.0,
        note='`future.set_result()` in a callback of GLib until the task runs that awaits it',
    ),
    Case(
        'call_soon_threadsafe',
        unit='µs',
        better='lower',
        measure=from_thread,
        trio=trio_from_thread,
        one_core=True,
        parameters={'count': 250},
        quick={'count': 120},
        tiny={'count': 3},
        aim={'p50': Aim('ratio', '<=', 1.1)},
        limit=5.0,
        note='`call_soon_threadsafe()` by another thread until the callback runs, both on one core',
    ),
]
