# SPDX-FileCopyrightText: 2026 The AioGuest authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""abandoned.py HOW: leaves a run in the middle."""

import asyncio
import gc
import os
import sys
import threading
from concurrent.futures import CancelledError

from hosts import AioGuest, GLib, application

HOW = sys.argv[1]


def tell(*words):
    os.write(1, (" ".join(map(str, words)) + "\n").encode())


async def main(ready):
    try:
        ready()
        await asyncio.Event().wait()
    finally:
        await asyncio.sleep(0.02)
        tell("cleaned up")


def in_main_loop():
    """Start, and run a main loop until the main task is waiting."""
    loop = GLib.MainLoop()
    AioGuest.start(main(lambda: GLib.idle_add(loop.quit)), debug=False)
    loop.run()


def go_on():
    """The run is as alive as it was."""
    loop = GLib.MainLoop()
    asyncio.get_running_loop().call_later(0.01, loop.quit)
    loop.run()
    tell("goes on")


def never_iterated():
    AioGuest.start(main(lambda: None), debug=False)


def interpreter_exit():
    in_main_loop()


def interpreter_exit_beside_an_executor():
    """A thread of the executor's waits for the loop to do something."""
    in_main_loop()
    loop = asyncio.get_running_loop()
    started = threading.Event()

    def work():
        future = asyncio.run_coroutine_threadsafe(asyncio.Event().wait(), loop)
        started.set()
        try:
            future.result()
        except CancelledError:
            tell("executor has heard of it")

    loop.run_in_executor(None, work)
    started.wait()


def exception_out_of_run():
    in_main_loop()
    raise LookupError("out of the program")


def os_exit():
    in_main_loop()
    os._exit(5)


def drop_context(main=main, **options):
    """The program holds the main context, and lets go of it while the run goes on."""
    # What comes into being once.
    AioGuest.run(asyncio.sleep(0), debug=False)
    before = sorted(os.listdir("/proc/self/fd"))
    context = GLib.MainContext()
    loop = GLib.MainLoop(context)
    task = AioGuest.start(
        main(lambda: loop.quit()),  # noqa: F821 - it is deleted later
        debug=False, main_context=context, **options)
    loop.run()
    tell("stopped")
    del loop, context
    tell("dropped", task.get_loop().is_closed(), asyncio._get_running_loop())
    del task
    gc.collect()
    assert sorted(os.listdir("/proc/self/fd")) == before


def context_dropped():
    drop_context()


def context_dropped_below_a_stock_loop():
    drop_context(loop_factory=asyncio.SelectorEventLoop)


async def fork_when_cancelled(ready):
    loop = asyncio.get_running_loop()
    try:
        await main(ready)
    finally:
        for end in sys.exit, lambda status: loop.create_future(), lambda status: 1 / 0:
            pid = os.fork()
            if pid == 0:
                await end(3)
            tell("child", os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))


def context_dropped_and_forks():
    drop_context(fork_when_cancelled)


def context_dropped_below_a_stock_loop_and_forks():
    drop_context(fork_when_cancelled, loop_factory=asyncio.SelectorEventLoop)


def context_dropped_under_an_application():
    drop_context(application=application())


def main_loop_dropped():
    """The default main context lives on, so another main loop can take the run up again."""
    in_main_loop()
    tell("stopped")
    go_on()


def daemon_thread():
    """Is frozen with its run where it is."""
    waiting = threading.Event()

    def thread():
        context = GLib.MainContext()
        AioGuest.start(main(waiting.set), debug=False, main_context=context)
        GLib.MainLoop(context).run()

    threading.Thread(target=thread, daemon=True).start()
    waiting.wait()


globals()[HOW]()
