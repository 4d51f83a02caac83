# SPDX-FileCopyrightText: 2026 The AioGuest authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""AioGuest.signals and wait_signal(): awaiting the emissions of signals."""

import asyncio
import gc
import threading
import warnings
import weakref

import pytest
from gi.repository import AioGuest, GLib, GObject

import support


class Emitter(GObject.Object):
    title = GObject.Property(type=str, default="")
    other = GObject.Property(type=int, default=0)

    @GObject.Signal(arg_types=(int,))
    def numbered(self, number):
        pass

    @GObject.Signal(arg_types=(int, str))
    def paired(self, number, text):
        pass

    @GObject.Signal(
        return_type=bool, arg_types=(int,), accumulator=GObject.signal_accumulator_true_handled
    )
    def asked(self, number):
        pass


def handlers(emitter, name):
    """How many handlers are connected."""
    signal = GObject.signal_lookup(name.partition("::")[0], Emitter)
    count = 0
    blocked = []
    while number := GObject.signal_handler_find(
        emitter, GObject.SignalMatchType.ID | GObject.SignalMatchType.UNBLOCKED,
        signal, 0, None, 0, 0,
    ):
        emitter.handler_block(number)
        blocked.append(number)
        count += 1
    for number in blocked:
        emitter.handler_unblock(number)
    return count


async def in_host(function, *args):
    """Call a function from a callback of the host."""
    over = asyncio.get_running_loop().create_future()
    GLib.idle_add(lambda: over.set_result(function(*args)))
    return await over


def emit_later(emitter, *args):
    GLib.timeout_add(2, lambda: emitter.emit(*args) and None)


async def on_thread(function, *args):
    """Call a function on a thread that the loop knows nothing of."""
    loop = asyncio.get_running_loop()
    over = asyncio.Event()

    def run():
        try:
            function(*args)
        finally:
            loop.call_soon_threadsafe(over.set)

    thread = threading.Thread(target=run)
    thread.start()
    await over.wait()
    thread.join()


# One emission.


def test_wait_signal(run):
    async def main():
        emitter = Emitter()
        emit_later(emitter, "paired", 1, "one")
        result = await AioGuest.wait_signal(emitter, "paired")
        assert handlers(emitter, "paired") == 0
        return result

    assert run(main()) == (1, "one")


def test_wait_signal_with_a_detail(run):
    async def main():
        emitter = Emitter()
        emitter.other = 1

        def change():
            emitter.other = 2
            emitter.title = "title"

        GLib.timeout_add(2, change)
        (pspec,) = await AioGuest.wait_signal(emitter, "notify::title")
        assert handlers(emitter, "notify") == 0
        return pspec.name, emitter.other

    assert run(main()) == ("title", 2)


def test_wait_signal_times_out(run):
    async def main():
        emitter = Emitter()
        with pytest.raises(TimeoutError):
            await AioGuest.wait_signal(emitter, "numbered", 0.005)
        return handlers(emitter, "numbered")

    assert run(main()) == 0


def test_wait_signal_is_cancelled(run):
    async def main():
        emitter = Emitter()
        task = asyncio.create_task(AioGuest.wait_signal(emitter, "numbered"))
        await asyncio.sleep(0.001)
        assert handlers(emitter, "numbered") == 1
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        return handlers(emitter, "numbered")

    assert run(main()) == 0


@pytest.mark.parametrize("timeout", [None, 1])
def test_wait_signal_outside_any_running_loop(timeout):
    """That is all there is to say: not also that some coroutine of its own was never awaited."""
    emitter = Emitter()
    coro = AioGuest.wait_signal(emitter, "numbered", timeout)
    with warnings.catch_warnings(record=True) as warned:
        warnings.simplefilter("always")
        with pytest.raises(RuntimeError, match="no running event loop"):
            coro.send(None)
        gc.collect()
    assert [str(warning.message) for warning in warned] == []
    assert handlers(emitter, "numbered") == 0


def test_wait_signal_returns_a_value_to_the_emission(run):
    async def main():
        emitter = Emitter()
        task = asyncio.create_task(AioGuest.wait_signal(emitter, "asked", returns=True))
        await asyncio.sleep(0.001)
        assert await in_host(emitter.emit, "asked", 5) is True
        return await task

    assert run(main()) == (5,)


def test_wait_signal_takes_the_first(run):
    async def main():
        emitter = Emitter()
        task = asyncio.create_task(AioGuest.wait_signal(emitter, "numbered"))
        await asyncio.sleep(0.001)
        for number in range(3):
            emitter.emit("numbered", number)
        return await task

    assert run(main()) == (0,)


# Many.


def test_iteration(run):
    numbers = []

    async def main():
        emitter = Emitter()

        async def emits():
            for number in range(5):
                await in_host(emitter.emit, "numbered", number)

        task = asyncio.create_task(emits())
        async with AioGuest.signals(emitter, "numbered") as emissions:
            async for (number,) in emissions:
                numbers.append(number)
                if number == 4:
                    break
        await task
        return handlers(emitter, "numbered")

    assert run(main()) == 0
    assert numbers == [0, 1, 2, 3, 4]


def test_nothing_is_missed_between_items(run):
    """Connected from the beginning, not only while somebody waits."""
    async def main():
        emitter = Emitter()
        emissions = AioGuest.signals(emitter, "numbered")
        for number in range(10):
            emitter.emit("numbered", number)
        numbers = [(await anext(emissions))[0] for _ in range(10)]
        await emissions.aclose()
        return numbers

    assert run(main()) == list(range(10))


def test_loop_that_is_left(run):
    async def main():
        emitter = Emitter()
        emit_later(emitter, "numbered", 1)
        async for (number,) in AioGuest.signals(emitter, "numbered"):
            break
        gc.collect()
        return handlers(emitter, "numbered")

    assert run(main()) == 0


def test_loop_that_is_cancelled(run):
    async def main():
        emitter = Emitter()

        async def loops():
            async for (number,) in AioGuest.signals(emitter, "numbered"):
                pass

        task = asyncio.create_task(loops())
        await asyncio.sleep(0.001)
        assert handlers(emitter, "numbered") == 1
        task.cancel()
        await asyncio.wait([task])
        del task
        gc.collect()
        return handlers(emitter, "numbered")

    assert run(main()) == 0


def test_exception_in_the_body(run):
    async def main():
        emitter = Emitter()
        with pytest.raises(LookupError):
            async with AioGuest.signals(emitter, "numbered") as emissions:
                emitter.emit("numbered", 1)
                async for item in emissions:
                    raise LookupError
        return handlers(emitter, "numbered")

    assert run(main()) == 0


def test_emission_that_needs_a_value(run):
    async def main():
        emitter = Emitter()
        answers = []
        is_even = lambda emitter, number: number % 2 == 0  # noqa: E731
        async with AioGuest.signals(emitter, "asked", returns=is_even) as emissions:
            for number in range(4):
                answers.append(await in_host(emitter.emit, "asked", number))
                assert await anext(emissions) == (number,)
        return answers

    assert run(main()) == [True, False, True, False]


# The bound.


@pytest.mark.parametrize("when_full, kept", [
    ("drop-oldest", [7, 8, 9]),
    ("drop-newest", [0, 1, 2]),
    ("raise", [0, 1, 2, "full"]),
])
def test_when_full(run, when_full, kept):
    async def main():
        emitter = Emitter()
        emissions = AioGuest.signals(emitter, "numbered", maxsize=3, when_full=when_full)
        for number in range(10):
            emitter.emit("numbered", number)
        await emissions.aclose()
        items = []
        while True:
            try:
                items.append((await anext(emissions))[0])
            except asyncio.QueueFull:
                items.append("full")
            except StopAsyncIteration:
                return items

    assert run(main()) == kept


def test_goes_on_after_it_was_full(run):
    async def main():
        emitter = Emitter()
        async with AioGuest.signals(
            emitter, "numbered", maxsize=1, when_full="raise"
        ) as emissions:
            emitter.emit("numbered", 0)
            emitter.emit("numbered", 1)
            assert await anext(emissions) == (0,)
            with pytest.raises(asyncio.QueueFull, match="1"):
                await anext(emissions)
            emitter.emit("numbered", 2)
            return await anext(emissions)

    assert run(main()) == (2,)


# The object.


def test_object_is_not_kept_alive(run):
    """Its end is the end of the iteration."""
    async def main():
        emitter = Emitter()
        reference = weakref.ref(emitter)
        emitter.emit("numbered", 1)
        emissions = AioGuest.signals(emitter, "numbered")
        emitter.emit("numbered", 2)
        del emitter
        gc.collect()
        assert reference() is None
        return [item async for item in emissions]

    assert run(main()) == [(2,)]


def test_object_ends_while_somebody_waits(run):
    async def main():
        emitters = [Emitter()]

        async def loops(emissions):
            return [item async for item in emissions]

        task = asyncio.create_task(loops(AioGuest.signals(emitters[0], "numbered")))
        await asyncio.sleep(0.001)
        emitters.clear()
        gc.collect()
        return await task

    assert run(main()) == []


def test_no_cycle_keeps_the_object_after_it_was_closed(run):
    async def main():
        emitter = Emitter()
        async with AioGuest.signals(emitter, "numbered") as emissions:
            emitter.emit("numbered", 1)
            await anext(emissions)
        reference = weakref.ref(emitter)
        gc.collect()
        gc.disable()
        try:
            del emitter
            return reference() is None
        finally:
            gc.enable()

    assert run(main())


def test_object_of_a_wait_signal_that_timed_out(run):
    references = []

    async def main():
        emitter = Emitter()
        references.append(weakref.ref(emitter))
        with pytest.raises(TimeoutError):
            await AioGuest.wait_signal(emitter, "numbered", 0.001)

    run(main())
    gc.collect()
    assert references[0]() is None


# Wrong use.


def test_two_at_once(run):
    async def main():
        emitter = Emitter()
        async with AioGuest.signals(emitter, "numbered") as emissions:
            first = asyncio.create_task(anext(emissions))
            await asyncio.sleep(0.001)
            with pytest.raises(RuntimeError, match="another task"):
                await anext(emissions)
            emitter.emit("numbered", 1)
            return await first

    assert run(main()) == (1,)


@pytest.mark.parametrize("name", ["no-such-signal", "numbered::detail", ""])
def test_no_such_signal(run, name):
    async def main():
        with pytest.raises((TypeError, ValueError)):
            AioGuest.signals(Emitter(), name)

    run(main())


@pytest.mark.parametrize("obj", [None, 5, object()])
def test_no_object(run, obj):
    async def main():
        with pytest.raises(TypeError):
            AioGuest.signals(obj, "notify")

    run(main())


@pytest.mark.parametrize("options", [
    {"maxsize": 0}, {"maxsize": -1}, {"maxsize": "1"}, {"when_full": "block"},
])
def test_wrong_options(run, options):
    async def main():
        emitter = Emitter()
        with pytest.raises(ValueError):
            AioGuest.signals(emitter, "numbered", **options)
        return handlers(emitter, "numbered")

    assert run(main()) == 0


def test_closed_twice(run):
    async def main():
        emissions = AioGuest.signals(Emitter(), "numbered")
        await emissions.aclose()
        await emissions.aclose()
        with pytest.raises(StopAsyncIteration):
            await anext(emissions)

    run(main())


def test_many_iterators_leave_nothing(run):
    async def main():
        emitter = Emitter()
        for number in range(500):
            emit_later(emitter, "numbered", number)
            assert await AioGuest.wait_signal(emitter, "numbered") == (number,)
        return handlers(emitter, "numbered")

    assert support.run_owning(main()) == 0


def test_nothing_is_kept_of_an_iterator_that_is_closed(run):
    """By an object that lives on."""
    emitter = Emitter()

    async def main():
        connections = []
        for _ in range(3):
            async with AioGuest.signals(emitter, "numbered") as iterator:
                connections.append(weakref.ref(iterator._connection))
            del iterator
        gc.collect()
        return [connection() for connection in connections]

    assert run(main()) == [None, None, None]


# Other threads, and the loop's ends.


def test_emission_on_another_thread_wakes_the_loop():
    """In debug mode, in which asyncio refuses what would wake nobody."""
    emitter = Emitter()
    got = []

    async def main():
        emissions = AioGuest.signals(emitter, "numbered")
        # Called once this task waits.
        asyncio.get_running_loop().call_soon(waiting.set)
        got.append(await anext(emissions))
        await emissions.aclose()

    def emit():
        waiting.wait()
        emitter.emit("numbered", 7)

    waiting = threading.Event()
    thread = threading.Thread(target=emit)
    thread.start()
    task = support.start(main(), debug=True)
    support.Rescue().until(lambda: task.done() and asyncio._get_running_loop() is None)
    thread.join()
    assert got == [(7,)]


def test_storm_of_emissions_on_other_threads(run):
    emitter = Emitter()

    def emit(first):
        for number in range(first, first + 200):
            emitter.emit("numbered", number)

    async def main():
        got = []
        async with AioGuest.signals(emitter, "numbered", maxsize=1000) as emissions:
            threads = [
                threading.Thread(target=emit, args=(first,)) for first in (0, 200, 400)
            ]
            for thread in threads:
                thread.start()
            while len(got) < 600:
                got.append((await asyncio.wait_for(anext(emissions), 20))[0])
            for thread in threads:
                thread.join()
        assert sorted(got) == list(range(600))

    run(main())


def test_finalized_on_another_thread(run):
    async def main():
        emitters = [Emitter()]
        emissions = AioGuest.signals(emitters[0], "numbered")
        task = asyncio.create_task(anext(emissions, "over"))
        await asyncio.sleep(0.001)
        await on_thread(emitters.clear)
        return await asyncio.wait_for(task, 20)

    assert run(main()) == "over"


def test_emission_after_the_loop_is_closed():
    emitter = Emitter()
    iterators = []

    async def main():
        iterators.append(AioGuest.signals(emitter, "numbered"))
        # Its waiter stays behind, as of a task that was given up.
        iterators[0]._waiter = asyncio.get_running_loop().create_future()

    support.run_owning(main())
    emitter.emit("numbered", 1)
    assert list(iterators[0]._items) == [(1,)]


@pytest.mark.parametrize("kept", [True, False], ids=["kept", "dropped"])
def test_cancelled_loop_is_disconnected(run, kept):
    """Also if the task is kept, whose exception has the frames with it."""
    emitter = Emitter()

    async def consume():
        async for _ in AioGuest.signals(emitter, "asked", returns=True):
            pass

    async def main():
        task = asyncio.create_task(consume())
        await asyncio.sleep(0.001)
        assert handlers(emitter, "asked") == 1
        task.cancel()
        await asyncio.wait([task])
        if not kept:
            del task
        assert handlers(emitter, "asked") == 0
        assert emitter.emit("asked", 1) is False

    run(main())


@pytest.mark.parametrize("timeout", ["3", True, [1]], ids=str)
def test_wrong_timeout(run, timeout):
    emitter = Emitter()

    async def main():
        with pytest.raises(TypeError, match="timeout must be a number of seconds or None"):
            await AioGuest.wait_signal(emitter, "numbered", timeout)
        assert handlers(emitter, "numbered") == 0

    run(main())


# Conditions.


def test_wait_signal_for_some_emissions(run):
    async def main():
        emitter = Emitter()
        waits = asyncio.create_task(
            AioGuest.wait_signal(emitter, "paired", predicate=lambda number, text: number > 2)
        )
        await asyncio.sleep(0)
        # All in one go: it is looked at in the emission.
        for number in range(1, 5):
            emitter.emit("paired", number, str(number))
        result = await waits
        assert handlers(emitter, "paired") == 0
        return result

    assert run(main()) == (3, "3")


def test_wait_signal_with_a_predicate_that_raises(run):
    async def main():
        emitter = Emitter()
        waits = asyncio.create_task(AioGuest.wait_signal(emitter, "numbered", predicate=lambda number: 1 / number))
        await asyncio.sleep(0)
        emitter.emit("numbered", 0)
        emitter.emit("numbered", 1)
        with pytest.raises(ZeroDivisionError):
            await waits
        assert handlers(emitter, "numbered") == 0

    run(main())


def test_wait_until_something_that_holds_already(run):
    async def main():
        emitter = Emitter(title="a")
        # Without a step of the loop.
        coro = AioGuest.wait_until(emitter, "notify::title", lambda obj: obj.title, timeout=0)
        with pytest.raises(StopIteration) as stop:
            coro.send(None)
        assert handlers(emitter, "notify::title") == 0
        return stop.value.value

    assert run(main()) == "a"


def test_wait_until(run):
    seen = []

    async def main():
        emitter = Emitter()

        def is_long(obj):
            assert obj is emitter
            seen.append(obj.title)
            return len(obj.title) > 1

        def change(title):
            emitter.title = title

        waits = asyncio.create_task(AioGuest.wait_until(emitter, "notify::title", is_long))
        await asyncio.sleep(0)  # its first look
        for title in ("a", "b", "cc"):
            await in_host(change, title)
        assert await waits is True
        assert handlers(emitter, "notify::title") == 0

    run(main())
    assert seen == ["", "a", "b", "cc"]


def test_wait_until_it_is_late(run):
    async def main():
        emitter = Emitter()
        with pytest.raises(TimeoutError):
            await AioGuest.wait_until(emitter, "notify::title", lambda obj: False, timeout=0.01)
        assert handlers(emitter, "notify::title") == 0

    run(main())


def test_wait_until_with_a_predicate_that_raises(run):
    async def main():
        emitter = Emitter()
        with pytest.raises(ZeroDivisionError):
            await AioGuest.wait_until(emitter, "notify::title", lambda obj: 1 / 0)
        assert handlers(emitter, "notify::title") == 0

    run(main())
