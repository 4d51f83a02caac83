# SPDX-FileCopyrightText: 2026 The AioGuest authors
# SPDX-License-Identifier: LGPL-2.1-or-later

"""Timers: how late they are, whether they are early, and what they cost.

*earliest* is the lateness of the earliest; below zero it came before its time.
"""

import asyncio
import random
import time

from cases import Aim, Case
from figures import quantile

ORDER = 50


def lateness(seen):
    return {'p50': quantile(seen, 0.5) * 1e6, 'earliest': min(seen) * 1e6}


async def sleeps(host, delay, count):
    clock = time.monotonic
    seen = []
    for _ in range(count):
        due = clock() + delay
        await asyncio.sleep(delay)
        seen.append(clock() - due)
    return lateness(seen)


async def trio_sleeps(host, delay, count):
    import trio

    clock = time.monotonic
    seen = []
    for _ in range(count):
        due = clock() + delay
        await trio.sleep(delay)
        seen.append(clock() - due)
    return lateness(seen)


async def many(host, timers, span):
    """Processor time of timers that are due at chance moments of a *span* of seconds."""
    loop = asyncio.get_running_loop()
    over = loop.create_future()
    chance = random.Random(1)
    left = timers
    before = time.process_time()

    def due():
        nonlocal left
        left -= 1
        if left == 0:
            over.set_result(None)

    for _ in range(timers):
        loop.call_later(chance.random() * span, due)
    await over
    return (time.process_time() - before) * 1e3


CASES = [
    Case(
        'sleep(5 ms)',
        unit='µs',
        better={'p50': 'lower', 'earliest': 'higher'},
        without_ratio=frozenset({'earliest'}),
        measure=sleeps,
        trio=trio_sleeps,
        parameters={'delay': 0.005, 'count': 50},
        quick={'count': 40},
        tiny={'count': 2},
        aim={'p50': Aim('ratio', '<=', 1.0), 'earliest': Aim('value', '>=', 0)},
        note='lateness of `asyncio.sleep(0.005)`',
    ),
    Case(
        'sleep(0.2 ms)',
        unit='µs',
        better={'p50': 'lower', 'earliest': 'higher'},
        without_ratio=frozenset({'earliest'}),
        measure=sleeps,
        trio=trio_sleeps,
        parameters={'delay': 0.0002, 'count': 300},
        quick={'count': 200},
        tiny={'count': 2},
        aim={'p50': Aim('value', '<=', 500), 'earliest': Aim('value', '>=', 0)},
        note='lateness of `asyncio.sleep(0.0002)`: with a clock of milliseconds it is 800 µs',
    ),
    Case(
        '10,000 timers',
        unit='ms',
        better='lower',
        measure=many,
        parameters={'timers': 10_000, 'span': 0.4},
        tiny={'timers': 10, 'span': 0.01},
        aim=Aim('ratio', '<=', 0.8),
        note='processor time to set and run 10,000 timers that are due within 0.4 s',
    ),
]
