#!/usr/bin/env python3
# SPDX-FileCopyrightText: 2026 The AioGuest authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Synchronous functions that wait in any order, in greenlets, by greenback (a package of the Python registry)."""

import asyncio

import gi
import greenback

gi.require_version('AioGuest', '1.0')
from gi.repository import AioGuest, GLib  # noqa: E402


def wait_for(name, event, next_event):
    """Synchronous, deep down in what a handler calls."""
    print(f'{name}: waits')
    greenback.await_(event.wait())
    print(f'{name}: goes on')
    next_event.set()


@AioGuest.handler
async def on_clicked(*args):
    await greenback.with_portal_run_sync(wait_for, *args)


async def main():
    first, second, last = asyncio.Event(), asyncio.Event(), asyncio.Event()
    # As two clicks would.
    GLib.idle_add(on_clicked, 'first', first, second)
    GLib.idle_add(on_clicked, 'second', second, last)
    GLib.timeout_add(50, first.set)
    await last.wait()


AioGuest.run(main())
