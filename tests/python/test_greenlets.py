# SPDX-FileCopyrightText: 2026 The AioGuest authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Synchronous code that awaits by switching greenlets, beside main loops that are nested."""

import asyncio
import gc
import logging
import signal
import threading

import pytest
from gi.repository import AioGuest, GLib, GObject

greenlet = pytest.importorskip("greenlet", reason="the package greenlet is not installed")

from collected import Collected  # noqa: E402
from greenlet_storm import check_storm  # noqa: E402
from nests import NESTS  # noqa: E402
from portal import await_, under  # noqa: E402
from program import run_program  # noqa: E402
from support import HAS_ASAN, in_host  # noqa: E402

pytestmark = pytest.mark.skipif(HAS_ASAN, reason="AddressSanitizer takes copied stacks for overruns")

RAW_NESTS = {name: nest for name, nest in NESTS.items() if name != "wait"}

#: What the message of wait() and the warning say to do.
REMEDY = r"greenback\.await_\(\).*AioGuest\.handler\(\)"


@pytest.fixture(autouse=True)
def warnings(caplog):
    """The warnings that are logged, by their text."""
    caplog.set_level(logging.WARNING, "AioGuest")
    yield lambda: [record.getMessage() for record in caplog.records if record.name == "AioGuest"]
    caplog.clear()


@pytest.fixture(params=RAW_NESTS)
def nest(request):
    return RAW_NESTS[request.param]


async def give(value, rounds=1):
    for _ in range(rounds):
        await asyncio.sleep(0)
    return value


class Host:
    """What the host does beside the loop."""

    call = staticmethod(in_host)

    def see_soon(self):
        """What ends a nested main loop, by the host alone, when everybody has had turns in it."""
        seen = Collected()
        turns = iter(range(5))
        GLib.timeout_add(1, lambda: next(turns, None) is not None or seen.append("host"))
        return seen


@pytest.fixture
def host():
    return Host()


class Suspended:
    """A task whose greenlet is suspended until it is told to go on."""

    def __init__(self):
        self.event = asyncio.Event()
        self.values = Collected()
        self.task = asyncio.create_task(under(self.work), name="suspended")

    def work(self):
        self.values.append(await_(give(1)))
        await_(self.event.wait())
        self.values.append(await_(give(2)))

    async def begin(self):
        await self.values.until()
        await asyncio.sleep(0)
        return self

    async def end(self):
        self.event.set()
        await self.task
        assert self.values == [1, 2]


async def suspended():
    return await Suspended().begin()


# wait()


def test_wait_in_a_greenlet(run):
    """It says what to do instead, and whose greenlet it is; the greenlet goes on."""

    def work():
        with pytest.raises(RuntimeError, match=f"inside a greenlet of .*here-it-is.*{REMEDY}"):
            AioGuest.wait(give(1))
        return await_(give(2))

    async def main():
        return await asyncio.create_task(under(work), name="here-it-is")

    assert run(main()) == 2


def test_wait_beside_a_suspended_greenlet(run, host):
    async def main():
        other = await suspended()
        with pytest.raises(RuntimeError, match=f"greenlet of .*suspended.* was suspended.*{REMEDY}"):
            await host.call(AioGuest.wait, give(1))
        with pytest.raises(RuntimeError, match=REMEDY):
            AioGuest.wait(give(1))
        await other.end()
        assert AioGuest.wait(give(3)) == 3
        return await host.call(AioGuest.wait, give(4))

    assert run(main()) == 4


def test_wait_that_begins_greenlets(run, host):
    """Those that are begun in a nested main loop go on in it, and after it."""

    async def main():
        inner = []

        async def begin():
            inner.append(await suspended())
            return await under(lambda: [await_(give(number)) for number in range(5)])

        assert AioGuest.wait(begin()) == [0, 1, 2, 3, 4]
        await inner[0].end()
        assert await host.call(AioGuest.wait, begin()) == [0, 1, 2, 3, 4]
        await inner[1].end()

    run(main())


def test_wait_inside_one_that_has_begun_greenlets(run, host):
    """What goes on in the outer one is suspended for the inner one."""

    async def main():
        async def begin():
            other = await suspended()
            with pytest.raises(RuntimeError, match=REMEDY):
                AioGuest.wait(give(1))
            with pytest.raises(RuntimeError, match=REMEDY):
                await host.call(AioGuest.wait, give(1))
            await other.end()
            return AioGuest.wait(give(2))

        assert AioGuest.wait(begin()) == 2
        return await host.call(AioGuest.wait, begin())

    assert run(main()) == 2


# Raw main loops


async def watch_steps(steps):
    while True:
        await asyncio.sleep(0)
        steps.append(None)


def count_steps_of(steps, nest, host):
    """How many steps a busy task makes while *nest* iterates the main context."""
    before = len(steps)
    nest(host.see_soon())
    return len(steps) - before


def test_main_loop_in_a_greenlet(run, nest, host, warnings):
    """asyncio rests, the host goes on; afterwards everybody finds what is theirs."""
    steps = []

    def work():
        values = [await_(give(1))]
        for _ in range(2):
            assert count_steps_of(steps, nest, host) == 0
            values.append(await_(give(2)))
        return values

    async def main():
        watcher = asyncio.create_task(watch_steps(steps))
        other = await suspended()
        assert await asyncio.create_task(under(work), name="here-it-is") == [1, 2, 2]
        await other.end()
        await asyncio.sleep(0.001)
        watcher.cancel()

    run(main())
    assert steps
    [warning] = warnings()
    assert "here-it-is" in warning and "greenback.await_()" in warning


def test_main_loop_beside_a_suspended_greenlet(run, nest, host, warnings):
    steps = []

    async def main():
        watcher = asyncio.create_task(watch_steps(steps))
        assert count_steps_of(steps, nest, host) > 0
        other = await suspended()
        assert await host.call(count_steps_of, steps, nest, host) == 0
        assert count_steps_of(steps, nest, host) == 0
        await other.end()
        assert count_steps_of(steps, nest, host) > 0
        assert await host.call(count_steps_of, steps, nest, host) > 0
        watcher.cancel()

    run(main())
    [warning] = warnings()
    assert "suspended" in warning and "AioGuest.handler()" in warning


def test_task_that_is_named(run):
    """The one that awaits in the greenlet, at whatever distance; not one that knows its coroutine."""

    async def generate(function):
        yield await under(function)

    async def iterate(function):
        async for value in generate(function):
            return value

    async def know(coroutine, event):
        await event.wait()
        return coroutine

    async def main():
        event = asyncio.Event()
        coroutine = iterate(lambda: await_(event.wait()))
        task = asyncio.create_task(coroutine, name="here-it-is")
        others = [asyncio.create_task(know(coroutine, event)) for _ in range(50)]
        await asyncio.sleep(0.001)
        with pytest.raises(RuntimeError, match="a greenlet of <Task [^>]*here-it-is"):
            AioGuest.wait(give(1))
        event.set()
        await asyncio.gather(task, *others)

    run(main())


def test_what_comes_meanwhile_is_seen_afterwards(run, nest, host):
    """Timers that become due, calls of other threads, descriptors, tasks that callbacks of the host begin."""

    async def main():
        loop = asyncio.get_running_loop()
        other = await suspended()
        events = {name: asyncio.Event() for name in ("timer", "thread", "signal", "task")}

        def work():
            seen = Collected()

            def in_host():
                thread = threading.Thread(
                    target=loop.call_soon_threadsafe, args=[events["thread"].set]
                )
                thread.start()
                thread.join()
                signal.raise_signal(signal.SIGUSR1)
                AioGuest.spawn(set_event("task"))
                GLib.timeout_add(5, seen.append, None)

            # From here on nothing is between it and the nested main loop.
            loop.call_later(0.001, events["timer"].set)
            GLib.timeout_add(5, in_host)
            nest(seen)
            return [name for name, event in events.items() if event.is_set()]

        async def set_event(name):
            events[name].set()

        loop.add_signal_handler(signal.SIGUSR1, events["signal"].set)
        assert await host.call(work) == []
        for event in events.values():
            await event.wait()
        loop.remove_signal_handler(signal.SIGUSR1)
        await other.end()

    run(main())


@pytest.mark.parametrize("name", [name for name in RAW_NESTS if "with the lock" not in name])
def test_signal_handlers_of_python_run_meanwhile(run, name, host):
    """The host sleeps without the interpreter lock, which the thread needs that sends the signal."""
    seen = Collected()

    async def main():
        other = await suspended()
        before = signal.signal(signal.SIGUSR1, lambda *args: seen.append("signal"))
        threading.Timer(0.005, signal.pthread_kill, [threading.get_ident(), signal.SIGUSR1]).start()
        await host.call(RAW_NESTS[name], seen)
        signal.signal(signal.SIGUSR1, before)
        await other.end()

    run(main())
    assert seen == ["signal"]


def test_nested_main_loop_without_suspended_greenlets_goes_on(run, nest, host, warnings):
    """Also if some are begun in it, and then nest another one."""
    steps = []

    async def main():
        watcher = asyncio.create_task(watch_steps(steps))
        done = Collected()

        async def inside():
            other = await suspended()
            assert await under(lambda: [await_(give(number)) for number in range(5)]) == list(range(5))
            assert await host.call(count_steps_of, steps, nest, host) == 0
            assert count_steps_of(steps, nest, host) == 0
            assert await under(lambda: [await_(give(number)) for number in range(5)]) == list(range(5))
            await other.end()
            done.append(True)

        def begin():
            AioGuest.spawn(inside())
            nest(done)

        begin()
        done.clear()
        await host.call(begin)
        watcher.cancel()

    run(main())
    assert len(warnings()) == 1


def test_greenlet_that_began_between_two_nested_main_loops(run, host):
    """In the same callback of the host, so that nothing else tells that the first one is over."""
    steps = []

    async def main():
        watcher = asyncio.create_task(watch_steps(steps))
        event = asyncio.Event()

        def work():
            counts = []
            for begins in (False, True):
                if begins:
                    AioGuest.spawn(under(lambda: await_(event.wait())), eager=True)
                counts.append(count_steps_of(steps, NESTS["MainContext.iteration"], host))
            return counts

        before, after = await host.call(work)
        assert before > 0 and after == 0
        event.set()
        watcher.cancel()

    run(main())


def test_greenlet_that_began_between_two_main_loops_of_a_tick(run, host):
    """In a step of its own; the second main loop is nested where the first one was on the stack."""
    inside = []
    resumed = []

    def nest():
        inside.append(None)
        for _ in range(5):
            GLib.MainContext.default().iteration(False)
        inside.clear()

    def work():
        for _ in range(20):
            await_(asyncio.sleep(0))
            resumed.extend(inside)

    async def call(function):
        function()

    async def main():
        await call(nest)
        tasks = [asyncio.create_task(under(work)), asyncio.create_task(call(nest))]
        await asyncio.gather(*tasks)

    run(main(), slice_us=60_000_000)
    assert resumed == []


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_await_out_of_a_callback_in_a_nested_main_loop(run, host):
    """That is a mistake, and errors are told of. But the others go on: asyncio does not rest for ever."""
    steps = []

    def work():
        main_loop = GLib.MainLoop()

        def callback():
            try:
                before = len(steps)
                values.append(await_(give(1, 3)))
                assert len(steps) > before
            finally:
                main_loop.quit()

        values = []
        GLib.idle_add(callback)
        main_loop.run()
        return values

    async def main():
        watcher = asyncio.create_task(watch_steps(steps))
        assert await under(work) == [1]
        watcher.cancel()
        assert await host.call(AioGuest.wait, give(2)) == 2

    run(main())


# Which greenlets count


def test_greenlets_that_have_ended_or_not_begun(run):
    async def main():
        keep = greenlet.greenlet(lambda: None), greenlet.greenlet(lambda: None)
        keep[0].switch()
        return AioGuest.wait(give(1))

    assert run(main()) == 1


def test_greenlets_of_other_threads(run):
    event = threading.Event()
    suspended = threading.Event()

    def work():
        home = greenlet.getcurrent()
        child = greenlet.greenlet(home.switch)
        child.switch()
        suspended.set()
        event.wait()
        child.switch()

    async def main():
        thread = threading.Thread(target=work)
        thread.start()
        suspended.wait()
        try:
            return AioGuest.wait(give(1))
        finally:
            event.set()
            thread.join()

    assert run(main()) == 1


def test_greenlet_that_was_dropped(run):
    async def main():
        other = await suspended()
        other.task.cancel()
        await asyncio.wait([other.task])
        del other
        gc.collect()
        return AioGuest.wait(give(1))

    assert run(main()) == 1


def test_run_inside_a_greenlet():
    """Its ticks are in there, and so may its nested main loops be."""

    async def main():
        assert await under(lambda: await_(give(1))) == 1
        return AioGuest.wait(give(2))

    assert greenlet.greenlet(AioGuest.run).switch(main(), debug=False) == 2


# Trace functions of the program's


@pytest.fixture
def traced():
    """A program with a trace function of its own; it is there before and after."""
    switches = []

    def trace(event, pair):
        switches.append(event)

    greenlet.settrace(trace)
    yield switches
    assert greenlet.gettrace() is trace
    greenlet.settrace(None)


def test_trace_function_is_called_as_before(run, traced, host):
    async def main():
        AioGuest.wait(give(1))
        other = await suspended()
        traced.clear()
        with pytest.raises(RuntimeError, match=REMEDY):
            await host.call(AioGuest.wait, give(1))
        await other.end()
        assert traced

    run(main())


def test_trace_function_that_takes_the_place_of_ours(run, host):
    """And does not call it: what begins then is found all the same."""
    steps = []

    async def main():
        watcher = asyncio.create_task(watch_steps(steps))
        AioGuest.wait(give(1))
        greenlet.settrace(lambda event, pair: None)
        other = await suspended()
        assert await host.call(count_steps_of, steps, NESTS["MainLoop.run"], host) == 0
        await other.end()
        assert await host.call(count_steps_of, steps, NESTS["MainLoop.run"], host) > 0
        greenlet.settrace(None)
        watcher.cancel()

    run(main())


def test_no_trace_function_is_left(run):
    async def main():
        AioGuest.wait(give(1))
        await (await suspended()).end()

    run(main())
    assert greenlet.gettrace() is None


# Tasks that begin inside a greenlet


@pytest.mark.parametrize("how", ["spawn", "handler"])
def test_eager_task_begins_at_the_next_turn(run, how):
    """Else what it awaits in a greenlet of its own would be given to the one that it was begun in."""
    told = Collected()

    async def task():
        told.append(await under(lambda: [await_(give("hers", 3)), await_(give("hers too", 3))]))

    def work():
        if how == "spawn":
            AioGuest.spawn(task(), eager=True)
        else:
            AioGuest.handler(task)()
        assert told == []
        return [await_(give("mine", 1)), await_(give("mine too", 9))]

    async def main():
        values = await under(work)
        await told.until()
        return values

    assert run(main()) == ["mine", "mine too"]
    assert told == [["hers", "hers too"]]


# Signal emissions


class Button(GObject.Object):
    __gsignals__ = {"clicked": (GObject.SignalFlags.RUN_LAST, None, ())}
    number = GObject.Property(type=int, default=0)


@pytest.mark.parametrize("depth", [1, 6, 20])
@pytest.mark.parametrize("name", NESTS)
def test_main_loop_in_an_emission(run, host, depth, name):
    """The greenlets would lie where the emissions have their places in GObject's list."""

    async def main():
        watched = Button()
        watched.connect("notify::number", lambda *args: None)

        def work():
            while True:
                await_(asyncio.sleep(0))
                for _ in range(20):
                    watched.number += 1

        def click(left, errors):
            if left > 1:
                emit(left - 1, errors)
                return
            try:
                NESTS[name](host.see_soon())
            except RuntimeError as error:
                errors.append(error)

        def emit(left, errors):
            button = Button()
            button.connect("clicked", lambda button: click(left, errors))
            button.emit("clicked")
            return errors

        task = asyncio.create_task(under(work))
        await asyncio.sleep(0.001)
        errors = await host.call(emit, depth, [])
        assert len(errors) == (name == "wait")
        before = watched.number
        await asyncio.sleep(0.001)
        assert watched.number > before > 0
        task.cancel()

    run(main())


# Ends


@pytest.mark.parametrize("who", ["greenlet", "task", "host"])
def test_exit_in_a_nested_main_loop(who):
    """The process ends, and says what it gave up: nothing more can be done for that."""
    status, lines, errors = run_program("exit_in_greenlet.py", who)
    assert status == 7, errors
    assert "never reached" not in lines
    assert "could have no more steps" in errors


def test_storm(record_property):
    check_storm(under, await_, record_property)
