#!/usr/bin/env python3
# SPDX-FileCopyrightText: 2026 The AioGuest authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""D-Bus: method calls, a remote error and signals, awaited.

It talks to the session bus; with --auto to a private one that it starts.
"""

import sys

import gi
from bus import private_bus, session_bus

gi.require_version('AioGuest', '1.0')
from gi.repository import AioGuest, Gio, GLib  # noqa: E402


async def main():
    async with private_bus() if '--auto' in sys.argv else session_bus() as bus:
        daemon = await AioGuest.call(
            Gio.DBusProxy.new, bus, Gio.DBusProxyFlags.NONE, None,
            'org.freedesktop.DBus', '/org/freedesktop/DBus', 'org.freedesktop.DBus')

        async def call(method, parameters=None):
            reply = await AioGuest.call(
                daemon.call, method, parameters, Gio.DBusCallFlags.NONE, -1)
            return reply.unpack()

        (names,) = await call('ListNames')
        print('org.freedesktop.DBus' in names)

        try:
            await call('NoSuchMethod')
        except GLib.Error as error:
            print(Gio.DBusError.get_remote_error(error))

        # Signals from the bus are emissions of the proxy's ::g-signal.
        async with AioGuest.signals(daemon, 'g-signal') as signals:
            await call('RequestName', GLib.Variant('(su)', ('org.aioguest.Recipe', 4)))
            async for sender, name, parameters in signals:
                if name == 'NameAcquired' and parameters.unpack() == ('org.aioguest.Recipe',):
                    print('acquired', *parameters.unpack())
                    break


AioGuest.run(main())
