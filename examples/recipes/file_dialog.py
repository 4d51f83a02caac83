#!/usr/bin/env python3
# SPDX-FileCopyrightText: 2026 The AioGuest authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""A file dialog: ``Gtk.FileDialog`` where GTK has it (4.10), else ``Gtk.FileChooserNative``.

Either way ``choose()`` returns a ``Gio.File``, or None if the user dismisses the dialog.
With --auto the program closes the first dialog and accepts the second.
"""

import asyncio
import sys

import gi

gi.require_versions({'AioGuest': '1.0', 'Gtk': '4.0'})
from gi.repository import AioGuest, Gio, Gtk  # noqa: E402


async def choose_with_file_dialog(parent, folder, name):
    dialog = Gtk.FileDialog(title='Save', initial_folder=folder, initial_name=name)
    return await AioGuest.choose(dialog.save, parent)


async def choose_with_native(parent, folder, name):
    dialog = Gtk.FileChooserNative(
        title='Save', transient_for=parent, modal=True, action=Gtk.FileChooserAction.SAVE)
    dialog.set_current_folder(folder)
    dialog.set_current_name(name)
    async with AioGuest.signals(dialog, 'response') as responses:  # connected from here on
        dialog.show()
        try:
            (response,) = await anext(responses)
            return dialog.get_file() if response == Gtk.ResponseType.ACCEPT else None
        finally:
            dialog.destroy()


choose = choose_with_file_dialog if hasattr(Gtk, 'FileDialog') else choose_with_native


def shows_files(widget):
    """Whether a file chooser, or a part of it, has read its folder.

    Its hidden lists always have a model, that of the folder only once it is read.
    """
    if isinstance(widget, Gtk.ColumnView if hasattr(Gtk, 'FileDialog') else Gtk.TreeView):
        if widget.get_mapped() and widget.get_model():
            return True
    child = widget.get_first_child()
    while child is not None:
        if shows_files(child):
            return True
        child = child.get_next_sibling()
    return False


async def user(known, action):
    """--auto: waits for a window that is not among those *known*, does something to it.

    Not before it shows the folder: GTK 4.8 reports an error if it is closed while reading it.
    """
    (dialog,) = await AioGuest.wait_until(
        Gtk.Window.get_toplevels(), 'items-changed',
        lambda toplevels: [window for window in toplevels if window not in known])
    await AioGuest.wait_until(dialog, 'map', lambda dialog: dialog.get_mapped())
    await AioGuest.wait_until(
        dialog.get_frame_clock(), 'after-paint', lambda clock: shows_files(dialog))
    action(dialog)


async def main():
    window = Gtk.ApplicationWindow(application=app, title='File dialog', default_width=360)
    window.present()
    folder = Gio.File.new_for_path(__file__).get_parent()
    for action in (lambda dialog: dialog.close(),
                   lambda dialog: dialog.emit('response', Gtk.ResponseType.ACCEPT)):
        known = list(Gtk.Window.get_toplevels())
        async with asyncio.TaskGroup() as group:
            if '--auto' in sys.argv:
                group.create_task(user(known, action))
            file = await choose(window, folder, 'letter.txt')
        print('dismissed' if file is None else f'chosen: {file.get_basename()}')
    app.quit()


app = Gtk.Application(application_id='org.aioguest.FileDialog')
sys.exit(AioGuest.run(app, main=main))
