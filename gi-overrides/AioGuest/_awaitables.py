# SPDX-FileCopyrightText: 2026 The AioGuest authors
# SPDX-License-Identifier: LGPL-2.1-or-later

"""The awaitables of PyGObject's own asynchronous functions, and how to cancel what waits for one.

Before PyGObject 3.52 their ``cancel()`` takes no message. asyncio gives it one, and the TypeError gets
out of the ``cancel()`` of a task that waits for one, which has counted the request by then and is not
cancelled.
"""

import asyncio
import contextvars
import functools
import weakref

import gi
from gi import _gi

from ._internals.asyncio import get_shadow_of_cancel, get_waiter

__all__ = ['cancel_task', 'is_pygobject_awaitable', 'prepare_awaiting']

# PyGObject has none before 3.50.
_Async = getattr(_gi, 'Async', ())

# Which can't be found out without an operation that is going on.
_TAKES_NO_MESSAGE = _Async != () and gi.version_info < (3, 52)


def is_pygobject_awaitable(awaitable):
    """Whether it is what PyGObject's own asynchronous functions return."""
    return isinstance(awaitable, _Async)


def cancel_task(task, msg=None):
    """``task.cancel(msg)``, of a task or another future, whatever it waits for."""
    try:
        return _call(task.cancel, msg)
    except TypeError:  # pragma: no cover - PyGObject 3.50 and 3.51
        if not _cancel_what_blocks(task, msg):
            raise
        return True


def _call(cancel, msg):
    # As asyncio does, and what is derived from its tasks may not know of a message.
    return cancel() if msg is None else cancel(msg=msg)


def prepare_awaiting(loop):
    """An awaitable is being made: have the task that does so, and most likely awaits it, bear it.

    Until its end the task's ``cancel()`` is another one then, also for the application.
    """
    if _TAKES_NO_MESSAGE:  # pragma: no cover - PyGObject 3.50 and 3.51
        task = asyncio.current_task(loop)
        if task is not None:
            _Cancel.of(task)


def _cancel_what_blocks(task, msg):  # pragma: no cover - PyGObject 3.50 and 3.51
    """Do the rest of a ``task.cancel()`` that has counted the request and failed then.

    False if it has failed for another reason.
    """
    waiter = get_waiter(task)
    if is_pygobject_awaitable(waiter):
        return _CancelledWait(task, waiter, msg).begin()
    # A gather() has got as far as the first of its tasks that fails so.
    children = [c for c in getattr(waiter, '_children', ()) if isinstance(c, asyncio.Task)]
    if children:
        for child in children:
            cancel_task(child, msg)
        return waiter.cancel(msg)
    return waiter is not None and _cancel_what_blocks(waiter, msg)


class _Cancel:  # pragma: no cover - PyGObject 3.50 and 3.51
    """The ``cancel()`` of a task that may await what PyGObject has returned."""

    def __init__(self, task):
        # The task holds this object.
        self._task = weakref.ref(task)
        self._shadowed = get_shadow_of_cancel(task)
        self.is_going_on = False

    @classmethod
    def of(cls, task):
        """That of *task*, which gets one if it has none."""
        if not isinstance(task.cancel, cls):
            task.cancel = cls(task)
        return task.cancel

    def __call__(self, msg=None):
        task = self._task()
        if task is None:
            # So it is done: what a task waits for holds it.
            return False
        try:
            return _call(self._shadowed or functools.partial(type(task).cancel, task), msg)
        except TypeError:
            # A request more has been counted, which is all that is left to do.
            if not self.is_going_on and not _cancel_what_blocks(task, msg):
                raise
            return True


class _CancelledWait:  # pragma: no cover - PyGObject 3.50 and 3.51
    """The rest of the time that a cancelled task waits for an awaitable of PyGObject's.

    This takes the place of the task's callback. asyncio would take a note that the task is
    cancelled, for when it wakes up, which is when the operation has ended. Nobody else can take it.
    """

    def __init__(self, task, awaitable, msg):
        self._task = task
        self._awaitable = awaitable
        self._msg = msg
        self._cancel = _Cancel.of(task)
        self._wakeup = None

    @property
    def __self__(self):
        # As the task's own callback has it.
        return self._task

    def __eq__(self, callback):
        # PyGObject compares the callbacks that it has with the one that it is to remove.
        if getattr(callback, '__self__', None) is not self._task:
            return False
        self._wakeup = callback
        return True

    __hash__ = object.__hash__

    def begin(self):
        """Returns whether the task is going to be cancelled."""
        if self._awaitable.done():
            return self._replace_step()
        if not self._awaitable.remove_done_callback(self):
            return False
        self._cancel.is_going_on = True
        self._awaitable.add_done_callback(self)
        self._awaitable.cancel()
        return True

    def _replace_step(self):
        """The step to come has been asked for, with the result of the operation."""
        for handle in list(getattr(self._task.get_loop(), '_ready', ())):
            if not handle.cancelled() and self == getattr(handle, '_callback', None):
                handle.cancel()
                self._cancel.is_going_on = True
                self(self._awaitable)
                return True
        return False

    def __call__(self, future):
        if future is self._awaitable:
            # Collected, lest PyGObject complain of it.
            future.exception()
            future = self._task.get_loop().create_future()
            # Before Python 3.12 nobody can ask for the task's own.
            get_context = getattr(self._task, 'get_context', contextvars.copy_context)
            future.add_done_callback(self, context=get_context())
            future.cancel(self._msg)
        else:
            self._cancel.is_going_on = False
            self._wakeup(future)
