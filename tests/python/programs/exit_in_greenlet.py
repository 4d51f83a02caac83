# SPDX-FileCopyrightText: 2026 The AioGuest authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""exit_in_greenlet.py WHO: a callback of the host calls sys.exit() in a main loop in which asyncio rests.

WHO runs that main loop: synchronous code in a "greenlet", a "task" beside it, or the "host".
"""

import asyncio
import os
import sys

import gi

gi.require_version("AioGuest", "1.0")

from gi.repository import AioGuest, GLib  # noqa: E402

from portal import await_, under  # noqa: E402

WHO = sys.argv[1]


def tell(line):
    os.write(1, line.encode() + b"\n")


def nest():
    GLib.idle_add(sys.exit, 7)
    GLib.MainLoop().run()
    tell("never reached")


def work():
    await_(asyncio.sleep(0.001))
    try:
        if WHO == "greenlet":
            nest()
        await_(asyncio.Event().wait())
    finally:
        tell("cleaned up")


async def main():
    task = asyncio.create_task(under(work))
    await asyncio.sleep(0.005)
    if WHO == "host":
        GLib.idle_add(nest)
    if WHO == "task":
        nest()
    await task


AioGuest.run(main(), debug=False)
