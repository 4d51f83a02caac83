# SPDX-FileCopyrightText: 2026 The AioGuest authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Main loops within main loops, and wait()."""

import asyncio
import contextlib
import ctypes
import errno

import pytest
from gi.repository import AioGuest, GLib

from .ledger import Expected
from .operations import host_priority, number, operation, seconds

DEPTH = 6

glib = ctypes.CDLL("libglib-2.0.so.0")
glib.g_main_loop_new.restype = ctypes.c_void_p


@contextlib.contextmanager
def nested(storm):
    """The time of a nested main loop: afterwards the step around it is as it was before."""
    storm.depth += 1
    before = storm.current_task(), storm.origin()
    over = storm.ledger.expect("nesting")
    try:
        yield
    except (RuntimeError, asyncio.CancelledError):
        # Of a wait() that the run did not wait for, and that says so.
        if not storm.ending:
            raise
    except OSError as error:
        # PyGObject puts the wakeup descriptor back that it has found: the pipe of asyncio's own loop,
        # which is closed by now.
        if not (error.errno == errno.EBADF and storm.plan.loop == "stock" and storm.is_over()):
            raise
    finally:
        storm.depth -= 1
        over.happen()
    if not storm.is_over() and before != (storm.current_task(), storm.origin()):
        storm.ledger.object(f"current task and origin were {before}")


def nesting(weight, **draws):
    """An operation that is left out where the nesting is deep already."""

    def register(function):
        def nest(storm, **arguments):
            if storm.depth < DEPTH:
                with nested(storm):
                    function(storm, **arguments)

        nest.__name__ = function.__name__
        operation(weight, **draws)(nest)
        return nest

    return register


@nesting(2, milliseconds=number(0, 3), priority=host_priority)
def nest_main_loop(storm, milliseconds, priority):
    loop = GLib.MainLoop()
    GLib.timeout_add(milliseconds, loop.quit, priority=priority)
    loop.run()


@nesting(2, milliseconds=number(0, 3), priority=host_priority)
def nest_raw_main_loop(storm, milliseconds, priority):
    """The same without a Python function around it."""
    loop = ctypes.c_void_p(glib.g_main_loop_new(None, False))
    quit = storm.ledger.expect_in_host("end of a main loop")

    def end():
        quit.happen()
        glib.g_main_loop_quit(loop)

    GLib.timeout_add(milliseconds, end, priority=priority)
    glib.g_main_loop_run(loop)
    glib.g_main_loop_unref(loop)


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


@operation(2, until=seconds(0.002))
def cancel_waiter(storm, until):
    """A task that is cancelled while it waits is so once, and by wait()."""
    loop = asyncio.get_running_loop()
    over = storm.ledger.expect("waiter")

    async def wait():
        task = asyncio.current_task()
        # wait() puts a cancel() of its own in the place of the task's.
        loop.call_later(until, lambda: task.cancel())
        if storm.depth < DEPTH:
            with nested(storm), pytest.raises(asyncio.CancelledError):
                AioGuest.wait(loop.create_future())
        else:
            with pytest.raises(asyncio.CancelledError):
                await loop.create_future()
        await asyncio.sleep(0)
        over.happen()

    AioGuest.spawn(wait())
