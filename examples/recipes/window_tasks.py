#!/usr/bin/env python3
# SPDX-FileCopyrightText: 2026 The AioGuest authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The tasks of a window as a TaskGroup: they end together, when the window is closed or when one of them fails.

With --auto the program opens two windows, one of which watches a file that is not there, and closes the other.
"""

import asyncio
import sys

import gi

gi.require_versions({'AioGuest': '1.0', 'Gtk': '4.0'})
from gi.repository import AioGuest, Gtk  # noqa: E402


class Monitor(Gtk.ApplicationWindow):
    """Shows the first line of each file, anew each second."""

    def __init__(self, application, paths):
        super().__init__(application=application, title='Monitor', default_width=360)
        self.labels = {path: Gtk.Label(xalign=0) for path in paths}
        self.status = Gtk.Label(xalign=0)
        box = Gtk.Box(orientation=Gtk.Orientation.VERTICAL, spacing=12, margin_top=12, margin_bottom=12,
                      margin_start=12, margin_end=12)
        for label in (*self.labels.values(), self.status):
            box.append(label)
        self.set_child(box)
        self.connect('realize', self.run_tasks)

    @AioGuest.handler(until='unrealize')
    async def run_tasks(self, window):
        self.status.set_label('Watching')
        try:
            async with asyncio.TaskGroup() as group:
                for path, label in self.labels.items():
                    group.create_task(self.watch(path, label))
        except* OSError as errors:
            self.status.set_label(f'Stopped: {errors.exceptions[0].strerror}')

    async def watch(self, path, label):
        try:
            while True:
                label.set_label(f'{path}: {await asyncio.to_thread(read_line, path)}')
                await asyncio.sleep(1)
        finally:
            print(path, 'is no longer watched')


def read_line(path):
    with open(path, encoding='utf-8') as file:
        return file.readline().rstrip()


async def close(window, broken):
    """--auto: waits for the failure of one window, and closes the other."""
    await AioGuest.wait_until(broken.status, 'notify::label', lambda status: status.get_label() != 'Watching')
    print(broken.status.get_label(), '- running:', broken.run_tasks.is_running())
    for label in window.labels.values():
        await AioGuest.wait_until(label, 'notify::label', Gtk.Label.get_label)
    tasks = window.run_tasks.tasks()
    window.close()
    await asyncio.wait(tasks)
    print('closed - running:', window.run_tasks.is_running())


async def main():
    window = Monitor(app, ['/proc/loadavg', '/proc/uptime'])
    window.present()
    if '--auto' in sys.argv:
        broken = Monitor(app, ['/proc/version', '/proc/no-such-file'])
        broken.present()
        await close(window, broken)
        app.quit()
    else:
        await asyncio.Event().wait()


app = Gtk.Application(application_id='org.aioguest.WindowTasks')
sys.exit(AioGuest.run(app, main=main))
