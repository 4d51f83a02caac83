#!/usr/bin/env python3
# SPDX-FileCopyrightText: 2026 The AioGuest authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Rows of a ``Gio.ListStore`` from an ``async for``: a folder fills its list while the window is in use.

With --auto the program lists a folder that it has made, and closes the window while it lists a large one.
"""

import asyncio
import contextlib
import pathlib
import sys
import tempfile

import gi

gi.require_versions({'AioGuest': '1.0', 'Gtk': '4.0'})
from gi.repository import AioGuest, Gio, GLib, GObject, Gtk  # noqa: E402

AT_ONCE = 50


class File(GObject.Object):
    """A row of the list."""

    def __init__(self, info):
        super().__init__()
        self.text = f'{info.get_display_name()}, {info.get_size()} bytes'


async def iterate_files(path):
    """Yield lists of files: a list is one change of the model, and not one for each row."""
    enumerator = await AioGuest.call(
        Gio.File.new_for_path(str(path)).enumerate_children_async,
        'standard::display-name,standard::size', Gio.FileQueryInfoFlags.NONE, GLib.PRIORITY_DEFAULT)
    while infos := await AioGuest.call(enumerator.next_files_async, AT_ONCE, GLib.PRIORITY_DEFAULT):
        yield [File(info) for info in infos]


class Window(Gtk.ApplicationWindow):
    def __init__(self, application, path):
        super().__init__(application=application, title=str(path), default_width=360, default_height=240)
        self.path = path
        self.files = Gio.ListStore(item_type=File)
        self.status = Gtk.Label(label='Reading…', xalign=0)
        factory = Gtk.SignalListItemFactory()
        factory.connect('setup', lambda factory, item: item.set_child(Gtk.Label(xalign=0)))
        factory.connect('bind', lambda factory, item: item.get_child().set_label(item.get_item().text))
        view = Gtk.ListView(model=Gtk.NoSelection(model=self.files), factory=factory)
        box = Gtk.Box(orientation=Gtk.Orientation.VERTICAL, spacing=6)
        for widget in (self.status, Gtk.ScrolledWindow(child=view, vexpand=True)):
            box.append(widget)
        self.set_child(box)
        self.connect('realize', self.fill)

    @AioGuest.handler(until='unrealize')
    async def fill(self, window):
        try:
            # Closed at the end of the block, also when the window is closed half-way.
            async with contextlib.aclosing(iterate_files(self.path)) as lists:
                async for files in lists:
                    self.files.splice(self.files.get_n_items(), 0, files)
            self.status.set_label(f'{self.files.get_n_items()} files')
        except GLib.Error as error:
            self.status.set_label(error.message)


async def check(path):
    """--auto: reads a window's list to its end, and closes another one after its first rows."""
    window = Window(app, path)
    window.present()
    await asyncio.wait(window.fill.tasks())
    print(window.status.get_label())

    window = Window(app, path)
    window.present()
    tasks = window.fill.tasks()
    await AioGuest.wait_until(window.files, 'items-changed', Gio.ListStore.get_n_items)
    window.close()
    await asyncio.wait(tasks)
    print('closed after', window.files.get_n_items(), 'files')


async def main():
    if '--auto' in sys.argv:
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder)
            for number in range(500):
                (path / f'{number}.txt').touch()
            await check(path)
        app.quit()
    else:
        Window(app, pathlib.Path('/usr/bin')).present()
        await asyncio.Event().wait()


app = Gtk.Application(application_id='org.aioguest.FileRows')
sys.exit(AioGuest.run(app, main=main))
