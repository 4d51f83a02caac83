# SPDX-FileCopyrightText: 2026 The AioGuest authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""A connection to D-Bus for the recipes: to the session bus, or to a private one that they start."""

import asyncio
import contextlib

import gi

gi.require_version('AioGuest', '1.0')
from gi.repository import AioGuest, Gio  # noqa: E402


@contextlib.asynccontextmanager
async def session_bus():
    yield await AioGuest.call(Gio.bus_get, Gio.BusType.SESSION)


@contextlib.asynccontextmanager
async def private_bus():
    """--auto: what is tried there does not meet the user's programs."""
    daemon = await asyncio.create_subprocess_exec(
        'dbus-daemon', '--session', '--nofork', '--print-address',
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL)
    try:
        address = (await daemon.stdout.readline()).decode().strip()
        flags = (Gio.DBusConnectionFlags.AUTHENTICATION_CLIENT
                 | Gio.DBusConnectionFlags.MESSAGE_BUS_CONNECTION)
        bus = await AioGuest.call(Gio.DBusConnection.new_for_address, address, flags, None)
        yield bus
        await AioGuest.call(bus.close)
    finally:
        daemon.terminate()
        await daemon.communicate()
