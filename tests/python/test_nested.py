# SPDX-FileCopyrightText: 2026 The AioGuest authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Main loops nested in host callbacks and in tasks: asyncio goes on."""

import asyncio
import contextvars

import pytest
from gi.repository import AioGuest, GLib

import support
from collected import Collected
from nests import NESTS, run_main_loop
from race import Race

pytestmark = pytest.mark.every_host

variable = contextvars.ContextVar("variable", default="default")


async def ticker(ticks):
    while True:
        await asyncio.sleep(0.01)
        assert asyncio.current_task().get_name() == "ticker"
        ticks.append(asyncio.get_running_loop().time())


def nest(milliseconds):
    nested = GLib.MainLoop()
    GLib.timeout_add(milliseconds, nested.quit)
    nested.run()


def nest_until_done(task):
    """A nested main loop until the task is done."""
    done = Collected()
    task.add_done_callback(done.append)
    run_main_loop(done)


def test_in_a_host_callback(run):
    ticks = Collected()

    async def main():
        over = asyncio.get_running_loop().create_future()
        task = asyncio.create_task(ticker(ticks), name="ticker")

        def in_host():
            count = len(ticks) + 10
            run_main_loop(ticks, count)
            over.set_result(asyncio.current_task())

        GLib.idle_add(in_host)
        assert await over is None
        assert not task.done()

    run(main())


def test_in_a_step_of_a_task(run):
    ticks = Collected()

    async def main():
        me = asyncio.current_task()
        task = asyncio.create_task(ticker(ticks), name="ticker")
        await asyncio.sleep(0)
        run_main_loop(ticks, 10)
        assert asyncio.current_task() is me
        # And after it as before.
        await ticks.reaches(len(ticks) + 3)
        assert not task.done()

    run(main())


def test_in_a_callback_of_the_guest(run):
    ticks = Collected()

    async def main():
        loop = asyncio.get_running_loop()
        over = loop.create_future()
        task = asyncio.create_task(ticker(ticks), name="ticker")

        def callback():
            count = len(ticks) + 10
            run_main_loop(ticks, count)
            over.set_result(asyncio.current_task())

        loop.call_soon(callback)
        assert await over is None
        assert not task.done()

    run(main())


@pytest.mark.parametrize("where", ["host", "task"])
@pytest.mark.parametrize("nest", NESTS.values(), ids=NESTS)
def test_as_fast_as_the_host(run, nest, where):
    async def main():
        async with Race() as race:
            seen = Collected()
            race.start(lambda: seen.append(True))
            if where == "task":
                nest(seen)
            else:
                over = asyncio.get_running_loop().create_future()
                GLib.idle_add(lambda: over.set_result(nest(seen)))
                await over
            race.check()

    run(main())


def test_context_variables_in_a_nested_main_loop(run):
    async def child():
        variable.set("the child's")
        await asyncio.sleep(0.001)
        return variable.get()

    async def main():
        variable.set("main's")
        task = asyncio.create_task(child())
        nest_until_done(task)
        assert variable.get() == "main's"
        return task.result()

    assert run(main()) == "the child's"


def test_iteration_by_hand_in_a_task(run):
    async def child():
        for _ in range(3):
            await asyncio.sleep(0)
        return "done"

    async def main():
        task = asyncio.create_task(child())
        context = GLib.MainContext.default()
        while not task.done():
            context.iteration(True)
        return task.result()

    assert run(main()) == "done"


def test_several_levels(run):
    order = []

    async def level(number):
        order.append(f"in {number}")
        if number < 3:
            task = asyncio.create_task(level(number + 1))
            context = GLib.MainContext.default()
            while not task.done():
                context.iteration(True)
        order.append(f"out {number}")

    async def main():
        await level(0)
        await asyncio.sleep(0.001)
        order.append("over")

    run(main())
    assert order == [f"in {n}" for n in range(4)] + [f"out {n}" for n in (3, 2, 1, 0)] + ["over"]


def test_ready_callbacks_keep_their_order_around_a_nested_loop(run):
    """What was ready before the nesting is run, once, in the nested loop or after."""
    order = []

    async def main():
        loop = asyncio.get_running_loop()
        over = loop.create_future()

        def nests():
            order.append("nests")
            nest(20)
            order.append("nested")
            loop.call_soon(over.set_result, None)

        loop.call_soon(nests)
        for number in range(5):
            loop.call_soon(order.append, number)
        await over

    run(main())
    assert sorted(order, key=str) == [0, 1, 2, 3, 4, "nested", "nests"]
    assert [item for item in order if isinstance(item, int)] == list(range(5))


def test_ready_queue_does_not_grow_by_nestings_in_one_step(run):
    """What fills it up for an outer round is not counted again by the next nesting."""

    async def main():
        loop = asyncio.get_running_loop()
        for _ in range(5):
            loop.call_soon(AioGuest.wait, asyncio.sleep(0))
        lengths = []
        for _ in range(50):
            AioGuest.wait(asyncio.sleep(0))
            lengths.append(len(loop._ready))
        return lengths

    lengths = run(main())
    assert max(lengths[5:]) <= 6


def test_exception_being_handled_is_put_back(run):
    async def child():
        try:
            raise KeyError("the child's")
        except KeyError as error:
            return error.__context__

    async def main():
        try:
            raise ValueError("main's")
        except ValueError:
            task = asyncio.create_task(child())
            nest_until_done(task)
            assert task.result() is None
            try:
                raise LookupError
            except LookupError as error:
                assert isinstance(error.__context__, ValueError)
        return "handled"

    assert run(main()) == "handled"


def test_exception_in_a_nested_loop_leaves_the_other_handles():
    """As when it gets out of asyncio's own run_forever(): they run when the loop runs again."""
    loop = AioGuest.EventLoop()
    context = GLib.MainContext.default()
    order = []

    def interrupt():
        order.append("interrupt")
        raise KeyboardInterrupt

    def nests():
        while "interrupt" not in order:
            context.iteration(True)
        order.append("nested")

    loop.call_soon(nests)
    loop.call_soon(interrupt)
    loop.call_soon(order.append, "left")
    try:
        with pytest.raises(KeyboardInterrupt):
            loop.run_forever()
        assert order == ["interrupt", "nested"]
        loop.call_soon(loop.stop)
        loop.run_forever()
        assert order == ["interrupt", "nested", "left"]
    finally:
        loop.close()


def test_time_in_a_nested_loop_is_not_charged():
    """It is the host's, whatever the guest's own takes."""

    async def main():
        # Seen by the run for the first time; what comes then is more than is nested for.
        GLib.MainContext.default().iteration(False)
        nest(300)
        await asyncio.sleep(0.001)
        return AioGuest.get_run().props.busy_time

    start = GLib.get_monotonic_time()
    busy = support.run_owning(main())
    assert busy <= GLib.get_monotonic_time() - start - 300_000


# Steps that are to be atomic


async def work(steps):
    while True:
        await asyncio.sleep(0)
        steps.append(None)


def steps_while(nest, steps):
    before = len(steps)
    seen = Collected()
    GLib.timeout_add(5, seen.append, None)
    nest(seen)
    return len(steps) - before


RAW_NESTS = {name: nest for name, nest in NESTS.items() if name != "wait"}


@pytest.mark.parametrize("name", RAW_NESTS)
def test_rests_in_a_step(run, name):
    """Tasks and callbacks of the loop wait until the nested main loop is over; the host does not."""
    steps = []

    async def main():
        task = asyncio.create_task(work(steps))
        await asyncio.sleep(0)
        assert steps_while(RAW_NESTS[name], steps) == 0
        called = asyncio.get_running_loop().create_future()
        asyncio.get_running_loop().call_soon(
            lambda: called.set_result(steps_while(RAW_NESTS[name], steps))
        )
        assert await called == 0
        task.cancel()

    run(main(), nested="rest")
    assert steps


def test_goes_on_where_the_host_nests(run):
    """That is in no step: as in any other callback of the host's."""
    steps = []

    async def main():
        task = asyncio.create_task(work(steps))
        counted = asyncio.get_running_loop().create_future()

        def in_host():
            counted.set_result((steps_while(NESTS["MainLoop.run"], steps), AioGuest.wait(give(7))))

        GLib.idle_add(in_host)
        count, value = await counted
        assert count > 0 and value == 7
        task.cancel()

    run(main(), nested="rest")


async def give(value):
    await asyncio.sleep(0)
    return value


def test_wait_in_an_atomic_step(run):
    async def main():
        with pytest.raises(RuntimeError, match="nested='rest'"):
            AioGuest.wait(give(1))

    run(main(), nested="rest")


def test_wait_of_the_host_inside_an_atomic_step(run):
    raised = []

    async def main():
        def wait():
            with pytest.raises(RuntimeError, match="nested='rest'"):
                AioGuest.wait(give(1))
            raised.append(None)

        GLib.idle_add(wait)
        NESTS["MainContext.iteration"](raised)

    run(main(), nested="rest")
    assert raised


@pytest.mark.parametrize("how", ["runner", "loop_factory"])
def test_loop_that_rests(how):
    steps = Collected()

    async def main():
        task = asyncio.create_task(work(steps))
        await asyncio.sleep(0)
        assert steps_while(NESTS["MainLoop.run"], steps) == 0
        await steps.until()
        task.cancel()

    def make_loop():
        return AioGuest.EventLoop(nested="rest")

    if how == "runner":
        with asyncio.Runner(loop_factory=make_loop, debug=False) as runner:
            runner.run(main())
    else:
        support.run_owning(main(), loop_factory=make_loop)


def test_stop_in_a_main_loop_nested_in_a_stock_round():
    # _run_once() pops as many handles as it has counted, whatever a nested tick took.
    context = GLib.MainContext.default()
    loop = AioGuest.EventLoop()
    loop.set_debug(True)
    ran = []

    def nest():
        loop.stop()
        while len(ran) < 3:
            context.iteration(True)

    def begin():
        loop.call_soon(nest)
        for number in range(3):
            loop.call_soon(ran.append, number)

    loop.call_soon(begin)
    try:
        loop.run_forever()
    finally:
        loop.close()
    assert ran == [0, 1, 2]


def test_padding_of_a_nested_tick_hides_no_work():
    # The padding of a tick that is over must not be taken for handles that are ready.
    context = GLib.MainContext.default()
    order = []

    async def main():
        loop = asyncio.get_running_loop()
        future = loop.create_future()

        def on_ticks(run, pspec):
            if order == ["other", "nested"]:
                order.append("host")
                future.set_result(None)

        def nest():
            while not order:
                context.iteration(True)
            order.append("nested")

        AioGuest.get_run().connect("notify::ticks", on_ticks)
        loop.call_soon(nest)
        loop.call_soon(order.append, "other")
        await future

    task = support.start(main(), debug=True)
    support.Rescue().until(task.done)
    support.Rescue().settle()
    assert order == ["other", "nested", "host"]
