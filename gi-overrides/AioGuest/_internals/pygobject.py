# SPDX-FileCopyrightText: 2026 The AioGuest authors
# SPDX-License-Identifier: LGPL-2.1-or-later

"""PyGObject's private parts: how it shares SIGINT among its main loops."""

import contextlib
import signal

try:
    from gi import _ossighelper
except ImportError:
    _ossighelper = None

__all__ = [
    'get_c_handler',
    'get_ends_of_main_loops',
    'is_default_handler',
    'is_dead_pygobject_handler',
    'is_ending_main_loops',
    'is_live_pygobject_handler',
    'set_ending_main_loops',
    'wakeup_on_signal',
]

_pyos_getsig = getattr(_ossighelper, 'PyOS_getsig', None)
_ends_of_main_loops = getattr(_ossighelper, '_callback_stack', None)
if not isinstance(_ends_of_main_loops, list) or not hasattr(_ossighelper, '_sigint_called'):
    _ends_of_main_loops = None
wakeup_on_signal = getattr(_ossighelper, 'wakeup_on_signal', contextlib.nullcontext)


def is_live_pygobject_handler(handler):
    """Whether *handler* is that of PyGObject for SIGINT, and there is a ``run()`` for it to end."""
    return _is_pygobject_handler(handler) and bool(_ends_of_main_loops)


def is_dead_pygobject_handler(handler):
    """Whether *handler* is that of PyGObject for SIGINT, and would fail: there is no ``run()``."""
    return _is_pygobject_handler(handler) and not _ends_of_main_loops


def _is_pygobject_handler(handler):
    return callable(handler) and getattr(handler, '__module__', None) == 'gi._ossighelper'


def get_ends_of_main_loops():
    """PyGObject's list of functions that each end one of its ``run()``, the innermost last.

    None if there is no such list: then main loops can't be ended.
    """
    return _ends_of_main_loops


def is_ending_main_loops():
    """Whether each ``run()`` that returns must end the next outer one."""
    return getattr(_ossighelper, '_sigint_called', False)


def set_ending_main_loops(is_ending):
    _ossighelper._sigint_called = is_ending


def get_c_handler(signum):
    """The handler of a signal in the C library, as a number to compare; None if unknown.

    ``signal.getsignal()`` does not show that ``GLib.unix_signal_add()`` has taken a signal over.
    """
    return None if _pyos_getsig is None else _pyos_getsig(signum)


def is_default_handler(signum, handler):
    """Whether a signal with this *handler* has the effect that it has in a program that sets none."""
    if handler is signal.default_int_handler:
        return getattr(_ossighelper, 'sigint_handler_is_default', lambda: True)()
    # Python sets a handler for SIGINT. A program with SIG_DFL in its place wants SIGINT to end it.
    return signum != signal.SIGINT and handler == signal.SIG_DFL and not get_c_handler(signum)
