# SPDX-FileCopyrightText: 2026 The AioGuest authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""AioGuest.wait() in tasks that are cancelled: meanwhile, or before."""

import asyncio
import gc
import os
import signal
import sys

import pytest
from gi.overrides.AioGuest._internals import asyncio as internals
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
    """The awaitable is done, but the wait can't return yet: its result is lost, and nothing comes later."""
    order = []

    async def main():
        loop = asyncio.get_running_loop()
        outer, inner, waiting = (loop.create_future() for _ in range(3))

        def in_host():
            waiting.set_result(None)
            AioGuest.wait(inner)

        async def victim():
            GLib.idle_add(in_host)
            try:
                order.append(AioGuest.wait(outer))
            except asyncio.CancelledError as error:
                order.extend(error.args)
                raise
            finally:
                await asyncio.sleep(0)
                order.append("finally")

        task = asyncio.create_task(victim())
        await waiting
        outer.set_result("result")
        await asyncio.sleep(0.001)
        assert task.cancel("why")
        inner.set_result(None)
        await asyncio.wait([task])
        assert task.cancelled()
        assert task.cancelling() == 1

    support.run_owning(main())
    assert order == ["why", "finally"]


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
        await waiter.order.until()
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


@pytest.mark.parametrize("n_requests", [2, 3])
def test_cancelled_again_before_it_returns(run, n_requests):
    """As an await it raises once, however often."""
    async def main():
        loop = asyncio.get_running_loop()
        future = loop.create_future()
        order = []

        async def victim():
            this = asyncio.current_task()
            future.add_done_callback(lambda future: [this.cancel() for _ in range(1, n_requests)])
            try:
                AioGuest.wait(future)
            finally:
                order.append(this.cancelling())
                await asyncio.sleep(0)
                order.append("finally")

        task = asyncio.create_task(victim())
        loop.call_soon(task.cancel)
        await asyncio.wait([task])
        assert task.cancelled()
        return order

    assert run(main()) == [n_requests, "finally"]


@pytest.mark.parametrize("outcome", ["result", LookupError("nobody's")], ids=["result", "exception"])
def test_cancelled_when_the_awaitable_is_done(run, errors, outcome):
    """Before it returns: its result is lost, as it is by an await."""
    async def main():
        loop = asyncio.get_running_loop()
        future = loop.create_future()
        order = []

        async def victim():
            try:
                AioGuest.wait(future)
            except asyncio.CancelledError as error:
                order.extend(error.args)
                raise
            finally:
                await asyncio.sleep(0)
                order.append("finally")

        def end():
            if isinstance(outcome, Exception):
                future.set_exception(outcome)
            else:
                future.set_result(outcome)
            task.cancel("why")

        task = asyncio.create_task(victim())
        loop.call_soon(end)
        await asyncio.wait([task])
        assert task.cancelled()
        return order

    assert run(main()) == ["why", "finally"]
    gc.collect()
    assert errors() == []


def test_two_timeouts_at_once(run):
    async def main():
        loop = asyncio.get_running_loop()
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(None) as outer, asyncio.timeout(None) as inner:
                # In the past: both are due in the next round.
                loop.call_soon(outer.reschedule, 0)
                loop.call_soon(inner.reschedule, 0)
                AioGuest.wait(loop.create_future())
        assert asyncio.current_task().cancelling() == 0
        await asyncio.sleep(0)

    run(main())


@pytest.mark.parametrize("n_awaits", [0, 1], ids=["future", "task"])
def test_cancelled_and_timed_out(run, n_awaits):
    """In this order, and in the other: it is not its own timeout alone that has cancelled it."""
    async def main():
        loop = asyncio.get_running_loop()
        raised = []

        async def awaitable():
            try:
                await loop.create_future()
            finally:
                # Its own timeout comes meanwhile.
                await asyncio.sleep(0.005)

        async def victim(delay):
            this = asyncio.current_task()
            future = loop.create_task(awaitable()) if n_awaits else loop.create_future()
            loop.call_later(delay, this.cancel)
            try:
                AioGuest.wait(future, timeout=0.002)
            except (TimeoutError, asyncio.CancelledError) as error:
                raised.append(type(error))
            return await asyncio.sleep(0, this.cancelling())

        for delay in 0, 0.001, 0.002:
            assert await asyncio.create_task(victim(delay)) == 1
        return raised

    assert run(main()) == [asyncio.CancelledError] * 3


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


@pytest.mark.parametrize("suspends", [True, False])
def test_cancelled_before_it_began_a_coroutine(run, errors, suspends):
    """It begins, as with an await. If it is never suspended nothing can raise in it."""
    async def main():
        order = []

        async def awaitable():
            order.append("began")
            if suspends:
                await asyncio.sleep(3600)
            order.append("ended")

        async def victim():
            asyncio.current_task().cancel()
            AioGuest.wait(awaitable())
            await asyncio.sleep(3600)

        task = asyncio.create_task(victim())
        await asyncio.wait([task])
        assert task.cancelled()
        return order

    assert run(main()) == (["began"] if suspends else ["began", "ended"])
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
    monkeypatch.setattr(internals, "_clear_must_cancel", lambda task: False)

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


def test_failure_that_nobody_asks_for(run, errors):
    """It is reported, though requests to cancel the task are counted for it."""
    async def main():
        async def victim():
            with pytest.raises(asyncio.CancelledError):
                AioGuest.wait(asyncio.get_running_loop().create_future())
            # It is freed by the garbage collector alone.
            this = asyncio.current_task()
            raise LookupError(this)

        task = asyncio.create_task(victim())
        asyncio.get_running_loop().call_soon(lambda: task.cancel())
        await asyncio.wait([task])

    run(main())
    gc.collect()
    (error,) = errors()
    assert error.message.startswith("Task exception was never retrieved")
