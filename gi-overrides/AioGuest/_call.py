# SPDX-FileCopyrightText: 2026 The AioGuest authors
# SPDX-License-Identifier: LGPL-2.1-or-later

"""Awaiting the asynchronous functions of Gio and GTK, on every PyGObject."""

import asyncio
import importlib

from gi.repository import GLib

from ._gio import Gio
from ._operation import Operation
from ._session import get_session

__all__ = ['call']


async def call(function, *args, **kwargs):
    """Call an asynchronous function of Gio, GTK or the like, and await its result.

    ``await AioGuest.call(file.load_contents_async)`` calls ``file.load_contents_async()``, and returns what
    ``file.load_contents_finish()`` returns. It works for each function that takes a callback and has a
    ``_finish`` function beside it, also static functions and constructors.

    Only a task of a guest run can await it. The operation reports its end in the thread-default main
    context, so that must be the main context of the run, as it is under :func:`run`.

    If the task is cancelled, the operation's ``Gio.Cancellable`` is cancelled. CancelledError is raised when
    the operation has ended, or when the main context has nothing left to do. Operations in a thread of GIO,
    and those that ignore their Cancellable, may go on then; their results are dropped. If such an operation
    keeps a stream busy, the next call() for that stream waits until it has ended; other functions raise
    ``Gio.IOErrorEnum.PENDING`` until then. The end of the run waits for operations of Gio, within
    ``shutdown_timeout``.

    A dialog that the user dismisses raises the ``GLib.Error`` of its ``_finish`` function:
    ``Gtk.DialogError.DISMISSED``.

    :param function: such as ``file.load_contents_async``, ``Gio.bus_get``, ``Gio.DBusProxy.new`` or
        ``dialog.open``.
    :param args: its arguments, up to but not including ``cancellable`` and ``callback``.
    :param kwargs: more of its arguments, by name. A ``cancellable`` is made if none is given. A
        ``progress_callback`` is called as in the documentation of Gio, without the user data:
        ``progress_callback(done, total)``, both in bytes; by default there is none. (Before GLib 2.82
        ``move_async()`` does not call it, because its annotation makes bindings free the callback at once.)
    :returns: what the ``_finish`` function returns.
    :raises GLib.Error: as the ``_finish`` function does; ``Gio.IOErrorEnum.CANCELLED`` if other code
        has cancelled the ``cancellable``.
    :raises TypeError: the function is not asynchronous, or an argument is wrong.
    :raises RuntimeError: the operation could not report its end: the loop is not a guest, or the
        thread-default main context is not the run's.
    """
    finish = _Finish(function)
    session = get_session(asyncio.get_running_loop())
    _check_context(session)
    cancellable = kwargs.get('cancellable')
    if 'cancellable' in finish.argument_names and cancellable is None:
        cancellable = kwargs['cancellable'] = Gio.Cancellable()

    priority = finish.get_priority(args, kwargs)
    finish.set_progress_callback(kwargs)
    while True:
        left = [each.has_ended for each in session.left_operations]
        operation = Operation(session, finish, priority)
        try:
            function(*args, **{finish.callback_name: operation.end}, **kwargs)
        except TypeError as error:
            raise TypeError(f'{error}: {finish.describe_arguments()}') from error
        try:
            return await operation.until_ended(cancellable)
        except GLib.Error as error:
            if not left or not error.matches(Gio.io_error_quark(), Gio.IOErrorEnum.PENDING):
                raise
        # It was refused, because of an operation that was left when its task was cancelled, most likely.
        await asyncio.wait(left, return_when=asyncio.FIRST_COMPLETED)


def _check_context(session):
    if session is None:
        raise RuntimeError(
            'no guest run is going on in this thread: AioGuest.call() works only on the thread of '
            'AioGuest.start() or run(), and only during the run'
        )
    context = GLib.MainContext.get_thread_default() or GLib.MainContext.default()
    if hash(context) != hash(session.main_context):
        raise RuntimeError(
            'the main context of the guest run is not the thread-default one, in which the operation would '
            'report its end: call push_thread_default() on it before AioGuest.start()'
        )


# The second ones where bindings get a variant of the function that takes closures (GLib 2.82 on).
_CALLBACK_NAMES = ('callback', 'ready_callback_closure')
_PROGRESS_NAMES = ('progress_callback', 'progress_callback_closure')

_SCOPE_CALL = 1  # of GObject-Introspection (GIScopeType): a callback is for the time of the call only


def _without_data(callback):
    return lambda done, total, *data: callback(done, total)


class _Finish:
    """The ``_finish`` function that belongs to an asynchronous function."""

    def __init__(self, function):
        try:
            arguments = {argument.get_name(): argument for argument in function.get_arguments()}
            self._name = function.get_name()
        except AttributeError:
            raise TypeError(
                f'function must be an asynchronous function of Gio, GTK or the like, not {function!r}'
            ) from None
        self.argument_names = arguments.keys()
        self._arguments = arguments
        callback_names = [name for name in _CALLBACK_NAMES if name in arguments]
        if not callback_names:
            raise TypeError(f'{self._name}() is not asynchronous: it takes no callback')
        self.callback_name = callback_names[0]
        self._function = function

    @property
    def is_of_gio(self):
        """Whether the function is one of Gio's own, which all take notice of their Cancellable."""
        return getattr(self._function, 'get_namespace', str)() == 'Gio'

    @property
    def keeps_object(self):
        """Whether its object, a stream or the like, refuses all else while the operation goes on."""
        if not self.is_of_gio or not self._function.is_method():
            return False
        return hasattr(getattr(Gio, self._function.get_container().get_name()), 'has_pending')

    def describe_arguments(self):
        """For whoever has given others: those that are the caller's to give."""
        ours = {self.callback_name, 'cancellable', *_PROGRESS_NAMES}
        names = [name for name in self._arguments if name not in ours and not name.endswith('_data')]
        what = 'these arguments' if names else 'no arguments'
        return f'give AioGuest.call() {what} after the function{": " * bool(names)}{", ".join(names)}'

    def get_priority(self, args, kwargs):
        """The priority that the operation's own sources have."""
        if 'io_priority' not in self.argument_names:
            return GLib.PRIORITY_DEFAULT
        # It is the last argument before the Cancellable.
        return kwargs.get('io_priority', args[-1] if args else GLib.PRIORITY_DEFAULT)

    def set_progress_callback(self, kwargs):
        """Give the function's argument its own name, and the callback what it gets on every platform."""
        for name in _PROGRESS_NAMES:
            if name in self.argument_names:
                callback = kwargs.pop('progress_callback', None)
                is_freed_at_once = self._arguments[name].get_scope() == _SCOPE_CALL
                wanted = callback is not None and not is_freed_at_once
                kwargs.setdefault(name, _without_data(callback) if wanted else None)

    def __call__(self, source, result):
        return self._find(self._find_owner(source))(result)

    def _find_owner(self, source):
        function = self._function
        if function.is_method():
            return source
        module = importlib.import_module(f'gi.repository.{function.get_namespace()}')
        container = function.get_container()
        return module if container is None else getattr(module, container.get_name())

    def _find(self, owner):
        """``load_contents_finish`` of ``load_contents_async``.

        Variants share one: that of ``replace_contents_bytes_async`` is ``replace_contents_finish``.
        """
        words = self._name.removesuffix('_async').split('_')
        while words:
            finish = getattr(owner, '_'.join([*words, 'finish']), None)
            if finish is not None:
                return finish
            words.pop()
        raise TypeError(f'{self._name}() has no _finish function')
