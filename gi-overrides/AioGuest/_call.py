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
    ``file.load_contents_async()`` came to: any function that takes a callback named ``callback`` and
    has a ``_finish`` function beside it will do, static functions and constructors included.

    If the task is cancelled the operation's ``Gio.Cancellable`` is cancelled, and CancelledError is
    raised when the operation has ended. A dialog that the user dismisses raises the
    ``GLib.Error`` of its ``_finish`` function: ``Gtk.DialogError.DISMISSED``.

    :param function: such as ``file.load_contents_async``, ``Gio.bus_get``, ``Gio.DBusProxy.new`` or
        ``dialog.open``.
    :param args: its arguments, up to but not including ``cancellable`` and ``callback``.
    :param kwargs: more of its arguments, by name; ``cancellable`` is one of its own by default.
    :returns: what the ``_finish`` function returns.
    :raises GLib.Error: as the ``_finish`` function does.
    :raises TypeError: the function is of another kind.
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

    function(*args, callback=on_ready, **kwargs)
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


class _Finish:
    """The ``_finish`` function that belongs to an asynchronous function."""

    def __init__(self, function):
        try:
            self.argument_names = [argument.get_name() for argument in function.get_arguments()]
            name = function.get_name()
        except AttributeError:
            raise TypeError(
                f'function must be an introspected function, not {function!r}'
            ) from None
        if 'callback' not in self.argument_names:
            raise TypeError(f'{name}() is not asynchronous: it takes no callback')
        self._function = function
        self._name = name.removesuffix('_async') + '_finish'

    def __call__(self, source, result):
        return getattr(self._find_owner(source), self._name)(result)

    def _find_owner(self, source):
        function = self._function
        if function.is_method():
            return source
        module = importlib.import_module(f'gi.repository.{function.get_namespace()}')
        container = function.get_container()
        return module if container is None else getattr(module, container.get_name())
