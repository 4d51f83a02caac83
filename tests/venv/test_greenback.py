# SPDX-FileCopyrightText: 2026 The AioGuest authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""greenback: synchronous functions that await, under a guest run."""

import asyncio

import greenback
import pytest

import support  # first: it names the version of AioGuest

from gi.repository import AioGuest, GLib  # noqa: E402


async def result(value):
    await asyncio.sleep(0.002)
    return value


async def fail():
    await asyncio.sleep(0.002)
    raise LookupError("awaited")


def synchronous(value):
    return greenback.await_(result(value))


@pytest.fixture(params=sorted(support.HOSTS))
def run(request):
    return support.HOSTS[request.param]


def test_await(run):
    async def main():
        await greenback.ensure_portal()
        task = asyncio.current_task()
        values = [synchronous(1), synchronous(2)]
        assert asyncio.current_task() is task
        return values

    assert run(main()) == [1, 2]


def test_exception(run):
    async def main():
        await greenback.ensure_portal()
        with pytest.raises(LookupError, match="awaited"):
            greenback.await_(fail())
        return synchronous("after")

    assert run(main()) == "after"


def test_tasks_and_host_go_on(run):
    ticks = []
    fired = []

    async def ticker():
        while True:
            await asyncio.sleep(0.001)
            ticks.append(None)

    async def until():
        while len(ticks) < 20 or not fired:
            await asyncio.sleep(0.001)

    async def main():
        await greenback.ensure_portal()
        task = asyncio.create_task(ticker())
        GLib.idle_add(lambda: fired.append(asyncio.current_task()))
        greenback.await_(until())
        task.cancel()

    run(main())
    assert fired == [None]


def test_several_tasks_wait_in_any_order(run):
    """What a nested main loop can't do: the first to wait is the first to go on."""
    order = []

    async def worker(name, mine, next_one):
        await greenback.ensure_portal()
        greenback.await_(mine.wait())
        order.append(name)
        if next_one is not None:
            next_one.set()

    async def main():
        gates = [asyncio.Event() for _ in range(4)] + [None]
        async with asyncio.TaskGroup() as group:
            for number in range(4):
                group.create_task(worker(number, gates[number], gates[number + 1]))
            await asyncio.sleep(0.002)
            gates[0].set()

    run(main())
    assert order == [0, 1, 2, 3]


def test_cancelled(run):
    async def main():
        await greenback.ensure_portal()
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.01):
                greenback.await_(asyncio.Event().wait())
        return synchronous("after")

    assert run(main()) == "after"


def test_beside_wait(run):
    async def main():
        await greenback.ensure_portal()
        return synchronous(1), AioGuest.wait(result(2)), synchronous(3)

    assert run(main()) == (1, 2, 3)
