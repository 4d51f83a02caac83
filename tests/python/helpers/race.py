# SPDX-FileCopyrightText: 2026 The AioGuest authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Does asyncio go on in a nested main loop, as fast as the host does?"""

import asyncio

from gi.repository import GLib


class Race:
    """A task that sleeps 10 ms at a time, beside a source of the host that does so, too.

    How far they get in a while is the machine's affair. But it is the same machine, and so the task
    has to keep up with the source.
    """

    HOST_TICKS = 30

    async def __aenter__(self):
        self._task = asyncio.create_task(self._sleep(), name="ticker")
        # The task is in its first sleep.
        await asyncio.sleep(0)
        return self

    async def __aexit__(self, *error):
        assert not self._task.done()
        self._task.cancel()

    def start(self, over):
        """Count from now on; call over() when the source has ticked 30 times."""
        self._over = over
        self._guest = self._host = 0
        GLib.timeout_add(10, self._tick)

    async def _sleep(self):
        self._guest = 0
        while True:
            await asyncio.sleep(0.01)
            assert asyncio.current_task() is self._task
            self._guest += 1

    def _tick(self):
        self._host += 1
        if self._host < self.HOST_TICKS:
            return GLib.SOURCE_CONTINUE
        self.ticks = self._guest
        self._over()
        return GLib.SOURCE_REMOVE

    def check(self):
        """The task has kept up."""
        assert self.ticks >= 25, f"{self.ticks} ticks beside {self.HOST_TICKS} of the host"
