# SPDX-FileCopyrightText: 2026 The AioGuest authors
# SPDX-License-Identifier: LGPL-2.1-or-later

"""``run()`` of a ``Gio.Application``."""

import signal
import types
import weakref

from ._activations import Activations
from ._guests.asyncio import AsyncioGuest
from ._life import Life

__all__ = ['ApplicationRun']


_applications = weakref.WeakSet()  # that have been run


class ApplicationRun:
    """Runs *application* with asyncio in it, and with the main task of *main*, if that is not None.

    An application may go on when its main task is over, by a hold or by its inactivity timeout. An
    activation without a window then begins the main task anew. *options* are those of :func:`start`.
    """

    def __init__(self, application, main, options):
        self._application = application
        self._main = main
        self._options = options
        self._life = None
        self._is_wanted = False  # once more, when the present life is over
        self._failure = None  # of a beginning
        self._is_ending = False

    def run(self, argv):
        application = self._application
        if application in _applications:
            # GLib would crash.
            raise RuntimeError(f'{application!r} has been run before: make a new one')
        handler = application.connect('shutdown', self._on_shutdown)
        activations = Activations(application, on_no_window=self._on_no_window)
        try:
            self._begin()
            _applications.add(application)
            status = application.run(argv)
        finally:
            self._is_ending = True
            application.disconnect(handler)
            activations.end()
            if self._life is not None:
                self._life.drain_now()
        return self._get_result(status)

    def _begin(self):
        options = types.SimpleNamespace(**self._options)
        life = Life(AsyncioGuest(options), options, main=self._main, on_over=self._on_over)
        life.begin()
        life.outcome.is_asked_for = True
        self._life = life
        if self._application.get_is_registered() and not self._application.get_is_remote():
            # It has started before.
            life.take_first_step()

    def _on_no_window(self):
        if self._main is None or self._must_quit():
            return
        if self._life.is_over():
            self._begin_again()
        elif self._life.is_draining():
            self._is_wanted = True

    def _on_shutdown(self, application):
        self._is_ending = True

    def _on_over(self):
        if self._is_ending:
            return
        if self._life.outcome.has_failed():
            self._application.quit()
        elif self._is_wanted and not self._must_quit():
            self._begin_again()

    def _must_quit(self):
        """Whether a signal or an exception has the application quit: before ``::activate``, perhaps."""
        outcome = self._life.outcome
        return bool(outcome.signals) or outcome.has_failed()

    def _begin_again(self):
        self._is_wanted = False
        try:
            self._begin()
        except BaseException as error:
            self._failure = error
            self._application.quit()

    def _get_result(self, status):
        outcome = self._life.outcome
        if self._failure is not None:
            raise self._failure
        if outcome.has_failed():
            outcome.result()
        if signal.SIGINT in outcome.signals:
            raise KeyboardInterrupt
        # As a shell tells of a process that a signal has ended.
        return 128 + outcome.signals[0] if outcome.signals else status
