# SPDX-FileCopyrightText: 2026 The AioGuest authors
# SPDX-License-Identifier: LGPL-2.1-or-later

"""Iterations of the loop: one task that does nothing but let the loop go round."""

import asyncio
import time

from cases import Aim, Case
from figures import Stopwatch

ORDER = 10


async def sleep_zero(host, seconds):
    """Iterations per second."""
    rounds = 0
    watch = Stopwatch()
    end = time.perf_counter() + seconds
    while time.perf_counter() < end:
        for _ in range(100):
            await asyncio.sleep(0)
        rounds += 100
    return rounds / watch.elapsed()


async def trio_checkpoints(host, seconds):
    import trio

    rounds = 0
    watch = Stopwatch()
    end = time.perf_counter() + seconds
    while time.perf_counter() < end:
        for _ in range(100):
            await trio.sleep(0)
        rounds += 100
    return rounds / watch.elapsed()


CASES = [
    Case(
        'loop iterations',
        unit='1/s',
        measure=sleep_zero,
        trio=trio_checkpoints,
        parameters={'seconds': 0.3},
        quick={'seconds': 0.15},
        tiny={'seconds': 0.01},
        aim=Aim('ratio', '>=', 2.0),
        note='one task, `sleep(0)` in a chain',
    ),
]
