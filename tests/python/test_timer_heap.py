# SPDX-FileCopyrightText: 2026 The AioGuest authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Timers of other kinds, whose comparisons and times are Python code that may do anything."""

import asyncio
import fractions

import pytest
from gi.repository import AioGuest, GLib

import support
from loops import loop  # noqa: F401

NATIVE = support.TICK != "stock"


def ends_with(loop, error, match):
    with pytest.raises(error, match=match):
        loop.run_forever()


class Timer(asyncio.TimerHandle):
    """Its comparisons are Python code."""

    __slots__ = ["on_compare"]

    def __init__(self, loop, when, on_compare=None):
        super().__init__(when, int, (), loop)
        self.on_compare = on_compare
        self._scheduled = True

    def __lt__(self, other):
        if self.on_compare is not None:
            self.on_compare()
        return self._when < other._when


def fail():
    raise LookupError("compared")


def fill(loop, count, **options):
    for number in range(count):
        loop._scheduled.append(Timer(loop, number * 1e-6, **options))


@pytest.mark.parametrize("count", [3, 5, 9])
def test_comparison_that_raises(loop, count):
    fill(loop, count, on_compare=fail)
    loop.call_soon(loop.call_later, 0.001, loop.stop)
    told = []
    loop.set_exception_handler(lambda loop, context: (told.append(context["exception"]), loop.stop()))
    try:
        loop.run_forever()
    except LookupError as error:
        told.append(error)
    assert [str(error) for error in told][:1] == ["compared"]
    loop._scheduled.clear()


def test_comparison_that_raises_when_a_timer_is_added(loop):
    fill(loop, 1, on_compare=fail)

    class Other(float):
        def __lt__(self, other):
            fail()

    with pytest.raises(LookupError, match="compared"):
        loop.call_at(Other(1.0), int)
    loop._scheduled.clear()


@pytest.mark.skipif(not NATIVE, reason="heapq says it in words of its own")
def test_comparison_that_changes_the_list(loop):
    fill(loop, 5, on_compare=lambda: loop._scheduled.append(None))
    ends_with(loop, RuntimeError, "list changed size")
    loop._scheduled.clear()


def test_list_of_cancelled_timers_whose_comparison_raises(loop):
    """It is made anew, which takes comparisons."""
    timers = [loop.call_later(1000, int) for _ in range(300)]
    for timer in timers[:250]:
        timer.cancel()
    fill(loop, 20, on_compare=fail)
    ends_with(loop, LookupError, "compared")
    loop._scheduled.clear()


def test_times_that_are_no_floats(loop):
    called = []
    now = int(loop.time())
    for when in (now - 1, fractions.Fraction(now - 3), True, now - 2.0):
        loop.call_at(when, called.append, when)
    loop.call_soon(loop.call_later, 0.001, loop.stop)
    loop.run_forever()
    assert called == [True, now - 3, now - 2, now - 1]


@pytest.mark.parametrize("when", ["soon", 10 ** 400])
def test_time_that_is_none(loop, when):
    loop._scheduled.append(asyncio.TimerHandle(5.0, int, (), loop))
    loop._scheduled[0]._when = when
    with pytest.raises((TypeError, OverflowError)):
        loop.run_forever()
    loop._scheduled.clear()


def test_timer_of_another_kind(loop):
    """Something that is no timer at all."""
    loop._scheduled.append(object())
    ends_with(loop, AttributeError, "_cancelled|_when")
    loop._scheduled.clear()


def test_timer_without_a_time(loop):
    timer = asyncio.TimerHandle(5.0, int, (), loop)
    del timer._when
    loop._scheduled.append(timer)
    ends_with(loop, AttributeError, "_when")
    loop._scheduled.clear()


@pytest.mark.parametrize("resolution", ["fine", None])
def test_resolution_of_another_kind(loop, resolution):
    loop.call_later(0, loop.stop)
    loop._clock_resolution = resolution
    with pytest.raises(TypeError):
        loop.run_forever()


def test_clock_that_fails():
    class Loop(AioGuest.EventLoop):
        answers = None

        def time(self):
            if self.answers is None:
                return super().time()
            if not self.answers:
                raise LookupError("no time")
            return self.answers.pop(0)

    for answers in ([], ["late"], [0.0], [0.0, 0.0], [0.0, "late"], [0.0, 0.0, "late"]):
        loop = Loop()
        loop.set_debug(False)
        loop.call_later(1000, int)

        def again():
            loop.call_soon(again)

        loop.call_soon(setattr, loop, "answers", answers)
        loop.call_soon(again)
        with pytest.raises((LookupError, TypeError)):
            loop.run_forever()
        loop.answers = None
        loop.close()


def test_timers_that_are_never_due(loop):
    """Of a loop with a clock of its own, too."""
    class Loop(AioGuest.EventLoop):
        def time(self):
            return super().time() + 5

    for each in (loop, Loop()):
        each.call_later(1e13, int)
        each.call_later(float("inf"), int)
        assert each.run_until_complete(asyncio.sleep(0.001, "done")) == "done"
        each.close()


def test_timers_replaced_while_they_are_compared():
    # The list was freed under the hands of heappop().
    class Time(float):
        def __lt__(self, other):
            if not replaced:
                replaced.append(loop._scheduled[:])
                loop._scheduled = []
                context.iteration(False)
            return float.__lt__(self, other)

    context = GLib.MainContext.default()
    loop = AioGuest.EventLoop()
    loop.set_debug(False)
    replaced = [None]
    for _ in range(20):
        loop.call_at(Time(0), int)
    loop.call_soon(replaced.clear)
    loop.call_soon(lambda: loop.call_soon(loop.stop))
    loop.call_soon(loop._scheduled.extend, loop._scheduled[:])
    loop._scheduled.clear()
    try:
        loop.run_forever()
    finally:
        loop.close()
    assert len(replaced) == 1
