# SPDX-FileCopyrightText: 2026 The AioGuest authors
# SPDX-License-Identifier: LGPL-2.1-or-later

"""Bringing a loop to its end: what ``asyncio.run()`` does after the main task."""

import asyncio
import contextlib
import functools
import inspect
import math

from ._awaitables import cancel_task
from ._core import warn_of_resource
from ._internals import (
    closes_generator,
    forget_task,
    is_to_be_reported,
    is_to_close_generators,
    may_have_generators,
)

__all__ = ['drain', 'get_tasks_in_step', 'give_up', 'give_up_others', 'is_drained']


async def drain(loop, timeout, given_up):
    """Cancel and await all other tasks, then shut down generators and the default executor.

    The host goes on meanwhile, and may start more tasks: they are cancelled and awaited, too, but for
    those that begin after the last step for tasks, which ``is_drained()`` tells of when the round is
    over. Tasks that close generators which were dropped are clean-up themselves: they are awaited.

    What is not done *timeout* seconds after the first was cancelled is given up, with a warning
    that names it and where it is; None waits for any time. Tasks in the set *given_up* are left
    alone, and such are added to it.
    """
    await _cancel_all(loop, timeout, given_up)
    await _close_generators(loop, timeout, given_up)
    await _shut_executor_down(loop, timeout)


async def _cancel_all(loop, timeout, given_up):
    until = math.inf if timeout is None else loop.time() + timeout

    while True:
        tasks = _get_others(loop, given_up)
        if not tasks and not is_to_close_generators(loop):
            return
        if tasks:
            await _cancel(loop, tasks, None if timeout is None else max(until - loop.time(), 0))
            # Their frames are to be freed, and generators in those be dropped.
            tasks = None
        else:
            await asyncio.sleep(0)
        if loop.time() >= until:
            give_up_others(loop, timeout, given_up)
            return


def give_up_others(loop, timeout, given_up):
    """Also tasks that others have started in their last moment, or it would never end."""
    for task in _get_others(loop, given_up):
        with contextlib.suppress(Exception):
            cancel_task(task)
        given_up.add(task)
        give_up(task, timeout)


def is_drained(loop, given_up):
    """Whether no tasks but those in *given_up* are left, and no generators to be closed."""
    return not is_to_close_generators(loop) and not _get_others(loop, given_up)


def _get_others(loop, given_up):
    return asyncio.all_tasks(loop) - {asyncio.current_task(loop), *given_up}


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


async def _close_generators(loop, timeout, given_up):
    if not may_have_generators(loop):
        await loop.shutdown_asyncgens()
        return
    closing = loop.create_task(loop.shutdown_asyncgens())
    await asyncio.wait([closing], timeout=timeout)
    if closing.done():
        closing.result()
        return
    # And with it the tasks that it awaits, which end as others do, or are given up later.
    closing.cancel()
    given_up.add(closing)
    forget_task(closing)
    warn_of_resource(
        'AioGuest gave up the closing of asynchronous generators, which did not end within '
        f'{timeout} seconds',
        closing,
    )


def get_tasks_in_step(loop):
    """The tasks whose step is going on: one, and those that nested main loops have suspended."""
    return {
        task for task in asyncio.all_tasks(loop) if getattr(task.get_coro(), 'cr_running', False)
    }


def give_up(task, timeout):
    """Say that *task* did not end within *timeout* seconds of being cancelled, and where it is."""
    forget_task(task)
    warn_of_resource(
        f'AioGuest gave up {task!r}, which did not end within {timeout} seconds of being '
        f'cancelled; it is at {_where(task)}',
        task,
    )


def _where(task):
    frames = task.get_stack(limit=1)
    if not frames:
        return 'no Python frame'
    return f'{frames[-1].f_code.co_filename}:{frames[-1].f_lineno}'


async def _shut_executor_down(loop, timeout):
    # Before Python 3.12 there is no way to give threads up that do not end.
    shut_down = loop.shutdown_default_executor
    if _takes_timeout(getattr(shut_down, '__func__', shut_down)):
        await shut_down(timeout)
    else:
        await shut_down()


@functools.lru_cache(maxsize=8)
def _takes_timeout(function):
    return 'timeout' in inspect.signature(function).parameters
