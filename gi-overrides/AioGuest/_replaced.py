# SPDX-FileCopyrightText: 2026 The AioGuest authors
# SPDX-License-Identifier: LGPL-2.1-or-later

"""The handlers of signals that a loop takes over, which get back what was theirs."""

import contextlib
import signal
import sys

from . import _core
from ._internals.asyncio import get_signal_placeholder, is_runner_handler
from ._internals.pygobject import is_dead_pygobject_handler
from ._signals import Interrupts, is_main_thread

__all__ = ['ReplacedHandlers', 'get_lasting_handler']


def get_lasting_handler(signum):
    """The handler that a signal has but for what a run, or a loop, has set for its own time.

    None if there is none, if it is not Python's, or if *signum* is no signal.
    """
    try:
        handler = signal.getsignal(signum)
    except (TypeError, ValueError, OverflowError):
        return None
    owner = getattr(handler, '__self__', None)
    if isinstance(owner, Interrupts):
        handler = owner.get_before(signum)
    elif isinstance(owner, _core.LoopBase) and handler == getattr(owner, '_on_signal', None):
        return None
    if handler is get_signal_placeholder() or is_runner_handler(handler):
        return None
    return handler


class ReplacedHandlers:
    """What signals had before the loop's handlers, for the end of the loop.

    Where asyncio takes one of its own away it leaves the default, whatever was there.
    """

    def __init__(self):
        self._handlers = {}

    def keep(self, signum, handler):
        """To be put back: the last one that was not what asyncio leaves."""
        if handler != _get_default(signum):
            self._handlers[signum] = handler

    def restore(self):
        """Put them back, unless somebody has set another one."""
        if is_main_thread() and not sys.is_finalizing():
            for signum, handler in self._handlers.items():
                if signal.getsignal(signum) != _get_default(signum):
                    continue
                if not is_dead_pygobject_handler(handler):
                    # The last moments of a loop are none to fail in.
                    with contextlib.suppress(OSError):
                        signal.signal(signum, handler)
        self._handlers.clear()


def _get_default(signum):
    return signal.default_int_handler if signum == signal.SIGINT else signal.SIG_DFL
