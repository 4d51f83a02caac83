# SPDX-FileCopyrightText: 2026 The AioGuest authors
# SPDX-License-Identifier: LGPL-2.1-or-later

"""Memory: what a run takes and leaves behind, and what a task, a timer, a descriptor takes.

All of Python's memory is had from malloc (PYTHONMALLOC), and malloc's own statistics are read
before and after: exact, C included. Thread stacks and the kernel's part are not in it.
"""

import asyncio
import ctypes
import gc
import os
import sys

from cases import Case, Unavailable
from scenarios._systems import MORE_OF_OURS

ORDER = 180


class Statistics(ctypes.Structure):
    """``struct mallinfo2``."""

    _fields_ = [
        (name, ctypes.c_size_t)
        for name in (
            'arena', 'ordblks', 'smblks', 'hblks', 'hblkhd', 'usmblks', 'fsmblks', 'uordblks',
            'fordblks', 'keepcost',
        )
    ]


def take_all_from_malloc():
    """Start this program again with all memory from malloc, if it isn't."""
    if os.environ.get('PYTHONMALLOC') != 'malloc':
        os.environ['PYTHONMALLOC'] = 'malloc'
        os.execv(sys.executable, [sys.executable, *sys.orig_argv[1:]])


def allocated(libc=ctypes.CDLL(None)):
    """Bytes in use, of all that malloc has given."""
    gc.collect()
    try:
        function = libc.mallinfo2
    except AttributeError:
        raise Unavailable('no mallinfo2()') from None
    function.restype = Statistics
    found = function()
    return found.uordblks + found.hblkhd


async def nothing():
    pass


async def per_task(count):
    future = asyncio.get_running_loop().create_future()

    async def wait():
        await future

    before = allocated()
    tasks = [asyncio.create_task(wait()) for _ in range(count)]
    await asyncio.sleep(0)
    used = (allocated() - before) / count
    future.set_result(None)
    await asyncio.wait(tasks)
    return used


async def per_timer(count):
    loop = asyncio.get_running_loop()
    before = allocated()
    timers = [loop.call_later(3600, print) for _ in range(count)]
    await asyncio.sleep(0)
    used = (allocated() - before) / count
    for timer in timers:
        timer.cancel()
    return used


async def per_descriptor(count):
    loop = asyncio.get_running_loop()
    descriptors = [os.eventfd(0) for _ in range(count)]
    before = allocated()
    for descriptor in descriptors:
        loop.add_reader(descriptor, print)
    await asyncio.sleep(0)
    used = (allocated() - before) / count
    for descriptor in descriptors:
        loop.remove_reader(descriptor)
        os.close(descriptor)
    return used


def measure(host, count, runs):
    """Bytes."""
    take_all_from_malloc()

    async def inside():
        await asyncio.sleep(0)
        return allocated()

    async def items():
        return {
            'per task': await per_task(count),
            'per timer': await per_timer(count),
            'per descriptor': await per_descriptor(count),
        }

    # What is made once and kept, modules for example, is no part of a run.
    for _ in range(5):
        host.run(inside)
    before = allocated()
    during = host.run(inside)
    after = allocated()
    for _ in range(runs):
        host.run(nothing)
    left = (allocated() - after) / runs
    return {'per run': during - before, 'left by a run': left, **host.run(items)}


CASES = [
    Case(
        'memory',
        unit='B',
        better='lower',
        program=measure,
        parameters={'count': 1000, 'runs': 200},
        tiny={'count': 10, 'runs': 2},
        systems=MORE_OF_OURS,
        # The same each time.
        rounds=1,
        note='a waiting task with its coroutine; a timer far off; a reader of an `eventfd`',
    ),
]
