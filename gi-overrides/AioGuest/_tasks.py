# SPDX-FileCopyrightText: 2026 The AioGuest authors
# SPDX-License-Identifier: LGPL-2.1-or-later

"""Tasks that nobody awaits: they are held until they are done, and reported when they fail."""

import asyncio
import functools
import logging
import time

from ._arguments import check_coroutine, close_coroutine
from ._awaitables import cancel_task
from ._internals.asyncio import create_eager_task, is_to_be_reported, run_first_step
from ._session import get_session, get_sessions
from ._until import Scope, check_until

__all__ = ['begin_task', 'let_tasks_go', 'report_failure', 'spawn', 'step_now']

_logger = logging.getLogger('asyncio')

# asyncio itself keeps weak references only.
_tasks = set()


def spawn(coro, *, name=None, eager=False, until=None):
    """Run *coro* as a task of the running loop that nobody needs to keep or to await.

    AioGuest keeps a reference to the task until it is done. If the task fails, the exception is reported
    at once and once, through the loop's exception handler. A cancelled task is not a failure.

    :param coro: a coroutine. It is closed if this function raises.
    :param name: the name of the task.
    :param eager: run the task up to its first suspension before this function returns. Inside a
        greenlet (under greenback, for example) the task begins at the loop's next turn instead.
    :param until: ``(obj, 'signal')``: the task is cancelled when the GObject *obj* emits that signal, or is
        finalized. *obj* is not kept alive.
    :raises TypeError: an argument is wrong, or there is no such signal.
    :raises RuntimeError: no loop is running in this thread. From another thread use
        ``asyncio.run_coroutine_threadsafe()``.
    :returns: the ``asyncio.Task``.
    """
    scope = None
    if until is not None:
        try:
            scope = Scope(*check_until(until))
        except BaseException:
            close_coroutine(coro)
            raise
    return begin_task(coro, name, eager, _finish_spawned, scope)


def begin_task(coro, name, eager, finish, scope=None):
    """Begin a task and hold it, as :func:`spawn` does.

    *finish* is its done callback: :func:`report_failure` with a description of the task.
    """
    try:
        check_coroutine(coro)
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:
            raise RuntimeError(_explain_missing_run()) from None
    except BaseException:
        _leave(scope)
        close_coroutine(coro)
        raise

    if scope is not None and scope.is_over:
        # Cancelled before its first step.
        eager = False
    task = None
    try:
        begun = time.monotonic()
        task = _create_eager(loop, coro, name) if eager else loop.create_task(coro, name=name)
        _tasks.add(task)
        if task.done():
            _leave(scope)
        else:
            task.add_done_callback(finish)
            if scope is not None:
                scope.hold(task)
        if eager:
            _count_eager_step(loop, task, time.monotonic() - begun)
    except BaseException:
        # Raised by the task factory, or by the task in its first step.
        _leave(scope)
        if task is None:
            close_coroutine(coro)
        else:
            _tasks.discard(task)
            cancel_task(task)
        raise

    if task.done():
        finish(task)
    return task


def _leave(scope):
    if scope is not None:
        scope.leave()


def _explain_missing_run():
    if get_sessions():
        remedy = 'for the loop of another thread there is asyncio.run_coroutine_threadsafe(coro, loop)'
    else:
        remedy = 'call AioGuest.start() or run() first'
    return f'no guest run is going on in this thread: {remedy}'


def let_tasks_go(loop):
    """Do not hold the tasks of *loop* any more: it is closed, so they will never be done."""
    # A copy, because other threads may spawn tasks.
    _tasks.difference_update([task for task in _tasks.copy() if task.get_loop() is loop])


def _create_eager(loop, coro, name):
    session = get_session(loop)
    if session is None:
        return create_eager_task(loop, coro, name=name)
    if session.greenlets.are_current():
        # Greenlets that the step begins would switch to this greenlet, also in later steps.
        return loop.create_task(coro, name=name)
    return session.call_step(create_eager_task, loop, coro, name=name)


def step_now(loop, task):
    """Run the first step of a new task now, or inside a greenlet at the next turn of the loop."""
    session = get_session(loop)
    if session.greenlets.are_current():
        return
    begun = time.monotonic()
    session.call_step(run_first_step, loop, task)
    _count_eager_step(loop, task, time.monotonic() - begun)


def _count_eager_step(loop, task, took):
    """Note how long a step took, in seconds; log a long one as asyncio does if the loop runs it."""
    session = get_session(loop)
    if session is None:
        # It was part of a step that the loop runs.
        return
    if took > session.longest_eager_step:
        session.longest_eager_step = took
    if loop.get_debug() and took >= loop.slow_callback_duration:
        _logger.warning('Executing %s took %.3f seconds', repr(task), took)


def report_failure(what, task):
    """The task of *what* is done: report its exception, if it has failed."""
    _tasks.discard(task)
    if task.cancelled() or not is_to_be_reported(task.exception()):
        return
    task.get_loop().call_exception_handler(
        {'message': f'Exception in {what}', 'exception': task.exception(), 'task': task}
    )


_finish_spawned = functools.partial(report_failure, 'a task of AioGuest.spawn()')
