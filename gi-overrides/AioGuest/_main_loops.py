# SPDX-FileCopyrightText: 2026 The AioGuest authors
# SPDX-License-Identifier: LGPL-2.1-or-later

"""The main loops that PyGObject runs in the main thread, one inside another, and Ctrl-C.

``GLib.MainLoop.run()``, ``Gtk.Dialog.run()`` and the like keep a list of functions that end them, the
innermost last. PyGObject's handler for SIGINT takes the last one off the list and calls it. When that
loop has returned, its ``run()`` takes off and calls the one before, and so on. The outermost
``run()``, whose handler it is, raises KeyboardInterrupt.

An inner ``run()`` adds to the list only if the list is not empty. So a :class:`MainLoops` has an entry at
its bottom, as the outermost ``run()`` would.
"""

import functools
import signal
import weakref

from gi.repository import GLib

from ._internals.pygobject import (
    get_ends_of_main_loops,
    is_dead_pygobject_handler,
    is_ending_main_loops,
    is_live_pygobject_handler,
    set_ending_main_loops,
)

__all__ = ['MainLoops', 'ends_main_loops']


class MainLoops:
    """The main loops that Ctrl-C can end while AioGuest's handler is in place of PyGObject's.

    All methods must be called on the main thread. If *owns_thread* is true, the run has no host:
    each main loop that begins later is nested in it. Otherwise the outermost main loop may be its
    host.
    """

    def __init__(self, *, owns_thread):
        self._owns_thread = owns_thread
        self._outermost = None  # a weak reference to the entry of the run() with the handler
        self._n_hosts = 0
        self._being_ended = []  # what was in the list when end_nested() began
        self._is_handling = False  # _handle() is in place, or was
        self._is_interrupted = False

    def begin(self):
        ends = get_ends_of_main_loops()
        n_hosts = 1
        if ends is None:
            return
        if len(ends) == 1 and _is_ours(ends[0]):
            # It belongs to an earlier run: main loops have outlasted that, and have ended.
            ends.clear()
        if not ends:
            # PyGObject leaves this set when Ctrl-C has ended all main loops.
            set_ending_main_loops(False)
        elif _is_ours(ends[0]):
            n_hosts = 2
            self._outermost = weakref.ref(ends[0])
        else:
            # An object of our own, for a weak reference: it lasts as long as it is in the list.
            ends[0] = functools.partial(ends[0])
            self._outermost = weakref.ref(ends[0])
        self._n_hosts = len(ends) if self._owns_thread else min(len(ends), n_hosts)
        ends.insert(0, self._on_all_ended)

    def end_nested(self, then):
        """End the main loops inside the host, and call *then* when they have returned.

        The ``run()`` of the outermost of these calls *then*. If they are being ended already, this
        ends only one that has begun since then and keeps the others from returning. Does nothing if
        SIGINT was not taken over: it is unknown then which main loops are inside.
        """
        ends = get_ends_of_main_loops()
        n_hosts = self._n_hosts + 1
        if ends is None or self._on_all_ended not in ends:
            return
        if len(ends) <= n_hosts:
            return
        if is_ending_main_loops():
            self._end_new(ends)
            return

        def on_nested_ended():
            self._being_ended.clear()
            set_ending_main_loops(False)
            then()

        ends.insert(n_hosts, on_nested_ended)
        self._being_ended = list(ends)
        _end_innermost(ends)

    def _end_new(self, ends):
        """End the innermost main loop if it has begun while those around it are being ended."""
        if not self._being_ended or any(ends[-1] is known for known in self._being_ended):
            return

        def nothing():
            pass

        # The function that ends the loop around it has been called already. The run() of the new
        # loop calls nothing() in place of it.
        ends.insert(len(ends) - 1, nothing)
        self._being_ended.append(nothing)
        _end_innermost(ends)

    def end(self, before):
        """The run is over. Return the handler to set for SIGINT; *before* was set before the run.

        Main loops may go on that began after PyGObject's handler was taken over, or that have
        outlasted the ``run()`` which it belongs to. Then this returns a handler that does for them
        what PyGObject's would.
        """
        ends = get_ends_of_main_loops()
        if ends is None or self._on_all_ended not in ends:
            return signal.default_int_handler if is_dead_pygobject_handler(before) else before
        if self._owns_thread:
            if len(ends) > self._n_hosts + 1:
                return self._begin_handling()
            is_hosted = self._n_hosts > 0
        else:
            is_hosted = self._outermost is not None and self._outermost() is not None
            if not is_hosted and ends[-1] != self._on_all_ended:
                return self._begin_handling()
        ends.remove(self._on_all_ended)
        return before if is_hosted else signal.default_int_handler

    def close(self):
        """All nested main loops are over. Return whether Ctrl-C ended them after :meth:`end`."""
        ends = get_ends_of_main_loops()
        if ends is not None and self._on_all_ended in ends:
            ends.remove(self._on_all_ended)
        self._put_default_back()
        return self._is_interrupted

    def _begin_handling(self):
        self._is_handling = True
        return self._handle

    def _handle(self, signum, frame):
        ends = get_ends_of_main_loops()
        if is_ending_main_loops():
            return
        if ends[-1] != self._on_all_ended:
            _end_innermost(ends)
        else:
            self.close()
            signal.default_int_handler(signum, frame)

    def _on_all_ended(self):
        """Called by the outermost ``run()`` when it returns, if it was ended after :meth:`end`."""
        set_ending_main_loops(False)
        self._put_default_back()
        self._is_interrupted = True
        # In a callback of an outer main loop the exception would be lost.
        if GLib.main_depth() == 0:
            raise KeyboardInterrupt

    def _put_default_back(self):
        if self._is_handling and signal.getsignal(signal.SIGINT) == self._handle:
            signal.signal(signal.SIGINT, signal.default_int_handler)


def ends_main_loops(handler):
    """Whether *handler*, which is that of SIGINT, ends the main loops that are running."""
    return is_live_pygobject_handler(handler) or _is_ours(handler)


def _is_ours(function):
    return isinstance(getattr(function, '__self__', None), MainLoops)


def _end_innermost(ends):
    set_ending_main_loops(True)
    ends.pop()()
