#!/usr/bin/env python3
# SPDX-FileCopyrightText: 2026 The AioGuest authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""After: GTK and AioGuest. ``qasync_before.py`` is the same with PyQt and qasync."""

import asyncio
import subprocess

import gi

gi.require_versions({'AioGuest': '1.0', 'Gtk': '4.0'})
from gi.repository import AioGuest, Gtk  # noqa: E402

from shared import watch  # noqa: E402


class Button(Gtk.Button):
    def __init__(self):
        super().__init__(label='Ask')
        self.connect('clicked', self.ask)

    @AioGuest.handler
    async def ask(self, button):
        self.set_sensitive(False)
        process = await asyncio.create_subprocess_exec('printf', 'Hello!', stdout=subprocess.PIPE)
        text, _ = await process.communicate()
        self.set_label(text.decode())
        self.set_sensitive(True)


async def main():
    button = Button()
    window = Gtk.ApplicationWindow(application=app, title='From Qt', child=button)
    window.present()
    watch(window.close, button)
    await asyncio.Event().wait()  # until the last window is closed, which cancels main()


app = Gtk.Application(application_id='org.aioguest.FromQt')
AioGuest.run(app, main=main)
