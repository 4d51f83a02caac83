# SPDX-FileCopyrightText: 2026 The AioGuest authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Tasks that end with an object: spawn(until=) and handler(until=)."""

import asyncio
import gc
import threading
import weakref

import pytest
from gi.repository import AioGuest, GObject

import support


class Emitter(GObject.Object):
    @GObject.Signal
    def gone(self):
        pass

    @GObject.Signal(flags=GObject.SignalFlags.DETAILED)
    def detailed(self):
        pass


def is_connected(emitter, name="gone"):
    signal = GObject.signal_lookup(name, Emitter)
    return GObject.signal_handler_find(emitter, GObject.SignalMatchType.ID, signal, 0, None, 0, 0) != 0


def running(main):
    """Run *main* with an emitter."""
    async def around():
        return await main(Emitter())

    return support.run_owning(around())


async def cleaning(events):
    """Go on for ever, with a clean-up of several steps."""
    try:
        events.append("begun")
        await asyncio.Event().wait()
    finally:
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        events.append("cleaned up")


# spawn()


@pytest.mark.parametrize("eager", [False, True])
def test_signal_cancels(eager):
    events = []

    async def main(emitter):
        task = AioGuest.spawn(cleaning(events), eager=eager, until=(emitter, "gone"))
        await asyncio.sleep(0)
        emitter.emit("gone")
        # Once: the clean-up is not cut.
        emitter.emit("gone")
        with pytest.raises(asyncio.CancelledError):
            await task
        assert not is_connected(emitter)

    running(main)
    assert events == ["begun", "cleaned up"]


def test_signal_with_a_detail():
    async def main(emitter):
        task = AioGuest.spawn(cleaning([]), until=(emitter, "detailed::one"))
        emitter.emit("detailed::other")
        await asyncio.sleep(0)
        assert task.cancelling() == 0
        emitter.emit("detailed::one")
        assert task.cancelling() == 1

    running(main)


def test_signal_in_the_first_step():
    events = []

    async def main(emitter):
        async def work():
            emitter.emit("gone")
            await cleaning(events)

        task = AioGuest.spawn(work(), eager=True, until=(emitter, "gone"))
        with pytest.raises(asyncio.CancelledError):
            await task
        assert not is_connected(emitter)

    running(main)
    assert events == ["begun", "cleaned up"]


def test_signal_of_another_thread():
    async def main(emitter):
        task = AioGuest.spawn(cleaning([]), until=(emitter, "gone"))
        await asyncio.sleep(0)
        await asyncio.to_thread(emitter.emit, "gone")
        with pytest.raises(asyncio.CancelledError):
            await task

    running(main)


@pytest.mark.parametrize("eager", [False, True])
def test_finalization_cancels(eager):
    """The binding does not keep the object alive."""
    events = []

    async def main(emitter):
        short = Emitter()
        task = AioGuest.spawn(cleaning(events), eager=eager, until=(short, "gone"))
        await asyncio.sleep(0)
        reference = weakref.ref(short)
        del short
        gc.collect()
        assert reference() is None
        with pytest.raises(asyncio.CancelledError):
            await task

    running(main)
    assert events == ["begun", "cleaned up"]


@pytest.mark.parametrize("eager", [False, True])
@pytest.mark.parametrize("awaits", [0, 1])
def test_nothing_is_left_after_the_task(eager, awaits):
    async def main(emitter):
        async def work():
            for _ in range(awaits):
                await asyncio.sleep(0)

        task = AioGuest.spawn(work(), eager=eager, until=(emitter, "gone"))
        assert is_connected(emitter) == (not task.done())
        await task
        await asyncio.sleep(0)
        assert not is_connected(emitter)
        emitter.emit("gone")
        reference = weakref.ref(task)
        del task
        # Without a collection: there is no cycle.
        assert reference() is None

    gc.disable()
    try:
        running(main)
    finally:
        gc.enable()


def test_nothing_is_left_after_the_run():
    emitter = Emitter()
    events = []

    async def main():
        AioGuest.spawn(cleaning(events), until=(emitter, "gone"))
        await asyncio.sleep(0)

    support.run_owning(main())
    assert events == ["begun", "cleaned up"]
    assert not is_connected(emitter)


@pytest.mark.parametrize("until", ["gone", (None, "gone"), (1,), ("gone", Emitter()), (Emitter(), "gone", 1)])
def test_until_is_something_else(until):
    async def main(emitter):
        with pytest.raises(TypeError, match="until must be a tuple of a GObject and the name of one of its signals"):
            AioGuest.spawn(cleaning([]), until=until)

    running(main)


def test_no_such_signal():
    async def main(emitter):
        with pytest.raises(TypeError, match="nothing"):
            AioGuest.spawn(cleaning([]), until=(emitter, "nothing"))

    running(main)


def test_without_a_run():
    emitter = Emitter()
    with pytest.raises(RuntimeError, match="no guest run is going on"):
        AioGuest.spawn(cleaning([]), until=(emitter, "gone"))
    assert not is_connected(emitter)


def test_factory_that_raises():
    async def main(emitter):
        def factory(loop, coro, **options):
            raise ZeroDivisionError

        loop = asyncio.get_running_loop()
        loop.set_task_factory(factory)
        try:
            with pytest.raises(ZeroDivisionError):
                AioGuest.spawn(cleaning([]), until=(emitter, "gone"))
        finally:
            loop.set_task_factory(None)
        assert not is_connected(emitter)

    running(main)


# handler()


class Page(Emitter):
    def __init__(self):
        super().__init__()
        self.events = []

    @AioGuest.handler(until="gone")
    async def work(self):
        await cleaning(self.events)


def test_handler_of_an_object_that_goes():
    async def main(emitter):
        first, second = Page(), Page()
        first.work()
        second.work()
        (task,) = first.work.tasks()
        first.emit("gone")
        await asyncio.wait([task])
        assert task.cancelled()
        assert first.events == ["begun", "cleaned up"]
        assert second.events == ["begun"]
        assert second.work.is_running()
        assert not is_connected(first)

    running(main)


def test_handler_without_an_object():
    @AioGuest.handler(until="gone")
    async def work(*args):
        pass

    async def main(emitter):
        for args, found in [((), "nothing"), ((1,), "1")]:
            with pytest.raises(TypeError, match=f"must be a GObject, not {found}"):
                work(*args)

    running(main)


def test_handler_until_another_object_goes():
    events = []

    async def main(emitter):
        @AioGuest.handler(until=(emitter, "gone"))
        async def work():
            await cleaning(events)

        work()
        (task,) = work.tasks()
        emitter.emit("gone")
        await asyncio.wait([task])
        assert task.cancelled()

    running(main)
    assert events == ["begun", "cleaned up"]


def test_handler_until_an_object_that_has_gone():
    """It is cancelled before its first step, though that would be eager."""
    events = []

    async def main(emitter):
        other = Emitter()

        @AioGuest.handler(until=(other, "gone"))
        async def work():
            await cleaning(events)

        reference = weakref.ref(other)
        del other
        gc.collect()
        assert reference() is None
        work()
        (task,) = work.tasks()
        await asyncio.wait([task])
        assert task.cancelled()

    running(main)
    assert events == []


@pytest.mark.parametrize("while_running", ["queue", "restart"])
def test_call_that_waits_for_its_turn(while_running):
    """It does not begin when the signal came meanwhile: its window is closed."""
    events = []

    async def main(emitter):
        @AioGuest.handler(until="gone", while_running=while_running)
        async def work(emitter, name):
            events.append(name)
            await cleaning(events)

        work(emitter, "first")
        work(emitter, "second")
        (task,) = work.tasks()
        emitter.emit("gone")
        assert not is_connected(emitter)
        await asyncio.wait([task])
        assert not work.is_running()
        work(emitter, "third")
        assert work.is_running()

    running(main)
    assert events[:4] == ["first", "begun", "cleaned up", "third"]


@pytest.mark.parametrize("while_running", ["drop", "queue", "restart"])
def test_calls_that_never_begin_leave_nothing_connected(while_running):
    async def main(emitter):
        @AioGuest.handler(until=(emitter, "gone"), while_running=while_running)
        async def work(obj):
            await asyncio.Event().wait()

        obj = Emitter()
        for _ in range(3):
            work(obj)
        tasks = work.tasks()
        work.cancel(obj)
        await asyncio.wait(tasks)
        assert not is_connected(emitter)
        with pytest.raises(TypeError):
            work(obj, "one too many")
        assert not is_connected(emitter)

    running(main)


def test_handler_until_something_else():
    with pytest.raises(TypeError, match="until must be a tuple"):
        AioGuest.handler(until=5)


def test_emission_while_the_task_is_made():
    """By another thread: at any moment the task is cancelled, or was done before."""
    async def main(emitter):
        async def work():
            await asyncio.sleep(0.001)

        for _ in range(100):
            thread = threading.Thread(target=emitter.emit, args=["gone"])
            thread.start()
            task = AioGuest.spawn(work(), until=(emitter, "gone"))
            await asyncio.wait([task])
            thread.join()
        assert not is_connected(emitter)

    running(main)
