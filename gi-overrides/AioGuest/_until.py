# SPDX-FileCopyrightText: 2026 The AioGuest authors
# SPDX-License-Identifier: LGPL-2.1-or-later

"""Tasks that end with an object, such as a window."""

import asyncio
import weakref

from gi.repository import GObject

from ._awaitables import cancel_task
from ._connection import Connection

__all__ = ['Scope', 'Until', 'check_until']


class Scope:
    """The time that a task may take: until *obj* emits a signal or is finalized.

    The task is cancelled then, once, so that its clean-up is not cut. The scope is made before the task,
    because the first step of the task may emit the signal already. *obj* is not kept alive; None is an object
    that was finalized before. Raises TypeError if there is no such signal.
    """

    def __init__(self, obj, detailed_signal):
        self.is_over = obj is None
        self._loop = asyncio._get_running_loop()
        self._task = None
        self._connection = None
        if obj is not None:
            self._connection = Connection(obj, detailed_signal, self._on_emission, self._end)

    def hold(self, task):
        """Cancel *task* at the end of the scope; the scope may have ended already."""
        # The task keeps the scope, and not the other way round.
        self._task = weakref.ref(task)
        task.add_done_callback(self._on_done)
        if self.is_over:
            cancel_task(task)

    def leave(self):
        """The task has ended, or there is none: disconnect."""
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.disconnect()

    def _on_done(self, task):
        self.leave()

    def _on_emission(self, args):
        self._end()

    def _end(self):
        if asyncio._get_running_loop() is self._loop:
            self._cancel()
            return
        try:
            self._loop.call_soon_threadsafe(self._cancel)
        except RuntimeError:
            # The loop is closed, and so the task has ended.
            pass

    def _cancel(self):
        if self.is_over:
            return
        self.is_over = True
        self.leave()
        task = None if self._task is None else self._task()
        if task is not None:
            cancel_task(task)


class Until:
    """Until when the tasks of a handler may go on: each call has a :class:`Scope` of its own.

    *until* is the name of a signal of the call's first argument, or ``(obj, 'signal')``.
    """

    def __init__(self, until):
        self._object = None
        self._detailed_signal = until
        if not isinstance(until, str):
            obj, self._detailed_signal = check_until(until)
            self._object = obj.weak_ref()

    def make_scope(self, args):
        if self._object is not None:
            obj = self._object()
        elif args and isinstance(args[0], GObject.Object):
            obj = args[0]
        else:
            found = repr(args[0]) if args else 'nothing'
            raise TypeError(
                f'until={self._detailed_signal!r} is a signal of the first argument, which must be a GObject, '
                f'not {found}'
            )
        return Scope(obj, self._detailed_signal)


def check_until(until):
    """Return *until*, or raise TypeError if it is not ``(obj, 'signal')``."""
    is_pair = isinstance(until, tuple) and len(until) == 2
    if not is_pair or not isinstance(until[0], GObject.Object) or not isinstance(until[1], str):
        raise TypeError(f"until must be a tuple of a GObject and the name of one of its signals, not {until!r}")
    return until
