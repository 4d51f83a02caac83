#!/usr/bin/env python3
# SPDX-FileCopyrightText: 2026 The AioGuest authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""After: a task fetches, on GTK's thread. ``threads_before.py`` is the same with a thread."""

import asyncio

import aiohttp
import gi

gi.require_versions({'AioGuest': '1.0', 'Gtk': '4.0'})
from gi.repository import AioGuest, Gtk  # noqa: E402

from shared import serving, watch  # noqa: E402


class Window(Gtk.ApplicationWindow):
    def __init__(self, session, **properties):
        super().__init__(title='Threads', **properties)
        self.session = session
        self.button = Gtk.Button(label='Fetch')
        self.button.connect('clicked', self.on_clicked)
        self.set_child(self.button)

    @AioGuest.handler
    async def on_clicked(self, button):
        button.set_sensitive(False)
        try:
            async with self.session.get(url) as response:
                text = await response.text()
        except aiohttp.ClientError as error:
            text = str(error)
        button.set_label(text)
        button.set_sensitive(True)


async def main():
    async with aiohttp.ClientSession() as session:
        window = Window(session, application=app)
        window.present()
        watch(app.quit, window.button)
        await asyncio.Event().wait()  # until the application quits, which cancels main()


app = Gtk.Application(application_id='org.aioguest.Threads')
with serving() as url:
    AioGuest.run(app, main=main)
