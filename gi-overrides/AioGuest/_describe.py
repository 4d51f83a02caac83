# SPDX-FileCopyrightText: 2026 The AioGuest authors
# SPDX-License-Identifier: LGPL-2.1-or-later

"""What is going on, in words, for bug reports."""

import asyncio
import linecache
import os
import sys
import threading

import gi
from gi.module import get_introspection_module
from gi.repository import GLib

from . import _core
from ._internals.asyncio import get_queues, get_running_thread, get_waiter
from ._session import get_sessions

__all__ = ['describe']

_VARIABLES = ('AIOGUEST_TICK', 'AIOGUEST_POLL_MODE', 'AIOGUEST_DEBUG')


def describe():
    """Describe, in a text for bug reports, what is going on in the guest runs of this process.

    The text has the versions of AioGuest, GLib, PyGObject and Python, and each run of an asyncio loop with
    its thread, settings, counters and the kind of its tick. For the loop that is running in the calling
    thread it also says how many callbacks and timers are pending, how many descriptors the loop watches, and
    where each of its tasks waits.

    It may be called from any thread, also while the loop of another thread hangs. Then the text says where
    in the program that thread is, and that its tasks are unknown. The counters of such a run may be slightly
    older.

    The text has names of files, functions and tasks, and no values of variables. Look at it before you
    publish it. Its form may change with any version.

    :returns: a ``str`` of several lines that ends with a newline.
    """
    lines = [_versions()]
    for name in _VARIABLES:
        if os.environ.get(name):
            lines.append(f'{name}={os.environ[name]}')
    if not _core.verified:
        lines.append(f'the native tick can\'t be used: {_core.difference}')

    sessions = get_sessions()
    lines.append(f'{len(sessions)} run{"s"[: len(sessions) != 1]} going on in this process')
    for session in sessions:
        lines += _describe_run(session)
    return '\n'.join(lines) + '\n'


def _versions():
    # Takes its time, which nobody needs to spend at each start of a program.
    import platform

    library = get_introspection_module('AioGuest').VERSION_S
    glib = f'{GLib.MAJOR_VERSION}.{GLib.MINOR_VERSION}.{GLib.MICRO_VERSION}'
    return (
        f'AioGuest {library}, Python {platform.python_version()}, PyGObject {gi.__version__}, '
        f'GLib {glib}, {platform.platform()}'
    )


def _describe_run(session):
    ident = get_running_thread(session.loop)
    is_own = ident == threading.get_ident()
    run = session.run
    stock = session.guest.why_stock
    lines = [
        '',
        # A run's name is its owner's to read.
        f'run {run.get_name()!r}' if is_own else f'run {run!r}',
        f'  thread: {_thread_name(ident)}' + (', the calling one' if is_own else ''),
        f'  {_settings(run)}',
        f'  tick: {"native" if stock is None else f"stock, because {stock}"}',
        f'  ticks going on, nested: {session.guest.depth}',
        f'  {_counters(session)}',
        f'  loop: {session.loop!r}',
        f'  main task: {_main_task(session)}',
    ]
    if is_own:
        lines += _describe_loop(session.loop)
    else:
        lines.append(f'  the thread is {_where_thread_is(ident)}')
        lines.append('  its queues and tasks are unknown to another thread')
    return lines


def _thread_name(ident):
    for thread in threading.enumerate():
        if thread.ident == ident:
            return f'{thread.name} ({ident})'
    return f'{ident}, not made by Python'


def _settings(run):
    return (
        f'{run.get_state().value_nick}, priority {run.get_priority()}, '
        f'slice {run.get_slice()} us, period {run.get_period()} us, '
        f'descriptor {run.get_poller().get_fd()} polled in mode {run.get_poll_mode().value_nick}'
    )


def _counters(session):
    run = session.run
    return (
        f'{run.get_ticks()} ticks, busy for {run.get_busy_time() / 1000:.3f} ms, '
        f'longest {run.get_longest_tick() / 1000:.3f} ms, '
        f'{run.get_deferred_slices()} slices deferred, '
        f'longest eager step {session.longest_eager_step * 1000:.3f} ms'
    )


def _main_task(session):
    if session.main_task is None:
        return 'none'
    return repr(session.main_task.get_name()) + (', draining' if session.is_draining else '')


def _where_thread_is(ident):
    frame = sys._current_frames().get(ident)
    return 'not running Python' if frame is None else f'at {_place(frame)}'


def _describe_loop(loop):
    ready, timers, descriptors = get_queues(loop)
    lines = [f'  callbacks ready: {_or_unknown(ready)}']
    if timers:
        lines.append(f'  timers pending: {len(timers)}, the next in {min(timers) - loop.time():.6f} s')
    else:
        lines.append(f'  timers pending: {_or_unknown(None if timers is None else 0)}')
    lines.append(f'  descriptors watched, the loop\'s own included: {_or_unknown(descriptors)}')

    tasks = sorted(asyncio.all_tasks(loop), key=lambda task: task.get_name())
    lines.append(f'  tasks not done: {len(tasks)}')
    current = asyncio.current_task(loop)
    for task in tasks:
        lines += _describe_task(task, task is current)
    return lines


def _or_unknown(number):
    return 'not known with this asyncio' if number is None else number


def _describe_task(task, is_current):
    cancelling = task.cancelling()
    lines = [
        f'    {task.get_name()!r}'
        + (', in its step now' if is_current else '')
        + (f', asked {cancelling} times to cancel' if cancelling else '')
    ]
    lines += [f'      at {_place(frame)}' for frame in _frames(task.get_coro())]
    waiter = get_waiter(task)
    if waiter is not None:
        lines.append(f'      waits for {_kind(waiter)}')
    return lines


def _frames(coro):
    """The frames of a coroutine and of what it awaits, the innermost last."""
    while coro is not None:
        for prefix, inner in (('cr', 'cr_await'), ('gi', 'gi_yieldfrom'), ('ag', 'ag_await')):
            if hasattr(coro, inner):
                frame = getattr(coro, f'{prefix}_frame')
                coro = getattr(coro, inner)
                break
        else:
            return
        if frame is not None:
            yield frame


def _place(frame):
    code = frame.f_code
    name = getattr(code, 'co_qualname', code.co_name)
    # Not every instruction has a line: that of another thread may be between two.
    number = frame.f_lineno or code.co_firstlineno
    place = f'{code.co_filename}:{number} in {name}'
    line = linecache.getline(code.co_filename, number).strip()
    return f'{place}: {line}' if line else place


def _kind(waiter):
    if isinstance(waiter, asyncio.Task):
        return f'task {waiter.get_name()!r}'
    return f'a {type(waiter).__name__}'
