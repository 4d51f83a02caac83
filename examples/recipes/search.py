#!/usr/bin/env python3
# SPDX-FileCopyrightText: 2026 The AioGuest authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Search as you type: each key restarts the search, and only the last one asks the server.

The server is aiohttp's, and lives in the same thread. With --auto the program types three letters at once, and
one more while the server is at work.
"""

import asyncio
import sys

import aiohttp
import gi
from aiohttp import web

gi.require_versions({'AioGuest': '1.0', 'Gtk': '4.0'})
from gi.repository import AioGuest, Gtk  # noqa: E402


class Window(Gtk.ApplicationWindow):
    def __init__(self, application, session, url):
        super().__init__(application=application, title='Search', default_width=360, default_height=240)
        self.session = session
        self.url = url
        self.entry = Gtk.SearchEntry(placeholder_text='A module of Python')
        self.status = Gtk.Label(xalign=0)
        self.found = Gtk.StringList()
        factory = Gtk.SignalListItemFactory()
        factory.connect('setup', lambda factory, item: item.set_child(Gtk.Label(xalign=0)))
        factory.connect('bind', lambda factory, item: item.get_child().set_label(item.get_item().get_string()))
        view = Gtk.ListView(model=Gtk.NoSelection(model=self.found), factory=factory)
        box = Gtk.Box(orientation=Gtk.Orientation.VERTICAL, spacing=6)
        for widget in (self.entry, self.status, Gtk.ScrolledWindow(child=view, vexpand=True)):
            box.append(widget)
        self.set_child(box)
        self.entry.connect('changed', self.search)

    @AioGuest.handler(while_running='restart', until='unrealize')
    async def search(self, entry):
        await asyncio.sleep(0.3)  # as long as someone types there is nothing to ask
        text = entry.get_text()
        try:
            async with self.session.get(self.url, params={'text': text}) as response:
                response.raise_for_status()
                names = await response.json()
        except aiohttp.ClientError as error:
            self.status.set_label(str(error))
            return
        self.found.splice(0, self.found.get_n_items(), names)
        self.status.set_label(f'{len(names)} with “{text}”')


class Server:
    """Searches the names of Python's modules."""

    def __init__(self):
        self.asked = []
        self.is_busy = asyncio.Event()

    async def find(self, request):
        text = request.query['text']
        self.asked.append(text)
        self.is_busy.set()
        await asyncio.sleep(0.5)  # such is the network
        return web.json_response(sorted(name for name in sys.stdlib_module_names if name.startswith(text)))


async def type_text(window, server):
    """--auto: sets the text of the entry, as typing does."""
    for text in ('a', 'as', 'asy'):
        window.entry.set_text(text)
    await server.is_busy.wait()
    window.entry.set_text('asyn')
    await AioGuest.wait_until(window.status, 'notify::label', Gtk.Label.get_label)
    print('asked for:', *server.asked)
    print(window.status.get_label(), '-', window.found.get_string(0))


async def main():
    server = Server()
    application = web.Application()
    application.router.add_get('/', server.find)
    runner = web.AppRunner(application)
    await runner.setup()
    try:
        await web.TCPSite(runner, '127.0.0.1', 0).start()
        async with aiohttp.ClientSession() as session:
            window = Window(app, session, f'http://127.0.0.1:{runner.addresses[0][1]}/')
            window.present()
            if '--auto' in sys.argv:
                await type_text(window, server)
                app.quit()
            await asyncio.Event().wait()  # until the application quits, which cancels main()
    finally:
        await runner.cleanup()


app = Gtk.Application(application_id='org.aioguest.Search')
sys.exit(AioGuest.run(app, main=main))
