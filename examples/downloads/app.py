# SPDX-FileCopyrightText: 2026 The AioGuest authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The application: brings window, downloads and, if need be, the server together."""

import asyncio
import contextlib
import tempfile
import time
from pathlib import Path

import gi

gi.require_version('AioGuest', '1.0')
gi.require_version('Gdk', '4.0')
gi.require_version('Gtk', '4.0')
from gi.repository import AioGuest, Gdk, Gio, Gtk  # noqa: E402

from .engine import Engine  # noqa: E402
from .local_server import local_downloads  # noqa: E402
from .model import Download  # noqa: E402
from .report import print_report  # noqa: E402
from .screenshot import save_screenshot  # noqa: E402
from .window import DownloadsWindow  # noqa: E402

REFRESH = 0.1  # seconds


class Application(Gtk.Application):
    __gtype_name__ = 'DownloadsApplication'

    def __init__(self, options):
        super().__init__(application_id='org.aioguest.Downloads',
                         flags=Gio.ApplicationFlags.NON_UNIQUE)
        self._options = options
        self._window = None
        self._succeeded = False

    def main(self):
        """Run until the window is closed; return the exit status."""
        status = AioGuest.run(self, ['downloads'], main=self._main)
        return status or (0 if self._succeeded else 1)

    async def _main(self):
        """Runs from start-up on.  It is cancelled when the application shuts down, as its window is closed."""
        self._load_style()
        self._window = window = DownloadsWindow(self)
        window.present()

        async with contextlib.AsyncExitStack() as stack:
            directory = self._options.directory
            if directory is None:
                directory = stack.enter_context(
                    tempfile.TemporaryDirectory(prefix='downloads-'))
            if self._options.sources:
                downloads = [Download(url, checksum) for url, checksum in self._options.sources]
            else:
                downloads = await stack.enter_async_context(local_downloads())
            self._make_names_unique(downloads)
            window.show_downloads(downloads)
            engine = await stack.enter_async_context(
                Engine(str(directory), self._options.concurrency))
            await self._download(engine, downloads)

        if self._options.exit:
            window.close()

    async def _download(self, engine, downloads):
        window = self._window
        begun = time.monotonic()
        window.meter.record(True)
        refresh = AioGuest.spawn(self._refresh(), until=(window, 'unrealize'))
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(engine.run(downloads))
                if self._options.screenshot:
                    group.create_task(self._take_screenshot(downloads))
            self._succeeded = all(download.as_it_should for download in downloads)
        finally:
            refresh.cancel()
            window.meter.record(False)
            print_report(downloads, time.monotonic() - begun, window.meter.intervals)
        window.finish()

    async def _refresh(self):
        while True:
            self._window.refresh()
            await asyncio.sleep(REFRESH)

    async def _take_screenshot(self, downloads):
        def worth_showing():
            errors = [download for download in downloads if download.expected_error]
            return (all(download.is_over for download in downloads)
                    or self._window.share > 0.65
                    and all(download.is_over for download in errors))

        await AioGuest.wait_until(self._window.bar, 'notify::fraction', lambda bar: worth_showing())
        await save_screenshot(self._window, self._options.screenshot)

    @staticmethod
    def _make_names_unique(downloads):
        names = set()
        for download in downloads:
            path, number = Path(download.name), 1
            while download.name in names:
                number += 1
                download.name = f'{path.stem} ({number}){path.suffix}'
            names.add(download.name)

    @staticmethod
    def _load_style():
        provider = Gtk.CssProvider()
        provider.load_from_path(str(Path(__file__).with_name('style.css')))
        Gtk.StyleContext.add_provider_for_display(
            Gdk.Display.get_default(), provider, Gtk.STYLE_PROVIDER_PRIORITY_APPLICATION)
