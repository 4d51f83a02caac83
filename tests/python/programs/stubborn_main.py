# SPDX-FileCopyrightText: 2026 The AioGuest authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""stubborn_main.py HOST: the application quits, and the main task ends for no cancellation."""

import asyncio
import sys

from hosts import HOSTS, Gio


async def helper():
    try:
        await asyncio.Event().wait()
    finally:
        await asyncio.sleep(0.01)
        print("helper cleaned up")


async def main():
    helping = asyncio.create_task(helper())
    await asyncio.sleep(0)
    Gio.Application.get_default().quit()
    while True:
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            print("swallowed, helper is there:", not helping.done())


HOSTS[sys.argv[1]](main, shutdown_timeout=0.1)
