# SPDX-FileCopyrightText: 2026 The AioGuest authors
# SPDX-License-Identifier: LGPL-2.1-or-later

"""Async functions as signal handlers."""

import asyncio
import functools
import inspect

from ._handler_calls import Beginning, Call, Calls
from ._session import get_session
from ._tasks import begin_task, report_failure
from ._until import Until

__all__ = ['handler']

_ALL = object()


def handler(async_function=None, *, returns=None, while_running='run', eager=True, until=None):
    """Make an async function a handler for signals and other callbacks of GLib and GTK.

    Each call starts a task, as :func:`spawn` does. ``handler`` can be used as a decorator, with or
    without arguments, also for methods and below ``Gtk.Template.Callback()``.

    :param async_function: an ``async def`` function; it is called with the arguments of the signal.
    :param returns: what the call returns at once, such as ``Gdk.EVENT_STOP``. A function is called with
        the same arguments, and its result is returned.
    :param while_running: what to do with a call while an earlier call for the same object is going on.
        The object is the first argument: the emitting object, or ``self`` of a method. ``'run'`` runs both.
        ``'drop'`` ignores the new call. ``'queue'`` begins it when the earlier calls are done.
        ``'restart'`` cancels the earlier call, and begins the new one when that has ended. A call that waits
        for its turn is dropped if *until* comes first.
    :param eager: run the function up to its first suspension before the call returns, so that it can
        make a button insensitive before a second click is handled.
    :param until: when the task is cancelled: the name of a signal of the first argument, such as
        ``'unrealize'`` for a window, or ``(obj, 'signal')`` for another GObject, which is not kept alive. If
        *obj* has been finalized before the call, the task is cancelled before its first step.
    :returns: the handler, a function with three methods: ``cancel(obj)`` cancels the tasks that are running
        for an object and drops the calls that wait for them; ``is_running(obj)`` says whether there are such
        tasks, and ``tasks(obj)`` returns a list of them. Without *obj* they are about all objects. Those of a
        method take no *obj*: ``self.on_start.cancel()``.
    :raises TypeError, ValueError: an argument is wrong.
    """
    if while_running not in ('run', 'drop', 'queue', 'restart'):
        raise ValueError(
            f"while_running must be 'run', 'drop', 'queue' or 'restart', not {while_running!r}"
        )
    if until is not None and not isinstance(until, Until):
        until = Until(until)
    if async_function is None:
        return functools.partial(
            handler, returns=returns, while_running=while_running, eager=eager, until=until
        )
    _check_async_function(async_function)
    return _Handler(async_function, returns, while_running, eager, until)


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


class _Handler:
    """What :func:`handler` returns. *obj* is the first argument of a call."""

    def __init__(self, async_function, returns, while_running, eager, until):
        functools.update_wrapper(self, async_function)
        # It makes inspect follow the wrapper to the async function.
        del self.__wrapped__
        self._function = async_function
        self._returns = returns
        self._while_running = while_running
        self._eager = eager
        self._until = until
        self._name = _name_of(async_function)
        self._finish = functools.partial(report_failure, f'the handler {self._name}()')
        # Keyed by the id of the first argument, which the calls themselves keep alive.
        self._calls = {}

    def __call__(self, *args, **kwargs):
        self._call(args, kwargs)
        return self._returns(*args, **kwargs) if callable(self._returns) else self._returns

    def __get__(self, obj, owner=None):
        return self if obj is None else _BoundHandler(self, obj)

    def __repr__(self):
        return f'<AioGuest.handler {self._name}>'

    def cancel(self, obj=_ALL):
        """Cancel the tasks that are running, and drop the calls that wait for them."""
        for calls in self._find(obj):
            calls.drop_waiting()
            calls.cancel()

    def is_running(self, obj=_ALL):
        """Whether a call has begun and its task is not done."""
        return any(calls.are_going_on() for calls in self._find(obj))

    def tasks(self, obj=_ALL):
        """A list of the tasks that are not done."""
        return [task for calls in self._find(obj) for task in calls.running]

    def _find(self, obj):
        if obj is _ALL:
            found = list(self._calls.values())
        else:
            found = [self._calls[id(obj)]] if id(obj) in self._calls else []
        for calls in found:
            calls.forget_ended()
        return found

    def _call(self, args, kwargs):
        # A call that waits for its turn ends with its object, too.
        call = Call(args, kwargs, None if self._until is None else self._until.make_scope(args))
        key = id(args[0]) if args else None
        calls = self._calls.setdefault(key, Calls())
        calls.forget_ended()
        try:
            if self._while_running == 'run' or not (calls.are_going_on() or calls.waiting):
                self._begin(key, calls, call)
            elif self._while_running == 'queue':
                calls.waiting.append(call)
            elif self._while_running == 'restart':
                calls.drop_waiting()
                calls.waiting.append(call)
                calls.cancel()
            else:
                call.drop()
        finally:
            self._go_on(key, calls)

    def _begin(self, key, calls, call):
        beginning = Beginning()
        calls.beginnings.append(beginning)
        try:
            coro = self._function(*call.args, **call.kwargs)
            task = begin_task(coro, self._name, self._eager, self._finish, call.scope)
        except (SystemExit, KeyboardInterrupt) as error:
            # Eagerly, in a callback of the host, which has no use for it: the loop has.
            loop = asyncio._get_running_loop()
            if loop is None:
                # In a forked child.
                raise
            loop.call_soon(_raise, error)
            return
        except BaseException:
            call.drop()
            raise
        finally:
            calls.beginnings.remove(beginning)
        if not task.done():
            calls.running.add(task)
            task.add_done_callback(functools.partial(self._end, key, calls))
            if beginning.is_cancelled:
                calls.cancel_task(task)

    def _end(self, key, calls, task):
        calls.discard(task)
        if _is_draining(task.get_loop()):
            calls.drop_waiting()
        self._go_on(key, calls)

    def _go_on(self, key, calls):
        try:
            while calls.waiting and not calls.are_going_on():
                call = calls.waiting.pop(0)
                if not call.is_too_late():
                    self._begin(key, calls, call)
        finally:
            is_over = not calls.are_going_on() and not calls.waiting
            if is_over and self._calls.get(key) is calls:
                del self._calls[key]


class _BoundHandler:
    """A handler as a method of an object: equal to another one as methods are."""

    def __init__(self, function, obj):
        self.__func__ = function
        self.__self__ = obj
        self.__doc__ = function.__doc__

    def __call__(self, *args, **kwargs):
        return self.__func__(self.__self__, *args, **kwargs)

    def __eq__(self, other):
        if not isinstance(other, _BoundHandler):
            return NotImplemented
        return self.__self__ is other.__self__ and self.__func__ is other.__func__

    def __hash__(self):
        return hash((id(self.__self__), self.__func__))

    def __getattr__(self, name):
        return getattr(self.__func__, name)

    def __repr__(self):
        return f'<bound {self.__func__!r} of {self.__self__!r}>'

    def cancel(self):
        """Cancel the tasks that are running for this object, and drop the calls that wait for them."""
        self.__func__.cancel(self.__self__)

    def is_running(self):
        """Whether a call for this object has begun and its task is not done."""
        return self.__func__.is_running(self.__self__)

    def tasks(self):
        """A list of the tasks for this object that are not done."""
        return self.__func__.tasks(self.__self__)


def _raise(error):
    raise error


def _name_of(function):
    while isinstance(function, functools.partial):
        function = function.func
    return getattr(function, '__name__', type(function).__name__)


def _is_draining(loop):
    session = get_session(loop)
    return session is None or session.is_draining
