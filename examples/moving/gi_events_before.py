#!/usr/bin/env python3
# SPDX-FileCopyrightText: 2026 The AioGuest authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Before: ``gi.events`` of PyGObject 3.50 and later. ``gi_events_after.py`` is the same with AioGuest."""

import asyncio
import pathlib

import gi

gi.require_version('Gtk', '4.0')
from gi.events import GLibEventLoopPolicy  # noqa: E402
from gi.repository import Gio, GLib, Gtk  # noqa: E402

from shared import watch  # noqa: E402

PATH = pathlib.Path(__file__).parent.parent / 'recipes' / 'include' / 'greetings.txt'


class Window(Gtk.ApplicationWindow):
    def __init__(self, **properties):
        super().__init__(title='gi.events', **properties)
        self.button = Gtk.Button(label='Load')
        self.button.connect('clicked', self.on_clicked)
        self.set_child(self.button)

    def on_clicked(self, button):
        self.task = asyncio.create_task(self.load(button))  # held: asyncio does not

    async def load(self, button):
        button.set_sensitive(False)
        file = Gio.File.new_for_path(str(PATH))
        try:
            _, contents, _ = await file.load_contents_async()
            text = contents.decode().strip()
        except GLib.Error as error:
            text = error.message
        button.set_label(text)
        button.set_sensitive(True)


def activate(app):
    window = Window(application=app)
    window.present()
    watch(app.quit, window.button)


asyncio.set_event_loop_policy(GLibEventLoopPolicy())
app = Gtk.Application(application_id='org.aioguest.GiEvents')
app.connect('activate', activate)
app.run()
