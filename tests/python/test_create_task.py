# SPDX-FileCopyrightText: 2026 The AioGuest authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""asyncio.create_task() from the callbacks of a host."""

import asyncio

import pytest
from gi.repository import GLib, GObject

import support
from collected import Collected

pytestmark = pytest.mark.every_host


async def child(value):
    await asyncio.sleep(0.001)
    assert asyncio.current_task().get_name() == "child"
    return value


def create(tasks):
    assert asyncio.current_task() is None
    tasks.append(asyncio.create_task(child(42), name="child"))
    return GLib.SOURCE_REMOVE


async def collect(tasks):
    await tasks.until()
    return await tasks[0]


@pytest.mark.parametrize("add", [
    lambda tasks: GLib.idle_add(create, tasks),
    lambda tasks: GLib.timeout_add(5, create, tasks),
    lambda tasks: GLib.timeout_add(5, create, tasks, priority=GLib.PRIORITY_LOW),
    lambda tasks: GLib.idle_add(create, tasks, priority=GLib.PRIORITY_HIGH),
], ids=["idle", "timeout", "low-timeout", "high-idle"])
def test_source(run, add):
    tasks = Collected()

    async def main():
        add(tasks)
        return await collect(tasks)

    assert run(main()) == 42


def test_signal_handler(run):
    class Emitter(GObject.Object):
        @GObject.Signal
        def emitted(self):
            pass

    tasks = Collected()
    emitter = Emitter()
    emitter.connect("emitted", lambda emitter: create(tasks))

    async def main():
        GLib.idle_add(lambda: emitter.emit("emitted"))
        return await collect(tasks)

    assert run(main()) == 42


def test_after_start_before_the_host():
    async def main():
        await task

    main_task = support.start(main())
    task = asyncio.create_task(child(42), name="child")
    assert not main_task.done() and not task.done()
    rescue = support.Rescue()
    rescue.until(lambda: asyncio._get_running_loop() is None)
    assert task.result() == 42


def test_before_start_is_refused_by_asyncio():
    coro = child(1)
    with pytest.raises(RuntimeError, match="no running event loop"):
        asyncio.create_task(coro)
    coro.close()


def test_future_and_gather_in_a_host_callback(run):
    async def main():
        over = asyncio.get_running_loop().create_future()

        def in_host():
            both = asyncio.gather(asyncio.sleep(0.001, 1), asyncio.sleep(0, 2))
            both.add_done_callback(lambda both: over.set_result(both.result()))
            return False

        GLib.idle_add(in_host)
        return await over

    assert run(main()) == [1, 2]
