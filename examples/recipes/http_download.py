#!/usr/bin/env python3
# SPDX-FileCopyrightText: 2026 The AioGuest authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""An HTTP download with progress and a Cancel button: aiohttp in a GTK 4 window.

The server is aiohttp's, too, and lives in the same thread. With --auto the program downloads
the whole file, then cancels a second download half-way.
"""

import asyncio
import sys

import aiohttp
import gi
from aiohttp import web

gi.require_versions({'AioGuest': '1.0', 'Gtk': '4.0'})
from gi.repository import AioGuest, Gtk  # noqa: E402


class Window(Gtk.ApplicationWindow):
    def __init__(self, application, url):
        super().__init__(application=application, title='Download', default_width=360)
        self.url = url
        self.bar = Gtk.ProgressBar(show_text=True, text='Nothing yet')
        self.start = Gtk.Button(label='Download')
        self.cancel = Gtk.Button(label='Cancel', sensitive=False)
        self.start.connect('clicked', self.on_start)
        self.cancel.connect('clicked', self.on_cancel)
        box = Gtk.Box(orientation=Gtk.Orientation.VERTICAL, spacing=12)
        for widget in (self.bar, self.start, self.cancel):
            box.append(widget)
        self.set_child(box)

    @AioGuest.handler(while_running='drop', until='unrealize')
    async def on_start(self, button):
        self.cancel.set_sensitive(True)
        try:
            received = await self.download()
            self.bar.set_text(f'{received} bytes')
        except aiohttp.ClientError as error:
            self.bar.set_text(f'Failed: {error}')
        except asyncio.CancelledError:
            self.bar.set_text('Cancelled')
            raise
        finally:
            self.cancel.set_sensitive(False)

    def on_cancel(self, button):
        self.on_start.cancel()

    async def download(self):
        received = 0
        async with aiohttp.ClientSession() as session, session.get(self.url) as response:
            response.raise_for_status()
            async for chunk in response.content.iter_any():
                received += len(chunk)
                self.bar.set_fraction(received / response.content_length)
        return received


async def click(window):
    """--auto: emits real ``clicked`` signals."""
    window.start.emit('clicked')
    await asyncio.wait(window.on_start.tasks())
    print(window.bar.get_text())

    window.start.emit('clicked')
    await AioGuest.wait_until(window.bar, 'notify::fraction', lambda bar: 0 < bar.get_fraction() < 0.9)
    window.cancel.emit('clicked')
    await asyncio.wait(window.on_start.tasks())
    print(window.bar.get_text())


async def serve(request):
    return web.Response(body=bytes(16_000_000))


async def main():
    server = web.Application()
    server.router.add_get('/file', serve)
    runner = web.AppRunner(server)
    await runner.setup()
    try:
        await web.TCPSite(runner, '127.0.0.1', 0).start()
        window = Window(app, f'http://127.0.0.1:{runner.addresses[0][1]}/file')
        window.present()
        if '--auto' in sys.argv:
            await click(window)
            app.quit()
        await asyncio.Event().wait()  # until the application quits, which cancels main()
    finally:
        await runner.cleanup()


app = Gtk.Application(application_id='org.aioguest.HttpDownload')
sys.exit(AioGuest.run(app, main=main))
