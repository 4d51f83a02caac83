#!/usr/bin/env python3
# SPDX-FileCopyrightText: 2026 The AioGuest authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""After: AioGuest. ``gbulb_before.py`` is the same with gbulb."""

import asyncio
import subprocess

import gi

gi.require_versions({'AioGuest': '1.0', 'Gtk': '4.0'})
from gi.repository import AioGuest, Gtk  # noqa: E402

from shared import watch  # noqa: E402


async def ask(button):
    await AioGuest.wait_signal(button, 'clicked')
    button.set_sensitive(False)
    process = await asyncio.create_subprocess_exec('printf', 'Hello!', stdout=subprocess.PIPE)
    text, _ = await process.communicate()
    button.set_label(text.decode())
    button.set_sensitive(True)


async def main():
    button = Gtk.Button(label='Ask')
    Gtk.ApplicationWindow(application=app, title='gbulb', child=button).present()
    watch(app.quit, button)
    await ask(button)


app = Gtk.Application(application_id='org.aioguest.Gbulb')
AioGuest.run(app, main=main)
