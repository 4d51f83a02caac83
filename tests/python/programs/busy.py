# SPDX-FileCopyrightText: 2026 The AioGuest authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""busy.py HOST: never rests, until it is interrupted."""

import asyncio
import sys

from gi.repository import GLib

from hosts import HOSTS


async def flood():
    while True:
        await asyncio.sleep(0)


async def main():
    tasks = [asyncio.create_task(flood()) for _ in range(3)]
    GLib.idle_add(lambda: GLib.SOURCE_CONTINUE)
    await asyncio.sleep(0.01)
    print("ready")
    try:
        await asyncio.gather(*tasks)
    finally:
        await asyncio.sleep(0.05)
        print("cleaned up")


HOSTS[sys.argv[1]](main)
