# SPDX-FileCopyrightText: 2026 The AioGuest authors
# SPDX-License-Identifier: LGPL-2.1-or-later

"""Counting what a loop gets done in a given time."""

import asyncio
import time


async def rate(step, seconds):
    """How many times a second ``await step()`` can be done in a row, by a trial of *seconds*."""
    count = 0
    start = now = time.perf_counter()
    end = start + seconds
    while now < end:
        await step()
        count += 1
        now = time.perf_counter()
    return count / (now - start)


async def total_rate(steps, seconds):
    """The same for several steps that go on side by side, together."""
    return sum(await asyncio.gather(*(rate(step, seconds) for step in steps)))
