# SPDX-FileCopyrightText: 2026 The AioGuest authors
# SPDX-License-Identifier: LGPL-2.1-or-later

"""An operation of Gio, GTK or the like, and the task that waits for its end.

When the task is cancelled, the operation's Cancellable is. Most operations end by that in the next turns of
the main context, and then the task goes on: nothing is left of them. Some take no notice. They are left alone,
and what comes of them is dropped. Which one it is the clock can't say. What ends an operation within this
thread is a source that is ready; so once the main context has nothing to do that is as urgent as the operation,
its end depends on something else: a thread, another process.

In a thread of GIO's it may be near all the same, and until then a stream can't be used: not even closed. So
a call that is refused for that reason begins again when an operation that was left has ended.
"""

import asyncio

from gi.repository import GLib

__all__ = ['Operation']

# Turns of the main context in which it has nothing more urgent to do. An operation may end by a chain of
# sources that are no more urgent than that.
_IDLE_TURNS = 3


class Operation:
    """One operation, which is about to begin; *finish* is its ``_finish`` function."""

    def __init__(self, session, finish, priority):
        self.has_ended = None  # a future, if it was left and keeps its object from other use
        self._session = session
        self._finish = finish
        self._priority = priority
        self._future = session.loop.create_future()

    def end(self, source, result, *user_data):
        """It has ended, says the main context."""
        if self._future.done():
            # What came of the operation goes with its result.
            self._let_object_go()
            return
        try:
            self._future.set_result(self._finish(source, result))
        except Exception as error:
            self._future.set_exception(error)

    async def until_ended(self, cancellable):
        """What has come of it. If the task is cancelled, so is *cancellable*, if there is one."""
        try:
            await asyncio.wait([self._future])
        except asyncio.CancelledError:
            if cancellable is not None:
                cancellable.cancel()
                await self._until_ended_or_idle()
                if self._session.is_draining and self._finish.is_of_gio:
                    # That has a timeout, and the process may be at its end.
                    await asyncio.wait([self._future])
            raise
        finally:
            self._leave()
        return self._future.result()

    async def _until_ended_or_idle(self):
        idle = self._session.loop.create_future()
        turns_left = _IDLE_TURNS

        def on_idle(*user_data):
            nonlocal turns_left
            turns_left -= 1
            if turns_left > 0:
                return GLib.SOURCE_CONTINUE
            if not idle.done():
                idle.set_result(None)
            return GLib.SOURCE_REMOVE

        source = GLib.Idle(priority=max(self._priority, GLib.PRIORITY_DEFAULT_IDLE))
        source.set_callback(on_idle)
        source.attach(self._session.main_context)
        try:
            await asyncio.wait([self._future, idle], return_when=asyncio.FIRST_COMPLETED)
        finally:
            source.destroy()

    def _leave(self):
        if self._future.done():
            # Collected, so that asyncio does not complain of it.
            self._future.exception()
            return
        # Nobody is left to be told of what it comes to.
        self._future.cancel()
        if self._finish.keeps_object:
            self.has_ended = self._session.loop.create_future()
            self._session.left_operations.add(self)

    def _let_object_go(self):
        if self.has_ended is not None and not self._session.loop.is_closed():
            self._session.left_operations.discard(self)
            self.has_ended.set_result(None)
