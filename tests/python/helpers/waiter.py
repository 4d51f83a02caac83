# SPDX-FileCopyrightText: 2026 The AioGuest authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""A task that waits, and tells what comes of that."""

import asyncio

from gi.repository import AioGuest

from collected import Collected


class Waiter:
    """Made in the loop; ``task()`` is what the task does."""

    def __init__(self):
        self.order = Collected()
        self.waiting = asyncio.get_running_loop().create_future()

    async def awaitable(self):
        self.waiting.set_result(None)
        try:
            await asyncio.sleep(3600)
        finally:
            await asyncio.sleep(0.001)
            self.order.append("awaitable cancelled")

    async def task(self):
        try:
            AioGuest.wait(self.awaitable())
        except asyncio.CancelledError:
            self.order.append("CancelledError")
            raise
        finally:
            # Not cancelled a second time.
            await asyncio.sleep(0.002)
            self.order.append("finally")


#: What it tells when it is cancelled.
ORDER = ["awaitable cancelled", "CancelledError", "finally"]
