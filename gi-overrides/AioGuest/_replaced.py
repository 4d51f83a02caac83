# SPDX-FileCopyrightText: 2026 The AioGuest authors
# SPDX-License-Identifier: LGPL-2.1-or-later

"""The handlers of signals that a loop takes over, which get back what was theirs."""

import asyncio
import contextlib
import signal
import sys

from ._internals import get_signal_placeholder, is_pygobject_handler, is_runner_handler
from ._signals import Interrupts, is_main_thread

__all__ = ['ReplacedHandlers']


class ReplacedHandlers:
    """What signals had before the loop's handlers, for the end of the loop.

    Where asyncio takes one of its own away it leaves the default, whatever was there.
    """

    def __init__(self):
        self._handlers = {}

    def note(self, signum):
        """Keep the handler, if it is not for the time of a run only; whoever did so first is right."""
        try:
            handler = signal.getsignal(signum)
        except (TypeError, ValueError):
            # For asyncio to say.
            return
        if not (handler is None or _is_transient(handler)):
            self._handlers.setdefault(signum, handler)

    def restore(self):
        """Put them back, unless somebody has set another one."""
        if is_main_thread() and not sys.is_finalizing():
            for signum, handler in self._handlers.items():
                if signal.getsignal(signum) == _get_default(signum):
                    # Some can't be changed.
                    with contextlib.suppress(OSError):
                        signal.signal(signum, handler)
        self._handlers.clear()


def _is_transient(handler):
    """Whether the handler is a loop's, or in place of the default one as long as something runs."""
    return (
        isinstance(getattr(handler, '__self__', None), (Interrupts, asyncio.AbstractEventLoop))
        or handler is get_signal_placeholder()
        or is_runner_handler(handler)
        or is_pygobject_handler(handler)
    )


def _get_default(signum):
    return signal.default_int_handler if signum == signal.SIGINT else signal.SIG_DFL
