# SPDX-FileCopyrightText: 2026 The AioGuest authors
# SPDX-License-Identifier: LGPL-2.1-or-later

"""What an activation does where the program says nothing of it."""

import inspect

from gi.repository import GObject

from ._gio import Gio

__all__ = ['Activations']


class Activations:
    """Presents the active window at each activation, if the program has no handler for ``::activate``.

    *on_no_window* is called where there is none to be presented.
    """

    def __init__(self, application, on_no_window=None):
        self._application = application
        self._on_no_window = on_no_window
        self._handler = application.connect('activate', self._on_activate)

    def end(self):
        self._application.disconnect(self._handler)

    def _on_activate(self, application):
        if self._has_other_handler():
            return
        get_active_window = getattr(application, 'get_active_window', None)
        window = None if get_active_window is None else get_active_window()
        if window is not None:
            window.present()
        elif self._on_no_window is not None:
            self._on_no_window()

    def _has_other_handler(self):
        application = self._application
        # A do_activate() in Python is an attribute in the place of the introspected one.
        own = inspect.getattr_static(type(application), 'do_activate')
        if own is not inspect.getattr_static(Gio.Application, 'do_activate'):
            return True
        signal_id = GObject.signal_lookup('activate', application)
        application.handler_block(self._handler)
        try:
            return GObject.signal_has_handler_pending(application, signal_id, 0, False)
        finally:
            application.handler_unblock(self._handler)
