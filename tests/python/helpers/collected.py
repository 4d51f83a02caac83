# SPDX-FileCopyrightText: 2026 The AioGuest authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""A list that a coroutine or a nested main loop can wait for."""

import asyncio


class Collected(list):
    """What callbacks and tasks append to in the thread of the loop, the host's or the guest's."""

    def __init__(self):
        super().__init__()
        #: Called without arguments after each append(), if there is one: by one who waits at a time.
        self.on_append = None

    def append(self, item):
        super().append(item)
        if self.on_append is not None:
            self.on_append()

    async def until(self, condition=None):
        """Wait until condition() is true, or until there is an item."""
        while not (self if condition is None else condition()):
            changed = asyncio.get_running_loop().create_future()
            self.on_append = lambda: changed.done() or changed.set_result(None)  # noqa: B023
            try:
                await changed
            finally:
                self.on_append = None

    async def has(self, item):
        await self.until(lambda: item in self)

    async def reaches(self, length):
        await self.until(lambda: len(self) >= length)
