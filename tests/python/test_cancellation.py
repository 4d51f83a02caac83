# SPDX-FileCopyrightText: 2026 The AioGuest authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Cancelling tasks, from the host and by the end of the run."""

import asyncio
import collections.abc

import pytest
from gi.repository import GLib

import support


def test_host_cancels_main_task():
    order = []

    async def main():
        try:
            await asyncio.Event().wait()
        finally:
            await asyncio.sleep(0.001)
            order.append("finally")

    task = support.start(main(), done_callback=lambda task: order.append("done"))
    rescue = support.Rescue()
    rescue.settle()
    GLib.idle_add(lambda: task.cancel("by the host") and False)
    rescue.until(lambda: "done" in order)
    assert order == ["finally", "done"]
    assert task.cancelled()
    with pytest.raises(asyncio.CancelledError):
        task.result()


def test_cancel_before_first_step():
    ran = []

    async def main():
        ran.append(True)

    finished = []
    task = support.start(main(), done_callback=finished.append)
    task.cancel()
    support.Rescue().until(lambda: finished)
    assert task.cancelled()
    assert ran == []


def test_host_cancels_child_task():
    async def main():
        child = asyncio.create_task(asyncio.Event().wait())
        GLib.idle_add(lambda: child.cancel() and False)
        with pytest.raises(asyncio.CancelledError):
            await child
        return "main goes on"

    assert support.run_in_main_loop(main()) == "main goes on"


def test_cancelled_main_task_is_not_reported(errors):
    async def main():
        await asyncio.Event().wait()

    task = support.start(main())
    rescue = support.Rescue()
    rescue.settle()
    task.cancel()
    rescue.until(lambda: asyncio._get_running_loop() is None)
    assert task.cancelled()
    assert errors() == []


def test_run_raises_cancelled_error():
    async def main():
        asyncio.current_task().cancel()
        await asyncio.sleep(60)

    with pytest.raises(asyncio.CancelledError):
        support.run_owning(main())


def test_timeout(run):
    async def main():
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.01):
                await asyncio.sleep(60)
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(asyncio.Event().wait(), 0.01)
        assert asyncio.current_task().cancelling() == 0

    run(main())


def test_remaining_tasks_are_cancelled_and_awaited(run):
    order = []

    async def child(number):
        try:
            await asyncio.Event().wait()
        finally:
            await asyncio.sleep(0.001)
            order.append(number)

    async def main():
        tasks = [asyncio.create_task(child(number)) for number in range(3)]
        await asyncio.sleep(0)
        return tasks

    tasks = run(main())
    assert sorted(order) == [0, 1, 2]
    assert all(task.cancelled() for task in tasks)


def test_error_while_cancelled_is_reported_as_by_asyncio():
    contexts = []

    async def child():
        try:
            await asyncio.Event().wait()
        finally:
            raise LookupError("in clean-up")

    async def main():
        loop = asyncio.get_running_loop()
        loop.set_exception_handler(lambda loop, context: contexts.append(context))
        task = asyncio.create_task(child())
        await asyncio.sleep(0)
        return task

    asyncio.run(main(), debug=False)
    assert len(contexts) == 1
    assert contexts[0]["message"].startswith("unhandled exception during")
    expected = [set(context) for context in contexts]
    contexts.clear()

    task = support.run_owning(main())
    assert contexts[0]["message"].startswith("unhandled exception during")
    assert [set(context) for context in contexts] == expected
    assert contexts[0]["task"] is task


def test_uncancel_keeps_a_task_alive(run):
    async def main():
        task = asyncio.current_task()
        asyncio.get_running_loop().call_soon(task.cancel)
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            task.uncancel()
        await asyncio.sleep(0.001)
        return "still here"

    assert run(main()) == "still here"


def test_coroutine_without_frames_is_given_up(run):
    """One that is written in C, say: nobody can tell where it is."""
    class Stubborn(collections.abc.Coroutine):
        def __await__(self):
            return self

        def send(self, value):
            return asyncio.get_running_loop().create_future().__await__().send(None)

        def throw(self, *args):
            return self.send(None)

        def close(self):
            pass

    async def main():
        tasks.append(asyncio.create_task(Stubborn()))
        await asyncio.sleep(0)

    tasks = []
    with pytest.warns(ResourceWarning, match="gave up .* it is at no Python frame"):
        run(main(), shutdown_timeout=0.01)
    assert not tasks[0].done()


def test_task_that_refuses_does_not_keep_the_others(errors):
    """At the end of the run: it is told of and given up, and the others are cleaned up."""
    class Refusing(asyncio.Task):
        def cancel(self, msg=None):
            raise LookupError("not me")

    async def clean_up_later():
        try:
            await asyncio.sleep(3600)
        finally:
            await asyncio.sleep(0.001)
            cleaned_up.append(True)

    async def main():
        loop = asyncio.get_running_loop()
        tasks.append(Refusing(asyncio.sleep(3600), loop=loop))
        tasks.extend(loop.create_task(clean_up_later()) for _ in range(3))
        await asyncio.sleep(0)
        return "done"

    tasks = []
    cleaned_up = []
    with pytest.warns(ResourceWarning, match="gave up .*Refusing"):
        assert support.run_owning(main(), shutdown_timeout=0.05) == "done"
    assert cleaned_up == [True] * 3
    assert [task.done() for task in tasks] == [False, True, True, True]
    assert [str(record.exc_info[1]) for record in errors()] == ["not me"]
