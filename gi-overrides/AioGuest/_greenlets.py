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

from ._core import GreenletWatch, find_instances

__all__ = ['Greenlets', 'explain']

_REMEDY = (
    'Await in the greenlet in place of nesting a main loop there (greenback.await_()), and make a '
    'callback that nests one an AioGuest.handler()'
)


class Greenlets:
    """The greenlets of this thread, for a session that is entered on it."""

    def __init__(self, loop):
        self._loop = loop
        self._home = _get_current()  # the greenlet of the ticks; None: the thread's main one
        self._watch = None
        self._is_over = False  # the session is left
        self._has_warned = False

    def are_current(self):
        """Whether the caller is in a greenlet, other than the one that the ticks are in."""
        current = _get_current()
        return current is not None and current is not self._home and current.parent is not None

    def find_obstacle(self, depth, place):
        """Return the greenlets that keep asyncio from going on in a nested main loop, or None.

        Code that this main loop calls is *depth* deep in dispatches, and below the address *place*
        of the C stack. Greenlets that were begun there are not in the way.
        """
        current = _get_current()
        if current is None:
            return None
        if self.are_current():
            return [current]
        self.watch()
        family = list(_get_line(current))
        outside = self._watch.get_begun_outside(depth, place)
        # A greenlet is true if it has begun and has not ended.
        suspended = [each for each in outside if each and each not in family]
        if self._is_over:
            self.unwatch()
        return suspended or None

    def watch(self):
        """Note from now on where greenlets are begun. Their switches take twice as long then."""
        current = _get_current()
        if current is None:
            return
        module = sys.modules['greenlet']
        if self._watch is None:
            self._watch = GreenletWatch(module.gettrace())
            module.settrace(self._watch)
        elif module.gettrace() is self._watch:
            return
        # Those that were begun before. Other threads have main greenlets of their own.
        main = list(_get_line(current))[-1]
        for each in find_instances(module.greenlet):
            if each and list(_get_line(each))[-1] is main:
                self._watch.add(each)

    def unwatch(self):
        """Note no longer where greenlets are begun: the session is left."""
        self._is_over = True
        if self._watch is None:
            return
        module = sys.modules['greenlet']
        # Somebody else's trace function may call ours: then it stays.
        if module.gettrace() is self._watch:
            module.settrace(self._watch.previous)
        self._watch = None

    def on_rest(self, obstacle, task):
        """Warn of the first main loop in which asyncio rests."""
        if self._has_warned:
            return
        self._has_warned = True
        logging.getLogger('AioGuest').warning(
            'asyncio rests while a nested main loop runs: %s', explain(self._loop, obstacle, task)
        )


def explain(loop, greenlets, task):
    """Return why asyncio can't go on in a main loop because of *greenlets*, and what to do instead.

    *greenlets* is a list, or True if the main loop is nested in a step that must be atomic. *task*
    is the one in whose step that main loop runs, or None.
    """
    if greenlets is True:
        return "the run has nested='rest', and this code is in one of its steps. Await instead, or use nested='run'"
    if _get_current() in greenlets:
        return f'this main loop is nested inside a greenlet{_of(task)}. {_REMEDY}'
    return (
        f'a greenlet{_of(_find_task(loop, greenlets))} was suspended when this main loop began, and '
        f'could not go on inside it. {_REMEDY}'
    )


def _get_current():
    """The greenlet that this thread is in, or None as long as nobody has imported the package."""
    module = sys.modules.get('greenlet')
    # Another thread may be importing it.
    return module.getcurrent() if hasattr(module, 'getcurrent') else None


def _of(task):
    return '' if task is None else f' of {task!r}'


def _get_line(greenlet):
    """*greenlet*, its parent, and so on to the main one of its thread."""
    while greenlet is not None:
        yield greenlet
        greenlet = greenlet.parent


def _find_task(loop, greenlets):
    """A task that one of *greenlets* belongs to: one of its suspended coroutines refers to that."""
    return next(
        (task for task in asyncio.all_tasks(loop) if _holds_any(task.get_coro(), greenlets)), None
    )


def _holds_any(coroutine, greenlets):
    seen = []
    left = [coroutine]
    while left:
        seen.append(left.pop())
        # A suspended coroutine refers to its variables, and to the object that it awaits. Only the
        # latter is part of the task. If that object is for an asynchronous generator, it does not
        # show for which. So all generators that are referred to are searched.
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
