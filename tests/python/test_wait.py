# SPDX-FileCopyrightText: 2026 The AioGuest authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""AioGuest.wait(): from synchronous code, while everything else goes on."""

import asyncio
import contextvars
import threading
import traceback

import pytest
from gi.repository import AioGuest, GLib

import support
from race import Race
from waiter import ORDER, Waiter

pytestmark = pytest.mark.every_host

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


def test_awaitable_that_is_cancelled_by_itself(run, place):
    async def main():
        future = asyncio.get_running_loop().create_future()
        asyncio.get_running_loop().call_later(0.002, future.cancel)
        with pytest.raises(asyncio.CancelledError):
            await place(lambda: AioGuest.wait(future))
        return "on"

    assert run(main()) == "on"


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
