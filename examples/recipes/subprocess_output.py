#!/usr/bin/env python3
# SPDX-FileCopyrightText: 2026 The AioGuest authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""A subprocess, its output shown line by line as it comes, and a Stop button.

With --auto the program lets one subprocess end and stops another.
"""

import asyncio
import sys

import gi

gi.require_versions({'AioGuest': '1.0', 'Gtk': '4.0'})
from gi.repository import AioGuest, Gtk  # noqa: E402

SHORT = 'for n in 1 2 3; do echo "step $n"; sleep 0.1; done; exit 3'
LONG = 'echo "working"; exec sleep 3600'


class Window(Gtk.ApplicationWindow):
    def __init__(self, application):
        super().__init__(application=application, title='Subprocess', default_width=360)
        self.output = Gtk.TextView(editable=False, monospace=True, vexpand=True, height_request=200)
        self.stop = Gtk.Button(label='Stop', sensitive=False)
        box = Gtk.Box(orientation=Gtk.Orientation.VERTICAL)
        box.append(self.output)
        box.append(self.stop)
        self.set_child(box)

    def show(self, line):
        buffer = self.output.get_buffer()
        buffer.insert(buffer.get_end_iter(), line)
        print(line, end='')
        if '--auto' in sys.argv and line == 'working\n':
            self.stop.emit('clicked')

    async def run(self, script):
        process = await asyncio.create_subprocess_exec(
            'sh', '-c', script, stdout=asyncio.subprocess.PIPE)
        clicked = self.stop.connect('clicked', lambda button: process.terminate())
        self.stop.set_sensitive(True)
        try:
            async for line in process.stdout:
                self.show(line.decode())
            self.show(f'exit status {await process.wait()}\n')
        except asyncio.CancelledError:
            process.kill()  # the window was closed
            await process.wait()
            raise
        finally:
            self.stop.set_sensitive(False)
            self.stop.disconnect(clicked)


async def main():
    window = Window(app)
    window.present()
    await window.run(SHORT)
    await window.run(LONG)
    if '--auto' in sys.argv:
        app.quit()


app = Gtk.Application(application_id='org.aioguest.SubprocessOutput')
sys.exit(AioGuest.run(app, main=main))
