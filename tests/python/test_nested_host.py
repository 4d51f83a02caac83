# SPDX-FileCopyrightText: 2026 The AioGuest authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Callbacks of the host in main loops nested in steps: they are nobody's task.

Each way to nest is tried from each kind of step with each kind of callback.
"""

import asyncio
import functools
import signal
import sys
import threading

import pytest
from gi.repository import AioGuest, Gio, GLib, GObject

import support
from collected import Collected
from host_callbacks import (  # noqa: F401
    CALLBACKS, STEPS, by_idle, check, host_variable, look, nest_in_task, variable,
)
from nests import NESTS

pytestmark = pytest.mark.every_host


@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize("callback", CALLBACKS)
@pytest.mark.parametrize("nest", NESTS)
def test_callback_of_the_host(nest, callback, step):
    async def main():
        seen = Collected()

        def nests():
            kept = CALLBACKS[callback](seen)
            NESTS[nest](seen)
            del kept

        await STEPS[step](nests)
        await check(seen)

    support.run_in_main_loop(main())


@pytest.mark.parametrize("nest", NESTS)
def test_in_all_hosts(run, nest):
    async def main():
        seen = Collected()
        by_idle(seen)
        await nest_in_task(lambda: NESTS[nest](seen))
        await check(seen)

    run(main())


@pytest.mark.parametrize("nest", NESTS)
def test_several_callbacks_in_one_nested_loop(nest):
    async def main():
        seen, enough = [], Collected()

        def timeout():
            look(seen)
            if len(seen) == 5:
                enough.append(True)
            return not enough

        GLib.timeout_add(1, timeout)
        await nest_in_task(lambda: NESTS[nest](enough))
        await check(seen)

    support.run_in_main_loop(main())


@pytest.mark.parametrize("inner", NESTS)
@pytest.mark.parametrize("outer", NESTS)
def test_nested_in_a_callback_in_a_nested_loop(outer, inner):
    """The callback nests, and a task in there does again."""

    async def main():
        seen, over = [], Collected()

        async def child():
            deepest = Collected()
            by_idle(deepest)
            await nest_in_task(lambda: NESTS[inner](deepest))
            seen.extend(deepest)

        def callback():
            look(seen)
            within = Collected()
            by_idle(within)
            NESTS[inner](within)
            seen.extend(within)
            look(seen)
            task = asyncio.create_task(child())
            done = Collected()
            task.add_done_callback(done.append)
            NESTS[inner](done)
            task.result()
            look(seen)
            over.append(True)

        GLib.idle_add(callback)
        await nest_in_task(lambda: NESTS[outer](over))
        assert len(seen) == 5
        await check(seen)

    support.run_in_main_loop(main())


@pytest.mark.parametrize("nest", NESTS)
def test_wait_in_a_callback_in_a_nested_loop(nest):
    async def main():
        seen, over = [], Collected()

        def callback():
            look(seen)
            assert AioGuest.wait(asyncio.sleep(0.001, "result")) == "result"
            look(seen)
            over.append(True)

        GLib.idle_add(callback)
        await nest_in_task(lambda: NESTS[nest](over))
        await check(seen)

    support.run_in_main_loop(main())


def test_step_between_and_after_nested_loops_is_the_task():
    """What the step calls itself is not the host's, wherever it stands."""

    async def main():
        task = asyncio.current_task()
        variable.set("the step's")
        tasks = []

        def call():
            tasks.append(asyncio.current_task())
            assert variable.get() == "the step's"

        def generate():
            call()
            yield iterate([])

        def iterate(seen):
            by_idle(seen)
            NESTS["g_main_context_iteration"](seen)
            call()

        # The same instruction calls what nests and what does not.
        for function in (lambda: iterate([]), call, functools.partial(iterate, []), call):
            function()
        list(generate())
        sorted([3, 1, 2], key=lambda item: (call(), item)[1])
        iterate([])
        call()
        assert set(tasks) == {task}
        assert len(tasks) == 11

    support.run_in_main_loop(main())


def test_handler_called_by_the_step_itself_is_part_of_the_step():
    async def main():
        tasks = []
        cancellable = Gio.Cancellable()
        GObject.Object.connect(
            cancellable, "cancelled", lambda _: tasks.append(asyncio.current_task())
        )
        seen = Collected()
        by_idle(seen)
        NESTS["MainLoop.run"](seen)
        cancellable.cancel()
        assert tasks == [asyncio.current_task()]
        await check(seen)

    support.run_in_main_loop(main())


def test_handler_called_by_a_callback_of_the_host_is_part_of_that():
    async def main():
        seen = Collected()

        def callback():
            cancellable = Gio.Cancellable()
            GObject.Object.connect(cancellable, "cancelled", lambda _: look(seen))
            cancellable.cancel()
            return GLib.SOURCE_REMOVE

        GLib.idle_add(callback)
        await nest_in_task(lambda: NESTS["g_main_loop_run"](seen))
        await check(seen)

    support.run_in_main_loop(main())


def test_source_written_in_python():
    """Its prepare() and check() run outside of any dispatch, and change nothing."""

    class Source(GLib.Source):
        def prepare(self):
            return self.look(), 0

        def check(self):
            return self.look()

        def look(self):
            return True

        def dispatch(self, callback, args):
            look(self.seen)
            return GLib.SOURCE_REMOVE

    async def main():
        seen = Collected()
        source = Source()
        source.seen = seen
        source.attach(GLib.MainContext.default())
        await nest_in_task(lambda: NESTS["g_main_loop_run"](seen))
        await check(seen)

    support.run_in_main_loop(main())


def test_exception_in_a_callback(capfd):
    """The host reports it; the step is as before."""

    async def main():
        seen = Collected()

        def callback():
            by_idle(seen)
            raise RuntimeError("the callback's")

        GLib.idle_add(callback)
        await nest_in_task(lambda: NESTS["g_main_loop_run"](seen))
        await check(seen)

    # PyGObject prints it.
    support.run_in_main_loop(main())
    error = capfd.readouterr().err
    assert "the callback's" in error
    assert "the step's" not in error


@pytest.mark.parametrize("nest", ["MainLoop.run", "g_main_loop_run"])
def test_other_threads_meanwhile(nest):
    """They recurse, and run loops of their own, as if there were no nested loop."""

    def recurse(depth):
        return depth if depth == 0 else 1 + recurse(depth - 1)

    def deep(results, over):
        limit = sys.getrecursionlimit()
        results.append(recurse(limit - 200))
        results.append(asyncio.run(child()))
        GLib.idle_add(over.append, True)

    async def child():
        task = asyncio.current_task()
        await asyncio.sleep(0.001)
        return asyncio.current_task() is task

    async def main():
        seen, results, over = [], [], Collected()
        thread = threading.Thread(target=deep, args=(results, over))

        def started():
            thread.start()
            return GLib.SOURCE_REMOVE

        def timeout():
            look(seen)
            return not over

        GLib.idle_add(started)
        GLib.timeout_add(1, timeout)
        await nest_in_task(lambda: NESTS[nest](over))
        thread.join()
        assert results == [sys.getrecursionlimit() - 200, True]
        await check(seen)

    support.run_in_main_loop(main())


def test_very_deep_recursion_on_another_thread():
    """Python's own calls don't use the C stack, during a nested main loop neither."""

    def recurse(depth):
        return depth if depth == 0 else 1 + recurse(depth - 1)

    async def main():
        over, results = Collected(), []

        def work():
            results.append(recurse(50_000))
            GLib.idle_add(over.append, True)

        thread = threading.Thread(target=work)
        GLib.idle_add(lambda: thread.start() or False)
        await nest_in_task(lambda: NESTS["g_main_loop_run"](over))
        thread.join()
        assert results == [50_000]

        seen = Collected()
        by_idle(seen)
        await nest_in_task(lambda: NESTS["g_main_loop_run"](seen))
        await check(seen)

    limit = sys.getrecursionlimit()
    sys.setrecursionlimit(60_000)
    try:
        support.run_in_main_loop(main())
    finally:
        sys.setrecursionlimit(limit)


def test_two_threads_nest_at_the_same_time():
    barrier = threading.Barrier(2)

    def work(errors):
        context = GLib.MainContext()
        context.push_thread_default()
        variable.set("the host's")

        async def main():
            for _ in range(20):
                seen = Collected()
                source = GLib.Idle()
                source.set_callback(lambda *_, seen=seen: look(seen))
                source.attach(context)
                barrier.wait(support.PATIENCE)

                def nest(seen=seen):
                    while not seen:
                        context.iteration(True)

                await nest_in_task(nest)
                await check(seen)

        try:
            AioGuest.run(main(), main_context=context, debug=False)
        except BaseException as error:
            errors.append(error)
        finally:
            context.pop_thread_default()

    errors = []
    threads = [threading.Thread(target=work, args=(errors,)) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []


def test_signal_handler_of_python_in_a_callback():
    """It is run inside the callback, and sees what that does."""
    async def main():
        seen = Collected()

        def callback():
            look(seen)
            signal.raise_signal(signal.SIGINT)
            return GLib.SOURCE_REMOVE

        def interrupt(signum, frame):
            look(seen)

        before = signal.signal(signal.SIGINT, interrupt)
        try:
            GLib.idle_add(callback)
            await nest_in_task(lambda: NESTS["MainLoop.run"](seen))
        finally:
            signal.signal(signal.SIGINT, before)
        assert len(seen) == 2
        await check(seen)

    support.run_in_main_loop(main())


# When a step can't be suspended.


@pytest.mark.skipif(
    sys.version_info < (3, 14), reason="asyncio lets any loop take a task off"
)
def test_step_that_cannot_be_suspended(monkeypatch):
    """The callback runs as part of it; all is as it was."""
    told = []
    monkeypatch.setattr(
        sys, "unraisablehook", lambda problem: told.append(problem.exc_type)
    )

    async def main():
        loop = asyncio.get_running_loop()
        task = asyncio.current_task()
        variable.set("the step's")
        seen = Collected()

        def callback():
            asyncio._set_running_loop(loop)
            seen.append((asyncio.current_task(), variable.get(), sys.exc_info()[1]))

        # Before the loop itself is to go on.
        GLib.idle_add(callback, priority=GLib.PRIORITY_HIGH)
        try:
            raise KeyError("the step's")
        except KeyError as error:
            # Another loop's tasks are not to be taken off.
            asyncio._set_running_loop(None)
            NESTS["g_main_context_iteration"](seen)
            assert seen == [(task, "the step's", error)]
            assert asyncio.current_task() is task
            assert sys.exc_info()[1] is error
        await asyncio.sleep(0)
        assert asyncio.current_task() is task

    support.run_in_main_loop(main())
    assert told == [RuntimeError]
