#!/usr/bin/env python3
# SPDX-FileCopyrightText: 2026 The AioGuest authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""After: AioGuest, on every PyGObject. ``gi_events_before.py`` is the same with ``gi.events``."""

import pathlib

import gi

gi.require_versions({'AioGuest': '1.0', 'Gtk': '4.0'})
from gi.repository import AioGuest, Gio, GLib, Gtk  # noqa: E402

from shared import watch  # noqa: E402

PATH = pathlib.Path(__file__).parent.parent / 'recipes' / 'include' / 'greetings.txt'


class Window(Gtk.ApplicationWindow):
    def __init__(self, **properties):
        super().__init__(title='gi.events', **properties)
        self.button = Gtk.Button(label='Load')
        self.button.connect('clicked', self.load)
        self.set_child(self.button)

    @AioGuest.handler
    async def load(self, button):
        button.set_sensitive(False)
        file = Gio.File.new_for_path(str(PATH))
        try:
            _, contents, _ = await AioGuest.call(file.load_contents_async)
            text = contents.decode().strip()
        except GLib.Error as error:
            text = error.message
        button.set_label(text)
        button.set_sensitive(True)


def activate(app):
    window = Window(application=app)
    window.present()
    watch(app.quit, window.button)


app = Gtk.Application(application_id='org.aioguest.GiEvents')
app.connect('activate', activate)
AioGuest.run(app)
