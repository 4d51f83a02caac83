# SPDX-FileCopyrightText: 2026 The AioGuest authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""What is begun after a run's last look at its tasks is brought to its end, too."""

import asyncio
import contextlib
import contextvars
import gc
import warnings
import weakref

import pytest
from gi.repository import AioGuest, GLib

import support
from late import make_late_loop
from program import run_program

pytestmark = pytest.mark.every_host

LOOPS = [AioGuest.EventLoop, asyncio.SelectorEventLoop]


@pytest.fixture(params=LOOPS, ids=lambda kind: kind.__module__.partition(".")[0])
def end(request, run, errors, capfd):
    """Run a main task that ends at once, and a function in the last round; return what is told."""

    def end(function, *, host=run, raises=None, **options):
        told = []
        kind = make_late_loop(request.param, lambda loop: function(told))
        with contextlib.nullcontext() if raises is None else pytest.raises(raises):
            host(asyncio.sleep(0), loop_factory=kind, **options)
        gc.collect()
        assert errors() == []
        assert capfd.readouterr().err == ""
        return told

    return end


async def clean_up(told):
    told.append("begun")
    try:
        await asyncio.sleep(3600)
    finally:
        await asyncio.sleep(0.001)
        told.append("cleaned up")


def begin(told):
    """A task that has begun before anybody can cancel it."""
    return AioGuest.spawn(clean_up(told), eager=True)


def wait(told, awaitable):
    try:
        AioGuest.wait(awaitable)
    except asyncio.CancelledError:
        told.append("cancelled")


def test_task(end):
    assert end(begin) == ["begun", "cleaned up"]


def test_task_that_has_not_begun(end):
    def create(told):
        asyncio.create_task(clean_up(told))

    # Its first step was asked for before it was cancelled.
    assert end(create) == ["begun", "cleaned up"]


def test_tasks_that_begin_others(end):
    async def chain(told, number):
        try:
            await asyncio.sleep(3600)
        finally:
            told.append(number)
            if number > 0:
                AioGuest.spawn(chain(told, number - 1), eager=True)

    assert end(lambda told: AioGuest.spawn(chain(told, 3), eager=True) and None) == [3, 2, 1, 0]


def test_wait(end):
    def wait_for_task(told):
        wait(told, clean_up(told))

    assert end(wait_for_task) == ["begun", "cleaned up", "cancelled"]


def test_wait_by_the_host(end):
    def nest(told):
        def wait_in_host():
            try:
                wait(told, begin(told))
            finally:
                main_loop.quit()
            return GLib.SOURCE_REMOVE

        main_loop = GLib.MainLoop()
        GLib.idle_add(wait_in_host, priority=GLib.PRIORITY_HIGH)
        main_loop.run()

    assert end(nest) == ["begun", "cleaned up", "cancelled"]


def test_done_callback_of_a_task_that_ends_with_the_main_task(run):
    """In the round of the drain's first step, as late as asyncio.run() knows any."""
    told = []

    async def last(rounds):
        for _ in range(rounds):
            await asyncio.sleep(0)

    async def main():
        for rounds in range(6):
            AioGuest.spawn(last(rounds)).add_done_callback(lambda _: told.append("done"))

    run(main())
    assert told == ["done"] * 6


@pytest.mark.parametrize("rounds", range(4))
def test_done_callback_of_a_task_of_the_last_round(end, rounds):
    def create(told):
        async def rest():
            for _ in range(rounds):
                with contextlib.suppress(asyncio.CancelledError):
                    await asyncio.sleep(0)

        AioGuest.spawn(rest()).add_done_callback(lambda task: told.append("done"))

    assert end(create) == ["done"]


def test_task_that_was_given_up_is_let_go(run):
    loops = []

    async def stay():
        while True:
            with contextlib.suppress(asyncio.CancelledError):
                await asyncio.sleep(3600)

    async def main():
        loops.append(weakref.ref(asyncio.get_running_loop()))
        AioGuest.spawn(stay())
        await asyncio.sleep(0)

    with pytest.warns(ResourceWarning, match="did not end within 0.01 seconds"):
        run(main(), shutdown_timeout=0.01)
    gc.collect()
    assert loops[0]() is None


def run_until_context_is_gone(coro, **options):
    """Nobody iterates the main context, and its owner lets go of it."""
    context = GLib.MainContext()
    ended = []
    support.start(coro, main_context=context, done_callback=ended.append, **options)
    with pytest.warns(ResourceWarning, match="the main context"):
        del context
    assert len(ended) == 1


def test_task_without_a_host(end):
    assert end(begin, host=run_until_context_is_gone) == ["begun", "cleaned up"]


def outlive_session():
    """It ends in a nested main loop, and the step around that goes on."""
    with pytest.raises(RuntimeError, match="the guest run ended while"):
        AioGuest.wait(asyncio.get_running_loop().create_future())


def test_task_after_the_session(end):
    def nest(told):
        outlive_session()
        begin(told)

    assert end(nest) == ["begun", "cleaned up"]


def test_handler_after_the_session(end):
    """The run is draining: the second call is not begun when the first has ended."""

    def nest(told):
        @AioGuest.handler(while_running="queue")
        async def handle():
            try:
                await clean_up(told)
            finally:
                assert "draining" in AioGuest.describe()

        outlive_session()
        handle()
        handle()

    assert end(nest) == ["begun", "cleaned up"]


def test_host_goes_on_beside_a_task_after_the_session(end):
    """A nested main loop of its step is a nested one still."""
    context = contextvars.ContextVar("context", default="host's")

    async def nest_again(told):
        context.set("task's")
        before = len(told)
        GLib.idle_add(lambda: told.append((context.get(), asyncio.current_task())))
        while len(told) == before:
            GLib.MainContext.default().iteration(True)

    def nest(told):
        outlive_session()
        asyncio.create_task(nest_again(told))

    assert end(nest) == [("host's", None)]


def test_wait_after_the_session(end):
    def nest(told):
        outlive_session()
        with pytest.raises(RuntimeError, match="the guest run ended while"):
            AioGuest.wait(clean_up(told))

    assert end(nest) == ["begun", "cleaned up"]


def test_task_that_begins_another_for_ever(end):
    """Within the time that the drain has."""

    async def go_on():
        try:
            await asyncio.sleep(3600)
        finally:
            # The last one is destroyed, when the run is over.
            with contextlib.suppress(RuntimeError):
                AioGuest.spawn(go_on())

    def begin_for_ever(told):
        AioGuest.spawn(go_on(), eager=True)

    with pytest.warns(ResourceWarning, match="which did not end within 0.05 seconds"):
        end(begin_for_ever, shutdown_timeout=0.05)


@pytest.mark.parametrize("error", [SystemExit, KeyboardInterrupt])
@pytest.mark.parametrize("who", ["callback", "task"])
def test_task_beside_an_exception_that_ends_programs(end, error, who):
    """It is drained as after one of an earlier round."""

    async def fail():
        raise error

    def begin_and_fail(told):
        begin(told)
        if who == "callback":
            raise error
        asyncio.create_task(fail())

    told = end(begin_and_fail, host=support.run_owning, raises=error)
    assert told == ["begun", "cleaned up"]


def test_callback_that_asks_for_itself_is_not_waited_for(run):
    """Also one that is given a future."""

    def again(future):
        asyncio.get_running_loop().call_soon(again, future)

    async def main():
        again(asyncio.get_running_loop().create_future())

    run(main(), shutdown_timeout=None)


def test_done_callbacks_for_ever_are_not_waited_for(run):
    def again(_):
        future = asyncio.get_running_loop().create_future()
        future.add_done_callback(again)
        future.set_result(None)

    async def main():
        again(None)

    run(main(), shutdown_timeout=None)


@pytest.mark.parametrize("who", ["factory", "loop"])
def test_tasks_refused_at_the_end(who):
    """The exception is raised, as by asyncio.run(); what has begun is cleaned up all the same."""
    cleaned = []

    def refuse(*args, **options):
        raise OSError("refused")

    async def other():
        try:
            await asyncio.Event().wait()
        finally:
            cleaned.append(True)

    async def main():
        loop = asyncio.get_running_loop()
        task = asyncio.create_task(other())
        await asyncio.sleep(0)
        if who == "factory":
            loop.set_task_factory(refuse)
        else:
            loop.create_task = refuse
        return task

    with warnings.catch_warnings():
        # asyncio's own coroutines, which are refused, too.
        warnings.simplefilter("ignore", RuntimeWarning)
        with pytest.raises(OSError, match="refused"):
            support.run_owning(main(), shutdown_timeout=None)
    assert cleaned == [True]


def test_spawn_of_another_loop_while_tasks_are_let_go():
    """As by another thread."""
    other = asyncio.new_event_loop()
    begun = []

    class Task(asyncio.Task):
        is_looked_at = False

        def get_loop(self):
            if self.is_looked_at and not begun:
                begun.append(other.run_until_complete(spawn()))
            return super().get_loop()

    async def spawn():
        return AioGuest.spawn(asyncio.Event().wait())

    async def stay():
        while True:
            with contextlib.suppress(asyncio.CancelledError):
                await asyncio.sleep(3600)

    class Loop(AioGuest.EventLoop):
        def close(self):
            Task.is_looked_at = True
            super().close()

    async def main():
        loop = asyncio.get_running_loop()
        loop.set_task_factory(lambda loop, coro, **options: Task(coro, loop=loop, **options))
        AioGuest.spawn(stay())
        AioGuest.spawn(stay())
        await asyncio.sleep(0)

    with pytest.warns(ResourceWarning, match="did not end within 0.01 seconds"):
        support.run_owning(main(), loop_factory=Loop, shutdown_timeout=0.01)
    assert len(begun) == 1
    begun[0].cancel()
    other.run_until_complete(asyncio.wait(begun))
    other.close()


ENDED = "the guest run ended while AioGuest.wait() was waiting"


def test_ctrl_c_in_a_task_after_the_session():
    """It ends the drain, as ever; the task is left."""
    status, lines, errors = run_program("last_round.py", "interrupt")
    assert (status, lines) == (0, [ENDED, "KeyboardInterrupt"])
    assert errors.count("Task was destroyed but it is pending!") == 1


def test_fork_in_a_task_after_the_session():
    status, lines, errors = run_program("last_round.py", "fork")
    assert (status, lines) == (0, [ENDED, "cleaned up", "returned"])
    assert "came back to the event loop" in errors.splitlines()[-1]


def test_sys_exit_in_a_nested_loop_after_the_session():
    status, lines, errors = run_program("last_round.py", "exit")
    assert (status, lines) == (7, [ENDED, "cleaned up"])
    assert errors.count("ResourceWarning") == errors.count("Warning") == 1
    assert "still going on when the interpreter exited" in errors
