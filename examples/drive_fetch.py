#!/usr/bin/env python3
# SPDX-FileCopyrightText: 2026 The AioGuest authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Runs ``fetch.py`` as its user would: clicks the button, launches it once more, clicks again, closes the window.

What it fetches comes from a server on this machine. A second launch is one more activation of the first
instance. The window is hidden before it, to see whether it is presented again.
"""

import http.server
import pathlib
import threading

import gi

gi.require_version('Gtk', '4.0')
from gi.repository import GObject, Gtk  # noqa: E402

PROGRAM = pathlib.Path(__file__).with_name('fetch.py')
SITE = 'https://www.gnome.org'


class Site(http.server.BaseHTTPRequestHandler):
    """Its answers grow by a byte each time."""

    count = 0

    def do_GET(self):
        Site.count += 1
        self.send_response(200)
        self.send_header('Content-Length', str(Site.count))
        self.end_headers()
        self.wfile.write(b'x' * Site.count)

    def log_message(self, *args):
        """Nothing: what it would say stands on standard error."""


def on_map(widget):
    if not isinstance(widget, Gtk.Window):
        return True
    button = widget.get_child()
    button.connect('notify::label', on_label, widget)
    button.emit('clicked')
    return False  # the hook is removed


def on_label(button, pspec, window):
    print(button.get_label())
    if Site.count == 1:
        launch_again(window.get_application(), window)
        button.emit('clicked')
    else:
        window.close()


def launch_again(app, window):
    window.set_visible(False)
    app.activate()
    print('windows:', len(app.get_windows()), 'visible:', window.get_visible())


with http.server.HTTPServer(('127.0.0.1', 0), Site) as server:
    threading.Thread(target=server.serve_forever).start()
    Gtk.Button()  # from the first widget on the class has its signals
    GObject.add_emission_hook(Gtk.Widget, 'map', on_map)
    source = PROGRAM.read_text()
    assert SITE in source
    source = source.replace(SITE, f'http://127.0.0.1:{server.server_port}')
    exec(compile(source, PROGRAM, 'exec'), {'__name__': '__main__'})
    print('closed')
    server.shutdown()
