# SPDX-FileCopyrightText: 2026 The AioGuest authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Timers: in order, never early, and of any length. How late is for benchmarks/ to say."""

import asyncio
import math
import time

import pytest
from gi.repository import AioGuest

import support


def test_order(run):
    async def main():
        loop = asyncio.get_running_loop()
        order = []
        over = loop.create_future()
        start = loop.time()
        for delay in (0.03, 0.01, 0.02, 0.0, 0.025):
            loop.call_at(start + delay, order.append, delay)
        loop.call_at(start + 0.04, over.set_result, None)
        await over
        return order

    assert run(main()) == [0.0, 0.01, 0.02, 0.025, 0.03]


def test_never_early(run):
    delays = [0.0001, 0.0004, 0.0009, 0.0011, 0.0025, 0.005, 0.0101, 0.02] * 5

    async def main():
        early = []
        for delay in delays:
            start = time.monotonic()
            await asyncio.sleep(delay)
            took = time.monotonic() - start
            # asyncio itself takes what is due within the clock's resolution.
            if took < delay - time.get_clock_info("monotonic").resolution:
                early.append((delay, took))
        return early

    assert run(main()) == []


def test_close_timers_share_ticks():
    """And none is early for that."""
    count, apart = 1000, 0.00004
    early = []

    def due(when):
        if loop.time() < when:
            early.append(when)

    async def main():
        run = AioGuest.get_run()
        start = loop.time() + 0.01
        over = loop.create_future()
        for i in range(count):
            loop.call_at(start + i * apart, due, start + i * apart)
        loop.call_at(start + count * apart, over.set_result, None)
        before = run.props.ticks
        await over
        return run.props.ticks - before

    loop = AioGuest.EventLoop()
    ticks = AioGuest.run(main(), loop_factory=lambda: loop, debug=False)
    assert early == []
    assert ticks < count / 3


def test_zero_and_negative_delay(run):
    async def main():
        loop = asyncio.get_running_loop()
        for delay in (0, -1, -1e9):
            future = loop.create_future()
            loop.call_later(delay, future.set_result, delay)
            assert await future == delay
        await asyncio.sleep(-5)

    run(main())


@pytest.mark.parametrize("delay", [3600, 1e7, 1e12, 10**12, 1e300, math.inf])
def test_huge_delay_neither_fires_nor_harms(run, delay):
    fired = []

    async def main():
        loop = asyncio.get_running_loop()
        handle = loop.call_later(delay, fired.append, delay)
        await asyncio.sleep(0.01)
        # A host callback may add one just the same.
        other = loop.create_future()
        loop.call_later(0.005, other.set_result, None)
        await other
        assert not handle.cancelled()
        handle.cancel()

    run(main())
    assert fired == []


def test_huge_delay_alone_does_not_spin():
    async def main():
        loop = asyncio.get_running_loop()
        handle = loop.call_later(math.inf, lambda: None)
        support.AioGuest.get_run()
        await asyncio.sleep(0.01)
        before = support.AioGuest.get_run().props.ticks
        await asyncio.sleep(0.2)
        handle.cancel()
        return support.AioGuest.get_run().props.ticks - before

    # One for the sleep, a few for the rounding of times.
    assert support.run_owning(main()) < 10


def test_cancelled_timer_does_not_fire(run):
    fired = []

    async def main():
        loop = asyncio.get_running_loop()
        handles = [loop.call_later(0.01, fired.append, i) for i in range(200)]
        for handle in handles[1:]:
            handle.cancel()
        await asyncio.sleep(0.03)
        # So many cancelled ones are cleared, which makes a new list.
        late = loop.create_future()
        loop.call_later(0.001, late.set_result, "new")
        return await late

    assert run(main()) == "new"
    assert fired == [0]


def test_timer_of_a_timer(run):
    async def main():
        loop = asyncio.get_running_loop()
        over = loop.create_future()
        loop.call_later(
            0.001,
            lambda: loop.call_later(0, lambda: loop.call_later(0.001, over.set_result, 3)),
        )
        return await over

    assert run(main()) == 3


def test_earlier_timer_added_while_waiting(run):
    async def main():
        loop = asyncio.get_running_loop()
        # For so long the host sleeps, if the other one is not noticed.
        late = loop.call_later(3600, lambda: None)
        await asyncio.sleep(0.005)
        start = time.monotonic()
        await asyncio.sleep(0.01)
        late.cancel()
        return time.monotonic() - start

    assert run(main()) >= 0.01


def test_many_timers_at_once(run):
    async def main():
        results = await asyncio.gather(
            *(asyncio.sleep((i * 7919 % 100) / 10_000, i) for i in range(1000))
        )
        return results

    assert run(main()) == list(range(1000))


def test_loop_time_is_monotonic_time(run):
    async def main():
        return asyncio.get_running_loop().time()

    before = time.monotonic()
    assert before <= run(main()) <= time.monotonic()
