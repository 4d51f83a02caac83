# SPDX-FileCopyrightText: 2026 The AioGuest authors
# SPDX-License-Identifier: LGPL-2.1-or-later

"""What a run and a ``Gio.Application`` have to do with each other."""

from gi.repository import GObject

__all__ = ['ApplicationHold']


class ApplicationHold:
    """The applications that a life holds, or whose end it must not miss."""

    def __init__(self, life):
        self._life = life
        self._held = None
        self._watched = []
        self._handlers = []

    def hold(self, application):
        """Keep *application*, or None, running until the life is over.

        The hold keeps it from quitting by itself when its last window closes, so the main task is
        cancelled then.
        """
        if application is None:
            return
        application.hold()
        self._held = application
        if GObject.signal_lookup('window-removed', application):
            self._connect(application, 'window-removed', self._on_window_removed)
        self.watch(application)

    def watch(self, application):
        """Have the life drained when *application*, or None, shuts down.

        After ::shutdown an application iterates the main context until nothing is ready, and so
        would wait for ever for a guest that never rests. So this is for every life beside it.
        """
        if application is None or application in self._watched:
            return
        self._watched.append(application)
        self._connect(application, 'shutdown', self._on_shutdown)

    def release(self):
        """The life is over."""
        while self._handlers:
            application, handler = self._handlers.pop()
            application.disconnect(handler)
        if self._held is not None:
            self._held.release()
            self._held = None

    def _connect(self, application, signal_name, callback):
        self._handlers.append((application, application.connect(signal_name, callback)))

    def _on_window_removed(self, application, window):
        if not application.get_windows():
            self._life.cancel()

    def _on_shutdown(self, application):
        self._life.drain_now()
