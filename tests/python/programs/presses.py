# SPDX-FileCopyrightText: 2026 The AioGuest authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""presses.py HOST ENDING CANCELLATIONS: a run that Ctrl-C ends, sooner or later.

ENDING is what there is to clean up. It takes so many cancellations for that; what each does is told. The
host "asyncio" is asyncio.run(), without GLib, to compare with.
"""

import asyncio
import signal
import sys
import threading

from hosts import HOSTS, AioGuest, GLib

HOST, ENDING = sys.argv[1:3]
CANCELLATIONS = int(sys.argv[3])

released = threading.Event()
tasks = []


async def resist():
    for _ in range(CANCELLATIONS):
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            print("cancelled")
    print("cleaned up")
    raise asyncio.CancelledError


def nest():
    GLib.MainLoop().run()


def nest_in_turn():
    for _ in range(2):
        nest()


def nest_again_in_nested():
    """When the innermost one has ended, another one begins before the outer one can return."""
    GLib.idle_add(lambda: nest_in_turn() and False)
    nest()


def nest_twice():
    GLib.idle_add(lambda: nest() and False)
    nest()


async def begin_resisting():
    tasks.append(asyncio.create_task(resist()))
    await asyncio.sleep(0)


async def wait_for_cancellation():
    print("ready")
    await asyncio.Event().wait()


async def main_cleans_up():
    print("ready")
    await resist()


async def main_has_ended():
    await begin_resisting()
    print("ready")


async def another_cleans_up():
    await begin_resisting()
    await wait_for_cancellation()


async def another_refuses():
    """In a run that gives it up soon."""
    await another_cleans_up()


async def executor_is_busy():
    asyncio.get_running_loop().run_in_executor(None, released.wait)
    try:
        await wait_for_cancellation()
    finally:
        if CANCELLATIONS == 1:
            released.set()
            print("cleaned up")


async def nested_in_step(nest=nest):
    print("ready")
    try:
        nest()
    finally:
        print("nested loop ended")
    await asyncio.Event().wait()


async def nested_in_step_twice():
    await nested_in_step(nest_twice)


async def nested_in_turn():
    await nested_in_step(nest_in_turn)


async def nested_again_in_nested():
    await nested_in_step(nest_again_in_nested)


async def wait_beside_nested():
    """In the first step of the main task."""
    GLib.idle_add(lambda: wait_in_callback() and False)
    await nested_in_step()


def wait_in_callback():
    try:
        AioGuest.wait(resist())
    except RuntimeError as error:
        print(error)


async def dialog_in_step():
    from gi.repository import Gtk

    await nested_in_step(Gtk.Dialog().run)


async def gtk_main_in_step():
    """Two: Gtk.main_quit() ends the inner one only."""
    from gi.repository import Gtk

    def nest():
        GLib.idle_add(lambda: Gtk.main() and False)
        Gtk.main()

    await nested_in_step(nest)


async def nested_in_step_beside_another():
    await begin_resisting()
    await nested_in_step()


async def nested_in_step_of_another():
    async def another():
        nest()
        print("not reached")

    tasks.append(asyncio.create_task(another()))
    # It has its turn in there.
    GLib.idle_add(print, "ready")
    await asyncio.Event().wait()


async def nested_in_callback():
    GLib.idle_add(lambda: nest() and False)
    await main_cleans_up()


async def wait():
    print("ready")
    AioGuest.wait(resist())


async def terminated():
    loop = asyncio.get_running_loop()
    clean_up = asyncio.Event()
    loop.add_signal_handler(signal.SIGUSR1, clean_up.set)
    try:
        await wait_for_cancellation()
    finally:
        print("cancelled")
        await clean_up.wait()
        print("cleaned up")


def run_by_asyncio(main, **options):
    asyncio.run(main())


HOSTS["asyncio"] = run_by_asyncio
OPTIONS = {"shutdown_timeout": 0.1} if ENDING == "another_refuses" else {}
try:
    HOSTS[HOST](globals()[ENDING], **OPTIONS)
finally:
    # The interpreter joins the thread.
    released.set()
