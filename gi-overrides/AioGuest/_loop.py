# SPDX-FileCopyrightText: 2026 The AioGuest authors
# SPDX-License-Identifier: LGPL-2.1-or-later

"""The event loop that runs in a main context, instead of waiting by itself."""

import asyncio
import contextlib
import selectors
import signal

from gi.repository import GLib

from . import _core
from ._arguments import check_nested
from ._awaitables import prepare_awaiting
from ._internals.asyncio import get_signal_placeholder
from ._internals.pygobject import wakeup_on_signal
from ._reads import SizedReads
from ._replaced import ReplacedHandlers, get_lasting_handler
from ._session import Session, get_default_context, get_session
from ._signals import kept_wakeup_fd

__all__ = ['EventLoop', 'thread_default']


class EventLoop(_core.LoopBase, SizedReads, asyncio.SelectorEventLoop):
    """asyncio's selector event loop, with a ``run_forever()`` that iterates a GLib main context.

    Everything except the waiting is asyncio's own: this is not a second implementation. Use it where
    asyncio takes a loop or a loop factory, and GLib must go on meanwhile::

        with asyncio.Runner(loop_factory=AioGuest.EventLoop) as runner:
            runner.run(main())

    *selector* is as for ``asyncio.SelectorEventLoop``. *main_context* is the ``GLib.MainContext``
    to iterate. If it is None, the context is found each time the loop is run. It is the
    thread-default context of the thread that runs the loop. If there is none, it is GLib's default
    context on the main thread, and a context of the loop's own on any other thread.

    *nested* says what asyncio does in a main loop that is nested in a step, as for :func:`start`.

    The loop reads the system's monotonic clock, also while ``time.monotonic`` is replaced. For another
    clock override ``time()``.

    While the loop runs its main context is the thread-default one, so that ``Gio``'s asynchronous
    functions called by tasks come back to it.
    """

    _private_context = None
    _replaced_handlers = None

    def __init__(self, selector=None, *, main_context=None, nested='run'):
        try:
            _check_arguments(selector, main_context)
            check_nested(nested)
        except (TypeError, ValueError):
            # asyncio's __del__ fails for a loop that was never initialized.
            super().__init__()
            self.close()
            raise
        super().__init__(selector)
        self._main_context = main_context
        self._nested = nested

    @property
    def _context(self):
        """The main context, for PyGObject, which looks for this name.

        If a running loop has the main context that a function of Gio would use, the function
        returns an awaitable.
        """
        prepare_awaiting(self)
        session = get_session(self)
        return self._main_context if session is None else session.main_context

    def run_forever(self):
        """Iterate the main context until :meth:`stop` is called.

        As in asyncio, callbacks that are ready when ``stop()`` is called still run, and an exception of a
        callback that is not an ``Exception``, such as SystemExit, is raised here. Raises RuntimeError if
        another thread owns the main context.
        """
        self._check_closed()
        self._check_running()
        context = self._resolve_context()
        session = Session(self, nested=self._nested)
        with thread_default(context):
            session.enter(context)
            try:
                session.watch_signals()
                session.iterate()
            finally:
                session.leave()
        if session.guest.exception is not None:
            raise session.guest.exception

    def _resolve_context(self):
        context = self._main_context or get_default_context()
        if context is None:
            # A thread without a context of its own must not iterate the default one.
            context = self._private_context = self._private_context or GLib.MainContext()
        return context

    def stop(self):
        """Stop running the event loop, at the end of the round that is going on.

        To be called on the loop's thread, from a callback of the loop or of the host.
        """
        super().stop()
        session = get_session(self)
        if session is not None:
            session.guest.wake()

    def add_signal_handler(self, sig, callback, *args):
        """Have *callback* called by the loop when the signal arrives; main thread only.

        As in asyncio, with two differences: the process keeps its wakeup descriptor, and when the loop is
        closed the signal gets back the handler that it had before.
        """
        before = get_lasting_handler(sig)
        with kept_wakeup_fd():
            super().add_signal_handler(sig, callback, *args)
        if before is not None:
            if self._replaced_handlers is None:
                self._replaced_handlers = ReplacedHandlers()
            self._replaced_handlers.keep(sig, before)
        placeholder = get_signal_placeholder()
        if placeholder is not None and signal.getsignal(sig) is placeholder:
            signal.signal(sig, self._on_signal)
            signal.siginterrupt(sig, False)

    def remove_signal_handler(self, sig):
        """Remove a signal's handler; returns whether there was one."""
        with kept_wakeup_fd():
            return super().remove_signal_handler(sig)

    def close(self):
        """Close the loop, as asyncio does. Signals that it has handled get back their former handlers."""
        super().close()
        if self._replaced_handlers is not None:
            self._replaced_handlers.restore()

    def _on_signal(self, signum, frame):
        self._handle_signal(signum)

    # PyGObject 3.50 to 3.55 takes a running loop with a _context for one of its own kind, and calls
    # these two methods around its iterations. They only do what it does for other loops.

    @contextlib.contextmanager
    def running(self, quit_func):
        """For PyGObject, around its functions that iterate the main context: signals wake them."""
        with wakeup_on_signal():
            yield

    @contextlib.contextmanager
    def paused(self):
        """For PyGObject, around one iteration of the main context. The loop goes on meanwhile."""
        yield


def _check_arguments(selector, main_context):
    if selector is not None and not isinstance(selector, selectors.BaseSelector):
        raise TypeError(
            f'selector must be a selector of the selectors module or None, not {selector!r}'
        )
    if main_context is not None and not isinstance(main_context, GLib.MainContext):
        raise TypeError(f'main_context must be a GLib.MainContext or None, not {main_context!r}')


@contextlib.contextmanager
def thread_default(context):
    """Own *context* in the ``with`` block, and make it the thread-default one, if it isn't yet."""
    if not context.acquire():
        raise RuntimeError(
            'the main context is owned by another thread, which iterates it: run the loop there, '
            'or give it a main_context of its own'
        )
    try:
        current = GLib.MainContext.get_thread_default()
        if hash(current or GLib.MainContext.default()) == hash(context):
            yield
            return
        context.push_thread_default()
        try:
            yield
        finally:
            context.pop_thread_default()
    finally:
        context.release()
