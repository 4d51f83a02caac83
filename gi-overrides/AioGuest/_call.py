# SPDX-FileCopyrightText: 2026 The AioGuest authors
# SPDX-License-Identifier: LGPL-2.1-or-later

"""Awaiting the asynchronous functions of Gio and GTK, on every PyGObject."""

import asyncio
import importlib

from gi.repository import Gio, GLib

from ._session import get_session

__all__ = ['call']


async def call(function, *args, **kwargs):
    """Call an asynchronous function of Gio, GTK or the like, and await its result.

    ``await AioGuest.call(file.load_contents_async)`` is ``file.load_contents_finish()`` of what
    ``file.load_contents_async()`` came to: any function that takes a callback and has a ``_finish``
    function beside it will do, static functions and constructors included.

    To be awaited by a task of a guest run. The operation tells of its end in the thread-default main
    context, so that must be the run's, as it is under :func:`run`.

    If the task is cancelled the operation's ``Gio.Cancellable`` is cancelled, and CancelledError is
    raised when the operation has ended. A dialog that the user dismisses raises the
    ``GLib.Error`` of its ``_finish`` function: ``Gtk.DialogError.DISMISSED``.

    :param function: such as ``file.load_contents_async``, ``Gio.bus_get``, ``Gio.DBusProxy.new`` or
        ``dialog.open``.
    :param args: its arguments, up to but not including ``cancellable`` and ``callback``.
    :param kwargs: more of its arguments, by name, a ``cancellable`` of your own among them; a new
        one by default. A ``progress_callback`` is called with what there is in the documentation of Gio
        but for the user data, in bytes: ``progress_callback(done, total)``; None by default. (Before GLib
        2.82 ``move_async()`` does not call it: its description has bindings free it at once.)
    :returns: what the ``_finish`` function returns.
    :raises GLib.Error: as the ``_finish`` function does; ``Gio.IOErrorEnum.CANCELLED`` if somebody
        else has cancelled the ``cancellable``.
    :raises TypeError: the function is of another kind, or an argument is wrong.
    :raises RuntimeError: nobody would hear of the operation's end: the loop is no guest, or the
        thread-default main context is not the run's.
    """
    finish = _Finish(function)
    loop = asyncio.get_running_loop()
    _check_context(get_session(loop))
    future = loop.create_future()

    def on_ready(source, result, *user_data):
        if future.done():
            # The task has ended before: what came of the operation goes with its result.
            return
        try:
            future.set_result(finish(source, result))
        except Exception as error:
            future.set_exception(error)

    cancellable = kwargs.get('cancellable')
    if 'cancellable' in finish.argument_names and cancellable is None:
        cancellable = kwargs['cancellable'] = Gio.Cancellable()

    finish.set_progress_callback(kwargs)
    function(*args, **{finish.callback_name: on_ready}, **kwargs)
    return await _until_ended(future, cancellable)


def _check_context(session):
    if session is None:
        raise RuntimeError(
            'no guest run is going on in this thread: AioGuest.call() works on the thread, and '
            'for the time, of AioGuest.start() or run()'
        )
    context = GLib.MainContext.get_thread_default() or GLib.MainContext.default()
    if hash(context) != hash(session.main_context):
        raise RuntimeError(
            'the main context of the guest run is not the thread-default one, where the operation would '
            'tell of its end: call push_thread_default() on it before AioGuest.start()'
        )


async def _until_ended(future, cancellable):
    try:
        await asyncio.wait([future])
    except asyncio.CancelledError:
        if cancellable is not None:
            cancellable.cancel()
            # Objects can't be used for anything else before their operation has ended.
            await asyncio.wait([future])
            # Collected, lest asyncio complain of it.
            future.exception()
        raise
    finally:
        # Nobody is left to be told of what it comes to.
        future.cancel()
    return future.result()


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
