# SPDX-FileCopyrightText: 2026 The AioGuest authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The methods that EventLoop has in C do what asyncio's do, or leave it to them."""

import asyncio
import collections
import contextvars
import fractions
import gc
import math
import random
import sys
import weakref

import pytest
from gi.repository import AioGuest, GLib

import support
from loops import functions_called, loop, make, outcome_of, overriding, slots_of, stock  # noqa: F401

variable = contextvars.ContextVar("variable", default=None)


CALLS = {
    "call_soon": lambda loop: loop.call_soon(print, 1, context=contextvars.Context()),
    "call_soon without a context": lambda loop: loop.call_soon(print),
    "call_at": lambda loop: loop.call_at(loop.time() + 1.0, print, 1),
    "call_at, context": lambda loop: loop.call_at(1, print, context=contextvars.Context()),
    "call_later": lambda loop: loop.call_later(1.5, print, 1, 2),
    "call_later, int": lambda loop: loop.call_later(1, print, 1, 2),
    "time": lambda loop: loop.time(),
    "get_debug": lambda loop: loop.get_debug(),
}


# Is it C that does the work, and when not?


@pytest.mark.parametrize("name", CALLS)
def test_in_c(loop, name):
    assert functions_called(CALLS[name], loop) == []


def test_cancellation_is_counted_in_c(loop):
    timer = loop.call_later(10, print)
    assert functions_called(timer.cancel) == ["cancel", "cancel"]
    assert loop._timer_cancelled_count == 1


@pytest.mark.parametrize("name", ["call_soon", "call_at", "call_later"])
def test_debug_mode_is_left_to_asyncio(loop, name):
    loop.set_debug(True)
    assert "_check_thread" in functions_called(CALLS[name], loop)
    loop.set_debug(False)
    assert functions_called(CALLS[name], loop) == []


def test_debug_mode_tells_where_a_handle_was_made(loop):
    loop.set_debug(True)
    for handle in (loop.call_soon(print), loop.call_at(1, print), loop.call_later(1, print)):
        assert handle._source_traceback[-1].name == "test_debug_mode_tells_where_a_handle_was_made"
        assert "created at" in repr(handle)


OVERRIDES = {
    "_call_soon": ["call_soon"],
    "_check_closed": ["call_soon", "call_at", "call_later"],
    "get_debug": ["call_soon", "call_at", "call_later"],
    "time": ["call_later"],
    "call_at": ["call_later"],
}


@pytest.mark.parametrize("where", ["instance", "type", "type below"])
@pytest.mark.parametrize("name", OVERRIDES)
def test_overridden_methods_are_called(loop, where, name):
    called = []

    def override(self, *args, **kwargs):
        called.append(name)
        return getattr(asyncio.BaseEventLoop, name)(self, *args, **kwargs)

    with overriding(loop, where, name, override) as loop:
        for method in OVERRIDES[name]:
            called.clear()
            CALLS[method](loop)
            assert name in called, method


def test_overrides_come_and_go(loop):
    called = []
    CALLS["call_soon"](loop)
    loop._call_soon = lambda *args: called.append(args) or asyncio.Handle(print, (), loop)
    CALLS["call_soon"](loop)
    del loop._call_soon
    CALLS["call_soon"](loop)
    assert len(called) == 1
    assert len(loop._ready) == 2


def test_patched_types_are_noticed(loop, monkeypatch):
    made = []
    CALLS["call_soon"](loop)
    original = asyncio.Handle.__init__

    def init(self, *args, **kwargs):
        made.append(self)
        original(self, *args, **kwargs)

    with monkeypatch.context() as patch:
        patch.setattr(asyncio.Handle, "__init__", init)
        handle = loop.call_soon(print)
    assert made == [handle]
    assert functions_called(CALLS["call_soon"], loop) == []


def test_methods_can_be_extended():
    class Loop(AioGuest.EventLoop):
        made = 0

        def call_soon(self, *args, **kwargs):
            self.made += 1
            return super().call_soon(*args, **kwargs)

    with make(Loop) as loop:
        made = loop.made
        handle = loop.call_soon(print, 1)
        assert loop.made == made + 1
        assert loop._ready[-1] is handle


@pytest.mark.parametrize("name", ["call_soon", "call_at", "call_later"])
def test_closed_loop(loop, name):
    loop.close()
    with pytest.raises(RuntimeError, match="Event loop is closed"):
        CALLS[name](loop)


WRONG = {
    "call_soon()": lambda loop: loop.call_soon(),
    "call_soon, keyword": lambda loop: loop.call_soon(print, end=""),
    "call_soon, two keywords": lambda loop: loop.call_soon(print, context=None, end=""),
    "call_at()": lambda loop: loop.call_at(),
    "call_at, no callback": lambda loop: loop.call_at(1.0),
    "call_at, None": lambda loop: loop.call_at(None, print),
    "call_at, keyword": lambda loop: loop.call_at(1.0, print, end=""),
    "call_later()": lambda loop: loop.call_later(),
    "call_later, no callback": lambda loop: loop.call_later(1.0),
    "call_later, None": lambda loop: loop.call_later(None, print),
    "call_later, str": lambda loop: loop.call_later("1", print),
    "call_later, huge": lambda loop: loop.call_later(10**400, print),
    "time, argument": lambda loop: loop.time(1),
    "get_debug, argument": lambda loop: loop.get_debug(1),
    "cancelled, no timer": lambda loop: loop._timer_handle_cancelled(1),
    "uncomparable": lambda loop: [loop.call_at(1.0, print), loop.call_at("1", print)],
}


@pytest.mark.parametrize("name", WRONG)
def test_wrong_arguments(loop, stock, name):
    assert outcome_of(WRONG[name], loop) == outcome_of(WRONG[name], stock) != None
    assert len(loop._scheduled) == len(stock._scheduled)


def test_arguments_by_keyword(loop):
    assert loop.call_soon(callback=print)._callback is print
    assert loop.call_at(when=1.0, callback=print)._when == 1.0
    assert loop.call_later(delay=1.0, callback=print)._callback is print


# Handles


@pytest.mark.parametrize("name", ["call_soon", "call_at"])
def test_handles_are_asyncios(loop, stock, name):
    def schedule(loop):
        if name == "call_soon":
            return loop.call_soon(print, 1, "two")
        return loop.call_at(5.25, print, 1, "two")

    ours, theirs = schedule(loop), schedule(stock)
    assert type(ours) is type(theirs)
    assert slots_of(ours) == slots_of(theirs)
    assert repr(ours) == repr(theirs)
    assert ours._loop is loop
    assert isinstance(ours._context, contextvars.Context)
    assert sys.getsizeof(ours) == sys.getsizeof(theirs)
    assert gc.is_tracked(ours) and gc.is_tracked(theirs)

    ours.cancel()
    theirs.cancel()
    assert slots_of(ours) == slots_of(theirs)
    assert repr(ours) == repr(theirs)


def test_context_is_copied(loop):
    variable.set("now")
    handles = [loop.call_soon(print), loop.call_at(1.0, print), loop.call_soon(print, context=None)]
    variable.set("later")
    assert [handle._context[variable] for handle in handles] == ["now"] * 3
    assert len({id(handle._context) for handle in handles}) == 3


def test_context_is_taken_as_it_is(loop):
    for context in (contextvars.Context(), object()):
        assert loop.call_soon(print, context=context)._context is context
        assert loop.call_at(1.0, print, context=context)._context is context
        assert loop.call_later(1.0, print, context=context)._context is context
    loop._ready.clear()


def test_handles_hold_and_release(loop):
    class Callback:
        def __call__(self, argument):
            pass

    def references():
        return [sys.getrefcount(each) for each in (callback, argument, context, 123.5)]

    callback, argument, context = Callback(), object(), contextvars.Context()
    before = references()
    for _ in range(10):
        loop.call_soon(callback, argument, context=context)
        loop.call_at(123.5, callback, argument, context=context)
        loop.call_later(1, callback, argument, context=context)
    assert references()[0] == before[0] + 30
    loop._ready.clear()
    loop._scheduled.clear()
    assert references() == before


class IteratesWhenCollected:
    """Garbage whose finalizer lets the loop go on, in the midst of whatever has the collector run."""

    def __init__(self):
        self.itself = self

    def __del__(self):
        for _ in range(5):
            GLib.MainContext.default().iteration(False)


@pytest.mark.parametrize("name", ["call_soon", "call_soon_threadsafe", "call_later", "call_at"])
def test_finalizer_that_iterates_while_a_handle_is_made(name):
    """Before Python 3.12 that may be at any allocation. So many cancelled timers are swept into a new list."""

    async def main():
        loop = asyncio.get_running_loop()
        timers = [loop.call_later(100 + number, int) for number in range(200)]
        await asyncio.sleep(0.001)
        gc.collect()
        threshold = gc.get_threshold()
        gc.disable()
        for timer in timers:
            timer.cancel()
        called = loop.create_future()
        times = {"call_later": [0.001], "call_at": [loop.time() + 0.001]}.get(name, [])
        arguments = (*times, called.set_result, "called")
        method = getattr(loop, name)
        IteratesWhenCollected()
        # The next object that is made: the handle.
        gc.set_threshold(1)
        gc.enable()
        try:
            method(*arguments)
        finally:
            gc.set_threshold(*threshold)
        return await asyncio.wait_for(called, support.PATIENCE)

    assert support.run_owning(main()) == "called"


def test_handles_can_be_referenced_weakly(loop):
    for handle in (loop.call_soon(print), loop.call_at(1.0, print)):
        reference = weakref.ref(handle)
        assert reference() is handle
    del handle
    loop._ready.clear()
    loop._scheduled.clear()
    assert reference() is None


def test_cycles_are_collected():
    loop = AioGuest.EventLoop()
    loop.set_debug(False)
    loop.call_soon(loop.stop)
    loop.call_later(10, loop.stop)
    loop.close()
    loop.call_soon_threadsafe = loop
    reference = weakref.ref(loop)
    del loop
    gc.collect()
    assert reference() is None


def test_another_queue_is_used(loop):
    class Queue(collections.deque):
        def append(self, item):
            seen.append(item)
            super().append(item)

    seen = []
    loop.call_soon(print)
    loop._ready = Queue()
    handle = loop.call_soon(print)
    assert seen == [handle] == list(loop._ready)
    loop._ready = collections.deque()
    handle = loop.call_soon(print)
    assert len(seen) == 1 and list(loop._ready) == [handle]
    loop._ready.clear()


def test_callbacks_run_in_order(loop):
    order = []
    for i in range(10):
        loop.call_soon(order.append, i)
    loop.call_soon(loop.stop)
    loop.run_forever()
    assert order == list(range(10))


def test_asyncio_s_own_c_code_calls_it(loop):
    """Futures pass the context by a keyword that is a string of their own."""
    future = loop.create_future()
    future.add_done_callback(print, context=contextvars.Context())
    assert functions_called(future.set_result, None) == []
    assert len(loop._ready) == 1


# Timers


def some_times(generator, kind):
    for _ in range(generator.randrange(1, 200)):
        number = generator.randrange(50)
        yield {
            "floats": float(number),
            "ints": number,
            "mixed": generator.choice([number, float(number), fractions.Fraction(number, 3)]),
        }[kind]


@pytest.mark.parametrize("kind", ["floats", "ints", "mixed"])
@pytest.mark.parametrize("seed", range(10))
def test_the_heap_is_heapqs(loop, stock, kind, seed):
    """Timers of the same time come out in the order in which they do in asyncio."""
    for each in (loop, stock):
        order = each.order = []
        generator = random.Random(seed)
        timers = [each.call_at(when, order.append, i)
                  for i, when in enumerate(some_times(generator, kind))]
        for timer in generator.sample(timers, len(timers) // 2):
            timer.cancel()
        each.heap = [timer._when for timer in each._scheduled]
        each.call_soon(each.stop)
        each.run_forever()
    assert loop.heap == stock.heap
    assert loop.order == stock.order
    assert loop._timer_cancelled_count == stock._timer_cancelled_count


@pytest.mark.parametrize("n_timers", [10, 90, 110, 300])
def test_cancelled_timers_are_swept_out(loop, stock, n_timers):
    for each in (loop, stock):
        generator = random.Random(n_timers)
        start = each.time() + 1000
        timers = [each.call_at(start + generator.random(), print) for _ in range(n_timers)]
        for timer in generator.sample(timers, n_timers * 2 // 3):
            timer.cancel()
        each.call_soon(each.stop)
        each.run_forever()
        each.left = [timers.index(timer) for timer in each._scheduled]
        each.marked = [timer._scheduled for timer in timers]
    assert loop.left == stock.left
    assert loop.marked == stock.marked
    assert loop._timer_cancelled_count == stock._timer_cancelled_count


def test_timers_with_an_order_of_their_own(loop):
    class Reversed(asyncio.TimerHandle):
        def __lt__(self, other):
            return self._when > other._when

    order = []
    loop._scheduled.extend(Reversed(float(i), order.append, (i,), loop) for i in (3, 2, 1))
    loop.call_at(0.0, order.append, 0)
    loop.call_soon(loop.stop)
    loop.run_forever()
    assert sorted(order) == [0, 1, 2, 3]


def test_a_comparison_that_schedules(loop):
    """Python code compares: whatever it does, no timer gets lost unnoticed."""

    class When(float):
        armed = True

        def __lt__(self, other):
            if When.armed:
                When.armed = False
                loop.call_at(0.5, print)
            return float(self) < float(other)

    loop.call_at(When(2.0), print)
    with pytest.raises(RuntimeError, match="list changed size"):
        loop.call_at(When(1.0), print)
    assert sorted(timer._when for timer in loop._scheduled) == [0.5, 1.0, 2.0]
    loop._scheduled.clear()


@pytest.mark.parametrize("when", [math.nan, -math.inf, -1, 0, True])
def test_times_of_all_kinds_are_due(loop, when):
    loop.call_at(when, loop.stop)
    loop.call_later(1000, print)
    loop.run_forever()
    assert len(loop._scheduled) == 1


def test_infinite_time_is_never(loop):
    loop.call_at(math.inf, print)
    loop.call_later(math.inf, print)
    loop.call_later(0.001, loop.stop)
    loop.run_forever()
    assert len(loop._scheduled) == 2
