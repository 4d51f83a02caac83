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


class Loop(AioGuest.EventLoop):
    """Does it in the round that stops the loop, after it has been stopped."""

    is_stopped = has_begun = False

    def stop(self):
        self.is_stopped = True
        super().stop()

    async def shutdown_default_executor(self, *args):
        await super().shutdown_default_executor(*args)
        if not self.has_begun:
            self.has_begun = True
            waiter = self.create_future()
            self.call_soon(self.release, waiter)
            await waiter

    def release(self, waiter):
        waiter.set_result(None)
        # After the step of the drain, in each round.
        self.call_soon(self.do_in_last_round)

    def do_in_last_round(self):
        if not self.is_stopped:
            self.call_soon(self.do_in_last_round)
            return
        try:
            AioGuest.wait(self.create_future())
        except RuntimeError as error:
            tell(error)
        AioGuest.spawn(task(), eager=True)
        if WHAT == "exit":
            GLib.idle_add(sys.exit, 7)
            GLib.MainLoop().run()


async def main():
    return "returned"


try:
    tell(AioGuest.run(main(), loop_factory=Loop, debug=False))
except KeyboardInterrupt:
    tell("KeyboardInterrupt")
if os.getpid() == parent and WHAT == "fork":
    os.wait()
