#!/usr/bin/env python3
# SPDX-FileCopyrightText: 2026 The AioGuest authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Before: gbulb, with PyGObject before 3.50. ``gbulb_after.py`` is the same with AioGuest."""

import asyncio
import subprocess

import gi

gi.require_version('Gtk', '4.0')
from gi.repository import Gtk  # noqa: E402

import gbulb  # noqa: E402

from shared import watch  # noqa: E402


async def ask(button):
    await gbulb.wait_signal(button, 'clicked')
    button.set_sensitive(False)
    process = await asyncio.create_subprocess_exec('printf', 'Hello!', stdout=subprocess.PIPE)
    text, _ = await process.communicate()
    button.set_label(text.decode())
    button.set_sensitive(True)


def activate(app):
    button = Gtk.Button(label='Ask')
    Gtk.ApplicationWindow(application=app, title='gbulb', child=button).present()
    app.task = asyncio.ensure_future(ask(button))  # held: asyncio does not
    watch(app.quit, button)


gbulb.install(gtk=True)
app = Gtk.Application(application_id='org.aioguest.Gbulb')
app.connect('activate', activate)
loop = asyncio.get_event_loop()
loop.run_forever(application=app)
