# SPDX-FileCopyrightText: 2026 The AioGuest authors
# SPDX-License-Identifier: LGPL-2.1-or-later

"""Async functions as signal handlers."""

import asyncio
import functools
import inspect

from ._awaitables import cancel_task
from ._session import end_forked_child, get_session
from ._tasks import begin_task, report_failure

__all__ = ['handler']


def _raise(error):
    raise error


def _name_of(function):
    while isinstance(function, functools.partial):
        function = function.func
    return getattr(function, '__name__', type(function).__name__)


class _Calls:
    """The calls of one handler for one object: those going on and those waiting their turn."""

    def __init__(self):
        self.starting = 0  # in their first step, which may call the handler again
        self.running = set()
        self.waiting = []
        self.restarting = False  # those running have been cancelled, once

    def are_going_on(self):
        return self.starting > 0 or bool(self.running)

    def forget_ended(self):
        """Those that are done, though their done callbacks wait their turn; and those that were given up
        when their run ended, which will never be done, with the calls that wait for them."""
        given_up = {task for task in self.running if task.get_loop().is_closed()}
        self.running -= given_up
        self.running -= {task for task in self.running if task.done()}
        if given_up and not self.are_going_on():
            self.waiting.clear()

    def cancel(self):
        # Only once: a second time it would be their clean-up.
        if not self.restarting:
            self.restarting = True
            for task in list(self.running):
                cancel_task(task)


def _is_draining(loop):
    session = get_session(loop)
    return session is None or session.is_draining


def _check_async_function(function):
    if inspect.iscoroutinefunction(function):
        return
    if inspect.isasyncgenfunction(function):
        found = f'the async generator {function!r}, which yields'
    elif asyncio.iscoroutine(function):
        function.close()
        found = f'the coroutine {function!r}: pass the function, without calling it'
    elif callable(function):
        found = f'{function!r}, which is a plain function'
    else:
        found = f'{function!r}'
    raise TypeError(f'handler() takes an "async def" function, not {found}')


def handler(async_function=None, *, returns=None, while_running='run', eager=True):
    """Make an async function a handler for signals and other callbacks of GLib and GTK.

    Each call starts a task, as :func:`spawn` does. ``handler`` can be used as a decorator, with or
    without arguments, also for methods and below ``Gtk.Template.Callback()``.

    :param async_function: an ``async def`` function; it is called with the arguments of the signal.
    :param returns: what the call returns at once, such as ``Gdk.EVENT_STOP``. A function is called with
        the same arguments, and its result is returned.
    :param while_running: what to do with a call while an earlier call for the same object is going on.
        The object is the first argument: the emitting object, or ``self`` of a method. ``'run'`` runs both.
        ``'drop'`` ignores the new call. ``'queue'`` begins it when the earlier calls are done.
        ``'restart'`` cancels the earlier call, and begins the new one when that has ended.
    :param eager: run the function up to its first suspension before the call returns, so that it can
        make a button insensitive before a second click is handled.
    :raises TypeError, ValueError: an argument is wrong.
    """
    if while_running not in ('run', 'drop', 'queue', 'restart'):
        raise ValueError(
            f"while_running must be 'run', 'drop', 'queue' or 'restart', not {while_running!r}"
        )
    if async_function is None:
        return functools.partial(
            handler, returns=returns, while_running=while_running, eager=eager
        )
    _check_async_function(async_function)

    name = _name_of(async_function)
    finish = functools.partial(report_failure, f'the handler {name}()')

    # Keyed by the id of the first argument, which the calls themselves keep alive.
    calls_by_object = {}

    def begin(key, calls, args, kwargs):
        calls.starting += 1
        calls.restarting = False
        coro = async_function(*args, **kwargs)
        try:
            task = begin_task(coro, name, eager, finish)
        except (SystemExit, KeyboardInterrupt) as error:
            # Eagerly, in a callback of the host, which has no use for it: the loop has.
            loop = asyncio._get_running_loop()
            if loop is None:
                # The step has forked.
                end_forked_child(error)
            else:
                loop.call_soon(_raise, error)
            return
        finally:
            calls.starting -= 1
        if not task.done():
            calls.running.add(task)
            task.add_done_callback(functools.partial(end, key, calls))
            if calls.restarting:
                cancel_task(task)

    def end(key, calls, task):
        calls.running.discard(task)
        if _is_draining(task.get_loop()):
            calls.waiting.clear()
        go_on(key, calls)

    def go_on(key, calls):
        try:
            while calls.waiting and not calls.are_going_on():
                args, kwargs = calls.waiting.pop(0)
                begin(key, calls, args, kwargs)
        finally:
            is_over = not calls.are_going_on() and not calls.waiting
            if is_over and calls_by_object.get(key) is calls:
                del calls_by_object[key]

    def call(args, kwargs):
        key = id(args[0]) if args else None
        calls = calls_by_object.setdefault(key, _Calls())
        calls.forget_ended()
        try:
            if while_running == 'run' or not (calls.are_going_on() or calls.waiting):
                begin(key, calls, args, kwargs)
            elif while_running == 'queue':
                calls.waiting.append((args, kwargs))
            elif while_running == 'restart':
                calls.waiting[:] = [(args, kwargs)]
                calls.cancel()
        finally:
            go_on(key, calls)

    @functools.wraps(async_function)
    def handle(*args, **kwargs):
        call(args, kwargs)
        return returns(*args, **kwargs) if callable(returns) else returns

    # functools.wraps makes inspect follow the wrapper to the async function.
    del handle.__wrapped__
    return handle
