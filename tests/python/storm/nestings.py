# SPDX-FileCopyrightText: 2026 The AioGuest authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Main loops within main loops, and wait()."""

import asyncio
import ctypes

import pytest
from gi.repository import AioGuest, GLib

from .ledger import Expected
from .operations import host_priority, number, operation

DEPTH = 6

glib = ctypes.CDLL("libglib-2.0.so.0")


def nesting(weight, **draws):
    """An operation that is left out where the nesting is deep already."""

    def register(function):
        def nest(storm, **arguments):
            if storm.depth == DEPTH:
                return
            storm.depth += 1
            task = asyncio.current_task()
            over = storm.ledger.expect("nesting")
            try:
                function(storm, **arguments)
            finally:
                storm.depth -= 1
            over.happen()
            if asyncio.current_task() is not task:
                storm.ledger.object(f"the current task was {task}")

        nest.__name__ = function.__name__
        operation(weight, **draws)(nest)
        return nest

    return register


@nesting(2, milliseconds=number(0, 3), priority=host_priority)
def nest_main_loop(storm, milliseconds, priority):
    loop = GLib.MainLoop()
    GLib.timeout_add(milliseconds, loop.quit, priority=priority)
    loop.run()


@nesting(2, turns=number(1, 6))
def iterate(storm, turns):
    for _ in range(turns):
        storm.context.iteration(False)


@nesting(2, turns=number(1, 6))
def iterate_raw(storm, turns):
    for _ in range(turns):
        glib.g_main_context_iteration(None, False)


@nesting(2, rounds=number(0, 3))
def wait_for_result(storm, rounds):
    async def give(value):
        for _ in range(rounds):
            await asyncio.sleep(0)
        return value

    value = object()
    if AioGuest.wait(give(value)) is not value:
        storm.ledger.object("wait() returned another's result")


@nesting(1)
def wait_for_error(storm):
    async def fail():
        await asyncio.sleep(0)
        raise Expected

    with pytest.raises(Expected):
        AioGuest.wait(fail())


@nesting(1)
def wait_cancelled(storm):
    future = asyncio.get_running_loop().create_future()
    asyncio.get_running_loop().call_soon(future.cancel)
    with pytest.raises(asyncio.CancelledError):
        AioGuest.wait(future)


@nesting(1)
def wait_in_vain(storm):
    with pytest.raises(TimeoutError):
        AioGuest.wait(asyncio.get_running_loop().create_future(), 0.001)
