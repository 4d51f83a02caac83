# SPDX-FileCopyrightText: 2026 The AioGuest authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""No wake-up is lost: what a host callback gives the guest is seen at once.

In each test the guest sleeps, with nothing else pending in the main context; an
idle callback does one thing, and the turns of the main context until the guest
has noticed are counted.
"""

import asyncio
import gc
import os
import time

import pytest
from gi.repository import AioGuest, GLib

import support


class Sleeper:
    """A guest that waits, in a host that is iterated by turns."""

    def __init__(self, wait):
        self.seen = []

        async def main():
            try:
                self.seen.append(await wait())
            except asyncio.CancelledError:
                self.seen.append("cancelled")

        self.task = support.start(main())
        self.rescue = support.Rescue()
        self.rescue.until(lambda: self.waiting)
        self.rescue.settle()

    @property
    def waiting(self):
        return self.task.get_coro().cr_await is not None

    def turns_after(self, action):
        """Do it in an idle callback; return the turns from then until seen."""
        done = []
        GLib.idle_add(lambda: done.append(action()))
        while not done:
            self.rescue.turn()
        # 0: in the turn of the callback itself, after it.
        return self.rescue.until(lambda: self.seen, 20)

    def finish(self):
        self.rescue.until(lambda: asyncio._get_running_loop() is None)


@pytest.fixture
def pipe():
    descriptors = os.pipe()
    yield descriptors
    for descriptor in descriptors:
        os.close(descriptor)


def test_set_result():
    box = []

    async def wait():
        box.append(asyncio.get_running_loop().create_future())
        return await box[0]

    sleeper = Sleeper(wait)
    assert sleeper.turns_after(lambda: box[0].set_result("result")) <= 1
    assert sleeper.seen == ["result"]
    sleeper.finish()


def test_event_set():
    event = asyncio.Event()
    sleeper = Sleeper(event.wait)
    assert sleeper.turns_after(event.set) <= 1
    assert sleeper.seen == [True]
    sleeper.finish()


def test_queue_put_nowait():
    queue = asyncio.Queue()
    sleeper = Sleeper(queue.get)
    assert sleeper.turns_after(lambda: queue.put_nowait("item")) <= 1
    assert sleeper.seen == ["item"]
    sleeper.finish()


def test_cancel():
    sleeper = Sleeper(asyncio.Event().wait)
    assert sleeper.turns_after(lambda: sleeper.task.cancel()) <= 1
    assert sleeper.seen == ["cancelled"]
    sleeper.finish()


def test_call_soon():
    event = asyncio.Event()
    sleeper = Sleeper(event.wait)
    loop = asyncio.get_running_loop()
    ran = []

    def action():
        loop.call_soon(ran.append, "ran")

    GLib.idle_add(lambda: action())
    sleeper.rescue.turn()
    turns = sleeper.rescue.until(lambda: ran, 20)
    assert turns <= 1
    event.set()
    sleeper.finish()


def test_create_task():
    event = asyncio.Event()

    async def child():
        event.set()

    tasks = []
    sleeper = Sleeper(event.wait)
    # The child's step, then the main task's: two rounds, maybe two turns.
    assert sleeper.turns_after(lambda: tasks.append(asyncio.create_task(child()))) <= 2
    sleeper.finish()


@pytest.mark.parametrize("delay", [0.01, 0.0005, 0])
def test_call_later(delay):
    event = asyncio.Event()
    sleeper = Sleeper(event.wait)
    loop = asyncio.get_running_loop()
    times = []

    def fire():
        times.append(time.monotonic())
        event.set()

    def action():
        times.append(time.monotonic())
        loop.call_later(delay, fire)

    # A turn to see it, one when it is due; one more if GLib's clock rounds.
    assert sleeper.turns_after(action) <= 4
    assert times[1] - times[0] >= delay - 1e-6
    sleeper.finish()


def test_call_later_before_one_that_waits():
    """The new timer is due before the one that the host sleeps for."""
    event = asyncio.Event()

    async def wait():
        handle = asyncio.get_running_loop().call_later(3600, print)
        await event.wait()
        handle.cancel()

    sleeper = Sleeper(wait)
    loop = asyncio.get_running_loop()
    assert sleeper.turns_after(lambda: loop.call_later(0.01, event.set)) <= 4
    sleeper.finish()


def test_cancelled_timer_replaced_by_another():
    """As many timers as before, but the next one is due earlier."""
    event = asyncio.Event()
    handles = []

    async def wait():
        handles.append(asyncio.get_running_loop().call_later(3600, print))
        await event.wait()

    sleeper = Sleeper(wait)
    loop = asyncio.get_running_loop()

    def replace():
        handles[0].cancel()
        loop.call_later(0.01, event.set)

    assert sleeper.turns_after(replace) <= 4
    sleeper.finish()


def test_add_reader(pipe):
    event = asyncio.Event()
    sleeper = Sleeper(event.wait)
    loop = asyncio.get_running_loop()
    os.write(pipe[1], b"x")

    def readable():
        loop.remove_reader(pipe[0])
        event.set()

    assert sleeper.turns_after(lambda: loop.add_reader(pipe[0], readable)) <= 2
    sleeper.finish()


def test_add_writer(pipe):
    event = asyncio.Event()
    sleeper = Sleeper(event.wait)
    loop = asyncio.get_running_loop()

    def writable():
        loop.remove_writer(pipe[1])
        event.set()

    assert sleeper.turns_after(lambda: loop.add_writer(pipe[1], writable)) <= 2
    sleeper.finish()


def test_descriptor_becomes_readable(pipe):
    event = asyncio.Event()

    async def wait():
        loop = asyncio.get_running_loop()
        loop.add_reader(pipe[0], event.set)
        await event.wait()
        loop.remove_reader(pipe[0])

    sleeper = Sleeper(wait)
    assert sleeper.turns_after(lambda: os.write(pipe[1], b"x")) <= 2
    sleeper.finish()


def test_one_after_the_other():
    """Many wake-ups in a row, each from a host callback of its own."""
    queue = asyncio.Queue()
    rounds = 300

    async def wait():
        return [await queue.get() for _ in range(rounds)]

    sleeper = Sleeper(wait)
    for number in range(rounds):
        done = []
        GLib.idle_add(lambda: done.append(queue.put_nowait(number)))
        while not done:
            sleeper.rescue.turn()
        assert sleeper.rescue.until(queue.empty, 20) <= 1
    sleeper.rescue.until(lambda: sleeper.seen)
    assert sleeper.seen == [list(range(rounds))]
    sleeper.finish()


def test_from_a_finalizer():
    """The collector may call anything, also while the host sleeps."""
    event = asyncio.Event()

    class Thing:
        def __del__(self):
            event.set()

    things = [Thing()]
    sleeper = Sleeper(event.wait)
    assert sleeper.turns_after(things.clear) <= 1
    sleeper.finish()


@pytest.mark.parametrize("priority, wakes", [
    (GLib.PRIORITY_HIGH, False), (GLib.PRIORITY_DEFAULT, True), (GLib.PRIORITY_LOW, True),
])
def test_from_the_prepare_of_a_source(priority, wakes):
    """One that GLib asks after the run, when it is about to sleep, must say so."""
    event = asyncio.Event()

    class Source(GLib.Source):
        def prepare(self):
            if not event.is_set():
                event.set()
                if wakes:
                    AioGuest.get_run(loop).wake()
            return False, -1

        def check(self):
            return False

        def dispatch(self, callback, args):
            return GLib.SOURCE_CONTINUE

    sleeper = Sleeper(event.wait)
    loop = asyncio.get_running_loop()
    source = Source()
    source.set_priority(priority)
    source.attach(None)
    sleeper.rescue.until(lambda: sleeper.seen, 20)
    source.destroy()
    sleeper.finish()


def test_outside_of_any_callback():
    """Between two iterations by hand, no callback involved."""
    event = asyncio.Event()
    sleeper = Sleeper(event.wait)
    event.set()
    assert sleeper.rescue.until(lambda: sleeper.seen, 20) <= 1
    sleeper.finish()


# Whoever looks for leaks holds references to objects: ours, and those that the queue is padded with
# for a main loop nested in a stock loop's step.

HUNTS = {
    "gc.get_objects": gc.get_objects,
    "gc.get_referrers": lambda: gc.get_referrers(asyncio.get_running_loop()),
    # As muppy does: also what the garbage collector does not know.
    "gc.get_referents": lambda: gc.get_referents(*gc.get_objects()),
    "the queue": lambda: list(asyncio.get_running_loop()._ready),
}


@pytest.mark.parametrize("hunt", HUNTS.values(), ids=HUNTS)
def test_somebody_holds_all_objects(hunt):
    box = []

    async def wait():
        box.append(asyncio.get_running_loop().create_future())
        return await box[0]

    def act():
        box.append(hunt())
        # One handle, which is as many as there are references more to what stands for none.
        box[0].set_result("result")

    sleeper = Sleeper(wait)
    assert sleeper.turns_after(act) <= 1
    assert sleeper.seen == ["result"]
    sleeper.finish()
    box.clear()


@pytest.mark.parametrize("hunt", HUNTS.values(), ids=HUNTS)
@pytest.mark.parametrize("debug", [False, True])
def test_somebody_holds_all_objects_in_a_nested_main_loop(hunt, debug):
    order, box = [], []
    rescue = support.Rescue()

    async def main():
        loop = asyncio.get_running_loop()
        over = loop.create_future()

        def nest():
            rescue.until(lambda: order == ["ready"] * 3)
            # The queue is padded now, if the loop is ticked by its own _run_once().
            box.append(hunt())
            rescue.settle()
            for number in range(1, 5):
                GLib.idle_add(lambda: loop.call_soon(order.append, number) and False)
                rescue.until(lambda: order[-1] == number, 20)
                rescue.settle()
            loop.call_soon(over.set_result, None)

        loop.call_soon(nest)
        for _ in range(3):
            loop.call_soon(order.append, "ready")
        await over

    support.run_by_iteration(main(), debug=debug)
    box.clear()
    assert order == ["ready"] * 3 + [1, 2, 3, 4]


def test_as_many_handles_as_there_was_padding():
    """An outer _run_once() pops what a nested tick has padded the queue with, and nobody tells of it."""
    order = []
    rescue = support.Rescue()

    async def main():
        loop = asyncio.get_running_loop()
        over = loop.create_future()

        def nest():
            rescue.until(lambda: order == ["ready"] * 3)
            rescue.settle()
            loop.call_soon(nest_again)
            for _ in range(3):
                loop.call_soon(order.append, "later")

        def nest_again():
            rescue.until(lambda: order[3:] == ["later"] * 3, 20)
            loop.call_soon(over.set_result, None)

        loop.call_soon(nest)
        for _ in range(3):
            loop.call_soon(order.append, "ready")
        await over

    support.run_by_iteration(main(), debug=True)
    assert order == ["ready"] * 3 + ["later"] * 3
