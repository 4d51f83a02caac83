# SPDX-FileCopyrightText: 2026 The AioGuest authors
# SPDX-License-Identifier: LGPL-2.1-or-later

"""asyncio as a guest of the GLib main loop.

::

    import gi
    gi.require_version('AioGuest', '1.0')
    from gi.repository import AioGuest

    AioGuest.start(main())
    app.run()

The C library's names are there, too; see :class:`Run` and :class:`Poller`. The C function
``aio_guest_start()`` is ``AioGuest.Run.new()`` and ``attach()`` here.
"""

import asyncio

from gi.module import get_introspection_module
from gi.overrides import override

try:
    from . import _core  # noqa: F401
except ImportError as error:
    from ._interpreter import explain

    raise explain(error) from None

from ._call import call
from ._choose import choose
from ._describe import describe
from ._emissions import signals, wait_signal, wait_until
from ._handler import handler
from ._loop import EventLoop
from ._session import get_session
from ._start import run, start
from ._tasks import spawn
from ._wait import wait

__all__ = [
    'EventLoop',
    'Run',
    'call',
    'choose',
    'describe',
    'get_run',
    'handler',
    'run',
    'signals',
    'spawn',
    'start',
    'wait',
    'wait_signal',
    'wait_until',
]

_introspected = get_introspection_module('AioGuest')


# PyGObject takes the namespace of an override from the module it is defined in: here.
@override
class Run(_introspected.Run):
    """One run of a guest inside a main context; see the C documentation of ``AioGuestRun``."""

    @property
    def loop(self):
        """The asyncio event loop of this run, or None if the run is over or its guest is not asyncio."""
        session = get_session(self)
        return None if session is None else session.loop

    @property
    def main_task(self):
        """The main task of this run, or None. Only runs of :func:`start` and :func:`run` have one."""
        session = get_session(self)
        return None if session is None else session.main_task


def get_run(loop_or_task=None):
    """Return the :class:`Run` of a loop, or of the loop of a task.

    :param loop_or_task: an asyncio event loop, a task or a future; the running loop by default.
    :raises RuntimeError: the loop is not a guest at present.
    """
    if loop_or_task is None:
        loop = asyncio._get_running_loop()
        if loop is None:
            raise RuntimeError('no guest run is going on in this thread')
    elif asyncio.isfuture(loop_or_task):
        loop = loop_or_task.get_loop()
    elif isinstance(loop_or_task, asyncio.AbstractEventLoop):
        loop = loop_or_task
    else:
        raise TypeError(f'loop_or_task must be an event loop or a task, not {loop_or_task!r}')

    session = get_session(loop)
    if session is None:
        raise RuntimeError(f'{loop!r} is not a guest of a GLib main context now')
    return session.run
