# SPDX-FileCopyrightText: 2026 The AioGuest authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""exit_nested.py WHO HOW: a callback of the host calls sys.exit() in a main loop nested in a step.

WHO runs the nested loop: "main" or a "task"; HOW: a "loop" of GLib's, or "wait".
"""

import asyncio
import os
import sys
import threading

import gi

gi.require_version("AioGuest", "1.0")

from gi.repository import AioGuest, GLib  # noqa: E402

WHO, HOW = sys.argv[1:]
generators = []


def tell(line):
    """A line at once, also beside another thread."""
    os.write(1, line.encode() + b"\n")


async def generator():
    try:
        yield
    finally:
        await asyncio.sleep(0.001)
        tell("generator closed")


async def task():
    try:
        await asyncio.Event().wait()
    finally:
        await asyncio.sleep(0.001)
        tell("task cleaned up")


async def nests():
    GLib.idle_add(sys.exit, 7)
    if HOW == "loop":
        GLib.MainLoop().run()
    else:
        AioGuest.wait(asyncio.Event().wait())
    tell("never reached")


def work(started, end):
    started.set()
    end.wait()
    tell("executor joined")


async def main():
    loop = asyncio.get_running_loop()
    generators.append(generator())
    await anext(generators[0])
    others = [asyncio.create_task(task())]
    started, end = threading.Event(), threading.Event()
    loop.run_in_executor(None, work, started, end)
    started.wait()
    loop.call_later(0.001, end.set)
    if WHO == "main":
        await asyncio.sleep(0)
        await nests()
    others.append(asyncio.create_task(nests()))
    try:
        await asyncio.Event().wait()
    finally:
        await asyncio.sleep(0.001)
        tell("main cleaned up")


AioGuest.run(main(), debug=False)
