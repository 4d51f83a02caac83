# SPDX-FileCopyrightText: 2026 The AioGuest authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Eager tasks (Python 3.12 on)."""

import asyncio
import sys

import pytest
from gi.repository import GLib

import support

pytestmark = pytest.mark.skipif(
    sys.version_info < (3, 12), reason="eager tasks came with Python 3.12"
)


def test_eager_task_factory(run):
    order = []

    async def child(value):
        order.append(value)
        return value

    async def main():
        loop = asyncio.get_running_loop()
        loop.set_task_factory(asyncio.eager_task_factory)
        task = asyncio.create_task(child(1))
        assert task.done()
        order.append("main")
        assert await task == 1
        other = asyncio.create_task(asyncio.sleep(0.001, "blocked"))
        assert not other.done()
        return await other

    assert run(main()) == "blocked"
    assert order == [1, "main"]


def test_eager_task_from_a_host_callback():
    current = []

    async def main():
        loop = asyncio.get_running_loop()
        loop.set_task_factory(asyncio.eager_task_factory)
        over = loop.create_future()

        async def child():
            current.append(asyncio.current_task())
            await asyncio.sleep(0.001)
            over.set_result(None)

        tasks = []

        def in_host():
            tasks.append(asyncio.create_task(child()))
            # The first step is over, and so is being the current task.
            assert current == tasks
            assert asyncio.current_task() is None

        GLib.idle_add(in_host)
        await over
        await tasks[0]

    support.run_in_main_loop(main())
    assert len(current) == 1


def test_eager_tasks_are_in_all_tasks(run):
    async def main():
        loop = asyncio.get_running_loop()
        loop.set_task_factory(asyncio.eager_task_factory)
        task = asyncio.create_task(asyncio.Event().wait())
        assert task in asyncio.all_tasks()
        return task

    assert run(main()).cancelled()
