# SPDX-FileCopyrightText: 2026 The AioGuest authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""altered.py WAY: lives in an asyncio that is not the one known, as a later Python may bring.

Prints whether it was taken for the known one, what differs, and what came of a workload.
"""

import asyncio
import asyncio.base_events
import asyncio.events
import asyncio.selector_events
import asyncio.tasks
import concurrent.futures.thread  # noqa: F401
import os
import selectors
import sys
import threading

from watchers import take_dict_watchers

Base = asyncio.base_events.BaseEventLoop
Selector = asyncio.selector_events.BaseSelectorEventLoop


def run_once_uses_more():
    run_once = Base._run_once

    def _run_once(self):
        self._rounds = getattr(self, "_rounds", 0) + 1
        run_once(self)

    Base._run_once = _run_once


def run_once_is_no_function():
    run_once = Base._run_once

    class Descriptor:
        def __get__(self, loop, owner):
            return self if loop is None else lambda: run_once(loop)

    Base._run_once = Descriptor()


def handle_without_slots():
    members = dict(vars(asyncio.Handle))
    for name in members.pop("__slots__"):
        members.pop(name, None)
    asyncio.Handle = asyncio.events.Handle = type("Handle", (), members)
    members = dict(vars(asyncio.TimerHandle))
    for name in members.pop("__slots__"):
        members.pop(name, None)
    members.pop("__dict__", None)

    # The methods of the class call super() with the old one.
    timer = type("TimerHandle", (asyncio.Handle,), members)
    for function in members.values():
        for cell in getattr(function, "__closure__", None) or ():
            cell.cell_contents = timer
    asyncio.TimerHandle = asyncio.events.TimerHandle = timer


def handle_slot_renamed():
    slot = asyncio.Handle._callback
    asyncio.Handle._function = slot
    asyncio.Handle._callback = property(slot.__get__, slot.__set__, slot.__delete__)


def handle_slot_missing():
    # Only looked at: asyncio itself would not work.
    del asyncio.Handle._context


def handle_slot_of_another_class():
    asyncio.TimerHandle._when = type.__dict__["__basicsize__"]


def handle_slot_of_another_kind():
    asyncio.TimerHandle._when = property(lambda self: 0.0)


def methods_wrapped():
    for owner, name in [(Base, "_add_callback"), (Base, "_timer_handle_cancelled"),
                        (Base, "time"), (Selector, "_process_events"), (asyncio.Handle, "_run")]:
        def wrapper(self, *args, inner=getattr(owner, name)):
            return inner(self, *args)
        setattr(owner, name, wrapper)


def add_callback_missing():
    add_callback = Base.__dict__["_add_callback"]

    def _process_events(self, events):
        for key, mask in events:
            for number, bit in enumerate((selectors.EVENT_READ, selectors.EVENT_WRITE)):
                if mask & bit and key.data[number] is not None:
                    add_callback(self, key.data[number])

    Selector._process_events = _process_events
    del Base._add_callback


def write_to_self_uses_more():
    write_to_self = Selector._write_to_self

    def _write_to_self(self):
        self._written = getattr(self, "_written", 0) + 1
        write_to_self(self)

    Selector._write_to_self = _write_to_self


def thread_safe_handle_of_another_kind():
    make_handle = getattr(asyncio.events, "_ThreadSafeHandle", None)
    asyncio.events._ThreadSafeHandle = lambda *args: make_handle(*args)


def thread_safe_handle_with_another_slot():
    inner = getattr(asyncio.events, "_ThreadSafeHandle", asyncio.Handle)

    class _ThreadSafeHandle(inner):
        __slots__ = ("_thread",)

    if inner is not asyncio.Handle:
        asyncio.events._ThreadSafeHandle = _ThreadSafeHandle


def constant_of_another_type():
    asyncio.base_events._MIN_SCHEDULED_TIMER_HANDLES = 100.0


def fraction_of_another_type():
    import fractions

    asyncio.base_events._MIN_CANCELLED_TIMER_HANDLES_FRACTION = fractions.Fraction(1, 2)


def task_functions_missing():
    for name in ("_swap_current_task", "_leave_task", "_enter_task", "_py_swap_current_task"):
        if hasattr(asyncio.tasks, name):
            delattr(asyncio.tasks, name)


def task_functions_of_another_type():
    for name in ("_swap_current_task", "_leave_task", "_enter_task", "_py_swap_current_task"):
        setattr(asyncio.tasks, name, 5)


def no_epoll():
    del selectors.EpollSelector
    selectors.DefaultSelector = selectors.PollSelector


def selector_renames_its_map():
    """With no bookkeeping that is known, but a descriptor of its own."""
    class EpollSelector(selectors.EpollSelector):
        _fd_to_key = property(lambda self: self._keys, lambda self, keys: self.__dict__.update(_keys=keys))

    selectors.EpollSelector = selectors.DefaultSelector = EpollSelector


def selector_map_of_another_type():
    class Keys(dict):
        pass

    class EpollSelector(selectors.EpollSelector):
        def __init__(self):
            super().__init__()
            self._fd_to_key = Keys()

    selectors.EpollSelector = selectors.DefaultSelector = EpollSelector


def selector_keys_have_another_order():
    import collections

    class SelectorKey(collections.namedtuple("SelectorKey", ["data", "events", "fd", "fileobj"])):
        def __new__(cls, fileobj, fd, events, data):
            return super().__new__(cls, data, events, fd, fileobj)

    selectors.SelectorKey = SelectorKey


def selector_events_have_other_values():
    # They are EPOLLIN and EPOLLOUT, say.
    selectors.EVENT_READ, selectors.EVENT_WRITE = 1, 4


def set_up_missing():
    for name in ("_run_forever_setup", "_run_forever_cleanup"):
        if hasattr(Base, name):
            delattr(Base, name)


def register_atexit_missing():
    if hasattr(threading, "_register_atexit"):
        del threading._register_atexit


def signal_helper_of_pygobject_missing():
    import gi
    # Whose overrides need it.
    from gi.repository import Gio, GLib  # noqa: F401

    helper = gi._ossighelper
    del gi._ossighelper
    sys.modules["gi._ossighelper"] = None

    def put_back():
        gi._ossighelper = sys.modules["gi._ossighelper"] = helper

    return put_back


def nothing():
    pass


def dict_watchers_taken():
    """As debuggers and compilers do; Python 3.12 has eight for all."""
    take_dict_watchers()


def deque_counts_otherwise():
    import collections

    class deque(collections.deque):
        def append(self, item):
            super().append(item)
            super().append(super().pop())

    collections.deque = deque


ONLY_LOOK = {handle_slot_missing, handle_slot_of_another_class, handle_slot_of_another_kind}

alter = globals()[sys.argv[1]]
put_back = alter()

import gi  # noqa: E402

gi.require_version("AioGuest", "1.0")

from gi.repository import AioGuest, GLib  # noqa: E402
from gi.overrides.AioGuest import _core  # noqa: E402

if put_back is not None:
    # PyGObject itself goes on with it.
    put_back()

print("known" if _core.verified else f"differs: {_core.difference}")
if alter in ONLY_LOOK:
    sys.exit()


async def nest():
    loop = asyncio.get_running_loop()
    for schedule in loop.call_soon, GLib.idle_add:
        future = loop.create_future()
        schedule(future.set_result, "nested")
        while not future.done():
            GLib.MainContext.default().iteration(True)
    return future.result()


async def main():
    loop = asyncio.get_running_loop()
    done = []

    # Timers, many of them cancelled.
    for number in range(200):
        timer = loop.call_later(0.001 + number / 1e6, done.append, "timer")
        if number % 4:
            timer.cancel()

    # Descriptors, registered and taken away.
    read_fd, write_fd = os.pipe()
    readable = asyncio.Event()
    loop.add_reader(read_fd, readable.set)
    GLib.timeout_add(1, lambda: os.write(write_fd, b"x") and False)
    await readable.wait()
    loop.remove_reader(read_fd)
    os.close(read_fd)
    os.close(write_fd)

    # A peer of sockets, threads, and a main loop inside a task's step.
    async def serve(reader, writer):
        writer.write(await reader.readline())
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
    writer.write(b"line\n")
    done.append((await reader.readline()).decode().strip())
    writer.close()
    server.close()
    done.append(await asyncio.to_thread(lambda: "thread"))
    await asyncio.sleep(0.01)

    done.append(await nest())

    # Failures are still told.
    loop.set_exception_handler(lambda loop, context: done.append(str(context["exception"])))
    loop.call_soon(int, "x")
    await asyncio.sleep(0)
    return done


result = AioGuest.run(main(), debug=False)
print(result.count("timer"), *[what for what in result if what != "timer"])
# In debug mode it pops what is ready itself.
AioGuest.run(nest(), debug=True)
