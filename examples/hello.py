#!/usr/bin/env python3
# SPDX-FileCopyrightText: 2026 The AioGuest authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Hello in fourteen lines: asyncio.sleep() in a GTK 4 window."""

import asyncio

import gi

gi.require_versions({'AioGuest': '1.0', 'Gtk': '4.0'})
from gi.repository import AioGuest, Gtk  # noqa: E402

app = Gtk.Application(application_id='org.example.Hello')


async def main():
    button = Gtk.Button(label='Hello')
    Gtk.ApplicationWindow(application=app, title='Hello', child=button).present()
    for seconds in (3, 2, 1):
        button.set_label(f'Hello for {seconds} s')
        await asyncio.sleep(1)
    print(button.get_label())
    app.quit()


AioGuest.run(app, main=main)
