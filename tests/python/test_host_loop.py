# SPDX-FileCopyrightText: 2026 The AioGuest authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""A host loop that stops and starts again, with the run going on."""

import asyncio
import ctypes
import time

from gi.repository import Gio, GLib

import support
from collected import Collected
from nests import run_main_loop


async def count_to(limit, counts):
    for number in range(limit):
        counts.append(number)
        await asyncio.sleep(0.002)
    return "counted"


def test_main_loop_stops_and_starts():
    counts = Collected()
    task = support.start(count_to(60, counts))
    task.add_done_callback(counts.append)
    loop = asyncio.get_running_loop()
    for number in (10, 20, 30, 40, 50):
        run_main_loop(counts, number)
        assert not task.done()
        # Still this thread's loop while no host runs.
        assert asyncio.get_running_loop() is loop
    run_main_loop(counts, 61)
    assert task.result() == "counted"
    assert counts == [*range(60), task]
    support.Rescue().until(loop.is_closed)


def test_timer_due_while_no_host_runs():
    order = []

    async def main():
        loop = asyncio.get_running_loop()
        over = loop.create_future()
        begun.append(True)
        loop.call_later(0.02, order.append, "timer")
        loop.call_later(0.03, over.set_result, None)
        await over

    begun = Collected()
    task = support.start(main())
    run_main_loop(begun)
    # A busy machine may have taken so long that it was due before.
    before = order[:]
    time.sleep(0.05)
    assert order == before
    support.Rescue().until(task.done)
    assert order == ["timer"]
    support.Rescue().until(lambda: asyncio._get_running_loop() is None)


def test_work_given_while_no_host_runs():
    async def main():
        return await asyncio.get_running_loop().create_future()

    async def child():
        await asyncio.sleep(0)
        return "from outside"

    task = support.start(main())
    support.Rescue().settle()
    other = asyncio.create_task(child())
    rescue = support.Rescue()
    rescue.until(other.done)
    assert other.result() == "from outside"
    task.cancel()
    rescue.until(lambda: asyncio._get_running_loop() is None)


def test_different_hosts_take_turns():
    """A main loop, iteration by hand, an application: all on one context."""
    counts = Collected()
    task = support.start(count_to(100, counts))
    task.add_done_callback(counts.append)
    rescue = support.Rescue()
    while not task.done():
        run_main_loop(counts, min(len(counts) + 4, 101))
        for _ in range(3):
            if not task.done():
                rescue.turn()
    rescue.until(lambda: asyncio._get_running_loop() is None)
    assert counts == [*range(100), task]


def held_application(name):
    return Gio.Application(application_id=name, flags=Gio.ApplicationFlags.NON_UNIQUE)


def test_application():
    results = []
    app = held_application("org.example.Held")

    async def main():
        counts = []
        await count_to(10, counts)
        app.release()
        return counts

    def activate(app):
        app.hold()
        support.start(main(), done_callback=lambda task: results.append(task.result()))

    app.connect("activate", activate)
    assert app.run([]) == 0
    support.Rescue().until(lambda: asyncio._get_running_loop() is None)
    assert results == [list(range(10))]


def test_application_after_a_main_loop():
    """A run begun under a main loop goes on, and ends, under an application."""
    counts = Collected()
    task = support.start(count_to(60, counts), done_callback=lambda task: None)

    # Not two applications: quitting one ends a run on the default context.
    run_main_loop(counts, 10)
    assert len(counts) < 60

    def activate(app):
        app.hold()
        task.add_done_callback(lambda task: app.release())

    app = held_application("org.example.Second")
    app.connect("activate", activate)
    assert app.run([]) == 0
    assert task.result() == "counted"
    assert counts == list(range(60))
    support.Rescue().until(lambda: asyncio._get_running_loop() is None)


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
    glib.g_source_set_priority.restype = None
    glib.g_source_set_callback.restype = None
    glib.g_source_destroy.restype = None
    glib.g_source_unref.restype = None
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
    # However slow the machine is, what can be done is done in one turn.
    task = support.start(coro, slice_us=60_000_000)
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
