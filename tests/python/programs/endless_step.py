# SPDX-FileCopyrightText: 2026 The AioGuest authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""endless_step.py HOST: a main task in synchronous code that would never end."""

import asyncio
import sys

from hosts import HOSTS


async def main():
    print("ready")
    told = False
    while True:
        if asyncio.current_task().cancelling() and not told:
            told = True
            print("cancelling")


HOSTS[sys.argv[1]](main)
