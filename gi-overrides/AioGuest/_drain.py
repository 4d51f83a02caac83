# SPDX-FileCopyrightText: 2026 The AioGuest authors
# SPDX-License-Identifier: LGPL-2.1-or-later

"""Bringing a loop to its end: what ``asyncio.run()`` does after the main task."""

import asyncio
import contextlib
import functools
import inspect
import math
import warnings

from ._awaitables import cancel_task
from ._core import warn_of_resource
from ._executors import describe_work, has_executor
from ._internals.asyncio import (
    clear_stopping,
    closes_generator,
    forget_task,
    is_to_be_reported,
    is_to_call_back,
    is_to_close_generators,
    may_have_generators,
)

__all__ = ['Drain']

_NAME = 'AioGuest drain'  # of its task

# Coroutines that are not to be closed before the process ends: before Python 3.12 that of
# shutdown_default_executor() joins a thread when it is closed, which waits for all of the executor's.
_left = []


class Drain:
    """Cancels and awaits all tasks, shuts generators and the executor down, and stops the loop.

    That is a task of its own. The host goes on meanwhile, and may start more tasks: they are
    cancelled and awaited, too, but for those that begin after the last step for tasks; when the
    loop has stopped :meth:`begin_again` looks for them. Tasks that close generators which were
    dropped are clean-up themselves: they are awaited.

    What is not done *timeout* seconds after the first was cancelled is given up, with a warning
    that names it and where it is; None waits for any time. *on_error* is called with an Exception
    that kept it from doing all of that.
    """

    def __init__(self, loop, timeout, on_error):
        self.given_up = set()  # tasks that are left alone
        self.is_over = False  # unless it begins again
        self._loop = loop
        self._timeout = timeout
        self._on_error = on_error
        self._task = None
        self._is_joining_threads = False
        self._until = None  # the loop.time() from which on it does not begin again
        self._has_called_back = False  # those that were to hear of the last tasks' ends

    @property
    def has_begun(self):
        return self._task is not None

    def begin(self):
        loop = self._loop
        try:
            self._task = self._make_task(loop.create_task)
        except Exception as error:
            if loop.is_closed():
                raise
            # A task factory may refuse it, but without it there is no end.
            self._task = self._make_task(functools.partial(asyncio.Task, loop=loop))
            self._on_error(error)

    def begin_again(self):
        """Begin again if tasks have begun, ended, or dropped generators meanwhile; whether it has."""
        if not self._is_to_begin_again():
            return False
        clear_stopping(self._loop)
        task, self._task = self._task, None
        self.is_over = False
        try:
            self.begin()
        except BaseException:
            # It will not be drained any more than it is.
            self._task = task
            self.is_over = True
            raise
        return True

    def give_up(self, task, why=None):
        """Leave *task* alone, and say where it is: it did not end in time after it was cancelled, or *why*."""
        if why is None:
            why = f'did not end within {self._timeout} seconds of being cancelled'
        self.given_up.add(task)
        forget_task(task)
        message = f'AioGuest gave up {task!r}, which {why}; it is at {_where(task)}'
        warn_of_resource(message, task)

    def give_up_all(self, why):
        """Leave alone whatever is not done, because of *why*."""
        for task in self._get_others():
            self.give_up(task, why)

    def leave_steps(self):
        """Leave the steps that are going on: none of them will go on. Returns their tasks."""
        tasks = _get_tasks_in_step(self._loop)
        for task in tasks:
            forget_task(task)
        self.given_up |= tasks
        if self._task in tasks:
            self._task = None
        return tasks

    def forget(self):
        """Of a loop that can't go on: nobody is to hear of a task of ours that never ends."""
        if self._task is not None and not self._task.done():
            forget_task(self._task)
            if self._is_joining_threads:
                _left.append(self._task.get_coro())
            else:
                self._task.get_coro().close()

    def _make_task(self, make):
        coro = self._run()
        try:
            return make(coro, name=_NAME)
        except BaseException:
            coro.close()
            raise

    def _is_to_begin_again(self):
        self.given_up.add(self._task)
        if not is_to_close_generators(self._loop) and not self._get_others():
            # Done callbacks have a round, but not those of what they in turn may have done.
            if self._has_called_back or not is_to_call_back(self._loop):
                return False
            self._has_called_back = True
            return True
        self._has_called_back = False
        if self._until is None:
            self._until = self._get_end()
        elif self._loop.time() >= self._until:
            self._give_up_others()
            return False
        return True

    async def _run(self):
        try:
            await self._cancel_all()
            await self._close_generators()
            await self._shut_executor_down()
        except GeneratorExit:
            # Another one has taken its place, or the loop can't go on.
            raise
        except Exception as error:
            self._on_error(error)
        except BaseException:
            # It gets out of the loop.
            self._stop()
            raise
        self._stop()

    def _stop(self):
        self.is_over = True
        self._loop.stop()

    def _get_end(self):
        return math.inf if self._timeout is None else self._loop.time() + self._timeout

    def _get_others(self):
        return asyncio.all_tasks(self._loop) - {asyncio.current_task(self._loop), *self.given_up}

    def _give_up_others(self):
        """Also tasks that others have started in their last moment, or it would never end."""
        for task in self._get_others():
            with contextlib.suppress(Exception):
                cancel_task(task)
            self.give_up(task)

    async def _cancel_all(self):
        loop = self._loop
        until = self._get_end()

        while True:
            tasks = self._get_others()
            if not tasks and not is_to_close_generators(loop):
                return
            if tasks:
                left = None if self._timeout is None else max(until - loop.time(), 0)
                await _cancel(loop, tasks, left)
                # Their frames are to be freed, and generators in those be dropped.
                tasks = None
            else:
                await asyncio.sleep(0)
            if loop.time() >= until:
                self._give_up_others()
                return

    async def _close_generators(self):
        loop = self._loop
        if not may_have_generators(loop):
            await loop.shutdown_asyncgens()
            return
        closing = loop.create_task(loop.shutdown_asyncgens())
        await asyncio.wait([closing], timeout=self._timeout)
        if closing.done():
            closing.result()
            return
        # And with it the tasks that it awaits, which end as others do, or are given up later.
        closing.cancel()
        self.given_up.add(closing)
        forget_task(closing)
        warn_of_resource(
            'AioGuest gave up closing asynchronous generators: they did not end within '
            f'{self._timeout} seconds',
            closing,
        )

    async def _shut_executor_down(self):
        self._is_joining_threads = True
        warning = None
        if self._timeout is not None and has_executor(self._loop):
            warning = self._loop.call_later(self._timeout, self._warn_of_threads)
        # Before Python 3.12 there is no way to give threads up that do not end.
        shut_down = self._loop.shutdown_default_executor
        if _takes_timeout(getattr(shut_down, '__func__', shut_down)):
            await shut_down(self._timeout)
        else:
            await shut_down()
        if warning is not None:
            warning.cancel()
        self._is_joining_threads = False

    def _warn_of_threads(self):
        """asyncio's own warning, from Python 3.12 on, does not say which they are."""
        warnings.warn(
            f'threads of the default executor did not end within {self._timeout} seconds: '
            f'{describe_work(self._loop)}. A thread can\'t be cancelled: have it look at a flag',
            RuntimeWarning,
        )


async def _cancel(loop, tasks, timeout):
    """Cancel *tasks*, and wait so long for them to end."""
    for task in tasks:
        if not closes_generator(task):
            _try_to_cancel(loop, task)
    done, _ = await asyncio.wait(tasks, timeout=timeout)
    for task in done:
        if not task.cancelled() and is_to_be_reported(task.exception()):
            loop.call_exception_handler(
                {
                    'message': 'unhandled exception during the shutdown of an AioGuest run',
                    'exception': task.exception(),
                    'task': task,
                }
            )


def _try_to_cancel(loop, task):
    """One that refuses is none of the others' business."""
    try:
        cancel_task(task)
    except Exception as error:
        loop.call_exception_handler(
            {
                'message': 'a task could not be cancelled at the end of an AioGuest run',
                'exception': error,
                'task': task,
            }
        )


def _get_tasks_in_step(loop):
    """The tasks whose step is going on: one, and those that nested main loops have suspended."""
    return {
        task for task in asyncio.all_tasks(loop) if getattr(task.get_coro(), 'cr_running', False)
    }


def _where(task):
    frames = task.get_stack(limit=1)
    if not frames:
        return 'no Python frame'
    return f'{frames[-1].f_code.co_filename}:{frames[-1].f_lineno}'


@functools.lru_cache(maxsize=8)
def _takes_timeout(function):
    return 'timeout' in inspect.signature(function).parameters
