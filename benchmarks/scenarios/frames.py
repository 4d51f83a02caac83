# SPDX-FileCopyrightText: 2026 The AioGuest authors
# SPDX-License-Identifier: LGPL-2.1-or-later

"""GTK 4: what a window that animates gets to paint beside a busy guest, by its own frame clock.

GTK animates a spinner by itself. *share* is of the frames that the same window painted just before,
while the guest waited, and *idle gap* the longest between two of those; *guest* is what the flood or the
server gets done.
"""

import asyncio
import time

from cases import Aim, Case, Unavailable
from scenarios import _loads as loads
from scenarios._application import AnimatedWindow, run_application
from scenarios._systems import MORE_OF_OURS

ORDER = 140

#: Seconds since the last frame, at the end, that make a stall of it: three frames.
LATE = 0.05

NOTES = {
    'sleep(0)': 'one task that loops on `sleep(0)`',
    'readable': 'one descriptor that is always readable',
    'echo': 'an echo server with ten busy connections',
}


class Frames:
    """The frames of a window: when they were painted."""

    def __init__(self, clock):
        self.times = []
        self.loop = asyncio.get_running_loop()
        self.regular = self.loop.create_future()
        clock.connect('after-paint', self._on_painted)

    def _on_painted(self, clock):
        self.times.append(time.perf_counter())
        if len(self.times) == 10:
            # Some bridges don't notice what a callback of the host does to a future.
            self.loop.call_soon_threadsafe(self.regular.set_result, None)

    async def watch(self, seconds):
        """Frames a second, and the longest time in milliseconds without one."""
        before = self.times[-1]
        await asyncio.sleep(seconds)
        end = time.perf_counter()
        times = [before, *(painted for painted in self.times if painted > before)]
        gaps = [after - before for before, after in zip(times, [*times[1:], end])]
        if gaps[-1] < LATE:
            # Not yet due: whole intervals make an exact rate of a short time.
            end = times[-1]
        return (len(times) - 1) / (end - before) if end > before else 0.0, max(gaps) * 1000


async def under_load(load, seconds, watch):
    """What watch(seconds) returns, and how much the guest does a second meanwhile."""
    work = loads.Load()
    async with loads.LOADS[load](work):
        before, start = work.done, time.perf_counter()
        result = await watch(seconds)
        return result, (work.done - before) / (time.perf_counter() - start)


def frames(host, load, seconds):
    """Frames a second, the longest gap between two, and what the guest does a second."""

    async def main(application):
        clock = AnimatedWindow(application).clock
        window = Frames(clock)
        await window.regular
        idle_rate, idle_gap = await window.watch(max(seconds, 0.1))
        if not idle_rate:
            raise Unavailable('no frames are painted even while the guest waits')
        (rate, gap), done = await under_load(load, seconds, window.watch)
        share = 100 * rate / idle_rate
        return {
            'frames': rate, 'share': share, 'longest gap': gap, 'idle gap': idle_gap, 'guest': done,
        }

    async def without_window():
        _, done = await under_load(load, seconds, asyncio.sleep)
        return {'guest': done}

    if not host.is_guest:
        return host.run(without_window)
    return run_application(host, main)


def _case(load):
    aim = {}
    if load in ('sleep(0)', 'readable'):
        aim = {
            'share': Aim('value', '>=', 97),
            'longest gap': Aim('value', '<=', 20),
            'guest': Aim('ratio', '>=', 0.95),
        }
    return Case(
        f'GTK frames, guest: {load}',
        unit={'frames': '1/s', 'share': '%', 'longest gap': 'ms', 'idle gap': 'ms', 'guest': '1/s'},
        better={'longest gap': 'lower', 'idle gap': 'lower'},
        program=frames,
        parameters={'load': load, 'seconds': 0.5},
        quick={'seconds': 0.3},
        tiny={'seconds': 0.05},
        aim=aim,
        limit=8.0,
        systems=MORE_OF_OURS,
        without_ratio=frozenset({'frames', 'share', 'longest gap', 'idle gap'}),
        rounds=3,
        note=NOTES[load],
    )


CASES = [_case(load) for load in NOTES]
