#!/usr/bin/env python3
# SPDX-FileCopyrightText: 2026 The AioGuest authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Ctrl-C cancels the main task, its ``finally:`` blocks run, then ``run()`` raises.

With --auto the program sends itself the signal while it is idle.
"""

import asyncio
import os
import signal
import sys
import threading

import gi

gi.require_version('AioGuest', '1.0')
from gi.repository import AioGuest, GLib  # noqa: E402


async def main():
    print('waiting for Ctrl-C')
    if '--auto' in sys.argv:
        # From a thread of its own, as soon as the main loop has nothing else to do.
        send = threading.Thread(target=os.kill, args=(os.getpid(), signal.SIGINT))
        GLib.idle_add(send.start)
    try:
        await asyncio.Event().wait()
    finally:
        await asyncio.sleep(0.05)
        print('cleaned up')


try:
    AioGuest.run(main())
except KeyboardInterrupt:
    print('KeyboardInterrupt')
