# SPDX-FileCopyrightText: 2026 The AioGuest authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""What the programs of this directory share: a server to ask, and a user who clicks."""

import contextlib
import http.server
import sys
import threading

from gi.repository import GLib


class Hello(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.send_header('Content-Length', '6')
        self.end_headers()
        self.wfile.write(b'Hello!')

    def log_message(self, *args):
        pass


@contextlib.contextmanager
def serving():
    """Run a web server in a thread; the value is its URL."""
    with http.server.HTTPServer(('127.0.0.1', 0), Hello) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f'http://127.0.0.1:{server.server_port}/'
        finally:
            server.shutdown()
            thread.join()


def watch(leave, button):
    """Print what the button shows from now on. With --auto click it, and leave() when it is ready."""
    button.connect('notify::label', lambda *args: print(button.get_label()))
    if '--auto' in sys.argv:
        button.connect('notify::sensitive', lambda *args: button.get_sensitive() and leave())
        GLib.idle_add(button.emit, 'clicked')
