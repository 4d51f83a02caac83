# SPDX-FileCopyrightText: 2026 The AioGuest authors
# SPDX-License-Identifier: LGPL-2.1-or-later

"""The beginning, the hold and the end that a run has with a ``Gio.Application``."""

from gi.repository import GLib, GObject

from ._activations import Activations
from ._gio import Gio

__all__ = ['ApplicationBinding']


class ApplicationBinding:
    """Binds a life to one application, and has it end with others that run beside it.

    The application decides when it ends. The life begins its main task at ::startup, holds it while it has
    had no window, and is drained at its end.
    """

    def __init__(self, life):
        self._life = life
        self._bound = None
        self._activations = None
        self._watched = []
        self._handlers = []
        self._is_holding = False
        self._is_hold_over = False  # for good
        self._is_ending = False  # the bound application

    def bind(self, application, *, presents_window):
        """Bind the life to *application*, or to none if it is None.

        *presents_window* says that it presents the active window where the program does not handle activations.
        """
        if application is None:
            return
        self._bound = application
        self.watch(application)
        if presents_window:
            self._activations = Activations(application)
        self._connect(application, 'startup', self._on_startup)
        if GObject.signal_lookup('window-added', application):
            self._connect(application, 'window-added', self._on_window_added)
        if application.get_is_registered() and not application.get_is_remote():
            # Its ::startup has been emitted, or is being emitted now.
            self._hold()

    def watch(self, application):
        """Have the life drained when *application*, or None, ends.

        After ::shutdown an application iterates the main context until nothing is ready. A guest that
        never rests would keep it from returning.
        """
        if application is None or application in self._watched:
            return
        self._watched.append(application)
        self._connect(application, 'shutdown', self._on_shutdown)
        self._connect(application, 'notify::is-registered', self._on_registered_changed)

    def end_hold(self):
        """Leave it to the application whether it goes on."""
        self._is_hold_over = True
        if self._is_holding:
            self._is_holding = False
            self._bound.release()

    def quit(self):
        """Have the bound application quit, if there is one, and it is running."""
        if self._bound is not None and self._bound.get_is_registered() and not self._is_ending:
            self._bound.quit()

    def release(self):
        """The life is over."""
        if self._activations is not None:
            self._activations.end()
            self._activations = None
        while self._handlers:
            application, handler = self._handlers.pop()
            application.disconnect(handler)
        self.end_hold()

    def _connect(self, application, signal_name, callback):
        self._handlers.append((application, application.connect(signal_name, callback)))

    def _hold(self):
        application = self._bound
        if self._is_hold_over or not self._life.has_main() or _has_windows(application):
            return
        if application.get_flags() & Gio.ApplicationFlags.IS_SERVICE:
            # It ends by inactivity. GLib gives it a timeout at first, if nothing holds it.
            return
        application.hold()
        self._is_holding = True
        if application.get_inactivity_timeout():
            # From now on, and until something else holds it, the timeout runs.
            self.end_hold()

    def _on_startup(self, application):
        self._hold()
        self._life.on_startup()

    def _on_window_added(self, application, window):
        # From now on GTK holds the application for each of its windows.
        self.end_hold()

    def _on_shutdown(self, application):
        if application is self._bound:
            self._is_ending = True
        _release_name(application)
        self._life.drain_now()

    def _on_registered_changed(self, application, pspec):
        # At the end of its run(). A remote instance has no ::shutdown.
        if not application.get_is_registered():
            self._life.drain_now()


def _has_windows(application):
    return hasattr(application, 'get_windows') and bool(application.get_windows())


def _release_name(application):
    """Let the next launch be an instance of its own: it would be lost on one that only cleans up.

    GLib does that when ::shutdown is over, which may take up to the shutdown timeout here.
    """
    connection = application.get_dbus_connection()
    name = application.get_application_id()
    if connection is None or name is None:
        return
    if application.get_flags() & Gio.ApplicationFlags.NON_UNIQUE:
        return
    message = Gio.DBusMessage.new_method_call(
        'org.freedesktop.DBus', '/org/freedesktop/DBus', 'org.freedesktop.DBus', 'ReleaseName'
    )
    message.set_body(GLib.Variant('(s)', (name,)))
    message.set_flags(Gio.DBusMessageFlags.NO_REPLY_EXPECTED)
    try:
        connection.send_message(message, Gio.DBusSendMessageFlags.NONE)
    except GLib.Error:
        # The connection is closed, and the name is free.
        pass
