# SPDX-FileCopyrightText: 2026 The AioGuest authors
# SPDX-License-Identifier: LGPL-2.1-or-later

"""Taking back what a task has noted: that its next await is to raise CancelledError."""

import asyncio
import functools
import struct
import sys

from ._internals import forget_task

__all__ = ['take_cancellation']


def take_cancellation(task):
    """Take back that the next await of the current *task* is to raise CancelledError.

    Returns how many requests the task does not count any more because of that, and the message; or
    None if there is nothing to take back, or no way to do that.
    """
    if not getattr(task, '_must_cancel', False):
        return None
    msg = getattr(task, '_cancel_message', None)
    requests = type(task).cancelling(task)
    for _ in range(requests):
        type(task).uncancel(task)
    # From Python 3.13 on that was all.
    if task._must_cancel and not _clear_must_cancel(task):
        for _ in range(requests):
            type(task).cancel(task, msg)
        return None
    return requests, msg


def _clear_must_cancel(task):
    try:
        # Of a pure-Python task.
        task._must_cancel = False
    except AttributeError:
        flag = _find_must_cancel()
        if flag is None:
            return False
        offset, bit = flag
        _get_memory(task)[offset] &= ~bit & 0xff
    return not task._must_cancel


@functools.cache
def _find_must_cancel():
    """Where asyncio's task in C has that flag: the byte and the bit, or None if it can't be told.

    It is all that is different in a task that was cancelled, and then uncancelled.
    """
    coro = _do_nothing()
    task = asyncio.Task(coro, loop=_NoLoop())
    forget_task(task)
    coro.close()
    try:
        memory = _get_memory(task)
    except ImportError:
        # No ctypes.
        return None
    before = bytes(memory)
    # The message is there, too, as a pointer.
    task.cancel(before)
    task.uncancel()
    after = bytes(memory)
    pointer = id(before).to_bytes(struct.calcsize('P'), sys.byteorder)
    start = object.__basicsize__
    at = after.find(pointer, start)
    different = [
        (i, before[i] ^ after[i])
        for i in range(start, len(after))
        if before[i] != after[i] and not at <= i < at + len(pointer)
    ]
    if at < 0 or len(different) != 1 or different[0][1].bit_count() != 1:
        return None
    offset, bit = different[0]
    memory[offset] ^= bit
    return None if task._must_cancel else different[0]


def _get_memory(task):
    # Hardly ever needed.
    import ctypes

    return (ctypes.c_ubyte * asyncio.Task.__basicsize__).from_address(id(task))


async def _do_nothing():
    pass


class _NoLoop:
    """As much of a loop as it takes to make a task that never begins."""

    def get_debug(self):
        return False

    def call_soon(self, *args, **kwargs):
        pass
