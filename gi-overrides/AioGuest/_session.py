# SPDX-FileCopyrightText: 2026 The AioGuest authors
# SPDX-License-Identifier: LGPL-2.1-or-later

"""A session: the time that one loop spends as a guest of one main context."""

import asyncio
import functools
import logging
import os
import threading

from gi.repository import GLib

from . import _core
from ._greenlets import Greenlets
from ._internals.asyncio import (
    end_at_return,
    enter_running,
    forget_running,
    get_error_of_step,
    get_running_thread,
    leave_running,
)
from ._internals.python import end_forked_child
from ._signals import is_main_thread, wakeup_pipe

__all__ = ['Session', 'get_default_context', 'get_session', 'get_sessions']

_TICK = os.environ.get('AIOGUEST_TICK') or 'native'
if _TICK not in ('native', 'stock'):
    raise ValueError(f"AIOGUEST_TICK is {_TICK!r}; it must be 'native' or 'stock'")

# The sessions that are going on: by the loop's id and by the run's pointer, which is PyGObject's
# hash of it. A session keeps its loop alive, so no id is used twice.
_by_loop = {}
_by_run = {}


@functools.cache
def _tell_difference():
    """Say once that every loop takes the stock tick, and why."""
    if not _core.verified:
        logging.getLogger('AioGuest').warning(
            'the native tick can\'t be used (%s): loops run by their own _run_once(), which is slower',
            _core.difference,
        )


def get_session(loop_or_run):
    """The session of a loop or an ``AioGuest.Run``, or None if there is none going on."""
    if isinstance(loop_or_run, asyncio.AbstractEventLoop):
        return _by_loop.get(id(loop_or_run))
    return _by_run.get(hash(loop_or_run))


def get_sessions():
    """All sessions that are going on, on whatever threads, the oldest first. Any thread."""
    return list(_by_loop.values())


def get_default_context():
    """The main context that a loop of this thread runs in, if it has not been told of another.

    That is the thread-default one, or GLib's default one on the main thread, else None.
    """
    context = GLib.MainContext.get_thread_default()
    if context is None and is_main_thread():
        context = GLib.MainContext.default()
    return context


class Session:
    """One loop running in one main context, from :meth:`enter` to :meth:`leave`.

    *on_end* is called in the tick that is to end the session, with the exception that got out of
    the loop, or with None after a ``loop.stop()``; if it returns true the session goes on. *nested*
    is that of ``start()``.
    """

    def __init__(self, loop, *, nested='run', on_end=None):
        _tell_difference()
        self.loop = loop
        self.main_task = None
        self.is_draining = False
        self.longest_eager_step = 0.0  # in seconds
        self.left_operations = set()  # of call(), see _operation
        self.greenlets = Greenlets(loop)
        self.guest = _core.AsyncioGuest(
            loop,
            native=_TICK == 'native',
            atomic=nested == 'rest',
            on_end=on_end,
            find_obstacle=self.greenlets.find_obstacle,
            on_rest=self.greenlets.on_rest,
        )
        self.run = self.guest.run
        self._loop_key = id(loop)
        self._run_key = hash(self.run)
        self._is_entered = False
        self._hooks = None
        self._watches_signals = False
        self._tasks = ()  # for the time of a fork, and for ever in the child

    @property
    def main_context(self):
        """The ``GLib.MainContext``, or None: the session does not keep it alive."""
        return self.run.get_main_context()

    def enter(self, main_context):
        """Attach to *main_context* and make the loop the running one."""
        self._hooks = enter_running(self.loop)
        self._is_entered = True
        try:
            self.guest.attach(main_context)
            _by_loop[self._loop_key] = _by_run[self._run_key] = self
        except BaseException:
            self.leave()
            raise

    def leave(self):
        """Detach, and leave the thread as it was. The loop stays open."""
        if not self._is_entered:
            return
        self._is_entered = False
        try:
            _by_loop.pop(self._loop_key, None)
            _by_run.pop(self._run_key, None)
            if self._watches_signals:
                wakeup_pipe.release()
        finally:
            # Whatever has failed.
            try:
                self.guest.stop()
                self.greenlets.unwatch()
            finally:
                leave_running(self.loop, self._hooks)

    def hold_tasks(self):
        """Before a fork: a child can't tell any more which they are, from Python 3.14 on."""
        self._tasks = asyncio.all_tasks(self.loop)

    def let_tasks_go(self):
        self._tasks = ()

    def forget(self):
        """In a forked child: do nothing any more, and give back to the thread what it had before.

        Nothing of it is to be left: the loop stays a running one, which nobody can run or close.
        """
        self._is_entered = self._watches_signals = False
        # The copy of the guest is never freed, and so neither are this session and the tasks.
        self.guest.forget(self.end_child)
        end_at_return(self.loop, self.end_child)
        if get_running_thread(self.loop) == threading.get_ident():
            forget_running(self.loop, self._hooks)

    def end_child(self, error):
        """In a child that a step has forked, which has come back: by *error*, if any."""
        end_forked_child(get_error_of_step(error, self._tasks))

    def watch_signals(self):
        """Have Python's signal handlers run at once, also while the main context sleeps.

        To be called when the host's loop is running, so as to see whether it does that itself.
        Only the main thread's sessions can: signals are the main thread's.
        """
        if is_main_thread() and not self._watches_signals:
            wakeup_pipe.acquire()
            self._watches_signals = True
            self.guest.watch_signals(wakeup_pipe.read_fd)

    def call_step(self, function, *args, **kwargs):
        """Call *function*, as a callback of the host that takes a task's step; return what it returns."""
        if self.guest.is_nested:
            self.greenlets.watch()
        return self.guest.call_step(function, *args, **kwargs)

    def iterate(self, future=None):
        """Iterate the main context until the session ends, or *future*, if given, is ``done()``.

        Raises what a signal handler raises; the session goes on then.
        """
        self.guest.iterate(future)


def _hold_tasks():
    for session in get_sessions():
        session.hold_tasks()


def _let_tasks_go():
    for session in get_sessions():
        session.let_tasks_go()


def _forget():
    """A forked child has copies of its parent's sessions."""
    sessions = get_sessions()
    _by_loop.clear()
    _by_run.clear()
    for session in sessions:
        session.forget()


os.register_at_fork(before=_hold_tasks, after_in_parent=_let_tasks_go, after_in_child=_forget)
