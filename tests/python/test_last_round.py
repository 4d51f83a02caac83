# SPDX-FileCopyrightText: 2026 The AioGuest authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""What is begun after a run's last look at its tasks is brought to its end, too."""

import asyncio
import contextlib
import contextvars
import gc
import weakref

import pytest
from gi.repository import AioGuest, GLib

LOOPS = [AioGuest.EventLoop, asyncio.SelectorEventLoop]


@pytest.fixture(params=LOOPS, ids=lambda kind: kind.__module__.partition(".")[0])
def end(request, run, errors, capfd):
    """Run a main task that ends at once, and a function in the round that stops the loop, after it
    has been stopped; return what is told meanwhile."""

    def end(function, **options):
        told = []

        class Loop(request.param):
            is_stopped = False

            def stop(self):
                self.is_stopped = True
                super().stop()

            async def shutdown_default_executor(self, *args):
                await super().shutdown_default_executor(*args)
                if told:
                    # Only the first time is there such a round.
                    return
                told.append("round")
                waiter = self.create_future()
                self.call_soon(self.release, waiter)
                await waiter

            def release(self, waiter):
                waiter.set_result(None)
                # After the step of the drain, in each round.
                self.call_soon(self.do_in_last_round)

            def do_in_last_round(self):
                if self.is_stopped:
                    function(told)
                else:
                    self.call_soon(self.do_in_last_round)

        run(asyncio.sleep(0), loop_factory=Loop, **options)
        gc.collect()
        assert errors() == []
        assert capfd.readouterr().err == ""
        return told[1:]

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


def outlive_session():
    """It ends in a nested main loop, and the step around that goes on."""
    with pytest.raises(RuntimeError, match="the guest run ended while"):
        AioGuest.wait(asyncio.get_running_loop().create_future())


def test_task_after_the_session(end):
    def nest(told):
        outlive_session()
        begin(told)

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
