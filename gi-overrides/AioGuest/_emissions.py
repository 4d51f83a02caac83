# SPDX-FileCopyrightText: 2026 The AioGuest authors
# SPDX-License-Identifier: LGPL-2.1-or-later

"""Awaiting the emissions of signals."""

import asyncio
import collections
import weakref

from gi.repository import GObject

from ._arguments import check_timeout

__all__ = ['signals', 'wait_signal']

_WHEN_FULL = ('drop-oldest', 'drop-newest', 'raise')


class signals:
    """An asynchronous iterator over the emissions of a signal, from now on.

    ::

        async for (pspec,) in AioGuest.signals(window, 'notify::title'):
            print(window.props.title)

    Each item is the tuple of the signal's arguments, without the object. The signal is disconnected when
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
        if not isinstance(obj, GObject.Object):
            raise TypeError(f'obj must be a GObject, not {obj!r}')
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
        self._connection = _Connection(obj, detailed_signal, self, returns)

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


class _Connection:
    """A signal's connection to an iterator: neither it nor the object keeps the other alive."""

    def __init__(self, obj, detailed_signal, iterator, returns):
        iterator = weakref.ref(iterator)

        def on_emission(obj, *args):
            receiver = iterator()
            if receiver is not None:
                receiver._push(args)
            return returns(obj, *args) if callable(returns) else returns

        def on_finalized():
            self._object = None
            receiver = iterator()
            if receiver is not None:
                receiver._end()

        self._handler = obj.connect(detailed_signal, on_emission)
        try:
            self._object = obj.weak_ref(on_finalized)
        except BaseException:
            obj.disconnect(self._handler)
            raise

    def disconnect(self):
        # Given up, too: the collector does not see what PyGObject's weak references hold.
        reference, self._object = self._object, None
        obj = None if reference is None else reference()
        if obj is not None:
            obj.disconnect(self._handler)
            reference.unref()


async def wait_signal(obj, detailed_signal, timeout=None, *, returns=None):
    """Wait for the next emission of a signal.

    The signal is connected when this coroutine is awaited, and disconnected when the coroutine ends in
    any way.

    :param obj: a GObject, which is kept alive until then.
    :param detailed_signal: the name of the signal, with or without a detail.
    :param timeout: seconds; None for no limit.
    :param returns: as for :class:`signals`.
    :returns: the tuple of the signal's arguments, without the object.
    :raises TimeoutError: the signal was not emitted in time.
    :raises TypeError: there is no such signal, or an argument is wrong.
    :raises RuntimeError: no loop is running in this thread.
    """
    check_timeout(timeout)
    # Outside of one wait_for() fails, up to Python 3.11 without a look at the coroutine it is given.
    asyncio.get_running_loop()
    async with signals(obj, detailed_signal, maxsize=1, when_full='drop-newest', returns=returns) as s:
        return await asyncio.wait_for(anext(s), timeout)
