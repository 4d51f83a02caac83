# SPDX-FileCopyrightText: 2026 The AioGuest authors
# SPDX-License-Identifier: LGPL-2.1-or-later

"""Awaiting the emissions of signals."""

import asyncio
import collections

from ._arguments import check_timeout
from ._connection import Connection

__all__ = ['signals', 'wait_signal', 'wait_until']

_WHEN_FULL = ('drop-oldest', 'drop-newest', 'raise')


class signals:
    """An asynchronous iterator over the emissions of a signal, from now on.

    ::

        async for (pspec,) in AioGuest.signals(window, 'notify::title'):
            print(window.props.title)

    The signal is connected when this is called, before the first item is asked for. Each item is the tuple of
    the signal's arguments, without the object. The signal is disconnected when
    the iterator is closed: by ``aclose()``, at the end of an ``async with`` block, or when the last reference
    to it goes, as it does after an ``async for`` loop that was left or cancelled. The iterator does not keep
    the object alive; iteration ends when the object is finalized. The signal may be emitted on any thread;
    the iterator belongs to one loop, like everything in asyncio.

    :param obj: a GObject.
    :param detailed_signal: the name of the signal, with or without a detail.
    :param maxsize: how many emissions are kept until they are iterated.
    :param when_full: what to do with further emissions: ``'drop-oldest'``, ``'drop-newest'``, or ``'raise'``
        ``asyncio.QueueFull`` after the items that are kept.
    :param returns: what the handler returns to the emission. A function is called with the object and the
        signal's arguments, and its result is returned.
    :raises TypeError, ValueError: there is no such signal, or an argument is wrong.
    """

    _connection = None

    def __init__(
        self, obj, detailed_signal, *, maxsize=64, when_full='drop-oldest', returns=None
    ):
        if when_full not in _WHEN_FULL:
            raise ValueError(f'when_full must be one of {_WHEN_FULL}, not {when_full!r}')
        if not isinstance(maxsize, int) or maxsize < 1:
            raise ValueError(f'maxsize must be a number of emissions, at least 1, not {maxsize!r}')
        self._items = collections.deque()
        self._maxsize = maxsize
        self._when_full = when_full
        self._overrun = False
        self._closed = False
        self._waiter = None
        self._connection = Connection(obj, detailed_signal, self._push, self._end, returns)

    def _push(self, args):
        if len(self._items) < self._maxsize:
            self._items.append(args)
        elif self._when_full == 'drop-oldest':
            self._items.popleft()
            self._items.append(args)
        elif self._when_full == 'raise':
            self._overrun = True
        self._wake()

    # thread A (the waiter's)            thread B (emits)
    # self._waiter = future              self._items.append(args)
    # look at self._items                look at self._waiter
    #
    # Whichever comes first: A sees the item, or B the waiter.

    def _wake(self):
        waiter = self._waiter
        if waiter is None:
            return
        loop = waiter.get_loop()
        if asyncio._get_running_loop() is loop:
            _settle(waiter)
            return
        try:
            loop.call_soon_threadsafe(_settle, waiter)
        except RuntimeError:
            # The loop is closed: nobody waits any more.
            pass

    def _end(self):
        self._closed = True
        self._wake()

    def __aiter__(self):
        return self

    async def __anext__(self):
        if self._waiter is not None:
            raise RuntimeError('another task is waiting for the next emission already')
        while not self._has_news():
            self._waiter = asyncio.get_running_loop().create_future()
            try:
                if not self._has_news():
                    await self._waiter
            except BaseException:
                self._waiter = None
                # Whoever keeps the exception, a cancelled task say, keeps this frame, too.
                del self
                raise
            self._waiter = None
        if self._items:
            return self._items.popleft()
        if self._overrun:
            self._overrun = False
            raise asyncio.QueueFull(f'more than {self._maxsize} emissions were waiting')
        raise StopAsyncIteration

    def _has_news(self):
        return self._items or self._overrun or self._closed

    async def __aenter__(self):
        return self

    async def __aexit__(self, exc_type, exc_value, traceback):
        await self.aclose()

    async def aclose(self):
        """Disconnect, and end the iteration after the emissions that are kept."""
        self._connection.disconnect()
        self._end()

    def __del__(self):
        if self._connection is not None:
            self._connection.disconnect()


def _settle(waiter):
    if not waiter.done():
        waiter.set_result(None)


class _Matches(signals):
    """The first emission for which *predicate* returns something true. It is called in the emission."""

    def __init__(self, obj, detailed_signal, predicate, returns):
        self._predicate = predicate
        self._is_found = False
        self._error = None
        super().__init__(obj, detailed_signal, maxsize=1, returns=returns)

    def _push(self, args):
        if self._is_found:
            return
        try:
            if self._predicate is not None and not self._predicate(*args):
                return
        except Exception as error:
            self._error = error
        self._is_found = True
        super()._push(args)

    async def wait(self):
        args = await anext(self)
        if self._error is not None:
            raise self._error
        return args


async def wait_signal(obj, detailed_signal, timeout=None, *, predicate=None, returns=None):
    """Wait for the next emission of a signal.

    The signal is connected when this coroutine is awaited, and disconnected when the coroutine ends in
    any way. ::

        (response,) = await AioGuest.wait_signal(dialog, 'response', timeout=60)

    :param obj: a GObject, which is kept alive until then.
    :param detailed_signal: the name of the signal, with or without a detail.
    :param timeout: seconds; None for no limit.
    :param predicate: a function that gets the signal's arguments, without the object, in each emission, on the
        thread that emits. Emissions for which it returns something false are passed over. Its exception
        is raised here.
    :param returns: as for :class:`signals`.
    :returns: the tuple of the signal's arguments, without the object.
    :raises TimeoutError: the signal was not emitted in time.
    :raises TypeError: there is no such signal, or an argument is wrong.
    :raises RuntimeError: no loop is running in this thread.
    """
    check_timeout(timeout)
    # Outside of one wait_for() fails, up to Python 3.11 without a look at the coroutine it is given.
    asyncio.get_running_loop()
    async with _Matches(obj, detailed_signal, predicate, returns) as emissions:
        return await asyncio.wait_for(emissions.wait(), timeout)


async def wait_until(obj, detailed_signal, predicate, *, timeout=None):
    """Wait until a condition holds that a signal tells of.

    The signal is connected first. Then the condition is looked at, and again after each emission, so no change
    is missed. ::

        await AioGuest.wait_until(button, 'notify::sensitive', Gtk.Widget.get_sensitive, timeout=10)

    :param obj: a GObject, which is kept alive until then.
    :param detailed_signal: the name of the signal, such as ``'notify::title'``.
    :param predicate: a function that is called with *obj*, by the task that awaits this.
    :param timeout: seconds; None for no limit.
    :returns: what *predicate* has returned: something true.
    :raises TimeoutError: the condition did not hold in time.
    :raises TypeError: there is no such signal, or an argument is wrong.
    :raises RuntimeError: no loop is running in this thread.
    """
    check_timeout(timeout)
    async with signals(obj, detailed_signal, maxsize=1) as emissions:
        async with asyncio.timeout(timeout):
            while not (value := predicate(obj)):
                await anext(emissions)
            return value
