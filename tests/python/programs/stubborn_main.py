# SPDX-FileCopyrightText: 2026 The AioGuest authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""stubborn_main.py HOST: the application quits, and the main task ends for no cancellation."""

import asyncio
import sys

from hosts import HOSTS, Gio, LeapingLoop

PATIENCE = 3600


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
            # It has had its time, and will be given up; the helper's is still to come.
            asyncio.get_running_loop().leap(PATIENCE)


HOSTS[sys.argv[1]](main, shutdown_timeout=PATIENCE, loop_factory=LeapingLoop)
