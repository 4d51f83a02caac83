# SPDX-FileCopyrightText: 2026 The AioGuest authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""abandoned_thread.py MAKER HOW: a thread ends, and leaves its run in the middle."""

import asyncio
import ctypes
import gc
import os
import sys
import threading
import time

from hosts import AioGuest, Gio, GLib, application

MAKER, HOW = sys.argv[1:]
kept = []
loops = []
main_thread = threading.get_ident()


def tell(*words):
    os.write(1, (" ".join(map(str, words)) + "\n").encode())


class PythonThread(threading.Thread):
    def __init__(self, function):
        super().__init__(target=function)


class CThread:
    """Of a kind that Python has not made."""

    _library = ctypes.CDLL(None)
    _Function = ctypes.CFUNCTYPE(ctypes.c_void_p, ctypes.c_void_p)

    def __init__(self, function):
        self._function = self._Function(lambda data: function())
        self._thread = ctypes.c_ulong()

    def start(self):
        assert self._library.pthread_create(
            ctypes.byref(self._thread), None, self._function, None) == 0

    def join(self):
        assert self._library.pthread_join(self._thread, None) == 0


Thread = {"python": PythonThread, "c": CThread}[MAKER]


async def generator():
    try:
        yield
    finally:
        await asyncio.sleep(0.02)
        tell("generator closed")


async def task():
    try:
        await asyncio.Event().wait()
    finally:
        await asyncio.sleep(0.02)
        tell("task cleaned up")


async def gio():
    file = Gio.File.new_for_path("/")
    await AioGuest.call(
        file.query_info_async, "standard::type", Gio.FileQueryInfoFlags.NONE, GLib.PRIORITY_DEFAULT)


async def main(waiting):
    assert threading.get_ident() != main_thread
    loops.append(asyncio.get_running_loop())
    agen = generator()
    await anext(agen)
    tasks = [asyncio.create_task(task())]
    try:
        await asyncio.sleep(0)
        waiting()
        await asyncio.Event().wait()
    finally:
        await asyncio.sleep(0.02)
        assert asyncio.current_task().get_loop() is asyncio.get_running_loop() is loops[0]
        assert len(tasks) == 1
        tell("main cleaned up")


def iterate(context, coro_function, **options):
    """Until it says that it is waiting."""
    waiting = []
    coro = coro_function(lambda: waiting.append(True))
    AioGuest.start(coro, debug=False, main_context=context, **options)
    while not waiting:
        context.iteration(True)


def context_dropped():
    """The thread is the last to hold the context."""
    iterate(GLib.MainContext(), main)


def context_kept():
    """Somebody else holds it."""
    kept.append(GLib.MainContext())
    iterate(kept[0], main)


def thread_default():
    """It is still the thread-default one when the thread ends."""
    kept.append(GLib.MainContext())
    kept[0].push_thread_default()
    iterate(kept[0], main)


def thread_default_before():
    """It was the thread-default one, and Gio must come back to it all the same."""
    async def awaits_gio(waiting):
        try:
            await main(waiting)
        finally:
            await gio()
            tell("Gio")

    kept.append(GLib.MainContext())
    kept[0].push_thread_default()
    iterate(kept[0], awaits_gio)
    kept[0].pop_thread_default()


def context_owned():
    """Another thread has taken the context over, without iterating it."""
    kept.append(GLib.MainContext())
    iterate(kept[0], main)
    owner = threading.Thread(target=lambda: kept[0].acquire())
    owner.start()
    owner.join()


def with_application():
    kept.extend([GLib.MainContext(), application()])
    iterate(kept[0], main, application=kept[1])


def exception():
    context_kept()
    raise LookupError("out of the thread")


def main_raises():
    """In answer to its cancellation."""
    async def raises(waiting):
        try:
            await main(waiting)
        finally:
            raise LookupError("in answer")

    kept.append(GLib.MainContext())
    iterate(kept[0], raises)


def stubborn():
    async def swallows(waiting):
        waiting()
        while True:
            try:
                await asyncio.Event().wait()
            except asyncio.CancelledError:
                tell("swallowed")

    kept.append(GLib.MainContext())
    iterate(kept[0], swallows, shutdown_timeout=0.1)


def executor():
    def work(started):
        started.set()
        time.sleep(0.05)
        tell("executor joined")

    async def with_work(waiting):
        started = threading.Event()
        asyncio.get_running_loop().run_in_executor(None, work, started)
        started.wait()
        await main(waiting)

    kept.append(GLib.MainContext())
    iterate(kept[0], with_work)


def thread_local():
    """What finalizers of threading.local objects need the loop for works, and is freed."""
    local = threading.local()

    class Value:
        def __del__(self):
            tell("value freed")

    async def uses_it(waiting):
        try:
            await main(waiting)
        finally:
            local.value = Value()
            threading.current_thread()

    kept.extend([GLib.MainContext(), local])
    iterate(kept[0], uses_it)


def over():
    """Nothing is left in the middle."""
    AioGuest.run(asyncio.sleep(0.01), debug=False, main_context=GLib.MainContext())


def event_loop():
    """A loop that is not running is nobody's guest."""
    loop = AioGuest.EventLoop(main_context=GLib.MainContext())
    loop.run_until_complete(asyncio.sleep(0.01))
    kept.append(loop)


def threads():
    """Their names, but for those of GLib, which live as long as GLib likes."""
    names = []
    for thread in os.listdir("/proc/self/task"):
        try:
            with open(f"/proc/self/task/{thread}/comm") as file:
                names.append(file.read())
        except (FileNotFoundError, ProcessLookupError):
            pass  # it has ended before the file was opened, or read
    return [name for name in names if not name.startswith(("gmain", "pool"))]


def left():
    """Descriptors. Other threads: who joins one may be told before the kernel has done with it."""
    while len(threads()) > 1:
        os.sched_yield()
    return sorted(os.listdir("/proc/self/fd"))


# What comes into being once.
AioGuest.run(gio(), debug=False)
for function in (over, globals()[HOW]):
    before = left()
    thread = Thread(function)
    thread.start()
    thread.join()
tell("joined")
for thing in kept:
    if isinstance(thing, asyncio.AbstractEventLoop):
        thing.close()
# A main context has descriptors of its own.
thing = None
kept.clear()
gc.collect()
assert left() == before, (left(), before)
assert threading.enumerate() == [threading.main_thread()], threading.enumerate()
assert all(loop.is_closed() for loop in loops)
