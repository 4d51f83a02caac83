# SPDX-FileCopyrightText: 2026 The AioGuest authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""abandoned.py HOW: leaves a run in the middle."""

import asyncio
import os
import sys
import threading

from hosts import AioGuest, GLib

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


def wait_for(pid):
    tell("child", os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))


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


def exception_out_of_run():
    in_main_loop()
    raise LookupError("out of the program")


def os_exit():
    in_main_loop()
    os._exit(5)


def fork_and_exit():
    in_main_loop()
    pid = os.fork()
    if pid == 0:
        sys.exit(3)
    wait_for(pid)
    go_on()


def fork_and_os_exit():
    in_main_loop()
    pid = os.fork()
    if pid == 0:
        os._exit(4)
    wait_for(pid)
    go_on()


def fork_and_exec():
    in_main_loop()
    pid = os.fork()
    if pid == 0:
        os.execv("/bin/sh", ["/bin/sh", "-c", "exit 6"])
    wait_for(pid)
    go_on()


def fork_and_iterate():
    """In the child the parent's run does nothing."""
    in_main_loop()
    pid = os.fork()
    if pid == 0:
        while GLib.MainContext.default().iteration(False):
            pass
        sys.exit(7)
    wait_for(pid)
    go_on()


def thread_ends():
    """With a run in a main context of its own, which goes with it."""
    def thread():
        context = GLib.MainContext()
        context.push_thread_default()
        waiting = []
        AioGuest.start(main(lambda: waiting.append(True)), debug=False, main_context=context)
        while not waiting:
            context.iteration(True)
        context.pop_thread_default()

    other = threading.Thread(target=thread)
    other.start()
    other.join()
    tell("joined")


globals()[HOW]()
