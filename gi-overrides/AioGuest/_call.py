# SPDX-FileCopyrightText: 2026 The AioGuest authors
# SPDX-License-Identifier: LGPL-2.1-or-later

"""Awaiting the asynchronous functions of Gio and GTK, on every PyGObject."""

import asyncio
import importlib

from gi.repository import Gio

__all__ = ['call']


async def call(function, *args, **kwargs):
    """Call an asynchronous function of Gio, GTK or the like, and await its result.

    ``await AioGuest.call(file.load_contents_async)`` is ``file.load_contents_finish()`` of what
    ``file.load_contents_async()`` came to: any function that takes a callback and has a ``_finish``
    function beside it will do, static functions and constructors included.

    To be awaited on the loop's thread, by a task.

    If the task is cancelled the operation's ``Gio.Cancellable`` is cancelled, and CancelledError is
    raised when the operation has ended. A dialog that the user dismisses raises the
    ``GLib.Error`` of its ``_finish`` function: ``Gtk.DialogError.DISMISSED``.

    :param function: such as ``file.load_contents_async``, ``Gio.bus_get``, ``Gio.DBusProxy.new`` or
        ``dialog.open``.
    :param args: its arguments, up to but not including ``cancellable`` and ``callback``.
    :param kwargs: more of its arguments, by name, a ``cancellable`` of your own among them; a new
        one by default.
    :returns: what the ``_finish`` function returns.
    :raises GLib.Error: as the ``_finish`` function does; ``Gio.IOErrorEnum.CANCELLED`` if somebody
        else has cancelled the ``cancellable``.
    :raises TypeError: the function is of another kind, or an argument is wrong.
    """
    finish = _Finish(function)
    loop = asyncio.get_running_loop()
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

    function(*args, **{finish.callback_name: on_ready}, **kwargs)
    return await _until_ended(future, cancellable)


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


# The second one where bindings get a variant of the function that takes closures.
_CALLBACK_NAMES = ('callback', 'ready_callback_closure')


class _Finish:
    """The ``_finish`` function that belongs to an asynchronous function."""

    def __init__(self, function):
        try:
            self.argument_names = [argument.get_name() for argument in function.get_arguments()]
            self._name = function.get_name()
        except AttributeError:
            raise TypeError(
                f'function must be an asynchronous function of Gio, GTK or the like, not {function!r}'
            ) from None
        callback_names = [name for name in _CALLBACK_NAMES if name in self.argument_names]
        if not callback_names:
            raise TypeError(f'{self._name}() is not asynchronous: it takes no callback')
        self.callback_name = callback_names[0]
        self._function = function

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
