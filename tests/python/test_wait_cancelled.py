# SPDX-FileCopyrightText: 2026 The AioGuest authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""AioGuest.wait() in tasks that are cancelled: meanwhile, or before."""

import asyncio
import os
import signal
import sys

import pytest
from gi.overrides.AioGuest import _internals
from gi.repository import AioGuest, GLib

import support
from waiter import ORDER, Waiter


def test_cancellation_of_the_surrounding_task(run):
    async def main():
        waiter = Waiter()
        task = asyncio.create_task(waiter.task())
        await waiter.waiting
        assert task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert task.cancelled()
        return waiter.order

    assert run(main()) == ORDER


def test_cancellation_by_a_host_callback(run):
    async def main():
        waiter = Waiter()
        task = asyncio.create_task(waiter.task())
        await waiter.waiting
        GLib.idle_add(lambda: task.cancel() and None)
        await asyncio.wait([task])
        return waiter.order

    assert run(main()) == ORDER


def test_cancellation_of_the_surrounding_task_is_counted(run):
    """As that of any task is, until it is taken back: others go by the count."""
    async def main():
        waiting = asyncio.get_running_loop().create_future()
        counts = []

        async def awaitable():
            waiting.set_result(None)
            await asyncio.sleep(3600)

        async def task():
            this = asyncio.current_task()
            counts.append(this.cancelling())
            with pytest.raises(asyncio.CancelledError):
                AioGuest.wait(awaitable())
            counts.extend([this.cancelling(), this.uncancel(), this.cancelling()])

        waiter = asyncio.create_task(task())
        await waiting
        waiter.cancel()
        await waiter
        return counts

    assert run(main()) == [0, 1, 0, 0]


def test_asyncio_timeout_around_it(run):
    async def main():
        waiter = Waiter()
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.02):
                await waiter.task()
        assert asyncio.current_task().cancelling() == 0
        # The task can go on, and wait again.
        assert AioGuest.wait(asyncio.sleep(0.001, "on")) == "on"
        await asyncio.sleep(0.001)
        return waiter.order

    assert run(main()) == ORDER


def test_wait_for_around_it(run):
    async def main():
        waiter = Waiter()
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(waiter.task(), 0.02)
        return waiter.order

    assert run(main()) == ORDER


def test_task_group_with_a_sibling_that_fails(run):
    async def main():
        waiter = Waiter()

        async def sibling():
            await waiter.waiting
            raise LookupError("the sibling's")

        with pytest.raises(ExceptionGroup) as caught:
            async with asyncio.TaskGroup() as group:
                group.create_task(waiter.task())
                group.create_task(sibling())
        assert [type(error) for error in caught.value.exceptions] == [LookupError]
        return waiter.order

    assert run(main()) == ORDER


def test_task_group_whose_body_waits(run):
    async def main():
        waiter = Waiter()

        async def child():
            await waiter.waiting
            raise LookupError("the child's")

        with pytest.raises(ExceptionGroup) as caught:
            async with asyncio.TaskGroup() as group:
                group.create_task(child())
                await waiter.task()
        assert [type(error) for error in caught.value.exceptions] == [LookupError]
        assert asyncio.current_task().cancelling() == 0
        return waiter.order

    assert run(main()) == ORDER


def test_timeout_and_cancellation_at_once(run):
    """Like asyncio's: a timeout must not swallow a cancellation by somebody else."""
    async def main():
        waiter = Waiter()

        async def guarded():
            async with asyncio.timeout(3600) as guard:
                guards.append(guard)
                await waiter.task()

        guards = []
        task = asyncio.create_task(guarded())
        await waiter.waiting
        guards[0].reschedule(0)
        task.cancel()
        await asyncio.wait([task])
        assert task.cancelled()
        return waiter.order

    assert run(main()) == ORDER


def test_cancelled_while_an_inner_wait_keeps_it():
    """The awaitable is done, but the wait can't return yet: the task's next await is cancelled."""
    order = []

    async def main():
        loop = asyncio.get_running_loop()
        outer, inner, waiting = (loop.create_future() for _ in range(3))

        def in_host():
            waiting.set_result(None)
            AioGuest.wait(inner)

        async def victim():
            GLib.idle_add(in_host)
            order.append(AioGuest.wait(outer))
            try:
                await asyncio.sleep(3600)
            except asyncio.CancelledError:
                order.append("cancelled")
                raise

        task = asyncio.create_task(victim())
        await waiting
        outer.set_result("result")
        await asyncio.sleep(0.001)
        assert task.cancel()
        inner.set_result(None)
        await asyncio.wait([task])
        assert task.cancelled()

    support.run_owning(main())
    assert order == ["result", "cancelled"]


def test_cancelled_while_a_host_callback_waits_inside(run):
    """Each wait is its own: the callback's is not cancelled with the task."""
    order = []

    async def main():
        loop = asyncio.get_running_loop()
        inner, inside = loop.create_future(), loop.create_future()
        waiter = Waiter()

        def in_host():
            inside.set_result(None)
            order.append(AioGuest.wait(inner))

        task = asyncio.create_task(waiter.task())
        await waiter.waiting
        GLib.idle_add(in_host)
        await inside
        task.cancel()
        while not waiter.order:
            await asyncio.sleep(0.001)
        assert order == []
        inner.set_result("the callback's")
        await asyncio.wait([task])
        assert task.cancelled()
        return waiter.order

    assert run(main()) == ORDER
    assert order == ["the callback's"]


@pytest.mark.parametrize("before", [False, True])
def test_cancelled_by_a_method_taken_before(run, before):
    """As a callback: it is asyncio's own cancel(), which knows nothing of the wait."""
    async def main():
        loop = asyncio.get_running_loop()
        waiter = Waiter()
        task = asyncio.create_task(waiter.task())
        cancel = task.cancel
        if not before:
            await waiter.waiting
        loop.call_later(0.01, cancel)
        await asyncio.wait([task])
        assert task.cancelled()
        assert task.cancelling() == 1
        return waiter.order

    assert run(main()) == ORDER


def test_cancelled_by_a_signal_handler(run):
    async def main():
        loop = asyncio.get_running_loop()
        waiter = Waiter()
        task = asyncio.create_task(waiter.task())
        loop.add_signal_handler(signal.SIGUSR1, task.cancel)
        await waiter.waiting
        os.kill(os.getpid(), signal.SIGUSR1)
        await asyncio.wait([task])
        loop.remove_signal_handler(signal.SIGUSR1)
        return waiter.order

    assert run(main()) == ORDER


def test_cancelled_before_it(run, errors):
    """By the step that calls it: as its next await would, it raises, and that one does not."""
    async def main():
        order = []

        async def awaitable():
            try:
                await asyncio.sleep(3600)
            finally:
                # For as long as this takes.
                await asyncio.sleep(0.002)
                order.append("awaitable")

        async def victim():
            this = asyncio.current_task()
            awaited = asyncio.create_task(awaitable())
            await asyncio.sleep(0)
            this.cancel()
            this.cancel("why")
            with pytest.raises(asyncio.CancelledError, match="why"):
                AioGuest.wait(awaited)
            assert awaited.cancelled()
            assert this.cancelling() == 2
            await asyncio.sleep(0.001)
            assert AioGuest.wait(asyncio.sleep(0.001, "result")) == "result"
            order.append("finally")
            assert [this.uncancel(), this.uncancel(), this.cancelling()] == [1, 0, 0]
            this.cancel()
            with pytest.raises(asyncio.CancelledError):
                await asyncio.sleep(3600)
            this.uncancel()

        await asyncio.create_task(victim())
        return order

    assert run(main()) == ["awaitable", "finally"]
    assert errors() == []


def test_cancelled_before_it_began_a_coroutine(run, errors):
    async def main():
        async def victim():
            asyncio.current_task().cancel()
            AioGuest.wait(asyncio.sleep(3600))

        task = asyncio.create_task(victim())
        await asyncio.wait([task])
        assert task.cancelled()

    run(main())
    assert errors() == []


def test_cancelled_before_it_by_a_timeout(run):
    """One that was due in a raw nested loop."""
    async def main():
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.001):
                main_loop = GLib.MainLoop()
                asyncio.get_running_loop().call_later(0.01, main_loop.quit)
                main_loop.run()
                AioGuest.wait(asyncio.sleep(3600))
        assert asyncio.current_task().cancelling() == 0
        await asyncio.sleep(0.001)

    run(main())


def test_cancelled_before_it_when_there_is_nothing_to_wait_for(run):
    """An await would not suspend the task then, and it is the next one that raises."""
    async def main():
        async def victim():
            future = asyncio.get_running_loop().create_future()
            future.set_result("result")
            asyncio.current_task().cancel()
            results.append(AioGuest.wait(future))
            await asyncio.sleep(3600)

        results = []
        task = asyncio.create_task(victim())
        await asyncio.wait([task])
        assert task.cancelled()
        return results

    assert run(main()) == ["result"]


def test_cancelled_before_it_with_no_way_to_take_that_back(run, monkeypatch):
    """Then it is the next await that raises, and the wait waits."""
    monkeypatch.setattr(_internals, "_clear_must_cancel", lambda task: False)

    async def main():
        async def victim():
            this = asyncio.current_task()
            this.cancel()
            try:
                results.append(AioGuest.wait(asyncio.sleep(0.001, "result")))
                await asyncio.sleep(3600)
            finally:
                assert this.cancelling() == 1

        results = []
        task = asyncio.create_task(victim())
        await asyncio.wait([task])
        assert task.cancelled()
        return results

    # That way is not needed from Python 3.13 on.
    assert run(main()) == (["result"] if sys.version_info < (3, 13) else [])


@pytest.mark.skipif(
    sys.version_info >= (3, 14), reason="asyncio's own current_task() does not know them"
)
def test_cancelled_before_it_with_a_task_in_python(run):
    async def main():
        async def victim():
            this = asyncio.current_task()
            this.cancel()
            with pytest.raises(asyncio.CancelledError):
                AioGuest.wait(asyncio.sleep(3600))
            assert this.cancelling() == 1
            await asyncio.sleep(0.001)
            return "on"

        loop = asyncio.get_running_loop()
        return await asyncio.tasks._PyTask(victim(), loop=loop)

    assert run(main()) == "on"


def test_cancel_is_the_tasks_own_afterwards(run):
    async def main():
        AioGuest.wait(asyncio.sleep(0.001))
        task = asyncio.current_task()
        assert task.cancel.__self__ is task
        asyncio.get_running_loop().call_soon(task.cancel)
        with pytest.raises(asyncio.CancelledError):
            await asyncio.sleep(3600)
        task.uncancel()

    run(main())


def test_cancel_of_somebody_else_is_put_back(run):
    async def main():
        task = asyncio.current_task()
        task.cancel = print
        AioGuest.wait(asyncio.sleep(0.001))
        assert task.cancel is print
        del task.cancel

    run(main())
