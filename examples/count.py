#!/usr/bin/env python3
# SPDX-FileCopyrightText: 2026 The AioGuest authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The program of README: a label that counts seconds. ``drive_count.py`` runs it, and does what its user may."""

import asyncio
import gi

gi.require_versions({'AioGuest': '1.0', 'Gtk': '4.0'})
from gi.repository import AioGuest, Gtk  # noqa: E402


async def main():
    label = Gtk.Label()
    Gtk.ApplicationWindow(application=app, child=label).present()
    for n in range(1000):
        label.set_label(f'{n} seconds')
        await asyncio.sleep(1)


app = Gtk.Application(application_id='org.example.Count')
AioGuest.run(app, main=main)
