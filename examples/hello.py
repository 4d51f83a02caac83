#!/usr/bin/env python3
# SPDX-FileCopyrightText: 2026 The AioGuest authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""A GTK 4 program whose main function awaits a click.  With --auto it clicks by itself."""

import asyncio
import sys

import gi

gi.require_version('AioGuest', '1.0')
gi.require_version('Gtk', '4.0')
from gi.repository import AioGuest, Gtk  # noqa: E402

app = Gtk.Application(application_id='org.aioguest.Hello')
app.connect('activate', lambda app: None)  # main() opens the window


async def main():
    button = Gtk.Button(label='Hello! Click me')
    window = Gtk.ApplicationWindow(application=app, title='Hello', child=button)
    window.present()
    clicked = asyncio.Event()
    button.connect('clicked', lambda button: clicked.set())
    if '--auto' in sys.argv:
        asyncio.get_running_loop().call_later(0.2, button.emit, 'clicked')
    await clicked.wait()
    for seconds in (3, 2, 1):
        button.set_label(f'Good-bye in {seconds} s')
        await asyncio.sleep(1 if '--auto' not in sys.argv else 0.1)
    print('clicked, waited, good-bye')
    window.close()


sys.exit(AioGuest.run(app, main=main))
