# SPDX-FileCopyrightText: 2026 The AioGuest authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""last_round.py WHAT: a run ends inside a nested main loop, and a task begins in the step around that.

WHAT happens then: "interrupt", Ctrl-C while the task cleans up; "fork", by the task; "exit", by a
callback of the host in another nested main loop of that step.
"""

import asyncio
import os
import signal
import sys

import gi

gi.require_version("AioGuest", "1.0")

from gi.repository import AioGuest, GLib  # noqa: E402
from late import make_late_loop  # noqa: E402

WHAT = sys.argv[1]
parent = os.getpid()


def tell(line):
    who = "" if os.getpid() == parent else "child: "
    os.write(1, f"{who}{line}\n".encode())


async def task():
    try:
        await asyncio.Event().wait()
    finally:
        if WHAT == "interrupt":
            asyncio.get_running_loop().call_soon(os.kill, os.getpid(), signal.SIGINT)
        elif WHAT == "fork":
            os.fork()
        await asyncio.sleep(0.001)
        tell("cleaned up")


def do_in_last_round(loop):
    try:
        AioGuest.wait(loop.create_future())
    except RuntimeError as error:
        tell(error)
    AioGuest.spawn(task(), eager=True)
    if WHAT == "exit":
        GLib.idle_add(sys.exit, 7)
        GLib.MainLoop().run()


async def main():
    return "returned"


try:
    loop_factory = make_late_loop(AioGuest.EventLoop, do_in_last_round)
    tell(AioGuest.run(main(), loop_factory=loop_factory, debug=False))
except KeyboardInterrupt:
    tell("KeyboardInterrupt")
if WHAT == "fork":
    assert os.waitstatus_to_exitcode(os.wait()[1]) == os.EX_SOFTWARE
