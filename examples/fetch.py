#!/usr/bin/env python3
# SPDX-FileCopyrightText: 2026 The AioGuest authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The program of README: a button that awaits. ``drive_fetch.py`` runs it, and does what its user may."""

import asyncio
import aiohttp
import gi

gi.require_versions({'AioGuest': '1.0', 'Gtk': '4.0'})
from gi.repository import AioGuest, Gtk  # noqa: E402


@AioGuest.handler
async def on_clicked(button):
    async with aiohttp.request('GET', 'https://www.gnome.org') as response:
        button.set_label(f'{len(await response.read())} bytes')


async def main():
    button = Gtk.Button(label='Fetch')
    button.connect('clicked', on_clicked)
    Gtk.ApplicationWindow(application=app, child=button).present()
    await asyncio.Event().wait()  # until the last window is closed


app = Gtk.Application(application_id='org.example.Fetch')
AioGuest.run(app, main=main)
