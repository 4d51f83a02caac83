#!/usr/bin/env python3
# SPDX-FileCopyrightText: 2026 The AioGuest authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""A handler that blocks, so that the window hangs, and a thread that tells what is going on."""

import asyncio
import threading

import gi

gi.require_versions({'AioGuest': '1.0'})
from gi.repository import AioGuest, GLib  # noqa: E402


def tell():
    print(AioGuest.describe())
    told.set()


told = threading.Event()


async def main():
    threading.Timer(1, tell).start()
    GLib.idle_add(told.wait)  # the host is stuck
    await asyncio.to_thread(told.wait)


AioGuest.run(main())
