# SPDX-FileCopyrightText: 2026 The AioGuest authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""exit_nested.py WHO HOW: a callback of the host calls sys.exit() in a main loop nested in a step.

WHO runs the nested loop: "main" or a "task"; a task in its "clean-up", beside another that does not
end; or, when the main task is done, an exception "handler" for what another has raised in its own.
HOW: a "loop" of GLib's, or "wait".
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
# asyncio itself does not hold tasks.
others = []


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


def nest():
    GLib.idle_add(sys.exit, 7)
    if HOW == "loop":
        GLib.MainLoop().run()
    else:
        AioGuest.wait(asyncio.Event().wait())
    tell("never reached")


async def nests():
    nest()


async def nests_in_its_clean_up():
    try:
        await asyncio.Event().wait()
    finally:
        nest()


async def raises_in_its_clean_up():
    try:
        await asyncio.Event().wait()
    finally:
        raise LookupError


async def does_not_end():
    while True:
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            tell("stays")


def work(started, end):
    started.set()
    end.wait()
    tell("executor joined")


async def main():
    loop = asyncio.get_running_loop()
    generators.append(generator())
    await anext(generators[0])
    others.append(asyncio.create_task(task()))
    started, end = threading.Event(), threading.Event()
    loop.run_in_executor(None, work, started, end)
    started.wait()
    loop.call_later(0.001, end.set)
    if WHO == "main":
        await asyncio.sleep(0)
        await nests()
    if WHO == "clean-up":
        others.extend(map(asyncio.create_task, (nests_in_its_clean_up(), does_not_end())))
        await asyncio.sleep(0)
        return
    if WHO == "handler":
        others.append(asyncio.create_task(raises_in_its_clean_up()))
        loop.set_exception_handler(lambda loop, context: nest())
        await asyncio.sleep(0)
        return
    others.append(asyncio.create_task(nests()))
    try:
        await asyncio.Event().wait()
    finally:
        await asyncio.sleep(0.001)
        tell("main cleaned up")


AioGuest.run(main(), debug=False, shutdown_timeout=0.1 if WHO == "clean-up" else None)
