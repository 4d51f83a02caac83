# SPDX-FileCopyrightText: 2026 The AioGuest authors
# SPDX-License-Identifier: LGPL-2.1-or-later

"""A nested main loop of 300 ms, as of a modal dialog: do the tasks go on meanwhile?

The figure is how often a task that sleeps for 10 ms at a time came round while the nested loop ran;
30 would be perfect, more than 30 says that its sleeps are too short.
"""

import asyncio

from cases import Aim, Case

ORDER = 70


class Ticker:
    def __init__(self, milliseconds):
        self.milliseconds = milliseconds
        self.count = 0
        self.ticks = None

    async def task(self):
        while True:
            await asyncio.sleep(0.01)
            self.count += 1

    def nest(self):
        from gi.repository import GLib

        main_loop = GLib.MainLoop()
        GLib.timeout_add(self.milliseconds, main_loop.quit)
        before = self.count
        main_loop.run()
        self.ticks = self.count - before


async def from_callback(host, milliseconds):
    ticker = Ticker(milliseconds)
    task = asyncio.create_task(ticker.task())
    await asyncio.sleep(0.03)
    host.call_from_host(ticker.nest)
    # Some don't notice what host callbacks do: no event to wait for.
    while ticker.ticks is None:
        await asyncio.sleep(0.01)
    task.cancel()
    return ticker.ticks


async def from_task(host, milliseconds):
    ticker = Ticker(milliseconds)
    task = asyncio.create_task(ticker.task())
    await asyncio.sleep(0.03)
    ticker.nest()
    task.cancel()
    return ticker.ticks


def _case(name, measure):
    return Case(
        name,
        unit='ticks',
        measure=measure,
        needs_host=True,
        parameters={'milliseconds': 300},
        tiny={'milliseconds': 50},
        aim=Aim('value', '>=', 29),
        limit=4.0,
    )


CASES = [
    _case('nested main loop, from a callback', from_callback),
    _case('nested main loop, from a task', from_task),
]
