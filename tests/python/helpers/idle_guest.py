# SPDX-FileCopyrightText: 2026 The AioGuest authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""A guest with nothing to do, in a process of its own, to be looked at."""

import asyncio
import socket

import gi

gi.require_version("AioGuest", "1.0")

from gi.repository import AioGuest, GLib  # noqa: E402


async def main():
    loop = asyncio.get_running_loop()
    pairs = [socket.socketpair() for _ in range(100)]
    for left, _ in pairs:
        left.setblocking(False)
        loop.add_reader(left, print, "nobody writes")
    # By the last step nothing is left to be done but to wait.
    loop.call_soon(print, "idle")
    await asyncio.sleep(3600)


AioGuest.start(main(), debug=False)
GLib.MainLoop().run()
