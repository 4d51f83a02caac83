# SPDX-FileCopyrightText: 2026 The AioGuest authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""What callbacks of the host see in a main loop nested in a step: kinds of callback, kinds of step."""

import asyncio
import contextvars
import ctypes
import sys

import pytest
from gi.repository import AioGuest, Gio, GLib, GObject

variable = contextvars.ContextVar("variable")


# What a callback of the host sees.


def look(seen):
    """Record what must be so in a callback of the host, and do what it must be able to do."""
    try:
        raise LookupError
    except LookupError as error:
        context = error.__context__
    task = asyncio.create_task(get_variable())
    seen.append(
        {
            "task": asyncio.current_task(),
            "loop": asyncio.get_running_loop(),
            "variable": variable.get(None),
            "handled": sys.exc_info()[1],
            "context": context,
            "created": task,
        }
    )


async def get_variable():
    return variable.get(None)


async def check(seen):
    """That it was as a callback of the host should see it."""
    assert seen
    for record in seen:
        created = record.pop("created")
        assert await created == "the host's"
        assert record == {
            "task": None,
            "loop": asyncio.get_running_loop(),
            "variable": "the host's",
            "handled": None,
            "context": None,
        }


# Kinds of callback.


def by_idle(seen):
    def idle():
        look(seen)
        return GLib.SOURCE_REMOVE

    GLib.idle_add(idle)


def by_method(seen):
    class Host:
        def timeout(self):
            look(seen)
            return GLib.SOURCE_REMOVE

    GLib.timeout_add(1, Host().timeout)


def by_generator(seen):
    def generator():
        try:
            raise ValueError("the generator's")
        except ValueError as error:
            # What a generator handles while it has yielded stays its own.
            yield GLib.SOURCE_CONTINUE
            assert sys.exc_info()[1] is error
        look(seen)
        yield GLib.SOURCE_REMOVE

    GLib.idle_add(generator().__next__)


def cancel_from_c(cancellable):
    """Have C code emit Gio.Cancellable::cancelled in the main loop."""
    glib, gio = ctypes.CDLL("libglib-2.0.so.0"), ctypes.CDLL("libgio-2.0.so.0")
    cancel = ctypes.cast(gio.g_cancellable_cancel, ctypes.c_void_p)
    # The hash of a wrapper is the address of what it wraps.
    glib.g_idle_add_once(cancel, ctypes.c_void_p(hash(cancellable)))


def by_signal_handler(seen):
    cancellable = Gio.Cancellable()
    GObject.Object.connect(cancellable, "cancelled", lambda _: look(seen))
    cancel_from_c(cancellable)
    return cancellable


def by_virtual_function(seen):
    class Cancellable(Gio.Cancellable):
        def do_cancelled(self):
            look(seen)

    cancellable = Cancellable()
    cancel_from_c(cancellable)
    return cancellable


def by_finished_task(seen):
    Gio.File.new_for_path("/").query_info_async(
        "standard::type", Gio.FileQueryInfoFlags.NONE, 0, None, lambda file, result: look(seen)
    )


CALLBACKS = {
    "idle": by_idle,
    "method": by_method,
    "generator": by_generator,
    "signal handler": by_signal_handler,
    "virtual function": by_virtual_function,
    "finished GTask": by_finished_task,
}


# Kinds of step.


async def nest_in_task(nest):
    """In the step of a task, with all that a step can have."""
    task = asyncio.current_task()
    hooks = sys.get_asyncgen_hooks()
    variable.set("the step's")
    try:
        raise KeyError("the step's")
    except KeyError as error:
        async with asyncio.timeout(3600):
            nest()
            assert sys.exc_info()[1] is error
        assert asyncio.current_task() is task
        assert variable.get() == "the step's"
        try:
            raise LookupError
        except LookupError as other:
            assert other.__context__ is error
    assert sys.get_asyncgen_hooks() == hooks
    await asyncio.sleep(0)
    assert asyncio.current_task() is task
    assert sys.exc_info()[1] is None


async def nest_in_callback(nest):
    """In a callback of the loop, which has a context but no task."""
    over = asyncio.get_running_loop().create_future()

    def callback():
        try:
            variable.set("the step's")
            nest()
            assert asyncio.current_task() is None
            assert variable.get() == "the step's"
            over.set_result(None)
        except BaseException as error:
            over.set_exception(error)

    asyncio.get_running_loop().call_soon(callback)
    await over


async def nest_in_eager_task(nest):
    """In the first step of a task that a callback of the host starts eagerly."""
    over = asyncio.get_running_loop().create_future()

    @AioGuest.handler
    async def handler():
        try:
            await nest_in_task(nest)
            over.set_result(None)
        except BaseException as error:
            over.set_exception(error)

    GLib.idle_add(handler)
    await over


STEPS = {
    "task": nest_in_task,
    "callback": nest_in_callback,
    "eager task": nest_in_eager_task,
}


@pytest.fixture(autouse=True)
def host_variable():
    token = variable.set("the host's")
    yield
    variable.reset(token)
