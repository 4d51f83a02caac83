# SPDX-FileCopyrightText: 2026 The AioGuest authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Runs one after the other, and what they leave behind: nothing."""

import asyncio
import gc
import socket
import threading
import warnings

import pytest
from gi.overrides.AioGuest import _core
from gi.repository import AioGuest, GLib

import loops
import support

pytestmark = pytest.mark.every_host


async def work():
    loop = asyncio.get_running_loop()
    left, right = socket.socketpair()
    received = loop.create_future()

    def readable():
        loop.remove_reader(left)
        received.set_result(left.recv(10))

    left.setblocking(False)
    loop.add_reader(left, readable)
    right.send(b"x")
    loop.call_later(3600, print)
    child = asyncio.create_task(asyncio.sleep(3600))
    await asyncio.sleep(0)
    assert await received == b"x"
    left.close()
    right.close()
    return child


def test_two_runs(run):
    loops = []

    async def main(value):
        loops.append(asyncio.get_running_loop())
        await asyncio.sleep(0.001)
        return value

    assert [run(main(1)), run(main(2))] == [1, 2]
    assert loops[0] is not loops[1]
    assert all(loop.is_closed() for loop in loops)


def test_start_again_in_the_done_callback():
    results = []

    async def main(value):
        await asyncio.sleep(0)
        return value

    def again(task):
        results.append(task.result())
        if len(results) < 5:
            support.start(main(len(results)), done_callback=again)

    support.start(main(0), done_callback=again)
    support.Rescue().until(lambda: len(results) == 5)
    assert results == [0, 1, 2, 3, 4]


def test_host_starts_a_task_during_the_drain(run):
    """The host goes on meanwhile: what it starts is cancelled and awaited like all the rest."""
    order = []

    async def late():
        order.append("late begins")
        try:
            await asyncio.sleep(3600)
        finally:
            await asyncio.sleep(0)
            order.append("late cleaned up")

    def start(begun):
        asyncio.create_task(late()).add_done_callback(lambda task: order.append("late done"))
        begun.set_result(None)
        return GLib.SOURCE_REMOVE

    async def left_over():
        try:
            await asyncio.sleep(3600)
        finally:
            begun = asyncio.get_running_loop().create_future()
            GLib.idle_add(start, begun)
            await begun
            # Its first step comes before the end of this task.
            await asyncio.sleep(0)

    async def main():
        task = asyncio.create_task(left_over())
        await asyncio.sleep(0)
        return task

    assert run(main()).cancelled()
    assert order == ["late begins", "late cleaned up", "late done"]


def test_tasks_that_start_others_for_ever_during_the_drain_are_given_up():
    """Time is limited for all of them together."""
    begun = []

    async def hydra():
        begun.append(len(begun))
        try:
            await asyncio.sleep(3600)
        except asyncio.CancelledError:
            heads.append(asyncio.create_task(hydra()))
            raise

    heads = []

    async def main():
        heads.append(asyncio.create_task(hydra()))
        await asyncio.sleep(0)

    with pytest.warns(ResourceWarning, match="gave up .*hydra"):
        support.run_owning(main(), shutdown_timeout=0.05)
    assert len(begun) > 2


def test_asyncio_run_works_before_and_after(run):
    async def main():
        await asyncio.sleep(0)
        return "fine"

    assert asyncio.run(main()) == "fine"
    assert run(main()) == "fine"
    assert asyncio.run(main()) == "fine"


def test_asyncio_run_is_refused_in_a_handler():
    """The guest loop is the thread's running loop, so asyncio says no itself."""
    async def nested():
        pass

    async def main():
        loop = asyncio.get_running_loop()
        over = loop.create_future()

        def in_host():
            coro = nested()
            with pytest.raises(RuntimeError, match="running event loop"):
                asyncio.run(coro)
            coro.close()
            over.set_result("refused")

        support.GLib.idle_add(in_host)
        return await over

    with warnings.catch_warnings():
        # 3.11's asyncio.run() does not close what it refuses.
        assert support.run_in_main_loop(main()) == "refused"


def test_get_event_loop_state_is_put_back(run):
    async def main():
        return asyncio.get_event_loop()

    loop = run(main())
    assert loop.is_closed()
    with pytest.raises(RuntimeError):
        asyncio.get_running_loop()


def test_start_and_stop_leaks_nothing(record_property):
    """2000 runs: descriptors, threads and memory are flat."""

    def cycles(count):
        for _ in range(count):
            task = support.run_owning(work())
            assert task.cancelled()
        del task
        gc.collect()

    cycles(400)
    descriptors = support.descriptors()
    threads = support.threads()
    before = support.resident()
    cycles(1000)
    middle = support.resident()
    cycles(1000)
    after = support.resident()

    record_property("resident_KiB", [n // 1024 for n in (before, middle, after)])
    assert support.descriptors() == descriptors
    assert support.threads() == threads
    assert threading.active_count() == 1
    # A leak of one 1 KiB object in each run shows.
    if not support.HAS_ASAN:
        assert after - before < 1024 * 1024


def test_start_and_stop_under_a_main_loop_leaks_nothing():
    def cycles(count):
        for _ in range(count):
            support.run_in_main_loop(work())
        gc.collect()

    cycles(50)
    descriptors = support.descriptors()
    threads = support.threads()
    cycles(200)
    assert support.descriptors() == descriptors
    assert support.threads() == threads


def test_objects_do_not_pile_up(run):
    """Neither loops nor runs are kept alive by cycles that the collector misses."""

    def count():
        gc.collect()
        loops = runs = 0
        for thing in gc.get_objects():
            # type(): isinstance() would ask proxies.
            loops += issubclass(type(thing), asyncio.AbstractEventLoop)
            runs += issubclass(type(thing), support.AioGuest.Run)
        return loops, runs

    run(work())
    before = count()
    for _ in range(10):
        run(work())
    assert count() == before


def test_loop_closed_in_a_tick_that_ended_the_run():
    # The end of the tick looked for the loop's selector, and asked what to do without one.
    context = GLib.MainContext()
    asked = []
    with loops.make(AioGuest.EventLoop) as loop:
        guest = _core.AsyncioGuest(loop, native=support.TICK != "stock", on_end=asked.append)

        def end():
            guest.stop()
            loop.close()

        guest.attach(context)
        loop.call_soon(end)
        while guest.run is not None:
            context.iteration(True)
    assert asked == [] and guest.exception is None


def test_run_whose_context_goes_away_is_freed():
    # The source that watches signals was destroyed in the midst of that; GLib forgot it, and with
    # it the run.
    context = GLib.MainContext()
    reader, writer = socket.socketpair()
    with loops.make(AioGuest.EventLoop) as loop, reader, writer:
        reader.setblocking(False)
        guest = _core.AsyncioGuest(loop)
        freed = []
        guest.run.weak_ref(freed.append, True)
        guest.attach(context)
        guest.watch_signals(reader.fileno())
        del context
        assert guest.run is None
        del guest
        gc.collect()
    assert freed == [True]
