# SPDX-FileCopyrightText: 2026 The AioGuest authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Faults that were found once, each by the smallest program that shows it."""

import asyncio
import ctypes
import gc
import selectors
import socket
import subprocess
import sys

import pytest
from gi.overrides.AioGuest import _core
from gi.repository import AioGuest, Gio, GLib

import loops
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


def test_context_dropped_on_a_thread_with_the_identifier_of_the_owner():
    # The second thread was given the first one's identifier, and lost its thread state.
    script = """
import asyncio, threading
import gi
gi.require_version("AioGuest", "1.0")
from gi.repository import AioGuest, GLib
from gi.overrides.AioGuest import _core

loop = asyncio.new_event_loop()
contexts = []

def own():
    context = GLib.MainContext()
    guest = _core.Guest(loop)
    guest.run.connect("finished", lambda run, error: None)
    guest.attach(context)
    contexts.append((threading.get_ident(), context, guest.run))

def drop():
    if threading.get_ident() == contexts[0][0]:
        identifier, context, run = contexts.pop()
        del context
        print(run.props.state.value_nick)

def in_thread(function):
    thread = threading.Thread(target=function)
    thread.start()
    thread.join()

in_thread(own)
for _ in range(1000):
    if contexts:
        in_thread(drop)
loop.close()
"""
    process = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, timeout=support.PATIENCE
    )
    assert process.returncode == 0, process.stderr
    if not process.stdout:
        pytest.skip("the thread's identifier was not used again")
    assert process.stdout == "finished\n"


def test_watch_of_a_selector_outlives_an_earlier_guest():
    # There is one watch on the selector's dict, and two guests of the loop had it.
    context = GLib.MainContext.default()
    loop = AioGuest.EventLoop(selectors.SelectSelector(), main_context=context)
    loop.set_debug(False)
    receiver, sender = socket.socketpair()
    sender.send(b"x")
    guests = [_core.Guest(loop)]

    def forget():
        guests.clear()
        return GLib.SOURCE_REMOVE

    def add_reader():
        loop.add_reader(receiver, loop.stop)
        return GLib.SOURCE_REMOVE

    try:
        GLib.timeout_add(10, forget)
        GLib.timeout_add(50, add_reader)
        # For ever, if the descriptor is not noticed.
        loop.run_forever()
        loop.remove_reader(receiver)
    finally:
        loop.close()
        receiver.close()
        sender.close()
    assert guests == []


def test_run_whose_context_goes_away_is_freed():
    # The source that watches signals was destroyed in the midst of that; GLib forgot it, and with
    # it the run.
    context = GLib.MainContext()
    reader, writer = socket.socketpair()
    with loops.make(AioGuest.EventLoop) as loop, reader, writer:
        reader.setblocking(False)
        guest = _core.Guest(loop)
        freed = []
        guest.run.weak_ref(freed.append, True)
        guest.attach(context)
        guest.watch_signals(reader.fileno())
        del context
        assert guest.run is None
        del guest
        gc.collect()
    assert freed == [True]


def test_loop_closed_in_a_tick_that_ended_the_run():
    # The end of the tick looked for the loop's selector, and asked what to do without one.
    context = GLib.MainContext()
    asked = []
    with loops.make(AioGuest.EventLoop) as loop:
        guest = _core.Guest(loop, native=support.TICK != "stock", on_end=asked.append)

        def end():
            guest.stop()
            loop.close()

        guest.attach(context)
        loop.call_soon(end)
        while guest.run is not None:
            context.iteration(True)
    assert asked == [] and guest.exception is None


@pytest.mark.parametrize("exception", [KeyboardInterrupt, SystemExit])
def test_exceptions_that_end_everything_again_and_again(exception):
    # The third one got out of the last draining: run() hung, or the process was gone.
    async def stubborn(number):
        try:
            await asyncio.sleep(100)
        finally:
            raise exception(number)

    async def main():
        tasks = [asyncio.create_task(stubborn(number)) for number in range(2)]
        await asyncio.sleep(0)
        raise exception(len(tasks))

    with pytest.raises(exception):
        support.run_owning(main())
    assert asyncio._get_running_loop() is None


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


def test_queue_of_another_kind_is_refused():
    # Its size was read from where a deque has it.
    class Queue:
        __slots__ = ("append", "clear", "popleft")

        def __init__(self, items):
            self.append = items.append
            self.clear = items.clear
            self.popleft = items.popleft

    loop = AioGuest.EventLoop()
    loop._ready = Queue(loop._ready)
    with pytest.raises(RuntimeError, match="queue of ready handles"):
        support.run_owning(asyncio.sleep(0), loop_factory=lambda: loop)
    assert loop.is_closed()


def test_application_run_inside_a_step_of_the_main_task():
    # At its ::shutdown the run was to end, and waited for that very step.
    application = Gio.Application()
    application.connect("activate", lambda application: application.quit())
    order = []

    async def main():
        order.append(application.run(None))
        try:
            await asyncio.sleep(0)
        except asyncio.CancelledError:
            order.append("cancelled")
            raise

    with pytest.raises(asyncio.CancelledError):
        support.run_owning(main(), application=application)
    assert order == [0, "cancelled"]
