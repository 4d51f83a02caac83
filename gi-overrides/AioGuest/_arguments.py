# SPDX-FileCopyrightText: 2026 The AioGuest authors
# SPDX-License-Identifier: LGPL-2.1-or-later

"""Checks of arguments: one clear exception each, which names the argument and the remedy."""

import asyncio
import collections.abc
import contextvars
import inspect
import math

from gi.repository import GLib

from ._gio import Gio

__all__ = [
    'check_argv', 'check_coroutine', 'check_nested', 'check_options', 'check_timeout', 'close_coroutine',
]

_MAX_PRIORITY = GLib.MAXINT
_MAX_SLICE_US = GLib.MAXUINT


def close_coroutine(coro):
    """Close a coroutine that nobody will await, so that Python does not warn of it."""
    if inspect.iscoroutine(coro) and inspect.getcoroutinestate(coro) == inspect.CORO_CREATED:
        coro.close()


def check_coroutine(coro, name='coro'):
    """Raise unless *coro* is a coroutine that nobody has begun to await."""
    if inspect.iscoroutinefunction(coro):
        raise TypeError(
            f'{name} must be a coroutine, not the coroutine function {coro!r}: call it first'
        )
    if not asyncio.iscoroutine(coro):
        raise TypeError(f'{name} must be a coroutine, not {coro!r}')
    if inspect.iscoroutine(coro) and inspect.getcoroutinestate(coro) != inspect.CORO_CREATED:
        raise RuntimeError(
            f'{name} {coro!r} has been awaited already: call the coroutine function again'
        )


def _check(name, value, kind, what, optional=True):
    if value is None and optional:
        return
    if not isinstance(value, kind) or (isinstance(value, bool) and kind is not bool):
        raise TypeError(f"{name} must be {what}{' or None' if optional else ''}, not {value!r}")


def _check_number(name, value, kind, what, optional=True):
    """*kind* is the name of a class in ``numbers``, which most programs need not import for this."""
    if type(value) is int or (type(value) is float and kind == 'Real') or (value is None and optional):
        return
    import numbers

    _check(name, value, getattr(numbers, kind), what, optional)


def _check_callable(name, value, what):
    if value is not None and not callable(value):
        raise TypeError(f'{name} must be {what} or None, not {value!r}')


def check_nested(nested):
    _check('nested', nested, str, "'run' or 'rest'", optional=False)
    if nested not in ('run', 'rest'):
        raise ValueError(f"nested must be 'run' or 'rest', not {nested!r}")


def check_argv(argv):
    """Of an application: what PyGObject can give to its ``run()``."""
    if argv is None:
        return
    if inspect.iscoroutinefunction(argv) or asyncio.iscoroutine(argv):
        close_coroutine(argv)
        raise TypeError(
            f'the second argument of run() is argv, not {argv!r}: use run(app, main=async_function)'
        )
    if isinstance(argv, str) or not isinstance(argv, collections.abc.Sequence):
        raise TypeError(f'argv must be a list of str, such as sys.argv, or None, not {argv!r}')


def check_timeout(timeout):
    """Seconds, or None. As under asyncio, a time that is past already is none too short."""
    _check_seconds('timeout', timeout)


def _check_seconds(name, value):
    _check_number(name, value, 'Real', 'a number of seconds')
    if value is None:
        return
    try:
        is_number = not math.isnan(value)
    except OverflowError:
        raise ValueError(f'{name} is too large: use None for no limit') from None
    if not is_number:
        raise ValueError(f'{name} must be a number of seconds or None, not {value!r}')


def check_options(options):
    """Raise for the first of the keyword arguments of ``start()`` that is wrong."""
    _check_callable('done_callback', options.done_callback, 'a function of the main task')
    _check('debug', options.debug, bool, 'a bool')
    _check_callable('loop_factory', options.loop_factory, 'a function that makes an event loop')
    _check(
        'context',
        options.context,
        contextvars.Context,
        'a contextvars.Context (main_context is for GLib contexts)',
    )
    _check('main_context', options.main_context, GLib.MainContext, 'a GLib.MainContext')
    _check_number('priority', options.priority, 'Integral', 'an int', optional=False)
    if not -_MAX_PRIORITY - 1 <= options.priority <= _MAX_PRIORITY:
        raise ValueError(f'priority must fit in a C int, {options.priority} does not')
    _check_number('slice_us', options.slice_us, 'Integral', 'an int (microseconds)', optional=False)
    if not 0 < options.slice_us <= _MAX_SLICE_US:
        raise ValueError(
            f'slice_us must be between 1 and {_MAX_SLICE_US} microseconds, not {options.slice_us}'
        )
    if options.application is not None:
        _check('application', options.application, Gio.Application, 'a Gio.Application')
    _check_seconds('shutdown_timeout', options.shutdown_timeout)
    if options.shutdown_timeout is not None and not options.shutdown_timeout >= 0:
        raise ValueError(
            f'shutdown_timeout must be 0 seconds or more, not {options.shutdown_timeout}'
        )
    _check('name', options.name, str, 'a str')
    check_nested(options.nested)
