#!/usr/bin/env python3
# SPDX-FileCopyrightText: 2026 The AioGuest authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""A server that can't be reached: the program tries again, after a time that grows.

It tries at once if the network changes, or if the user clicks. To see it, start the program, and then
``python3 -m http.server``. With --auto the program clicks while there is no server, starts one, and clicks again.
"""

import asyncio
import random
import socket
import sys

import aiohttp
import gi
from aiohttp import web

gi.require_versions({'AioGuest': '1.0', 'Gtk': '4.0'})
from gi.repository import AioGuest, Gio, Gtk  # noqa: E402

LONGEST_DELAY = 60.0


class Window(Gtk.ApplicationWindow):
    first_delay = 1.0

    def __init__(self, application, url):
        super().__init__(application=application, title='Retry', default_width=360)
        self.url = url
        self.status = Gtk.Label(label=f'Loading {url}', wrap=True)
        self.again = Gtk.Button(label='Try now', sensitive=False)
        box = Gtk.Box(orientation=Gtk.Orientation.VERTICAL, spacing=12, margin_top=12, margin_bottom=12,
                      margin_start=12, margin_end=12)
        for widget in (self.status, self.again):
            box.append(widget)
        self.set_child(box)
        self.connect('realize', self.load)

    @AioGuest.handler(until='unrealize')
    async def load(self, window):
        delay = self.first_delay
        async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=30)) as session:
            while (text := await self.fetch(session)) is None:
                # Not all clients at once, once the server is there again.
                await self.wait_for_a_chance(delay * random.uniform(0.8, 1.2))
                delay = min(2 * delay, LONGEST_DELAY)
        self.status.set_label(text)

    async def fetch(self, session):
        """What the server says, or None if it can't be reached."""
        try:
            async with session.get(self.url) as response:
                response.raise_for_status()
                await response.read()
                return f'{response.status} {response.reason}'
        except (aiohttp.ClientConnectionError, asyncio.TimeoutError):
            return None

    async def wait_for_a_chance(self, delay):
        async with (
            AioGuest.signals(self.again, 'clicked') as clicks,  # connected from here on
            AioGuest.signals(Gio.NetworkMonitor.get_default(), 'network-changed') as changes,
        ):
            self.status.set_label(f'Offline. Next attempt in {delay:.0f} s')
            self.again.set_sensitive(True)
            chances = [asyncio.create_task(anext(signals)) for signals in (clicks, changes)]
            try:
                await asyncio.wait(chances, timeout=delay, return_when=asyncio.FIRST_COMPLETED)
            finally:
                for chance in chances:
                    chance.cancel()
                self.again.set_sensitive(False)


async def hello(request):
    return web.Response(text='Hello!')


async def serve(listener):
    server = web.Application()
    server.router.add_get('/', hello)
    runner = web.AppRunner(server)
    await runner.setup()
    await web.SockSite(runner, listener).start()
    return runner


async def click(window, listener):
    """--auto: emits real ``clicked`` signals, and starts the server in between."""
    for attempt in range(2):
        await AioGuest.wait_until(window.again, 'notify::sensitive', Gtk.Widget.get_sensitive)
        print(window.status.get_label())
        if attempt:
            runner = await serve(listener)
        window.again.emit('clicked')
        await AioGuest.wait_until(
            window.again, 'notify::sensitive', lambda button: not button.get_sensitive())
    await asyncio.wait(window.load.tasks())
    print(window.status.get_label())
    await runner.cleanup()


async def main():
    if '--auto' not in sys.argv:
        Window(app, 'http://127.0.0.1:8000/').present()
        await asyncio.Event().wait()

    with socket.socket() as listener:
        listener.bind(('127.0.0.1', 0))  # it does not listen yet, so connections are refused
        window = Window(app, f'http://127.0.0.1:{listener.getsockname()[1]}/')
        window.first_delay = 3600.0
        window.present()
        await click(window, listener)
    app.quit()


app = Gtk.Application(application_id='org.aioguest.Retry')
sys.exit(AioGuest.run(app, main=main))
