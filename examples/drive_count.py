#!/usr/bin/env python3
# SPDX-FileCopyrightText: 2026 The AioGuest authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Runs ``count.py`` as its user would: looks at the label, and closes the window after a second."""

import pathlib
import runpy

import gi

gi.require_version('Gtk', '4.0')
from gi.repository import GObject, Gtk  # noqa: E402


def on_map(widget):
    if isinstance(widget, Gtk.Window):
        widget.get_child().connect('notify::label', on_label, widget)
    return True


def on_label(label, pspec, window):
    print(label.get_label())
    if label.get_label() == '1 seconds':
        window.close()


Gtk.Label()  # from the first widget on the class has its signals
GObject.add_emission_hook(Gtk.Widget, 'map', on_map)
runpy.run_path(str(pathlib.Path(__file__).with_name('count.py')), run_name='__main__')
print('closed')
