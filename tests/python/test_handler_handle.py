# SPDX-FileCopyrightText: 2026 The AioGuest authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""What a handler can be asked and told: cancel(), is_running(), tasks()."""

import asyncio
import functools
import gc
import inspect
import weakref

import pytest
from gi.repository import AioGuest, GObject

import support

POLICIES = ["run", "drop", "queue", "restart"]


class Emitter(GObject.Object):
    @GObject.Signal
    def emitted(self):
        pass


def waiting(events, **options):
    """A handler that goes on until it is cancelled, with a clean-up of several steps."""
    @AioGuest.handler(**options)
    async def work(*args):
        events.append("begun")
        try:
            await asyncio.Event().wait()
        finally:
            await asyncio.sleep(0)
            await asyncio.sleep(0)
            events.append("cleaned up")

    return work


async def settled(tasks):
    await asyncio.wait(tasks)
    return [task.cancelled() for task in tasks]


@pytest.mark.parametrize("eager", [False, True])
@pytest.mark.parametrize("policy", POLICIES)
def test_cancel(policy, eager):
    events = []

    async def main():
        work = waiting(events, while_running=policy, eager=eager)
        assert not work.is_running() and work.tasks() == []
        work.cancel()
        work("a")
        await asyncio.sleep(0)
        work("a")
        tasks = work.tasks("a")
        assert len(tasks) == (2 if policy == "run" else 1)
        assert work.is_running("a") and work.is_running() and not work.is_running("b")
        await asyncio.sleep(0)
        work.cancel("b")
        assert not any(task.cancelling() for task in tasks) or policy == "restart"
        work.cancel("a")
        # Once: the clean-up is not cut.
        work.cancel()
        assert all(await settled(tasks))
        await asyncio.sleep(0)
        assert not work.is_running() and work.tasks() == []

    support.run_owning(main())
    # What waited for its turn was dropped.
    count = 2 if policy == "run" else 1
    assert sorted(events) == ["begun"] * count + ["cleaned up"] * count


def test_cancel_beside_what_is_cancelled():
    """A call that begins while others clean up does not have them cancelled again."""
    events = []

    async def main():
        work = waiting(events, while_running="run")
        work()
        (first,) = work.tasks()
        work.cancel()
        await asyncio.sleep(0)
        work()
        work.cancel()
        assert first.cancelling() == 1
        assert all(await settled(work.tasks()))

    support.run_owning(main())
    assert events.count("cleaned up") == 2


def test_cancel_in_the_first_step():
    events = []

    async def main():
        @AioGuest.handler
        async def work():
            assert work.is_running()
            work.cancel()
            events.append("goes on to its first await")
            try:
                await asyncio.sleep(0)
            except asyncio.CancelledError:
                events.append("cancelled")
                raise

        work()
        await settled(work.tasks())

    support.run_owning(main())
    assert events == ["goes on to its first await", "cancelled"]


def test_only_those_of_an_object():
    async def main():
        work = waiting([])
        first, second = Emitter(), Emitter()
        for emitter in (first, second):
            emitter.connect("emitted", work)
            emitter.emit("emitted")
        (ends,), (goes_on,) = work.tasks(first), work.tasks(second)
        assert set(work.tasks()) == {ends, goes_on}
        work.cancel(first)
        assert await settled([ends]) == [True]
        assert not goes_on.done()

    support.run_owning(main())


# As a method


class Page(Emitter):
    def __init__(self):
        super().__init__()
        self.events = []

    @AioGuest.handler
    async def work(self, *args):
        """It works."""
        self.events.append(args)
        await asyncio.Event().wait()


def test_method():
    async def main():
        first, second = Page(), Page()
        first.work(1)
        second.work(2)
        (task,) = first.work.tasks()
        assert first.work.is_running()
        first.work.cancel()
        assert await settled([task]) == [True]
        assert second.work.is_running() and not first.work.is_running()
        # On the class it takes the object.
        assert Page.work.tasks(second) == second.work.tasks()
        Page.work.cancel(second)
        await settled(Page.work.tasks())

    support.run_owning(main())


def test_method_is_like_a_method():
    page = Page()
    assert page.work == page.work and hash(page.work) == hash(page.work)
    assert page.work != Page().work and page.work != 5
    assert {page.work: 1}[page.work] == 1
    assert page.work.__self__ is page and page.work.__func__ is Page.work
    assert (page.work.__name__, page.work.__qualname__) == ("work", "Page.work")
    assert page.work.__doc__ == Page.work.__doc__ == "It works."
    assert not inspect.iscoroutinefunction(page.work)
    assert "work" in repr(page.work) and "Page" in repr(page.work)
    reference = weakref.WeakMethod(page.work)
    assert reference() == page.work


def test_method_can_be_disconnected():
    async def main():
        page = Page()
        page.connect("emitted", page.work)
        page.emit("emitted")
        page.disconnect_by_func(page.work)
        page.emit("emitted")
        return len(page.work.tasks())

    assert support.run_owning(main()) == 1


def test_method_keeps_nothing():
    async def main():
        page = Page()
        page.work()
        tasks = page.work.tasks()
        page.work.cancel()
        await settled(tasks)
        await asyncio.sleep(0)
        return weakref.ref(page)

    reference = support.run_owning(main())
    gc.collect()
    assert reference() is None


def test_names_of_a_function_without_a_name():
    async def work(text):
        pass

    handler = AioGuest.handler(functools.partial(work, "a"))
    assert repr(handler) == "<AioGuest.handler work>"
