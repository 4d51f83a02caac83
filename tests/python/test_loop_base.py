# SPDX-FileCopyrightText: 2026 The AioGuest authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""What EventLoop does in C, called wrongly or on a loop that lacks something: as asyncio does it."""

import asyncio
import fractions

import pytest

from loops import loop  # noqa: F401


class Addable:
    """Another kind of number: only to be added to a time."""

    def __radd__(self, other):
        return other + 0.001


@pytest.mark.parametrize("name, args, kwargs", [
    ("call_soon", (), {}),
    ("call_soon", (int,), {"contxt": None}),
    ("call_soon", (int,), {"context": None, "other": None}),
    ("call_soon", (int,), {"context": 5}),
    ("call_at", (1.0,), {}),
    ("call_at", (None, int), {}),
    ("call_at", (1.0, int), {"contxt": None}),
    ("call_later", (1,), {}),
    ("call_later", ("1", int), {}),
    ("call_later", (None, int), {}),
    ("call_later", (10 ** 400, int), {}),
    ("call_later", (-1, int), {}),
    ("call_later", (True, int), {}),
    ("call_later", (fractions.Fraction(1, 2), int), {}),
    ("call_later", (Addable(), int), {}),
    ("call_later", (1, int), {"contxt": None}),
    ("call_later", (float("nan"), int), {}),
    ("call_later", (float("inf"), int), {}),
    ("time", (1,), {}),
    ("time", (), {"x": 1}),
    ("get_debug", (1,), {}),
    ("get_debug", (), {"x": 1}),
    ("_timer_handle_cancelled", (), {}),
    ("_timer_handle_cancelled", (5,), {}),
    ("_timer_handle_cancelled", (5,), {"x": 1}),
])
def test_method_called_wrongly(loop, name, args, kwargs):
    def outcome(loop):
        try:
            result = getattr(loop, name)(*args, **kwargs)
        except Exception as error:
            return type(error), str(error)
        return type(result), None

    other = asyncio.SelectorEventLoop()
    other.set_debug(False)
    expected = outcome(other)
    other.close()
    assert outcome(loop) == expected


@pytest.mark.parametrize("name", ["_debug", "_closed", "_ready", "_scheduled", "_timer_cancelled_count"])
def test_method_of_a_loop_that_lacks_something(loop, name):
    def outcomes(loop):
        timer = loop.call_later(1000, int)
        before = vars(loop).pop(name)
        found = []
        for call in (lambda: loop.call_soon(int), lambda: loop.call_at(5.0, int),
                     lambda: loop.call_later(5.0, int), loop.get_debug, timer.cancel):
            try:
                call()
            except Exception as error:
                found.append((type(error), str(error)))
            else:
                found.append(None)
        setattr(loop, name, before)
        return found

    other = asyncio.SelectorEventLoop()
    other.set_debug(False)
    expected = outcomes(other)
    other.close()
    assert [bool(outcome) for outcome in outcomes(loop)] == [
        # That no timer was cancelled so far need not be kept anywhere.
        bool(outcome) and name != "_timer_cancelled_count" for outcome in expected
    ]


@pytest.mark.parametrize("count, error", [("many", TypeError), (2 ** 80, OverflowError)])
def test_count_of_cancelled_timers_of_another_kind(loop, count, error):
    timer = loop.call_later(1000, int)
    loop._timer_cancelled_count = count
    with pytest.raises(error):
        timer.cancel()
        loop.run_until_complete(asyncio.sleep(0))
    loop._timer_cancelled_count = 0
