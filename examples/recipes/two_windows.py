#!/usr/bin/env python3
# SPDX-FileCopyrightText: 2026 The AioGuest authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Windows with tasks of their own: each task ends with its window. With --auto the windows are closed in turn."""

import asyncio
import sys

import gi

gi.require_versions({'AioGuest': '1.0', 'Gtk': '4.0'})
from gi.repository import AioGuest, Gtk  # noqa: E402


class Clock(Gtk.ApplicationWindow):
    def __init__(self, application, name):
        super().__init__(application=application, title=name, default_width=240)
        self.label = Gtk.Label(margin_top=24, margin_bottom=24)
        self.set_child(self.label)
        self.connect('realize', self.count)

    @AioGuest.handler(until='unrealize')
    async def count(self, window):
        try:
            for n in range(1_000_000):
                self.label.set_label(f'{n} seconds')
                await asyncio.sleep(1)
        finally:
            print(self.get_title(), 'has ended')


async def close(one, two):
    """--auto: as its user would."""
    tasks = one.count.tasks()
    one.close()
    await asyncio.wait(tasks)
    print('running:', sum(window.count.is_running() for window in (one, two)))
    two.close()  # the application ends with its last window
    await asyncio.Event().wait()


async def main():
    windows = [Clock(app, name) for name in ('One', 'Two')]
    for window in windows:
        window.present()
    if '--auto' in sys.argv:
        await close(*windows)
    else:
        await asyncio.Event().wait()


app = Gtk.Application(application_id='org.aioguest.TwoWindows')
sys.exit(AioGuest.run(app, main=main))
