# SPDX-FileCopyrightText: 2026 The AioGuest authors
# SPDX-License-Identifier: LGPL-2.1-or-later

"""Lives of runs that their host abandons: the interpreter exits, or their thread ends."""

import functools
import os
import threading

from ._core import clear_thread_storage
from ._internals.python import forget_dummy_thread, register_exit_function
from ._signals import is_main_thread

__all__ = ['discard', 'keep']

_lives = {}  # each with the identifier of its thread
_stored = threading.local()


def keep(life):
    """Have *life* come to its end in any case. It belongs to this thread."""
    _watch_exit()
    _lives[life] = threading.get_ident()
    if not is_main_thread():
        _stored.end = _stored.__dict__.get('end') or _ThreadEnd()


def discard(life):
    """*life* has come to its end."""
    _lives.pop(life, None)


class _ThreadEnd:
    """Stored by a thread, and so freed at its end: on that thread, before ``join()`` returns."""

    def __init__(self):
        self._thread = threading.get_ident()

    def __del__(self):
        # The storage of other threads is freed in a forked child, and with the interpreter.
        if self._thread != threading.get_ident():
            return
        try:
            _abandon('its thread ended')
        finally:
            # The storage was freed already, so what the above has stored would not be freed.
            clear_thread_storage()
            forget_dummy_thread()


def _abandon(why):
    """End the lives of this thread, with a warning."""
    for life, thread in list(_lives.items()):
        if thread == threading.get_ident():
            life.abandon(why)


def _prepare_fork():
    for life in list(_lives):
        life.prepare_fork()


def _forget():
    """A forked child has copies of its parent's lives. They are the parent's to end."""
    for life in list(_lives):
        life.forget()
    # This thread is the main one now, whose end is the interpreter's.
    end = _stored.__dict__.pop('end', None)
    if end is not None:
        end._thread = None


@functools.cache
def _watch_exit():
    # With the first life, not at the import: this imports concurrent.futures, which takes long.
    register_exit_function(lambda: _abandon('the interpreter exited'))


os.register_at_fork(before=_prepare_fork, after_in_child=_forget)
