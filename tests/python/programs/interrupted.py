# SPDX-FileCopyrightText: 2026 The AioGuest authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""interrupted.py HOST HANDLERS: waits for a signal, and tells what comes of it.

HANDLERS is about loop.add_signal_handler(SIGUSR1): "none", "added", or "removed".
"""

import asyncio
import signal
import sys

from hosts import HOSTS


async def generator():
    try:
        yield
    finally:
        await asyncio.sleep(0.001)
        print("generator closed")


async def main():
    loop = asyncio.get_running_loop()
    handlers = sys.argv[2]
    if handlers != "none":
        loop.add_signal_handler(signal.SIGUSR1, print, "SIGUSR1")
    if handlers == "removed":
        loop.remove_signal_handler(signal.SIGUSR1)

    opened = generator()
    await anext(opened)
    # By then nothing is left to be done.
    loop.call_later(0.01, print, "ready")
    try:
        await asyncio.Event().wait()
    except asyncio.CancelledError:
        print("cancelled")
        raise
    finally:
        await asyncio.sleep(0.05)
        print("cleaned up")


HOSTS[sys.argv[1]](main)
