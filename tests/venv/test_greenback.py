# SPDX-FileCopyrightText: 2026 The AioGuest authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""greenback: synchronous functions that await, under a guest run."""

import asyncio
import pathlib
import subprocess
import sys

import greenback
import pytest

import support  # first: it names the version of AioGuest

from gi.repository import AioGuest, GLib  # noqa: E402

from collected import Collected  # noqa: E402
from greenlet_storm import check_storm  # noqa: E402


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
    ticks = Collected()
    fired = Collected()

    async def ticker():
        while True:
            await asyncio.sleep(0.001)
            ticks.append(None)

    async def until():
        await ticks.reaches(20)
        await fired.until()

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


# wait() and nested main loops, which greenlets are in the way of


async def under(function, *args):
    await greenback.ensure_portal()
    return function(*args)


def test_wait_says_what_to_do_instead(run):
    async def main():
        await greenback.ensure_portal()
        with pytest.raises(RuntimeError, match=r"inside a greenlet of <Task.*greenback\.await_\(\)"):
            AioGuest.wait(result(2))
        return synchronous(1), synchronous(3)

    assert run(main()) == (1, 3)


def test_handler_that_nests_a_portal(run):
    """The remedy: synchronous handlers that wait in any order, also beside tasks in portals."""
    order = []

    async def worker():
        await greenback.ensure_portal()
        while True:
            assert synchronous("hers") == "hers"

    def blocks(name, mine, next_one):
        greenback.await_(mine.wait())
        order.append(name)
        next_one.set()

    @AioGuest.handler
    async def on_clicked(*args):
        await greenback.with_portal_run_sync(blocks, *args)

    async def main():
        task = asyncio.create_task(worker())
        gates = [asyncio.Event() for _ in range(4)]
        for number in range(3):
            GLib.idle_add(on_clicked, number, gates[number], gates[number + 1])
        await asyncio.sleep(0.002)
        gates[0].set()
        await gates[3].wait()
        task.cancel()

    run(main())
    assert order == [0, 1, 2]


def test_main_loop_nested_beside_portals(run, caplog):
    """asyncio rests, and then everybody goes on with their own values."""
    values = []

    async def worker(name):
        await greenback.ensure_portal()
        for number in range(6):
            value = synchronous((name, number))
            values.append(value)
            if number == 3:
                before = len(values)
                main_loop = GLib.MainLoop()
                GLib.timeout_add(5, main_loop.quit)
                main_loop.run()
                assert len(values) == before

    async def main():
        await asyncio.gather(*map(worker, "abc"))

    run(main())
    assert sorted(values) == [(name, number) for name in "abc" for number in range(6)]
    assert [record.getMessage().startswith("asyncio rests") for record in caplog.records] == [True]


def test_storm(record_property):
    check_storm(under, greenback.await_, record_property)


def test_recipe():
    program = pathlib.Path(__file__).parents[2] / "examples/recipes/waits_in_any_order.py"
    result = subprocess.run(
        [sys.executable, *(f"-W{option}" for option in sys.warnoptions), program],
        capture_output=True, text=True,
    )
    assert result.stderr == ""
    assert result.stdout == "first: waits\nsecond: waits\nfirst: goes on\nsecond: goes on\n"
