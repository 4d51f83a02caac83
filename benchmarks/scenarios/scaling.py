# SPDX-FileCopyrightText: 2026 The AioGuest authors
# SPDX-License-Identifier: LGPL-2.1-or-later

"""Scaling: what one operation costs, in CPU time, beside 10 to 100,000 tasks, timers, descriptors.

*exponent* is the slope of the fit on log-log axes: 0 if the number makes no difference, 1 if the
cost is proportional to it. *per added* is what each one more costs every operation.
"""

import asyncio
import contextlib
import math
import os
import resource
import socket
import time

from cases import Aim, Case
from scenarios._systems import ONE_OF_EACH

ORDER = 190

#: CPU seconds; a system that will need more to set up ten times as many is asked for no more.
PATIENCE = 4.0


class Watch:
    """Looks at the clock until *seconds* are over, and takes the CPU time of what was done."""

    def __init__(self, seconds):
        self.seconds = seconds
        self.end = time.perf_counter() + seconds
        self.limit = self.end + 10 * seconds
        self.start = time.process_time()

    def is_over(self):
        now = time.perf_counter()
        if now < self.end:
            return False
        # Other processes may have had most of it.
        missing = self.seconds * 0.8 - (time.process_time() - self.start)
        if missing > 0 and now < self.limit:
            self.end = now + missing
            return False
        return True

    def cost(self, count):
        """Nanoseconds for one of *count*."""
        return (time.process_time() - self.start) * 1e9 / count


@contextlib.asynccontextmanager
async def tasks(count, seconds):
    """A step of one of *count* tasks that are all ready."""
    steps = 0
    over = False

    async def work():
        nonlocal steps
        while not over:
            await asyncio.sleep(0)
            steps += 1

    workers = [asyncio.create_task(work()) for _ in range(count)]

    async def measure():
        await asyncio.sleep(0)
        before = steps
        watch = Watch(seconds)
        while not watch.is_over():
            await asyncio.sleep(0)
        return watch.cost(steps - before)

    yield measure
    over = True
    for worker in workers:
        await worker


@contextlib.asynccontextmanager
async def timers(count, seconds):
    """A timer that is set, due and called while *count* others wait."""
    loop = asyncio.get_running_loop()
    others = [loop.call_later(3600 + i % 100, print) for i in range(count)]

    async def measure():
        over = loop.create_future()
        calls = 0
        watch = Watch(seconds)

        def on_due():
            nonlocal calls
            calls += 1
            if watch.is_over():
                over.set_result(watch.cost(calls))
            else:
                loop.call_later(0, on_due)

        on_due()
        return await over

    yield measure
    for timer in others:
        timer.cancel()


@contextlib.asynccontextmanager
async def descriptors(count, seconds):
    """A byte there and back between two sockets while *count* other descriptors are silent."""
    loop = asyncio.get_running_loop()
    silent = [os.eventfd(0) for _ in range(count)]
    for descriptor in silent:
        loop.add_reader(descriptor, print)
    one, other = socket.socketpair()

    async def measure():
        over = loop.create_future()
        trips = 0

        def on_there():
            other.send(other.recv(1))

        def on_back():
            nonlocal trips
            trips += 1
            one.recv(1)
            if watch.is_over():
                over.set_result(watch.cost(trips))
            else:
                one.send(b'x')

        loop.add_reader(one, on_back)
        loop.add_reader(other, on_there)
        watch = Watch(seconds)
        one.send(b'x')
        cost = await over
        loop.remove_reader(one)
        loop.remove_reader(other)
        return cost

    with one, other:
        yield measure
    for descriptor in silent:
        loop.remove_reader(descriptor)
        os.close(descriptor)


def fit(costs):
    """The exponent, and nanoseconds per added one, of ``{number: nanoseconds}``."""
    logs = [(math.log(number), math.log(cost)) for number, cost in costs.items()]
    x = sum(log[0] for log in logs) / len(logs)
    y = sum(log[1] for log in logs) / len(logs)
    exponent = sum((a - x) * (b - y) for a, b in logs) / sum((a - x) ** 2 for a, _ in logs)
    first, last = min(costs), max(costs)
    return exponent, (costs[last] - costs[first]) / (last - first)


def _next(times):
    """Seconds that the next size can be expected to take beyond its measurement."""
    return times[-1] ** 2 / times[-2]


async def series(host, what, largest, seconds):
    """Nanoseconds by number, and how they grow."""
    make = {'tasks': tasks, 'timers': timers, 'descriptors': descriptors}[what]
    if what == 'descriptors':
        limit, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
        largest = min(largest, 10 ** int(math.log10(limit - 100)))
    costs, times = {}, [0.002]
    number = 10
    while number <= largest and (len(costs) < 3 or _next(times) < PATIENCE):
        start = time.process_time()
        async with make(number, seconds) as measure:
            costs[number] = await measure()
        times.append(max(time.process_time() - start - seconds, 0.002))
        number *= 10
    exponent, added = fit(costs)
    return {**{str(n): cost for n, cost in costs.items()}, 'exponent': exponent, 'per added': added}


def _case(what, note, largest, exponent):
    return Case(
        f'cost by number of {what}',
        unit={
            **{str(10**n): 'ns' for n in range(1, 6)},
            'per added': 'ns',
        },
        better='lower',
        measure=series,
        parameters={'what': what, 'largest': largest, 'seconds': 0.05},
        quick={'seconds': 0.03},
        tiny={'seconds': 0.001, 'largest': 100},
        systems=ONE_OF_EACH,
        without_ratio=frozenset({'exponent', 'per added'}),
        aim={'exponent': Aim('value', '<=', exponent)} if exponent else None,
        rounds=2,
        limit=20.0,
        series=what,
        note=note,
    )


CASES = [
    _case('tasks', 'a step of a task; all are ready', 100_000, None),
    _case('timers', 'a timer set, due and called; the others wait', 100_000, None),
    _case('descriptors', 'a byte there and back; the others are silent', 10_000, 0.03),
]
