#!/usr/bin/env python3
# SPDX-FileCopyrightText: 2026 The AioGuest authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Waits nest, and end in last-in first-out order whatever is awaited; with what ``docs/re-entry.md``
says of timeouts and cancellation."""

import asyncio

import gi

gi.require_version('AioGuest', '1.0')
from gi.repository import AioGuest, GLib  # noqa: E402


def wait_for(name, awaitable):
    print(f'{name}: wait() begins')
    AioGuest.wait(awaitable)
    print(f'{name}: wait() returns')


async def nested():
    inner_begins, outer_is_awaited = asyncio.Event(), asyncio.Event()

    async def outer():
        await inner_begins.wait()
        await asyncio.sleep(0.05)
        print('outer: awaited')
        outer_is_awaited.set()

    async def inner():
        inner_begins.set()
        await outer_is_awaited.wait()
        await asyncio.sleep(0.05)
        print('inner: awaited')

    # A callback of the host waits while a task is waiting: it is on top of it on the stack.
    GLib.timeout_add(50, lambda: wait_for('inner', inner()))
    wait_for('outer', outer())


def hook():
    """Synchronous code under a task."""
    AioGuest.wait(asyncio.sleep(3600))


async def main():
    await nested()

    try:
        AioGuest.wait(asyncio.sleep(3600), timeout=0.01)
    except TimeoutError:
        print('wait() timed out')

    try:
        async with asyncio.timeout(0.01):
            hook()
    except TimeoutError:
        print('the task around it timed out')

    main_loop = GLib.MainLoop()
    asyncio.get_running_loop().call_later(0.01, main_loop.quit)
    main_loop.run()
    print('a nested main loop runs the asyncio loop')


AioGuest.run(main())
