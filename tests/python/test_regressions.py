# SPDX-FileCopyrightText: 2026 The AioGuest authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Faults that were found once, each by the smallest program that shows it."""

import asyncio
import ctypes

from gi.repository import AioGuest, GLib

import support


class Pending(Exception):
    pass


def iterate_with_exception_pending():
    """As a host in C would that iterates the context with an exception pending."""
    # These keep the GIL, and raise what is pending when they return.
    glib = ctypes.PyDLL("libglib-2.0.so.0")
    set_none = ctypes.cast(ctypes.pythonapi.PyErr_SetNone, ctypes.c_void_p)
    glib.g_idle_source_new.restype = ctypes.c_void_p
    glib.g_source_set_priority.argtypes = [ctypes.c_void_p, ctypes.c_int]
    glib.g_source_set_callback.argtypes = [
        ctypes.c_void_p,
        ctypes.c_void_p,
        ctypes.py_object,
        ctypes.c_void_p,
    ]
    glib.g_source_attach.argtypes = [ctypes.c_void_p, ctypes.c_void_p]
    glib.g_source_destroy.argtypes = [ctypes.c_void_p]
    glib.g_source_unref.argtypes = [ctypes.c_void_p]

    source = glib.g_idle_source_new()
    glib.g_source_set_priority(source, GLib.PRIORITY_DEFAULT)
    glib.g_source_set_callback(source, set_none, Pending, None)
    glib.g_source_attach(source, None)
    try:
        yield
        glib.g_main_context_iteration(None, False)
    finally:
        glib.g_source_destroy(source)
        glib.g_source_unref(source)


def check_pending_exception(coro):
    # The sources are dispatched in the order in which they were attached.
    steps = iterate_with_exception_pending()
    next(steps)
    task = support.start(coro)
    try:
        next(steps)
    except Pending:
        return task
    except StopIteration:
        raise AssertionError("the host's exception is lost") from None


def test_exception_pending_in_the_host_is_kept():
    async def main():
        await asyncio.sleep(0.01)

    task = check_pending_exception(main())
    support.Rescue().until(task.done)
    support.Rescue().settle()


def test_exception_pending_in_the_host_is_kept_by_a_run_that_ends():
    async def main():
        return "result"

    assert check_pending_exception(main()).result() == "result"
    assert asyncio._get_running_loop() is None


def test_stop_in_a_main_loop_nested_in_a_stock_round():
    # _run_once() pops as many handles as it has counted, whatever a nested tick took.
    context = GLib.MainContext.default()
    loop = AioGuest.EventLoop()
    loop.set_debug(True)
    ran = []

    def nest():
        loop.stop()
        while len(ran) < 3:
            context.iteration(True)

    def begin():
        loop.call_soon(nest)
        for number in range(3):
            loop.call_soon(ran.append, number)

    loop.call_soon(begin)
    try:
        loop.run_forever()
    finally:
        loop.close()
    assert ran == [0, 1, 2]


def test_padding_of_a_nested_tick_hides_no_work():
    # The padding of a tick that is over must not be taken for handles that are ready.
    context = GLib.MainContext.default()
    order = []

    async def main():
        loop = asyncio.get_running_loop()
        future = loop.create_future()

        def on_ticks(run, pspec):
            if order == ["other", "nested"]:
                order.append("host")
                future.set_result(None)

        def nest():
            while not order:
                context.iteration(True)
            order.append("nested")

        AioGuest.get_run().connect("notify::ticks", on_ticks)
        loop.call_soon(nest)
        loop.call_soon(order.append, "other")
        await future

    task = support.start(main(), debug=True)
    support.Rescue().until(task.done)
    support.Rescue().settle()
    assert order == ["other", "nested", "host"]
