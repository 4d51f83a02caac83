# SPDX-FileCopyrightText: 2026 The AioGuest authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""AioGuest.wait(): from synchronous code, while everything else goes on."""

import asyncio
import contextvars
import os
import signal
import sys
import threading
import traceback

import pytest
from gi.repository import AioGuest, GLib

import support
from race import Race

can_take_cancellations = pytest.mark.skipif(
    sys.version_info < (3, 13), reason="asyncio's task in C can't take it back before Python 3.13"
)

variable = contextvars.ContextVar("variable", default="default")


# Where the synchronous code that waits is called from.


async def in_host_callback(function):
    over = asyncio.get_running_loop().create_future()
    GLib.idle_add(settle, over, function)
    return await over


async def in_guest_callback(function):
    loop = asyncio.get_running_loop()
    over = loop.create_future()
    loop.call_soon(settle, over, function)
    return await over


async def in_main_task(function):
    return function()


async def in_spawned_task(function):
    async def task():
        return function()

    return await AioGuest.spawn(task())


async def in_eager_task(function):
    """Started by a host callback, in which it then waits."""
    over = asyncio.get_running_loop().create_future()

    async def task():
        settle(over, function)

    GLib.idle_add(lambda: AioGuest.spawn(task(), eager=True) and None)
    return await over


async def in_synchronous_code_further_down(function):
    await asyncio.sleep(0)

    def recurse(depth):
        return function() if depth == 0 else recurse(depth - 1)

    return recurse(10)


def settle(over, function):
    try:
        over.set_result(function())
    except BaseException as error:
        over.set_exception(error)


PLACES = {
    "host": in_host_callback,
    "guest": in_guest_callback,
    "main": in_main_task,
    "spawned": in_spawned_task,
    "eager": in_eager_task,
    "deep": in_synchronous_code_further_down,
}


@pytest.fixture(params=sorted(PLACES))
def place(request):
    return PLACES[request.param]


async def give(value, delay=0.001):
    await asyncio.sleep(delay)
    return value


async def fail(error):
    await asyncio.sleep(0.001)
    raise error


async def ticker(count):
    while True:
        await asyncio.sleep(0.01)
        count[0] += 1


# Results.


def test_result(run, place):
    async def main():
        return await place(lambda: AioGuest.wait(give("result")))

    assert run(main()) == "result"


def test_exception_with_its_traceback(run, place):
    async def main():
        with pytest.raises(LookupError, match="from within") as caught:
            await place(lambda: AioGuest.wait(fail(LookupError("from within"))))
        return [frame.name for frame in traceback.extract_tb(caught.value.__traceback__)]

    names = run(main())
    assert names[-1] == "fail"
    assert "wait" in names


def test_timeout(run, place):
    order = []

    async def slow():
        try:
            await asyncio.sleep(3600)
        finally:
            await asyncio.sleep(0.002)
            order.append("cleaned up")

    async def main():
        with pytest.raises(TimeoutError):
            await place(lambda: AioGuest.wait(slow(), 0.01))
        order.append("timed out")

    run(main())
    assert order == ["cleaned up", "timed out"]


def test_timeout_that_is_not_reached(run, place):
    async def main():
        result = await place(lambda: AioGuest.wait(give("in time"), timeout=60))
        # And its timer is gone.
        pending = [
            handle
            for handle in asyncio.get_running_loop()._scheduled
            if not handle.cancelled() and handle.when() > asyncio.get_running_loop().time() + 30
        ]
        assert pending == []
        return result

    assert run(main()) == "in time"


def test_timeout_in_the_place_of_a_timer_that_the_same_tick_drops(run):
    """As many timers as before, so their number does not tell that one has come."""

    async def main():
        loop = asyncio.get_running_loop()
        woken = loop.create_future()
        far = loop.call_later(1e6, lambda: None)

        def in_host():
            far.cancel()
            woken.set_result(None)

        # When the tick is over that has counted the timers.
        GLib.idle_add(in_host)
        await woken
        with pytest.raises(TimeoutError):
            AioGuest.wait(loop.create_future(), 0.001)

    run(main())


def test_timeout_of_an_awaitable_that_goes_on_to_a_result():
    """Cancelled, but it says that it has done its work: so it has."""
    async def stubborn():
        try:
            await asyncio.sleep(3600)
        except asyncio.CancelledError:
            return "done all the same"

    async def main():
        return AioGuest.wait(stubborn(), 0.005)

    assert support.run_owning(main()) == "done all the same"


def test_timeout_error_of_the_awaitable_is_its_own():
    error = TimeoutError("the awaitable's own")

    async def main():
        with pytest.raises(TimeoutError) as caught:
            AioGuest.wait(fail(error), 60)
        assert caught.value is error

    support.run_owning(main())


class Awaitable:
    def __await__(self):
        yield from asyncio.sleep(0.001).__await__()
        return "awaitable"


def test_kinds_of_awaitables(run):
    async def main():
        loop = asyncio.get_running_loop()
        done, later = loop.create_future(), loop.create_future()
        done.set_result("done")
        loop.call_later(0.005, later.set_result, "future")
        task = asyncio.create_task(give("task"))
        over = asyncio.create_task(give("over"))
        await over
        return [
            AioGuest.wait(awaitable)
            for awaitable in (give("coroutine"), task, later, done, over, Awaitable())
        ] + AioGuest.wait(asyncio.gather(give(1), give(2)))

    assert run(main()) == ["coroutine", "task", "future", "done", "over", "awaitable", 1, 2]


def test_others_go_on_meanwhile(run, place):
    """Tasks, and the sources of the host."""

    async def main():
        async with Race() as race:
            over = asyncio.Event()
            race.start(over.set)
            await place(lambda: AioGuest.wait(over.wait()))
            race.check()

    run(main())


def test_waits_in_waits(run, place):
    async def level(number):
        await asyncio.sleep(0.001)
        return [number] + (AioGuest.wait(level(number - 1)) if number else [])

    async def main():
        return await place(lambda: AioGuest.wait(level(5)))

    assert run(main()) == [5, 4, 3, 2, 1, 0]


def test_inner_wait_ends_before_the_outer_one(run):
    order = []

    async def main():
        loop = asyncio.get_running_loop()
        outer, inner = loop.create_future(), loop.create_future()
        outer.add_done_callback(lambda _: loop.call_later(0.01, inner.set_result, "inner"))

        def in_host():
            loop.call_later(0.01, outer.set_result, "outer")
            order.append(AioGuest.wait(inner))

        GLib.idle_add(in_host)
        order.append(AioGuest.wait(outer))

    run(main())
    assert order == ["inner", "outer"]


def test_synchronous_library_runs_unchanged(run):
    """A recursive function for synchronous callers, that calls a blocking hook."""
    def walk(tree, visit):
        return visit(tree[0]) + sum(walk(branch, visit) for branch in tree[1:])

    tree = (1, (2, (3,), (4,)), (5, (6, (7,))))
    count = [0]

    async def visit(value):
        await asyncio.sleep(0.01)
        return value

    async def main():
        ticking = asyncio.create_task(ticker(count))
        total = walk(tree, lambda value: AioGuest.wait(visit(value)))
        ticking.cancel()
        return total

    assert walk(tree, lambda value: value) == run(main()) == 28
    assert count[0] >= 4


# What the surrounding step sees.


def test_step_is_as_before(run):
    async def other():
        variable.set("the other's")
        await asyncio.sleep(0.001)
        try:
            raise KeyError
        except KeyError as error:
            return asyncio.current_task().get_name(), variable.get(), error.__context__

    async def main():
        me = asyncio.current_task()
        loop = asyncio.get_running_loop()
        variable.set("main's")
        try:
            raise ValueError("being handled")
        except ValueError as handled:
            task = asyncio.create_task(other(), name="other")
            assert AioGuest.wait(task) == ("other", "the other's", None)
            assert asyncio.current_task() is me
            assert asyncio.get_running_loop() is loop
            assert variable.get() == "main's"
            with pytest.raises(LookupError) as caught:
                raise LookupError
            assert caught.value.__context__ is handled
        await asyncio.sleep(0)
        return "fine"

    assert run(main()) == "fine"


def test_host_callback_in_a_wait_under_a_task_has_no_current_task(run):
    seen = []

    async def main():
        over = asyncio.get_running_loop().create_future()

        def in_host():
            seen.append(asyncio.current_task())
            over.set_result(None)

        GLib.idle_add(in_host)
        AioGuest.wait(over)
        seen.append(asyncio.current_task().get_name())

    run(main(), name="main")
    assert seen == [None, "main"]


def test_tasks_that_share_a_context(run):
    """As all those of a Runner do."""
    async def main():
        context = contextvars.copy_context()
        loop = asyncio.get_running_loop()
        order = []

        async def step(number):
            variable.set(number)
            order.append(number)
            await asyncio.sleep(0.001)
            if number < 4:
                task = loop.create_task(step(number + 1), context=context)
                AioGuest.wait(task)
            order.append(number)

        await loop.create_task(step(0), context=context)
        assert context[variable] == 4
        return order

    assert run(main()) == [0, 1, 2, 3, 4, 4, 3, 2, 1, 0]


def test_context_entered_by_the_user(run):
    async def main():
        context = contextvars.copy_context()
        task = asyncio.get_running_loop().create_task(give("shared"), context=context)
        return context.run(AioGuest.wait, task)

    assert run(main()) == "shared"


# Cancellation.


class Waiter:
    """A task that waits, and what becomes of it."""

    def __init__(self):
        self.order = []
        self.waiting = asyncio.get_running_loop().create_future()

    async def awaitable(self):
        self.waiting.set_result(None)
        try:
            await asyncio.sleep(3600)
        finally:
            await asyncio.sleep(0.001)
            self.order.append("awaitable cancelled")

    async def task(self):
        try:
            AioGuest.wait(self.awaitable())
        except asyncio.CancelledError:
            self.order.append("CancelledError")
            raise
        finally:
            # Not cancelled a second time.
            await asyncio.sleep(0.002)
            self.order.append("finally")


ORDER = ["awaitable cancelled", "CancelledError", "finally"]


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
        assert AioGuest.wait(give("on")) == "on"
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


@can_take_cancellations
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


@can_take_cancellations
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


@can_take_cancellations
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
            assert AioGuest.wait(give("result")) == "result"
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


@can_take_cancellations
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


@can_take_cancellations
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


@pytest.mark.skipif(sys.version_info >= (3, 13), reason="from Python 3.13 on there is a way")
def test_cancelled_before_it_with_no_way_to_take_that_back(run):
    """Then it is the next await that raises, and the wait waits."""

    async def main():
        async def victim():
            this = asyncio.current_task()
            this.cancel()
            try:
                results.append(AioGuest.wait(give("result")))
                await asyncio.sleep(3600)
            finally:
                assert this.cancelling() == 1

        results = []
        task = asyncio.create_task(victim())
        await asyncio.wait([task])
        assert task.cancelled()
        return results

    assert run(main()) == ["result"]


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


def test_awaitable_that_is_cancelled_by_itself(run, place):
    async def main():
        future = asyncio.get_running_loop().create_future()
        asyncio.get_running_loop().call_later(0.002, future.cancel)
        with pytest.raises(asyncio.CancelledError):
            await place(lambda: AioGuest.wait(future))
        return "on"

    assert run(main()) == "on"


def test_cancel_is_the_tasks_own_afterwards(run):
    async def main():
        AioGuest.wait(give(None))
        task = asyncio.current_task()
        assert task.cancel.__self__ is task
        asyncio.get_running_loop().call_soon(task.cancel)
        with pytest.raises(asyncio.CancelledError):
            await asyncio.sleep(3600)
        task.uncancel()

    run(main())


# Where it can't be used.


def test_with_no_run():
    coro = give(None)
    with pytest.raises(RuntimeError, match="no guest run"):
        AioGuest.wait(coro)
    # Closed, so that nothing complains that it was never awaited.
    with pytest.raises(RuntimeError, match="cannot reuse"):
        coro.send(None)


def test_under_asyncio_run():
    async def main():
        with pytest.raises(RuntimeError, match="no guest run"):
            AioGuest.wait(give(None))

    asyncio.run(main())


def test_on_another_thread(run):
    caught = []

    def thread():
        try:
            AioGuest.wait(give(None))
        except RuntimeError as error:
            caught.append(str(error))

    async def main():
        other = threading.Thread(target=thread)
        other.start()
        other.join()

    run(main())
    assert len(caught) == 1
    assert "thread" in caught[0]


@pytest.mark.parametrize("wrong", [None, 5, "text", [1]])
def test_what_is_not_awaitable(run, wrong):
    async def main():
        with pytest.raises(TypeError):
            AioGuest.wait(wrong)

    run(main())


def test_task_waiting_for_itself(run):
    async def main():
        with pytest.raises(RuntimeError, match="itself"):
            AioGuest.wait(asyncio.current_task())

    run(main())


def test_future_of_another_loop(run):
    other = asyncio.new_event_loop()
    try:
        future = other.create_future()

        async def main():
            with pytest.raises(ValueError):
                AioGuest.wait(future)

        run(main())
    finally:
        other.close()


# Endings.


def test_run_ends_while_a_host_callback_waits():
    caught = []

    async def main():
        never = asyncio.get_running_loop().create_future()
        waiting = asyncio.get_running_loop().create_future()

        def in_host():
            waiting.set_result(None)
            try:
                AioGuest.wait(never)
            except RuntimeError as error:
                caught.append(str(error))

        GLib.idle_add(in_host)
        await waiting
        return "over"

    task = support.start(main())
    support.Rescue().until(lambda: caught and asyncio._get_running_loop() is None)
    assert task.result() == "over"
    assert len(caught) == 1
    assert "ended" in caught[0]


def test_run_ends_while_a_task_waits(run):
    """Cancelled with the others."""
    orders = []

    async def main():
        waiter = Waiter()
        orders.append(waiter.order)
        AioGuest.spawn(waiter.task())
        await waiter.waiting
        return "over"

    assert run(main()) == "over"
    assert orders == [ORDER]


@pytest.mark.parametrize("error", [SystemExit(3), KeyboardInterrupt()], ids=["exit", "interrupt"])
def test_everything_ends_while_main_waits(error):
    orders = []

    async def ends():
        raise error

    async def main():
        waiter = Waiter()
        orders.append(waiter.order)
        waiter.waiting.add_done_callback(lambda future: AioGuest.spawn(ends()))
        await waiter.task()

    with pytest.raises(type(error)) as caught:
        support.run_owning(main())
    assert caught.value is error
    assert orders == [ORDER]


def test_stop_while_main_waits():
    orders = []

    async def main():
        waiter = Waiter()
        orders.append(waiter.order)
        waiter.waiting.add_done_callback(lambda future: asyncio.get_running_loop().stop())
        await waiter.task()

    with pytest.raises(RuntimeError, match="stopped"):
        support.run_owning(main())
    assert orders == [ORDER]


def test_on_an_event_loop():
    """Also of a loop that asyncio.Runner runs."""
    async def main():
        return AioGuest.wait(give("of a Runner"))

    with asyncio.Runner(loop_factory=AioGuest.EventLoop) as runner:
        assert runner.run(main()) == "of a Runner"


def test_nothing_is_left_by_many(run):
    async def main():
        for number in range(300):
            assert AioGuest.wait(give(number, 0)) == number
        return len(asyncio.all_tasks())

    assert run(main()) == 1
