#!/usr/bin/env python3
# SPDX-FileCopyrightText: 2026 The AioGuest authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""A window, a server that sends back what it receives, and a button that starts a subprocess.

The program of an application with all its files: desktop file, metainfo, icon and a flatpak manifest.
"""

import asyncio
import contextlib
import sys

import gi

gi.require_versions({'AioGuest': '1.0', 'Gtk': '4.0'})
from gi.repository import AioGuest, Gtk  # noqa: E402


class Window(Gtk.ApplicationWindow):
    def __init__(self, application):
        super().__init__(application=application, title='Hello', default_width=360)
        self.port = Gtk.Label(selectable=True, can_focus=False)
        self.count = Gtk.Label()
        self.system = Gtk.Label(wrap=True)
        self.lines = 0
        button = Gtk.Button(label='Which system is this?', halign=Gtk.Align.CENTER)
        button.connect('clicked', self.on_clicked)
        box = Gtk.Box(orientation=Gtk.Orientation.VERTICAL, spacing=12, margin_top=24, margin_bottom=24,
                      margin_start=24, margin_end=24)
        for widget in (self.port, self.count, button, self.system):
            box.append(widget)
        self.set_child(box)

    @AioGuest.handler
    async def echo(self, reader, writer):
        with contextlib.closing(writer):
            while line := await reader.readline():
                writer.write(line)
                await writer.drain()
                self.lines += 1
                self.count.set_label(f'Lines sent back: {self.lines}')

    @AioGuest.handler(while_running='drop')
    async def on_clicked(self, button):
        process = await asyncio.create_subprocess_exec(
            'sh', '-c', '. /etc/os-release; echo "$PRETTY_NAME"', stdout=asyncio.subprocess.PIPE)
        output, _ = await process.communicate()
        self.system.set_label(output.decode().strip())
        print(self.system.get_label(), flush=True)


async def main():
    window = Window(app)
    server = await asyncio.start_server(window.echo, '127.0.0.1', 0)
    with contextlib.closing(server):
        host, port = server.sockets[0].getsockname()
        window.port.set_label(f'Echo server: {host}, port {port}')
        print(window.port.get_label(), flush=True)
        window.present()
        await asyncio.Event().wait()  # until the application ends


app = Gtk.Application(application_id='org.aioguest.Hello')
app.set_accels_for_action('window.close', ['<Control>w'])
sys.exit(AioGuest.run(app, main=main))
