#!/usr/bin/env python3
# SPDX-FileCopyrightText: 2026 The AioGuest authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The same work twice: by a thread with ``GLib.idle_add``, and by a task. See ``docs/moving.md``.
"""

import asyncio
import http.server
import threading
import urllib.request

import aiohttp
import gi

gi.require_versions({'AioGuest': '1.0', 'Gtk': '4.0'})
from gi.repository import AioGuest, GLib, Gtk  # noqa: E402


class WithThread:
    def on_clicked(self, button):
        button.set_sensitive(False)
        threading.Thread(target=self.fetch, args=(button,)).start()

    def fetch(self, button):
        try:
            with urllib.request.urlopen(self.url) as response:
                text = response.read().decode()
        except OSError as error:
            text = str(error)
        GLib.idle_add(self.show, button, text)

    def show(self, button, text):
        button.set_label(text)
        button.set_sensitive(True)


class WithTask:
    @AioGuest.handler
    async def on_clicked(self, button):
        button.set_sensitive(False)
        try:
            async with aiohttp.ClientSession() as session, session.get(self.url) as response:
                text = await response.text()
        except aiohttp.ClientError as error:
            text = str(error)
        button.set_label(text)
        button.set_sensitive(True)


class Answer(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.send_header('Content-Length', '6')
        self.end_headers()
        self.wfile.write(b'Hello!')

    def log_message(self, *args):
        pass


async def main():
    with http.server.HTTPServer(('127.0.0.1', 0), Answer) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        for kind in WithThread, WithTask:
            handlers = kind()
            handlers.url = f'http://127.0.0.1:{server.server_port}/'
            button = Gtk.Button()
            button.connect('clicked', handlers.on_clicked)
            button.emit('clicked')
            await AioGuest.wait_signal(button, 'notify::label')
            print(kind.__name__, button.get_label())
        server.shutdown()
        thread.join()


Gtk.init()
AioGuest.run(main())
