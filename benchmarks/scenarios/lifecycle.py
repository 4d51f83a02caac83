# SPDX-FileCopyrightText: 2026 The AioGuest authors
# SPDX-License-Identifier: LGPL-2.1-or-later

"""Runs: what one that does nothing costs, from the loop's making to the end of its clean-up."""

import time

from cases import Case
from scenarios._systems import MORE_OF_OURS

ORDER = 170


async def nothing():
    pass


def cycles(host, seconds):
    """Microseconds from the start of a run until it is over."""
    host.run(nothing)
    count = 0
    start = now = time.perf_counter()
    end = start + seconds
    while now < end:
        host.run(nothing)
        count += 1
        now = time.perf_counter()
    return (now - start) / count * 1e6


CASES = [
    Case(
        'start and end of a run',
        unit='µs',
        better='lower',
        program=cycles,
        parameters={'seconds': 0.25},
        quick={'seconds': 0.15},
        tiny={'seconds': 0.01},
        systems=MORE_OF_OURS,
        rounds=3,
        note='`asyncio.run()`; `AioGuest.start()` and a main loop until its callback',
    ),
]
