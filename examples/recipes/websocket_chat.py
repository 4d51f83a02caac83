#!/usr/bin/env python3
# SPDX-FileCopyrightText: 2026 The AioGuest authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Websockets: an entry that sends, a list that shows what arrives; by aiohttp.

The server, in the same thread, sends everything to everybody. With --auto the program types
two lines.
"""

import sys

import aiohttp
import gi
from aiohttp import web

gi.require_versions({'AioGuest': '1.0', 'Gtk': '4.0'})
from gi.repository import AioGuest, Gtk  # noqa: E402


class Window(Gtk.ApplicationWindow):
    def __init__(self, application, socket):
        super().__init__(application=application, title='Chat', default_width=360)
        self.socket = socket
        self.entry = Gtk.Entry(placeholder_text='Say something')
        self.entry.connect('activate', self.on_activate)
        self.box = Gtk.Box(orientation=Gtk.Orientation.VERTICAL, spacing=6)
        self.box.append(self.entry)
        self.set_child(self.box)

    def on_activate(self, entry):
        self.send(entry.get_text())  # what it is now, however long the queue
        entry.set_text('')

    @AioGuest.handler(while_running='queue')
    async def send(self, text):
        await self.socket.send_str(text)

    async def show_messages(self):
        async for message in self.socket:
            self.box.append(Gtk.Label(label=message.data))
            print('received', message.data)
            if '--auto' in sys.argv:
                if message.data == 'Bye':
                    break
                self.type('Bye')

    def type(self, text):
        self.entry.set_text(text)
        self.entry.emit('activate')


clients = set()  # of the server


async def serve(request):
    socket = web.WebSocketResponse()
    await socket.prepare(request)
    clients.add(socket)
    try:
        async for message in socket:
            for client in list(clients):
                await client.send_str(message.data)
    finally:
        clients.remove(socket)
    return socket


async def main():
    server = web.Application()
    server.router.add_get('/', serve)
    runner = web.AppRunner(server)
    await runner.setup()
    try:
        await web.TCPSite(runner, '127.0.0.1', 0).start()
        url = f'http://127.0.0.1:{runner.addresses[0][1]}/'
        async with aiohttp.ClientSession() as session, session.ws_connect(url) as socket:
            window = Window(app, socket)
            window.present()
            if '--auto' in sys.argv:
                window.type('Hello')
            await window.show_messages()
    finally:
        await runner.cleanup()
    app.quit()


app = Gtk.Application(application_id='org.aioguest.WebsocketChat')
sys.exit(AioGuest.run(app, main=main))
