# SPDX-FileCopyrightText: 2026 The AioGuest authors
# SPDX-License-Identifier: LGPL-2.1-or-later

"""Frames beside a flood: a guest that always has something to do, and a window that paints.

The window is a model of GTK's frame clock: 60 Hz on a fixed grid at the priority of redraws, a
millisecond of work per frame; a frame that comes too late takes the next place on the grid, and
without a flood every place is taken. *frames* is the share of places that are taken during the
flood, *longest gap* the longest time without a frame, and *throughput* is what the guest gets done
per second that is not spent painting.
"""

import asyncio
import math
import socket
import time

from cases import Aim, Case
from figures import Stopwatch

ORDER = 60
REDRAW = 120  # GDK_PRIORITY_REDRAW
TASKS = 50


class Window:
    period = 1 / 60

    def __init__(self):
        from gi.repository import GLib

        self.glib = GLib
        self.painted = []
        self.painting = 0.0
        self.origin = time.monotonic()
        self.arm()

    def place(self, moment):
        return math.floor((moment - self.origin) / self.period)

    def arm(self):
        now = time.monotonic()
        place = self.place(now) + 1
        delay = self.origin + place * self.period - now
        self.source = self.glib.timeout_add(math.ceil(delay * 1000), self.paint, priority=REDRAW)

    def paint(self):
        start = time.monotonic()
        self.painted.append(start)
        while (now := time.monotonic()) < start + 0.001:
            pass
        self.painting += now - start
        self.arm()
        return self.glib.SOURCE_REMOVE

    def close(self):
        self.glib.source_remove(self.source)


class Sleepers:
    """Tasks that loop on sleep(0)."""

    count = 0

    async def task(self):
        while True:
            await asyncio.sleep(0)
            self.count += 1

    def start(self):
        self.tasks = [asyncio.create_task(self.task()) for _ in range(TASKS)]

    def stop(self):
        for task in self.tasks:
            task.cancel()


class Readers:
    """Descriptors that are always readable."""

    count = 0

    def readable(self):
        self.count += 1

    def start(self):
        self.loop = asyncio.get_running_loop()
        self.pairs = [socket.socketpair() for _ in range(TASKS)]
        for left, right in self.pairs:
            right.send(b'never read')
            self.loop.add_reader(left, self.readable)

    def stop(self):
        for left, right in self.pairs:
            self.loop.remove_reader(left)
            left.close()
            right.close()


class Checkpoints:
    """Sleepers, for Trio."""

    count = 0

    def __init__(self, nursery):
        self.nursery = nursery

    async def task(self):
        import trio

        while True:
            await trio.sleep(0)
            self.count += 1

    def start(self):
        for _ in range(TASKS):
            self.nursery.start_soon(self.task)

    def stop(self):
        self.nursery.cancel_scope.cancel()


async def paint_beside(flood, host, sleep, seconds):
    window = Window() if host.is_guest else None
    await sleep(0.05)
    if window is not None:
        window.painted.clear()
        window.painting = 0.0
    flood.start()
    watch = Stopwatch()
    start = time.monotonic()
    await sleep(seconds)
    count = flood.count
    elapsed = watch.elapsed()
    stop = time.monotonic()
    flood.stop()
    if window is None:
        return {'throughput': count / elapsed}
    window.close()
    moments = [start, *window.painted, stop]
    first, last = window.place(start), window.place(stop)
    taken = {place for moment in window.painted if first < (place := window.place(moment)) <= last}
    return {
        'frames': len(taken) / (last - first) * 100,
        'longest gap': max(b - a for a, b in zip(moments, moments[1:])) * 1e3,
        'throughput': count / (elapsed - window.painting),
    }


async def sleepers(host, seconds):
    return await paint_beside(Sleepers(), host, asyncio.sleep, seconds)


async def readers(host, seconds):
    return await paint_beside(Readers(), host, asyncio.sleep, seconds)


async def trio_sleepers(host, seconds):
    import trio

    async with trio.open_nursery() as nursery:
        return await paint_beside(Checkpoints(nursery), host, trio.sleep, seconds)


def _case(name, measure, **more):
    return Case(
        name,
        unit={'frames': '%', 'longest gap': 'ms', 'throughput': '1/s'},
        better={'frames': 'higher', 'longest gap': 'lower', 'throughput': 'higher'},
        measure=measure,
        parameters={'seconds': 0.9},
        quick={'seconds': 0.6},
        tiny={'seconds': 0.1},
        rounds=3,
        aim={
            'frames': Aim('value', '>=', 97),
            'longest gap': Aim('value', '<=', 20),
            'throughput': Aim('ratio', '>=', 0.95),
        },
        **more,
    )


CASES = [
    _case(
        'frames beside a sleep(0) flood', sleepers, trio=trio_sleepers,
        note=f'{TASKS} tasks that loop on `sleep(0)`',
    ),
    _case(
        'frames beside an always-readable flood', readers,
        note=f'{TASKS} descriptors that are always readable',
    ),
]
