# SPDX-FileCopyrightText: 2026 The AioGuest authors
# SPDX-License-Identifier: LGPL-2.1-or-later

"""Greenlets: synchronous code under a task that awaits by switching to another greenlet.

greenback and SQLAlchemy's asyncio extension do so. The package is not needed, nor imported here.
"""

import asyncio
import gc
import logging
import sys
import types

from ._core import find_instances

__all__ = ['explain', 'find_obstacle', 'get_greenlet', 'is_in_greenlet', 'make_teller']

_REMEDY = (
    'Await in the greenlet in place of nesting a main loop there (greenback.await_()), and make a '
    'callback that nests one an AioGuest.handler()'
)


def get_greenlet():
    """The greenlet that this thread is in, or None as long as nobody has imported the package."""
    module = sys.modules.get('greenlet')
    # Another thread may be importing it.
    return module.getcurrent() if hasattr(module, 'getcurrent') else None


def is_in_greenlet(home):
    """Whether this thread is in a greenlet, other than its main one and *home*."""
    current = get_greenlet()
    return current is not None and current is not home and current.parent is not None


def find_obstacle(home, module, is_known):
    """The greenlets that keep asyncio from going on in the main loop that is iterating, or None.

    :param home: the greenlet in which the run began; None for the thread's main one.
    :param module: the package ``greenlet``.
    :param is_known: whether no greenlet was suspended when this main loop began.
    """
    current = get_greenlet()
    if is_in_greenlet(home):
        return [current]
    if is_known or current is None:
        return None
    family = list(_get_line(current))
    suspended = [
        greenlet
        for greenlet in find_instances(module.greenlet)
        # What is true has begun and has not ended. Other threads have main greenlets of their own.
        if greenlet and greenlet not in family and list(_get_line(greenlet))[-1] is family[-1]
    ]
    return suspended or None


def explain(loop, greenlets, task):
    """Why asyncio can't go on in a main loop because of *greenlets*, and what to do instead.

    They are a list, or True if it is nested in a step that is to be atomic. *task* is the one in whose
    step that main loop runs, or None.
    """
    if greenlets is True:
        return "the run has nested='rest', and this is in a step of its. Await instead, or use nested='run'"
    if get_greenlet() in greenlets:
        return f'this main loop is nested inside a greenlet{_of(task)}. {_REMEDY}'
    return (
        f'a greenlet{_of(_find_task(loop, greenlets))} was suspended when this main loop began, and '
        f'could not go on inside it. {_REMEDY}'
    )


def make_teller(loop):
    """A function that warns of the first main loop in which asyncio rests because of greenlets."""
    has_told = False

    def tell(greenlets, task):
        nonlocal has_told
        if not has_told:
            has_told = True
            logging.getLogger('AioGuest').warning(
                'asyncio rests while a nested main loop runs: %s', explain(loop, greenlets, task)
            )

    return tell


def _of(task):
    return '' if task is None else f' of {task!r}'


def _get_line(greenlet):
    """*greenlet*, its parent, and so on to the main one of its thread."""
    while greenlet is not None:
        yield greenlet
        greenlet = greenlet.parent


def _find_task(loop, greenlets):
    """A task that one of *greenlets* belongs to: a coroutine on the way to what it awaits has it."""
    return next(
        (task for task in asyncio.all_tasks(loop) if _holds_any(task.get_coro(), greenlets)), None
    )


def _holds_any(coroutine, greenlets):
    seen = []
    left = [coroutine]
    while left:
        seen.append(left.pop())
        # Of one that is suspended: its variables, and what it awaits. Only the latter goes on with it; of an
        # asynchronous generator it awaits an object that does not tell which.
        for referent in gc.get_referents(seen[-1]):
            if any(referent is greenlet for greenlet in greenlets):
                return True
            is_next = referent is _get_awaited(seen[-1]) or isinstance(referent, types.AsyncGeneratorType)
            if is_next and not any(referent is one for one in seen):
                left.append(referent)
    return False


def _get_awaited(coroutine):
    for name in ('cr_await', 'gi_yieldfrom', 'ag_await'):
        if hasattr(coroutine, name):
            return getattr(coroutine, name)
    return None
