# SPDX-FileCopyrightText: 2026 The AioGuest authors
# SPDX-License-Identifier: LGPL-2.1-or-later

"""GLib's main loop as the host of a life, with its applications and its signals."""

import signal

from gi.repository import GLib

from .._application import ApplicationBinding
from .._gio import get_default_application
from .._loop import thread_default
from .._main_loops import ends_main_loops
from .._signals import Interrupts

__all__ = ['GLibHost']


class GLibHost:
    """The host's side of a life: the applications that it ends with, and Ctrl-C.

    *application* is the one that it is bound to, or None. *presents_window* is that of
    :meth:`ApplicationBinding.bind`.
    """

    def __init__(self, life, main_context, application, *, presents_window):
        self._life = life
        self._main_context = main_context  # until the guest is attached to it
        self._is_default = main_context is None
        self._application = application
        self._presents_window = presents_window
        self._binding = ApplicationBinding(life)
        self._interrupts = None
        self._owns_thread = False

    # Beginning

    def take_context(self):
        """The main context; nothing here holds it any more, as one that nobody holds is iterated no more."""
        context, self._main_context = self._main_context, None
        return GLib.MainContext.ref_thread_default() if context is None else context

    def bind(self):
        """The life has begun: it is bound to its application."""
        self._binding.bind(self._application, presents_window=self._presents_window)
        self._watch_default_application()

    def meet(self):
        """The host's loop is running: see what it does about signals, and which application it is of."""
        if self._interrupts is not None:
            return
        self._life.guest.meet_host()
        self._interrupts = Interrupts(
            self._life.on_signal,
            terminate=self._application is not None,
            owns_thread=self._owns_thread,
        )
        self._interrupts.begin()
        self._watch_default_application()

    def _watch_default_application(self):
        # By their pointers.
        if hash(self._life.guest.run.get_main_context()) == hash(GLib.MainContext.default()):
            self._binding.watch(get_default_application())

    def run(self):
        """Iterate the main context until the life is over; whether a Ctrl-C came after that."""
        self._owns_thread = True
        self.meet()
        interrupts = self._interrupts
        if self._is_default:
            self._iterate()
        else:
            with thread_default(self._life.guest.main_context):
                self._iterate()
        return interrupts.close()

    def _iterate(self):
        life = self._life
        while not life.is_over():
            try:
                life.guest.iterate()
            except BaseException as error:
                # By a signal handler.
                life.end_by(error)

    # Its end

    def end_hold(self):
        """Leave it to the application whether it goes on."""
        self._binding.end_hold()

    def quit_application(self):
        self._binding.quit()

    def end_nested_main_loops(self, then):
        """End the main loops that are nested in the run or around it, and then call *then*."""
        self._interrupts.end_nested_main_loops(then)

    def end_interrupts(self):
        """Give the signals back to whoever had them."""
        if self._interrupts is not None:
            self._interrupts.end()

    def release(self):
        """Let go of the applications."""
        self._binding.release()

    def end_main_loops(self, then):
        """The life is over. If a signal has ended it the host's main loop ends, too.

        Those that are nested in it end first. *then* is called when they have, if the life owns the thread.
        """
        if self._interrupts is not None and self._interrupts.is_ending_main_loops():
            # It follows when the nested ones have returned.
            return
        if not self._owns_thread:
            self.pass_signals_on(self._life.outcome)
        elif self._life.outcome.is_interrupted():
            self._interrupts.end_nested_main_loops(then)

    def pass_signals_on(self, outcome):
        """If Ctrl-C has ended the main task, and the life does not own the thread, the host ends, too."""
        if self._owns_thread or signal.SIGINT not in outcome.signals or not outcome.is_interrupted():
            return
        if ends_main_loops(signal.getsignal(signal.SIGINT)):
            # It has PyGObject's run() return, and raise KeyboardInterrupt.
            signal.raise_signal(signal.SIGINT)
        elif self._application is not None:
            self._application.quit()
        else:
            outcome.tell(
                {
                    'message': 'The main task of AioGuest.start() was interrupted by Ctrl-C, '
                    'and nobody is there to end the main loop',
                    'task': outcome.task,
                }
            )

    def let_go(self):
        """Hold nothing of the life: so it is freed without the garbage collector."""
        self._life = self._binding = self._interrupts = None
