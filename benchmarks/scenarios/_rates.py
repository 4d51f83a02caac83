# SPDX-FileCopyrightText: 2026 The AioGuest authors
# SPDX-License-Identifier: LGPL-2.1-or-later

"""Counting what a loop gets done in a given time."""

import asyncio
import time

from figures import Section, Stopwatch


async def rate(step, seconds, alone=True):
    """How many times a second ``await step()`` can be done in a row, by a trial of *seconds*.

    *alone*: no thread and no process of its own has a part in it, so that what the processor does
    for others meanwhile can be left out.
    """
    return await total_rate([step], seconds, alone)


async def total_rate(steps, seconds, alone=True):
    """The same for several steps that go on side by side, together."""
    return (await reading_rate(steps, seconds, alone))['rate']


async def reading_rate(steps, seconds, alone=True):
    """The same as the figures of a reading case: with page faults, once it has warmed up."""
    await _all(steps, seconds / 5)
    section = Section()
    watch = Stopwatch()
    start = time.perf_counter()
    section.begin()
    count = await _all(steps, seconds)
    section.end()
    elapsed = watch.elapsed() if alone else time.perf_counter() - start
    return {'rate': count / elapsed, **section.figures(count)}


async def _all(steps, seconds):
    end = time.perf_counter() + seconds
    return sum(await asyncio.gather(*(_count(step, end) for step in steps)))


async def _count(step, end):
    count = 0
    while time.perf_counter() < end:
        await step()
        count += 1
    return count
