#!/usr/bin/env python3
# SPDX-FileCopyrightText: 2026 The AioGuest authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Runs ``count.py`` as its user would: looks at the label, launches it once more, closes its window.

A second launch is one more activation of the first instance. The window is hidden before it, to see whether
it is presented again.
"""

import pathlib
import runpy

import gi

gi.require_version('Gtk', '4.0')
from gi.repository import GObject, Gtk  # noqa: E402


def on_map(widget):
    if not isinstance(widget, Gtk.Window):
        return True
    widget.get_child().connect('notify::label', on_label, widget)
    return False  # the hook is removed


def on_label(label, pspec, window):
    print(label.get_label())
    if label.get_label() == '1 seconds':
        launch_again(window.get_application(), window)
    elif label.get_label() == '2 seconds':
        for window in window.get_application().get_windows():
            window.close()


def launch_again(app, window):
    window.set_visible(False)
    app.activate()
    print('windows:', len(app.get_windows()), 'visible:', window.get_visible())


Gtk.Label()  # from the first widget on the class has its signals
GObject.add_emission_hook(Gtk.Widget, 'map', on_map)
runpy.run_path(str(pathlib.Path(__file__).with_name('count.py')), run_name='__main__')
print('closed')
