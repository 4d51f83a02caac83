# SPDX-FileCopyrightText: 2026 The AioGuest authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""AioGuest.spawn()."""

import asyncio
import gc
import threading
import weakref

import pytest
from gi.repository import AioGuest, GLib

import support
from collected import Collected


def test_result(run):
    async def main():
        return await AioGuest.spawn(asyncio.sleep(0.001, 42))

    assert run(main()) == 42


def test_name(run):
    async def main():
        task = AioGuest.spawn(asyncio.sleep(0), name="download")
        await task
        return task.get_name()

    assert run(main()) == "download"


def test_from_a_host_callback():
    results = Collected()

    async def child():
        await asyncio.sleep(0.001)
        results.append("child")

    async def main():
        GLib.idle_add(lambda: AioGuest.spawn(child()) and False)
        await results.until()

    support.run_in_main_loop(main())
    assert results == ["child"]


def test_strong_reference(run):
    async def child(reference):
        # Only the task itself refers to this future: a cycle.
        reference.append(weakref.ref(asyncio.current_task()))
        future = asyncio.get_running_loop().create_future()
        reference.append(weakref.ref(future))
        await future

    async def main():
        references = []
        AioGuest.spawn(child(references))
        await asyncio.sleep(0)
        gc.collect()
        task, future = references[0](), references[1]()
        assert task is not None and future is not None
        future.set_result(None)
        del future
        await task

    run(main())


def test_reference_is_dropped_at_the_end(run):
    async def main():
        task = AioGuest.spawn(asyncio.sleep(0))
        await task
        reference = weakref.ref(task)
        del task
        await asyncio.sleep(0)
        gc.collect()
        return reference()

    assert run(main()) is None


def test_failure_is_reported_at_once(run):
    contexts = []

    async def fail():
        await asyncio.sleep(0)
        raise LookupError("in the background")

    async def main():
        loop = asyncio.get_running_loop()
        loop.set_exception_handler(lambda loop, context: contexts.append(context))
        task = AioGuest.spawn(fail(), name="background")
        for _ in range(5):
            await asyncio.sleep(0)
        assert task.done()
        # Not at garbage collection: the task is here.
        assert [type(context["exception"]) for context in contexts] == [LookupError]
        assert "background" in contexts[0]["message"] or contexts[0].get("task") is task
        del task
        gc.collect()
        await asyncio.sleep(0)

    run(main())
    # And not again.
    assert len(contexts) == 1


def test_failure_that_is_no_exception_is_reported(run):
    """asyncio stops for SystemExit and KeyboardInterrupt only."""
    class Failure(BaseException):
        pass

    async def child():
        raise Failure

    async def main():
        loop = asyncio.get_running_loop()
        reports = []
        loop.set_exception_handler(lambda loop, context: reports.append(context))
        AioGuest.spawn(child())
        await asyncio.sleep(0.001)
        return [(type(report["exception"]), report["task"].done()) for report in reports]

    assert run(main()) == [(Failure, True)]


def test_cancellation_is_not_reported(run, errors):
    async def main():
        task = AioGuest.spawn(asyncio.sleep(60))
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    run(main())
    assert errors() == []


def test_not_eager_by_default(run):
    order = []

    async def child():
        order.append("child")

    async def main():
        task = AioGuest.spawn(child())
        order.append("main")
        await task

    run(main())
    assert order == ["main", "child"]


def test_eager(run):
    order = []

    async def child():
        order.append("first step")
        await asyncio.sleep(0)
        order.append("second step")

    async def main():
        task = AioGuest.spawn(child(), eager=True)
        order.append("main")
        await task

    run(main())
    assert order == ["first step", "main", "second step"]


@pytest.mark.parametrize("kind", [AioGuest.EventLoop, asyncio.SelectorEventLoop])
def test_eager_beside_a_thread_that_calls(run, kind):
    """What it calls just before the first step comes after that, in its order."""
    called = []

    class Loop(kind):
        def create_task(self, coro, *, name=None, **options):
            task = super().create_task(coro, name=name, **options)
            if name == "child":
                # Another thread may have its turn here.
                thread = threading.Thread(target=call, args=[self])
                thread.start()
                thread.join()
            return task

    def call(loop):
        for number in range(3):
            called.append(number)
            loop.call_soon_threadsafe(order.append, number)

    async def child():
        order.append("child")
        await asyncio.sleep(0)
        order.append("over")

    async def main():
        await AioGuest.spawn(child(), name="child", eager=True)

    order = []
    run(main(), loop_factory=Loop)
    # From Python 3.12 on the loop does not make it.
    assert order == ["child", *called, "over"]


def test_eager_in_a_loop_that_begins_tasks_in_its_own_way(run):
    class Loop(AioGuest.EventLoop):
        def create_task(self, coro, *, name=None, **options):
            task = super().create_task(coro, name=name, **options)
            if name == "child":
                self.call_soon(self._ready.append, self._ready.pop())
            return task

    async def main():
        return await AioGuest.spawn(asyncio.sleep(0, "done"), name="child", eager=True)

    assert run(main(), loop_factory=Loop) == "done"


def test_eager_in_a_loop_that_is_no_guest():
    order = []

    async def child():
        order.append("first step")
        await asyncio.sleep(0)
        order.append("second step")

    async def main():
        task = AioGuest.spawn(child(), eager=True, name="child")
        order.append(task.get_name())
        await task

    asyncio.run(main())
    assert order == ["first step", "child", "second step"]


def test_eager_is_the_task_factorys_affair(run):
    """One that makes tasks of its own makes these, too, and lets them wait."""
    order = []

    class Task(asyncio.Task):
        pass

    def factory(loop, coro, **options):
        return Task(coro, loop=loop, **options)

    async def child():
        order.append("child")

    async def main():
        asyncio.get_running_loop().set_task_factory(factory)
        task = AioGuest.spawn(child(), eager=True, name="name")
        order.append(task.get_name())
        await task
        return type(task)

    assert run(main()) is Task
    assert order == ["name", "child"]


@pytest.mark.parametrize("eager", [False, True])
def test_task_that_nobody_can_watch_is_cancelled(run, eager):
    """spawn() has raised, so it must not go on unseen."""
    order = []
    refusing = [True]

    class Task(asyncio.Task):
        def add_done_callback(self, callback, *, context=None):
            if refusing:
                raise LookupError("not to be watched")
            super().add_done_callback(callback, context=context)

    def factory(loop, coro, **options):
        options.pop("eager_start", None)
        return Task(coro, loop=loop, **options)

    async def child():
        order.append("begun")
        await asyncio.Event().wait()

    async def main():
        loop = asyncio.get_running_loop()
        loop.set_task_factory(factory)
        before = asyncio.all_tasks()
        with pytest.raises(LookupError, match="not to be watched"):
            AioGuest.spawn(child(), eager=eager)
        loop.set_task_factory(None)
        refusing.clear()
        task, = asyncio.all_tasks() - before
        await asyncio.sleep(0.001)
        return task.cancelled()

    assert run(main())
    assert order == []


def test_cancelled_at_the_end_of_the_run(run):
    order = []

    async def child():
        try:
            await asyncio.Event().wait()
        finally:
            order.append("cancelled")

    async def main():
        AioGuest.spawn(child())
        await asyncio.sleep(0)

    run(main())
    assert order == ["cancelled"]
