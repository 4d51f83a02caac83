# SPDX-FileCopyrightText: 2026 The AioGuest authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""flooding.py HOST: the application quits while tasks never rest."""

import asyncio
import sys

from gi.repository import Gio, GLib

from hosts import HOSTS


async def flood():
    while True:
        await asyncio.sleep(0)


def quit_application():
    print("quit")
    Gio.Application.get_default().quit()


async def main():
    tasks = [asyncio.create_task(flood()) for _ in range(10)]
    GLib.timeout_add(20, quit_application)
    try:
        await asyncio.gather(*tasks)
    finally:
        await asyncio.sleep(0.05)
        print("cleaned up")


try:
    HOSTS[sys.argv[1]](main)
finally:
    print("returned")
