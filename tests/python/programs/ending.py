# SPDX-FileCopyrightText: 2026 The AioGuest authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""ending.py HOST WAY: has much to clean up, and ends in one of several ways."""

import asyncio
import atexit
import os
import sys
import threading
import time

from hosts import HOSTS, OPTIONS, AioGuest, Gio, GLib, LeapingLoop, get_main_loop

WAY = sys.argv[2]
loops = []
generators = []
tasks = []


def tell(*words):
    """A line at once, also beside another thread."""
    os.write(1, (" ".join(map(str, words)) + "\n").encode())


async def generator():
    try:
        yield
    finally:
        await asyncio.sleep(0.05)
        tell("generator closed")


async def task():
    try:
        await asyncio.Event().wait()
    finally:
        await asyncio.sleep(0.05)
        tell("task cleaned up")
        if WAY == "stubborn task":
            # The only other one that is still to end: its time is over.
            asyncio.get_running_loop().leap(OPTIONS["shutdown_timeout"])


async def stubborn():
    while True:
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            pass


def work(started):
    started.set()
    # The executor is joined while this is going on.
    time.sleep(0.05)
    tell("executor joined")


async def exits():
    await asyncio.sleep(0.001)
    sys.exit(7)


async def raises_keyboard_interrupt():
    raise KeyboardInterrupt


async def exits_at_once():
    sys.exit(7)


def quit_application():
    Gio.Application.get_default().quit()


def close_windows():
    for window in Gio.Application.get_default().get_windows():
        window.close()


def quit_main_loop():
    get_main_loop().quit()


async def end():
    if WAY == "return":
        return
    elif WAY == "raise":
        raise LookupError("from main")
    elif WAY == "sys.exit() in main":
        sys.exit(7)
    elif WAY == "sys.exit() in a task":
        tasks.append(asyncio.create_task(exits()))
    elif WAY == "sys.exit() in a task that nobody holds":
        asyncio.create_task(exits())
    elif WAY == "sys.exit() in a callback of the loop":
        asyncio.get_running_loop().call_later(0.001, sys.exit, 7)
    elif WAY == "KeyboardInterrupt in a task":
        asyncio.create_task(raises_keyboard_interrupt())
    elif WAY == "sys.exit() in a spawned task":
        AioGuest.spawn(exits())
    elif WAY == "sys.exit() at once in a handler()":
        GLib.idle_add(AioGuest.handler(exits_at_once, returns=GLib.SOURCE_REMOVE))
    elif WAY == "sys.exit() in a handler()":
        GLib.idle_add(AioGuest.handler(exits, returns=GLib.SOURCE_REMOVE))
    elif WAY == "app.quit() by the host":
        GLib.idle_add(quit_application)
    elif WAY in ("app.quit() by a task", "stubborn task"):
        quit_application()
    elif WAY == "last window closed":
        GLib.idle_add(close_windows)
    elif WAY == "loop.quit() by the host":
        GLib.idle_add(quit_main_loop)
    elif WAY == "loop.quit() by a task":
        quit_main_loop()
    await asyncio.Event().wait()


async def main():
    loop = asyncio.get_running_loop()
    loops.append(loop)
    generators.append(generator())
    await anext(generators[0])
    tasks.append(asyncio.create_task(task()))
    if WAY == "stubborn task":
        tasks.append(asyncio.create_task(stubborn(), name="stubborn"))
    started = threading.Event()
    loop.run_in_executor(None, work, started)
    started.wait()
    await asyncio.sleep(0.001)
    try:
        tell("ready")
        await end()
    finally:
        await asyncio.sleep(0.05)
        tell("main cleaned up")


# After everything else: called in the reverse order.
atexit.register(lambda: tell("loop closed:", loops[0].is_closed()))
HOSTS[sys.argv[1]](main, loop_factory=LeapingLoop if WAY == "stubborn task" else None)
