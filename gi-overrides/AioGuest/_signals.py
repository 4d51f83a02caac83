# SPDX-FileCopyrightText: 2026 The AioGuest authors
# SPDX-License-Identifier: LGPL-2.1-or-later

"""Signals: how they wake the main context, and what Ctrl-C does to a main task.

Python's C handler writes to one descriptor of the process (``signal.set_wakeup_fd()``), which
others use, too. PyGObject sets one during its own ``run()`` functions. Then it puts back the one
from before, even if that has been closed meanwhile. So runs set only one pipe, which stays open as
long as the process lives.

A descriptor that somebody else has set is left in place. PyGObject's wakes the host all the same. A
program's own must do so, too, as the documentation says. It could be replaced, and get its signals
from here. But it would be lost if runs, and others who set one, end in another order than they
began.
"""

import contextlib
import os
import signal
import threading

from ._internals.pygobject import get_c_handler, is_default_handler, is_ending_main_loops
from ._internals.python import get_signal_handler, set_signal_handler
from ._main_loops import MainLoops, ends_main_loops

__all__ = ['Interrupts', 'is_main_thread', 'kept_wakeup_fd', 'wakeup_pipe']


def is_main_thread():
    # threading.current_thread() would make up an entry for a thread that Python has not made.
    return threading.get_ident() == threading.main_thread().ident


class _WakeupPipe:
    """The pipe, and how many sessions are watching it."""

    def __init__(self):
        self._fds = None
        self._users = 0

    @property
    def read_fd(self):
        if self._fds is None:
            self._fds = os.pipe2(os.O_CLOEXEC | os.O_NONBLOCK)
        return self._fds[0]

    @property
    def write_fd(self):
        return self._fds[1]

    def acquire(self):
        """Have signals written to the pipe, unless somebody else has set a descriptor."""
        self.read_fd  # opens the pipe: if that fails, nothing has changed
        self._users += 1
        before = signal.set_wakeup_fd(self.write_fd, warn_on_full_buffer=False)
        if before not in (-1, self.write_fd):
            signal.set_wakeup_fd(before)

    def release(self):
        self._users -= 1
        if self._users == 0 and is_main_thread():
            before = signal.set_wakeup_fd(-1)
            if before != self.write_fd:
                signal.set_wakeup_fd(before)

    def forget(self):
        """In a forked child: the pipe is the parent's, which must not be woken in its place."""
        if self._users > 0:
            before = signal.set_wakeup_fd(-1)
            if before != self.write_fd:
                signal.set_wakeup_fd(before)
        # It stays open: the parent's sources, of which the child has copies, may look at it.
        self._fds = None
        self._users = 0


wakeup_pipe = _WakeupPipe()
os.register_at_fork(after_in_child=wakeup_pipe.forget)


@contextlib.contextmanager
def kept_wakeup_fd():
    """Put the wakeup descriptor back after the ``with`` block, whatever is done to it in there."""
    if not is_main_thread():
        yield
        return
    before = signal.set_wakeup_fd(-1)
    if before != -1:
        signal.set_wakeup_fd(before)
    try:
        yield
    finally:
        signal.set_wakeup_fd(before)


class Interrupts:
    """Handles SIGINT, and SIGTERM for an application, as long as a main task lives.

    Each of them is taken over only if nobody else has a handler. GLib's signal sources count as
    handlers. PyGObject's fallback for SIGINT, which stops the host's loop, does not. *on_signal* is
    called with the number of the signal. *owns_thread* is that of :class:`MainLoops`.
    """

    def __init__(self, on_signal, *, terminate, owns_thread):
        self._on_signal = on_signal
        self._signals = [signal.SIGINT] + ([signal.SIGTERM] if terminate else [])
        self._before = {}
        self._main_loops = MainLoops(owns_thread=owns_thread)

    def begin(self):
        if not is_main_thread():
            return
        for signum in self._signals:
            before = get_signal_handler(signum)
            if is_default_handler(signum, before) or ends_main_loops(before):
                set_signal_handler(signum, self._handle)
                self._before[signum] = before, get_c_handler(signum)
        if signal.SIGINT in self._before:
            self._main_loops.begin()

    def end(self):
        """Put the former handlers back, unless somebody has set others meanwhile."""
        if not is_main_thread():
            return
        for signum, (before, c_handler) in self._before.items():
            if signum == signal.SIGINT:
                before = self._main_loops.end(before)
            if get_signal_handler(signum) == self._handle and get_c_handler(signum) == c_handler:
                set_signal_handler(signum, before)
        self._before.clear()

    def end_nested_main_loops(self, then):
        """End the main loops that are nested in the run or its host, and then call *then*."""
        self._main_loops.end_nested(then)

    def is_ending_main_loops(self):
        return is_ending_main_loops()

    def close(self):
        """Called at the end of ``run()``. Returns whether Ctrl-C came when the run was over."""
        return self._main_loops.close()

    def get_before(self, signum):
        """The handler that the one of this object has replaced, or None."""
        before, _ = self._before.get(signum, (None, None))
        return before

    def _handle(self, signum, frame):
        self._on_signal(signum)
