#!/usr/bin/env python3
# SPDX-FileCopyrightText: 2026 The AioGuest authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""After: AioGuest. ``own_loop_before.py`` is the same with a loop that looks after GTK."""

import asyncio

import aiohttp
import gi

gi.require_versions({'AioGuest': '1.0', 'Gtk': '4.0'})
from gi.repository import AioGuest, Gtk  # noqa: E402

from shared import serving, watch  # noqa: E402


class Window(Gtk.ApplicationWindow):
    def __init__(self, session, **properties):
        super().__init__(title='A loop of its own', **properties)
        self.session = session
        self.button = Gtk.Button(label='Fetch')
        self.button.connect('clicked', self.fetch)
        self.set_child(self.button)
        self.connect('realize', self.count)

    @AioGuest.handler(until='unrealize')
    async def count(self, window):
        seconds = 0
        while True:
            await asyncio.sleep(1)
            seconds += 1
            self.set_title(f'{seconds} s')

    @AioGuest.handler
    async def fetch(self, button):
        button.set_sensitive(False)
        async with self.session.get(url) as response:
            button.set_label(await response.text())
        button.set_sensitive(True)


async def main():
    async with aiohttp.ClientSession() as session:
        window = Window(session, application=app)
        window.present()
        watch(window.close, window.button)
        await asyncio.Event().wait()  # until the application quits, which cancels main()


app = Gtk.Application(application_id='org.aioguest.OwnLoop')
with serving() as url:
    AioGuest.run(app, main=main)
