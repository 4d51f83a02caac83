# SPDX-FileCopyrightText: 2026 The AioGuest authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""AioGuest.Run seen from Python: from loop or task to run and back."""

import asyncio
import gc
import os
import weakref

import pytest
from gi.repository import AioGuest, GLib, GObject

import support
from program import run_program

pytestmark = pytest.mark.every_host

Counters = ["ticks", "busy-time", "longest-tick", "deferred-slices"]


async def flood(rounds=3000):
    for _ in range(rounds):
        await asyncio.sleep(0)


def test_there_and_back(run):
    async def main():
        guest = AioGuest.get_run()
        assert isinstance(guest, AioGuest.Run)
        assert guest.loop is asyncio.get_running_loop()
        assert guest.main_task is asyncio.current_task()
        assert AioGuest.get_run(guest.loop) is guest
        assert AioGuest.get_run(guest.main_task) is guest
        child = asyncio.create_task(asyncio.sleep(0))
        assert AioGuest.get_run(child) is guest
        await child

    run(main())


def test_from_a_host_callback():
    async def main():
        over = asyncio.get_running_loop().create_future()
        GLib.idle_add(lambda: over.set_result(AioGuest.get_run()))
        return await over is AioGuest.get_run()

    assert support.run_in_main_loop(main()) is True


def test_from_another_thread():
    async def main():
        loop = asyncio.get_running_loop()
        return await asyncio.to_thread(AioGuest.get_run, loop) is AioGuest.get_run()

    assert support.run_in_main_loop(main()) is True


def test_properties(run):
    async def main():
        guest = AioGuest.get_run()
        return [
            guest.props.name,
            guest.props.state,
            guest.props.priority,
            guest.props.slice,
            guest.props.reentrant,
        ]

    assert run(main(), name="the name", priority=50, slice_us=1234) == [
        "the name", AioGuest.RunState.RUNNING, 50, 1234, True,
    ]


def test_default_properties():
    async def main():
        guest = AioGuest.get_run()
        return guest.props.priority, guest.props.slice

    assert support.run_owning(main()) == (GLib.PRIORITY_DEFAULT, AioGuest.DEFAULT_SLICE)


def test_poll_mode(run):
    async def main():
        return AioGuest.get_run().props.poll_mode

    wanted = os.environ.get("AIOGUEST_POLL_MODE", "direct")
    assert run(main()).value_nick == wanted


def test_state_after_the_end(run):
    async def main():
        return AioGuest.get_run()

    assert run(main()).props.state == AioGuest.RunState.FINISHED


def test_counters(run):
    async def main():
        guest = AioGuest.get_run()
        before = [guest.get_property(name) for name in Counters]
        await asyncio.sleep(0.001)
        await flood()
        await asyncio.sleep(0.001)
        after = [guest.get_property(name) for name in Counters]
        return before, after

    start = GLib.get_monotonic_time()
    before, after = run(main())
    assert all(was <= now for was, now in zip(before, after))
    ticks, busy, longest, deferred = after
    assert ticks > before[0]
    assert 0 < longest <= busy <= GLib.get_monotonic_time() - start


def test_deferred_slices_count_floods():
    async def main():
        guest = AioGuest.get_run()
        tasks = [asyncio.create_task(flood(5000)) for _ in range(5)]
        await asyncio.wait(tasks)
        return guest.props.deferred_slices, guest.props.busy_time, guest.props.slice

    deferred, busy, length = support.run_owning(main())
    assert 0 < deferred <= busy / length + 5


def test_long_callback_is_the_longest_tick():
    async def main():
        await asyncio.sleep(0.001)
        end = support.monotonic_ms() + 30
        while support.monotonic_ms() < end:
            pass
        await asyncio.sleep(0.001)
        return AioGuest.get_run().props.longest_tick

    assert support.run_owning(main()) >= 30_000


def test_notify():
    notified = []

    async def main():
        guest = AioGuest.get_run()
        guest.connect("notify", lambda guest, spec: notified.append(spec.name))
        await asyncio.sleep(0.001)
        guest.props.slice = 500
        guest.props.priority = 10
        guest.props.name = "renamed"
        await asyncio.sleep(0.001)
        # What does not change is not told of.
        count = notified.count("slice")
        guest.props.slice = 500
        assert notified.count("slice") == count == 1

    support.run_in_main_loop(main())
    assert {"ticks", "busy-time", "slice", "priority", "name", "state"} <= set(notified)


def test_bind_property():
    class Meter(GObject.Object):
        ticks = GObject.Property(type=GObject.TYPE_UINT64)

    meter = Meter()

    async def main():
        guest = AioGuest.get_run()
        guest.bind_property("ticks", meter, "ticks", GObject.BindingFlags.SYNC_CREATE)
        before = meter.ticks
        await asyncio.sleep(0.001)
        await asyncio.sleep(0.001)
        assert meter.ticks == guest.props.ticks
        return meter.ticks - before

    assert support.run_in_main_loop(main()) >= 1


def test_priority_changed_in_mid_run():
    order = []

    async def main():
        loop = asyncio.get_running_loop()
        AioGuest.get_run().props.priority = GLib.PRIORITY_LOW + 10
        await asyncio.sleep(0.01)
        over = loop.create_future()

        def in_host():
            loop.call_soon(lambda: over.set_result(order.append("guest")))
            GLib.idle_add(lambda: order.append("low"), priority=GLib.PRIORITY_LOW)

        GLib.idle_add(in_host)
        await over

    support.run_in_main_loop(main())
    assert order == ["low", "guest"]


def test_finished_signal():
    finished = []

    async def main():
        guest = AioGuest.get_run()
        guest.connect("finished", lambda guest, error: finished.append((guest, error)))
        return guest

    guest = support.run_in_main_loop(main())
    support.Rescue().settle()
    assert finished == [(guest, None)]


def test_finished_signal_of_a_failed_main():
    """The guest came to its end; how its main task did is the task's affair."""
    finished = []

    async def main():
        AioGuest.get_run().connect("finished", lambda guest, error: finished.append(error))
        raise LookupError

    with pytest.raises(LookupError):
        support.run_in_main_loop(main())
    support.Rescue().settle()
    assert finished == [None]


def test_run_is_released(run):
    async def main():
        return weakref.ref(asyncio.get_running_loop())

    reference = run(main())
    gc.collect()
    assert reference() is None


def test_poller(run):
    async def main():
        poller = AioGuest.get_run().get_poller()
        return poller.get_fd(), asyncio.get_running_loop()._selector.fileno()

    ours, theirs = run(main())
    assert ours == theirs


def test_stopped_by_another_thread():
    """Refused: the loop would be drained there, and stay this thread's running one."""
    status, lines, errors = run_program("stopped.py", env={"G_DEBUG": ""})
    assert (status, lines) == (0, ["result", "None", "result"]), errors
    assert errors.count("AioGuest-CRITICAL") == 2
    assert "aio_guest_run_stop: assertion 'may_stop (self)' failed" in errors
