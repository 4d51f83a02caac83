#!/usr/bin/env python3
# SPDX-FileCopyrightText: 2026 The AioGuest authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""After: the library of ``before.py``, unchanged, in a window that stays alive meanwhile.

Only the bottom (the hook) and the top (who calls) differ. A signal handler is synchronous, and so
is ``expand()``; ``AioGuest.wait()`` waits at the bottom of both. With --auto the program clicks.
"""

import asyncio
import pathlib
import sys

import gi

gi.require_versions({'AioGuest': '1.0', 'Gtk': '4.0'})
from gi.repository import AioGuest, Gio, GLib, Gtk  # noqa: E402

from expansion import expand  # noqa: E402

FOLDER = pathlib.Path(__file__).parent / 'include'


# The bottom: waits, while everything else goes on.
def load(name):
    file = Gio.File.new_for_path(str(FOLDER / name))
    _, contents, _ = AioGuest.wait(AioGuest.call(file.load_contents_async))
    return contents.decode()


# The top: calls the library from a signal handler.
def on_clicked(button):
    button.set_sensitive(False)
    button.set_label(expand('letter.txt', load))
    print(button.get_label(), end='')


async def main():
    button = Gtk.Button(label='Expand')
    button.connect('clicked', on_clicked)
    Gtk.ApplicationWindow(application=app, title='Expand', child=button).present()
    if '--auto' in sys.argv:
        GLib.idle_add(button.emit, 'clicked')
        await AioGuest.wait_signal(button, 'notify::label')
        app.quit()
    else:
        await asyncio.Event().wait()


app = Gtk.Application(application_id='org.aioguest.Expand')
sys.exit(AioGuest.run(app, main=main))
