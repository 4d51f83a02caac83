# SPDX-FileCopyrightText: 2026 The AioGuest authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""obliging.py HOST: a main task that returns when it is cancelled."""

import asyncio
import sys

from hosts import HOSTS


async def main():
    asyncio.get_running_loop().call_soon(print, "ready")
    try:
        await asyncio.Event().wait()
    except asyncio.CancelledError:
        print("returning")


HOSTS[sys.argv[1]](main)
