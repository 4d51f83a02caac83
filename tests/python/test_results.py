# SPDX-FileCopyrightText: 2026 The AioGuest authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""What a run gives back: results, exceptions, the done callback."""

import asyncio
import contextlib
import gc
import sys
import threading

import pytest
from gi.repository import AioGuest, GLib

import support

pytestmark = pytest.mark.every_host


def test_result(run):
    async def main():
        await asyncio.sleep(0)
        return 42

    assert run(main()) == 42


def test_result_without_await(run):
    async def main():
        return "at once"

    assert run(main()) == "at once"


def test_exception(run):
    async def main():
        await asyncio.sleep(0)
        raise LookupError("from main")

    with pytest.raises(LookupError, match="from main"):
        run(main())


def test_exception_keeps_traceback(run):
    async def inner():
        raise ValueError("deep")

    async def main():
        await inner()

    with pytest.raises(ValueError) as caught:
        run(main())
    assert [entry.name for entry in caught.traceback][-2:] == ["main", "inner"]


def test_collected_exception_is_not_reported(run, errors):
    async def main():
        raise LookupError

    with pytest.raises(LookupError):
        run(main())
    assert errors() == []


def test_start_returns_main_task():
    async def main():
        return asyncio.current_task()

    finished = []
    task = support.start(main(), done_callback=finished.append)
    assert isinstance(task, asyncio.Task)
    assert not task.done()
    support.Rescue().until(lambda: finished)
    assert finished == [task]
    assert task.result() is task


def test_name_is_the_tasks():
    async def main():
        return asyncio.current_task().get_name()

    assert AioGuest.run(main(), name="downloads") == "downloads"


def test_done_callback_comes_after_clean_up():
    order = []

    async def child():
        try:
            await asyncio.Event().wait()
        finally:
            await asyncio.sleep(0)
            order.append("child cancelled")

    async def main():
        task = asyncio.create_task(child())
        await asyncio.sleep(0)
        order.append("main over")
        return task

    def done(task):
        order.append("done")
        assert task.done()
        assert asyncio._get_running_loop() is None
        assert task.get_loop().is_closed()
        assert task.result().cancelled()

    support.start(main(), done_callback=done)
    support.Rescue().until(lambda: "done" in order)
    assert order == ["main over", "child cancelled", "done"]


def test_uncollected_exception_is_reported_at_once():
    contexts = []

    async def main():
        asyncio.get_running_loop().set_exception_handler(
            lambda loop, context: contexts.append(context)
        )
        raise LookupError("nobody looks")

    task = support.start(main())
    support.Rescue().until(lambda: contexts)
    # The task is alive, so this was no garbage collection.
    assert task.done()
    assert [type(context["exception"]) for context in contexts] == [LookupError]
    assert "message" in contexts[0]
    support.Rescue().until(lambda: asyncio._get_running_loop() is None)
    assert len(contexts) == 1


def test_done_callback_that_does_not_look_collects_nothing(errors):
    async def main():
        raise LookupError("nobody looks")

    finished = []
    support.start(main(), done_callback=finished.append)
    rescue = support.Rescue()
    rescue.until(lambda: finished)
    rescue.settle()
    assert [record.exc_info[0] for record in errors()] == [LookupError]


async def stay():
    """However often it is cancelled."""
    while True:
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.Event().wait()


def test_uncollected_exception_is_logged(errors):
    async def main():
        raise LookupError("nobody looks")

    support.start(main())
    support.Rescue().until(lambda: asyncio._get_running_loop() is None)
    assert [record.exc_info[0] for record in errors()] == [LookupError]


@pytest.mark.parametrize("exception", [KeyboardInterrupt, SystemExit])
def test_base_exception_from_main(exception):
    async def main():
        await asyncio.sleep(0)
        raise exception(3)

    with pytest.raises(exception):
        support.run_owning(main())


@pytest.mark.parametrize("exception", [KeyboardInterrupt, SystemExit])
def test_base_exception_from_callback(exception):
    def fail():
        raise exception(3)

    cleaned = []

    async def main():
        asyncio.get_running_loop().call_soon(fail)
        try:
            await asyncio.sleep(60)
        finally:
            cleaned.append(True)

    with pytest.raises(exception):
        support.run_owning(main())
    assert cleaned == [True]


def test_exception_overtaken_by_one_that_ends_everything(errors):
    """As under asyncio.run(); and nobody complains of the main task's, which nobody can ask for."""
    async def exits():
        try:
            await asyncio.Event().wait()
        finally:
            raise SystemExit(3)

    async def main():
        tasks.append(asyncio.create_task(exits()))
        await asyncio.sleep(0)
        raise LookupError("overtaken")

    tasks = []
    with pytest.raises(SystemExit, match="3"):
        support.run_owning(main())
    tasks.clear()
    gc.collect()
    assert errors() == []


def test_exception_handler_that_exits_when_all_is_over():
    """Told of a done callback that fails, it ends the program as it would during the run."""
    def fail(task):
        raise LookupError

    def exit_with(loop, context):
        assert isinstance(context["exception"], LookupError)
        raise SystemExit(4)

    loop = AioGuest.EventLoop()
    loop.set_exception_handler(exit_with)
    with pytest.raises(SystemExit, match="4"):
        support.run_owning(asyncio.sleep(0), loop_factory=lambda: loop, done_callback=fail)
    assert loop.is_closed()


def test_stop_ends_the_run_as_in_asyncio():
    cleaned = []

    async def main():
        asyncio.get_running_loop().stop()
        try:
            await asyncio.sleep(60)
        finally:
            cleaned.append(True)

    with pytest.raises(RuntimeError, match="Event loop stopped before Future completed"):
        support.run_owning(main())
    assert cleaned == [True]


def make_loop_with_python_tasks():
    loop = AioGuest.EventLoop()
    loop.set_task_factory(
        lambda loop, coro, **options: asyncio.tasks._PyTask(coro, loop=loop, **options)
    )
    return loop


def break_loop(loop):
    loop._ready = "no queue"


def stop_loop(loop):
    loop.stop()


def exit_from_callback(loop):
    loop.call_soon(sys.exit, 3)


@pytest.mark.filterwarnings("ignore::ResourceWarning")
@pytest.mark.parametrize("end, exception, text", [
    (break_loop, AttributeError, "append"),
    (exit_from_callback, SystemExit, "3"),
    (stop_loop, RuntimeError, "stopped before"),
])
@pytest.mark.parametrize("kind", [
    AioGuest.EventLoop, asyncio.SelectorEventLoop, make_loop_with_python_tasks,
])
def test_main_task_that_can_not_come_to_its_own_end(kind, end, exception, text):
    """Its result is what has ended it, whoever asks."""
    async def main():
        end(asyncio.get_running_loop())
        await stay()

    ended = []
    options = {"loop_factory": kind, "shutdown_timeout": 0.01, "done_callback": ended.append}
    support.start(main(), **options)
    support.Rescue().until(lambda: ended)
    with pytest.raises(exception, match=text):
        ended[0].result()

    with pytest.raises(exception, match=text):
        support.run_owning(main(), **options)
    with pytest.raises(exception, match=text):
        ended[1].result()


def test_result_of_a_main_task_that_was_given_up(errors):
    """When its main context is gone. The warnings are all that is told."""
    ended = []
    context = GLib.MainContext()
    support.start(stay(), main_context=context, shutdown_timeout=0.01, done_callback=ended.append)
    # It begins.
    while context.iteration(False):
        pass
    with pytest.warns(ResourceWarning) as warned:
        del context
    assert len(warned) == 2
    assert errors() == []
    with pytest.raises(RuntimeError, match="given up"):
        ended[0].result()


def test_running_loop_between_ticks():
    loops = []
    looked = asyncio.Event()

    async def main():
        loop = asyncio.get_running_loop()
        await looked.wait()
        return loop

    def look():
        loops.append(asyncio.get_running_loop())
        looked.set()
        assert asyncio.current_task() is None

    GLib.idle_add(look)
    loop = support.run_owning(main())
    assert loops == [loop]


def test_everything_runs_on_the_calling_thread(run):
    async def main():
        await asyncio.sleep(0.001)
        return threading.get_ident()

    assert run(main()) == threading.get_ident()


def test_task_group(run):
    async def main():
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(asyncio.sleep(i / 1000, i)) for i in range(10)]
        return [task.result() for task in tasks]

    assert run(main()) == list(range(10))


def test_all_tasks(run):
    async def main():
        child = asyncio.create_task(asyncio.sleep(60))
        assert asyncio.all_tasks() == {asyncio.current_task(), child}
        child.cancel()
        await asyncio.wait([child])
        assert asyncio.all_tasks() == {asyncio.current_task()}

    run(main())


def test_all_tasks_from_a_host_callback():
    seen = []

    async def main():
        looked = asyncio.Event()
        child = asyncio.create_task(looked.wait(), name="child")
        GLib.idle_add(look, looked)
        await child

    def look(looked):
        seen.extend(asyncio.all_tasks())
        looked.set()

    task = support.start(main(), name="main")
    rescue = support.Rescue()
    rescue.until(task.done)
    assert {task.get_name() for task in seen} == {"main", "child"}
    rescue.until(lambda: asyncio._get_running_loop() is None)


@pytest.mark.parametrize("exception", [KeyboardInterrupt, SystemExit])
def test_exceptions_that_end_everything_again_and_again(exception):
    # The third one got out of the last draining: run() hung, or the process was gone.
    async def stubborn(number):
        try:
            await asyncio.sleep(100)
        finally:
            raise exception(number)

    async def main():
        tasks = [asyncio.create_task(stubborn(number)) for number in range(2)]
        await asyncio.sleep(0)
        raise exception(len(tasks))

    with pytest.raises(exception):
        support.run_owning(main())
    assert asyncio._get_running_loop() is None
