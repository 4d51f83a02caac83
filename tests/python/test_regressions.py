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
