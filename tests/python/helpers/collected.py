# SPDX-FileCopyrightText: 2026 The AioGuest authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""A list that a coroutine can wait for."""

import asyncio


class Collected(list):
    """What callbacks and tasks append to in the thread of the loop, the host's or the guest's."""

    def __init__(self):
        super().__init__()
        self._changed = None

    def append(self, item):
        super().append(item)
        if self._changed is not None and not self._changed.done():
            self._changed.set_result(None)

    async def until(self, condition=None):
        """Wait until condition() is true, or until there is an item. For one coroutine at a time."""
        while not (self if condition is None else condition()):
            self._changed = asyncio.get_running_loop().create_future()
            await self._changed

    async def has(self, item):
        await self.until(lambda: item in self)

    async def reaches(self, length):
        await self.until(lambda: len(self) >= length)
