# SPDX-FileCopyrightText: 2026 The AioGuest authors
# SPDX-License-Identifier: LGPL-2.1-or-later

"""What the threads of a loop's default executor are doing: nothing ends a thread from outside."""

import functools
import sys

__all__ = ['describe_work', 'has_executor']


def has_executor(loop):
    """Whether the loop has a default executor by now."""
    return getattr(loop, '_default_executor', None) is not None


def describe_work(loop):
    """Name the functions that are going on in the loop's default executor, and where they are."""
    frames = sys._current_frames()
    threads = getattr(getattr(loop, '_default_executor', None), '_threads', ())
    described = (_describe(thread, frames.get(thread.ident)) for thread in list(threads))
    return '; '.join(filter(None, described)) or 'what they do can\'t be told'


def _describe(thread, innermost):
    """None of a thread that waits for work."""
    frame, work = innermost, None
    while frame is not None and not _is_of_executor(frame):
        frame, work = frame.f_back, frame
    if frame is None:
        return None
    name = _get_function_name(frame) if work is None else work.f_code.co_qualname
    if name is None:
        return None
    place = f'{innermost.f_code.co_filename}:{innermost.f_lineno}'
    return f'{thread.name} is in {name}()' + ('' if work is None else f', at {place}')


def _is_of_executor(frame):
    return frame.f_globals.get('__name__') == 'concurrent.futures.thread'


def _get_function_name(frame):
    """Of a function in C: it has no frame, and the executor's calls it."""
    variables = frame.f_locals
    function = variables.get('fn') or getattr(variables.get('self'), 'fn', None)
    if isinstance(function, functools.partial) and function.args:
        # Of to_thread(), which has a context run it.
        function = function.args[0]
    return getattr(function, '__qualname__', None)
