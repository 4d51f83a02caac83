#!/usr/bin/env python3
# SPDX-FileCopyrightText: 2026 The AioGuest authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Before: a thread fetches, ``GLib.idle_add`` brings the answer. See ``threads_after.py``."""

import threading
import urllib.request

import gi

gi.require_version('Gtk', '4.0')
from gi.repository import GLib, Gtk  # noqa: E402

from shared import serving, watch  # noqa: E402


class Window(Gtk.ApplicationWindow):
    def __init__(self, **properties):
        super().__init__(title='Threads', **properties)
        self.button = Gtk.Button(label='Fetch')
        self.button.connect('clicked', self.on_clicked)
        self.set_child(self.button)

    def on_clicked(self, button):
        button.set_sensitive(False)
        threading.Thread(target=self.fetch).start()

    def fetch(self):  # in the thread, where GTK is out of bounds
        try:
            with urllib.request.urlopen(url) as response:
                text = response.read().decode()
        except OSError as error:
            text = str(error)
        GLib.idle_add(self.show_answer, text)

    def show_answer(self, text):
        self.button.set_label(text)
        self.button.set_sensitive(True)


def activate(app):
    window = Window(application=app)
    window.present()
    watch(app.quit, window.button)


app = Gtk.Application(application_id='org.aioguest.Threads')
app.connect('activate', activate)
with serving() as url:
    app.run()
