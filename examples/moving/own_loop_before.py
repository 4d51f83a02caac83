#!/usr/bin/env python3
# SPDX-FileCopyrightText: 2026 The AioGuest authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Before: a loop at module level, which looks after GTK a hundred times a second. See ``own_loop_after.py``."""

import asyncio

import aiohttp
import gi

gi.require_version('Gtk', '4.0')
from gi.repository import GLib, Gtk  # noqa: E402

from shared import serving, watch  # noqa: E402

loop = asyncio.new_event_loop()
asyncio.set_event_loop(loop)


class Window(Gtk.Window):
    def __init__(self, session):
        super().__init__(title='A loop of its own')
        self.session = session
        self.seconds = 0
        self.button = Gtk.Button(label='Fetch')
        self.button.connect('clicked', self.on_clicked)
        self.set_child(self.button)
        self.connect('close-request', self.on_close_request)
        GLib.timeout_add(1000, self.count)

    def count(self):
        self.seconds += 1
        self.set_title(f'{self.seconds} s')
        return GLib.SOURCE_CONTINUE

    def on_clicked(self, button):
        self.task = loop.create_task(self.fetch(button))  # held: asyncio does not

    async def fetch(self, button):
        button.set_sensitive(False)
        async with self.session.get(url) as response:
            button.set_label(await response.text())
        button.set_sensitive(True)

    def on_close_request(self, window):
        loop.stop()


def pump():
    while GLib.MainContext.default().iteration(False):
        pass
    loop.call_later(0.01, pump)


async def connect():
    return aiohttp.ClientSession()


with serving() as url:
    session = loop.run_until_complete(connect())
    Gtk.init()
    window = Window(session)
    window.present()
    watch(window.close, window.button)
    loop.call_soon(pump)
    loop.run_forever()
    loop.run_until_complete(session.close())
    loop.close()
