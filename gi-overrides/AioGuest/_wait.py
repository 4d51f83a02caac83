# SPDX-FileCopyrightText: 2026 The AioGuest authors
# SPDX-License-Identifier: LGPL-2.1-or-later

"""Waiting in synchronous code, while the window and other tasks stay alive."""

import asyncio
import weakref

from ._arguments import check_timeout, close_coroutine
from ._awaitables import cancel_task, is_pygobject_awaitable
from ._greenlets import explain
from ._internals.asyncio import (
    create_eager_task,
    get_shadow_of_cancel,
    is_to_be_cancelled,
    take_cancellation,
)
from ._session import get_session

__all__ = ['wait']


def wait(awaitable, timeout=None):
    """Wait for *awaitable* from synchronous code, in a nested main loop.

    It may be called on the guest's thread, by a callback of the host or by synchronous code under a
    task. The task is then suspended as if it had awaited. Other tasks, the window and everything else of
    the host go on. Waits nest: an inner wait must end before an outer one can return.

    If the surrounding task is cancelled during the wait, or was cancelled earlier in the same step, the
    awaitable is cancelled, and its CancelledError is raised here. So ``asyncio.timeout()`` and
    ``TaskGroup`` work across a wait. If the task is cancelled after the awaitable is done and before this
    function has returned, it gets a CancelledError in place of the result, as from an await. However often
    the task was cancelled, that is one CancelledError, and its next await raises none.

    :param awaitable: a coroutine, which becomes a task; a future; or another awaitable.
    :param timeout: seconds until the awaitable is cancelled; None for no limit.
    :returns: the awaitable's result. Its exception is raised.
    :raises TimeoutError: the awaitable was cancelled only because of the timeout.
    :raises TypeError, ValueError: the timeout is not a number of seconds.
    :raises RuntimeError: no guest run is going on in this thread; the run ended during the wait;
        a task would wait for itself; the run rests in nested main loops (``nested='rest'``); or a
        greenlet is in the way, because this code runs in one (under greenback, for example) or one was
        suspended before. The message says what to do instead.
    """
    loop = asyncio._get_running_loop()
    session = None if loop is None else get_session(loop)
    if session is None:
        close_coroutine(awaitable)
        raise RuntimeError(
            'no guest run is going on in this thread: AioGuest.wait() works only on the thread of '
            'AioGuest.start() or run(), and only during the run'
        )
    try:
        check_timeout(timeout)
    except BaseException:
        close_coroutine(awaitable)
        raise
    task = asyncio.current_task(loop)
    if awaitable is task is not None:
        raise RuntimeError(f'{task!r} can\'t wait for itself')
    if is_pygobject_awaitable(awaitable):
        # It does not have all methods of a future.
        awaitable = _await(awaitable)
    try:
        obstacle = session.guest.find_obstacle()
        if obstacle is not None:
            raise RuntimeError(f'AioGuest.wait() can\'t wait here: {explain(loop, obstacle, task)}')
        if task is not None and is_to_be_cancelled(task) and asyncio.iscoroutine(awaitable):
            # It will be cancelled where it is first suspended, as by an await.
            future = create_eager_task(loop, awaitable)
        else:
            future = asyncio.ensure_future(awaitable, loop=loop)
    except BaseException:
        # Raised by the task factory, or because of an obstacle.
        close_coroutine(awaitable)
        raise
    return _Wait(session, future, task, timeout).result()


async def _await(awaitable):
    return await awaitable


class _Wait:
    """One call of :func:`wait`."""

    def __init__(self, session, future, task, timeout):
        self._session = session
        self._future = future
        self._task = task
        self._timeout = timeout
        self._timed_out = False
        self._cancelled = False  # the task was cancelled: earlier in this step, or since
        self._called_back = False  # the future has called _on_done(), after its earlier callbacks
        self._shadowed = None

    def result(self):
        if self._future.done():
            # An await would not suspend the task either.
            return self._future.result()
        timer = None
        try:
            if self._timeout is not None:
                timer = self._session.loop.call_later(self._timeout, self._on_timeout)
            self._shadow()
            # As an await does.
            self._future.add_done_callback(self._on_done)
            self._session.iterate(self)
        except BaseException:
            cancel_task(self._future)
            raise
        finally:
            self._unshadow()
            try:
                self._future.remove_done_callback(self._on_done)
            finally:
                if timer is not None:
                    timer.cancel()
        if not self._future.done():
            raise RuntimeError('the guest run ended while AioGuest.wait() was waiting')
        return self._wake_up()

    def _wake_up(self):
        """Return or raise what an await would in the step in which the task goes on."""
        taken = None if self._task is None else self._take_cancellation()
        if self._future.cancelled():
            if self._timed_out and not self._cancelled:
                raise TimeoutError from None
        elif taken is not None:
            # So that asyncio does not report the exception as one that nobody has asked for.
            self._future.exception()
            raise asyncio.CancelledError(*taken)
        return self._future.result()

    def _on_done(self, future):
        self._called_back = True

    def _on_timeout(self):
        self._timed_out = cancel_task(self._future)

    # A task that is cancelled inside its step only notes that for its next await, which would be
    # too late. So during the wait _cancel() is in place of its cancel(). Callbacks of the host that
    # wait inside the nested loop see no current task, so a task has one such replacement at most.

    def _shadow(self):
        if self._task is not None:
            self._shadowed = get_shadow_of_cancel(self._task)
            self._task.cancel = self._cancel

    def done(self):
        """Whether the wait is over. Called before the first iteration, and after each tick.

        If it is not over, the task may have been cancelled without :meth:`_cancel`: earlier in this
        step, or by its own ``cancel()``, which somebody may have stored as a callback. Then the
        future is cancelled here.
        """
        if not self._future.done() and self._task is not None:
            taken = self._take_cancellation()
            if taken is not None:
                cancel_task(self._future, *taken)
        return self._called_back

    def _take_cancellation(self):
        """Have the next await of the task not raise; return its message in a tuple, or None."""
        taken = take_cancellation(self._task)
        if taken is None:
            return None
        self._cancelled = True
        forgotten, msg = taken
        for _ in range(forgotten):
            _Requests.add(self._task)
        return () if msg is None else (msg,)

    def _unshadow(self):
        if self._task is not None:
            del self._task.cancel
            if self._shadowed is not None:
                # It was set by somebody else.
                self._task.cancel = self._shadowed

    def _cancel(self, msg=None):
        self._cancelled = True
        if not cancel_task(self._future, msg):
            # The future is done, and the wait has not returned yet: _wake_up() takes this back.
            return type(self._task).cancel(self._task, msg)
        _Requests.add(self._task)
        return True


class _Requests:
    """Counts requests to cancel a task that went to a wait, in addition to those in its own count.

    By the sum ``asyncio.timeout()`` and ``TaskGroup`` distinguish their own requests from those of
    others.
    """

    def __init__(self, task):
        self._count = 0
        # Weak, because the task holds this object.
        self._task = weakref.ref(task)
        task.cancelling = self._cancelling
        task.uncancel = self._uncancel

    @classmethod
    def add(cls, task):
        requests = getattr(task.cancelling, '__self__', None)
        if not isinstance(requests, cls):
            requests = cls(task)
        requests._count += 1

    def _cancelling(self):
        task = self._task()
        if task is None:
            # It is being freed, and reports an exception that nobody has asked for.
            return self._count
        return self._count + type(task).cancelling(task)

    def _uncancel(self):
        task = self._task()
        self._count -= 1
        if self._count == 0:
            del task.cancelling, task.uncancel
        return self._count + type(task).cancelling(task)
