# SPDX-FileCopyrightText: 2026 The AioGuest authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""stubborn.py HOST: a main task that no cancellation ends."""

import asyncio
import sys

from hosts import HOSTS


async def main():
    print("ready")
    while True:
        try:
            await asyncio.sleep(3600)
        except asyncio.CancelledError:
            print("swallowed")


HOSTS[sys.argv[1]](main, shutdown_timeout=0.1)
